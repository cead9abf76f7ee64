#include "base/wrap.h"

#include <algorithm>
#include <vector>

#include "base/display_width.h"

namespace tocsin {
namespace {

size_t character(std::string_view text) {
  size_t n = 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) ++n;
  return n;
}

// What is not broken: a word with the blanks before it, or one wide character.
std::string_view piece(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && text[n] == ' ') ++n;
  const size_t blanks = n;
  while (n < text.size() && text[n] != ' ') {
    const size_t size = character(text.substr(n));
    const bool wide = display_width(text.substr(n, size)) > 1;
    if (wide && n > blanks) break;
    n += size;
    if (wide) break;
  }
  return text.substr(0, std::max<size_t>(n, 1));
}

}  // namespace

std::string wrapped(std::string_view text, size_t width, std::string_view indent, size_t taken) {
  if (width == 0) return std::string(text);
  std::string out;
  size_t column = taken;
  const size_t margin = display_width(indent);
  bool begun = taken > margin;
  while (!text.empty()) {
    std::string_view next = piece(text);
    text.remove_prefix(next.size());
    if (begun && column + display_width(next) > width) {
      out.append("\n").append(indent);
      column = margin;
      begun = false;
    }
    if (!begun) next.remove_prefix(std::min(next.find_first_not_of(' '), next.size()));
    out.append(next);
    column += display_width(next);
    begun = begun || !next.empty();
  }
  return out;
}

}  // namespace tocsin
