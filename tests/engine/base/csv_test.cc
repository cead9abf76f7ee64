#include "base/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin {
namespace {

using ::testing::ElementsAre;

constexpr size_t kMore = std::string_view::npos;

TEST(CsvRecordEnd, FindsTheLineEndOutsideQuotes) {
  EXPECT_EQ(csv_record_end("a,b\nc", false), 4u);
  EXPECT_EQ(csv_record_end("a,b\r\nc", false), 5u);
  EXPECT_EQ(csv_record_end("\n", false), 1u);
  EXPECT_EQ(csv_record_end("", false), kMore);
  EXPECT_EQ(csv_record_end("", true), kMore);
  EXPECT_EQ(csv_record_end("a,b", false), kMore);
  EXPECT_EQ(csv_record_end("a,b", true), 3u);
  EXPECT_EQ(csv_record_end("\"a\nb\",c\nd", false), 8u);
  EXPECT_EQ(csv_record_end("\"a\"\"\nb\"\nd", false), 8u);
  EXPECT_EQ(csv_record_end("x,\"a\nb\"\n", false), 8u);
  EXPECT_EQ(csv_record_end("5\" pipe\nnext", false), 8u);  // no quote at the cell's beginning
  EXPECT_EQ(csv_record_end("\"a\n", false), kMore);
  EXPECT_EQ(csv_record_end("\"a\n", true), 3u);
  EXPECT_EQ(csv_record_end("\"a\"", false), kMore);  // the quote may be the first of two
  EXPECT_EQ(csv_record_end("\xEF\xBB\xBF\"a\nb\"\nc", false), 9u);
  EXPECT_EQ(csv_record_end("x;\"a\nb\"\nc", false, ';'), 8u);
  EXPECT_EQ(csv_record_end("x;\"a\nb\"\nc", false, ','), 5u);
}

class CsvCells : public ::testing::Test {
 protected:
  bool parse(std::string_view record, char delimiter = ',') {
    return parse_csv_record(record, delimiter, arena_, cells_, fault_);
  }
  Arena arena_;
  std::vector<std::string_view> cells_;
  std::string fault_;
};

TEST_F(CsvCells, Splits) {
  ASSERT_TRUE(parse("a,b,c\r\n"));
  EXPECT_THAT(cells_, ElementsAre("a", "b", "c"));
  ASSERT_TRUE(parse(""));
  EXPECT_THAT(cells_, ElementsAre(""));
  ASSERT_TRUE(parse(",,"));
  EXPECT_THAT(cells_, ElementsAre("", "", ""));
  ASSERT_TRUE(parse("\"a,b\",\"c\nd\",\"e\"\"f\",\"\"\n"));
  EXPECT_THAT(cells_, ElementsAre("a,b", "c\nd", "e\"f", ""));
  ASSERT_TRUE(parse("a\tb,c", '\t'));
  EXPECT_THAT(cells_, ElementsAre("a", "b,c"));
  ASSERT_TRUE(parse("5\" pipe,x"));
  EXPECT_THAT(cells_, ElementsAre("5\" pipe", "x"));
  ASSERT_TRUE(parse("\"\"\"\",\"\"\"\"\"\""));
  EXPECT_THAT(cells_, ElementsAre("\"", "\"\""));
}

TEST_F(CsvCells, Faults) {
  EXPECT_FALSE(parse("a,\"b"));
  EXPECT_EQ(fault_, "the quote that opens cell 2 is never closed");
  EXPECT_FALSE(parse("\"a\"b,c"));
  EXPECT_EQ(fault_, "text follows the closing quote of cell 1");
  EXPECT_TRUE(parse(std::string(kMaxColumns - 1, ',')));
  EXPECT_FALSE(parse(std::string(kMaxColumns, ',')));
}

}  // namespace
}  // namespace tocsin
