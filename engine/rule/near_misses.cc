// How near a rule came: its thresholds, lowered step by step.
#include <simdjson.h>

#include <algorithm>

#include "base/json_writer.h"
#include "rule/expression.h"
#include "rule/rule_tests.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr int64_t kMaxSteps = 20;
constexpr size_t kMaxMisses = 40;

struct Threshold {
  const Node* left = nullptr;
  const Node* right = nullptr;
  int64_t value = 0;  // least whole number that is enough
  bool strict = false;
};

// What is looked at: the rule, and the events that the test gave it.
struct Tried {
  const yaml::Node& rule;
  std::span<const std::string> given;
};

// A field of an event by its dotted name, as text; empty where the event has none.
std::string field_of(const std::string& event, std::string_view name) {
  simdjson::dom::parser parser;
  simdjson::dom::element at;
  if (parser.parse(event).get(at) != simdjson::SUCCESS) return {};
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    if (at[name.substr(begin, dot - begin)].get(at) != simdjson::SUCCESS) return {};
    begin = dot + 1;
  }
  return at.is_string() ? std::string(std::string_view(at)) : simdjson::minify(at);
}

// The value that is in force for the last event that has an override, or null: the default is.
const yaml::Node* override_of(const yaml::Node& param, std::span<const std::string> given) {
  const yaml::Node *by = param.find("by"), *values = param.find("override");
  if (by == nullptr || values == nullptr || !by->is_scalar() || !values->is_map()) return nullptr;
  for (size_t i = given.size(); i-- > 0;) {
    const std::string key = field_of(given[i], by->value);
    if (!key.empty()) return values->find(key);
  }
  return nullptr;
}

// How the value of a param that is in force is written, or null.
const yaml::Node* param_value(const Node& node, const Tried& tried) {
  const yaml::Node& rule = tried.rule;
  const std::string name = dotted(node);
  const yaml::Node* params = rule.find("params");
  if (!name.starts_with("params.") || params == nullptr) return nullptr;
  const yaml::Node* param = params->find(std::string_view(name).substr(7));
  if (param != nullptr && param->is_map()) {
    const yaml::Node* other = override_of(*param, tried.given);
    param = other != nullptr ? other : param->find("default");
  }
  return param != nullptr && param->is_scalar() ? param : nullptr;
}

// The whole number that a threshold is written as, a literal or a param's value.
bool threshold_value(const Node& node, const Tried& tried, int64_t& out) {
  if (node.kind == Node::Kind::kLiteral && node.value.is(expr::Tag::kInt)) {
    out = node.value.i;
    return true;
  }
  const yaml::Node* param = param_value(node, tried);
  const auto value = param != nullptr ? yaml::as_integer(param->value) : std::nullopt;
  if (value) out = *value;
  return value.has_value();
}

// p < 0.001 or p < params.p: where the value stands, and the value.
struct Improbable {
  const Node* value = nullptr;
  double p = 0;
};

void collect_improbable(const Node& node, const Tried& tried, std::vector<Improbable>& out) {
  if (node.kind != Node::Kind::kCall || node.receiver || node.args.size() != 2) return;
  if (node.text == "_&&_" || node.text == "_||_") {
    for (const Node* arg : node.args) collect_improbable(*arg, tried, out);
    return;
  }
  const Node &left = *node.args[0], &right = *node.args[1];
  const bool less = node.text == "_<_" || node.text == "_<=_";
  if (!less || left.kind != Node::Kind::kIdent || left.text != "p") return;
  const yaml::Node* param = param_value(right, tried);
  if (right.kind == Node::Kind::kLiteral && right.value.is(expr::Tag::kDouble)) {
    out.push_back({&right, right.value.d});
  } else if (const auto value = param != nullptr ? yaml::as_number(param->value) : std::nullopt; value) {
    out.push_back({&right, *value});
  }
}

// Greater thresholds of p, up to a half.
void add_improbable(const std::string& fire, const Node& root, const Tried& tried, std::vector<NearMiss>& out) {
  std::vector<Improbable> all;
  collect_improbable(root, tried, all);
  for (const double factor : {2.0, 5.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0}) {
    for (const Improbable& i : all) {
      const double p = i.p * factor;
      if (p <= 0 || p > 0.5 || out.size() >= kMaxMisses) continue;
      std::string wanted, less, text = fire;
      append_json_number(wanted, i.p);
      append_json_number(less, p);
      text.replace(i.value->begin, i.value->end - i.value->begin, less);
      out.push_back(
          {std::move(text), "p below " + less + ", not below " + wanted, "p 小于 " + less + "，而非 " + wanted, {}});
    }
  }
}

// The comparisons that must all hold.
void collect(const Node& node, const Tried& tried, std::vector<Threshold>& out) {
  if (node.kind != Node::Kind::kCall || node.receiver || node.args.size() != 2) return;
  if (node.text == "_&&_" || node.text == "_||_") {
    for (const Node* arg : node.args) collect(*arg, tried, out);
    return;
  }
  Threshold t{node.args[0], node.args[1], 0, node.text == "_>_"};
  // An aggregate, or a value of the kind (places, observed).
  const bool value = t.left->kind == Node::Kind::kIdent;
  const bool named = value || (t.left->kind == Node::Kind::kCall && !t.left->receiver);
  if (!named || (node.text != "_>=_" && !t.strict) || !threshold_value(*t.right, tried, t.value)) return;
  if (t.strict) ++t.value;
  out.push_back(t);
}

// "distinct(reporter)" as "distinct reporters", "count()" as "events"; anything else as it is written.
std::string in_words(const std::string& text) {
  if (text == "count()") return "events";
  constexpr std::string_view kDistinct = "distinct(";
  if (!text.starts_with(kDistinct) || !text.ends_with(')')) return text;
  const std::string what = text.substr(kDistinct.size(), text.size() - kDistinct.size() - 1);
  const bool word = what.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string::npos;
  return word ? "distinct " + what + "s" : text;
}

std::string in_chinese(const std::string& text) { return text == "count()" ? "事件数" : "`" + text + "`"; }

const yaml::Node* find_rule(const yaml::Document& document, std::string_view id) {
  const yaml::Node* rules = document.root().is_map() ? document.root().find("rules") : nullptr;
  if (rules == nullptr || !rules->is_list()) return nullptr;
  for (const yaml::Node& rule : rules->items) {
    const yaml::Node* name = rule.is_map() ? rule.find("id") : nullptr;
    if (name != nullptr && name->value == id) return &rule;
  }
  return nullptr;
}

void fire_misses(const Tried& tried, std::vector<NearMiss>& out) {
  const yaml::Node* fire = tried.rule.find("fire");
  if (fire == nullptr || !fire->is_scalar()) return;
  expr::Faults faults;
  const auto ast = expr::parse(fire->value, faults);
  if (ast == nullptr || !faults.empty()) return;
  std::vector<Threshold> thresholds;
  collect(*ast->root, tried, thresholds);
  for (int64_t step = 1; step <= kMaxSteps; ++step) {
    for (const Threshold& t : thresholds) {
      const int64_t n = t.value - step;
      if (n < 1 || out.size() >= kMaxMisses) continue;
      std::string text = fire->value;
      text.replace(t.right->begin, t.right->end - t.right->begin, std::to_string(t.strict ? n - 1 : n));
      const std::string left = fire->value.substr(t.left->begin, t.left->end - t.left->begin);
      out.push_back({std::move(text),
                     std::to_string(n) + " of " + std::to_string(t.value) + " " + in_words(left),
                     in_chinese(left) + " 只到 " + std::to_string(n) + "，要 " + std::to_string(t.value),
                     {}});
    }
  }
  add_improbable(fire->value, *ast->root, tried, out);
}

// All steps but with what must not come, or not in the span; then fewer and fewer of them.
void step_misses(const yaml::Node& rule, std::vector<NearMiss>& out) {
  const yaml::Node* steps = rule.find("steps");
  if (steps == nullptr || !steps->is_list()) return;
  std::vector<std::string> names;
  for (const yaml::Node& step : steps->items) {
    if (step.is_map() && step.keys.size() == 1 && step.keys[0].value != "not") names.push_back(step.keys[0].value);
  }
  if (names.empty()) return;
  const std::string all = std::to_string(names.size());
  const auto miss = [&](FewerSteps fewer, const std::string& en, const std::string& zh) {
    out.push_back({"true", en, zh, fewer});
  };
  miss({names.size(), false, true}, "all " + all + " steps, and what must not come",
       all + " 步都有，但不得发生的也发生了");
  const yaml::Node* within = rule.find("within");
  if (within != nullptr) {
    miss({names.size(), true, false}, "all " + all + " steps, not within " + within->value,
         all + " 步都有，但超出 " + within->value);
  }
  for (size_t n = names.size(); --n > 0;) {
    std::string list;
    for (size_t i = 0; i < n; ++i) list += (i == 0 ? "" : ", ") + names[i];
    miss({n, true, true}, std::to_string(n) + " of " + all + " steps: " + list,
         all + " 步只到第 " + std::to_string(n) + " 步：" + list);
  }
}

}  // namespace

std::vector<NearMiss> near_misses(std::span<const SourceFile> files, std::string_view rule,
                                  std::span<const std::string> given) {
  std::vector<NearMiss> out;
  std::vector<Diagnostic> ignored;  // reported when the rules were loaded
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kRules) continue;
    const auto document = yaml::Document::parse(file.path, file.text, ignored);
    const yaml::Node* node = document == nullptr ? nullptr : find_rule(*document, rule);
    if (node == nullptr) continue;
    fire_misses({*node, given}, out);
    step_misses(*node, out);
  }
  return out;
}

}  // namespace tocsin::rule
