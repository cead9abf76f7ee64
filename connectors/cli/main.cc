// The program: reads the command line and hands over to a command. The only place where parts are put together.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/version.h"

namespace {

// A first word that is no command, which the parser would only miss: its message and the exit code; else kWell.
int unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return tocsin::cli::kWell;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return tocsin::cli::kWell;
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view near = tocsin::nearest_word(argv[1], views);
  std::string message = "there is no command \"" + std::string(argv[1]) + '"';
  message += near.empty() ? "; `tocsin --help` lists them" : "; did you mean `" + std::string(near) + "`?";
  std::string zh = "没有命令“" + std::string(argv[1]) + "”";
  zh += near.empty() ? "；`tocsin --help` 列出全部命令" : "；是否想写 `" + std::string(near) + "`？";
  return tocsin::cli::fail(tocsin::cli::kUsage, message, zh);
}

// The headings of --help in a Chinese terminal; the commands bring their own lines.
void speak_chinese(CLI::App& app) {
  static constexpr std::pair<const char*, const char*> kHeadings[] = {
      {"Usage", "用法"},       {"OPTIONS", "选项"},  {"Positionals", "参数"}, {"SUBCOMMAND", "命令"},
      {"SUBCOMMANDS", "命令"}, {"REQUIRED", "必填"}, {"Env", "环境变量"}};
  for (const auto& [name, zh] : kHeadings) app.get_formatter()->label(name, zh);
}

int run(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  CLI::App app{"Tocsin (警钟): early warning from event streams", "tocsin"};
  if (tocsin::cli::language() == tocsin::rule::Language::kChinese) speak_chinese(app);
  app.set_version_flag("--version", std::string(tocsin::cli::kVersion));
  app.require_subcommand(1);
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return "tocsin: error: " + std::string(e.what()) + "\nRun with --help for what there is.\n";
  });
  int exit_code = tocsin::cli::kWell;
  tocsin::cli::Command root(app);
  for (const auto add : tocsin::cli::commands()) add(root, exit_code);
  if (const int code = unknown_command(app, argc, argv); code != tocsin::cli::kWell) return code;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e, std::cout, std::cerr);
    return code == 0 ? tocsin::cli::kWell : tocsin::cli::kUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);
  return run(argc, argv);
} catch (const std::exception& e) {  // of a library, or memory that is not to be had: nothing of ours throws
  return tocsin::cli::fail(tocsin::cli::kCannotGoOn, e.what());
}
