#include "base/display_width.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tocsin {
namespace {

struct Range {
  char32_t first, last;
};
// Unicode's East Asian wide and full-width blocks, and the emoji that terminals draw wide.
constexpr std::array<Range, 14> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0x9FFF},
                                          {0xA000, 0xA4CF},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE4F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1F64F},
                                          {0x1F900, 0x1F9FF},
                                          {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 3> kZero = {{{0x0300, 0x036F}, {0x200B, 0x200F}, {0xFE00, 0xFE0F}}};

template <size_t N>
bool within(const std::array<Range, N>& table, char32_t c) {
  return std::any_of(table.begin(), table.end(), [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// Bytes of the character at the front, and its columns.
struct Glyph {
  size_t bytes, width;
};
Glyph front(std::string_view s) {
  const auto lead = static_cast<unsigned char>(s[0]);
  const size_t n = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (n == 1 || n > s.size()) return {1, 1};
  char32_t c = lead & (0xFFU >> (n + 1));
  for (size_t i = 1; i < n; ++i) c = c << 6 | (static_cast<unsigned char>(s[i]) & 0x3FU);
  return {n, within(kZero, c) ? 0U : within(kWide, c) ? 2U : 1U};
}

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const Glyph g = front(text);
    width += g.width;
    text.remove_prefix(g.bytes);
  }
  return width;
}

std::string cut_to_width(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::string out;
  for (size_t used = 0; !text.empty();) {
    const Glyph g = front(text);
    if (used + g.width + 1 > width) break;
    used += g.width;
    out.append(text.substr(0, g.bytes));
    text.remove_prefix(g.bytes);
  }
  return out + "…";
}

}  // namespace tocsin
