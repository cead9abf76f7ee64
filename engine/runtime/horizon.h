#pragma once
// How far back rules look: how long ids are remembered, and how much of the log warms a rule up.
#include "rule/rule_set.h"

namespace tocsin::runtime {

// The longest time that an event can matter to one of the rules.
DurationMs horizon_of(const rule::RuleSet& rules);
// The same and what may come late.
DurationMs warm_up_span(const rule::RuleSet& rules);

}  // namespace tocsin::runtime
