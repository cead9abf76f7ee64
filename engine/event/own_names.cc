#include "event/own_names.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "event/mask.h"

namespace tocsin {
namespace {

constexpr size_t kNowhere = std::string_view::npos;
constexpr std::string_view kNameMark = "[name]";

bool ascii_word(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// One character: ASCII, or a lead byte with what continues it.
bool is_single(std::string_view name) {
  return name.size() < 2 || (name.size() <= 4 && static_cast<unsigned char>(name[0]) >= 0xC0 &&
                             std::ranges::all_of(name.substr(1), [](char c) { return (c & 0xC0) == 0x80; }));
}

// Words that stand where a name should and name nobody: in a text they are no secret, and without them it says less.
constexpr std::array<std::string_view, 20> kNobody = {"市民", "群众", "居民", "村民",   "网民",     "业主",    "住户",
                                                      "物业", "本人", "先生", "女士",   "匿名",     "不详",    "未知",
                                                      "无名", "路人", "游客", "施工队", "热心市民", "热心群众"};

// Whether a text is searched for it: not for one character, for a short number (a house has it, too), for nobody's
// name, nor for what is too long to be a name.
bool is_sought(std::string_view name) {
  constexpr size_t kShortNumber = 4, kLongestName = 128;  // bytes
  if (is_single(name) || name.size() > kLongestName) return false;
  if (name.size() <= kShortNumber && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  return std::ranges::find(kNobody, name) == kNobody.end();
}

// Takes the first of several names that are listed in one field off `rest`. Blanks part Chinese names only: "John
// Smith" is one.
std::string_view take_name(std::string_view& rest, bool blanks_part) {
  static constexpr std::array<std::string_view, 9> kBetween = {"、", "，", "；", "\u3000", ",",
                                                               ";",  "/",  " ",  "\u00a0"};
  constexpr size_t kBlanks = 7;  // from here on
  size_t end = rest.size(), width = 0;
  for (size_t i = 0; i < (blanks_part ? kBetween.size() : kBlanks); ++i) {
    if (const size_t at = rest.find(kBetween[i]); at < end) {
      end = at;
      width = kBetween[i].size();
    }
  }
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(end + width);
  return trimmed(name);
}

// Where `name` stands in `text` at or after `from` as a word of its own; npos: nowhere. Linear in the text: after a hit
// inside a word the search goes on behind that word.
size_t find_name(std::string_view text, std::string_view name, size_t from) {
  while (from + name.size() <= text.size()) {
    const void* const hit = memmem(text.data() + from, text.size() - from, name.data(), name.size());
    if (hit == nullptr) break;
    from = static_cast<size_t>(static_cast<const char*>(hit) - text.data());
    const size_t end = from + name.size();
    const bool begun = from > 0 && ascii_word(text[from - 1]) && ascii_word(name.front());
    if (!begun && !(end < text.size() && ascii_word(text[end]) && ascii_word(name.back()))) return from;
    do {
      ++from;
    } while (from < text.size() && ascii_word(text[from - 1]) && ascii_word(text[from]));
  }
  return kNowhere;
}

// What stands for a name: of the number that it is, else "[name]".
std::string_view mark_of_name(std::string_view name) {
  const auto number = find_number(name, 0);
  return number && number->begin == 0 && number->end == name.size() ? mark_of(number->kind) : kNameMark;
}

}  // namespace

// Of the names that stand in a text, where each stands next: looked for again only once it is passed.
struct OwnNames::Hits {
  std::array<std::string_view, kMost> names;
  std::array<size_t, kMost> next;
  size_t count = 0;

  // The name that stands first at or after `at`, its index; its place is in `next`, npos: there is none.
  size_t first(std::string_view text, size_t at) {
    size_t best = 0;
    for (size_t i = 0; i < count; ++i) {
      if (next[i] != kNowhere && next[i] < at) next[i] = find_name(text, names[i], at);
      const bool longer = next[i] == next[best] && names[i].size() > names[best].size();
      if (next[i] < next[best] || longer) best = i;
    }
    return best;
  }

  // `text` with write(name, out) in the place of each, which answers how many bytes it wrote, at most `longest`.
  template <typename Write>
  std::string_view replace(std::string_view text, size_t longest, Arena& arena, Write write) {
    constexpr size_t kShortest = 2;
    size_t shortest = text.size();
    for (size_t i = 0; i < count; ++i) shortest = std::min(shortest, names[i].size());
    char* const out = arena.array<char>(text.size() + (text.size() / std::max(shortest, kShortest) + 1) * longest);
    size_t n = 0;
    for (size_t at = 0;;) {
      const size_t best = first(text, at);
      const size_t end = std::min(next[best], text.size());
      std::memcpy(out + n, text.data() + at, end - at);
      n += end - at;
      if (next[best] == kNowhere) return {out, n};
      n += write(names[best], out + n);
      at = end + names[best].size();
    }
  }
};

OwnNames::OwnNames(std::span<const std::string_view> identities) {
  for (std::string_view rest : identities) {
    const bool chinese = std::ranges::any_of(rest, [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
    while (!rest.empty()) {
      const std::string_view name = take_name(rest, chinese);
      if (is_sought(name)) names_.push_back(name);
    }
  }
}

template <typename Wanted>
void OwnNames::find_all(std::string_view text, Hits& hits, Wanted wanted) const {
  for (const std::string_view name : names_) {
    if (hits.count == kMost) return;
    const size_t at = find_name(text, name, 0);
    if (at == kNowhere || !wanted(name)) continue;
    hits.names[hits.count] = name;
    hits.next[hits.count++] = at;
  }
}

std::string_view OwnNames::mask(std::string_view text, Arena& arena) const {
  constexpr size_t kLongestMark = 8;  // "[number]"
  Hits hits;                          // NOLINT: filled by find_all()
  find_all(text, hits, [](std::string_view) { return true; });
  if (hits.count == 0) return text;
  return hits.replace(text, kLongestMark, arena, [](std::string_view name, char* out) {
    const std::string_view mark = mark_of_name(name);
    std::memcpy(out, mark.data(), mark.size());
    return mark.size();
  });
}

std::string_view OwnNames::tokenise(std::string_view text, const Tokenizer& tokenizer, Arena& arena) const {
  Hits hits;  // NOLINT: filled by find_all()
  find_all(text, hits, [](std::string_view name) { return !is_organisation(name); });
  if (hits.count == 0) return text;
  return hits.replace(text, Tokenizer::kTokenBytes, arena, [&](std::string_view name, char* out) {
    tokenizer.write_token(name, out);
    return Tokenizer::kTokenBytes;
  });
}

}  // namespace tocsin
