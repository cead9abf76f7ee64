// Tables line up by what characters take on a terminal, and fit.
#include "connectors/backtest/table.h"

#include <gtest/gtest.h>

#include "base/display_width.h"

namespace tocsin::backtest {
namespace {

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("积水"), 4u);
  EXPECT_EQ(display_width("（积水）"), 8u);
  EXPECT_EQ(display_width("–…é"), 3u);
  EXPECT_EQ(display_width("e\u0301"), 1u);
  EXPECT_EQ(display_width("\xff\xfe"), 2u);
  EXPECT_EQ(display_width("\xe7\xa7"), 2u);  // cut short
}

TEST(DisplayWidth, CutsBetweenCharacters) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to_width("积水内涝", 8), "积水内涝");
  EXPECT_EQ(cut_to_width("积水内涝", 7), "积水内…");
  EXPECT_EQ(cut_to_width("积水内涝", 6), "积水…");
  EXPECT_EQ(cut_to_width("积水", 1), "…");
}

Table towns() {
  Table t;
  t.column("镇街", Table::Side::kLeft);
  t.column("警报");
  t.column("a day");
  t.row({"330282004 浒山街道", "1,204", "3.30"});
  t.row({"（不在同一镇街）", "7", "0.02"});
  return t;
}

TEST(Table, LinesUp) {
  EXPECT_EQ(towns().text(80),
            "镇街                 警报  a day\n"
            "330282004 浒山街道  1,204   3.30\n"
            "（不在同一镇街）        7   0.02\n");
}

TEST(Table, TheFirstColumnIsCutWhereItIsTooWide) {
  const std::string text = towns().text(24);
  EXPECT_EQ(text,
            "镇街                警报\n"
            "330282004 浒山街…  1,204\n"
            "（不在同一镇街）       7\n"
            "\n"
            "镇街               a day\n"
            "330282004 浒山街…   3.30\n"
            "（不在同一镇街）    0.02\n");
}

TEST(Table, ColumnsThatDoNotFitGoOnBelow) {
  Table t;
  t.column("town", Table::Side::kLeft);
  for (int i = 0; i < 40; ++i) t.column(std::to_string(i * 100));
  std::vector<std::string> row = {"浒山"};
  for (int i = 0; i < 40; ++i) row.push_back("12345");
  t.row(row);
  const std::string text = t.text(80);
  size_t lines = 0;
  for (size_t at = 0; at < text.size(); ++lines) {
    const size_t end = text.find('\n', at);
    EXPECT_LE(display_width(std::string_view(text).substr(at, end - at)), 80u);
    at = end + 1;
  }
  EXPECT_EQ(lines, 4u * 2 + 3);
}

}  // namespace
}  // namespace tocsin::backtest
