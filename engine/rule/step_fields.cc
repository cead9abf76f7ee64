// Aggregate scope of a sequence: `threat.place` is a cell of the event that the step `threat` has in the latest match.
#include <algorithm>

#include "event/fields.h"
#include "rule/scope.h"

namespace tocsin::rule {
namespace {

using expr::Node;

// The name at the root of a.b.c["d"], or null.
const Node* base_of(const Node& node) {
  const Node* n = &node;
  while (n->kind == Node::Kind::kSelect ||
         (n->kind == Node::Kind::kCall && n->text == "_[_]" && n->args[1]->kind == Node::Kind::kLiteral)) {
    n = n->args[0];
  }
  return n->kind == Node::Kind::kIdent ? n : nullptr;
}

// Whether the chain is a list or a map, which a row does not keep.
bool is_collection(const Node& chain) {
  if (chain.kind != Node::Kind::kSelect || chain.test_only || chain.args[0]->kind != Node::Kind::kIdent) return false;
  const auto fields = event_fields();
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const FieldInfo& f) { return f.name == chain.text; });
  return found != fields.end() && (found->type == FieldType::kStringList || found->type == FieldType::kNumberMap ||
                                   found->type == FieldType::kStringMap);
}

// Whether all that the tree reads is the event of `step`.
bool reads_only(const Node& node, const std::string& step, std::vector<std::string>& loops) {
  if (node.kind == Node::Kind::kIdent) {
    return node.text == step || std::find(loops.begin(), loops.end(), node.text) != loops.end();
  }
  detect::AggregateOp op{};
  if (node.kind == Node::Kind::kCall && !node.receiver && AggregateScope::aggregate_op(node.text, op)) return false;
  const bool loop = node.kind == Node::Kind::kComprehension;
  if (loop) loops.push_back(node.var);
  const bool all =
      std::all_of(node.args.begin(), node.args.end(), [&](const Node* arg) { return reads_only(*arg, step, loops); });
  if (loop) loops.pop_back();
  return all;
}

// threat.place becomes place, in place.
void strip(Node& node, const std::string& step) {
  const bool field = node.kind == Node::Kind::kSelect && node.args[0]->kind == Node::Kind::kIdent &&
                     !node.args[0]->test_only && node.args[0]->text == step;
  if (field) {
    node.kind = Node::Kind::kIdent;
    node.args.clear();
    if (node.at > node.begin) node.begin = node.at;
    return;
  }
  for (Node* arg : node.args) strip(*arg, step);
}

}  // namespace

// The step that a name means, or -1.
int AggregateScope::step_named(const std::string& name) const {
  const auto& steps = rule_.plan.steps;
  const auto found =
      std::find_if(steps.begin(), steps.end(), [&](const auto& s) { return !s.negated && s.name == name; });
  return found == steps.end() ? -1 : static_cast<int>(found - steps.begin());
}

AggregateScope::Taken AggregateScope::collect_step(const Expression& e, Node*& node) {
  const Node* base = base_of(*node);
  if (base != nullptr) {
    const int step = step_named(base->text);
    if (step < 0) return Taken::kNo;
    if (base == node) {
      report(reader_, e.place, *node,
             {"step-is-an-event", "`" + base->text + "` is an event: say which of its fields",
              "`" + base->text + "` 是一个事件，请写它的字段", "as `" + base->text + ".occurred_at`",
              "如 `" + base->text + ".occurred_at`"});
      return Taken::kFault;
    }
    if (!is_collection(*node)) return keep_of_step(e, node, step);
    report(reader_, e.place, *node,
           {"type-mismatch", "a list or a map of a step's event is not kept", "步骤事件的列表或映射不会保存",
            "ask for what you need of it, as `\"weapon\" in " + base->text + ".flags`",
            "请写要问的内容，如 `\"weapon\" in " + base->text + ".flags`"});
    return Taken::kFault;
  }
  for (const Node* arg : node->args) {
    const Node* of = base_of(*arg);
    const int step = of == nullptr || of == arg || !is_collection(*arg) ? -1 : step_named(of->text);
    std::vector<std::string> loops;
    if (step >= 0 && reads_only(*node, of->text, loops)) return keep_of_step(e, node, step);
  }
  return Taken::kNo;
}

// The tree's value on the event of `step` becomes a cell, and the tree a variable.
AggregateScope::Taken AggregateScope::keep_of_step(const Expression& e, Node*& node, int step) {
  detect::Aggregate aggregate;
  aggregate.op = detect::AggregateOp::kStep;
  aggregate.n = step;
  aggregate.text = e.ast->source.substr(node->begin, node->end - node->begin);
  const uint32_t begin = node->begin, end = node->end;
  strip(*node, rule_.plan.steps[static_cast<size_t>(step)].name);
  if (!events_.resolve(e, node)) return Taken::kFault;
  aggregate.cell = cells_.add(events_, e, *node);
  if (aggregate.cell < 0) return Taken::kFault;
  const std::string key = "step " + std::to_string(step) + ":" + canonical(*node);
  node->begin = begin;
  node->end = end;
  return add_aggregate(e, node, key, aggregate, nullptr) ? Taken::kYes : Taken::kFault;
}

// A step with a slip of the pen.
void AggregateScope::suggest_step(const Expression& e, expr::Fault& fault) const {
  const std::string_view at = std::string_view(e.ast->source).substr(fault.begin, fault.end - fault.begin);
  if (rule_.plan.steps.empty()) return;
  std::vector<std::string_view> names;
  for (const detect::Step& s : rule_.plan.steps) {
    if (!s.negated) names.push_back(s.name);
  }
  const std::string near = nearest(at.substr(0, at.find('.')), names);
  if (near.empty()) return;
  fault.hint = "did you mean the step `" + near + "`?";
  fault.hint_zh = "是否想写步骤 `" + near + "`？";
}

}  // namespace tocsin::rule
