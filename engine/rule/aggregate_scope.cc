// Aggregate scope: aggregate calls become variables, the rest is checked over them, the kind's values and the params.
#include <algorithm>
#include <array>

#include "event/fields.h"
#include "expr/env_impl.h"
#include "rule/rule_keys.h"
#include "rule/scope.h"

namespace tocsin::rule {
namespace {

using detect::AggregateOp;
using expr::Node;
using expr::Type;

constexpr size_t kMaxAggregates = 100;
constexpr int64_t kMaxTop = 20;
constexpr std::array kOps = {AggregateOp::kCount, AggregateOp::kDistinct, AggregateOp::kSum, AggregateOp::kAvg,
                             AggregateOp::kMin,   AggregateOp::kMax,      AggregateOp::kAny, AggregateOp::kAll,
                             AggregateOp::kFirst, AggregateOp::kLast,     AggregateOp::kTop};

bool is_number(Type::Kind k) {
  return k == Type::Kind::kInt || k == Type::Kind::kUint || k == Type::Kind::kDouble || k == Type::Kind::kDyn;
}
bool is_scalar(Type::Kind k) { return k != Type::Kind::kList && k != Type::Kind::kMap && k != Type::Kind::kType; }
bool is_ordered(Type::Kind k) {
  return is_number(k) || k == Type::Kind::kString || k == Type::Kind::kTimestamp || k == Type::Kind::kDuration;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_event_field(std::string_view name) {
  const auto fields = event_fields();
  return std::any_of(fields.begin(), fields.end(), [&](const FieldInfo& f) {
    return f.name == name || (name.size() > f.name.size() && name.starts_with(f.name) && name[f.name.size()] == '.');
  });
}

}  // namespace

bool AggregateScope::aggregate_op(std::string_view name, AggregateOp& op) {
  for (const AggregateOp candidate : kOps) {
    if (detect::name_of(candidate) != name) continue;
    op = candidate;
    return true;
  }
  return false;
}

std::vector<std::string_view> AggregateScope::aggregate_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kOps));
  for (const AggregateOp op : kOps) names.push_back(detect::name_of(op));
  return names;
}

bool AggregateScope::collect(Expression& e) {
  if (!e) return false;
  const bool good = collect(e, e.ast->root);
  return refuse_fields(e) && good;
}

bool AggregateScope::collect(const Expression& e, Node*& node) {
  const Taken step = rule_.plan.steps.empty() ? Taken::kNo : collect_step(e, node);
  if (step == Taken::kFault) node = e.ast->make(Node::Kind::kLiteral);  // one fault is enough
  if (step != Taken::kNo) return step == Taken::kYes;
  AggregateOp op{};
  const bool global = node->kind == Node::Kind::kCall && !node->receiver;
  if (global && aggregate_op(node->text, op)) {
    if (collect_call(e, node, op)) return true;
    node = e.ast->make(Node::Kind::kLiteral);  // one fault is enough
    return false;
  }
  if (node->kind == Node::Kind::kIdent && aggregate_op(node->text, op)) return refuse_bare(e, *node);
  if (global && node->text == "lookup") {
    events_.lookups().refuse(e, *node);
    node = e.ast->make(Node::Kind::kLiteral);
    return false;
  }
  // Of many events the last one tells the season; of an obligation its deadline.
  if (global && node->text == "season" && node->args.size() == 1) {
    const bool owed = rule_.plan.kind == detect::RuleKind::kAbsence;
    node->args.push_back(Lookups::tree_of(e, *node, owed ? "due_at" : "last(occurred_at)"));
  }
  if (global && is_letter(node->text[0]) && !events_.env().impl().functions.contains(node->text)) {
    const std::string near = nearest(node->text, aggregate_names());
    if (!near.empty()) {
      report(reader_, e.place, *node,
             {"unknown-function", "there is no function `" + node->text + "`", "没有函数 `" + node->text + "`",
              "did you mean `" + near + "`?", "是否想写 `" + near + "`？"});
      node = e.ast->make(Node::Kind::kLiteral);
      return false;
    }
  }
  const bool column = rule_.plan.duties != nullptr && node->kind == Node::Kind::kSelect &&
                      node->args[0]->kind == Node::Kind::kIdent && node->args[0]->text == "row";
  if (column && !node->test_only) return collect_column(e, node);
  bool good = true;
  for (Node*& arg : node->args) good &= collect(e, arg);
  return good;
}

// An aggregate without its brackets.
bool AggregateScope::refuse_bare(const Expression& e, const Node& name) const {
  const bool count = name.text == "count";
  const std::string how = count ? "count()" : name.text == "top" ? "top(place, 3)" : name.text + "(place)";
  report(reader_, e.place, name,
         {"wrong-arguments", "`" + name.text + "` stands without its brackets", "`" + name.text + "` 缺少括号",
          "write `" + how + "`" + (count ? "" : ", with the value that is meant"),
          "请写 `" + how + "`" + (count ? "" : "，括号内写要汇总的值")});
  return false;
}

// `each`: a column of the row that owes is the first (and only) value of a cell that the row carries.
bool AggregateScope::collect_column(const Expression& e, Node*& node) {
  detect::Aggregate aggregate;
  aggregate.op = AggregateOp::kFirst;
  aggregate.text = e.ast->source.substr(node->begin, node->end - node->begin);
  if (!events_.resolve(e, node)) return false;
  aggregate.cell = cells_.add(events_, e, *node);
  return aggregate.cell >= 0 && keep(e, node, aggregate);
}

// An aggregate inside another's argument.
bool AggregateScope::refuse_nested(const Expression& e, const Node& call) const {
  bool good = true;
  for (const Node* arg : call.args) {
    walk(arg, [&](const Node& n) {
      AggregateOp op{};
      if (n.kind != Node::Kind::kCall || n.receiver || !aggregate_op(n.text, op)) return true;
      report(reader_, e.place, n,
             {"nested-aggregate", "`" + n.text + "(…)` cannot stand inside `" + call.text + "(…)`",
              "`" + n.text + "(…)` 不能写在 `" + call.text + "(…)` 里", "inside stands what is said of each event",
              "括号内写的是每个事件的值"});
      good = false;
      return false;
    });
  }
  return good;
}

bool AggregateScope::collect_call(const Expression& e, Node*& node, AggregateOp op) {
  const std::string name = node->text;
  if (rule_.plan.duties != nullptr) {
    report(reader_, e.place, *node,
           {"aggregate-here", "`" + name + "(…)` looks at events, and a row owes also when none came",
            "`" + name + "(…)` 汇总事件，而表中的行即使没有事件也有应办事项",
            "write the name of what is expected, which counts, or row.COLUMN",
            "请写期待事项的名称（它是计数），或 row.列"});
    return false;
  }
  const size_t want = op == AggregateOp::kCount ? 0 : op == AggregateOp::kTop ? 2 : 1;
  if (node->args.size() != want) {
    const std::string how = op == AggregateOp::kCount ? "count()"
                            : op == AggregateOp::kTop ? "top(expression, number)"
                                                      : name + "(expression)";
    report(reader_, e.place, *node,
           {"wrong-arguments", "`" + name + "` is written " + how, "`" + name + "` 的写法是 " + how,
            op == AggregateOp::kCount ? "to count only some, narrow `where`, or use distinct(…)" : "",
            op == AggregateOp::kCount ? "只数一部分时，请收窄 `where` 或用 distinct(…)" : ""});
    return false;
  }
  if (op == AggregateOp::kCount && rule_.plan.kind == detect::RuleKind::kBaseline) {
    report(reader_, e.place, *node,
           {"use-observed", "a baseline lists the latest events only; what it measured is `observed`, of `n` events",
            "baseline 只列最近的事件；实测值是 `observed`，样本数是 `n`", "write observed", "请写 observed"});
    return false;
  }
  detect::Aggregate aggregate;
  aggregate.op = op;
  aggregate.text = e.ast->source.substr(node->begin, node->end - node->begin);
  if (!refuse_nested(e, *node)) return false;
  if (want > 0) {
    if (!events_.resolve(e, node->args[0])) return false;
    if (!check_argument(e, *node, *node->args[0], op, node->args[0]->type)) return false;
    aggregate.cell = cells_.add(events_, e, *node->args[0]);
    if (aggregate.cell < 0) return false;
  }
  if (op == AggregateOp::kTop) {
    const Node& n = *node->args[1];
    if (n.kind != Node::Kind::kLiteral || !n.value.is(expr::Tag::kInt) || n.value.i < 1 || n.value.i > kMaxTop) {
      report(reader_, e.place, n,
             {"wrong-arguments", "top takes a number from 1 to 20 here", "top 的第二项是 1 到 20 的数", {}, {}});
      return false;
    }
    aggregate.n = static_cast<int>(n.value.i);
  }
  return add_aggregate(e, node, canonical(*node), aggregate, want > 0 ? node->args[0] : nullptr);
}

// The aggregate once, and a variable in its place.
bool AggregateScope::keep(const Expression& e, Node*& node, const detect::Aggregate& aggregate) {
  return add_aggregate(e, node, canonical(*node), aggregate, node->args.empty() ? nullptr : node->args[0]);
}

bool AggregateScope::add_aggregate(const Expression& e, Node*& node, const std::string& key,
                                   const detect::Aggregate& aggregate, const Node* argument) {
  const auto [it, fresh] = seen_.insert({key, static_cast<int>(rule_.plan.aggregates.size())});
  if (fresh) {
    const bool distinct = aggregate.op == AggregateOp::kDistinct && argument != nullptr;
    of_key_.push_back(distinct && keys_.contains(canonical(*argument)));
    sources_.push_back(distinct && canonical(*argument) == "source");
    ranges_.push_back(range_of_call(aggregate, argument));
    rule_.plan.aggregates.push_back(aggregate);
  }
  if (rule_.plan.aggregates.size() > kMaxAggregates) {
    report(reader_, e.place, *node,
           {"too-many-aggregates",
            "a rule has at most 100 different aggregates",
            "一条规则最多 100 个不同的汇总",
            {},
            {}});
    return false;
  }
  Node* variable = e.ast->make(Node::Kind::kIdent);
  variable->begin = node->begin;
  variable->end = node->end;
  variable->text = "#" + std::to_string(it->second);
  node = variable;
  return true;
}

// What an aggregate can take: any and all conditions, sum and avg numbers, the others single values.
bool AggregateScope::check_argument(const Expression& e, const Node& call, const Node& argument, AggregateOp op,
                                    const Type& type) const {
  const Type::Kind k = type.kind;
  std::string_view need, need_zh;
  if ((op == AggregateOp::kAny || op == AggregateOp::kAll) && k != Type::Kind::kBool && k != Type::Kind::kDyn) {
    need = "a condition", need_zh = "条件";
  } else if ((op == AggregateOp::kSum || op == AggregateOp::kAvg) && !is_number(k)) {
    need = "a number", need_zh = "数字";
  } else if ((op == AggregateOp::kMin || op == AggregateOp::kMax) && !is_ordered(k)) {
    need = "a value that has an order", need_zh = "可比较大小的值";
  } else if (!is_scalar(k)) {
    need = "a single value", need_zh = "单个值";
  } else {
    return true;
  }
  report(reader_, e.place, argument,
         {"type-mismatch",
          "`" + call.text + "` takes " + std::string(need) + ", and this is " + expr::to_string(type),
          "`" + call.text + "` 要" + std::string(need_zh) + "，此处是 " + expr::to_string(type),
          {},
          {}});
  return false;
}

// What `each` expects, whose name counts it.
bool AggregateScope::owed(std::string_view name) const {
  if (rule_.plan.duties == nullptr) return false;
  const auto& expect = rule_.plan.duties->expect;
  return std::any_of(expect.begin(), expect.end(), [&](const auto& x) { return x.name == name; });
}

// A field of one event, where many are judged together.
bool AggregateScope::refuse_fields(const Expression& e) {
  bool good = true;
  std::vector<std::string> loops;
  walk(e.ast->root, [&](Node& n) {
    if (n.kind == Node::Kind::kComprehension) loops.push_back(n.var);
    if (n.kind != Node::Kind::kIdent && n.kind != Node::Kind::kSelect) return true;
    const Node* base = &n;
    while (base->kind == Node::Kind::kSelect) base = base->args[0];
    if (base->kind != Node::Kind::kIdent) return true;
    const bool loop = std::find(loops.begin(), loops.end(), base->text) != loops.end();
    const auto values = detect::kind_values(rule_.plan.kind);
    const bool of_kind =
        std::any_of(values.begin(), values.end(), [&](const auto& v) { return v.name == base->text; }) ||
        owed(base->text);
    const bool field = is_event_field(base->text) || base->text == "area";
    if (!field || loop || of_kind) return true;
    const std::string name = e.ast->source.substr(n.begin, n.end - n.begin);
    report(reader_, e.place, n,
           {"field-here", "`" + name + "` is a field of one event, and here many are judged together",
            "`" + name + "` 是单个事件的字段，而此处判断的是多个事件",
            "write first(" + name + "), last(" + name + "), distinct(" + name + ") or any(… " + name + " …)",
            "请写 first(" + name + ")、last(" + name + ")、distinct(" + name + ") 或 any(… " + name + " …)"});
    good = false;
    return false;
  });
  return good;
}

Type AggregateScope::result_type(const detect::Aggregate& aggregate) const {
  switch (aggregate.op) {
    case AggregateOp::kCount:
    case AggregateOp::kDistinct:
      return Type::of(Type::Kind::kInt);
    case AggregateOp::kAny:
    case AggregateOp::kAll:
      return Type::of(Type::Kind::kBool);
    case AggregateOp::kAvg:
      return Type::of(Type::Kind::kDouble);
    case AggregateOp::kTop:
      return Type::list(cells_.type(aggregate.cell));
    case AggregateOp::kSum:
    case AggregateOp::kMin:
    case AggregateOp::kMax:
    case AggregateOp::kFirst:
    case AggregateOp::kLast:
    case AggregateOp::kStep:
      break;
  }
  return cells_.type(aggregate.cell);
}

void AggregateScope::declare() {
  env_ = expr::Env();
  expr::add_engine_functions(env_, zone_);
  for (size_t i = 0; i < rule_.plan.aggregates.size(); ++i) {
    env_.variable("#" + std::to_string(i), result_type(rule_.plan.aggregates[i]));
  }
  for (const detect::KindValue& value : detect::kind_values(rule_.plan.kind)) {
    env_.variable(std::string(value.name), Type::of(value.type), false, std::string(value.doc));
  }
  if (rule_.plan.duties != nullptr) {
    for (const auto& owed : rule_.plan.duties->expect) {
      env_.variable(owed.name, Type::of(Type::Kind::kInt), false, "how many have come in the period");
    }
  }
  first_param_ = static_cast<int>(env_.variables());
  for (const ParamValue& param : events_.params()) env_.variable("params." + param.name, param.type);
}

ProgramPtr AggregateScope::compile(Expression& e, Type::Kind want, std::string_view what) {
  if (!events_.lookups().resolve_calendar(e, e.ast->root, env_)) return nullptr;
  expr::Faults faults;
  const bool good = expr::check(*e.ast, e.ast->root, env_, faults);
  const auto of_params = [&](const expr::Fault& fault) {
    return std::string_view(e.ast->source).substr(fault.begin).starts_with("params");
  };
  // Of a params block with faults, told already.
  if (events_.params_faulty() && std::erase_if(faults, of_params) > 0 && faults.empty()) return nullptr;
  for (expr::Fault& fault : faults) {
    suggest_param(e, fault);
    suggest_step(e, fault);
    suggest_kind(e, fault);
  }
  report(reader_, e.place, faults);
  if (!good || !faults.empty()) return nullptr;
  const Node& root = *e.ast->root;
  if (want != Type::Kind::kDyn && root.type.kind != want && root.type.kind != Type::Kind::kDyn) {
    report(reader_, e.place, root,
           {"type-mismatch",
            std::string(what) + " must be " + expr::to_string(Type::of(want)) + ", and this is " +
                expr::to_string(root.type),
            std::string(what) + " 应为 " + expr::to_string(Type::of(want)) + "，此处是 " + expr::to_string(root.type),
            {},
            {}});
    return nullptr;
  }
  return expr::compile(*e.ast, e.ast->root, env_);
}

// A param with a slip of the pen.
void AggregateScope::suggest_param(const Expression& e, expr::Fault& fault) const {
  const std::string_view at = std::string_view(e.ast->source).substr(fault.begin, fault.end - fault.begin);
  constexpr std::string_view kPrefix = "params.";
  if (!at.starts_with(kPrefix) || !fault.hint.empty()) return;
  std::vector<std::string_view> names;
  for (const ParamValue& param : events_.params()) names.push_back(param.name);
  const std::string near = nearest(at.substr(kPrefix.size()), names);
  if (near.empty()) return;
  fault.hint = "did you mean `params." + near + "`?";
  fault.hint_zh = "是否想写 `params." + near + "`？";
}

// A value that another kind of rule has.
void AggregateScope::suggest_kind(const Expression& e, expr::Fault& fault) const {
  const std::string_view at = std::string_view(e.ast->source).substr(fault.begin, fault.end - fault.begin);
  if (fault.code != "unknown-name") return;
  std::string kinds, kinds_zh;
  for (const detect::RuleKind kind : rule_kinds()) {
    const auto values = detect::kind_values(kind);
    if (std::none_of(values.begin(), values.end(), [&](const detect::KindValue& v) { return v.name == at; })) continue;
    kinds += (kinds.empty() ? "`" : " or `") + std::string(detect::name_of(kind)) + "`";
    kinds_zh += (kinds_zh.empty() ? "`" : "、`") + std::string(detect::name_of(kind)) + "`";
  }
  if (kinds.empty()) return;
  const std::string own(detect::name_of(rule_.plan.kind));
  fault.hint = "it is a value of the kind " + kinds + "; this rule is a `" + own + "`";
  fault.hint_zh = "它是 " + kinds_zh + " 规则的值，本规则是 `" + own + "`";
}

ProgramPtr AggregateScope::compile_part(const Expression& e, const Node& node) {
  return expr::compile(*e.ast, &node, env_);
}

}  // namespace tocsin::rule
