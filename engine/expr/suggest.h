#pragma once
// "Did you mean …?"
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::expr {

// The candidate nearest to `word`: at most a third of its length away (one edit at least), counting insertions,
// deletions, replacements and swaps of neighbours; the first of equally near ones. Empty when none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tocsin::expr
