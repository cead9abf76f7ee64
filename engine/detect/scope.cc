#include "detect/scope.h"

namespace tocsin::detect {

using expr::Value;

Scope::Scope(const Plan& plan, const RowsView& rows, const Tallies* tallies, PackedRow subject, const KindScope* kind,
             Arena& arena)
    : plan_(plan),
      rows_(rows),
      tallies_(tallies),
      subject_(subject),
      kind_(kind),
      arena_(arena),
      aggregates_(plan.aggregates.size()),
      kinds_(own_values(plan)) {}

Value Scope::get(int slot) const {
  const auto s = static_cast<size_t>(slot);
  if (s >= slots()) return {};
  if (s >= kCached) return compute(s);
  if ((known_ >> s & 1) == 0) {
    cache_[s] = compute(s);
    known_ |= uint32_t{1} << s;
  }
  return cache_[s];
}

Value Scope::compute(size_t slot) const {
  if (slot < aggregates_) {
    const Aggregate& a = plan_.aggregates[slot];
    if (a.op == AggregateOp::kStep) return kind_ == nullptr ? Value() : kind_->step_value(a.n, a.cell);
    return aggregate(plan_, slot, rows_, tallies_, arena_);
  }
  slot -= aggregates_;
  if (slot < kinds_) return kind_ == nullptr ? Value() : kind_->kind_value(slot, arena_);
  return param(plan_.params[slot - kinds_]);
}

Value Scope::param(const Param& p) const {
  if (p.by_cell < 0 || !subject_.valid() || p.by_cell >= subject_.cells() || p.overrides.empty()) return p.value;
  const Value by = subject_.value(p.by_cell);
  if (by.is(expr::Tag::kNull)) return p.value;
  std::string text;
  if (by.is(expr::Tag::kString)) {
    text = by.str();
  } else {
    expr::append_text(text, by);
  }
  const auto it = p.overrides.find(text);
  return it == p.overrides.end() ? p.value : it->second;
}

bool fires(const Plan& plan, const Scope& scope, Arena& arena) {
  if (plan.fire != nullptr) return plan.fire->evaluate(scope, arena).is_true();
  for (const Rung& rung : plan.severity) {
    if (rung.when == nullptr || rung.when->evaluate(scope, arena).is_true()) return true;
  }
  return false;
}

Severity severity_of(const Plan& plan, const Scope& scope, Arena& arena) {
  for (const Rung& rung : plan.severity) {
    if (rung.when == nullptr || rung.when->evaluate(scope, arena).is_true()) return rung.severity;
  }
  return Severity::kBlue;
}

}  // namespace tocsin::detect
