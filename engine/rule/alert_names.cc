#include "rule/alert_names.h"

#include <algorithm>

#include "rule/expression.h"

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr std::string_view kPrefix = "alert.";

// attrs["rule"] or attrs.rule.
bool is_rule_attribute(const Node& node) {
  if (dotted(node) == "attrs.rule") return true;
  return node.kind == Node::Kind::kCall && node.text == "_[_]" && node.args.size() == 2 &&
         dotted(*node.args[0]) == "attrs" && node.args[1]->text_literal() == "rule";
}

class Names {
 public:
  Names(const yaml::Reader& reader, std::vector<AlertName>& out) : reader_(reader), out_(out) {}

  void read(const yaml::Node* node) {
    if (node == nullptr || !node->is_scalar()) return;
    expr::Faults ignored;  // reported when the rule was compiled
    const auto ast = expr::parse(node->value, ignored);
    if (ast == nullptr || ast->root == nullptr) return;
    walk(static_cast<const Node*>(ast->root), [&](const Node& n) {
      if (n.kind != Node::Kind::kCall || n.args.size() != 2) return true;
      if (n.text == "_==_" || n.text == "_!=_") {
        take(*node, *n.args[0], *n.args[1]);
        take(*node, *n.args[1], *n.args[0]);
      } else if (n.text == "@in" && n.args[1]->kind == Node::Kind::kList) {
        for (const Node* item : n.args[1]->args) take(*node, *n.args[0], *item);
      } else if (n.text == "under" && n.receiver) {
        take(*node, *n.args[0], *n.args[1]);
      }
      return true;
    });
  }

 private:
  void take(const yaml::Node& node, const Node& field, const Node& literal) {
    std::string name = literal.text_literal().value_or("");
    if (dotted(field) == "category") {
      if (!name.starts_with(kPrefix)) return;
      name.erase(0, kPrefix.size());
    } else if (!is_rule_attribute(field)) {
      return;
    }
    if (name.empty()) return;
    reader_.fault_within(node, literal.begin, literal.end, {});
    out_.push_back({std::move(name), std::move(reader_.diagnostics().back())});
    reader_.diagnostics().pop_back();
  }

  const yaml::Reader& reader_;
  std::vector<AlertName>& out_;
};

yaml::Say say(const std::string& name, const AlertSource& source) {
  const std::string rule = "`" + name + "`";
  if (source.reads_alerts) {
    return {"alerts-of-alerts", "the rule " + rule + " reads alerts itself, and its alerts are no events",
            "规则 " + rule + " 自己读取警报，它的警报不再是事件", "name the rules whose alerts it reads",
            "请写它所读取的那些规则"};
  }
  const bool off = source.mode == Mode::kOff;
  return {"alerts-not-told",
          "the rule " + rule + (off ? " is off and raises no alerts" : " is in shadow, and its alerts are no events"),
          "规则 " + rule + (off ? " 已停用，不会产生警报" : " 在试运行，它的警报不是事件"),
          "it is waited for in vain until that rule is active", "该规则生效之前等不到它的警报"};
}

}  // namespace

void collect_alert_names(const yaml::Reader& reader, const RuleText& text, std::vector<AlertName>& out) {
  if (!text.rule.reads_alerts) return;
  Names names(reader, out);
  for (const yaml::Node* node :
       {text.where, text.after, text.expect, text.until, text.measure, text.pause_from, text.pause_to, text.settled_by,
        text.settled_undone, text.extend_when, text.fire, text.resolve_when}) {
    names.read(node);
  }
  for (const StepText& step : text.steps) names.read(step.when);
  for (const RungText& rung : text.severity) names.read(rung.when);
}

void check_alert_names(const std::vector<AlertName>& names, const std::map<std::string, AlertSource>& rules,
                       bool strict, std::vector<Diagnostic>& out) {
  std::vector<std::string_view> ids;
  ids.reserve(rules.size());
  for (const auto& [id, source] : rules) ids.push_back(id);
  for (const AlertName& name : names) {
    const auto found = rules.find(name.rule);
    Diagnostic d = name.place;
    d.level = Diagnostic::Level::kWarning;
    if (found == rules.end()) {
      const std::string near = nearest(name.rule, ids);
      d.code = "unknown-rule";
      d.en = "no rule here is called `" + name.rule + "`, so it has no alerts";
      d.zh = "此处没有规则 `" + name.rule + "`，也就没有它的警报";
      if (!near.empty()) d.hint_en = "did you mean `" + near + "`?", d.hint_zh = "是否想写 `" + near + "`？";
      if (!near.empty() && strict) d.level = Diagnostic::Level::kError;
    } else if (found->second.reads_alerts || found->second.mode != Mode::kActive) {
      const yaml::Say what = say(name.rule, found->second);
      d.code = what.code, d.en = what.en, d.zh = what.zh, d.hint_en = what.hint_en, d.hint_zh = what.hint_zh;
    } else {
      continue;
    }
    out.push_back(std::move(d));
  }
}

}  // namespace tocsin::rule
