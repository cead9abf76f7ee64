#pragma once
// Text to tokens, one at a time. Byte ranges are exact. The first fault ends the text: every token after it is kEnd.
#include <cstdint>
#include <string>
#include <string_view>

#include "expr/program.h"
#include "expr/slips.h"

namespace tocsin::expr {

struct Token {
  enum class Kind : uint8_t {  // clang-format off
    kEnd, kIdent, kInt, kUint, kDouble, kString, kBytes, kTrue, kFalse, kNull, kIn,
    kLeftParen, kRightParen, kLeftBracket, kRightBracket, kLeftBrace, kRightBrace, kComma, kDot, kColon, kQuestion,
    kPlus, kMinus, kStar, kSlash, kPercent, kNot, kAnd, kOr, kEqual, kUnequal, kLess, kLessEqual, kGreater,
    kGreaterEqual  // clang-format on
  };
  Kind kind = Kind::kEnd;
  uint32_t begin = 0, end = 0;
  std::string_view text;  // kIdent: the name; kString, kBytes: the decoded bytes, in the arena
  uint64_t whole = 0;     // kInt (magnitude, without sign), kUint
  double number = 0;      // kDouble
};

// A word of CEL's that cannot be a name: "for", "package" …
bool is_reserved(std::string_view word);

class Lexer {
 public:
  // `source` must be valid UTF-8 and, like `arena` and `faults`, outlive the lexer and its tokens.
  Lexer(std::string_view source, Arena& arena, Faults& faults) : source_(source), arena_(arena), faults_(faults) {}
  Token next();

 private:
  void skip_space();
  Token word();
  Token number();
  Token whole_number(uint32_t begin, std::string_view digits, int base);
  std::string duration_at(uint32_t begin) const;
  Token decimal_number(uint32_t begin, std::string_view digits);
  Token string(bool raw, bool bytes, uint32_t begin);
  bool escape(std::string& out, bool bytes);
  bool code_point(std::string& out, size_t digits, bool bytes, uint32_t begin);
  bool octal(std::string& out, bool bytes, uint32_t begin);
  Token symbol();
  Token stray();
  Token misspelt(const Slip& slip);
  Token unclosed(uint32_t begin, std::string_view close);
  Token token(Token::Kind kind, uint32_t begin);
  Token fault(uint32_t begin, uint32_t end, std::string en, std::string zh, std::string hint = {},
              std::string hint_zh = {});
  char at(size_t offset) const { return pos_ + offset < source_.size() ? source_[pos_ + offset] : '\0'; }

  std::string_view source_;
  Arena& arena_;
  Faults& faults_;
  size_t pos_ = 0;
};

}  // namespace tocsin::expr
