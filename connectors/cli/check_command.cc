// tocsin check: every fault of rule, feed, calendar, profile and config files.
#include <iostream>
#include <memory>
#include <set>
#include <tuple>

#include "base/json_writer.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/command_line.h"
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
  size_t config_rules = 0, config_rule_files = 0;  // that configs name
  size_t total() const { return rule_files + feeds + others; }
};

rule::Diagnostic whole_file(const std::string& path, const std::string& message, const std::string& zh = {}) {
  rule::Diagnostic d;
  d.file = path;
  d.code = "file";
  d.en = message;
  d.zh = zh.empty() ? message : zh;
  return d;
}

// Whether a line of the text, past its blanks and a dash, begins with `key`.
bool has_line(std::string_view text, std::string_view key) {
  for (size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    const size_t begin = text.find_first_not_of(" -", at);
    if (begin != text.npos && text.substr(begin).starts_with(key)) return true;
  }
  return false;
}

// Why a file's kind cannot be told: not UTF-8, or no top key that names one.
rule::Diagnostic unknown_kind(const rule::SourceFile& file) {
  const std::string_view text = file.text;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") || text.find('\0') != text.npos) {
    rule::Diagnostic d =
        whole_file(file.path, "this file is UTF-16, and only UTF-8 can be read", "文件是 UTF-16 编码，只能读 UTF-8");
    d.code = "not-utf8";
    d.hint_en = "save the file as UTF-8";
    d.hint_zh = "请把文件另存为 UTF-8";
    return d;
  }
  rule::Diagnostic d = whole_file(
      file.path,
      "no kind of file that this version knows; its top key should be one of rules, feed, profile, calendar, table, "
      "categories, or a config's sources",
      "无法识别文件种类；顶层的键应为 rules、feed、profile、calendar、table、categories 之一，或配置的 sources");
  constexpr std::string_view kKeys[] = {"rules",    "policies", "feed",       "profile",
                                        "calendar", "table",    "categories", "sources"};
  int line = 0;
  for (size_t at = 0; at < text.size();) {
    const std::string_view one = text.substr(at, text.find('\n', at) - at);
    at += one.size() + 1;
    ++line;
    const std::string_view key = one.substr(0, one.find(':'));
    const std::string near = key.size() == one.size() ? "" : rule::nearest(key, {std::begin(kKeys), std::end(kKeys)});
    if (near.empty()) continue;
    d.line = line;
    d.column = 1;
    d.length = static_cast<int>(key.size());
    d.snippet = one.substr(0, 200);
    d.hint_en = "did you mean `" + near + "`?";
    d.hint_zh = "是否想写 `" + near + "`？";
    break;
  }
  if (d.hint_en.empty() && has_line(text, "kind:") && has_line(text, "from:")) {
    d.hint_en = "these look like rules: write `rules:` in the line above them";
    d.hint_zh = "这像是规则：请在它们上面一行写 `rules:`";
  }
  return d;
}

// A calendar that tells holidays, but none of this year, or from November on of the next: those days would be judged by
// the week alone, in silence.
void check_years(const std::string& path, const WorkingTime::Spec& calendar, std::vector<rule::Diagnostic>& out) {
  if (calendar.holidays.empty()) return;
  const auto today = calendar.zone.to_civil(SystemClock().now());
  const int64_t last = civil_from_days(*calendar.holidays.rbegin()).year;
  const int64_t needed = today.month >= 11 ? today.year + 1 : today.year;
  if (last >= needed) return;
  rule::Diagnostic d = whole_file(
      path,
      "the last year whose holidays this calendar tells is " + std::to_string(last) + ": working days of " +
          std::to_string(needed) + " follow the week alone",
      "日历中的节假日只到 " + std::to_string(last) + " 年：" + std::to_string(needed) + " 年的工作日只按星期计算");
  d.level = rule::Diagnostic::Level::kWarning;
  d.code = "year-not-told";
  d.hint_en = "add the holidays and make-up days that the State Council announced in November";
  d.hint_zh = "请补上国务院办公厅 11 月公布的放假和调休安排";
  out.push_back(std::move(d));
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
  if (set != nullptr) rule::tell_untested(rules, out);
  return set == nullptr ? 0 : set->rules().size();
}

// A config and all that it names. Its rules are compiled as the service would.
void check_config(const TextFile& f, const rule::Vocabulary& names, std::vector<rule::Diagnostic>& out, Tally& tally) {
  const auto config = parse_config(f.file.text, f.file.path, out);
  if (!config) return;
  std::vector<rule::SourceFile> rules;
  check_references(*config, f.file.text, out, rules);
  if (rules.empty()) return;
  tally.config_rule_files += rules.size();
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
  if (sources && options) tally.config_rules += check_rules(*sources, with_names(std::move(*options), names), out);
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
      if (rule::parse_calendar(f.file.text, path, out, calendar)) check_years(path, calendar, out);
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
      out.push_back(unknown_kind(f.file));
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
    const auto n = [](size_t count, std::string_view noun) { return counted(static_cast<int64_t>(count), noun); };
    std::cout << n(tally.total(), "file") << " checked: " << n(tally.rules, "rule") << " in "
              << n(tally.rule_files, "file") << ", " << n(tally.feeds, "feed") << ", " << n(tally.others, "other")
              << "; " << errors << " fault(s)" << (warnings > 0 ? ", " + std::to_string(warnings) + " warning(s)" : "")
              << '\n';
  }
  return errors == 0 ? kWell : kFound;
}

int check(const RuleInputs& inputs, const std::vector<std::string>& areas, bool json) {
  auto files = collect(inputs.paths);
  if (!files) return fail(files.error());
  auto zone = TimeZone::load(inputs.zone);
  if (!zone) return fail(zone.error());
  std::vector<rule::Diagnostic> diagnostics;
  Tally tally;
  rule::Vocabulary names = known_names(*files, diagnostics);
  for (const std::string& path : areas) {
    if (auto s = add_areas(path, names); !s) return fail(s.error());
  }
  for (const TextFile& f : *files) {
    if (f.kind == FileKind::kRules || f.kind == FileKind::kPolicies)
      ++tally.rule_files;
    else
      check_other(f, names, *zone, diagnostics, tally);
  }
  if (tally.total() == 0)
    return fail(kUsage, "no YAML file in what was named: nothing was checked", "所给路径中没有 YAML 文件，未作检查");
  if (tally.rule_files > 0) {
    auto options = load_options(inputs);
    if (!options) return fail(options.error());
    const auto sources = rule_sources(inputs);
    if (!sources) return fail(sources.error());
    tally.rules = check_rules(*sources, with_names(std::move(*options), names), diagnostics);
  }
  if (tally.rule_files == 0) {
    tally.rule_files = tally.config_rule_files;
    tally.rules = tally.config_rules;
  }
  tell_once(diagnostics);
  return report(diagnostics, tally, json);
}

}  // namespace

void add_check(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("check", "Check rule, feed, calendar, table, profile and config files",
                                     "检查规则、数据源映射、日历、表、模拟配置和服务配置文件");
  struct Options {
    std::string format = "text";
    RuleInputs inputs;
    std::vector<std::string> areas;
  };
  auto o = std::make_shared<Options>();
  command->add_option("PATH", o->inputs.paths, "files or folders; a config is followed to the files that it names")
      ->required();
  command->add_option("--calendar", o->inputs.calendar, "calendar for working time: a name or a file");
  command->add_option("--areas", o->areas,
                      "tables of area codes (CSV with code and name) that rules' codes are held against");
  add_format(*command, o->format);
  command->callback([o, &exit_code] { exit_code = check(o->inputs, o->areas, o->format == "json"); });
}

}  // namespace tocsin::cli
