#include "event/mask.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tocsin {
namespace {

std::string masked(std::string_view text) {
  Arena arena;
  return std::string(mask_text(text, arena));
}

TEST(Mask, Phones) {
  EXPECT_EQ(masked("联系13812345678。"), "联系[phone]。");
  EXPECT_EQ(masked("13812345678"), "[phone]");
  EXPECT_EQ(masked("1３８12345678"), "[phone]");
  EXPECT_EQ(masked("１３８１２３４５６７８"), "[phone]");
  EXPECT_EQ(masked("138 1234 5678"), "[phone]");
  EXPECT_EQ(masked("138-1234-5678 急"), "[phone] 急");
  EXPECT_EQ(masked("138－1234－5678"), "[phone]");
  EXPECT_EQ(masked("1 3 8 1 2 3 4 5 6 7 8"), "[phone]");
  EXPECT_EQ(masked("+86 13812345678"), "+86 [phone]");
  EXPECT_EQ(masked("8613812345678"), "[phone]");
  EXPECT_EQ(masked("008613812345678"), "[id]");  // 15 digits in a row: hidden under another mark
  EXPECT_EQ(masked("013812345678"), "[phone]");
  EXPECT_EQ(masked("13812345678 13912345678"), "[phone] [phone]");
  EXPECT_EQ(masked("13812345678/13912345678"), "[phone]/[phone]");
  EXPECT_EQ(masked("1381234567813912345678"), "[number]");
  EXPECT_EQ(masked("3号楼 13812345678"), "3号楼 [phone]");
  EXPECT_EQ(masked("3 13812345678"), "3 [phone]");
}

TEST(Mask, Landlines) {
  EXPECT_EQ(masked("电话0574-63812345"), "电话[phone]");
  EXPECT_EQ(masked("0574 6381 2345"), "[phone]");
  EXPECT_EQ(masked("(0574)63812345"), "([phone]");
  EXPECT_EQ(masked("（0574）63812345转3"), "（[phone]转3");
  EXPECT_EQ(masked("057463812345"), "[phone]");
  EXPECT_EQ(masked("010-62345678"), "[phone]");
  EXPECT_EQ(masked("021－62345678"), "[phone]");
  EXPECT_EQ(masked("0571-6381234"), "[phone]");
  EXPECT_EQ(masked("+86 574 63812345"), "+[phone]");
}

TEST(Mask, IdentityCards) {
  EXPECT_EQ(masked("身份证330282199001011234，"), "身份证[id]，");
  EXPECT_EQ(masked("33028219900101123X"), "[id]");
  EXPECT_EQ(masked("33028219900101123x住"), "[id]住");
  EXPECT_EQ(masked("33028219900101123Ｘ"), "[id]");
  EXPECT_EQ(masked("330282 19900101 1234"), "[id]");
  EXPECT_EQ(masked("330282 19900101 123X"), "[id]");
  EXPECT_EQ(masked("330282-1990-0101-123-4"), "[id]");
  EXPECT_EQ(masked("３３０２８２１９９００１０１１２３Ｘ"), "[id]");
  EXPECT_EQ(masked("330282900101123"), "[id]");
  EXPECT_EQ(masked("330282 900101 123"), "[id]");
}

TEST(Mask, BankCards) {
  EXPECT_EQ(masked("卡号6222021234567890123"), "卡号[card]");
  EXPECT_EQ(masked("6222 0212 3456 7890 123"), "[card]");
  EXPECT_EQ(masked("6222-0212-3456-7890"), "[card]");
  EXPECT_EQ(masked("4111111111111111"), "[card]");
  EXPECT_EQ(masked("62220212345678901"), "[card]");
}

TEST(Mask, Plates) {
  EXPECT_EQ(masked("车牌京A12345停"), "车牌[plate]停");
  EXPECT_EQ(masked("浙BD12345"), "[plate]");
  EXPECT_EQ(masked("浙B·12345"), "[plate]");
  EXPECT_EQ(masked("浙B 12345"), "[plate]");
  EXPECT_EQ(masked("浙b12345"), "[plate]");
  EXPECT_EQ(masked("浙Ｂ１２３４５"), "[plate]");
  EXPECT_EQ(masked("浙B8K9L2和沪A00001"), "[plate]和[plate]");
  EXPECT_EQ(masked("浙B12345 13812345678"), "[plate] [phone]");
}

TEST(Mask, LeavesEverythingElse) {
  for (const char* text : {"",
                           "没有数字",
                           "35厘米",
                           "2024-07-01 08:30:00",
                           "20240701083015",
                           "2024年7月1日",
                           "网格330282004201",
                           "3 幢 2 单元 501",
                           "1719822600000",
                           "工单 20240701-0012",
                           "119、110、12345",
                           "水位 3.14 米",
                           "浙B",
                           "京ABCDEF 1",
                           "苏A楼",
                           "400-800-1234",
                           "G1523 高速",
                           "30.1701,121.2410",
                           "有［２］处",
                           "12 13 14 15"}) {
    EXPECT_EQ(masked(text), text);
  }
}

TEST(Mask, IsIdempotentAndKeepsTheRest) {
  const std::string text = "甲13812345678乙330282199001011234丙浙B12345丁0574-63812345戊";
  const std::string once = masked(text);
  EXPECT_EQ(once, "甲[phone]乙[id]丙[plate]丁[phone]戊");
  EXPECT_EQ(masked(once), once);
}

TEST(Mask, LongRunsOfDigitsAreHiddenWhole) {
  EXPECT_EQ(masked("a" + std::string(5000, '7') + "b"), "a[number]b");
  std::string spaced;
  for (int i = 0; i < 1000; ++i) spaced += "1 ";
  EXPECT_EQ(masked(spaced), "[number] ");
}

TEST(Mask, TextWithoutNumbersIsNotCopied) {
  Arena arena;
  const std::string text = "道路积水35厘米";
  EXPECT_EQ(mask_text(text, arena).data(), text.data());
}

TEST(TokeniseNumbers, EqualNumbersStayEqual) {
  Arena arena;
  const Tokenizer t("k");
  const auto a = tokenise_numbers("13812345678", t, arena);
  EXPECT_EQ(a, tokenise_numbers("13812345678", t, arena));
  EXPECT_TRUE(a.starts_with("p:"));
  EXPECT_NE(a, tokenise_numbers("13812345679", t, arena));
  EXPECT_EQ(tokenise_numbers("6222021234567890123", t, arena), "6222021234567890123");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "甲13812345678";
  EXPECT_EQ(tokenise_numbers(many, t, arena).size(), 100 * (3 + Tokenizer::kTokenBytes));
}

TEST(MaskPayload, HidesIdentitiesAndNumbers) {
  EXPECT_EQ(mask_payload(R"({"id":"g1","reporter":"张三","text":"电话13812345678","x":1})"),
            R"({"id":"g1","reporter":"[hidden]","text":"电话[phone]","x":1})");
  EXPECT_EQ(mask_payload(R"({"reporter" : "张\"三" , "subject":null,"a":2)"),
            R"({"reporter" : "[hidden]" , "subject":[hidden],"a":2)");
  EXPECT_EQ(mask_payload(R"({"respondent":{"name":"张三"},"a":2)"), R"({"respondent":[hidden],"a":2)");
  EXPECT_EQ(mask_payload(R"({"reporter":"张三)"), R"({"reporter":"[hidden]")");
  EXPECT_EQ(mask_payload(R"({'reporter': '张三'})"), R"({'reporter': [hidden]})");
  EXPECT_EQ(mask_payload("REPORTER=张三&a=1"), "REPORTER=[hidden]&a=1");
  EXPECT_EQ(mask_payload("姓名：张三，"), "姓名：[hidden]");
  EXPECT_EQ(mask_payload(R"({"\u0072eporter":"张三","a":1})"), R"({"\u0072eporter":"[hidden]","a":1})");
  EXPECT_EQ(mask_payload(R"({"reporter":"张三","subject":null,"text":"张三来电","x":null})"),
            R"({"reporter":"[hidden]","subject":[hidden],"text":"[name]来电","x":null})");
  EXPECT_EQ(mask_payload("tel 63812345 and 123456"), "tel [number] and 123456");
  EXPECT_EQ(mask_payload("\\u0031\\u0033\\u0038\\u0031\\u0032\\u0033\\u0034\\u0035"), "[number]");
  EXPECT_EQ(mask_payload(R"({"preporter":"x"})"), R"({"preporter":"x"})");
  // Of a list or an object each text in it, wherever in the record it stands; what it is called there hides nothing.
  EXPECT_EQ(mask_payload(R"({"reporter":[{"name":"张三","vip":true},"李四"],"a":{"name":["张三和李四"],"vip":true}})"),
            R"({"reporter":[hidden],"a":{"name":["[name]和[name]"],"vip":true}})");
  EXPECT_EQ(mask_payload(R"({"detail":{"text":"张三　来电"},"x":[{"姓名":"　张三 "}]})"),
            R"({"detail":{"text":"[name]　来电"},"x":[{"姓名":"[hidden]"}]})");
  EXPECT_EQ(mask_payload(R"({"reporter":{"a":"张三)"), R"({"reporter":[hidden])");
  const std::string_view further[] = {"张三"};
  EXPECT_EQ(mask_payload("张三来电", {.texts = further}), "[name]来电");
}

TEST(MaskPayload, IsReadableAndBounded) {
  EXPECT_EQ(mask_payload(std::string("a\xff\x00z", 4)), "a??z");
  EXPECT_EQ(mask_payload("\xED\xA0\x80"), "???");
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "水";
  const std::string out = mask_payload(text);
  EXPECT_LE(out.size(), kMaxMaskedBytes);
  EXPECT_EQ(out.size() % 3, 0u);
}

}  // namespace
}  // namespace tocsin
