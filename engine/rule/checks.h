#pragma once
// Static checks of a rule's conditions, and what a detector must know of them in advance.
#include <span>

#include "rule/scope.h"

namespace tocsin::rule {

// A program that needs no variable and answers `value`.
bool is_constant(const ProgramPtr& program, bool value);

// Reports a condition of single events that none can meet: a comparison beyond what its field can be, or two that
// exclude each other. `own` may be null; it stands beside `where`. Both have been resolved. An error, and false, where
// `strict`; else a warning: rules made by a program (by area and category) may well hold some that nothing meets.
bool can_match(const yaml::Reader& reader, const Rule& rule, const Expression& where, const Expression& own,
               const expr::Node* own_root, bool strict);

// Reports a condition that can never hold, by its thresholds (count() over the bound, distinct(source) over the number
// of sources, for a param's default or an override) or by two of them. `e` has been compiled in the aggregate scope.
// Params are looked at unless the caller tries values of them.
bool can_hold(const yaml::Reader& reader, const Rule& rule, const AggregateScope& scope, const Expression& e,
              bool with_params);
// Warns of thresholds of a sound condition that always hold (count() >= 0), for a param's default or an override.
void tell_certain(const yaml::Reader& reader, const Rule& rule, const AggregateScope& scope, const Expression& e);
// Whether the last of these conditions, a rung of the ladder, can hold where none of the graver ones before it does.
bool rung_reachable(const AggregateScope& scope, std::span<const Expression* const> rungs);
// Whether `fire` can hold where none of the graver rungs does, for a param's default or one of its overrides.
bool rung_reachable_under(const Rule& rule, const AggregateScope& scope, const Expression& fire,
                          std::span<const Expression* const> graver);

// absence: collects the shares and offsets at which a condition may change (elapsed >= 1.5, overdue >= duration("48h"))
// into the plan's marks. A use of elapsed or overdue that tells no such point is a fault. Sets `mentions` when the
// condition speaks of time at all.
bool collect_marks(const yaml::Reader& reader, AggregateScope& scope, const Expression& e, detect::Plan& plan,
                   bool& mentions);

// sequence: resolve.when speaks of what comes after the match, so a step's name in it is a fault.
bool names_no_step(const yaml::Reader& reader, const detect::Plan& plan, const Expression& e);

// sequence: takes away what `fewer` does not ask for. For near misses; the rule is compiled.
void ask_less(const FewerSteps& fewer, DurationMs longest, Rule& rule);

}  // namespace tocsin::rule
