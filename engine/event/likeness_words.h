#pragma once
// Words that stand in any report and tell no matter from another. The list is fixed: changing it changes likeness, and
// with it what rules in force take for one matter, so a change of it is a change of the engine's version.
#include <cstddef>
#include <string_view>

namespace tocsin {

// Bytes of the longest common phrase that `text` begins with; 0: none.
size_t common_phrase(std::string_view text);
// Particles, pronouns, measures of time: 的 了 是 我 年 …
bool is_common_ideograph(char32_t c);
// `word` in small letters, its plural s taken off.
bool is_common_word(std::string_view word);

}  // namespace tocsin
