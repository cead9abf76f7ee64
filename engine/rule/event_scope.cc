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

EventScope::EventScope(const yaml::Reader& reader, const TimeZone& zone, Lookups& lookups)
    : reader_(reader), lookups_(lookups), env_(expr::event_env(zone)), loose_(env_) {
  env_.strict_optional = true;
}

void EventScope::add_row(const Table& table) {
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const Table::Column& c = table.columns()[i];
    for (expr::Env* env : {&env_, &loose_}) env->variable("row." + c.name, type_of(c.type), i != table.key_column());
  }
}

bool EventScope::resolve(Expression& e) { return e && resolve(e, e.ast->root); }

bool EventScope::resolve_loosely(Expression& e) { return e && resolve(e, e.ast->root, loose_); }

bool EventScope::resolve(const Expression& e, Node*& node) { return resolve(e, node, env_); }

bool EventScope::resolve(const Expression& e, Node*& node, const expr::Env& env) {
  if (!refuse_aggregates(e, *node) || !put_params_in(e, node)) return false;
  expr::Env* const both[] = {&env_, &loose_};
  if (!lookups_.resolve(e, node, both, "occurred_at")) return false;
  expr::Faults faults;
  const bool good = expr::check(*e.ast, node, env, faults);
  report(reader_, e.place, faults);
  return good && faults.empty() && refuse_unknown_values(e, *node);
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

namespace {

std::vector<std::string_view> values_of(std::string_view field) {
  std::vector<std::string_view> names;
  if (field == "kind") {
    for (unsigned i = 0; i <= static_cast<unsigned>(EventKind::kWithdrawal); ++i)
      names.push_back(name_of(EventKind(i)));
  } else if (field == "stage") {
    for (unsigned i = 1; i <= static_cast<unsigned>(Stage::kReturned); ++i) names.push_back(name_of(Stage(i)));
  }
  return names;
}

}  // namespace

// kind and stage have few values; one that is none of them would never match, in silence.
bool EventScope::refuse_unknown_values(const Expression& e, const Node& root) {
  bool good = true;
  const auto check_value = [&](const std::string& field, const Node& literal) {
    const std::string text = literal.text_literal().value_or("");
    const std::vector<std::string_view> known = values_of(field);
    if (text.empty() || known.empty() || std::find(known.begin(), known.end(), text) != known.end()) return;
    const std::string near = nearest(text, known);
    std::string all;
    for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
    report(reader_, e.place, literal,
           {"unknown-value", "`" + field + "` is never `" + std::string(text) + "`",
            "`" + field + "` 没有 `" + std::string(text) + "` 这个值",
            near.empty() ? "it is one of " + all : "did you mean `" + near + "`?",
            near.empty() ? "可用的值：" + all : "是否想写 `" + near + "`？"});
    good = false;
  };
  walk(&root, [&](const Node& n) {
    if (n.kind != Node::Kind::kCall || n.args.size() != 2) return true;
    if (n.text == "_==_" || n.text == "_!=_") {
      check_value(dotted(*n.args[0]), *n.args[1]);
      check_value(dotted(*n.args[1]), *n.args[0]);
    } else if (n.text == "@in" && n.args[1]->kind == Node::Kind::kList) {
      for (const Node* item : n.args[1]->args) check_value(dotted(*n.args[0]), *item);
    }
    return true;
  });
  if (vocabulary_ == nullptr) return good;
  good &= check_categories(reader_, e, root, *vocabulary_, from_);
  good &= check_areas(reader_, e, root, *vocabulary_);
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
    if (params_faulty_) return false;  // told already
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
  return add_own(text, std::move(program));
}

int Cells::add_own(std::string text, ProgramPtr program) {
  texts_.push_back(std::move(text));
  rule_.cells.push_back(std::move(program));
  rule_.plan.cells = static_cast<int>(rule_.cells.size());
  return static_cast<int>(texts_.size()) - 1;
}

}  // namespace tocsin::rule
