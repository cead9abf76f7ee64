#include "rule/variants.h"

#include <algorithm>

namespace tocsin::rule {
namespace {

using detect::Param;
using detect::Plan;
using expr::Value;
using ProgramPtr = std::shared_ptr<const expr::Program>;

// A program has no way to tell more than its value: who holds the poll finds the ballot here.
thread_local Ballot* polled = nullptr;

bool same_value(const Value& a, const Value& b) {
  if (a.tag != b.tag) return false;
  switch (a.tag) {
    case expr::Tag::kBool:
      return a.b == b.b;
    case expr::Tag::kInt:
      return a.i == b.i;
    case expr::Tag::kDouble:
      return a.d == b.d;
    case expr::Tag::kDuration:
      return a.seconds == b.seconds && a.nanos == b.nanos;
    case expr::Tag::kString:
      return a.str() == b.str();
    default:
      return false;
  }
}

// Slot of the first param in programs of the aggregate scope.
int first_param(const Plan& plan) { return static_cast<int>(plan.aggregates.size() + detect::own_values(plan)); }

// What a variant's programs see: the detector's scope, with its own params in place of the common rule's.
class OwnParams final : public expr::Activation {
 public:
  OwnParams(const expr::Activation& scope, const Plan& plan, int first) : scope_(scope), plan_(plan), first_(first) {}
  Value get(int slot) const override {
    const int i = slot - first_;
    if (i < 0 || i >= static_cast<int>(plan_.params.size())) return scope_.get(slot);
    const Param& p = plan_.params[static_cast<size_t>(i)];
    return p.overrides.empty() ? p.value : scope_.get(slot);  // overrides are the same for all
  }
  Found find(int slot, std::string_view key, Value& out) const override { return scope_.find(slot, key, out); }

 private:
  const expr::Activation& scope_;
  const Plan& plan_;
  const int first_;
};

// One condition of all variants. Its value is false for as long as any of them is asked.
class PolledProgram final : public expr::Program {
 public:
  // `condition(rule)` is the variant's own; null: always true.
  template <typename F>
  PolledProgram(const std::vector<Rule>& variants, F&& condition) : variants_(variants) {
    for (const Rule& r : variants) programs_.push_back(condition(r));
    const Plan& plan = variants[0].plan;
    first_ = first_param(plan);
    if (programs_[0] == nullptr) return;
    for (const int slot : programs_[0]->slots()) {
      const int i = slot - first_;
      if (i < 0 || i >= static_cast<int>(plan.params.size())) continue;
      differ_ |= std::any_of(variants.begin(), variants.end(), [&](const Rule& r) {
        return !same_value(r.plan.params[static_cast<size_t>(i)].value, plan.params[static_cast<size_t>(i)].value);
      });
    }
  }

  Value evaluate(const expr::Activation& vars, Arena& arena) const override {
    if (polled == nullptr) return Value::boolean(false);
    const uint64_t asked = polled->voters & ~polled->ayes;
    if (asked == 0) return Value::boolean(false);
    if (!differ_) {
      if (programs_[0] == nullptr || programs_[0]->evaluate(vars, arena).is_true()) polled->ayes |= asked;
      return Value::boolean(false);
    }
    for (size_t i = 0; i < programs_.size(); ++i) {
      const uint64_t bit = uint64_t{1} << i;
      if ((asked & bit) == 0) continue;
      const OwnParams own(vars, variants_[i].plan, first_);
      if (programs_[i]->evaluate(own, arena).is_true()) polled->ayes |= bit;
    }
    return Value::boolean(false);
  }
  const expr::Type& type() const override { return type_; }
  std::span<const int> slots() const override {
    return programs_[0] == nullptr ? std::span<const int>() : programs_[0]->slots();
  }

 private:
  const std::vector<Rule>& variants_;  // of the Variants that hold this program's rule
  std::vector<ProgramPtr> programs_;
  int first_ = 0;
  bool differ_ = false;  // it reads a param that is not the same for all
  const expr::Type type_ = expr::Type::of(expr::Type::Kind::kBool);
};

bool reads_what_differs(const ProgramPtr& program, const Plan& a, const Plan& b) {
  if (program == nullptr) return false;
  const int first = first_param(a);
  return std::any_of(program->slots().begin(), program->slots().end(), [&](int slot) {
    const auto i = static_cast<size_t>(slot - first);
    return slot >= first && i < a.params.size() && !same_value(a.params[i].value, b.params[i].value);
  });
}

bool alike_params(const Plan& a, const Plan& b) {
  return std::equal(a.params.begin(), a.params.end(), b.params.begin(), b.params.end(),
                    [](const Param& x, const Param& y) {
                      if (x.name != y.name || x.by_cell != y.by_cell || x.overrides.size() != y.overrides.size())
                        return false;
                      if (!x.overrides.empty() && !same_value(x.value, y.value)) return false;
                      return std::all_of(x.overrides.begin(), x.overrides.end(), [&](const auto& o) {
                        const auto it = y.overrides.find(o.first);
                        return it != y.overrides.end() && same_value(it->second, o.second);
                      });
                    });
}

template <typename T>
void unite(std::vector<T>& marks, const std::vector<T>& more) {
  marks.insert(marks.end(), more.begin(), more.end());
  std::sort(marks.begin(), marks.end());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
}

}  // namespace

Poll::Poll(Ballot& ballot) { polled = &ballot; }
Poll::~Poll() { polled = nullptr; }

bool alike(const Rule& a, const Rule& b) {
  const Plan &x = a.plan, &y = b.plan;
  if (a.identity != b.identity || x.kind != y.kind || x.aggregates != y.aggregates || x.cells != y.cells) return false;
  if (x.duties != nullptr || y.duties != nullptr) return false;  // their keys begin without a row
  if (x.rises_only != y.rises_only || x.same.least != y.same.least) return false;
  if (!alike_params(x, y)) return false;
  const auto both = [](const ProgramPtr& p, const ProgramPtr& q) { return (p == nullptr) == (q == nullptr); };
  if (!both(x.fire, y.fire) || !both(x.resolve_when, y.resolve_when)) return false;
  if (reads_what_differs(x.resolve_when, x, y)) return false;
  return std::equal(x.severity.begin(), x.severity.end(), y.severity.begin(), y.severity.end(),
                    [&](const auto& p, const auto& q) { return p.severity == q.severity && both(p.when, q.when); });
}

Rule family(std::string id, std::vector<Rule> rules) {
  auto variants = std::make_shared<Variants>();
  variants->rules = std::move(rules);
  Rule out = variants->rules[0];
  out.id = std::move(id);
  variants->common = out;
  Plan& plan = variants->common.plan;
  for (const Rule& r : variants->rules) {
    unite(plan.elapsed_marks, r.plan.elapsed_marks);
    unite(plan.overdue_marks, r.plan.overdue_marks);
    unite(plan.gap_marks, r.plan.gap_marks);
    unite(plan.p_marks, r.plan.p_marks);
  }
  if (plan.fire != nullptr) {
    plan.fire = std::make_shared<PolledProgram>(variants->rules, [](const Rule& r) { return r.plan.fire; });
  }
  for (size_t i = 0; i < plan.severity.size(); ++i) {
    plan.severity[i].when =
        std::make_shared<PolledProgram>(variants->rules, [i](const Rule& r) { return r.plan.severity[i].when; });
  }
  out.variants = std::move(variants);
  return out;
}

}  // namespace tocsin::rule
