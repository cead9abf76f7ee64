#include "event/own_names.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tocsin {
namespace {

std::string without(std::string_view text, std::initializer_list<std::string_view> names) {
  Arena arena;
  return std::string(OwnNames({names.begin(), names.size()}).mask(text, arena));
}

TEST(OwnNames, AreMaskedWhereTheyStandInTheText) {
  EXPECT_EQ(without("戚国娜来电反映积水", {"戚国娜"}), "[name]来电反映积水");
  EXPECT_EQ(without("李燕军、李燕军再次来电，张三在场", {" 李燕军 ", "张三"}), "[name]、[name]再次来电，[name]在场");
  EXPECT_EQ(without("找张三丰", {"张三", "张三丰"}), "找[name]");
  EXPECT_EQ(without("张三丰和张三", {"张三", "张三丰"}), "[name]和[name]");
  EXPECT_EQ(without("张三", {"张三"}), "[name]");
  EXPECT_EQ(without("来电13812345678", {"13812345678"}), "来电[phone]");
  EXPECT_EQ(without("工号100234报", {"100234"}), "工号[name]报");
  // No name: a single character, a part of a longer word or number, nothing.
  EXPECT_EQ(without("张路口", {"张"}), "张路口");
  EXPECT_EQ(without("a b", {"a", "", "  "}), "a b");
  EXPECT_EQ(without("r12 and xr1", {"r1"}), "r12 and xr1");
  EXPECT_EQ(without("r12 and r1, r1", {"r1"}), "r12 and [name], [name]");
  EXPECT_EQ(without("", {"张三"}), "");
}

TEST(OwnNames, SeveralInOneFieldAndThoseOfNobody) {
  EXPECT_EQ(without("张三与李四争执", {"张三、李四"}), "[name]与[name]争执");
  EXPECT_EQ(without("张三反映", {"张三\u3000"}), "[name]反映");
  EXPECT_EQ(without("李建国反映", {"李建国 13711112222"}), "[name]反映");
  EXPECT_EQ(without("李建国反映", {"\u00a0李建国\u00a013711112222"}), "[name]反映");
  EXPECT_EQ(without("Jo\u00e9l Smith saw Smith", {"Jo\u00e9l Smith"}), "[name] saw Smith");
  EXPECT_EQ(without("Smith saw John Smith", {"John Smith"}), "Smith saw [name]");
  EXPECT_EQ(without("市民反映12号楼", {"市民", "12"}), "市民反映12号楼");
}

TEST(OwnNames, CostOnePassWhateverTheyAre) {
  const std::string text(1 << 20, 'a'), longest(128, 'a'), longer(1 << 19, 'a');
  EXPECT_EQ(without(text, {longest, longer, "aa"}), text);
  EXPECT_EQ(without(text + " " + longest, {longest}), text + " [name]");
}

TEST(OwnNames, ATextWithoutOneStaysWhereItIs) {
  Arena arena;
  const std::string_view text = "道路积水约半米";
  const std::string_view names[] = {"张三", "", "李四"};
  EXPECT_EQ(OwnNames(names).mask(text, arena).data(), text.data());
  EXPECT_EQ(OwnNames(names).tokenise(text, Tokenizer("k"), arena).data(), text.data());
  EXPECT_EQ(arena.capacity(), 0u);
}

// Against replacing by plain search, over an alphabet small enough for names to meet; and in one pass over the text.
TEST(OwnNames, AgainstPlainSearch) {
  std::mt19937 random(7);
  const auto word = [&](size_t most) {
    std::string s;
    for (size_t n = random() % most; n > 0; --n) s += std::string_view("甲乙丙").substr(random() % 3 * 3, 3);
    return s;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string text = word(30), name = "甲" + word(3);
    std::string expected = text;
    for (size_t at = 0; name.size() > 3 && (at = expected.find(name, at)) != std::string::npos; at += 6) {
      expected.replace(at, name.size(), "[name]");
    }
    EXPECT_EQ(without(text, {name}), expected) << text << " " << name;
  }
  std::string many;
  for (int i = 0; i < 300'000; ++i) many += "ab ";
  EXPECT_EQ(without(many, {"ab", "nowhere"}).size(), 300'000u * 7);
}

TEST(OwnNames, ATokenKeepsApartWhatTheNameKeptApart) {
  Arena arena;
  const Tokenizer t("secret");
  const auto of = [&](std::string_view text, std::initializer_list<std::string_view> names) {
    return std::string(OwnNames({names.begin(), names.size()}).tokenise(text, t, arena));
  };
  const std::string zhang(t.token("张三", arena)), li(t.token("李四", arena));
  EXPECT_EQ(of("张三家门口", {"张三"}), zhang + "家门口");
  EXPECT_EQ(of("张三、李四合租", {"李四，张三"}), zhang + "、" + li + "合租");
  EXPECT_EQ(of("张三", {" 张三　"}), zhang);
  EXPECT_EQ(of("13812345678", {"13812345678"}), t.token("13812345678", arena));
  // A surname is no name, and an organisation's is no person's: places are called by it.
  EXPECT_EQ(of("张家弄3号", {"张三", "张"}), "张家弄3号");
  EXPECT_EQ(of("阳明社区担山路402号", {"阳明社区"}), "阳明社区担山路402号");
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "ab ";
  EXPECT_EQ(of(many, {"ab"}).size(), 10'000U * (Tokenizer::kTokenBytes + 1));
}

}  // namespace
}  // namespace tocsin
