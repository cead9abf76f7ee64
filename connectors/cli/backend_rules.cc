// What people ask of rules.
#include <map>

#include "base/json_writer.h"
#include "connectors/cli/backend.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {
namespace {

// The text of each rule's `fire`, by id: a compiled rule keeps no text.
std::map<std::string, std::string> fires_of(const rule::RuleSet& rules) {
  std::map<std::string, std::string> out;
  std::vector<rule::Diagnostic> ignored;  // the files have been compiled
  for (const rule::SourceFile& file : rules.files()) {
    const auto document = rule::yaml::Document::parse(file.path, file.text, ignored);
    const rule::yaml::Node* list = document == nullptr ? nullptr : document->root().find("rules");
    if (list == nullptr) continue;
    for (const rule::yaml::Node& node : list->items) {
      const rule::yaml::Node *id = node.find("id"), *fire = node.find("fire");
      if (id != nullptr && fire != nullptr && fire->is_scalar()) out[id->value] = fire->value;
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

std::string rule_json(const rule::Rule& r, const std::map<std::string, std::string>& fires) {
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
  if (const auto fire = fires.find(r.id); fire != fires.end()) w.field("fire", fire->second);
  write_measures(w, r.plan);
  w.field("file", r.file).key("line").integer(r.line).end_object();
  return out;
}

}  // namespace

Result<std::string> ServiceBackend::rules() {
  const std::lock_guard lock(mutex_);
  return rules_json_;
}

void ServiceBackend::set_rules(const rule::RuleSet& rules) {
  const std::map<std::string, std::string> fires = fires_of(rules);
  std::string json;
  JsonWriter w(json);
  w.begin_array();
  for (const rule::Rule& r : rules.rules()) w.raw(rule_json(r, fires));
  w.end_array();
  const std::lock_guard lock(mutex_);
  rules_json_ = std::move(json);
}

}  // namespace tocsin::cli
