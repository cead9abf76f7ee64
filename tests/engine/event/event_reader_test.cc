#include "event/event_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "event/event_schema.h"
#include "event/event_writer.h"
#include "event/fields.h"

namespace tocsin {
namespace {

constexpr std::string_view kFull = R"({"id":"g-1","revision":2,"source":"grid","kind":"report","case":"c-9",
 "occurred_at":"2024-07-01T08:30:00+08:00","reported_at":1719793860000,"category":"water.flooding.road",
 "source_category":"0301","grade":2,"stage":"accepted","due_at":"2024-07-02T00:30:00Z",
 "area":{"city":"330282","town":"330282004","village":"330282004201","grid":"G17","microgrid":"G17-3"},
 "location":{"lon":121.241,"lat":30.1701,"crs":"wgs84","accuracy_m":5.5},"place":"三北大街 \u0031 号\n",
 "reporter":"张三","subject":"李四","respondent":"慈溪市某某物业服务有限公司","duty":"浒山街道网格17",
 "people":3,"text":"积水，联系 13812345678","flags":["trapped","group"],"satisfaction":4,
 "values":{"depth_cm":35.5,"amount":-2},"attrs":{"address":"三北大街1号","k":"v"}})";

class Reading : public ::testing::Test {
 protected:
  bool read(std::string_view json) { return reader_.read(json, arena_, e_, why_); }
  // Reason and message of the refusal, or "accepted".
  std::string refusal(std::string_view json) {
    return read(json) ? "accepted" : std::string(name_of(why_.reason)) + ": " + why_.message;
  }
  // A small event with one more member.
  static std::string with(std::string_view member) {
    return R"({"id":"1","source":"grid","occurred_at":"2024-07-01T00:00:00Z","category":"a.b",)" + std::string(member) +
           "}";
  }
  static IntakeOptions options() {
    IntakeOptions o;
    o.privacy_key = "secret";
    o.zone = TimeZone::load("Asia/Shanghai").value();
    return o;
  }
  EventReader reader_{options()};
  Arena arena_;
  Event e_;
  Refusal why_;
};

TEST_F(Reading, EveryField) {
  ASSERT_TRUE(read(kFull)) << why_.message;
  EXPECT_EQ(e_.id, "g-1");
  EXPECT_EQ(e_.revision, 2);
  EXPECT_EQ(e_.source, "grid");
  EXPECT_EQ(e_.kind, EventKind::kReport);
  EXPECT_EQ(e_.case_id, "c-9");
  EXPECT_EQ(e_.occurred_at, 1719793800000);
  EXPECT_EQ(e_.reported_at, 1719793860000);
  EXPECT_EQ(e_.category, "water.flooding.road");
  EXPECT_EQ(e_.source_category, "0301");
  EXPECT_EQ(e_.grade, 2);
  EXPECT_EQ(e_.stage, Stage::kAccepted);
  EXPECT_EQ(format_time(e_.due_at), "2024-07-02T00:30:00Z");
  EXPECT_EQ(e_.city, "330282");
  EXPECT_EQ(e_.town, "330282004");
  EXPECT_EQ(e_.village, "330282004201");
  EXPECT_EQ(e_.grid, "G17");
  EXPECT_EQ(e_.microgrid, "G17-3");
  EXPECT_EQ(e_.lon, 121.241);
  EXPECT_EQ(e_.lat, 30.1701);
  EXPECT_EQ(e_.accuracy_m, 5.5);
  EXPECT_EQ(e_.place, "三北大街 1 号\n");
  EXPECT_EQ(e_.reporter.size(), 24u);
  EXPECT_TRUE(e_.reporter.starts_with("p:"));
  EXPECT_TRUE(e_.subject.starts_with("p:"));
  EXPECT_NE(e_.reporter, e_.subject);
  EXPECT_EQ(e_.respondent, "慈溪市某某物业服务有限公司");
  EXPECT_EQ(e_.duty, "浒山街道网格17");
  EXPECT_EQ(e_.people, 3);
  EXPECT_EQ(e_.text, "积水，联系 [phone]");
  ASSERT_EQ(e_.flags.size(), 2u);
  EXPECT_EQ(e_.flags[1], "group");
  EXPECT_EQ(e_.satisfaction, 4);
  ASSERT_EQ(e_.values.size(), 2u);
  EXPECT_EQ(e_.values[0].name, "depth_cm");
  EXPECT_EQ(e_.values[0].value, 35.5);
  ASSERT_EQ(e_.attrs.size(), 2u);
  EXPECT_EQ(e_.attrs[1].value, "v");
}

TEST_F(Reading, ViewsOutliveTheRecordAndTheNextRead) {
  std::string text(kFull);
  Event first;
  ASSERT_TRUE(reader_.read(text, arena_, first, why_));
  text.assign(text.size(), 'x');
  ASSERT_TRUE(read(with(R"("text":"other")")));
  EXPECT_EQ(first.place, "三北大街 1 号\n");
  EXPECT_EQ(first.attrs[0].value, "三北大街1号");
}

TEST_F(Reading, MissingFieldsAreMissing) {
  ASSERT_TRUE(read(R"({"id":"1","source":"s","occurred_at":1719793860000,"category":"a"})"));
  EXPECT_EQ(e_.kind, EventKind::kReport);
  EXPECT_EQ(e_.stage, Stage::kNone);
  EXPECT_EQ(e_.grade, 0);
  EXPECT_EQ(e_.people, -1);
  EXPECT_EQ(e_.due_at, kNoTime);
  EXPECT_FALSE(e_.has_location());
  EXPECT_TRUE(e_.place.empty());
  EXPECT_TRUE(e_.attrs.empty());
  EXPECT_EQ(refusal("{}"), "missing_field: required and missing: id, source, occurred_at, category");
  EXPECT_EQ(refusal(R"({"id":"","source":"s","occurred_at":1719793860000,"category":"a"})"),
            "missing_field: required and missing: id");
}

TEST_F(Reading, NullIsMissing) {
  for (const FieldInfo& f : event_fields()) {
    if (f.required || f.name.find('.') != std::string_view::npos) continue;
    const std::string name(f.name);
    EXPECT_EQ(refusal(with("\"" + name + "\":null")), "accepted") << name;
  }
  EXPECT_EQ(refusal(with(R"("area":null,"location":null)")), "accepted");
  EXPECT_EQ(
      refusal(with(R"("values":{"a":null},"attrs":{"a":null},"flags":[null],"location":{"lon":null,"lat":null})")),
      "accepted");
  EXPECT_TRUE(e_.values.empty());
  EXPECT_TRUE(e_.flags.empty());
}

TEST_F(Reading, AnyOrderOfFields) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(read(R"({"text":"t","category":"a","occurred_at":"2024-07-01","source":"s","id":"1"})"))
        << why_.message;
    EXPECT_EQ(e_.text, "t");
    EXPECT_EQ(format_time(e_.occurred_at), "2024-06-30T16:00:00Z");
    ASSERT_TRUE(read(kFull));
    EXPECT_EQ(e_.attrs.size(), 2u);
  }
}

TEST_F(Reading, WrongTypesNameTheField) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("revision":"1")", "bad_value: revision must be an integer of 0 or more"},
      {R"("revision":-1)", "bad_value: revision must be an integer of 0 or more"},
      {R"("revision":1.5)", "bad_value: revision must be an integer of 0 or more"},
      {R"("revision":99999999999999999999)", "bad_value: revision must be an integer of 0 or more"},
      {R"("grade":5)", "bad_value: grade must be an integer from 1 to 4"},
      {R"("grade":true)", "bad_value: grade must be an integer from 1 to 4"},
      {R"("satisfaction":0)", "bad_value: satisfaction must be an integer from 1 to 5"},
      {R"("text":5)", "bad_value: text must be a string"},
      {R"("text":{})", "bad_value: text must be a string"},
      {R"("text":[])", "bad_value: text must be a string"},
      {R"("flags":"x")", "bad_value: flags must be a list of strings"},
      {R"("flags":[1])", "bad_value: a flag must be a string"},
      {R"("values":{"a":"1"})", "bad_value: a value of values must be a number"},
      {R"("attrs":{"a":1})", "bad_value: a value of attrs must be a string"},
      {R"("attrs":[])", "bad_value: attrs must be an object of strings"},
      {R"("area":"330282")", "bad_value: area must be an object"},
      {R"("location":[1,2])", "bad_value: location must be an object"},
      {R"("location":{"lon":"1","lat":2})", "bad_value: location.lon must be a number"},
      {R"("location":{"lon":1,"lat":2,"accuracy_m":-1})",
       "bad_value: location.accuracy_m must be a number of 0 or more"},
      {R"("location":{"lon":1,"lat":2,"crs":"gcj2"})",
       "bad_value: location.crs must be one of wgs84, gcj02, bd09; did you mean gcj02?"},
      {R"("stage":"close")",
       "bad_value: stage must be one of accepted, assigned, supervised, processing, feedback, closed, evaluated, "
       "reopened, returned; did you mean closed?"}};
  for (const auto& [member, expected] : cases) {
    EXPECT_EQ(refusal(with(member)), expected) << member;
  }
}

TEST_F(Reading, UnknownFieldsNameTheNearest) {
  EXPECT_EQ(refusal(with(R"("catgory":"x")")), "unknown_field: unknown field \"catgory\"; did you mean \"category\"?");
  EXPECT_EQ(refusal(with(R"("area":{"vilage":"x"})")),
            "unknown_field: unknown field \"area.vilage\"; did you mean \"area.village\"?");
  EXPECT_EQ(
      refusal(with(R"("location":{"longitude":1})")),
      "unknown_field: unknown field \"location.longitude\"; put what the event schema does not know into attrs or "
      "values");
  EXPECT_EQ(refusal(with(R"("crs":"wgs84")")).substr(0, 13), "unknown_field");
}

TEST_F(Reading, Times) {
  EXPECT_EQ(refusal(with(R"("due_at":"tomorrow")")), "bad_time: due_at is not an RFC 3339 time");
  EXPECT_EQ(refusal(with(R"("due_at":1.5)")), "bad_time: due_at must be an RFC 3339 time or epoch milliseconds");
  EXPECT_EQ(refusal(with(R"("due_at":true)")), "bad_time: due_at must be an RFC 3339 time or epoch milliseconds");
  EXPECT_EQ(refusal(with(R"("due_at":1719793860)")).substr(0, 17), "time_out_of_range");
  EXPECT_EQ(refusal(with(R"("reported_at":"1989-12-31T23:59:59Z")")).substr(0, 17), "time_out_of_range");
  EXPECT_EQ(refusal(with(R"("reported_at":"2100-01-01T00:00:00Z")")).substr(0, 17), "time_out_of_range");
  EXPECT_EQ(refusal(with(R"("reported_at":"2099-12-31T23:59:59Z")")), "accepted");
  EXPECT_EQ(refusal(with(R"("reported_at":"1990-01-01T00:00:00Z")")), "accepted");
}

TEST_F(Reading, Coordinates) {
  EXPECT_EQ(refusal(with(R"("location":{"lon":0,"lat":0})")), "bad_coordinates: location is at 0,0");
  EXPECT_EQ(refusal(with(R"("location":{"lon":181,"lat":0})")), "bad_coordinates: location is outside the world");
  EXPECT_EQ(refusal(with(R"("location":{"lon":30.1,"lat":121.2})")),
            "bad_coordinates: location has lon and lat swapped");
  EXPECT_EQ(refusal(with(R"("location":{"lon":30.1})")), "bad_coordinates: location has only one of lon and lat");
  EXPECT_EQ(refusal(with(R"("location":{})")), "accepted");
  ASSERT_TRUE(read(with(R"("location":{"lon":121.2410001,"lat":-30.1700996})")));
  EXPECT_EQ(e_.place, "-30.170100,121.241000");
  ASSERT_TRUE(read(with(R"("location":{"lon":-0.0000004,"lat":5.5,"crs":"wgs84"})")));
  EXPECT_EQ(e_.place, "5.500000,0.000000");
  ASSERT_TRUE(read(with(R"("location":{"lon":121.2410,"lat":30.1701,"crs":"gcj02"})")));
  EXPECT_NEAR(distance_m({e_.lon, e_.lat}, {121.2410, 30.1701}), 498, 5);
}

TEST_F(Reading, TheirOwnNamesLeaveTheText) {
  ASSERT_TRUE(
      read(with(R"("reporter":"李燕军","subject":"戚国娜","respondent":"王五","text":"李燕军来电，戚国娜和王五在")")));
  EXPECT_EQ(e_.text, "[name]来电，[name]和[name]在");
  // An organisation is no person; who it is about stays to be read.
  ASSERT_TRUE(
      read(with(R"("reporter":"李燕军","respondent":"某某有限公司","text":"某某有限公司排污，李燕军 13812345678")")));
  EXPECT_EQ(e_.text, "某某有限公司排污，[name] [phone]");
  ASSERT_TRUE(
      read(with(R"("respondent":"某某有限公司","attrs":{"respondent_type":"person"},"text":"某某有限公司排污")")));
  EXPECT_EQ(e_.text, "[name]排污");
}

TEST_F(Reading, TheirOwnNamesLeavePlaceAndAttributes) {
  ASSERT_TRUE(read(with(
      R"("reporter":"　李燕军 ","subject":"戚国娜","place":"戚国娜家后门","attrs":{"contact":"李燕军","note":"找李燕军或戚国娜","street":"李家弄"})")));
  const std::string reporter(e_.reporter), subject(e_.subject);
  EXPECT_EQ(e_.place, subject + "家后门");
  ASSERT_EQ(e_.attrs.size(), 3u);
  EXPECT_EQ(e_.attrs[0].value, reporter);
  EXPECT_EQ(e_.attrs[1].value, "找" + reporter + "或" + subject);
  EXPECT_EQ(e_.attrs[2].value, "李家弄");
  // Equal to what the same person's record says without the blank.
  ASSERT_TRUE(read(with(R"("reporter":"李燕军","respondent":"某某有限公司","place":"某某有限公司西门")")));
  EXPECT_EQ(e_.reporter, reporter);
  EXPECT_EQ(e_.place, "某某有限公司西门");
  ASSERT_TRUE(read(with(R"("respondent":"某某有限公司　")")));
  EXPECT_FALSE(e_.respondent.starts_with("p:"));
  // Coordinates that stand for a place are nobody's number.
  ASSERT_TRUE(read(with(R"("reporter":"241000","location":{"lon":121.2410001,"lat":-30.1700996})")));
  EXPECT_EQ(e_.place, "-30.170100,121.241000");
}

TEST_F(Reading, Areas) {
  EXPECT_EQ(refusal(with(R"("area":{"town":"33028"})")),
            "unknown_area: area.town is not a code of 9 digits in a province of GB/T 2260");
  EXPECT_EQ(refusal(with(R"("area":{"city":"990282"})")).substr(0, 12), "unknown_area");
  EXPECT_EQ(refusal(with(R"("area":{"city":"330282","village":"330281004201"})")),
            "unknown_area: area.village is 330281004201, which does not lie in area.city, 330282");
  EXPECT_EQ(refusal(with(R"("area":{"grid":"anything"})")), "accepted");
  ASSERT_TRUE(read(with(R"("area":{"village":"330282004201"})")));
  EXPECT_EQ(e_.town, "330282004");
  EXPECT_EQ(e_.city, "330282");
}

TEST_F(Reading, Malformed) {
  for (const char* text : {"",
                           " ",
                           "null",
                           "5",
                           "[]",
                           "\"x\"",
                           "{",
                           "}",
                           "{\"id\":}",
                           "{\"id\":\"1\"",
                           "{\"id\" \"1\"}",
                           "{\"id\":\"1\",}",
                           "{\"id\":\"1\" \"source\":\"s\"}",
                           "{\"id\":\"1}",
                           "{\"id\":\"\\q\"}",
                           "{\"id\":\"a\nb\"}",
                           "{id:1}",
                           "{,}",
                           "{\"id\":\"\\ud800x\"}",
                           "{\"text\":nul}"}) {
    EXPECT_EQ(refusal(text).substr(0, 9), "malformed") << text << " " << refusal(text);
  }
  const std::string good = with(R"("text":"t")");
  EXPECT_EQ(refusal(good + good).substr(0, 9), "malformed");
  EXPECT_EQ(refusal(good + " x").substr(0, 9), "malformed");
  EXPECT_EQ(refusal(" " + good + " \r\n"), "accepted");
  EXPECT_EQ(refusal("\xEF\xBB\xBF" + good), "accepted");
  // Every truncation is refused, and never crashes.
  for (size_t n = 0; n < kFull.size(); ++n) EXPECT_FALSE(read(kFull.substr(0, n))) << n;
}

TEST_F(Reading, NotUtf8AndOversized) {
  EXPECT_EQ(refusal(with("\"text\":\"\xB4\xC8\xCF\xAA\"")), "not_utf8: the record is not UTF-8");
  EXPECT_EQ(refusal(with("\"text\":\"" + std::string(1024 * 1024, 'a') + "\"")), "oversized: the record is over 1 MiB");
  EXPECT_EQ(refusal(with("\"text\":\"" + std::string(1000 * 1000, 'a') + "\"")), "accepted");
}

TEST_F(Reading, Bounds) {
  std::string flags = "\"flags\":[\"a\"";
  for (size_t i = 1; i < kMaxFlags; ++i) flags += ",\"a\"";
  EXPECT_EQ(refusal(with(flags + "]")), "accepted");
  EXPECT_EQ(refusal(with(flags + ",\"a\"]")), "bad_value: flags must be at most 256 strings");
  EXPECT_EQ(
      refusal(R"({"id":")" + std::string(513, 'a') + R"(","source":"s","occurred_at":1719793860000,"category":"a"})"),
      "bad_value: id, source, case or category is longer than 512 bytes");
  std::string deep = "\"attrs\":";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_FALSE(read(with(deep)));
}

TEST_F(Reading, Categories) {
  for (const char* c : {".", "a.", ".a", "a..b", "a b", "a/b"}) {
    EXPECT_EQ(refusal(R"({"id":"1","source":"s","occurred_at":1719793860000,"category":")" + std::string(c) + "\"}"),
              "bad_value: category is not a dotted path such as water.flooding.road");
  }
}

TEST_F(Reading, Respondents) {
  const auto respondent = [&](const char* name, const char* type = nullptr) {
    std::string member = "\"respondent\":\"" + std::string(name) + "\"";
    if (type != nullptr) member += R"(,"attrs":{"respondent_type":")" + std::string(type) + "\"}";
    EXPECT_TRUE(read(with(member))) << why_.message;
    return std::string(e_.respondent);
  };
  for (const char* name : {"慈溪市某某公司", "浒山街道办事处", "市交警大队", "Acme Ltd", "Acme Inc.",
                           "某某超市（白沙店）", "慈溪市第三人民医院", "新浦镇某某村", "城管局浒山分局"}) {
    EXPECT_EQ(respondent(name), name);
  }
  for (const char* name :
       {"王五", "李镇", "张店", "欧阳小文", "王五（某某公司）", "John Smith", "p:AAAAAAAAAAAAAAAAAAAAAA"}) {
    EXPECT_TRUE(respondent(name).starts_with("p:")) << name;
    EXPECT_NE(respondent(name), name);
  }
  EXPECT_TRUE(respondent("慈溪市某某公司", "person").starts_with("p:"));
  EXPECT_EQ(respondent("王五", "organisation"), "王五");
}

TEST_F(Reading, TokensAreNotRecognisedByTheirLook) {
  ASSERT_TRUE(read(with(R"("reporter":"p:AAAAAAAAAAAAAAAAAAAAAA")")));
  EXPECT_NE(e_.reporter, "p:AAAAAAAAAAAAAAAAAAAAAA");
}

TEST_F(Reading, SourcesAndAreasThatAreConfigured) {
  IntakeOptions o = options();
  o.sources = {"grid"};
  auto table = std::make_shared<AreaTable>();
  ASSERT_TRUE(table->load_csv("code,name,town_code,town\n330282004201,甲,330282004,浒山街道\n", "t.csv"));
  o.areas = table;
  EventReader reader(o);
  const auto refused = [&](std::string_view json) {
    return reader.read(json, arena_, e_, why_) ? "accepted" : std::string(name_of(why_.reason));
  };
  EXPECT_EQ(refused(with(R"("area":{"village":"330282004201"})")), "accepted");
  EXPECT_EQ(refused(with(R"("area":{"village":"330282004202"})")), "unknown_area");
  EXPECT_EQ(refused(with(R"("area":{"town":"330282005"})")), "unknown_area");
  EXPECT_EQ(refused(with(R"("area":{"city":"330282"})")), "accepted");
  EXPECT_EQ(refused(with(R"("area":{"village":"330281004202"})")), "accepted");
  EXPECT_EQ(refused(R"({"id":"1","source":"gird","occurred_at":1719793860000,"category":"a"})"), "unknown_source");
}

TEST_F(Reading, WriterAndTrustedReaderAreInverse) {
  ASSERT_TRUE(read(kFull));
  std::string once;
  append_event(once, e_);
  IntakeOptions o = options();
  o.trusted = true;
  o.crs = Crs::kGcj02;  // must not matter: the writer names the system
  EventReader trusted(o);
  Event again;
  ASSERT_TRUE(trusted.read(once, arena_, again, why_)) << why_.message << once;
  std::string twice;
  append_event(twice, again);
  EXPECT_EQ(once, twice);
  EXPECT_EQ(again.reporter, e_.reporter);
  EXPECT_EQ(again.uid(), e_.uid());
  EXPECT_EQ(once.find("张三"), std::string::npos);
  EXPECT_EQ(once.find("13812345678"), std::string::npos);
  ASSERT_TRUE(read(with(R"("text":"t")")));
  once.clear();
  append_event(once, e_);
  EXPECT_EQ(
      once,
      R"({"id":"1","source":"grid","kind":"report","occurred_at":"2024-07-01T00:00:00Z","category":"a.b","text":"t"})");
}

TEST(Schema, NamesEveryField) {
  const std::string schema = event_json_schema();
  for (const FieldInfo& f : event_fields()) {
    const std::string name(f.name.substr(f.name.find('.') + 1));
    EXPECT_NE(schema.find("\"" + name + "\":{"), std::string::npos) << name;
  }
  EXPECT_NE(schema.find(R"("required":["id","source","occurred_at","category"])"), std::string::npos);
}

}  // namespace
}  // namespace tocsin
