#include "expr/slips.h"

#include <algorithm>
#include <array>

#include "expr/utf8.h"

namespace tocsin::expr {
namespace {

struct Replacement {
  std::string_view typed, meant;
};
constexpr std::array<Replacement, 83> kReplacements = {{
    {"（", "("},    {"）", ")"},        {"［", "["},        {"］", "]"},      {"【", "["},    {"】", "]"},
    {"〔", "["},    {"〕", "]"},        {"｛", "{"},        {"｝", "}"},      {"，", ","},    {"、", ","},
    {"。", "."},    {"．", "."},        {"：", ":"},        {"？", "?"},      {"“", "\""},    {"”", "\""},
    {"„", "\""},    {"＂", "\""},       {"「", "\""},       {"」", "\""},     {"『", "\""},   {"』", "\""},
    {"‘", "'"},     {"’", "'"},         {"＇", "'"},        {"＋", "+"},      {"－", "-"},    {"—", "-"},
    {"–", "-"},     {"＊", "*"},        {"×", "*"},         {"／", "/"},      {"÷", "/"},     {"％", "%"},
    {"！", "!"},    {"¬", "!"},         {"≥", ">="},        {"≧", ">="},      {"⩾", ">="},    {"＞＝", ">="},
    {"＞=", ">="},  {">＝", ">="},      {"》=", ">="},      {"》＝", ">="},   {"=>", ">="},   {"≤", "<="},
    {"≦", "<="},    {"⩽", "<="},        {"＜＝", "<="},     {"＜=", "<="},    {"<＝", "<="},  {"《=", "<="},
    {"《＝", "<="}, {"=<", "<="},       {"≠", "!="},        {"！＝", "!="},   {"！=", "!="},  {"!＝", "!="},
    {"<>", "!="},   {"＞", ">"},        {"》", ">"},        {"＜", "<"},      {"《", "<"},    {"＝＝", "=="},
    {"===", "=="},  {"＝", "=="},       {"=", "=="},        {"＆＆", "&&"},   {"＆", "&&"},   {"&", "&&"},
    {"｜｜", "||"}, {"｜", "||"},       {"|", "||"},        {"并且", "&&"},   {"且", "&&"},   {"或者", "||"},
    {"或", "||"},   {"大于等于", ">="}, {"小于等于", "<="}, {"不等于", "!="}, {"等于", "=="},
}};

constexpr std::array<Replacement, 3> kQuotes = {{{"“", "”"}, {"‘", "’"}, {"「", "」"}}};

// A full-width form of an ASCII character (U+FF01 to U+FF5E) or a wide blank, at the front of the text.
bool full_width(std::string_view text, char& meant, size_t& length) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const bool blank = text.starts_with("\u3000");
  if (blank || text.starts_with("\u00A0")) {
    meant = ' ';
    length = blank ? 3 : 2;
    return true;
  }
  if (byte(0) != 0xEF || (byte(1) != 0xBC && byte(1) != 0xBD)) return false;
  const unsigned code = (byte(1) == 0xBC ? 0U : 0x40U) + (byte(2) - 0x80U);  // from U+FF00
  if (code < 1 || code > 0x5E) return false;
  meant = static_cast<char>(code + 0x20U);
  length = 3;
  return true;
}

// Each digit and letter as it is meant, for a hint that lives on.
constexpr std::string_view kAscii = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

}  // namespace

Slip slip_at(std::string_view text) {
  Slip best;
  for (const Replacement& r : kReplacements) {
    if (r.typed.size() > best.length && text.starts_with(r.typed)) best = {r.typed.size(), r.meant};
  }
  char meant = 0;
  size_t length = 0;
  if (best.length > 0 || !full_width(text, meant, length)) return best;
  const size_t at = kAscii.find(meant);
  return at == kAscii.npos ? Slip{} : Slip{length, kAscii.substr(at, 1)};
}

std::string narrowed(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const bool ascii = static_cast<unsigned char>(rest[0]) < 0x80;
    const Slip slip = ascii ? Slip{} : slip_at(rest);
    const size_t n = slip.length > 0 ? slip.length : std::min(rest.size(), code_point_length(rest[0]));
    out += slip.length > 0 ? slip.meant : rest.substr(0, n);
    i += n;
  }
  return out;
}

size_t find_full_width(std::string_view text, size_t& length) {
  for (size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (static_cast<unsigned char>(rest[0]) >= 0x80) {
      const Slip slip = slip_at(rest);
      length = slip.length;
      if (slip.length > 0) return i;
    }
    i += std::min(rest.size(), code_point_length(rest[0]));
  }
  length = 0;
  return std::string_view::npos;
}

std::string_view closing_quote(std::string_view open) {
  const auto* found =
      std::find_if(kQuotes.begin(), kQuotes.end(), [&](const Replacement& r) { return open.starts_with(r.typed); });
  return found == kQuotes.end() ? std::string_view() : found->meant;
}

}  // namespace tocsin::expr
