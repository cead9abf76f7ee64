#include "expr/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "expr/slips.h"
#include "expr/utf8.h"
#include "time/format.h"

namespace tocsin::expr {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

struct Symbol {
  std::string_view text;
  Kind kind;
};
// Longer ones first.
constexpr std::array<Symbol, 24> kSymbols = {
    {{"&&", Kind::kAnd},        {"||", Kind::kOr},           {"==", Kind::kEqual},    {"!=", Kind::kUnequal},
     {"<=", Kind::kLessEqual},  {">=", Kind::kGreaterEqual}, {"(", Kind::kLeftParen}, {")", Kind::kRightParen},
     {"[", Kind::kLeftBracket}, {"]", Kind::kRightBracket},  {"{", Kind::kLeftBrace}, {"}", Kind::kRightBrace},
     {",", Kind::kComma},       {".", Kind::kDot},           {":", Kind::kColon},     {"?", Kind::kQuestion},
     {"+", Kind::kPlus},        {"-", Kind::kMinus},         {"*", Kind::kStar},      {"/", Kind::kSlash},
     {"%", Kind::kPercent},     {"!", Kind::kNot},           {"<", Kind::kLess},      {">", Kind::kGreater}}};

constexpr std::array<std::string_view, 17> kReserved = {"as",        "break",  "const",  "continue", "else", "for",
                                                        "function",  "if",     "import", "let",      "loop", "package",
                                                        "namespace", "return", "var",    "void",     "while"};

}  // namespace

bool is_reserved(std::string_view word) {
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

Token Lexer::token(Kind kind, uint32_t begin) {
  Token t;
  t.kind = kind;
  t.begin = begin;
  t.end = static_cast<uint32_t>(pos_);
  return t;
}

Token Lexer::fault(uint32_t begin, uint32_t end, std::string en, std::string zh, std::string hint,
                   std::string hint_zh) {
  faults_.push_back({begin, end, "syntax", std::move(en), std::move(zh), std::move(hint), std::move(hint_zh)});
  pos_ = source_.size();
  Token t;
  t.begin = begin;
  t.end = end;
  return t;
}

void Lexer::skip_space() {
  while (pos_ < source_.size()) {
    const char c = source_[pos_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
      ++pos_;
    } else if (c == '/' && at(1) == '/') {
      pos_ = std::min(source_.find('\n', pos_), source_.size());
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  skip_space();
  const auto begin = static_cast<uint32_t>(pos_);
  if (pos_ == source_.size()) return token(Kind::kEnd, begin);
  const char c = source_[pos_];
  if (is_letter(c)) return word();
  if (is_digit(c) || (c == '.' && is_digit(at(1)))) return number();
  if (c == '"' || c == '\'') return string(false, false, begin);
  return symbol();
}

Token Lexer::word() {
  const auto begin = static_cast<uint32_t>(pos_);
  size_t n = 0;
  while (is_letter(at(n)) || is_digit(at(n))) ++n;
  const std::string_view text = source_.substr(pos_, n);
  pos_ += n;
  if (n <= 2 && (at(0) == '"' || at(0) == '\'')) {  // a string's prefix: r b rb br, in either case
    const bool raw = text.find_first_of("rR") != text.npos;
    const bool bytes = text.find_first_of("bB") != text.npos;
    if (n == static_cast<size_t>(raw) + static_cast<size_t>(bytes)) return string(raw, bytes, begin);
  }
  Kind kind = Kind::kIdent;
  if (text == "true") kind = Kind::kTrue;
  if (text == "false") kind = Kind::kFalse;
  if (text == "null") kind = Kind::kNull;
  if (text == "in") kind = Kind::kIn;
  Token t = token(kind, begin);
  t.text = text;
  return t;
}

Token Lexer::number() {
  const auto begin = static_cast<uint32_t>(pos_);
  if (at(0) == '0' && (at(1) == 'x' || at(1) == 'X') && hex_digit(at(2)) >= 0) {
    pos_ += 2;
    size_t n = 0;
    while (hex_digit(at(n)) >= 0) ++n;
    const std::string_view digits = source_.substr(pos_, n);
    pos_ += n;
    return whole_number(begin, digits, 16);
  }
  size_t n = 0;
  bool decimal = false;
  while (is_digit(at(n))) ++n;
  if (at(n) == '.' && is_digit(at(n + 1))) {
    decimal = true;
    for (++n; is_digit(at(n));) ++n;
  }
  const size_t sign = at(n + 1) == '+' || at(n + 1) == '-' ? 1 : 0;
  if ((at(n) == 'e' || at(n) == 'E') && is_digit(at(n + 1 + sign))) {
    decimal = true;
    for (n += 2 + sign; is_digit(at(n));) ++n;
  }
  const std::string_view digits = source_.substr(pos_, n);
  pos_ += n;
  return decimal ? decimal_number(begin, digits) : whole_number(begin, digits, 10);
}

// The duration that stands bare at `begin` ("48h" of `overdue >= 48h`), or empty.
std::string Lexer::duration_at(uint32_t begin) const {
  size_t end = begin;
  while (end < source_.size() && (is_digit(source_[end]) || is_letter(source_[end]))) ++end;
  std::string text(source_.substr(begin, end - begin));
  return parse_duration(text) ? text : std::string();
}

Token Lexer::whole_number(uint32_t begin, std::string_view digits, int base) {
  Token t;
  const bool is_unsigned = at(0) == 'u' || at(0) == 'U';
  pos_ += is_unsigned ? 1 : 0;
  const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), t.whole, base);
  const auto end = static_cast<uint32_t>(pos_);
  // 2^63 itself is good only behind a minus, which the parser sees.
  if (r.ec != std::errc() || (!is_unsigned && t.whole > uint64_t{1} << 63)) {
    return fault(begin, end, "This whole number is too large for 64 bits.", "这个整数超出 64 位的范围。");
  }
  if (is_letter(at(0)) || is_digit(at(0))) {
    const std::string meant = duration_at(begin);
    if (!meant.empty()) {
      return fault(begin, end + 1, "A number runs into a name here.", "数字后面直接跟着名称。",
                   "write duration(\"" + meant + "\")", "请写 duration(\"" + meant + "\")");
    }
    return fault(begin, end + 1, "A number runs into a name here.", "数字后面直接跟着名称。",
                 "durations are written duration(\"15m\"), texts in quotes",
                 "时长写作 duration(\"15m\")，文本要加引号");
  }
  const uint64_t whole = t.whole;
  t = token(is_unsigned ? Kind::kUint : Kind::kInt, begin);
  t.whole = whole;
  return t;
}

Token Lexer::decimal_number(uint32_t begin, std::string_view digits) {
  double v = 0;
  const std::string padded = digits[0] == '.' ? "0" + std::string(digits) : std::string(digits);
  const auto r = std::from_chars(padded.data(), padded.data() + padded.size(), v);
  if (r.ec == std::errc::result_out_of_range && v != 0) v = 0;
  if (r.ec == std::errc::result_out_of_range && digits.find("e-") == digits.npos && digits.find("E-") == digits.npos) {
    return fault(begin, static_cast<uint32_t>(pos_), "This number is too large for a double.",
                 "这个数超出双精度浮点数的范围。");
  }
  Token t = token(Kind::kDouble, begin);
  t.number = v;
  return t;
}

Token Lexer::string(bool raw, bool bytes, uint32_t begin) {
  const char quote = at(0);
  const bool triple = at(1) == quote && at(2) == quote;
  const std::string_view close = source_.substr(pos_, triple ? 3 : 1);
  pos_ += close.size();
  std::string out;
  while (source_.substr(pos_, close.size()) != close) {
    if (pos_ >= source_.size() || (!triple && (at(0) == '\n' || at(0) == '\r'))) {
      return unclosed(begin, close);
    }
    if (at(0) == '\\' && !raw) {
      if (!escape(out, bytes)) return token(Kind::kEnd, begin);
    } else {
      out += source_[pos_++];
    }
  }
  pos_ += close.size();
  Token t = token(bytes ? Kind::kBytes : Kind::kString, begin);
  t.text = arena_.copy(out);
  return t;
}

// One escape sequence at the backslash; false after a fault.
bool Lexer::escape(std::string& out, bool bytes) {
  static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
  static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
  const auto begin = static_cast<uint32_t>(pos_);
  const char c = at(1);
  if (const size_t i = kNames.find(c); c != '\0' && i != kNames.npos) {
    out += kValues[i];
    pos_ += 2;
    return true;
  }
  if (c == 'x' || c == 'X') return code_point(out, 2, bytes, begin);
  if (c == 'u' && !bytes) return code_point(out, 4, bytes, begin);
  if (c == 'U' && !bytes) return code_point(out, 8, bytes, begin);
  if (c >= '0' && c <= '3') return octal(out, bytes, begin);
  const size_t n = pos_ + 1 < source_.size() ? code_point_length(c) : 0;
  fault(begin, static_cast<uint32_t>(begin + 1 + n), "There is no such escape sequence.", "没有这种转义序列。",
        "write \\\\ for a backslash, or r\"…\" for a text without escapes",
        "反斜杠写作 \\\\，不要转义的文本写作 r\"…\"");
  return false;
}

bool Lexer::code_point(std::string& out, size_t digits, bool bytes, uint32_t begin) {
  uint32_t c = 0;
  bool good = true;
  for (size_t i = 0; i < digits; ++i) {
    const int d = hex_digit(at(2 + i));
    good = good && d >= 0;
    c = c << 4 | static_cast<uint32_t>(d & 15);
  }
  if (!good || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    const auto end = static_cast<uint32_t>(std::min(pos_ + 2, source_.size()));
    fault(begin, end, "This escape sequence is not a character.", "这个转义序列不是有效字符。");
    return false;
  }
  pos_ += 2 + digits;
  if (bytes) {
    out += static_cast<char>(c);
  } else {
    append_code_point(out, c);
  }
  return true;
}

bool Lexer::octal(std::string& out, bool bytes, uint32_t begin) {
  uint32_t c = 0;
  for (size_t i = 1; i <= 3; ++i) {
    if (at(i) < '0' || at(i) > '7') {
      fault(begin, static_cast<uint32_t>(std::min(pos_ + 2, source_.size())),
            "An octal escape sequence has three digits, \\000 to \\377.",
            "八进制转义序列须为三位数字，\\000 至 \\377。");
      return false;
    }
    c = c * 8 + static_cast<uint32_t>(at(i) - '0');
  }
  pos_ += 4;
  if (bytes) {
    out += static_cast<char>(c);
  } else {
    append_code_point(out, c);
  }
  return true;
}

Token Lexer::symbol() {
  const auto begin = static_cast<uint32_t>(pos_);
  if (const Slip slip = slip_at(source_.substr(pos_)); slip.length > 1) return stray();  // `=>`, `<>`, `===`
  for (const Symbol& s : kSymbols) {
    if (source_.substr(pos_, s.text.size()) != s.text) continue;
    pos_ += s.text.size();
    return token(s.kind, begin);
  }
  return stray();
}

// Something else stands where CEL has `slip.meant`; around a text in Chinese quotes the fault is the whole text.
Token Lexer::misspelt(const Slip& slip) {
  const auto begin = static_cast<uint32_t>(pos_);
  const std::string typed(source_.substr(pos_, slip.length));
  const std::string_view close = closing_quote(typed);
  const size_t end = close.empty() ? source_.npos : source_.find(close, pos_ + slip.length);
  if (end != source_.npos) {
    const std::string inner(source_.substr(pos_ + slip.length, end - pos_ - slip.length));
    const char* quote = slip.meant == "'" ? "'" : "\"";
    const std::string meant = quote + inner + quote;
    return fault(begin, static_cast<uint32_t>(end + close.size()), "A text stands in \" or ', not in `" + typed + "`.",
                 "文本要用 \" 或 ' 括起，不能用 `" + typed + "`。", "write `" + meant + "`", "请写 `" + meant + "`");
  }
  const std::string meant = slip.meant == " " ? "a blank" : "`" + std::string(slip.meant) + "`";
  const std::string meant_zh = slip.meant == " " ? "半角空格" : meant;
  return fault(begin, static_cast<uint32_t>(begin + slip.length), "`" + typed + "` has no meaning here.",
               "此处不能用 `" + typed + "`。", "write " + meant, "请写 " + meant_zh);
}

// A text that is closed by a Chinese quote, or by none.
Token Lexer::unclosed(uint32_t begin, std::string_view close) {
  for (const std::string_view typed : {"”", "’", "＂", "“", "‘"}) {
    const size_t found = source_.substr(0, pos_).find(typed, begin + close.size());
    if (found == source_.npos) continue;
    const std::string quote(close);
    return fault(static_cast<uint32_t>(found), static_cast<uint32_t>(found + typed.size()),
                 "`" + std::string(typed) + "` does not close this text.",
                 "`" + std::string(typed) + "` 不能结束这段文本。", "write `" + quote + "`", "请写 `" + quote + "`");
  }
  return fault(begin, static_cast<uint32_t>(pos_), "This text has no closing quote.", "这段文本缺少右引号。");
}

// A character that no token starts with.
Token Lexer::stray() {
  const auto begin = static_cast<uint32_t>(pos_);
  if (const Slip slip = slip_at(source_.substr(pos_)); slip.length > 0) return misspelt(slip);
  const size_t n = std::min(code_point_length(source_[pos_]), source_.size() - pos_);
  const auto c = static_cast<unsigned char>(source_[pos_]);
  const std::string shown =
      c < 0x20 || c == 0x7F ? std::string("a control character") : "`" + std::string(source_.substr(pos_, n)) + "`";
  const std::string shown_zh = c < 0x20 || c == 0x7F ? std::string("控制字符") : shown;
  return fault(begin, static_cast<uint32_t>(begin + n), "An expression cannot contain " + shown + " outside of a text.",
               "表达式的文本之外不能出现 " + shown_zh + "。", c >= 0x80 ? "put texts in quotes" : "",
               c >= 0x80 ? "文本要加引号" : "");
}

}  // namespace tocsin::expr
