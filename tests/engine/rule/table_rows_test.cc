// A table's rows from a topic's records.
#include "rule/table_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "rule/rule_set.h"

namespace tocsin::rule {
namespace {

const SourceFile& posts(const char* format) {
  static SourceFile file;
  file = {"posts.yaml",
          std::string("table:\n  name: posts\n  topic: posts\n  format: ") + format +
              "\n  key: post\n  columns: {post: string, care: {type: string, values: [red, green]}, people: int, town: "
              "area, since: date, place: point, near: double, on: bool, note: string}\n",
          SourceFile::Kind::kTable};
  return file;
}

TableRows rows_of(const char* format = "json", size_t partitions = 1) {
  auto rows = TableRows::of(posts(format), TimeZone::utc(), partitions);
  EXPECT_TRUE(rows.is_ok()) << (rows ? "" : rows.error().message);
  return *std::move(rows);
}

constexpr char kHeader[] = "post,care,people,town,since,place,near,on,note\n";

std::string refused(TableRows& rows, std::string_view key, std::optional<std::string_view> value) {
  const std::string before = rows.text();
  const auto taken = rows.take(key, value);
  EXPECT_EQ(rows.text(), before) << "a record that is refused changes nothing";
  return taken ? "taken" : taken.error().message;
}

// What the text says when it is read as a table's file.
std::shared_ptr<const Table> read_again(const TableRows& rows, const char* format = "json") {
  std::vector<Diagnostic> faults;
  const SourceFile file{"topic", rows.text(), SourceFile::Kind::kRows, "posts.yaml"};
  auto table = parse_table(posts(format), &file, TimeZone::utc(), faults);
  EXPECT_NE(table, nullptr) << (faults.empty() ? "" : faults[0].en);
  return table;
}

TEST(TableRows, TheLastRecordOfAKeyCountsAndOneWithoutAValueTakesTheRowAway) {
  TableRows rows = rows_of();
  EXPECT_EQ(rows.text(), kHeader);
  EXPECT_TRUE(*rows.take("p2", R"({"care": "red", "people": 3})"));
  EXPECT_TRUE(*rows.take("p1", R"({"care": "green"})"));
  EXPECT_EQ(rows.text(), std::string(kHeader) + "p1,green,,,,,,,\np2,red,3,,,,,,\n");
  EXPECT_FALSE(*rows.take("p2", R"({"people": 3, "care": "red", "post": "p2"})")) << "the same once more";
  EXPECT_TRUE(*rows.take("p2", R"({"care": "green"})")) << "the record is the row: what it leaves out is missing";
  EXPECT_FALSE(*rows.take("p9", std::nullopt));
  EXPECT_TRUE(*rows.take("p1", std::nullopt));
  EXPECT_EQ(rows.text(), std::string(kHeader) + "p2,green,,,,,,,\n");
  EXPECT_EQ(rows.rows(), 1U);
}

TEST(TableRows, WhatStandsInARowComesBackFromTheText) {
  TableRows rows = rows_of();
  ASSERT_TRUE(rows.take("p \"1\", x", R"({"care":"red","people":-7,"town":"330282004","since":"2024-01-02",
    "place":[121.25,30.17],"near":2.5,"on":true,"note":"a,\nb \"c\"","other":{"x":1}})"));
  ASSERT_TRUE(rows.take("b", R"({"place":{"lon":121.25,"lat":30.17},"near":2,"people":null})"));
  const auto table = read_again(rows);
  ASSERT_EQ(table->rows(), 2U);
  const auto row = table->find(expr::Value::string("p \"1\", x"));
  ASSERT_GE(row, 0);
  const auto cells = table->row(static_cast<size_t>(row));
  EXPECT_EQ(cells[2].i, -7);
  EXPECT_EQ(cells[3].str(), "330282004");
  EXPECT_DOUBLE_EQ(cells[6].d, 2.5);
  EXPECT_TRUE(cells[7].is_true());
  EXPECT_EQ(cells[8].str(), "a,\nb \"c\"");
  EXPECT_EQ(rows.text().find("other"), std::string::npos) << "what no column is declared for is not kept";
}

TEST(TableRows, CsvRecordsInTheOrderOfTheDeclaration) {
  TableRows rows = rows_of("csv");
  EXPECT_TRUE(*rows.take("p1", "p1,red,3,330282004,2024-01-02,121.25 30.17,2,true,\"a, b\"\r\n"));
  EXPECT_TRUE(*rows.take("p2", ",green,,,,,,,"));
  EXPECT_EQ(read_again(rows, "csv")->rows(), 2U);
  EXPECT_EQ(refused(rows, "p3", "p3,red"), "the value has 2 cells, and the table 9 columns");
  EXPECT_EQ(refused(rows, "p3", "p3,,,,,,,,\np4,,,,,,,,"), "the value is more than one CSV record");
}

TEST(TableRows, AFaultyRecordLeavesTheOldRowAndSaysWhyWithoutWhatStandsThere) {
  TableRows rows = rows_of();
  ASSERT_TRUE(*rows.take("p1", R"({"care":"red"})"));
  EXPECT_EQ(refused(rows, "p1", "{\"care\": \"red\""), "the value is no JSON object");
  EXPECT_EQ(refused(rows, "p1", "[1]"), "the value is no JSON object");
  EXPECT_EQ(refused(rows, "", "{}"), "the record has no key");
  EXPECT_EQ(refused(rows, "p1", R"({"care":"blue"})"),
            "what stands in `care` is none of the values that the table declares");
  EXPECT_EQ(refused(rows, "p1", R"({"people":"three"})"), "what stands in `people` is no int");
  EXPECT_EQ(refused(rows, "p1", R"({"people":1.5})"), "what stands in `people` is no int");
  EXPECT_EQ(refused(rows, "p1", R"({"town":330282004})"),
            "what stands in `town` is no area: 330282, 330282004, 330282004201");
  EXPECT_EQ(refused(rows, "p1", R"({"place":[121.25]})"), "what stands in `place` is no point: 121.2410 30.1701");
  EXPECT_EQ(refused(rows, "p1", R"({"note":"13812345678"})"),
            "in `note` stands what looks like a phone's, a card's or a plate's number");
  EXPECT_EQ(refused(rows, "13812345678", "{}"),
            "in `post` stands what looks like a phone's, a card's or a plate's number");
  EXPECT_EQ(refused(rows, "p1", R"({"post":"p2"})"), "`post` in the value is not the record's key");
}

TEST(TableRows, WhatIsNotUtf8IsRefusedByItself) {
  for (const char* format : {"json", "csv"}) {
    TableRows rows = rows_of(format);
    EXPECT_EQ(refused(rows, "\xC4\xFE", std::nullopt), "the record is not UTF-8") << format;
    EXPECT_EQ(refused(rows, "a", "a,red,1,330282,2025-01-01,,,true,\xC4\xFE"), "the record is not UTF-8") << format;
  }
}

TEST(TableRows, KeysOfNumbersAreOneHoweverTheyAreWritten) {
  const SourceFile table{"t.yaml", "table:\n  name: t\n  topic: t\n  key: n\n  columns: {n: int, v: int}\n",
                         SourceFile::Kind::kTable};
  auto rows = TableRows::of(table, TimeZone::utc());
  ASSERT_TRUE(rows.is_ok());
  EXPECT_TRUE(*rows->take("7", R"({"v":1})"));
  EXPECT_TRUE(*rows->take("07", R"({"v":2})"));
  EXPECT_EQ(rows->text(), "n,v\n7,2\n");
  EXPECT_FALSE(rows->take("seven", std::nullopt).is_ok());
}

TEST(TableRows, ATableIsFullAtItsBound) {
  TableRows rows = rows_of();
  for (size_t i = 0; i < kMaxTableRows; ++i) ASSERT_TRUE(rows.take("k" + std::to_string(i) + "x", "{}").is_ok()) << i;
  const auto more = rows.take("one", "{}");
  ASSERT_FALSE(more.is_ok());
  EXPECT_EQ(more.error().code, Code::kExhausted);
  EXPECT_TRUE(*rows.take("k7x", R"({"care":"red"})")) << "a row that is there may still change";
  EXPECT_TRUE(*rows.take("k9x", std::nullopt));
  EXPECT_TRUE(*rows.take("one", "{}")) << "and what went made room";
}

// A record of a topic's partition; no care: it takes the row away.
struct Record {
  std::string key;
  const char* care;
  uint32_t partition;
  TimeMs at;
};

std::string text_of(const std::vector<Record>& records, size_t partitions) {
  TableRows rows = rows_of("json", partitions);
  for (const Record& r : records) {
    const std::string value = r.care == nullptr ? "" : R"({"care":")" + std::string(r.care) + "\"}";
    const auto taken = rows.take(r.key, r.care == nullptr ? std::nullopt : std::optional<std::string_view>(value),
                                 {r.partition, r.at});
    EXPECT_TRUE(taken.is_ok()) << r.key;
  }
  return rows.text();
}

std::string rows_text(const std::string& rows) { return kHeader + rows; }

TEST(TableRows, OfTwoPartitionsTheYoungerRecordCountsWhicheverIsReadFirst) {
  EXPECT_EQ(text_of({{"a", "red", 0, 10}, {"a", "green", 1, 20}}, 2), rows_text("a,green,,,,,,,\n"));
  EXPECT_EQ(text_of({{"a", "green", 1, 20}, {"a", "red", 0, 10}}, 2), rows_text("a,green,,,,,,,\n"));
  EXPECT_EQ(text_of({{"a", "green", 0, 20}, {"a", "red", 1, 10}}, 2), rows_text("a,green,,,,,,,\n"));
  EXPECT_EQ(text_of({{"a", "red", 1, 10}, {"a", "green", 0, 10}}, 2), rows_text("a,red,,,,,,,\n"))
      << "at the same time: the greater partition";
  EXPECT_EQ(text_of({{"a", nullptr, 1, 20}, {"a", "red", 0, 10}}, 2), rows_text("")) << "it was taken away since";
  EXPECT_EQ(text_of({{"a", "red", 0, 10}, {"a", nullptr, 1, 20}, {"a", "green", 0, 30}}, 2),
            rows_text("a,green,,,,,,,\n"));
}

TEST(TableRows, WithinAPartitionTheLaterOffsetCountsWhateverTheClockSaid) {
  EXPECT_EQ(text_of({{"a", "red", 0, 20}, {"a", "green", 0, 10}}, 1), rows_text("a,green,,,,,,,\n"));
  EXPECT_EQ(text_of({{"a", "red", 1, 20}, {"a", "green", 1, 5}, {"a", "red", 0, 10}}, 2), rows_text("a,red,,,,,,,\n"));
  EXPECT_EQ(text_of({{"a", "red", 0, 10}, {"a", "green", 1, 20}, {"a", nullptr, 1, 5}}, 2), rows_text("a,red,,,,,,,\n"))
      << "the other partition's last record is the younger one now";
}

// The rows are a function of what stands in the partitions: every order in which these can be read gives the same.
TEST(TableRows, EveryOrderOfReadingGivesTheSameRows) {
  const std::vector<std::vector<Record>> partitions = {
      {{"a", "red", 0, 5}, {"b", "red", 0, 50}, {"a", nullptr, 0, 30}},
      {{"b", nullptr, 1, 20}, {"a", "green", 1, 30}, {"b", "green", 1, 50}},
      {{"b", "red", 2, 60}, {"b", nullptr, 2, 49}}};
  std::string turns = "00011122";  // whose record comes next
  std::set<std::string> seen;
  do {
    std::vector<size_t> next(partitions.size(), 0);
    std::vector<Record> records;
    for (const char turn : turns) {
      const auto p = static_cast<size_t>(turn - '0');
      records.push_back(partitions[p][next[p]++]);
    }
    seen.insert(text_of(records, 3));
  } while (std::ranges::next_permutation(turns).found);
  EXPECT_EQ(seen, std::set{rows_text("a,green,,,,,,,\nb,green,,,,,,,\n")});
}

TEST(TableRows, WhatIsHiddenIsBounded) {
  TableRows rows = rows_of("json", 2);
  for (size_t i = 0; i <= 2 * kMaxTableRows; ++i) {
    const auto gone = rows.take("k" + std::to_string(i) + "x", std::nullopt, {1, static_cast<TimeMs>(i)});
    ASSERT_TRUE(gone.is_ok() && !*gone) << i;
  }
  EXPECT_FALSE(*rows.take("k" + std::to_string(2 * kMaxTableRows) + "x", "{}", {0, 0})) << "the youngest is remembered";
  EXPECT_TRUE(*rows.take("k1x", "{}", {0, 0})) << "the oldest is not";
  EXPECT_EQ(rows.rows(), 1U);
}

TEST(TableRows, ADeclarationWithFaultsHasNoRows) {
  EXPECT_FALSE(
      TableRows::of({"t.yaml", "table:\n  name: t\n  topic: t\n  key: n\n  columns: {m: int}\n"}, TimeZone::utc()));
}

TEST(TableRows, ATableOfATopicAloneIsEmptyWhereNoTopicIsRead) {
  std::vector<Diagnostic> faults;
  const auto table = parse_table(posts("json"), nullptr, TimeZone::utc(), faults);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->rows(), 0U);
  EXPECT_EQ(topic_of(posts("json").text), "posts");
}

}  // namespace
}  // namespace tocsin::rule
