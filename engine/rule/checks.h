#pragma once
// Static checks of a rule's conditions, and what a detector must know of them in advance.
#include "rule/scope.h"

namespace tocsin::rule {

// A program that needs no variable and answers `value`.
bool is_constant(const ProgramPtr& program, bool value);

// Reports a condition that can never hold, by its thresholds (count() over the bound, distinct(source) over the number
// of sources). `e` has been compiled in the aggregate scope.
bool can_hold(const yaml::Reader& reader, const Rule& rule, const AggregateScope& scope, const Expression& e);

// absence: collects the shares and offsets at which a condition may change (elapsed >= 1.5, overdue >= duration("48h"))
// into the plan's marks. A use of elapsed or overdue that tells no such point is a fault. Sets `mentions` when the
// condition speaks of time at all.
bool collect_marks(const yaml::Reader& reader, AggregateScope& scope, const Expression& e, detect::Plan& plan,
                   bool& mentions);

}  // namespace tocsin::rule
