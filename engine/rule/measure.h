#pragma once
// What a baseline measures, and whether its `fire` asks for a rise.
#include "detect/plan.h"
#include "rule/expression.h"

namespace tocsin::rule {

// `measure`: count(), ratio(condition, condition) or avg(number), by the form of the parsed expression. False after a
// fault.
bool read_measure(const yaml::Reader& reader, const Expression& e, detect::Measure& out);
// Whether a resolved expression is a number; a fault where it is not.
bool expect_number(const yaml::Reader& reader, const Expression& e, const expr::Node& node);
// Whether the condition can hold only when more is observed than expected: observed > expected, ratio >= 2.0 …
// Conservative: false where it is not plain. Only for counts.
bool asks_for_rise(const detect::Plan& plan, const expr::Node& fire);

}  // namespace tocsin::rule
