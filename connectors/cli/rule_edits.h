#pragma once
// Rules that were edited and kept their `version`: alerts told before and after the edit then name the same version
// under two texts.
#include <vector>

#include "rule/rule_set.h"

namespace tocsin::cli {

// A warning at each rule of `after` that says something else than the rule of this id in `before` under the same
// version. Blank lines, lines of comment and `tests:` are no part of what it says.
void warn_of_edits(const rule::RuleSet& before, const rule::RuleSet& after, std::vector<rule::Diagnostic>& out);

}  // namespace tocsin::cli
