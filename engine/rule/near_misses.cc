// How near a rule came: its thresholds, lowered step by step.
#include <algorithm>

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

// The whole number that a threshold is written as, a literal or a param's default.
bool threshold_value(const Node& node, const yaml::Node& rule, int64_t& out) {
  if (node.kind == Node::Kind::kLiteral && node.value.is(expr::Tag::kInt)) {
    out = node.value.i;
    return true;
  }
  const std::string name = dotted(node);
  const yaml::Node* params = rule.find("params");
  if (!name.starts_with("params.") || params == nullptr) return false;
  const yaml::Node* param = params->find(std::string_view(name).substr(7));
  if (param != nullptr && param->is_map()) param = param->find("default");
  const auto value = param != nullptr && param->is_scalar() ? yaml::as_integer(param->value) : std::nullopt;
  if (value) out = *value;
  return value.has_value();
}

// The comparisons that must all hold.
void collect(const Node& node, const yaml::Node& rule, std::vector<Threshold>& out) {
  if (node.kind != Node::Kind::kCall || node.receiver || node.args.size() != 2) return;
  if (node.text == "_&&_" || node.text == "_||_") {
    for (const Node* arg : node.args) collect(*arg, rule, out);
    return;
  }
  Threshold t{node.args[0], node.args[1], 0, node.text == "_>_"};
  const bool named = t.left->kind == Node::Kind::kCall && !t.left->receiver;
  if (!named || (node.text != "_>=_" && !t.strict) || !threshold_value(*t.right, rule, t.value)) return;
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

}  // namespace

std::vector<NearMiss> near_misses(std::span<const SourceFile> files, std::string_view rule) {
  std::vector<NearMiss> out;
  std::vector<Diagnostic> ignored;  // reported when the rules were loaded
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kRules) continue;
    const auto document = yaml::Document::parse(file.path, file.text, ignored);
    const yaml::Node* node = document == nullptr ? nullptr : find_rule(*document, rule);
    const yaml::Node* fire = node == nullptr ? nullptr : node->find("fire");
    if (fire == nullptr || !fire->is_scalar()) continue;
    expr::Faults faults;
    const auto ast = expr::parse(fire->value, faults);
    if (ast == nullptr || !faults.empty()) continue;
    std::vector<Threshold> thresholds;
    collect(*ast->root, *node, thresholds);
    for (int64_t step = 1; step <= kMaxSteps; ++step) {
      for (const Threshold& t : thresholds) {
        const int64_t n = t.value - step;
        if (n < 1 || out.size() >= kMaxMisses) continue;
        std::string text = fire->value;
        text.replace(t.right->begin, t.right->end - t.right->begin, std::to_string(t.strict ? n - 1 : n));
        const std::string left = fire->value.substr(t.left->begin, t.left->end - t.left->begin);
        out.push_back({std::move(text), std::to_string(n) + " of " + std::to_string(t.value) + " " + in_words(left),
                       in_chinese(left) + " 只到 " + std::to_string(n) + "，要 " + std::to_string(t.value)});
      }
    }
  }
  return out;
}

}  // namespace tocsin::rule
