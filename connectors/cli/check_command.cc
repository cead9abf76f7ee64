// tocsin check: every fault of rule, feed, calendar, profile and config files.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <set>
#include <tuple>

#include "base/json_writer.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/config.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/feed/feed.h"
#include "connectors/simulate/profile.h"
#include "rule/calendar_file.h"
#include "rule/rule_tests.h"
#include "rule/table.h"

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

rule::LoadOptions with_names(rule::LoadOptions options, const rule::Vocabulary& names) {
  options.vocabulary = std::make_shared<const rule::Vocabulary>(names);
  return options;
}

// The rules and their tests.
size_t check_rules(std::span<const rule::SourceFile> rules, const rule::LoadOptions& options,
                   std::vector<rule::Diagnostic>& out) {
  const auto set = rule::RuleSet::load(rules, options, out);
  (void)rule::read_rule_tests(rules, options.zone, out, options.vocabulary.get());
  return set == nullptr ? 0 : set->rules().size();
}

// A config and all that it names. Its rules are compiled as the service would.
void check_config(const TextFile& f, const rule::Vocabulary& names, std::vector<rule::Diagnostic>& out, Tally& tally) {
  const auto config = parse_config(f.file.text, f.file.path, out);
  if (!config) return;
  std::vector<rule::SourceFile> rules;
  check_references(*config, f.file.text, out, rules);
  if (rules.empty()) return;
  RuleInputs inputs;
  inputs.paths = config->rules;
  inputs.calendar = config->calendar;
  inputs.zone = config->zone;
  inputs.lateness = config->lateness;
  inputs.log_keeps = log_keeps(*config);
  inputs.known_sources = config->known_sources;
  for (const SourceConfig& s : config->sources) {
    if (!s.feed.empty() && !inputs.known_sources.empty()) inputs.known_sources.push_back(source_of_feed(s.feed));
  }
  const auto sources = rule_sources(inputs);
  auto options = load_options(inputs);
  if (!sources || !options) return;
  tally.rule_files += rules.size();
  tally.rules += check_rules(*sources, with_names(std::move(*options), names), out);
}

void check_other(const TextFile& f, const rule::Vocabulary& names, const TimeZone& zone,
                 std::vector<rule::Diagnostic>& out, Tally& tally) {
  const std::string& path = f.file.path;
  WorkingTime::Spec calendar;
  switch (f.kind) {
    case FileKind::kFeed:
      ++tally.feeds;
      (void)feed::load_feed(f.file.text, path, out);
      return;
    case FileKind::kCalendar:
      ++tally.others;
      (void)rule::parse_calendar(f.file.text, path, out, calendar);
      return;
    case FileKind::kTable: {
      ++tally.others;
      const std::vector<rule::SourceFile> parts = with_rows(f.file);
      (void)rule::parse_table(parts[0], parts.size() > 1 ? &parts[1] : nullptr, zone, out);
      return;
    }
    case FileKind::kProfile:
      ++tally.others;
      if (auto p = simulate::read_profile(f.file.text, path); !p) out.push_back(whole_file(path, p.error().message));
      return;
    case FileKind::kConfig:
      ++tally.others;
      check_config(f, names, out, tally);
      return;
    case FileKind::kCategories:  // read with the names
      ++tally.others;
      return;
    case FileKind::kUnknown:
      ++tally.others;
      out.push_back(whole_file(path,
                               "no kind of file that this version knows; its top key should be one of rules, feed, "
                               "profile, calendar, table, categories, or a config's sources"));
      return;
    case FileKind::kPolicies:
    case FileKind::kRules:
      return;
  }
}

// A file that is named twice (itself, and by a config or a rule that looks it up) is told once.
void tell_once(std::vector<rule::Diagnostic>& diagnostics) {
  std::set<std::tuple<std::string, int, int, std::string, std::string>> told;
  std::erase_if(diagnostics, [&](const rule::Diagnostic& d) {
    return !told.insert({d.file, d.line, d.column, d.code, d.en}).second;
  });
}

int report(const std::vector<rule::Diagnostic>& diagnostics, const Tally& tally, bool json) {
  size_t errors = 0;
  for (const rule::Diagnostic& d : diagnostics) errors += d.level == rule::Diagnostic::Level::kError ? 1 : 0;
  const size_t warnings = diagnostics.size() - errors;
  if (json) {
    std::string out = "{\"diagnostics\":" + diagnostics_json(diagnostics);
    out += ",\"files\":" + std::to_string(tally.total()) + ",\"rules\":" + std::to_string(tally.rules) +
           ",\"errors\":" + std::to_string(errors) + ",\"warnings\":" + std::to_string(warnings) + "}";
    std::cout << out << '\n';
    return errors == 0 ? kWell : kFound;
  }
  print(diagnostics);
  if (language() == rule::Language::kChinese) {
    std::cout << "检查了 " << tally.total() << " 个文件：" << tally.rule_files << " 个文件中的 " << tally.rules
              << " 条规则，" << tally.feeds << " 个数据源映射，" << tally.others << " 个其他文件；" << errors
              << " 处错误" << (warnings > 0 ? "，" + std::to_string(warnings) + " 处警告" : "") << '\n';
  } else {
    const auto n = [](size_t count, const char* what) {
      return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
    };
    std::cout << n(tally.total(), "file") << " checked: " << n(tally.rules, "rule") << " in "
              << n(tally.rule_files, "file") << ", " << n(tally.feeds, "feed") << ", " << n(tally.others, "other")
              << "; " << errors << " fault(s)" << (warnings > 0 ? ", " + std::to_string(warnings) + " warning(s)" : "")
              << '\n';
  }
  return errors == 0 ? kWell : kFound;
}

int check(const RuleInputs& inputs, bool json) {
  auto files = collect(inputs.paths);
  if (!files) return fail(files.error());
  auto zone = TimeZone::load(inputs.zone);
  if (!zone) return fail(zone.error());
  std::vector<rule::Diagnostic> diagnostics;
  Tally tally;
  size_t named = 0;  // rule files among what was named, rather than by a config
  const rule::Vocabulary names = known_names(*files, diagnostics);
  for (const TextFile& f : *files) {
    if (f.kind == FileKind::kRules || f.kind == FileKind::kPolicies)
      ++named;
    else
      check_other(f, names, *zone, diagnostics, tally);
  }
  tally.rule_files += named;
  if (tally.total() == 0) return fail(kUsage, "no YAML file in what was named: nothing was checked");
  if (named > 0) {
    auto options = load_options(inputs);
    if (!options) return fail(options.error());
    const auto sources = rule_sources(inputs);
    if (!sources) return fail(sources.error());
    tally.rules += check_rules(*sources, with_names(std::move(*options), names), diagnostics);
  }
  tell_once(diagnostics);
  return report(diagnostics, tally, json);
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("check", "Check rule, feed, calendar, table, profile and config files");
  struct Options {
    std::string format = "text";
    RuleInputs inputs;
  };
  auto o = std::make_shared<Options>();
  command->add_option("PATH", o->inputs.paths, "files or folders; a config is followed to the files that it names")
      ->required();
  command->add_option("--calendar", o->inputs.calendar, "calendar for working time: a name or a file");
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = check(o->inputs, o->format == "json"); });
}

}  // namespace tocsin::cli
