#include "runtime/horizon.h"

#include <algorithm>

namespace tocsin::runtime {

DurationMs horizon_of(const rule::RuleSet& rules) {
  DurationMs longest = 7 * kDayMs;
  for (const rule::Rule& r : rules.rules()) {
    DurationMs span = r.plan.within.amount;
    if (r.plan.within.unit == Span::Unit::kWorkingDays) span = (r.plan.within.amount * 2 + 10) * kDayMs;
    if (r.plan.within.unit == Span::Unit::kWorkingHours) span = r.plan.within.amount * 5 + 10 * kDayMs;
    if (r.plan.awaits()) span *= 2;  // the steps, then the deadline
    longest = std::max({longest, span, r.plan.quiet, r.plan.history});
  }
  return longest + 2 * kDayMs;
}

DurationMs warm_up_span(const rule::RuleSet& rules) {
  DurationMs lateness = 0;
  for (const rule::Rule& r : rules.rules()) lateness = std::max(lateness, r.plan.lateness);
  return horizon_of(rules) + lateness;
}

}  // namespace tocsin::runtime
