#include "event/area_table.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(AreaCode, Shape) {
  EXPECT_TRUE(is_area_code("330282", AreaLevel::kCity));
  EXPECT_TRUE(is_area_code("330282004", AreaLevel::kTown));
  EXPECT_TRUE(is_area_code("330282004201", AreaLevel::kVillage));
  EXPECT_FALSE(is_area_code("330282", AreaLevel::kTown));
  EXPECT_FALSE(is_area_code("33028a", AreaLevel::kCity));
  EXPECT_FALSE(is_area_code("000000", AreaLevel::kCity));
  EXPECT_FALSE(is_area_code("", AreaLevel::kCity));
}

TEST(AreaTable, KnowsWhatItWasTold) {
  AreaTable t;
  ASSERT_TRUE(
      t.load_csv("\xEF\xBB\xBF"
                 "code,name\r\n330282004,浒山街道\r\n330282005,乙镇\r\n",
                 "a.csv"));
  EXPECT_EQ(t.size(), 2u);
  EXPECT_TRUE(t.may_exist("330282004"));
  EXPECT_FALSE(t.may_exist("330282006"));
  EXPECT_TRUE(t.may_exist("330281006"));
  EXPECT_TRUE(t.may_exist("330282"));
  EXPECT_TRUE(t.may_exist("330282006201"));  // the table has no villages of that city
  EXPECT_EQ(t.name("330282004"), "浒山街道");
  EXPECT_EQ(t.name("330282006"), "");
  EXPECT_EQ(t.name("x"), "");
}

TEST(AreaTable, FindsCodesByName) {
  AreaTable t;
  ASSERT_TRUE(
      t.load_csv("code,name\n330282004,浒山街道\n330282005,浒山\n330282006,乙镇\n330282004201,乙镇\n", "a.csv"));
  using Codes = std::vector<std::string>;
  EXPECT_EQ(t.codes_named("浒山街道", AreaLevel::kTown), Codes{"330282004"});
  EXPECT_EQ(t.codes_named("浒山", AreaLevel::kTown), Codes{"330282005"}) << "the whole name goes before a beginning";
  EXPECT_EQ(t.codes_named("浒", AreaLevel::kTown), (Codes{"330282004", "330282005"}));
  EXPECT_EQ(t.codes_named("乙镇", AreaLevel::kVillage), Codes{"330282004201"});
  EXPECT_TRUE(t.codes_named("丙镇", AreaLevel::kTown).empty());
  EXPECT_TRUE(t.codes_named("", AreaLevel::kTown).empty());
}

TEST(AreaTable, FaultsNameTheLine) {
  const auto fault = [](std::string_view text) {
    AreaTable t;
    const Status s = t.load_csv(text, "a.csv");
    return s ? std::string("ok") : s.error().message;
  };
  EXPECT_EQ(fault("name\nx\n"), "a.csv:1: the header has no column \"code\"");
  EXPECT_EQ(fault("code,name\n330282,x\n33028,y\n"), "a.csv:3: not an area code of 6, 9 or 12 digits");
  EXPECT_EQ(fault("code,name\n330282\n"), "a.csv:2: the row has not as many cells as the header");
  EXPECT_EQ(fault("code,name\n\n330282,x"), "ok");
}

}  // namespace
}  // namespace tocsin
