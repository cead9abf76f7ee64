#include "rule/checks.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr size_t kMaxMarks = 100;

bool is_comparison(std::string_view name) { return name == "_>=_" || name == "_>_" || name == "_<=_" || name == "_<_"; }
bool names_time(const Node& n) { return n.kind == Node::Kind::kIdent && (n.text == "elapsed" || n.text == "overdue"); }

// All values of a param: its default and the overrides.
std::vector<expr::Value> values_of(const detect::Param& param) {
  std::vector<expr::Value> out = {param.value};
  for (const auto& [key, value] : param.overrides) out.push_back(value);
  return out;
}

// The values that a part of a condition can take, when it depends on params alone: one param varies at a time.
// Empty when it depends on anything else.
std::vector<expr::Value> constants(AggregateScope& scope, const detect::Plan& plan, const Expression& e,
                                   const Node& node, Arena& arena) {
  const ProgramPtr program = scope.compile_part(e, node);
  if (program == nullptr) return {};
  const int first = scope.first_param_slot();
  std::vector<expr::Value> values(static_cast<size_t>(first) + plan.params.size());
  for (size_t i = 0; i < plan.params.size(); ++i) values[static_cast<size_t>(first) + i] = plan.params[i].value;
  for (const int slot : program->slots()) {
    if (slot < first) return {};
  }
  std::vector<expr::Value> out = {program->evaluate(expr::SpanActivation(values), arena)};
  for (const int slot : program->slots()) {
    const detect::Param& param = plan.params[static_cast<size_t>(slot - first)];
    for (const expr::Value& value : values_of(param)) {
      values[static_cast<size_t>(slot)] = value;
      out.push_back(program->evaluate(expr::SpanActivation(values), arena));
    }
    values[static_cast<size_t>(slot)] = param.value;
  }
  return out;
}

std::optional<double> number(const expr::Value& v) {
  if (v.is(expr::Tag::kInt)) return static_cast<double>(v.i);
  if (v.is(expr::Tag::kUint)) return static_cast<double>(v.u);
  if (v.is(expr::Tag::kDouble)) return v.d;
  return std::nullopt;
}

class Marks {
 public:
  Marks(const yaml::Reader& reader, AggregateScope& scope, const Expression& e, detect::Plan& plan)
      : reader_(reader), scope_(scope), e_(e), plan_(plan) {}
  bool mentions = false;

  bool visit(const Node& node) {
    if (names_time(node)) return unclear(node);
    if (node.kind == Node::Kind::kCall && node.args.size() == 2 && is_comparison(node.text)) {
      const bool left = names_time(*node.args[0]), right = names_time(*node.args[1]);
      if (left != right) return threshold(node, *node.args[left ? 0 : 1], *node.args[left ? 1 : 0]);
    }
    bool good = true;
    for (const Node* arg : node.args) good &= visit(*arg);
    return good;
  }

 private:
  bool threshold(const Node& comparison, const Node& name, const Node& value) {
    mentions = true;
    const std::vector<expr::Value> values = constants(scope_, plan_, e_, value, arena_);
    bool good = !values.empty();
    for (const expr::Value& v : values) {
      const std::optional<double> share = number(v);
      if (name.text == "elapsed" && share && std::isfinite(*share)) {
        plan_.elapsed_marks.push_back(std::max(0.0, *share));
      } else if (name.text == "overdue" && v.is(expr::Tag::kDuration)) {
        plan_.overdue_marks.push_back(v.ms());
      } else {
        good = false;
      }
    }
    return good ? true : unclear(comparison);
  }

  bool unclear(const Node& node) {
    mentions = true;
    report(reader_, e_.place, node,
           {"no-point-in-time", "from this it cannot be told when to look again", "由此无法得知何时该再看",
            "compare with a value: elapsed >= 1.5, overdue >= duration(\"48h\")",
            "请与定值比较：elapsed >= 1.5、overdue >= duration(\"48h\")"});
    return false;
  }

  const yaml::Reader& reader_;
  AggregateScope& scope_;
  const Expression& e_;
  detect::Plan& plan_;
  Arena arena_{1024};
};

template <typename T>
void sort_once(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

bool is_constant(const ProgramPtr& program, bool value) {
  if (program == nullptr || !program->slots().empty()) return false;
  Arena arena(256);
  const expr::Value v = program->evaluate(expr::SpanActivation({}), arena);
  return v.is(expr::Tag::kBool) && v.b == value;
}

bool collect_marks(const yaml::Reader& reader, AggregateScope& scope, const Expression& e, detect::Plan& plan,
                   bool& mentions) {
  Marks marks(reader, scope, e, plan);
  const bool good = marks.visit(*e.ast->root);
  mentions = mentions || marks.mentions;
  sort_once(plan.elapsed_marks);
  sort_once(plan.overdue_marks);
  if (plan.elapsed_marks.size() > kMaxMarks || plan.overdue_marks.size() > kMaxMarks) {
    report(reader, e.place, *e.ast->root,
           {"out-of-range",
            "a rule has at most 100 thresholds of elapsed or overdue",
            "elapsed 或 overdue 的阈值最多 100 个",
            {},
            {}});
    return false;
  }
  return good;
}

}  // namespace tocsin::rule
