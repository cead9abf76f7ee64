// Masked copies of records that could not be read: no parser can be trusted here, so everything goes by pattern.
#include <array>
#include <vector>

#include "event/mask.h"
#include "event/own_names.h"

namespace tocsin {
namespace {

constexpr std::string_view kHidden = "[hidden]";
constexpr size_t kShortestNumber = 7;  // digits in a row that a dead letter may not show
constexpr size_t kMaxLooked = 4 * kMaxMaskedBytes;
constexpr size_t kMaxHidden = 64;  // texts of identities that are sought in the rest of a record

constexpr std::array<std::string_view, 17> kIdentityKeys = {
    "reporter", "subject", "respondent", "姓名",   "电话",   "手机号",   "联系人",   "联系方式", "身份证",
    "举报人",   "上报人",  "报警人",     "投诉人", "来电人", "被反映人", "被投诉人", "当事人"};

// Valid UTF-8: each byte that is none becomes '?'. Ends at a character when the text was cut.
std::string readable(std::string_view in) {
  std::string out;
  out.reserve(in.size());
  for (size_t i = 0; i < in.size();) {
    const auto c = static_cast<unsigned char>(in[i]);
    const size_t n = c < 0x80                ? 1
                     : c >= 0xC2 && c < 0xE0 ? 2
                     : c >= 0xE0 && c < 0xF0 ? 3
                     : c >= 0xF0 && c < 0xF5 ? 4
                                             : 0;
    bool good = n != 0 && i + n <= in.size();
    for (size_t k = 1; good && k < n; ++k) good = (static_cast<unsigned char>(in[i + k]) & 0xC0) == 0x80;
    if (good && n >= 3) {  // overlong forms, surrogates, beyond Unicode
      const auto d = static_cast<unsigned char>(in[i + 1]);
      good = !(c == 0xE0 && d < 0xA0) && !(c == 0xED && d >= 0xA0) && !(c == 0xF0 && d < 0x90) &&
             !(c == 0xF4 && d >= 0x90);
    }
    if (good && n == 1 && c < 0x20 && c != '\n' && c != '\r' && c != '\t') good = false;
    out.append(good ? in.substr(i, n) : std::string_view("?"));
    i += good ? n : 1;
  }
  return out;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool word_character(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool starts_with_key(std::string_view text, std::string_view key) {
  if (text.size() < key.size()) return false;
  for (size_t i = 0; i < key.size(); ++i) {
    if (lower(text[i]) != key[i]) return false;
  }
  return true;
}

size_t skip_spaces(std::string_view s, size_t i) {
  while (i < s.size() && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r')) ++i;
  return i;
}

// After a key that ends at `i`: where its value begins when a quote, spaces and a colon or equals sign follow; 0: none.
size_t value_after(std::string_view s, size_t i) {
  while (i < s.size() && (s[i] == '"' || s[i] == '\'' || s[i] == '\\')) ++i;
  i = skip_spaces(s, i);
  if (s.substr(i).starts_with("：")) return skip_spaces(s, i + 3);
  return i < s.size() && (s[i] == ':' || s[i] == '=') ? skip_spaces(s, i + 1) : 0;
}

// The end of the value that begins at `i`: a quoted text to its quote, brackets to their match, else to a delimiter.
size_t value_end(std::string_view s, size_t i) {
  if (i >= s.size()) return s.size();
  if (s[i] == '"' || s[i] == '\'') {
    const char quote = s[i++];
    while (i < s.size() && s[i] != quote) i += s[i] == '\\' ? 2 : 1;
    return std::min(i + 1, s.size());
  }
  if (s[i] == '{' || s[i] == '[') {
    int depth = 0;
    for (; i < s.size(); ++i) {
      if (s[i] == '{' || s[i] == '[') ++depth;
      if ((s[i] == '}' || s[i] == ']') && --depth == 0) return i + 1;
    }
    return s.size();
  }
  while (i < s.size() && std::string_view(",;&}]\n\r").find(s[i]) == std::string_view::npos) ++i;
  return i;
}

// Where the value of an identity begins if a key stands at `i`, else 0. A key with an escape in it may be any key.
size_t identity_value(std::string_view s, size_t i, std::span<const std::string> further) {
  if (s[i] == '\\' && i + 1 < s.size() && s[i + 1] == 'u') {
    size_t end = i;
    while (end < s.size() && (word_character(s[end]) || s[end] == '\\' || s[end] == '_')) ++end;
    return end < s.size() && s[end] == '"' ? value_after(s, end) : 0;
  }
  if (i > 0 && word_character(s[i]) && word_character(s[i - 1])) return 0;
  for (const std::string_view key : kIdentityKeys) {
    if (!starts_with_key(s.substr(i), key)) continue;
    if (const size_t at = value_after(s, i + key.size()); at != 0) return at;
  }
  for (const std::string& key : further) {
    if (!key.empty() && s.substr(i).starts_with(key)) {
      if (const size_t at = value_after(s, i + key.size()); at != 0) return at;
    }
  }
  return 0;
}

// A text without the quotes and blanks around it; empty for null.
std::string_view bare(std::string_view text) {
  constexpr std::string_view kAround = "\"' \t\r\n";
  const size_t begin = text.find_first_not_of(kAround);
  if (begin == std::string_view::npos || text == "null") return {};
  return text.substr(begin, text.find_last_not_of(kAround) - begin + 1);
}

// The text that a value is; of a list or an object each quoted text in it that is no key. Views into `value`.
void add_texts(std::string_view value, std::vector<std::string_view>& texts) {
  const auto add = [&](std::string_view text) {
    if (text = bare(text); !text.empty() && texts.size() < kMaxHidden) texts.push_back(text);
  };
  const size_t begin = skip_spaces(value, 0);
  if (begin == value.size()) return;
  if (value[begin] != '{' && value[begin] != '[') return add(value);
  for (size_t i = begin; i < value.size(); ++i) {
    if (value[i] != '"' && value[i] != '\'') continue;
    const size_t end = value_end(value, i);
    if (value_after(value, end) == 0) add(value.substr(i, end - i));
    i = end - 1;
  }
}

// `hidden` becomes what was taken out, views into `s`.
std::string hide_identities(std::string_view s, std::span<const std::string> further,
                            std::vector<std::string_view>& hidden) {
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size();) {
    const size_t value = identity_value(s, i, further);
    if (value == 0) {
      out.push_back(s[i++]);
      continue;
    }
    out.append(s.substr(i, value - i));
    const bool quoted = value < s.size() && s[value] == '"';
    out.append(quoted ? "\"" : "").append(kHidden).append(quoted ? "\"" : "");
    i = value_end(s, value);
    add_texts(s.substr(value, i - value), hidden);
  }
  return out;
}

// The length in bytes of the digit (ASCII, full-width, or escaped as \u003N) at `i`, 0: none.
size_t digit_bytes(std::string_view s, size_t i) {
  if (s[i] >= '0' && s[i] <= '9') return 1;
  const std::string_view rest = s.substr(i);
  if (rest.size() >= 3 && rest.starts_with("\xEF\xBC") && rest[2] >= '\x90' && rest[2] <= '\x99') return 3;
  return rest.size() >= 6 && rest.starts_with("\\u003") && rest[5] >= '0' && rest[5] <= '9' ? 6 : 0;
}

std::string hide_digits(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size();) {
    size_t digits = 0;
    size_t end = i;
    for (size_t n = 0; end < s.size() && (n = digit_bytes(s, end)) != 0; ++digits) end += n;
    if (digits >= kShortestNumber) {
      out.append(mark_of(NumberKind::kNumber));
    } else {
      end = std::max(end, i + 1);
      out.append(s.substr(i, end - i));
    }
    i = end;
  }
  return out;
}

}  // namespace

std::string mask_payload(std::string_view payload, const Identities& further) {
  Arena arena(4096);
  const std::string shown = readable(payload.substr(0, kMaxLooked));
  std::vector<std::string_view> names(further.texts.begin(), further.texts.end());
  const std::string text = hide_identities(shown, further.keys, names);
  std::string out = hide_digits(mask_text(OwnNames(names).mask(text, arena), arena));
  if (out.size() <= kMaxMaskedBytes) return out;
  size_t end = kMaxMaskedBytes;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return out;
}

}  // namespace tocsin
