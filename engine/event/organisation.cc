// How a respondent's name shows that it is an organisation.
#include <array>

#include "event/privacy.h"

namespace tocsin {
namespace {

// Endings of Chinese organisations of two characters and more …
constexpr std::array<std::string_view, 42> kEndings = {
    "公司",     "集团",   "工厂",   "商店",   "超市",   "饭店", "酒店",   "餐厅",   "医院",   "诊所",   "学校",
    "大学",     "中学",   "小学",   "幼儿园", "银行",   "物业", "中心",   "街道",   "社区",   "村委会", "居委会",
    "委员会",   "业委会", "办公室", "派出所", "事务所", "政府", "工作室", "合作社", "经营部", "服务部", "项目部",
    "有限合伙", "协会",   "工地",   "市场",   "商场",   "车站", "大队",   "支队",   "交警"};
// … of one, which a person's name may end in too: only from four characters on.
constexpr std::array<std::string_view, 16> kShortEndings = {"厂", "店", "局", "委", "院", "校", "村", "镇",
                                                            "乡", "处", "所", "部", "科", "站", "馆", "办"};
// Last words of organisations in Latin letters, lower case.
constexpr std::array<std::string_view, 22> kLatin = {
    "ltd",        "ltd.",    "inc",    "inc.",       "llc",    "co.",       "corp",     "corp.",
    "company",    "limited", "gmbh",   "council",    "school", "committee", "hospital", "agency",
    "department", "bureau",  "office", "university", "bank",   "centre"};

// The last bytes of the endings: most names of people are told by theirs alone.
constexpr std::array<bool, 256> last_bytes() {
  std::array<bool, 256> set{};
  for (const std::string_view e : kEndings) set[static_cast<unsigned char>(e.back())] = true;
  for (const std::string_view e : kShortEndings) set[static_cast<unsigned char>(e.back())] = true;
  for (const std::string_view e : kLatin) {
    set[static_cast<unsigned char>(e.back())] = true;
    if (e.back() >= 'a') set[static_cast<unsigned char>(e.back() - 'a' + 'A')] = true;
  }
  // Blanks (privacy.h, trimmed()) and brackets, by their last bytes.
  for (const char c : {' ', '\t', '\r', '\n', '\x80', '\xA0', ')', '\x89'}) set[static_cast<unsigned char>(c)] = true;
  return set;
}
constexpr std::array<bool, 256> kLastBytes = last_bytes();

size_t characters(std::string_view s) {
  size_t n = 0;
  for (const char c : s) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

// Without a bracketed addition at its end, （分店） or (branch).
std::string_view without_addition(std::string_view s) {
  for (const auto& [open, close] : {std::pair<std::string_view, std::string_view>{"（", "）"}, {"(", ")"}}) {
    const size_t at = s.rfind(open);
    if (s.ends_with(close) && at != std::string_view::npos && at > 0) return s.substr(0, at);
  }
  return s;
}

bool ends_latin(std::string_view s) {
  const size_t space = s.find_last_of(" ,");
  if (space == std::string_view::npos) return false;
  std::string_view word = s.substr(space + 1);
  if (word.size() > 16) return false;
  std::array<char, 16> lower{};
  for (size_t i = 0; i < word.size(); ++i) {
    lower[i] = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] - 'A' + 'a') : word[i];
  }
  word = {lower.data(), word.size()};
  for (const std::string_view ending : kLatin) {
    if (word == ending) return true;
  }
  return false;
}

}  // namespace

bool is_organisation(std::string_view respondent) {
  if (respondent.empty() || !kLastBytes[static_cast<unsigned char>(respondent.back())]) return false;
  const std::string_view name = without_addition(trimmed(respondent));
  const size_t length = characters(name);
  for (const std::string_view ending : kEndings) {
    if (length >= 3 && name.ends_with(ending)) return true;
  }
  for (const std::string_view ending : kShortEndings) {
    if (length >= 4 && name.ends_with(ending)) return true;
  }
  return ends_latin(name);
}

}  // namespace tocsin
