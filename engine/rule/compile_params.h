#pragma once
// Compiling `params:`: their values, in all their towns or categories, of one type.
#include "rule/scope.h"

namespace tocsin::rule {

// Makes the params known in event scope and puts them into the plan; values given by options (backtest's --set) take
// the place of those written. False after a fault.
bool compile_params(const yaml::Reader& reader, const LoadOptions& options, RuleText& text, EventScope& events,
                    Cells& cells);

// Warns of params that no text of the rule reads. Precondition: the rule compiles.
void tell_unused_params(const yaml::Reader& reader, const RuleText& text);

}  // namespace tocsin::rule
