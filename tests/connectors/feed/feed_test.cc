#include "connectors/feed/feed.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connectors/feed/loose_time.h"
#include "rule/calendar_file.h"

namespace tocsin::feed {
namespace {

class Feeds : public ::testing::Test {
 protected:
  // Faults as "line:col code"; empty when the feed loads.
  std::string faults(std::string_view text) {
    std::vector<rule::Diagnostic> out;
    feed_ = load_feed(text, "rules/feeds/test.yaml", out);
    EXPECT_EQ(feed_ == nullptr, !out.empty());
    std::string s;
    for (const auto& d : out) {
      s += (s.empty() ? "" : "; ") + std::to_string(d.line) + ":" + std::to_string(d.column) + " " + d.code + ": " +
           d.en;
      if (!d.hint_en.empty()) s += " (" + d.hint_en + ")";
    }
    return s;
  }
  void load(std::string_view text) {
    ASSERT_EQ(faults(text), "");
    DecoderOptions options;
    options.intake.privacy_key = "secret";
    decoder_ = make_decoder(feed_, options);
  }
  // "accepted", or the refusal.
  std::string decode(std::string_view payload) {
    payload_ = payload;
    return decoder_->decode(payload_, arena_, e_, why_) ? "accepted" : std::string(why_.reason) + ": " + why_.message;
  }
  std::string attr(std::string_view name) const {
    for (const auto& a : e_.attrs) {
      if (a.name == name) return std::string(a.value);
    }
    return "(none)";
  }
  std::shared_ptr<const Feed> feed_;
  std::unique_ptr<FeedDecoder> decoder_;
  std::string payload_;
  Arena arena_;
  Event e_;
  runtime::Rejection why_;
};

constexpr std::string_view kCsv = R"(feed:
  format: csv
  time_zone: Asia/Shanghai
  lateness: 5m
  skip: row.kind == "test"
  fields:
    id: row.id
    occurred_at: row.time
    category: '"water.flooding.road"'
    location: {lon: row.lon, lat: row.lat}
    reporter: row.name
    people: row.people
    text: row.text
    flags: {trapped: row.text.contains("被困")}
    values: {depth_cm: row.depth}
    attrs: {address: row.address, note: 'has(row.note) ? row.note : "none"'}
)";
constexpr std::string_view kHeader = "id,time,lon,lat,name,people,text,depth,address,kind";

TEST_F(Feeds, CsvRowsBecomeEvents) {
  load(kCsv);
  EXPECT_EQ(feed_->name(), "test");
  EXPECT_TRUE(feed_->has_header());
  EXPECT_EQ(decoder_->lateness(), 300'000);
  EXPECT_EQ(decoder_->source_name(), "test");
  ASSERT_TRUE(decoder_->set_header(kHeader));
  ASSERT_EQ(decode("7,2024/7/1 8:30,121.241,30.1701,张三,3,\"车里有人被困,\n电话13812345678\",35.5,三北大街1号,\r\n"),
            "accepted");
  EXPECT_EQ(e_.id, "7");
  EXPECT_EQ(e_.source, "test");
  EXPECT_EQ(format_time(e_.occurred_at), "2024-07-01T00:30:00Z");
  EXPECT_EQ(e_.lon, 121.241);
  EXPECT_EQ(e_.place, "30.170100,121.241000");
  EXPECT_TRUE(e_.reporter.starts_with("p:"));
  EXPECT_EQ(e_.people, 3);
  EXPECT_EQ(e_.text, "车里有人被困,\n电话[phone]");
  ASSERT_EQ(e_.flags.size(), 1u);
  EXPECT_EQ(e_.flags[0], "trapped");
  ASSERT_EQ(e_.values.size(), 1u);
  EXPECT_EQ(e_.values[0].value, 35.5);
  EXPECT_EQ(attr("address"), "三北大街1号");
  EXPECT_EQ(attr("note"), "none");
  ASSERT_EQ(decode("8,2024-07-01T08:30:00,,,,,,,,"), "accepted");
  EXPECT_FALSE(e_.has_location());
  EXPECT_TRUE(e_.place.empty());
  EXPECT_TRUE(e_.values.empty());
  EXPECT_EQ(attr("address"), "(none)");
  // The reporter's own name leaves the attributes with the text; another's is not known as one.
  ASSERT_EQ(decode("9,2024/7/1 8:30,,,张三\u3000,,张三来电,,张三家隔壁李四家,"), "accepted");
  EXPECT_EQ(e_.text, "[name]来电");
  EXPECT_EQ(attr("address"), std::string(e_.reporter) + "家隔壁李四家");
}

TEST_F(Feeds, CsvRefusals) {
  load(kCsv);
  EXPECT_EQ(decode(std::string("\xEF\xBB\xBF") + std::string(kHeader) + "\r\n"),
            "skipped: ");  // the first record is the header
  EXPECT_EQ(decode(kHeader), "skipped: ");
  EXPECT_EQ(decode("\r\n"), "skipped: ");
  EXPECT_EQ(decode("8,2024-07-01,,,,,,,,test"), "skipped: ");
  EXPECT_EQ(decode("8,2024-07-01"), "malformed: the row has 2 cells, the header 10");
  EXPECT_EQ(decode("8,\"2024"), "malformed: the quote that opens cell 2 is never closed");
  EXPECT_EQ(decode("8,yesterday,,,,,,,,"), "bad_time: occurred_at is not a time that can be read");
  EXPECT_EQ(decode(",2024-07-01,,,,,,,,"), "missing_field: required and missing: id");
  EXPECT_EQ(decode("8,1889-07-01,,,,,,,,").substr(0, 17), "time_out_of_range");
  EXPECT_EQ(decode("8,2024-07-01,x,1,,,,,,"), "bad_value: location.lon must be a number");
  EXPECT_EQ(decode("8,2024-07-01,0,0,,,,,,"), "bad_coordinates: location is at 0,0");
  EXPECT_EQ(decode("8,2024-07-01,1,,,,,,,").substr(0, 15), "bad_coordinates");
  EXPECT_EQ(decode("8,2024-07-01,,,,-1,,,,"), "bad_value: people must be an integer of 0 or more");
  EXPECT_EQ(decode("8,2024-07-01,,,,,\xB4\xC8,,,"), "not_utf8: the row is not UTF-8");
  EXPECT_EQ(decode("8,2024-07-01,,,,," + std::string(1 << 20, 'a') + ",,,").substr(0, 9), "oversized");
}

TEST_F(Feeds, AHeaderThatLacksAColumnIsNamed) {
  load(kCsv);
  const Status s = decoder_->set_header("id,time,lon,latt,name,people,text,depth,address,kind");
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().message, "test: the header has no column \"lat\"; did you mean \"latt\"?");
  EXPECT_EQ(decode("1,2024-07-01,1,1,,,,,,"), "malformed: the header has no column \"lat\"; did you mean \"latt\"?");
  ASSERT_TRUE(decoder_->set_header(std::string(kHeader) + ",note"));
  EXPECT_EQ(decode("1,2024-07-01,,,,,,,,,hello"), "accepted");
  EXPECT_EQ(attr("note"), "hello");
}

TEST_F(Feeds, MaskedCopies) {
  load(kCsv);
  ASSERT_TRUE(decoder_->set_header(kHeader));
  const std::string copy = decoder_->masked("7,x,1,2,张三,3,电话13812345678,1,三北大街1号,\n");
  EXPECT_EQ(copy.find("张三"), std::string::npos);
  EXPECT_EQ(copy.find("13812345678"), std::string::npos);
  EXPECT_NE(copy.find("三北大街"), std::string::npos) << copy;
  EXPECT_EQ(decoder_->masked("张三,13812345678").find("张三"), std::string::npos);
  const std::string elsewhere = decoder_->masked("7,x,1,2,张三,3,张三来电,1,三北大街张三家,\n");
  EXPECT_EQ(elsewhere.find("张三"), std::string::npos) << elsewhere;
  EXPECT_NE(elsewhere.find("三北大街[name]家"), std::string::npos) << elsewhere;
}

TEST_F(Feeds, GbkRows) {
  load(R"(feed:
  format: csv
  encoding: gbk
  time_zone: Asia/Shanghai
  crs: gcj02
  fields:
    id: row["编号"]
    occurred_at: row["时间"]
    category: '"noise.social"'
    text: '"内容" in row ? row["内容"] : ""'
    location: {lon: 'row["经度"]', lat: 'row["纬度"]'}
)");
  // 编号,时间,经度,纬度,内容
  ASSERT_TRUE(
      decoder_->set_header("\xB1\xE0\xBA\xC5,\xCA\xB1\xBC\xE4,\xBE\xAD\xB6\xC8,\xCE\xB3\xB6\xC8,\xC4\xDA\xC8\xDD"));
  ASSERT_EQ(decode("1,2024\xC4\xEA"
                   "7\xD4\xC2"
                   "1\xC8\xD5 8\xCA\xB1"
                   "30\xB7\xD6,121.2410,30.1701,\xB4\xC8\xCF\xAA"),
            "accepted");
  EXPECT_EQ(format_time(e_.occurred_at), "2024-07-01T00:30:00Z");
  EXPECT_EQ(e_.text, "慈溪");
  EXPECT_NEAR(distance_m({e_.lon, e_.lat}, {121.2410, 30.1701}), 498, 5);
  EXPECT_EQ(decode("1,2024-07-01,,,\xFF\xFF"), "not_utf8: the row is not GBK");
  EXPECT_EQ(decode("1,2024-07-01,,,\xE6\x85\x88\xE6\xBA"), "not_utf8: the row is not GBK");
}

TEST_F(Feeds, JsonRows) {
  load(R"(feed:
  format: json
  tables: {category: {A: water.level}}
  fields:
    id: row.id
    occurred_at: row.ts
    category: lookup("category", row.type)
    grade: 'has(row.grade) ? row.grade : null'
    values: row.values
    flags: row.flags
    reporter: row.person.name
    attrs: {first: 'row.list[0]', whole: 'string(size(row.list))'}
)");
  EXPECT_EQ(feed_->record_end(), nullptr);
  ASSERT_EQ(decode(R"({"id":12,"ts":1719793800000,"type":"A","values":{"d":1.5,"n":null,"i":2},"flags":["trapped"],
                      "person":{"name":"张三"},"list":["x",true]})"),
            "accepted");
  EXPECT_EQ(e_.id, "12");
  EXPECT_EQ(e_.occurred_at, 1719793800000);
  EXPECT_EQ(e_.category, "water.level");
  EXPECT_EQ(e_.values.size(), 2u);
  EXPECT_TRUE(e_.reporter.starts_with("p:"));
  EXPECT_EQ(attr("first"), "x");
  EXPECT_EQ(attr("whole"), "2");
  EXPECT_EQ(decode(R"({"id":1,"ts":1719793800000,"type":"B","values":{},"flags":[],"person":{"name":""},"list":[1]})"),
            "missing_field: required and missing: category");
  EXPECT_EQ(decode(R"({"id":1})").substr(0, 9), "bad_value");
  EXPECT_EQ(decode("[]").substr(0, 9), "malformed");
  EXPECT_EQ(decode(R"({"id":1} x)").substr(0, 9), "malformed");
  EXPECT_EQ(decode("{\"id\":\"\xFF\"}").substr(0, 8), "not_utf8");
  EXPECT_EQ(decode("  "), "skipped: ");
  std::string deep = "{\"id\":";
  for (int i = 0; i < 500; ++i) deep += "[";
  EXPECT_EQ(decode(deep + std::string(500, ']') + "}").substr(0, 9), "malformed");
  const std::string copy = decoder_->masked(R"({"id":1,"person":{"name":"张三"},"list":[13812345678]})");
  EXPECT_EQ(copy.find("张三"), std::string::npos) << copy;
  EXPECT_EQ(copy.find("13812345678"), std::string::npos) << copy;
  const std::string nested = decoder_->masked(R"({"id":1,"person":{"name":["张三"]},"list":[{"text":"张三来电"}]})");
  EXPECT_EQ(nested, R"({"id":1,"person":[hidden],"list":[{"text":"[name]来电"}]})");
}

TEST_F(Feeds, ErrorsOfExpressionsShowNoValues) {
  load(R"(feed:
  format: json
  fields:
    id: row.id
    occurred_at: row.ts
    category: '"a"'
    people: int(row.people)
    duty: '{"x": "y"}[row.name]'
    text: row.text
)");
  const std::string start = R"({"id":1,"ts":1719793800000,"people":)";
  EXPECT_EQ(decode(start + R"("张三","name":"x","text":""})"),
            "bad_value: the expression of people failed: a value is not a text of type int");
  EXPECT_EQ(decode(start + R"("1","name":"张三","text":""})"), "bad_value: the expression of duty failed: no such key");
  EXPECT_EQ(decode(start + R"("1","name":"x"})"), "bad_value: the expression of text failed: no such key: text");
}

TEST_F(Feeds, FaultsAreNamedAllAtOnceWithTheirPlace) {
  EXPECT_EQ(faults("feed:\n  format: xml\n  fields: {id: row.a, occurred_at: row.b, category: row.c}\n").substr(0, 5),
            "2:11 ");
  const std::string all = faults(R"(feed:
  format: csv
  encodng: gbk
  time_zone: Asia/Cixi
  lateness: soon
  delimiter: "|"
  fields:
    id: row.
    occurred_at: row.b
    catgory: row.c
    source: '"x"'
    text: lookup("tabel", row.x)
    people: nobody
  where: '"yes"'
)");
  for (const char* part : {"3:3 unknown-key", "(did you mean `encoding`?)", "4:14 bad-time-zone", "5:13 ",
                           "6:14 bad-delimiter", "8:13 syntax", "10:5 unknown-key", "(did you mean `category`?)",
                           "11:5 unknown-key", "(the source is the file's name)", "unknown-table", "13:13 unknown-name",
                           "missing-key: the required field `category` has no expression", "type-mismatch"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n in " << all;
  }
  EXPECT_NE(faults("rules: []\n"), "");
  EXPECT_NE(faults(""), "");
  EXPECT_NE(faults("feed: 5\n"), "");
  EXPECT_NE(
      faults("feed:\n  format: json\n  delimiter: ','\n  fields: {id: row.a, occurred_at: row.b, category: row.c}\n"),
      "");
}

TEST_F(Feeds, CanonicalEvents) {
  DecoderOptions options;
  options.intake.privacy_key = "k";
  options.intake.sources = {"grid"};
  auto decoder = make_canonical_decoder(options);
  ASSERT_TRUE(decoder);
  EXPECT_TRUE(
      (*decoder)->decode(R"({"id":"1","source":"grid","occurred_at":1719793800000,"category":"a"})", arena_, e_, why_));
  EXPECT_FALSE(
      (*decoder)->decode(R"({"id":"1","source":"x","occurred_at":1719793800000,"category":"a"})", arena_, e_, why_));
  EXPECT_EQ(why_.reason, "unknown_source");
  EXPECT_FALSE((*decoder)->decode("\n", arena_, e_, why_));
  EXPECT_EQ(why_.reason, "skipped");
  EXPECT_EQ((*decoder)->lateness(), 600'000);
  EXPECT_EQ((*decoder)->masked(R"({"reporter":"张三"})"), R"({"reporter":"[hidden]"})");
}

TEST(FeedSchema, NamesEveryKey) {
  const std::string schema = feed_json_schema();
  for (const char* key : {"format", "encoding", "delimiter", "columns", "time_zone", "crs", "lateness", "where", "skip",
                          "tables", "fields", "identities", "occurred_at", "area.town"}) {
    EXPECT_NE(schema.find("\"" + std::string(key) + "\":{"), std::string::npos) << key;
  }
}

TEST(LooseTime, ReadsWhatSystemsExport) {
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  for (const char* text :
       {"2024-07-01T08:30:00", "2024/7/1 8:30", "2024/07/01 08:30:00", "2024.7.1 8:30", "2024-7-1 8:30",
        "2024年7月1日 8时30分", "2024年7月1日8时30分0秒", "2024年7月1日 8:30", "202407010830", "20240701083000",
        " 2024-07-01 08:30 ", "2024-07-01T08:30:00+08:00", "2024/7/1 8:30:00.000"}) {
    EXPECT_EQ(parse_loose_time(text, zone), 1719793800000) << text;
  }
  EXPECT_EQ(parse_loose_time("2024/7/1", zone), parse_time("2024-07-01", zone));
  EXPECT_EQ(parse_loose_time("20240701", zone), parse_time("2024-07-01", zone));
  for (const char* text : {"", "1/7/2024", "24/7/1", "2024/13/1", "2024/2/30", "2024/7/1 25:00", "7月1日", "2024/7",
                           "now", "2024070108", "2024/7/1 8:30 pm"}) {
    EXPECT_EQ(parse_loose_time(text, zone), std::nullopt) << text;
  }
}

TEST(CalendarFile, Reads) {
  const auto w = rule::parse_calendar(R"(calendar:
  time_zone: Asia/Shanghai
  holidays: [2025-01-01, 2025-01-28..2025-02-04]
  workdays: [2025-01-26]
)",
                                      "cn.yaml");
  ASSERT_TRUE(w) << w.error().message;
  EXPECT_EQ(w->spec().holidays.size(), 9u);
  EXPECT_EQ(w->spec().hours.size(), 2u);
  EXPECT_EQ(w->spec().zone.name(), "Asia/Shanghai");
}

TEST(CalendarFile, FaultsAllAtOnce) {
  std::vector<rule::Diagnostic> out;
  WorkingTime::Spec spec;
  EXPECT_FALSE(
      rule::parse_calendar("calendar:\n  time_zone: Mars\n  hours: [\"8:30-12:00\", \"13:00-12:00\"]\n  holidays: "
                           "[2025-02-30]\n  weekdays: [8]\n  x: 1\n",
                           "c.yaml", out, spec));
  EXPECT_EQ(out.size(), 6u);
  const auto one = rule::parse_calendar("calendar:\n  time_zone: Mars\n", "c.yaml");
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().message.substr(0, 12), "c.yaml:2:14:");
}

}  // namespace
}  // namespace tocsin::feed
