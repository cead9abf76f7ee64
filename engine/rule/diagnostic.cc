#include "rule/diagnostic.h"

#include <algorithm>

#include "base/display_width.h"
#include "base/json_writer.h"
#include "base/nearest.h"

namespace tocsin::rule {
namespace {

// Widest snippet shown, in terminal columns; a longer line is cut around the fault.
constexpr int kMaxWidth = 150;

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
    const bool blank = lead < 0x20 || lead == 0x7F || (n == 1 && lead >= 0x80);
    const int width = blank ? 1 : static_cast<int>(display_width(line.substr(i, n)));
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
