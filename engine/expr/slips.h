#pragma once
// Slips of the pen: what hands type that write Chinese, or that know another language's operators, and what CEL has for
// it. One table for expressions and for the names and durations beside them.
#include <string>
#include <string_view>

namespace tocsin::expr {

struct Slip {
  size_t length = 0;       // bytes of the text that are meant; 0: no slip stands here
  std::string_view meant;  // what to write instead
};
// The slip that `text` begins with: full-width punctuation, `≥`, `=>`, `且`. The longest one.
Slip slip_at(std::string_view text);
// The text with full-width letters, digits and punctuation as ASCII has them: "（１ｈ）" → "(1h)".
std::string narrowed(std::string_view text);
// Offset and length of the first full-width character in a text that should be ASCII, or npos.
size_t find_full_width(std::string_view text, size_t& length);
// The quote that ends a text opened with `open` as Chinese keyboards have it (“…”, ‘…’, 「…」), or empty.
std::string_view closing_quote(std::string_view open);

}  // namespace tocsin::expr
