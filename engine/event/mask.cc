#include "event/mask.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tocsin {
namespace {

constexpr size_t kMaxRun = 256;  // digits looked at together; a longer run is hidden whole

// The digit that stands at `p` (ASCII or full-width) and its length in bytes; length 0: none.
struct Digit {
  char value;
  uint8_t bytes;
};
Digit digit_at(const char* p, const char* end) {
  if (*p >= '0' && *p <= '9') return {*p, 1};
  if (end - p >= 3 && p[0] == '\xEF' && p[1] == '\xBC' && p[2] >= '\x90' && p[2] <= '\x99') {
    return {static_cast<char>('0' + (p[2] - '\x90')), 3};
  }
  return {0, 0};
}

// Bytes of one separator that people put inside numbers; 0: none.
size_t separator_at(const char* p, const char* end) {
  if (*p == ' ' || *p == '-' || *p == '\t' || *p == '(' || *p == ')') return 1;
  const std::string_view rest(p, static_cast<size_t>(end - p));
  for (const std::string_view s : {"　", "－", "—", "–", "‑", "（", "）"}) {
    if (rest.starts_with(s)) return s.size();
  }
  return rest.starts_with("\xC2\xA0") ? 2 : 0;
}

size_t letter_x_at(const char* p, const char* end) {
  if (p == end) return 0;
  if (*p == 'X' || *p == 'x') return 1;
  const std::string_view rest(p, static_cast<size_t>(end - p));
  return rest.starts_with("Ｘ") || rest.starts_with("ｘ") ? 3 : 0;
}

// Digits that belong together: groups of adjacent digits with up to three separators between them.
struct Run {
  std::array<char, kMaxRun> digits;
  std::array<uint32_t, kMaxRun> begin;  // byte offset of each digit
  std::array<uint32_t, kMaxRun> end;
  std::array<uint16_t, kMaxRun> group;  // index of the first digit of its group
  size_t size = 0;
  bool overlong = false;

  bool group_ends(size_t i) const { return i + 1 == size || group[i + 1] != group[i]; }
  size_t group_size(size_t i) const {
    size_t n = 1;
    while (i + n < size && group[i + n] == group[i]) ++n;
    return n;
  }
};

void collect(std::string_view text, size_t from, Run& run) {
  const char* const base = text.data();
  const char* const end = base + text.size();
  const char* p = base + from;
  run.size = 0;
  run.overlong = false;
  uint16_t group = 0;
  while (p < end) {
    const Digit d = digit_at(p, end);
    if (d.bytes == 0) {
      const char* q = p;
      for (int i = 0; i < 3 && q < end; ++i) q += separator_at(q, end);
      if (q == p || q >= end || digit_at(q, end).bytes == 0) return;
      p = q;
      group = static_cast<uint16_t>(run.size);
      continue;
    }
    if (run.size == kMaxRun) {
      run.overlong = true;
      run.end[kMaxRun - 1] = static_cast<uint32_t>(p + d.bytes - base);
    } else {
      run.digits[run.size] = d.value;
      run.begin[run.size] = static_cast<uint32_t>(p - base);
      run.end[run.size] = static_cast<uint32_t>(p + d.bytes - base);
      run.group[run.size] = group;
      ++run.size;
    }
    p += d.bytes;
  }
}

int pair(const Run& r, size_t i) { return (r.digits[i] - '0') * 10 + (r.digits[i + 1] - '0'); }

// Month and day of a birth date at digit `i`.
bool month_day(const Run& r, size_t i) {
  const int month = pair(r, i);
  const int day = pair(r, i + 2);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool luhn(const Run& r, size_t i, size_t n) {
  int sum = 0;
  for (size_t k = 0; k < n; ++k) {
    int d = r.digits[i + n - 1 - k] - '0';
    if (k % 2 == 1 && (d *= 2) > 9) d -= 9;
    sum += d;
  }
  return sum % 10 == 0;
}

// Length in digits of what matches at digit i, 0: nothing.
struct Hit {
  size_t digits = 0;
  NumberKind kind = NumberKind::kNumber;
  bool x = false;  // an X follows the digits
};

bool fits(const Run& r, size_t i, size_t n) { return i + n <= r.size && r.group_ends(i + n - 1); }

// A group of 15 digits and more without separators.
Hit long_group(size_t length, bool x) {
  if (length == 17 && x) return {17, NumberKind::kIdentityCard, true};
  if (length == 15 || length == 18) return {length, NumberKind::kIdentityCard};
  if (length >= 16 && length <= 19) return {length, NumberKind::kBankCard};

  return {length, NumberKind::kNumber};
}

Hit identity_card(const Run& r, size_t i, bool x_after_run) {
  if (i + 17 <= r.size && (pair(r, i + 6) == 19 || pair(r, i + 6) == 20) && month_day(r, i + 10)) {
    if (fits(r, i, 18)) return {18, NumberKind::kIdentityCard};
    if (i + 17 == r.size && x_after_run) return {17, NumberKind::kIdentityCard, true};
  }
  if (fits(r, i, 15) && r.group_ends(i + 5) && month_day(r, i + 8)) return {15, NumberKind::kIdentityCard};
  return {};
}

bool in_fours(const Run& r, size_t i, size_t n) {
  for (size_t k = 0; k + 1 < n; ++k) {
    if (r.group_ends(i + k) != (k % 4 == 3)) return false;
  }
  return true;
}

Hit bank_card(const Run& r, size_t i) {
  for (size_t n = 19; n >= 16; --n) {
    if (!fits(r, i, n)) continue;
    if (in_fours(r, i, n) || (r.digits[i] >= '3' && r.digits[i] <= '9' && luhn(r, i, n)))
      return {n, NumberKind::kBankCard};
  }
  return {};
}

Hit mobile(const Run& r, size_t i) {
  const size_t group = r.group_size(i);
  for (const std::string_view prefix : {"", "0", "86", "086", "0086"}) {
    const size_t n = prefix.size();
    if (!prefix.empty() && n >= group) continue;
    if (i + n + 11 > r.size || std::string_view(&r.digits[i], n) != prefix) continue;
    if (r.digits[i + n] == '1' && r.digits[i + n + 1] >= '3' && fits(r, i, n + 11)) return {n + 11, NumberKind::kPhone};
  }
  return {};
}

Hit landline(const Run& r, size_t i) {
  const bool after_86 = r.group_size(i) == 2 && pair(r, i) == 86;  // +86 574 6381 2345
  size_t at = after_86 ? i + 2 : i + (r.digits[i] == '0');
  if (at == i || at + 3 > r.size) return {};
  const char first = r.digits[at];
  const bool metropolis = (first == '1' && r.digits[at + 1] == '0') || first == '2';
  if (!metropolis && first < '3') return {};
  at += metropolis ? 2 : 3;
  for (const size_t local : {8, 7}) {
    const size_t n = at + local - i;
    if (metropolis && local == 7) break;
    if (fits(r, i, n) && r.digits[at] >= '2' && r.digits[at] <= '8') return {n, NumberKind::kPhone};
  }
  return {};
}

Hit match_at(const Run& r, size_t i, size_t x_after_run) {
  const size_t group = r.group_size(i);
  const bool x = x_after_run != 0 && i + group == r.size;
  if (group >= 15) return long_group(group, x);
  if (i + 11 > r.size) return {};
  if (const Hit h = identity_card(r, i, x_after_run != 0); h.digits != 0) return h;
  if (const Hit h = bank_card(r, i); h.digits != 0) return h;
  if (const Hit h = mobile(r, i); h.digits != 0) return h;
  return landline(r, i);
}

// What the run at byte `from` holds first; `next` is where to go on when it holds nothing.
std::optional<FoundNumber> number_in_run(std::string_view text, size_t from, size_t& next) {
  Run run;  // NOLINT: filled by collect()
  collect(text, from, run);
  next = run.end[run.size - 1];
  if (run.overlong) return FoundNumber{from, next, NumberKind::kNumber};
  const char* const end = text.data() + text.size();
  const char* after = text.data() + next;
  if (after < end && (*after == ' ' || *after == '-')) ++after;
  const size_t x = letter_x_at(after, end);
  for (size_t i = 0; i < run.size; i += run.group_size(i)) {
    const Hit h = match_at(run, i, x);
    if (h.digits == 0) continue;
    const size_t stop = h.x ? static_cast<size_t>(after - text.data()) + x : run.end[i + h.digits - 1];
    return FoundNumber{run.begin[i], stop, h.kind};
  }
  return std::nullopt;
}

// A letter or digit of a plate at `p`, ASCII or full-width: its bytes, 0: none.
struct PlateCharacter {
  size_t bytes;
  bool digit;
};
PlateCharacter plate_character(const char* p, const char* end) {
  if (p >= end) return {0, false};
  if (const Digit d = digit_at(p, end); d.bytes != 0) return {d.bytes, true};
  if ((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')) return {1, false};
  if (end - p >= 3 && p[0] == '\xEF' &&
      ((p[1] == '\xBC' && p[2] >= '\xA1' && p[2] <= '\xBA') || (p[1] == '\xBD' && p[2] >= '\x81' && p[2] <= '\x9A'))) {
    return {3, false};
  }
  return {0, false};
}

bool is_province(std::string_view c) {
  static constexpr std::string_view kProvinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";
  for (size_t i = 0; i < kProvinces.size(); i += 3) {
    if (kProvinces.substr(i, 3) == c) return true;
  }
  return false;
}

// 京A12345, 浙B·D12345, new-energy 浙BD12345: province, letter, 5 or 6 letters and digits, a digit among them.
std::optional<FoundNumber> plate_at(std::string_view text, size_t from) {
  const char* const end = text.data() + text.size();
  const char* p = text.data() + from + 3;
  const PlateCharacter letter = plate_character(p, end);
  if (letter.bytes == 0 || letter.digit || !is_province(text.substr(from, 3))) return std::nullopt;
  p += letter.bytes;
  const std::string_view rest(p, static_cast<size_t>(end - p));
  for (const std::string_view s : {" ", "-", "·", "•", "．", ".", "　"}) {
    if (rest.starts_with(s)) {
      p += s.size();
      break;
    }
  }
  int count = 0;
  bool digit = false;
  for (; count < 6; ++count) {
    const PlateCharacter c = plate_character(p, end);
    if (c.bytes == 0) break;
    digit = digit || c.digit;
    p += c.bytes;
  }
  if (count < 5 || !digit) return std::nullopt;
  return FoundNumber{from, static_cast<size_t>(p - text.data()), NumberKind::kPlate};
}

// The fast way out for most texts: whether some byte is a digit, or begins the last two bytes of a full-width one. In
// blocks of a fixed size, which the compiler turns into vector instructions.
bool may_hold_digit(std::string_view text) {
  constexpr size_t kBlock = 32;
  const auto* const p = reinterpret_cast<const unsigned char*>(text.data());
  const auto is_one = [](unsigned char c, unsigned char next) {
    return static_cast<unsigned char>((static_cast<unsigned char>(c - '0') < 10) |
                                      ((c == 0xBC) & (static_cast<unsigned char>(next - 0x90) < 10)));
  };
  size_t i = 0;
  for (; i + kBlock < text.size(); i += kBlock) {
    unsigned char any = 0;
    for (size_t k = 0; k < kBlock; ++k) any |= is_one(p[i + k], p[i + k + 1]);
    if (any != 0) return true;
  }
  for (; i < text.size(); ++i) {
    if (is_one(p[i], i + 1 < text.size() ? p[i + 1] : 0) != 0) return true;
  }
  return false;
}

template <typename Replace>
std::string_view rewrite(std::string_view text, Arena& arena, size_t longest, Replace replace) {
  if (!may_hold_digit(text)) return text;
  std::optional<FoundNumber> found = find_number(text, 0);
  if (!found) return text;
  // The shortest number has 8 bytes.
  char* const out = arena.array<char>(text.size() + (text.size() / 8 + 1) * longest);
  size_t n = 0;
  size_t at = 0;
  for (; found; found = find_number(text, at)) {
    std::memcpy(out + n, text.data() + at, found->begin - at);
    n += found->begin - at;
    n += replace(*found, out + n);
    at = found->end;
  }
  std::memcpy(out + n, text.data() + at, text.size() - at);
  return {out, n + text.size() - at};
}

}  // namespace

std::string_view mark_of(NumberKind kind) {
  static constexpr std::array<std::string_view, 5> kMarks = {"[phone]", "[id]", "[card]", "[plate]", "[number]"};
  return kMarks[static_cast<size_t>(kind)];
}

std::optional<FoundNumber> find_number(std::string_view text, size_t from) {
  const char* const base = text.data();
  const char* const end = base + text.size();
  for (size_t i = from; i < text.size();) {
    const char c = base[i];
    if (digit_at(base + i, end).bytes != 0) {
      if (const auto found = number_in_run(text, i, i)) return found;
    } else if (c >= '\xE4' && c <= '\xE9' && i + 3 < text.size()) {
      if (const auto found = plate_at(text, i)) return found;
      i += 3;
    } else {
      ++i;
    }
  }
  return std::nullopt;
}

std::string_view mask_text(std::string_view text, Arena& arena) {
  return rewrite(text, arena, 0, [](const FoundNumber& found, char* out) {
    const std::string_view mark = mark_of(found.kind);
    std::memcpy(out, mark.data(), mark.size());
    return mark.size();
  });
}

std::string_view tokenise_numbers(std::string_view text, const Tokenizer& tokenizer, Arena& arena) {
  return rewrite(text, arena, Tokenizer::kTokenBytes, [&](const FoundNumber& found, char* out) {
    const std::string_view number = text.substr(found.begin, found.end - found.begin);
    if (found.kind == NumberKind::kBankCard || found.kind == NumberKind::kNumber) {
      std::memcpy(out, number.data(), number.size());
      return number.size();
    }
    tokenizer.write_token(number, out);
    return Tokenizer::kTokenBytes;
  });
}

}  // namespace tocsin
