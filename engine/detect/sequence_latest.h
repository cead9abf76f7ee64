#pragma once
// sequence: the latest match of a verdict, so that conditions and texts can speak of `threat.place`.
#include <array>
#include <vector>

#include "detect/scope.h"

namespace tocsin::detect {

class LatestMatch final : public KindScope {
 public:
  explicit LatestMatch(const Plan& plan) : plan_(plan) {}
  // `step` counts the positive ones. `index`: where the row stands; SIZE_MAX for one that has gone.
  void set(size_t step, size_t index, PackedRow row) {
    rows_[step] = row;
    at_[step] = index;
  }
  bool has(size_t step) const { return rows_[step].valid(); }
  const PackedRow& row(size_t step) const { return rows_[step]; }
  // Bit i: row `index` is positive step i.
  uint32_t steps_at(size_t index) const {
    uint32_t out = 0;
    for (size_t i = 0; i < kMaxSteps; ++i) out |= has(i) && at_[i] == index ? 1U << i : 0;
    return out;
  }

  expr::Value kind_value(size_t, Arena&) const override { return {}; }
  expr::Value step_value(int step, int cell) const override {
    size_t positive = 0;
    for (int i = 0; i < step; ++i) positive += plan_.steps[static_cast<size_t>(i)].negated ? 0 : 1;
    const bool known = positive < kMaxSteps && has(positive) && cell >= 0 && cell < row(positive).cells();
    return known ? row(positive).value(cell) : expr::Value();
  }

 private:
  const Plan& plan_;
  std::array<PackedRow, kMaxSteps> rows_;
  std::array<size_t, kMaxSteps> at_{};
};

// The rows as aggregates read them; they must outlive the view.
inline RowsView view_of(const std::vector<PackedRow>& rows) {
  const auto at = [](const void* owner, size_t i) { return (*static_cast<const std::vector<PackedRow>*>(owner))[i]; };
  return {&rows, at, 0, rows.size()};
}

}  // namespace tocsin::detect
