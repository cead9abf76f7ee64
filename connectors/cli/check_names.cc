#include "connectors/cli/check_names.h"

#include <algorithm>
#include <filesystem>

#include "base/nearest.h"
#include "connectors/cli/decoders.h"
#include "connectors/feed/feed.h"
#include "connectors/http/area_names.h"
#include "event/area_table.h"
#include "rule/calendar_file.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {
namespace fs = std::filesystem;
namespace {

void add_shipped(rule::Vocabulary& names, std::vector<rule::Diagnostic>& diagnostics) {
  const auto base = home();
  if (!base) return;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(fs::path(*base) / "rules" / "feeds", ec)) {
    if (entry.path().extension() == ".yaml") names.add_source(entry.path().stem().string());
  }
  const std::string path = (fs::path(*base) / "rules" / "categories.yaml").string();
  if (const auto text = read_text(path)) (void)rule::read_categories(path, *text, names, diagnostics);
}

const rule::yaml::Node* find_value(const rule::yaml::Node& node, const std::string& value) {
  if (node.is_scalar()) return node.value == value ? &node : nullptr;
  for (const rule::yaml::Node& item : node.items) {
    if (const auto* found = find_value(item, value)) return found;
  }
  return nullptr;
}

// Faults at the values of one config.
class ReferenceCheck {
 public:
  ReferenceCheck(const Config& config, const std::string& text, std::vector<rule::Diagnostic>& diagnostics)
      : diagnostics_(diagnostics),
        document_(rule::yaml::Document::parse(
            config.path, text, ignored_, {}, [](std::string_view s) { return Result<std::string>(std::string(s)); })) {}

  void fault(const std::string& value, const std::string& why) {
    fault(value,
          {"unusable-reference", "`" + value + "` cannot be used: " + why, "`" + value + "` 无法使用：" + why, {}, {}});
  }
  // `value` is only looked for below `key`, where one is given.
  void fault(const std::string& value, const rule::yaml::Say& fault, std::string_view key = {}) {
    if (document_ == nullptr) return;
    const rule::yaml::Reader reader(*document_, diagnostics_);
    const rule::yaml::Node& root = document_->root();
    const auto* below = key.empty() ? &root : root.find(key);
    const auto* at = below == nullptr ? nullptr : find_value(*below, value);
    reader.fault(at == nullptr ? root : *at, fault);
  }

 private:
  std::vector<rule::Diagnostic>& diagnostics_;
  std::vector<rule::Diagnostic> ignored_;  // reported when the config was parsed
  std::unique_ptr<const rule::yaml::Document> document_;
};

Result<std::string> text_of(const std::string& name, const std::string& folder, std::string& path) {
  auto resolved = resolve(name, folder);
  if (!resolved) return resolved.error();
  path = *resolved;
  return read_text(path);
}

}  // namespace

std::string source_of_feed(const std::string& feed) { return fs::path(feed).stem().string(); }

Status add_areas(const std::string& path, rule::Vocabulary& names) {
  const auto codes = read_text(path);
  if (!codes) return codes.error();
  return names.areas.load_csv(*codes, path);
}

rule::Vocabulary known_names(std::span<const TextFile> files, std::vector<rule::Diagnostic>& diagnostics) {
  rule::Vocabulary names;
  add_shipped(names, diagnostics);
  const auto base = home();
  std::error_code ec;
  for (const TextFile& f : files) {
    if (f.kind == FileKind::kFeed) names.add_source(source_of_feed(f.file.path));
    const bool shipped = base && fs::equivalent(f.file.path, fs::path(*base) / "rules" / "categories.yaml", ec) && !ec;
    if (f.kind == FileKind::kCategories && !shipped) {
      (void)rule::read_categories(f.file.path, f.file.text, names, diagnostics);
    }
    if (f.kind != FileKind::kConfig) continue;
    std::vector<rule::Diagnostic> ignored;  // reported when the config itself is checked
    const auto config = parse_config(f.file.text, f.file.path, ignored);
    if (!config) continue;
    for (const std::string& source : config->known_sources) names.add_source(source);
    for (const std::string& path : config->areas) (void)add_areas(path, names);  // reported with the config
    for (const SourceConfig& s : config->sources) {
      if (!s.feed.empty()) names.add_source(source_of_feed(s.feed));
    }
  }
  for (const rule::Vocabulary::Category& c : names.categories) {
    for (const std::string& source : c.sources) names.add_source(source);
  }
  return names;
}

namespace {

// The code that is meant by an account's area: of the area that its name begins with ("观海卫镇指挥室"), or the area's
// name for its code, or the nearest code. Empty: nobody can tell.
std::string meant_area(const http::AreaNames& names, const http::Account& account) {
  const bool digits = is_level_code(account.area);
  std::vector<std::string_view> codes;
  const std::pair<const std::string, std::string>* named = nullptr;
  for (const auto& entry : names) {
    if (digits && entry.first.size() != account.area.size()) continue;
    codes.push_back(entry.first);
    const bool begins = !entry.second.empty() && account.name.starts_with(entry.second);
    if (begins && (named == nullptr || entry.second.size() > named->second.size())) named = &entry;
  }
  const std::string code(named != nullptr ? named->first : std::string(nearest_word(account.area, codes)));
  return code.empty() ? code : code + " " + names.find(code)->second;
}

}  // namespace

void check_accounts(const Config& config, const std::string& text, std::vector<rule::Diagnostic>& diagnostics) {
  if (config.areas.empty() || config.http_tokens.empty()) return;
  const http::AreaNames names = http::read_area_names(area_names_json(config.areas));
  ReferenceCheck check(config, text, diagnostics);
  for (const http::Account& account : config.http_tokens) {
    const auto name = std::ranges::find_if(names, [&](const auto& n) { return n.second == account.area; });
    if (name == names.end() && http::knows_area(names, account.area)) continue;
    const std::string typed = "`" + account.area + "`";
    const std::string meant = name != names.end() ? name->first + " " + name->second : meant_area(names, account);
    const std::string did = meant.empty() ? "" : "did you mean " + meant + "? ";
    const std::string did_zh = meant.empty() ? "" : "是否想写 " + meant + "？";
    check.fault(account.area,
                {"unknown-area",
                 "the tables of `areas` have no area " + typed + ": `" + account.name + "` would never see an alert",
                 "区划表（`areas`）中没有 " + typed + "：`" + account.name + "` 将看不到任何告警",
                 did + "`area` is a code of those tables, or the code of a grid",
                 did_zh + "`area` 须是区划表中的代码，或网格代码"},
                "http");
  }
}

void check_references(const Config& config, const std::string& text, std::vector<rule::Diagnostic>& diagnostics,
                      std::vector<rule::SourceFile>& rules) {
  ReferenceCheck check(config, text, diagnostics);
  for (const std::string& path : config.rules) {
    auto files = collect({path});
    if (!files) {
      check.fault(path, files.error().message);
      continue;
    }
    const size_t before = rules.size();
    for (TextFile& f : *files) {
      if (f.kind == FileKind::kRules || f.kind == FileKind::kPolicies) rules.push_back(std::move(f.file));
    }
    if (rules.size() == before) check.fault(path, "there is no rule file");
  }
  for (const SourceConfig& s : config.sources) {
    std::string path;
    if (s.feed.empty()) continue;
    const auto feed = text_of(s.feed, "feeds", path);
    if (!feed)
      check.fault(s.feed, feed.error().message);
    else
      (void)feed::load_feed(*feed, path, diagnostics);
  }
  if (!config.calendar.empty()) {
    std::string path;
    WorkingTime::Spec calendar;
    const auto days = text_of(config.calendar, "calendars", path);
    if (!days)
      check.fault(config.calendar, days.error().message);
    else
      (void)rule::parse_calendar(*days, path, diagnostics, calendar);
  }
  for (const std::string& path : config.areas) {
    AreaTable areas;
    const auto codes = read_text(path);
    const Status read = codes ? areas.load_csv(*codes, path) : Status(codes.error());
    if (!read) check.fault(path, read.error().message);
  }
  check_accounts(config, text, diagnostics);
}

std::vector<std::string> source_gaps(const rule::RuleSet& rules, const std::set<std::string>& fed, bool open) {
  std::set<std::string> read;
  for (const rule::Rule& r : rules.rules()) read.insert(r.from.begin(), r.from.end());
  std::string unread, unfed;
  for (const std::string& source : fed) {
    if (!read.contains(source)) unread += (unread.empty() ? "" : ", ") + source;
  }
  for (const std::string& source : read) {
    if (!fed.contains(source) && source != "alerts") unfed += (unfed.empty() ? "" : ", ") + source;
  }
  std::vector<std::string> out;
  const bool zh = language() == rule::Language::kChinese;
  if (!unread.empty()) out.push_back((zh ? "没有规则读取的数据源：" : "no rule reads: ") + unread);
  if (!unfed.empty() && !open) {
    out.push_back((zh ? "规则要读、但没有数据的数据源：" : "rules read what nothing feeds: ") + unfed);
  }
  return out;
}

std::set<std::string> fed_by(const Config& config, bool& open) {
  std::set<std::string> out;
  open = false;
  for (const SourceConfig& s : config.sources) {
    if (!s.feed.empty()) {
      out.insert(source_of_feed(s.feed));
      continue;
    }
    out.insert(config.known_sources.begin(), config.known_sources.end());
    open = open || config.known_sources.empty();
  }
  return out;
}

}  // namespace tocsin::cli
