#pragma once
// The aggregate scope of one verdict: aggregates, the kind's own values, params, computed when they are first read.
#include <array>

#include "detect/aggregates.h"

namespace tocsin::detect {

// The kind's own values, by their place in kind_values(kind).
class KindScope {
 public:
  virtual ~KindScope() = default;
  virtual expr::Value kind_value(size_t index, Arena& arena) const = 0;
  // sequence: a cell of the event of `step` in the latest match; null where there is none.
  virtual expr::Value step_value(int /*step*/, int /*cell*/) const { return {}; }
};

class Scope final : public expr::Activation {
 public:
  // All arguments must outlive the scope; so must the rows. `subject`: the row whose cells pick the params.
  Scope(const Plan& plan, const RowsView& rows, const Tallies* tallies, PackedRow subject, const KindScope* kind,
        Arena& arena);
  expr::Value get(int slot) const override;
  size_t slots() const { return aggregates_ + kinds_ + plan_.params.size(); }
  const RowsView& rows() const { return rows_; }

 private:
  expr::Value compute(size_t slot) const;
  expr::Value param(const Param& p) const;

  static constexpr size_t kCached = 6;
  const Plan& plan_;
  const RowsView rows_;
  const Tallies* tallies_;
  const PackedRow subject_;
  const KindScope* kind_;
  Arena& arena_;
  const size_t aggregates_, kinds_;
  mutable uint32_t known_ = 0;
  mutable std::array<expr::Value, kCached> cache_;
};

// Whether the rule's `fire` holds. Without `fire` (absence): whether any rung of the ladder does. An error is false.
bool fires(const Plan& plan, const Scope& scope, Arena& arena);
// The first rung that holds; kBlue where the condition holds but no rung does (a ladder without its `true` rung).
Severity severity_of(const Plan& plan, const Scope& scope, Arena& arena);

}  // namespace tocsin::detect
