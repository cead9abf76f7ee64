#include "rule/checks.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr size_t kMaxMarks = 100;

bool is_comparison(std::string_view name) { return name == "_>=_" || name == "_>_" || name == "_<=_" || name == "_<_"; }

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

// Collects the thresholds of the kind's values that change by time alone: elapsed and overdue of an absence, gap and p
// of a silence.
class Marks {
 public:
  Marks(const yaml::Reader& reader, AggregateScope& scope, const Expression& e, detect::Plan& plan)
      : reader_(reader), scope_(scope), e_(e), plan_(plan), silence_(plan.kind == detect::RuleKind::kSilence) {}
  bool mentions = false;

  bool visit(const Node& node, bool positive = true) {
    if (names_time(node)) return unclear(node);
    if (node.kind == Node::Kind::kCall && node.args.size() == 2 && is_comparison(node.text)) {
      const bool left = names_time(*node.args[0]), right = names_time(*node.args[1]);
      if (left != right) return threshold(node, left, positive);
    }
    if (node.kind == Node::Kind::kCall && node.text == "!_") positive = !positive;
    bool good = true;
    for (const Node* arg : node.args) good &= visit(*arg, positive);
    return good;
  }

 private:
  bool names_time(const Node& n) const {
    if (n.kind != Node::Kind::kIdent) return false;
    return silence_ ? n.text == "gap" || n.text == "p" : n.text == "elapsed" || n.text == "overdue";
  }

  bool threshold(const Node& comparison, bool left, bool positive) {
    mentions = true;
    const Node &name = *comparison.args[left ? 0 : 1], &value = *comparison.args[left ? 1 : 0];
    const std::vector<expr::Value> values = constants(scope_, plan_, e_, value, arena_);
    bool good = !values.empty();
    for (const expr::Value& v : values) good = good && take(name.text, v);
    if (!good) return unclear(comparison);
    return !silence_ || check_direction(comparison, name.text, left, positive);
  }

  bool take(std::string_view name, const expr::Value& v) {
    const std::optional<double> share = v.number_if();
    const bool whole = share && std::isfinite(*share);
    if (name == "elapsed" && whole) {
      plan_.elapsed_marks.push_back(std::max(0.0, *share));
    } else if (name == "overdue" && v.is(expr::Tag::kDuration)) {
      plan_.overdue_marks.push_back(v.ms());
    } else if (name == "gap" && v.is(expr::Tag::kDuration)) {
      for (const DurationMs more : {0, 1})
        plan_.gap_marks.push_back(std::max<DurationMs>(v.ms(), 1) + more);  // >= and >
    } else if (name == "p" && whole && *share > 0 && *share < 1) {
      plan_.p_marks.push_back(*share);
    } else {
      return false;
    }
    return true;
  }

  // A silence only grows, and only grows less probable: the other way round an alert would be over while it lasts.
  bool check_direction(const Node& comparison, std::string_view name, bool left, bool positive) {
    const bool greater = (comparison.text == "_>=_" || comparison.text == "_>_") == left;
    if (greater == ((name == "gap") == positive)) return true;
    report(reader_, e_.place, comparison,
           {"wrong-direction", "a silence only grows longer and less probable: this would hold first and then no more",
            "静默只会越来越长、概率越来越小：此条件会先成立、后不成立", "write p < 0.0001, gap >= duration(\"48h\")",
            "请写 p < 0.0001、gap >= duration(\"48h\")"});
    return false;
  }

  bool unclear(const Node& node) {
    mentions = true;
    const std::string how = silence_ ? "p < 0.0001 (between 0 and 1), gap >= duration(\"48h\")"
                                     : "elapsed >= 1.5, overdue >= duration(\"48h\")";
    const std::string how_zh = silence_ ? "p < 0.0001（0 与 1 之间）、gap >= duration(\"48h\")"
                                        : "elapsed >= 1.5、overdue >= duration(\"48h\")";
    report(reader_, e_.place, node,
           {"no-point-in-time", "from this it cannot be told when to look again", "由此无法得知何时该再看",
            "compare with a value: " + how, "请与定值比较：" + how_zh});
    return false;
  }

  const yaml::Reader& reader_;
  AggregateScope& scope_;
  const Expression& e_;
  detect::Plan& plan_;
  const bool silence_;
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
  sort_once(plan.gap_marks);
  sort_once(plan.p_marks);
  const size_t most =
      std::max({plan.elapsed_marks.size(), plan.overdue_marks.size(), plan.gap_marks.size() / 2, plan.p_marks.size()});
  if (most > kMaxMarks) {
    const bool silence = plan.kind == detect::RuleKind::kSilence;
    const std::string names = silence ? "gap or p" : "elapsed or overdue";
    report(reader, e.place, *e.ast->root,
           {"out-of-range",
            "a rule has at most 100 thresholds of " + names,
            (silence ? "gap 或 p" : "elapsed 或 overdue") + std::string(" 的阈值最多 100 个"),
            {},
            {}});
    return false;
  }
  return good;
}

}  // namespace tocsin::rule
