#include "rule/measure.h"

#include "rule/diagnostic.h"

namespace tocsin::rule {
namespace {

using expr::Node;

struct Form {
  std::string_view name;
  size_t arguments;
  detect::Measure measure;
};
constexpr Form kForms[] = {{"count", 0, detect::Measure::kCount},
                           {"ratio", 2, detect::Measure::kRatio},
                           {"avg", 1, detect::Measure::kAverage}};

bool is_name(const Node& node, std::string_view name) { return node.kind == Node::Kind::kIdent && node.text == name; }

// A number not below 1, written as such.
bool at_least_one(const Node& node) {
  if (node.kind != Node::Kind::kLiteral) return false;
  if (node.value.is(expr::Tag::kInt)) return node.value.i >= 1;
  return node.value.is(expr::Tag::kDouble) && node.value.d >= 1;
}

bool is_rise(const Node& node) {
  if (node.kind != Node::Kind::kCall || node.args.size() != 2) return false;
  const Node &left = *node.args[0], &right = *node.args[1];
  if (node.text == "_&&_") return is_rise(left) || is_rise(right);
  if (node.text == "_||_") return is_rise(left) && is_rise(right);
  const bool greater = node.text == "_>_" || node.text == "_>=_";
  if (!greater && node.text != "_<_" && node.text != "_<=_") return false;
  const Node &more = greater ? left : right, &less = greater ? right : left;
  return (is_name(more, "observed") && is_name(less, "expected")) || (is_name(more, "ratio") && at_least_one(less));
}

}  // namespace

bool read_measure(const yaml::Reader& reader, const Expression& e, detect::Measure& out) {
  const Node& root = *e.ast->root;
  for (const Form& form : kForms) {
    const bool call = root.kind == Node::Kind::kCall && !root.receiver;
    if (!call || root.text != form.name || root.args.size() != form.arguments) continue;
    out = form.measure;
    return true;
  }
  report(reader, e.place, root,
         {"bad-measure", "`measure` is count(), ratio(condition, condition) or avg(number)",
          "`measure` 应为 count()、ratio(条件, 条件) 或 avg(数值)", "as ratio(stage == \"closed\", kind == \"report\")",
          "如 ratio(stage == \"closed\", kind == \"report\")"});
  return false;
}

bool expect_number(const yaml::Reader& reader, const Expression& e, const Node& node) {
  using Kind = expr::Type::Kind;
  const Kind k = node.type.kind;
  if (k == Kind::kInt || k == Kind::kUint || k == Kind::kDouble || k == Kind::kDyn) return true;
  report(reader, e.place, node,
         {"type-mismatch",
          "avg takes a number, and this is " + expr::to_string(node.type),
          "avg 要数值，此处是 " + expr::to_string(node.type),
          {},
          {}});
  return false;
}

bool asks_for_rise(const detect::Plan& plan, const Node& fire) {
  return plan.measure == detect::Measure::kCount && is_rise(fire);
}

}  // namespace tocsin::rule
