#include "connectors/cli/files.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "connectors/cli/exit_code.h"
#include "rule/calendar_file.h"
#include "rule/table.h"

namespace tocsin::cli {
namespace fs = std::filesystem;

int fail(int code, const std::string& message, const std::string& zh) {
  if (language() == rule::Language::kChinese)
    std::cerr << "tocsin: 错误：" << (zh.empty() ? message : zh) << '\n';
  else
    std::cerr << "tocsin: error: " << message << '\n';
  return code;
}

int fail(const Error& error) {
  const bool usage = error.code == Code::kInvalid || error.code == Code::kNotFound;
  return fail(usage ? kUsage : kCannotGoOn, error.message);
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return not_found(path + ": " + std::string(std::strerror(errno)));
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return unavailable(path + ": could not be read");
  return std::move(text).str();
}

// The first key at the start of a line that names a kind: files are told apart before they are parsed, so that a broken
// one still gets the faults of its kind. A config has no key of its own; it is known by its `sources:`.
FileKind kind_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  static constexpr std::pair<std::string_view, FileKind> kKeys[] = {
      {"rules:", FileKind::kRules},       {"feed:", FileKind::kFeed},         {"profile:", FileKind::kProfile},
      {"calendar:", FileKind::kCalendar}, {"policies:", FileKind::kPolicies}, {"categories:", FileKind::kCategories},
      {"table:", FileKind::kTable},       {"state:", FileKind::kConfig}};
  FileKind kind = FileKind::kUnknown;
  for (size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    for (const auto& [key, named] : kKeys) {
      if (!line.starts_with(key)) continue;
      if (named == FileKind::kConfig || named == FileKind::kProfile || named == FileKind::kFeed) return named;
      if (kind == FileKind::kUnknown) kind = named;
    }
    if (kind == FileKind::kUnknown && line.starts_with("sources:")) kind = FileKind::kConfig;
  }
  return kind;
}

Result<std::vector<TextFile>> collect(const std::vector<std::string>& paths) {
  std::vector<TextFile> out;
  const auto add = [&](const std::string& path) -> Status {
    auto text = read_text(path);
    if (!text) return text.error();
    const FileKind kind = kind_of(*text);
    out.push_back({kind, {path, std::move(*text)}});
    return {};
  };
  for (const std::string& path : paths) {
    std::error_code ec;
    if (!fs::is_directory(path, ec)) {
      if (auto s = add(path); !s) return s.error();
      continue;
    }
    std::vector<std::string> found;
    for (fs::recursive_directory_iterator it(path, ec), end; !ec && it != end; it.increment(ec)) {
      const std::string ending = it->path().extension().string();
      if (it->is_regular_file() && (ending == ".yaml" || ending == ".yml")) found.push_back(it->path().string());
    }
    if (ec) return not_found(path + ": " + ec.message());
    std::ranges::sort(found);
    for (const std::string& f : found) {
      if (auto s = add(f); !s) return s.error();
    }
  }
  return out;
}

Result<std::string> home() {
  std::vector<std::string> candidates;
  if (const char* env = std::getenv("TOCSIN_HOME")) candidates.emplace_back(env);
  candidates.emplace_back(".");
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec);
  if (!ec) {
    for (fs::path p = self.parent_path(); p.has_relative_path(); p = p.parent_path()) candidates.push_back(p.string());
  }
  candidates.emplace_back("/usr/share/tocsin");
  for (const std::string& c : candidates) {
    if (fs::is_directory(fs::path(c) / "rules" / "feeds", ec)) return c;
  }
  return not_found("Tocsin's own rules/ folder was not found; run from the source tree or set TOCSIN_HOME");
}

std::vector<std::string> area_tables(const std::vector<std::string>& given) {
  std::vector<std::string> paths = given;
  std::error_code ec;
  if (const auto base = home(); paths.empty() && base) {
    for (const auto& entry : fs::directory_iterator(fs::path(*base) / "rules" / "areas", ec)) {
      if (entry.path().extension() == ".csv") paths.push_back(entry.path().string());
    }
    std::ranges::sort(paths);
  }
  return paths;
}

Result<std::string> resolve(const std::string& name, const std::string& folder) {
  if (name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".yml")) return name;
  auto base = home();
  if (!base) return base.error();
  const fs::path path = fs::path(*base) / "rules" / folder / (name + ".yaml");
  std::error_code ec;
  if (fs::exists(path, ec)) return path.string();
  std::string known;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), ec)) {
    if (entry.path().extension() == ".yaml") known += (known.empty() ? "" : ", ") + entry.path().stem().string();
  }
  return not_found("there is no rules/" + folder + "/" + name + ".yaml; known: " + known);
}

rule::Language language() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return std::string_view(value).starts_with("zh") ? rule::Language::kChinese : rule::Language::kEnglish;
  }
  return rule::Language::kEnglish;
}

bool colour(int fd) { return std::getenv("NO_COLOR") == nullptr && isatty(fd) != 0; }

size_t print(const std::vector<rule::Diagnostic>& diagnostics) {
  constexpr size_t kShown = 50;  // warnings; every error is shown
  size_t errors = 0, warnings = 0;
  for (const rule::Diagnostic& d : diagnostics) {
    const bool error = d.level == rule::Diagnostic::Level::kError;
    ++(error ? errors : warnings);
    if (error || warnings <= kShown) std::cerr << rule::render(d, language(), colour(STDERR_FILENO));
  }
  if (warnings > kShown) {
    const std::string more = std::to_string(warnings - kShown);
    std::cerr << (language() == rule::Language::kChinese ? "另有 " + more + " 处警告\n"
                                                         : "and " + more + " more warnings\n");
  }
  return errors;
}

// The shipped calendar: of the rules/ folder that the rules lie in, else of Tocsin's own.
static Result<std::string> calendar_beside(const std::vector<std::string>& paths) {
  std::error_code ec;
  for (const std::string& path : paths) {
    for (fs::path p = fs::absolute(path, ec); !ec && p.has_relative_path(); p = p.parent_path()) {
      const fs::path found = p / "calendars" / "cn.yaml";
      if (fs::exists(found, ec)) return found.string();
    }
  }
  return resolve("cn", "calendars");
}

Result<rule::LoadOptions> load_options(const RuleInputs& inputs) {
  rule::LoadOptions options;
  auto zone = TimeZone::load(inputs.zone);
  if (!zone) return zone.error();
  options.zone = *zone;
  options.lateness = inputs.lateness;
  options.known_sources = inputs.known_sources;
  if (inputs.log_keeps > 0) options.retention = inputs.log_keeps;
  auto path = inputs.calendar.empty() ? calendar_beside(inputs.paths) : resolve(inputs.calendar, "calendars");
  if (!path) {
    if (inputs.calendar.empty()) return options;
    return path.error();
  }
  auto text = read_text(*path);
  if (!text) return text.error();
  auto calendar = rule::parse_calendar(*text, *path);
  if (!calendar) return calendar.error();
  options.calendar = std::make_shared<const WorkingTime>(std::move(*calendar));
  return options;
}

namespace {

// The nearest folder of this name at or above each path, each once.
std::vector<std::string> folders_beside(const std::vector<std::string>& paths, const char* name) {
  std::vector<std::string> out;
  std::error_code ec;
  for (const std::string& path : paths) {
    for (fs::path p = fs::absolute(path, ec); !ec && p.has_relative_path(); p = p.parent_path()) {
      const std::string folder = fs::weakly_canonical(p / name, ec).string();
      std::error_code absent;
      if (!fs::is_directory(folder, absent)) continue;
      if (std::ranges::find(out, folder) == out.end()) out.push_back(folder);
      break;
    }
  }
  return out;
}

// The calendar that is configured first, then those below the paths, of the `calendars` folders beside them, and of its
// own folder. Of two with one name the first stands.
Status add_calendars(const RuleInputs& inputs, std::vector<TextFile>& found, std::vector<rule::SourceFile>& out) {
  std::vector<std::string> names;
  const auto add = [&](rule::SourceFile file) {
    file.name = fs::path(file.path).stem().string();
    if (std::ranges::find(names, file.name) != names.end()) return;
    names.push_back(file.name);
    file.kind = rule::SourceFile::Kind::kCalendar;
    out.push_back(std::move(file));
  };
  const auto add_all = [&](std::vector<TextFile>& files) {
    for (TextFile& f : files) {
      if (f.kind == FileKind::kCalendar) add(std::move(f.file));
    }
  };
  auto path = inputs.calendar.empty() ? calendar_beside(inputs.paths) : resolve(inputs.calendar, "calendars");
  if (!path && !inputs.calendar.empty()) return path.error();
  if (path) {
    auto text = read_text(*path);
    if (!text) return text.error();
    add({*path, std::move(*text)});
  }
  add_all(found);
  std::vector<std::string> folders = folders_beside(inputs.paths, "calendars");
  if (path) folders.push_back(fs::absolute(*path).parent_path().string());
  for (const std::string& folder : folders) {
    if (auto beside = collect({folder})) add_all(*beside);
  }
  return {};
}

// The declarations among `found` and in the `tables` folders beside the paths, each once.
std::vector<rule::SourceFile> declarations(const std::vector<std::string>& paths, std::vector<TextFile>& found) {
  std::vector<rule::SourceFile> out;
  std::vector<std::string> seen;
  std::error_code ec;
  const auto add = [&](std::vector<TextFile>& files) {
    for (TextFile& f : files) {
      const std::string path = fs::weakly_canonical(f.file.path, ec).string();
      if (f.kind != FileKind::kTable || std::ranges::find(seen, path) != seen.end()) continue;
      seen.push_back(path);
      out.push_back(std::move(f.file));
    }
  };
  add(found);
  for (const std::string& folder : folders_beside(paths, "tables")) {
    if (auto beside = collect({folder})) add(*beside);
  }
  return out;
}

Status add_tables(const RuleInputs& inputs, std::vector<TextFile>& found, std::vector<rule::SourceFile>& out) {
  for (rule::SourceFile& table : declarations(inputs.paths, found)) {
    if (inputs.rows && !rule::topic_of(table.text).empty()) {
      table.kind = rule::SourceFile::Kind::kTable;
      auto rows = inputs.rows(table);
      if (!rows) return rows.error();
      out.push_back(std::move(table));
      out.push_back(*std::move(rows));
      continue;
    }
    for (rule::SourceFile& part : with_rows(std::move(table))) out.push_back(std::move(part));
  }
  return {};
}

// Tables of topics that have no rows here.
void warn_of_topics(const rule::RuleSet& rules, std::vector<rule::Diagnostic>& out) {
  using Kind = rule::SourceFile::Kind;
  for (const rule::SourceFile& f : rules.files()) {
    const auto of_f = [&](const rule::SourceFile& r) { return r.kind == Kind::kRows && r.name == f.path; };
    if (f.kind != Kind::kTable || std::ranges::any_of(rules.files(), of_f)) continue;
    const std::string name = rule::name_of_table(f.text), topic = rule::topic_of(f.text);
    rule::Diagnostic d;
    d.level = rule::Diagnostic::Level::kWarning;
    d.file = f.path;
    d.line = d.column = 1;
    d.code = "no-rows";
    d.en = "`" + name + "` has no rows here: they come from the topic " + topic + ", which only `tocsin run` reads";
    d.zh = "`" + name + "` 此处没有行：它来自主题 " + topic + "，只有 `tocsin run` 读取";
    d.hint_en = "`file: NAME.csv` beside `topic` gives rows to try rules on";
    d.hint_zh = "可在 `topic` 之外写 `file: NAME.csv`，供试跑规则";
    out.push_back(std::move(d));
  }
}

}  // namespace

std::vector<rule::SourceFile> with_rows(rule::SourceFile table) {
  table.kind = rule::SourceFile::Kind::kTable;
  std::vector<rule::SourceFile> out;
  const std::string file = rule::rows_of(table.text);
  if (!file.empty()) {
    const std::string path = (fs::path(table.path).parent_path() / file).string();
    if (auto text = read_text(path)) {
      out.push_back({path, std::move(*text), rule::SourceFile::Kind::kRows, table.path});
    }
  }
  out.insert(out.begin(), std::move(table));
  return out;
}

std::vector<std::string> table_topics(const std::vector<std::string>& paths) {
  auto files = collect(paths);
  if (!files) return {};
  std::vector<std::string> out;
  for (const rule::SourceFile& table : declarations(paths, *files)) {
    std::string topic = rule::topic_of(table.text);
    if (!topic.empty() && std::ranges::find(out, topic) == out.end()) out.push_back(std::move(topic));
  }
  return out;
}

Result<std::vector<rule::SourceFile>> rule_sources(const RuleInputs& inputs) {
  auto files = collect(inputs.paths);
  if (!files) return files.error();
  std::vector<rule::SourceFile> out;
  for (TextFile& f : *files) {
    if (f.kind == FileKind::kRules || f.kind == FileKind::kPolicies) out.push_back(std::move(f.file));
  }
  if (out.empty()) {
    std::string where;
    for (const std::string& p : inputs.paths) where += " " + p;
    return not_found("no rule file (a YAML file with the key `rules:`) under" + where);
  }
  if (auto s = add_calendars(inputs, *files, out); !s) return s.error();
  if (auto s = add_tables(inputs, *files, out); !s) return s.error();
  return out;
}

// ", the first at FILE:LINE:COLUMN: what".
static std::string first_fault(const std::vector<rule::Diagnostic>& diagnostics) {
  for (const rule::Diagnostic& d : diagnostics) {
    if (d.level != rule::Diagnostic::Level::kError) continue;
    return ", the first at " + d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.en;
  }
  return {};
}

Result<std::shared_ptr<const rule::RuleSet>> compile_rules(const RuleInputs& inputs,
                                                           std::vector<rule::Diagnostic>& diagnostics) {
  auto sources = rule_sources(inputs);
  if (!sources) return sources.error();
  auto options = load_options(inputs);
  if (!options) return options.error();
  auto set = rule::RuleSet::load(*sources, *options, diagnostics);
  if (set == nullptr)
    return invalid("the rules have faults" + first_fault(diagnostics) + "; `tocsin check` shows them all");
  warn_of_topics(*set, diagnostics);
  if (set->rules().empty()) return not_found("no rule is switched on in the files given");
  return set;
}

std::string diagnostics_json(const std::vector<rule::Diagnostic>& diagnostics) {
  std::string out = "[";
  for (size_t i = 0; i < diagnostics.size(); ++i) {
    if (i > 0) out += ',';
    rule::append_json(out, diagnostics[i]);
  }
  return out + "]";
}

Result<std::shared_ptr<const rule::RuleSet>> load_rules(const RuleInputs& inputs) {
  std::vector<rule::Diagnostic> diagnostics;
  auto set = compile_rules(inputs, diagnostics);
  print(diagnostics);
  return set;
}

}  // namespace tocsin::cli
