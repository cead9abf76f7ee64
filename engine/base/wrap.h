#pragma once
// Text that does not run out of the terminal.
#include <string>
#include <string_view>

namespace tocsin {

// The text in lines of at most `width` columns, the second and later ones after `indent`; broken at blanks, and between
// characters where East Asian text has none. What stands before the text on its first line is `taken` columns wide.
// Width 0: as it is.
std::string wrapped(std::string_view text, size_t width, std::string_view indent, size_t taken = 0);

}  // namespace tocsin
