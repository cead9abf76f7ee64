#include "event/likeness.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.h"
#include "event/likeness_words.h"
#include "event/mask.h"

namespace tocsin {
namespace {

constexpr uint32_t kLeadFactor = 2;
constexpr size_t kLeastLead = 10;    // units before a sentence's end ends the lead: a greeting is none
constexpr size_t kLongestWord = 32;  // bytes of a word that tell it from others
constexpr size_t kLongestNumber = 5;
// 16 √n, rounded, for a term that stands n times in the text.
constexpr std::array<uint8_t, 17> kWeights = {0, 16, 23, 28, 32, 36, 39, 42, 45, 48, 51, 53, 55, 58, 60, 62, 64};

struct Character {
  char32_t code = 0;
  size_t bytes = 1;
};

Character decode(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 0;
  if (n == 0 || at + n > text.size()) return {0, 1};
  char32_t code = first & (0x7F >> n);
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {0, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, n};
}

// Full-width forms to half-width ones, capitals to small letters (ASCII, Latin-1, Latin Extended-A, Greek, Cyrillic).
char32_t fold(char32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
  if (c == 0x3000) return ' ';
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c < 0xC0) return c;
  if ((c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F)) return c + 32;
  if (c >= 0x100 && c <= 0x137) return c | 1;
  if (c >= 0x139 && c <= 0x148) return c + (c & 1);
  if (c >= 0x14A && c <= 0x177) return c | 1;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3FFFF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x3041 && c <= 0x30FF) || (c >= 0xAC00 && c <= 0xD7A3);
}
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0x24F && c != 0xF7) || (c >= 0x370 && c <= 0x52F);
}
bool ends_sentence(char32_t c) { return c == '!' || c == '?' || c == ';' || c == 0x3002 /* 。 */ || c == '\n'; }

// Bytes of a mark that masking put at this place; 0: none.
size_t mark_at(std::string_view text, size_t at) {
  if (text[at] != '[') return 0;
  constexpr std::array kMarks = {NumberKind::kPhone, NumberKind::kIdentityCard, NumberKind::kBankCard,
                                 NumberKind::kPlate, NumberKind::kNumber};
  for (const NumberKind kind : kMarks) {
    if (text.substr(at).starts_with(mark_of(kind))) return mark_of(kind).size();
  }
  return 0;
}

// What a text is made of: an ideograph, a word, or something that parts.
struct Unit {
  enum class Kind : uint8_t { kBreak, kIdeograph, kWord, kNumber };
  Kind kind = Kind::kBreak;
  bool lead = false;
  uint32_t code = 0;  // the ideograph, or a hash of the word
  size_t length = 0;  // of a word, in characters
};

// Reads a text's units one by one.
class UnitReader {
 public:
  explicit UnitReader(std::string_view text) : text_(text) {}

  bool next(Unit& out) {
    if (at_ >= text_.size() || read_ >= kMaxUnits) return false;
    ++read_;
    out = Unit{};
    out.lead = lead_;
    const Character c = decode(text_, at_);
    const char32_t code = fold(c.code);
    if (const size_t mark = mark_at(text_, at_); mark != 0) {
      at_ += mark;
    } else if (is_ideograph(code)) {
      ideograph(code, c.bytes, out);
    } else if (is_digit(code) || is_letter(code)) {
      word(out);
    } else {
      at_ += c.bytes;
    }
    if (read_ >= kLeadUnits || (read_ >= kLeastLead && ends_sentence(code)) || (code == '\n' && read_ > 1)) {
      lead_ = false;
    }
    return true;
  }

 private:
  void ideograph(char32_t code, size_t bytes, Unit& out) {
    if (const size_t common = common_phrase(text_.substr(at_)); common != 0) {
      at_ += common;
      return;
    }
    at_ += bytes;
    if (is_common_ideograph(code)) return;
    out.kind = Unit::Kind::kIdeograph;
    out.code = code;
  }

  void word(Unit& out) {
    std::array<char, kLongestWord> kept{};
    size_t n = 0;
    bool number = true;
    while (at_ < text_.size()) {
      const Character c = decode(text_, at_);
      const char32_t code = fold(c.code);
      if (!is_digit(code) && !is_letter(code)) break;
      number = number && is_digit(code);
      if (n + 2 <= kept.size()) {
        if (code >= 0x80) kept[n++] = static_cast<char>(code >> 8);
        kept[n++] = static_cast<char>(code);
      }
      ++out.length;
      at_ += c.bytes;
    }
    // An English plural is its singular.
    if (n > 3 && kept[n - 1] == 's' && kept[n - 2] != 's') --n;
    const std::string_view bytes(kept.data(), n);
    if (number ? out.length > kLongestNumber : out.length == 1 || is_common_word(bytes)) return;
    out.kind = number ? Unit::Kind::kNumber : Unit::Kind::kWord;
    out.code = static_cast<uint32_t>(hash64(bytes));
  }

  std::string_view text_;
  size_t at_ = 0, read_ = 0;
  bool lead_ = true;
};

struct Term {
  uint32_t hash = 0;
  uint32_t count = 1;
  bool lead = false;
  uint32_t weight() const { return kWeights[std::min<size_t>(count, kWeights.size() - 1)] * (lead ? kLeadFactor : 1); }
};

uint32_t hash_of(const Unit& a, const Unit& b) {
  const std::array<uint32_t, 3> both = {a.code, b.code,
                                        static_cast<uint32_t>(a.kind) << 8 | static_cast<uint32_t>(b.kind)};
  return static_cast<uint32_t>(hash64({reinterpret_cast<const char*>(both.data()), sizeof both}));
}

// Neighbours that make a term together: at least one ideograph, or a number and the word beside it (12 main).
bool pairs(const Unit& a, const Unit& b) {
  using Kind = Unit::Kind;
  if (a.kind == Kind::kBreak || b.kind == Kind::kBreak) return false;
  return a.kind == Kind::kIdeograph || b.kind == Kind::kIdeograph || a.kind != b.kind;
}

// All terms of a text, each once, by hash.
size_t collect(std::string_view text, Term* terms) {
  size_t n = 0;
  UnitReader units(text);
  Unit before, at;
  while (units.next(at)) {
    if (pairs(before, at)) terms[n++] = {hash_of(before, at), 1, at.lead};
    if (at.kind == Unit::Kind::kWord && at.length >= 3) terms[n++] = {hash_of(at, at), 1, at.lead};
    before = at;
  }
  std::sort(terms, terms + n, [](const Term& a, const Term& b) { return a.hash < b.hash; });
  size_t kept = 0;
  for (size_t i = 0; i < n; ++i) {
    if (kept > 0 && terms[kept - 1].hash == terms[i].hash) {
      ++terms[kept - 1].count;
      terms[kept - 1].lead = terms[kept - 1].lead || terms[i].lead;
    } else {
      terms[kept++] = terms[i];
    }
  }
  return kept;
}

}  // namespace

std::string_view fingerprint(std::string_view text, Arena& arena) {
  auto* terms = arena.array<Term>(2 * std::min(text.size(), kMaxUnits) + 1);
  size_t n = collect(text, terms);
  if (n > kMaxTerms) {
    std::nth_element(terms, terms + kMaxTerms, terms + n, [](const Term& a, const Term& b) {
      return a.weight() != b.weight() ? a.weight() > b.weight() : a.hash < b.hash;
    });
    n = kMaxTerms;
    std::sort(terms, terms + n, [](const Term& a, const Term& b) { return a.hash < b.hash; });
  }
  char* out = arena.array<char>(n * Fingerprint::kTermBytes);
  for (size_t i = 0; i < n; ++i) {
    char* p = out + i * Fingerprint::kTermBytes;
    for (int k = 0; k < 4; ++k) p[k] = static_cast<char>(terms[i].hash >> (24 - 8 * k));
    p[4] = static_cast<char>(terms[i].weight());
  }
  return {out, n * Fingerprint::kTermBytes};
}

uint32_t Fingerprint::squares() const {
  uint32_t sum = 0;
  for (size_t i = 0; i < size(); ++i) sum += weight(i) * weight(i);
  return sum;
}

double likeness(const Fingerprint& a, const Fingerprint& b) {
  uint32_t shared = 0;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint32_t x = a.hash(i), y = b.hash(j);
    if (x == y) shared += a.weight(i) * b.weight(j);
    if (x <= y) ++i;
    if (y <= x) ++j;
  }
  if (shared == 0) return 0;
  if (a.bytes() == b.bytes()) return 1;
  return shared / std::sqrt(static_cast<double>(uint64_t{a.squares()} * b.squares()));
}

std::string_view headline(std::string_view text) {
  const auto is_space = [](const Character& c) { return c.code <= ' ' || c.code == 0x3000; };
  while (!text.empty() && is_space(decode(text, 0))) text.remove_prefix(decode(text, 0).bytes);
  size_t end = 0;
  for (size_t at = 0, n = 0; at < text.size() && n < kHeadlineUnits; ++n) {
    const Character c = decode(text, at);
    if (c.code == '\n' || (n >= kLeastLead && ends_sentence(fold(c.code)))) break;
    if (n + mark_at(text, at) > kHeadlineUnits) break;  // half a mark says nothing
    at += c.bytes;
    if (!is_space(c)) end = at;
  }
  return text.substr(0, end);
}

}  // namespace tocsin
