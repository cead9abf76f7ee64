#include "rule/diagnostic.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/nearest.h"

namespace tocsin::rule {
namespace {

// Widest snippet shown, in terminal columns; a longer line is cut around the fault.
constexpr int kMaxWidth = 150;

struct Range {
  char32_t first, last;
};
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

struct Glyph {
  std::string_view bytes;
  int width;
};

// The line as it is shown: one glyph a character, control characters and broken bytes as one blank.
std::vector<Glyph> glyphs(std::string_view line) {
  std::vector<Glyph> out;
  for (size_t i = 0; i < line.size();) {
    const auto lead = static_cast<unsigned char>(line[i]);
    size_t n = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    n = std::min(n, line.size() - i);
    char32_t c = n == 1 ? lead : lead & (0xFFU >> (n + 1));
    for (size_t k = 1; k < n; ++k) c = (c << 6) | (static_cast<unsigned char>(line[i + k]) & 0x3FU);
    const bool blank = c < 0x20 || c == 0x7F || (n == 1 && lead >= 0x80);
    const int width = blank ? 1 : within(kZero, c) ? 0 : within(kWide, c) ? 2 : 1;
    out.push_back({blank ? std::string_view(" ") : line.substr(i, n), width});
    i += n;
  }
  return out;
}

struct Paint {
  bool on;
  std::string operator()(std::string_view code, std::string_view text) const {
    return on ? "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m" : std::string(text);
  }
};

// The source line, and below it a caret with an underline, aligned for wide characters.
void append_snippet(std::string& out, const Diagnostic& d, const Paint& paint) {
  const std::vector<Glyph> line = glyphs(d.snippet);
  const size_t at = std::min(static_cast<size_t>(std::max(d.column, 1) - 1), line.size());
  size_t first = 0;
  int before = 0;
  for (size_t i = 0; i < at; ++i) before += line[i].width;
  for (; first < at && before > kMaxWidth / 2; ++first) before -= line[first].width;
  std::string text = first > 0 ? "…" : "";
  int width = 0;
  size_t i = first;
  for (; i < line.size() && width < kMaxWidth; ++i) {
    text += line[i].bytes;
    width += line[i].width;
  }
  if (i < line.size()) text += "…";
  int underline = 0;
  for (size_t k = at; k < std::min(i, at + static_cast<size_t>(std::max(d.length, 1))); ++k) underline += line[k].width;
  const std::string number = std::to_string(d.line);
  const std::string margin(number.size() < 5 ? 5 - number.size() : 0, ' ');
  const int indent = before + (first > 0 ? 1 : 0);
  out += paint("34", margin + number + " | ") + text + "\n";
  out += paint("34", std::string(margin.size() + number.size(), ' ') + " | ");
  out += std::string(static_cast<size_t>(indent), ' ');
  out += paint("1;32", "^" + std::string(static_cast<size_t>(std::max(underline - 1, 0)), '~')) + "\n";
}

}  // namespace

std::string render(const Diagnostic& d, Language language, bool colour) {
  const Paint paint{colour};
  const bool zh = language == Language::kChinese;
  const bool error = d.level == Diagnostic::Level::kError;
  std::string place = d.file;
  if (d.line > 0) place += ":" + std::to_string(d.line) + ":" + std::to_string(std::max(d.column, 1));
  const std::string_view level = error ? (zh ? "错误" : "error") : (zh ? "警告" : "warning");
  std::string out = paint("1", place + ": ") + paint(error ? "1;31" : "1;35", std::string(level) + ": ");
  out += zh && !d.zh.empty() ? d.zh : d.en;
  if (!d.code.empty()) out += " [" + d.code + "]";
  out += "\n";
  if (d.line > 0) append_snippet(out, d, paint);
  const std::string& hint = zh && !d.hint_zh.empty() ? d.hint_zh : d.hint_en;
  if (!hint.empty()) out += paint("1;36", zh ? "      提示：" : "      hint: ") + hint + "\n";
  return out;
}

void append_json(std::string& out, const Diagnostic& d) {
  JsonWriter json(out);
  json.begin_object();
  json.field("level", d.level == Diagnostic::Level::kError ? "error" : "warning");
  json.field("file", d.file).field("line", int64_t{d.line}).field("column", int64_t{d.column});
  json.field("length", int64_t{d.length}).field("code", d.code);
  json.key("message").begin_object().field("zh", d.zh).field("en", d.en).end_object();
  if (!d.hint_en.empty()) {
    json.key("hint").begin_object().field("zh", d.hint_zh.empty() ? d.hint_en : d.hint_zh);
    json.field("en", d.hint_en).end_object();
  }
  json.field("snippet", d.snippet);
  json.end_object();
}

std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() < 2) return {};
  return std::string(nearest_word(word, candidates));
}

}  // namespace tocsin::rule
