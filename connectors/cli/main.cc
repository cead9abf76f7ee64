// The program: reads the command line and hands over to a command. The only place where parts are put together.
#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>

#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/version.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  CLI::App app{"Tocsin (警钟): early warning from event streams", "tocsin"};
  app.set_version_flag("--version", std::string(tocsin::cli::kVersion));
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = tocsin::cli::kWell;
  for (const auto add : tocsin::cli::commands()) add(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int code = app.exit(e, std::cout, std::cerr);
    return code == 0 ? tocsin::cli::kWell : tocsin::cli::kUsage;
  }
  return exit_code;
}
