// Event scope: params become constants (or a choice by the event's own value), aggregates are refused.
#include <algorithm>

#include "rule/scope.h"

namespace tocsin::rule {
namespace {

using expr::Node;
using expr::Type;

// Overrides of a param that a condition on single events reads are compared one by one.
constexpr size_t kMaxChoices = 60;

Node* literal(expr::Ast& ast, const Node& at, const expr::Value& value) {
  Node* node = ast.make(Node::Kind::kLiteral);
  node->begin = at.begin;
  node->end = at.end;
  node->value = expr::copy(value, ast.arena());
  return node;
}

Node* call(expr::Ast& ast, const Node& at, const char* name, std::vector<Node*> args) {
  Node* node = ast.make(Node::Kind::kCall);
  node->begin = at.begin;
  node->end = at.end;
  node->text = name;
  for (const Node* arg : args) node->height = std::max(node->height, arg->height + 1);
  node->args = std::move(args);
  return node;
}

// The key of an override as a value of the type of `by`; null where it is none.
expr::Value choice(const std::string& text, Type::Kind type) {
  if (type == Type::Kind::kInt) {
    const auto number = yaml::as_integer(text);
    return number ? expr::Value::integer(*number) : expr::Value();
  }
  if (type == Type::Kind::kBool) {
    const auto flag = yaml::as_boolean(text);
    return flag ? expr::Value::boolean(*flag) : expr::Value();
  }
  return expr::Value::string(text);
}

}  // namespace

EventScope::EventScope(const yaml::Reader& reader, const TimeZone& zone)
    : reader_(reader), env_(expr::event_env(zone)) {
  env_.strict_optional = true;
}

bool EventScope::resolve(Expression& e) { return e && resolve(e, e.ast->root); }

bool EventScope::resolve(const Expression& e, Node*& node) {
  if (!refuse_aggregates(e, *node) || !put_params_in(e, node)) return false;
  expr::Faults faults;
  const bool good = expr::check(*e.ast, node, env_, faults);
  report(reader_, e.place, faults);
  return good && faults.empty();
}

bool EventScope::refuse_aggregates(const Expression& e, const Node& node) {
  bool good = true;
  walk(&node, [&](const Node& n) {
    detect::AggregateOp op{};
    if (n.kind != Node::Kind::kCall || n.receiver || !AggregateScope::aggregate_op(n.text, op)) return true;
    report(reader_, e.place, n,
           {"aggregate-here", "`" + n.text + "(…)` looks at many events, and here a single one is judged",
            "`" + n.text + "(…)` 汇总多个事件，而此处只判断一个事件",
            "use it in fire, severity, resolve.when or a text", "请用在 fire、severity、resolve.when 或文本里"});
    good = false;
    return false;
  });
  return good;
}

bool EventScope::put_params_in(const Expression& e, Node*& node) {
  if (node->kind == Node::Kind::kSelect && !node->test_only && node->args[0]->kind == Node::Kind::kIdent &&
      node->args[0]->text == "params") {
    for (const ParamValue& param : params_) {
      if (param.name != node->text) continue;
      node = param_value(e, *node, param);
      return node != nullptr;
    }
    std::vector<std::string_view> names;
    for (const ParamValue& param : params_) names.push_back(param.name);
    const std::string near = nearest(node->text, names);
    report(reader_, e.place, *node,
           {"unknown-param", "this rule has no param `" + node->text + "`", "本规则没有参数 `" + node->text + "`",
            near.empty() ? "" : "did you mean `params." + near + "`?",
            near.empty() ? "" : "是否想写 `params." + near + "`？"});
    return false;
  }
  bool good = true;
  for (Node*& arg : node->args) good &= put_params_in(e, arg);
  return good;
}

// by == key1 ? value1 : by == key2 ? value2 : default
Node* EventScope::param_value(const Expression& e, const Node& at, const ParamValue& param) {
  expr::Ast& ast = *e.ast;
  if (param.overrides.size() > kMaxChoices) {
    report(reader_, e.place, at,
           {"too-many-overrides",
            "a param with more than 60 overrides cannot be used in a condition on single events",
            "覆盖值超过 60 个的参数不能用在单个事件的条件里",
            {},
            {}});
    return nullptr;
  }
  Node* node = literal(ast, at, param.value);
  for (auto it = param.overrides.rbegin(); it != param.overrides.rend(); ++it) {
    const expr::Value key = choice(it->first, param.by.ast->root->type.kind);
    if (key.is(expr::Tag::kNull)) continue;
    Node* same = call(ast, at, "_==_", {ast.clone(*param.by.ast->root), literal(ast, at, key)});
    node = call(ast, at, "_?_:_", {same, literal(ast, at, it->second), node});
  }
  return node;
}

ProgramPtr EventScope::compile(const Expression& e, const Node& node, Type::Kind want, std::string_view what) {
  const bool fits = want == Type::Kind::kDyn || node.type.kind == want || node.type.kind == Type::Kind::kDyn;
  if (!fits) {
    const std::string is = expr::to_string(node.type), must = expr::to_string(Type::of(want));
    report(reader_, e.place, node,
           {"type-mismatch",
            std::string(what) + " must be " + must + ", and this is " + is,
            std::string(what) + " 应为 " + must + "，此处是 " + is,
            {},
            {}});
    return nullptr;
  }
  return expr::compile(*e.ast, &node, env_);
}

int Cells::add(EventScope& scope, const Expression& e, const Node& node) {
  const std::string text = canonical(node);
  const auto found = std::find(texts_.begin(), texts_.end(), text);
  if (found != texts_.end()) return static_cast<int>(found - texts_.begin());
  ProgramPtr program = scope.compile(e, node, Type::Kind::kDyn, "a value");
  if (program == nullptr) return -1;
  texts_.push_back(text);
  rule_.cells.push_back(std::move(program));
  rule_.plan.cells = static_cast<int>(rule_.cells.size());
  return static_cast<int>(texts_.size()) - 1;
}

}  // namespace tocsin::rule
