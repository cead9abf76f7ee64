#pragma once
// "Did you mean …": the known word nearest to a mistyped one.
#include <span>
#include <string_view>

namespace tocsin {

// The candidate with the least edit distance (swaps of neighbours count one) to `word`, when it is at most a third of
// the word's length, at least one; the first of equals. Empty when none is near. Words past 64 bytes are never near.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace tocsin
