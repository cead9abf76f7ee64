// Full-width punctuation where YAML wants ASCII, and times and distances in words: what was meant.
#include "rule/yaml_slips.h"

#include <algorithm>
#include <array>

#include "expr/slips.h"
#include "rule/yaml_file.h"

namespace tocsin::rule::yaml {
namespace {

struct Word {
  std::string_view typed, meant;
};
// Longer ones first.
constexpr std::array<Word, 32> kDurations = {
    {{"个工作日", "wd"}, {"工作日", "wd"}, {"个工作小时", "wh"}, {"工作小时", "wh"}, {"working days", "wd"},
     {"分钟", "m"},      {"小时", "h"},    {"个小时", "h"},      {"毫秒", "ms"},     {"minutes", "m"},
     {"minute", "m"},    {"seconds", "s"}, {"second", "s"},      {"hours", "h"},     {"hour", "h"},
     {"weeks", "w"},     {"week", "w"},    {"days", "d"},        {"day", "d"},       {"mins", "m"},
     {"min", "m"},       {"secs", "s"},    {"sec", "s"},         {"hrs", "h"},       {"hr", "h"},
     {"分", "m"},        {"秒", "s"},      {"天", "d"},          {"日", "d"},        {"周", "w"},
     {"时", "h"},        {"个星期", "w"}}};
constexpr std::array<Word, 7> kDistances = {
    {{"公里", "km"}, {"千米", "km"}, {"metres", "m"}, {"meters", "m"}, {"米", "m"}, {"M", "m"}, {"KM", "km"}}};

// ASCII, without blanks, the words of `table` put in.
template <size_t N>
std::string in_units(std::string_view text, const std::array<Word, N>& table) {
  const std::string narrow = expr::narrowed(text);
  std::string out;
  for (size_t i = 0; i < narrow.size();) {
    const std::string_view rest = std::string_view(narrow).substr(i);
    const Word* best = nullptr;
    for (const Word& word : table) {
      if (rest.starts_with(word.typed) && (best == nullptr || word.typed.size() > best->typed.size())) best = &word;
    }
    if (best != nullptr) out += best->meant;
    if (best == nullptr && rest[0] != ' ') out += rest[0];
    i += best != nullptr ? best->typed.size() : 1;
  }
  return out;
}

bool is_key(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-'; }

}  // namespace

std::string meant_duration(std::string_view text) {
  std::string meant = in_units(text, kDurations);
  return parse_span(meant) ? meant : std::string();
}

std::string meant_distance(std::string_view text) {
  std::string meant = in_units(text, kDistances);
  return parse_distance(meant) ? meant : std::string();
}

std::optional<Say> full_width_colon(std::string_view text, size_t& offset, size_t& length) {
  size_t i = text.find_first_not_of(" \t");
  if (i != text.npos && text.substr(i).starts_with("- ")) i = text.find_first_not_of(" \t", i + 1);
  if (i == text.npos) return std::nullopt;
  const size_t begin = i;
  while (i < text.size() && is_key(text[i])) ++i;
  constexpr std::string_view kColon = "：";
  if (i == begin || !text.substr(i).starts_with(kColon)) return std::nullopt;
  offset = i;
  length = kColon.size();
  const std::string key(text.substr(begin, i - begin));
  return Say{"full-width", "`：` does not end a key", "`：` 是全角冒号，不能用在键后",
             "write a plain colon and a blank: `" + key + ": `", "请写半角冒号加空格：`" + key + ": `"};
}

bool Reader::narrow(const Node& node) const {
  if (!node.is_scalar()) return true;
  size_t length = 0;
  const size_t at = expr::find_full_width(node.value, length);
  if (at == std::string_view::npos) return true;
  const std::string typed = node.value.substr(at, length);
  const std::string_view slip = expr::slip_at(std::string_view(node.value).substr(at)).meant;
  const std::string meant = slip == " " ? "a blank" : "`" + std::string(slip) + "`";
  const std::string meant_zh = slip == " " ? "半角空格" : meant;
  fault_within(node, static_cast<uint32_t>(at), static_cast<uint32_t>(at + length),
               {"full-width", "`" + typed + "` is a full-width character", "`" + typed + "` 是全角字符",
                "write " + meant, "请写 " + meant_zh});
  return false;
}

}  // namespace tocsin::rule::yaml
