// tocsin check: every fault of rule, feed, calendar, profile and config files.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/config.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/feed/calendar_file.h"
#include "connectors/feed/feed.h"
#include "connectors/simulate/profile.h"

namespace tocsin::cli {
namespace {

struct Tally {
  size_t rules = 0, rule_files = 0, feeds = 0, others = 0;
  size_t total() const { return rule_files + feeds + others; }
};

rule::Diagnostic whole_file(const std::string& path, const std::string& message) {
  rule::Diagnostic d;
  d.file = path;
  d.code = "file";
  d.en = d.zh = message;
  return d;
}

void check_other(const TextFile& f, std::vector<rule::Diagnostic>& out, Tally& tally) {
  const std::string& path = f.file.path;
  WorkingTime::Spec calendar;
  switch (f.kind) {
    case FileKind::kFeed:
      ++tally.feeds;
      (void)feed::load_feed(f.file.text, path, out);
      return;
    case FileKind::kCalendar:
      ++tally.others;
      (void)feed::parse_calendar(f.file.text, path, out, calendar);
      return;
    case FileKind::kProfile:
      ++tally.others;
      if (auto p = simulate::read_profile(f.file.text, path); !p) out.push_back(whole_file(path, p.error().message));
      return;
    case FileKind::kConfig:
      ++tally.others;
      (void)parse_config(f.file.text, path, out);
      return;
    case FileKind::kPolicies:
    case FileKind::kUnknown:
      ++tally.others;
      out.push_back(whole_file(path,
                               "no kind of file that this version knows; its top key should be one of rules, feed, "
                               "profile, calendar, or a config's sources"));
      return;
    case FileKind::kRules:
      return;
  }
}

int report(const std::vector<rule::Diagnostic>& diagnostics, const Tally& tally, bool json) {
  size_t errors = 0;
  for (const rule::Diagnostic& d : diagnostics) errors += d.level == rule::Diagnostic::Level::kError ? 1 : 0;
  if (json) {
    std::string out = "{\"diagnostics\":" + diagnostics_json(diagnostics);
    out += ",\"files\":" + std::to_string(tally.total()) + ",\"rules\":" + std::to_string(tally.rules) +
           ",\"errors\":" + std::to_string(errors) + "}";
    std::cout << out << '\n';
  } else {
    print(diagnostics);
    std::cout << tally.total() << " files checked: " << tally.rules << " rules in " << tally.rule_files << " files, "
              << tally.feeds << " feeds, " << tally.others << " others; " << errors << " fault(s)\n";
  }
  return errors == 0 ? kWell : kFound;
}

int check(const std::vector<std::string>& paths, const RuleInputs& inputs, bool json) {
  auto files = collect(paths);
  if (!files) return fail(files.error());
  std::vector<rule::Diagnostic> diagnostics;
  std::vector<rule::SourceFile> rules;
  Tally tally;
  for (TextFile& f : *files) {
    if (f.kind == FileKind::kRules)
      rules.push_back(std::move(f.file));
    else
      check_other(f, diagnostics, tally);
  }
  tally.rule_files = rules.size();
  if (tally.total() == 0) return fail(kUsage, "no YAML file in what was named: nothing was checked");
  if (!rules.empty()) {
    auto options = load_options(inputs);
    if (!options) return fail(options.error());
    const auto set = rule::RuleSet::load(rules, *options, diagnostics);
    if (set != nullptr) tally.rules = set->rules().size();
  }
  return report(diagnostics, tally, json);
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("check", "Check rule, feed, calendar, profile and config files");
  struct Options {
    std::vector<std::string> paths;
    std::string format = "text";
    RuleInputs inputs;
  };
  auto o = std::make_shared<Options>();
  command->add_option("PATH", o->paths, "files or folders")->required();
  command->add_option("--calendar", o->inputs.calendar, "calendar for working time: a name or a file");
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = check(o->paths, o->inputs, o->format == "json"); });
}

}  // namespace tocsin::cli
