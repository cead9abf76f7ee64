// What people ask of rules.
#include <algorithm>
#include <map>

#include "base/json_writer.h"
#include "connectors/cli/backend.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {
namespace {

// What a rule's file says of when it fires, and when how gravely: a compiled rule keeps no text.
struct Texts {
  std::string fire;
  std::vector<std::pair<std::string, std::string>> severity;  // "red": its condition; "true" where there is none
};

Texts texts_of(const rule::yaml::Node& node) {
  Texts out;
  if (const auto* fire = node.find("fire"); fire != nullptr && fire->is_scalar()) out.fire = fire->value;
  const rule::yaml::Node* severity = node.find("severity");
  if (severity == nullptr) return out;
  if (severity->is_scalar()) out.severity.emplace_back(severity->value, "true");
  for (size_t i = 0; i < severity->keys.size() && i < severity->items.size(); ++i) {
    out.severity.emplace_back(severity->keys[i].value, severity->items[i].value);
  }
  return out;
}

// By the rule's id.
std::map<std::string, Texts> texts_of(const rule::RuleSet& rules) {
  std::map<std::string, Texts> out;
  std::vector<rule::Diagnostic> ignored;  // the files have been compiled
  for (const rule::SourceFile& file : rules.files()) {
    const auto document = rule::yaml::Document::parse(file.path, file.text, ignored);
    const rule::yaml::Node* list = document == nullptr ? nullptr : document->root().find("rules");
    if (list == nullptr) continue;
    for (const rule::yaml::Node& node : list->items) {
      if (const rule::yaml::Node* id = node.find("id"); id != nullptr) out[id->value] = texts_of(node);
    }
  }
  return out;
}

// What a page needs to draw an alert: the window, and what the kind's own values are called.
void write_measures(JsonWriter& w, const detect::Plan& plan) {
  if (plan.within.unit == Span::Unit::kPlain && plan.within.amount > 0) {
    w.key("within_seconds").integer(plan.within.amount / 1000);
  }
  w.key("measures").begin_object();
  for (const detect::KindValue& value : detect::kind_values(plan.kind)) {
    w.key(value.name)
        .begin_object()
        .field("zh", value.zh)
        .field("en", value.doc)
        .field("unit", value.unit)
        .end_object();
  }
  w.end_object();
}

std::string rule_json(const rule::Rule& r, const std::map<std::string, Texts>& texts) {
  static constexpr std::string_view kModes[] = {"active", "shadow", "off"};
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("id", r.id).key("version").integer(r.version);
  w.key("name").begin_object().field("zh", r.name.zh).field("en", r.name.en).end_object();
  w.field("owner", r.owner)
      .field("mode", kModes[static_cast<size_t>(r.mode)])
      .field("kind", detect::name_of(r.plan.kind));
  w.key("from").begin_array();
  for (const std::string& s : r.from) w.string(s);
  w.end_array();
  if (const auto said = texts.find(r.id); said != texts.end()) {
    if (!said->second.fire.empty()) w.field("fire", said->second.fire);
    w.key("severity").begin_object();
    for (const auto& [severity, condition] : said->second.severity) w.field(severity, condition);
    w.end_object();
  }
  write_measures(w, r.plan);
  w.field("file", r.file).key("line").integer(r.line).end_object();
  return out;
}

// One param as its file writes it: `by` and `override` where it has them.
void append_param(JsonWriter& w, const detect::Param& param, const rule::yaml::Node* written) {
  std::string value;
  expr::append_json(value, param.value);
  w.begin_object().field("name", param.name).field("type", expr::name_of(param.value.tag)).key("default").raw(value);
  const rule::yaml::Node* by = written == nullptr ? nullptr : written->find("by");
  w.field("by", by == nullptr ? "" : by->value).key("override").begin_object();
  const rule::yaml::Node* over = written == nullptr ? nullptr : written->find("override");
  for (size_t i = 0; over != nullptr && i < over->keys.size(); ++i) {
    const auto it = param.overrides.find(over->keys[i].value);
    if (it == param.overrides.end()) continue;
    value.clear();
    expr::append_json(value, it->second);
    w.key(over->keys[i].value).raw(value);
  }
  w.end_object().end_object();
}

void append_params(JsonWriter& w, const rule::Rule& r, const rule::SourceFile& file) {
  std::vector<rule::Diagnostic> ignored;  // the file has been compiled
  const auto document = rule::yaml::Document::parse(file.path, file.text, ignored);
  const rule::yaml::Node* params = nullptr;
  if (const auto* list = document == nullptr ? nullptr : document->root().find("rules")) {
    for (const rule::yaml::Node& node : list->items) {
      const rule::yaml::Node* id = node.find("id");
      if (id != nullptr && id->value == r.id) params = node.find("params");
    }
  }
  for (const detect::Param& p : r.plan.params) {
    append_param(w, p, params == nullptr ? nullptr : params->find(p.name));
  }
}

}  // namespace

Result<std::string> ServiceBackend::rule(std::string_view id) {
  std::shared_ptr<const rule::RuleSet> rules;
  {
    const std::lock_guard lock(mutex_);
    rules = rules_;
  }
  const auto r = std::ranges::find(rules->rules(), id, &rule::Rule::id);
  if (r == rules->rules().end()) return not_found("there is no rule " + std::string(id));
  std::string out = rule_json(*r, texts_of(*rules));
  out.pop_back();
  std::string more;
  JsonWriter w(more);
  const auto file = std::ranges::find(rules->files(), r->file, &rule::SourceFile::path);
  w.begin_object().field("text", file == rules->files().end() ? "" : file->text).key("params").begin_array();
  if (file != rules->files().end()) append_params(w, *r, *file);
  w.end_array().end_object();
  return out + "," + more.substr(1);
}

Result<std::string> ServiceBackend::rules() {
  const std::lock_guard lock(mutex_);
  return rules_json_;
}

std::string rules_json(const rule::RuleSet& rules) {
  const std::map<std::string, Texts> texts = texts_of(rules);
  std::string json;
  JsonWriter w(json);
  w.begin_array();
  for (const rule::Rule& r : rules.rules()) w.raw(rule_json(r, texts));
  w.end_array();
  return json;
}

void ServiceBackend::set_rules(std::shared_ptr<const rule::RuleSet> rules) {
  std::string json = rules_json(*rules);
  const std::lock_guard lock(mutex_);
  rules_json_ = std::move(json);
  rules_ = std::move(rules);
}

}  // namespace tocsin::cli
