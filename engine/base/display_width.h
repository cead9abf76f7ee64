#pragma once
// How wide a text is on a terminal.
#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin {

// Columns that UTF-8 text takes: 2 for an East Asian wide character or an emoji, 0 for a combining or invisible one, 1
// for any other, broken bytes and control characters too.
size_t display_width(std::string_view text);
// The text in at most `width` columns; what had to be cut ends with "…". Precondition: width >= 1.
std::string cut_to_width(std::string_view text, size_t width);

}  // namespace tocsin
