#include "rule/rule_set.h"

#include <algorithm>
#include <map>
#include <set>

#include "rule/alert_names.h"
#include "rule/calendar_file.h"
#include "rule/lookups.h"
#include "rule/policy_text.h"
#include "rule/rule_keys.h"
#include "rule/rule_text.h"
#include "rule/set_params.h"

namespace tocsin::rule {
namespace {

constexpr size_t kMaxRules = 60000;  // Row::rule has 16 bits

struct Seen {
  std::string file;
  int line;
  AlertSource alerts;
};

bool has_errors(const std::vector<Diagnostic>& all) {
  return std::any_of(all.begin(), all.end(), [](const auto& d) { return d.level == Diagnostic::Level::kError; });
}

class Loader {
 public:
  Loader(const LoadOptions& options, std::vector<Diagnostic>& out) : options_(options), out_(out) {}
  std::vector<Rule> rules;
  std::set<std::string> calendars;  // that rules name

  void file(const SourceFile& file) {
    auto document = yaml::Document::parse(file.path, file.text, out_);
    if (document == nullptr) return;
    const yaml::Reader reader(*document, out_);
    const yaml::Fields fields(reader, document->root(), {"rules", "policies"}, "a rule file");
    const yaml::Node* policies = fields.get("policies");
    if (policies != nullptr) read_policies(reader, *policies, options_.zone, policies_);
    const yaml::Node* list = policies != nullptr ? fields.get("rules") : fields.require("rules");
    if (list == nullptr || !reader.expect_list(*list, "a list of rules")) return;
    for (const yaml::Node& node : list->items) {
      if (rules.size() >= kMaxRules) {
        reader.fault(node, {"too-many-rules", "there are more than 60000 rules", "规则超过 60000 条", {}, {}});
        return;
      }
      rule(reader, node);
    }
  }

  // Names of other rules that are not there.
  void check_references() {
    std::vector<std::string_view> names;
    for (const auto& [id, seen] : seen_) names.push_back(id);
    for (const PolicyText& p : policies_) {
      for (const PolicyText::Name& name : p.names) references_.push_back({name.id, name.place});
    }
    for (const Reference& r : references_) {
      if (seen_.count(r.id) > 0) continue;
      Diagnostic d = r.place;
      const std::string near = nearest(r.id, names);
      d.code = "unknown-rule";
      d.en = "there is no rule `" + r.id + "`";
      d.zh = "没有规则 `" + r.id + "`";
      if (!near.empty()) d.hint_en = "did you mean `" + near + "`?", d.hint_zh = "是否想写 `" + near + "`？";
      out_.push_back(std::move(d));
    }
    std::map<std::string, AlertSource> sources;
    for (const auto& [id, seen] : seen_) sources.emplace(id, seen.alerts);
    check_alert_names(alert_names_, sources, options_.vocabulary != nullptr, out_);
  }

  // What policies say of many rules goes to each of them; a rule's own `group` goes before.
  void apply_policies(std::vector<Silence>& silences) {
    for (const PolicyText& p : policies_) {
      for (Rule& rule : rules) {
        if (!p.rules.empty() && std::find(p.rules.begin(), p.rules.end(), rule.id) == p.rules.end()) continue;
        if (rule.group.empty()) rule.group = p.group;
        rule.inhibits.insert(rule.inhibits.end(), p.inhibits.begin(), p.inhibits.end());
        rule.inhibited_by.insert(rule.inhibited_by.end(), p.inhibited_by.begin(), p.inhibited_by.end());
      }
      silences.insert(silences.end(), p.silences.begin(), p.silences.end());
    }
  }

  // A param of --set that no rule has.
  void check_set_params() { check_set_names(options_.set_params, params_, out_); }

  const std::vector<PolicyText>& policies() const { return policies_; }

 private:
  struct Reference {
    std::string id;
    Diagnostic place;
  };

  void rule(const yaml::Reader& reader, const yaml::Node& node) {
    RuleText text;
    const bool read = read_rule(reader, node, options_, text);
    if (text.id_node != nullptr) know(reader, text);
    if (!text.calendar_name.empty()) calendars.insert(text.calendar_name);
    if (!read || !compile_rule(reader, options_, text)) return;
    collect_alert_names(reader, text, alert_names_);
    for (const std::string_view key : {"inhibits", "inhibited_by"}) refer(reader, node, key, text.rule);
    if (text.rule.mode != Mode::kOff || options_.include_off) rules.push_back(std::move(text.rule));
  }

  void know(const yaml::Reader& reader, const RuleText& text) {
    const auto [it, fresh] =
        seen_.insert({text.rule.id, {text.rule.file, text.rule.line, {text.rule.mode, text.rule.reads_alerts}}});
    if (!fresh) {
      const std::string first = it->second.file + ":" + std::to_string(it->second.line);
      reader.fault(*text.id_node,
                   {"duplicate-id", "the rule `" + text.rule.id + "` is there already, in " + first,
                    "规则 `" + text.rule.id + "` 已在 " + first + " 定义", "give it another id", "请换一个编号"});
    }
    for (const ParamText& param : text.params) params_[text.rule.id].push_back(param.name);
    params_.try_emplace(text.rule.id);
  }

  void refer(const yaml::Reader& reader, const yaml::Node& node, std::string_view key, Rule& rule) {
    const yaml::Node* list = node.find(key);
    std::vector<std::string>& out = key == "inhibits" ? rule.inhibits : rule.inhibited_by;
    if (list == nullptr || !reader.read(*list, out)) return;
    for (size_t i = 0; i < out.size(); ++i) {
      const yaml::Node& at = list->is_list() ? list->items[i] : *list;
      references_.push_back({out[i], reader.document().at(at.begin, static_cast<uint32_t>(at.value.size()))});
    }
  }

  const LoadOptions& options_;
  std::vector<Diagnostic>& out_;
  std::map<std::string, Seen> seen_;
  ParamNames params_;
  std::vector<Reference> references_;
  std::vector<AlertName> alert_names_;
  std::vector<PolicyText> policies_;
};

}  // namespace

namespace {

// What the rules look up, from the files given.
void add_calendars(std::span<const SourceFile> files, LoadOptions& options, std::vector<Diagnostic>& out) {
  bool first = true;
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kCalendar) continue;
    WorkingTime::Spec spec;
    const bool good = parse_calendar(file.text, file.path, out, spec);
    auto calendar = std::make_shared<const WorkingTime>(std::move(spec));
    if (!good) options.faulty_calendars.insert(calendar.get());
    if (first) options.calendar = calendar;
    first = false;
    options.calendars.emplace(file.name, std::move(calendar));
  }
}

}  // namespace

std::shared_ptr<const RuleSet> RuleSet::load(std::span<const SourceFile> files, const LoadOptions& given,
                                             std::vector<Diagnostic>& diagnostics) {
  std::vector<Diagnostic> found;
  LoadOptions options = given;
  add_calendars(files, options, found);
  options.tables = std::make_shared<TableShelf>(files, options.zone, found);
  Loader loader(options, found);
  for (const SourceFile& file : files) {
    if (file.kind == SourceFile::Kind::kRules) loader.file(file);
  }
  loader.check_references();
  loader.check_set_params();
  check_silences(loader.policies(), found);
  const bool failed = has_errors(found);
  diagnostics.insert(diagnostics.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  if (failed) return nullptr;
  auto set = std::make_shared<RuleSet>();
  bool first_calendar = true;
  for (const SourceFile& file : files) {
    bool needed = file.kind == SourceFile::Kind::kRules;
    if (file.kind == SourceFile::Kind::kCalendar) {
      needed = first_calendar || loader.calendars.contains(file.name);
      first_calendar = false;
    } else if (!needed) {
      needed = options.tables->used(file);
    }
    if (needed) set->files_.push_back(file);
  }
  loader.apply_policies(set->silences_);
  set->rules_ = std::move(loader.rules);
  for (const Rule& rule : set->rules_) set->reads_alerts_ = set->reads_alerts_ || rule.reads_alerts;
  std::stable_sort(set->rules_.begin(), set->rules_.end(),
                   [](const Rule& a, const Rule& b) { return a.file != b.file ? a.file < b.file : a.line < b.line; });
  set->index_.build(set->rules_);
  return set;
}

std::shared_ptr<const RuleSet> RuleSet::of(std::vector<Rule> rules, std::vector<Silence> silences) {
  auto set = std::make_shared<RuleSet>();
  set->rules_ = std::move(rules);
  set->silences_ = std::move(silences);
  for (const Rule& rule : set->rules_) set->reads_alerts_ = set->reads_alerts_ || rule.reads_alerts;
  set->index_.build(set->rules_);
  return set;
}

uint64_t RuleSet::fingerprint() const {
  std::string all;
  for (const Rule& rule : rules_) all += rule.id + "/" + hex(rule.identity) + "\n";
  std::set<std::string_view> texts;  // whatever the order of reading
  for (const SourceFile& file : files_) texts.insert(file.text);
  for (const SourceFile& file : files_) {  // but it matters which calendar comes first
    if (file.kind != SourceFile::Kind::kCalendar) continue;
    all += hex(hash64(file.text));
    break;
  }
  for (const std::string_view text : texts) all.append(text).push_back('\0');
  return hash64(all);
}

}  // namespace tocsin::rule
