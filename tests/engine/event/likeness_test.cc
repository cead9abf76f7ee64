#include "event/likeness.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "event/likeness_words.h"

namespace tocsin {
namespace {

double alike(std::string_view a, std::string_view b) {
  Arena arena;
  const Fingerprint x(fingerprint(a, arena)), y(fingerprint(b, arena));
  EXPECT_EQ(likeness(x, y), likeness(y, x)) << a << " | " << b;
  return likeness(x, y);
}

size_t terms(std::string_view text) {
  Arena arena;
  return Fingerprint(fingerprint(text, arena)).size();
}

TEST(Likeness, EqualTextsAreOneAndUnlikeOnesNothing) {
  EXPECT_EQ(alike("三北大街路面塌陷", "三北大街路面塌陷"), 1);
  EXPECT_EQ(alike("三北大街路面塌陷", "烧烤摊油烟扰民"), 0);
  EXPECT_EQ(alike("street flooded at the bridge", "street flooded at the bridge"), 1);
  EXPECT_EQ(alike("street flooded at the bridge", "noisy dog barking"), 0);
}

TEST(Likeness, ChineseOfOneMatterIsFarMoreAlikeThanOfTwo) {
  const char* const line = "关于月亮湾路架设110kv高压电线的投诉，居民要求入地埋设";
  const char* const same = "月亮湾路110KV高压线紧挨小区，强烈要求高压电线入地";
  const char* const other = "关于月亮湾路公交站牌信息不全的建议，居民要求更换";
  EXPECT_GT(alike(line, same), 0.4);
  EXPECT_LT(alike(line, other), 0.3);
}

TEST(Likeness, LatinWordsCountWithoutCaseNumberOrCommonWords) {
  EXPECT_EQ(alike("The STREET light is broken", "street lights broken, please"), 1);
  EXPECT_GT(alike("Broken street light outside 12 Main Street", "street light at 12 Main Street broken"), 0.8);
  EXPECT_LT(alike("Broken street light", "Broken window pane in school"), 0.5);
}

TEST(Likeness, MixedScriptPairsAWordWithTheIdeographBesideIt) {
  EXPECT_GT(alike("KTV噪音扰民", "ktv噪音太大"), 0.5);
  EXPECT_GT(alike("58车贷案件毫无进展", "58车贷立案"), alike("58车贷案件毫无进展", "59车险立案"));
}

TEST(Likeness, FullWidthAndHalfWidthAreOne) {
  EXPECT_EQ(alike("１１０ｋＶ高压线", "110KV高压线"), 1);
  EXPECT_EQ(alike("ＫＴＶ　噪音", "ktv 噪音"), 1);
  EXPECT_EQ(alike("École fermée", "éCOLE FERMÉE"), 1);
  EXPECT_EQ(alike("Яма на дороге", "яма НА ДОРОГЕ"), 1);
}

TEST(Likeness, NothingToSayIsLikeNothing) {
  for (const char* const empty : {"", " ", "。！？", "请问领导您好", "the a of", "[phone]", "13800138000123456"}) {
    EXPECT_EQ(terms(empty), 0U) << empty;
    EXPECT_EQ(alike(empty, empty), 0) << empty;
    EXPECT_EQ(alike(empty, "路面塌陷"), 0) << empty;
  }
}

TEST(Likeness, MaskedNumbersAndBoilerplateDoNotMakeTextsAlike) {
  EXPECT_EQ(alike("尊敬的领导您好，我的电话[phone]，路面塌陷", "尊敬的领导您好，我的电话[phone]，油烟扰民"), 0);
  EXPECT_EQ(alike("电话[phone]，路面塌陷，盼复", "路面塌陷"), 1);
}

TEST(Likeness, TheLeadWeighsMore) {
  const std::string body = "\n路口排水管道堵塞，车辆无法通行，积水很深，行人只能绕行";
  EXPECT_GT(alike("桥下积水" + body, "桥下积水"), alike("随手一拍" + body, "桥下积水"));
}

TEST(Likeness, ALongTextIsCutAtTheBound) {
  std::string text;
  std::mt19937 rng(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto c = static_cast<char32_t>(0x4E00 + rng() % 5000);
    text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
             static_cast<char>(0x80 | (c & 0x3F))};
  }
  EXPECT_EQ(terms(text), kMaxTerms);
  EXPECT_EQ(alike(text, text.substr(0, 3 * kMaxUnits) + "尾巴不再读"), 1);
}

TEST(Likeness, BrokenBytesPartTheTextAndHarmNothing) {
  std::mt19937_64 rng(1);
  for (int i = 0; i < 3000; ++i) {
    std::string text(rng() % 60, '\0');
    for (char& c : text) c = static_cast<char>(rng());
    const double x = alike(text, "路面塌陷 road");
    EXPECT_GE(x, 0);
    EXPECT_LE(x, 1);
    headline(text);
  }
  EXPECT_EQ(alike("路面\xFF塌陷", "路面 塌陷"), 1);
}

TEST(Likeness, StaysBetweenNoughtAndOne) {
  std::mt19937_64 rng(2);
  static constexpr std::string_view kPieces[] = {"积水", "路口", "三北大街", "油烟",  "烧烤",
                                                 "夜里", "施工", "pump ",    "drain "};
  for (int i = 0; i < 5000; ++i) {
    std::string a, b;
    for (size_t k = 0; k < 1 + rng() % 12; ++k) a += kPieces[rng() % 9];
    for (size_t k = 0; k < 1 + rng() % 12; ++k) b += kPieces[rng() % 9];
    const double x = alike(a, b);
    ASSERT_GE(x, 0);
    ASSERT_LE(x, 1) << a << " " << b;
  }
}

TEST(Fingerprint, RefusesBytesThatAreNone) {
  EXPECT_FALSE(Fingerprint::well_formed("abc"));
  EXPECT_FALSE(Fingerprint::well_formed(std::string((kMaxTerms + 1) * Fingerprint::kTermBytes, 'a')));
  EXPECT_EQ(Fingerprint("abc").size(), 0U);
  EXPECT_TRUE(Fingerprint::well_formed(""));
}

TEST(Fingerprint, NeverChanges) {
  // Fingerprints lie in state: another value of these bytes would make old and new events unlike.
  Arena arena;
  const Fingerprint f(fingerprint("桥下积水 pump", arena));
  uint64_t sum = 0;
  for (size_t i = 0; i < f.size(); ++i) sum = sum * 31 + f.hash(i) * 7 + f.weight(i);
  EXPECT_EQ(f.size(), 2U);
  EXPECT_EQ(sum, 104807223205U);
}

TEST(Headline, IsTheFirstLineOrSentenceAtMostSoLong) {
  EXPECT_EQ(headline("  桥下积水\n很深"), "桥下积水");
  EXPECT_EQ(headline("桥下积水很深车辆无法通行了。请派人"), "桥下积水很深车辆无法通行了");
  EXPECT_EQ(headline("您好！桥下积水"), "您好！桥下积水");
  EXPECT_EQ(headline(""), "");
  EXPECT_EQ(headline(" \n\t"), "");
  std::string text;
  for (int i = 0; i < 100; ++i) text += "水";
  EXPECT_EQ(headline(text).size(), 3 * kHeadlineUnits);
}

TEST(Headline, IsCutBeforeAMarkOfMaskingNotInsideIt) {
  std::string text;
  for (int i = 0; i < 37; ++i) text += "水";
  EXPECT_EQ(headline(text + "[id]很深"), text) << "its last bracket would be character 41";
  EXPECT_EQ(headline(text + " [phone]"), text) << "nor is the blank before it kept";
  EXPECT_EQ(headline(text.substr(3) + "[id]很深"), text.substr(3) + "[id]") << "it ends at character 40";
  EXPECT_EQ(headline(text + "[idle"), text + "[id") << "this is no mark";
}

TEST(CommonWords, AreFound) {
  EXPECT_EQ(common_phrase("请问桥下"), 6U);
  EXPECT_EQ(common_phrase("老百姓的"), 9U);
  EXPECT_EQ(common_phrase("桥下请问"), 0U);
  EXPECT_EQ(common_phrase(""), 0U);
  EXPECT_TRUE(is_common_word("please"));
  EXPECT_FALSE(is_common_word("pump"));
  EXPECT_TRUE(is_common_ideograph(U'的'));
  EXPECT_FALSE(is_common_ideograph(U'桥'));
}

}  // namespace
}  // namespace tocsin
