// From bytes of a scalar's value back to the text of the file, and from offsets to lines and columns.
#include <algorithm>

#include "rule/yaml_file.h"

namespace tocsin::rule::yaml {
namespace {

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

size_t characters(std::string_view bytes) {
  return static_cast<size_t>(std::count_if(bytes.begin(), bytes.end(),
                                           [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Walks value and text side by side. Where they do not match (which would be our mistake) the rest of the value maps to
// where the walk stopped: a place on the right line at worst.
class Walk {
 public:
  Walk(std::string_view text, const Node& node) : text_(text), value_(node.value), p_(node.begin) {}

  std::vector<uint32_t> run(bool plain) {
    out_.reserve(value_.size() + 1);
    skip_properties();
    const char c = peek();
    if (plain) {
      flow(0);
    } else if (c == '"' || c == '\'') {
      ++p_;
      flow(c);
    } else if (c == '|' || c == '>') {
      block();
    }
    while (out_.size() < value_.size()) mark();
    if (!plain && (peek() == '"' || peek() == '\'')) ++p_;
    out_.push_back(static_cast<uint32_t>(std::min(p_, text_.size())));
    return std::move(out_);
  }

 private:
  char peek(size_t ahead = 0) const { return p_ + ahead < text_.size() ? text_[p_ + ahead] : '\0'; }
  bool done() const { return out_.size() >= value_.size(); }
  void mark() { out_.push_back(static_cast<uint32_t>(std::min(p_, text_.size()))); }

  // Tags and anchors before the scalar itself.
  void skip_properties() {
    while (peek() == '!' || peek() == '&') {
      while (p_ < text_.size() && !blank(peek())) ++p_;
      while (p_ < text_.size() && blank(peek())) ++p_;
    }
  }

  // Plain (quote 0), single- or double-quoted: white space around a line break is folded.
  void flow(char quote) {
    while (!done() && p_ < text_.size()) {
      const char c = peek();
      if (quote != 0 && c == quote) {
        if (quote != '\'' || peek(1) != '\'') return;
        mark();
        p_ += 2;
      } else if (quote == '"' && c == '\\') {
        escape();
      } else if (blank(c)) {
        fold();
      } else {
        if (c != value_[out_.size()]) return;
        mark();
        ++p_;
      }
    }
  }

  // White space: as it stands within a line; across lines one break is a blank, n breaks are n - 1.
  void fold() {
    size_t end = p_, breaks = 0;
    for (; end < text_.size() && blank(text_[end]); ++end) breaks += text_[end] == '\n' ? 1 : 0;
    if (breaks == 0) {
      for (; p_ < end && !done(); ++p_) mark();
    } else {
      for (size_t i = 0; i < std::max<size_t>(1, breaks - 1) && !done(); ++i) mark();
    }
    p_ = end;
  }

  // An escape of a double-quoted text stands for one to four bytes, or for a line break that is none.
  void escape() {
    const char kind = peek(1);
    if (kind == '\n' || kind == '\r') {
      ++p_;
      while (p_ < text_.size() && blank(peek())) ++p_;
      return;
    }
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    do {
      mark();
    } while (!done() && (static_cast<unsigned char>(value_[out_.size()]) & 0xC0U) == 0x80U);
    p_ += 2 + digits;
  }

  // | and >: indented lines below a header line.
  void block() {
    const bool folded = peek() == '>';
    size_t indent = 0;
    while (p_ < text_.size() && peek() != '\n') ++p_;
    if (p_ < text_.size()) ++p_;
    for (size_t q = p_; q < text_.size(); ++q) {  // of the first line that is not blank
      if (text_[q] == '\n') {
        indent = 0;
      } else if (text_[q] == ' ') {
        ++indent;
      } else if (text_[q] != '\r') {
        break;
      }
    }
    const size_t first = value_.find_first_not_of('\n');
    if (first != std::string_view::npos) {  // blanks that an indentation indicator keeps
      const size_t kept = std::min(value_.find_first_not_of(' ', first), value_.size()) - first;
      indent -= std::min(indent, kept);
    }
    while (!done() && p_ < text_.size()) {
      for (size_t i = 0; i < indent && peek() == ' ' && value_[out_.size()] != '\n'; ++i) ++p_;
      while (!done() && p_ < text_.size() && peek() != '\n' && peek() == value_[out_.size()]) {
        mark();
        ++p_;
      }
      if (peek() == '\r') ++p_;
      if (peek() != '\n') return;
      if (!done() && (value_[out_.size()] == '\n' || (folded && value_[out_.size()] == ' '))) mark();
      ++p_;
    }
  }

  std::string_view text_;
  std::string_view value_;
  size_t p_;
  std::vector<uint32_t> out_;
};

}  // namespace

size_t utf8_length(std::string_view text, size_t i) {
  const auto byte = [&](size_t k) { return k < text.size() ? static_cast<unsigned char>(text[k]) : 0U; };
  const unsigned a = byte(i), b = byte(i + 1), c = byte(i + 2), d = byte(i + 3);
  const auto tail = [](unsigned x) { return (x & 0xC0U) == 0x80U; };
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF && tail(b)) return 2;
  if (a >= 0xE0 && a <= 0xEF && tail(b) && tail(c)) {
    if ((a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F)) return 0;
    return 3;
  }
  if (a >= 0xF0 && a <= 0xF4 && tail(b) && tail(c) && tail(d)) {
    if ((a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

Place Document::place(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  const auto next = std::upper_bound(lines_.begin(), lines_.end(), offset);
  const auto line = static_cast<size_t>(next - lines_.begin());
  const uint32_t start = lines_[line - 1];
  std::string_view before = std::string_view(text_).substr(start, offset - start);
  if (line == 1 && before.starts_with("\xEF\xBB\xBF")) before.remove_prefix(3);
  return {static_cast<int>(line), static_cast<int>(characters(before)) + 1};
}

std::string_view Document::line(uint32_t offset) const {
  const size_t start = lines_[static_cast<size_t>(place(offset).line) - 1];
  std::string_view rest = std::string_view(text_).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  if (start == 0 && rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  return rest;
}

std::vector<uint32_t> Document::offsets(const Node& scalar) const {
  if (!scalar.is_scalar() || !scalar.verbatim) return std::vector<uint32_t>(scalar.value.size() + 1, scalar.begin);
  return Walk(text_, scalar).run(scalar.plain);
}

Diagnostic Document::at(uint32_t offset, uint32_t length) const {
  const Place p = place(offset);
  const std::string_view shown = line(offset);
  const size_t line_end = lines_[static_cast<size_t>(p.line) - 1] + shown.size();
  const size_t end = std::max<size_t>(offset, std::min<size_t>(offset + length, line_end));
  Diagnostic d;
  d.file = path_;
  d.line = p.line;
  d.column = p.column;
  d.length = std::max(1, static_cast<int>(characters(
                             std::string_view(text_).substr(std::min<size_t>(offset, text_.size()), end - offset))));
  // Broken bytes and control characters of the file must not reach a terminal or a JSON report.
  for (size_t i = 0; i < shown.size() && d.snippet.size() < 4096;) {
    const size_t n = utf8_length(shown, i);
    if (n > 1 || (n == 1 && static_cast<unsigned char>(shown[i]) >= 0x20))
      d.snippet.append(shown.substr(i, n));
    else
      d.snippet.push_back(n == 0 ? '?' : ' ');
    i += std::max<size_t>(n, 1);
  }
  return d;
}

}  // namespace tocsin::rule::yaml
