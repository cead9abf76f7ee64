#pragma once
// `same` of the kind similar: from a condition over two events to detect::Same.
//
// Its names are reporter_same, place_same, case_same, category_same (top level) and likeness; beside them params of one
// value. likeness may only be compared with values, and being more alike must not make two events less the same, so the
// condition is a table of sixteen thresholds: the engine needs no program to judge a pair, and knows from which
// likeness on its index must find one.
#include <string>
#include <vector>

#include "detect/same.h"
#include "rule/scope.h"

namespace tocsin::rule {

// Two events of different reporters, places and cases are never one matter below this likeness: too many would be.
inline constexpr double kLeastLikeness = 0.2;

// A name of the scope of two events.
struct PairValue {
  std::string_view name;
  expr::Type::Kind type;
  std::string_view zh, doc;
};
std::span<const PairValue> pair_values();

// Fills out.least. Appends faults and answers false where there are any.
bool compile_same(const yaml::Reader& reader, const yaml::Node& node, const std::vector<ParamValue>& params,
                  detect::Same& out);
// The table as text: equal for conditions that mean the same.
std::string identity_of(const detect::Same& same);
// The text's fingerprint (event/likeness.h) as a program of the event scope; empty for an event without a text.
ProgramPtr fingerprint_of_text(const TimeZone& zone);
// Reports a `resolve.when` of a kind whose groups only end by quiet (cluster, similar): it would never be looked at.
bool check_of_groups(const yaml::Reader& reader, const RuleText& text);
// Reports a `fire` that reads a value of the whole matter (likeness, matter): it is judged around single events, before
// there is a matter.
bool check_of_events(const yaml::Reader& reader, const Rule& rule, const Expression& fire, const ProgramPtr& program);

}  // namespace tocsin::rule
