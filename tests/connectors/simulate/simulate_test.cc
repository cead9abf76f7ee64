#include "connectors/simulate/simulate.h"

#include "feed_reading.h"
#include "time/format.h"

namespace tocsin::simulate {
namespace {

TEST(SimulateTest, SameSeedSameBytesAndAnotherSeedOthers) {
  const Profile p = shipped("cixi");
  Options o;
  o.events = 8000;
  o.days = 20;
  o.seed = 7;
  Collector a, b, c;
  ASSERT_TRUE(simulate(o, p, a, a));
  ASSERT_TRUE(simulate(o, p, b, b));
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.label_hash, b.label_hash);
  o.seed = 8;
  ASSERT_TRUE(simulate(o, p, c, c));
  EXPECT_NE(a.hash, c.hash);
}

// The bytes are a promise over machines, compilers and versions of libraries. They change only with the profile or the
// simulator, and then these numbers are taken from the failing test.
TEST(SimulateTest, BytesAreTheSameOnEveryMachine) {
  Options o;
  o.events = 8000;
  o.days = 20;
  o.seed = 7;
  Collector a, storm;
  ASSERT_TRUE(simulate(o, shipped("cixi"), a, a));
  EXPECT_EQ(hex(a.hash), "07cf7e1e97566ba3");
  EXPECT_EQ(hex(a.label_hash), "11db6e4f6911e618");
  ASSERT_TRUE(simulate({}, shipped("cixi-storm"), storm, storm));
  EXPECT_EQ(hex(storm.hash), "7597d9192f5c9010");
}

TEST(SimulateTest, ArrivesInOrderAndWithinTheLateness) {
  const Profile p = shipped("cixi");
  Collector c;
  simdjson::dom::parser parser;
  const TimeZone zone = TimeZone::utc();
  TimeMs newest = 0;
  int64_t out_of_order = 0, twice = 0, revised = 0, withdrawn = 0;
  std::set<std::string> seen;
  c.on_line = [&](TimeMs arrival, std::string_view text) {
    const Line l = read_line(parser, text);
    const TimeMs at = parse_time(l.occurred_at, zone).value_or(0);
    EXPECT_EQ(parse_time(l.reported_at, zone).value_or(0), arrival);
    EXPECT_GE(arrival, at);
    EXPECT_GE(at, newest - 10 * kMinute) << text;
    out_of_order += at < newest;
    newest = std::max(newest, at);
    twice += !seen.insert(l.source + l.id + std::to_string(l.revision)).second;
    revised += l.revision > 0 && l.kind == "report";
    withdrawn += l.kind == "withdrawal";
    return Status::ok();
  };
  Options o;
  o.events = 30000;
  o.days = 30;
  ASSERT_TRUE(simulate(o, p, c, c));
  EXPECT_GT(out_of_order, 1000);
  EXPECT_GT(twice, 10);
  EXPECT_GT(revised, 10);
  EXPECT_GT(withdrawn, 1);
}

TEST(SimulateTest, EveryLabelNamesItsRuleAndEventsThatAreThere) {
  Collector c;
  std::set<std::string> ids;
  simdjson::dom::parser parser;
  c.on_line = [&](TimeMs, std::string_view text) {
    ids.insert(read_line(parser, text).id);
    return Status::ok();
  };
  Options o;
  o.days = 120;  // a spike is labelled after six weeks
  ASSERT_TRUE(simulate(o, shipped("cixi"), c, c));
  ASSERT_GE(c.labels.size(), kRiskNames.size());
  std::set<std::string> risks;
  std::string before;
  for (const std::string& text : c.labels) {
    const simdjson::dom::element l = parser.parse(simdjson::padded_string(text)).value();
    EXPECT_EQ(text_of(l, "risk"), text_of(l, "rule"));
    EXPECT_FALSE(text_of(l, "severity").empty());
    EXPECT_FALSE(text_of(l, "key").empty());
    EXPECT_GE(text_of(l, "from"), before);
    before = text_of(l, "from");
    EXPECT_LE(before, text_of(l, "until"));
    risks.insert(text_of(l, "risk"));
    const std::string risk = text_of(l, "risk");
    const auto events = l["events"].get_array().value();
    const bool of_silence = risk == "grid-silence" || risk == "disposal-rate-drop" || risk == "feed-outage";
    EXPECT_EQ(events.size() == 0, of_silence) << text;
    for (const simdjson::dom::element id : events)
      EXPECT_TRUE(ids.contains(std::string(id.get_string().value()))) << text;
  }
  EXPECT_EQ(risks.size(), kRiskNames.size());
}

TEST(SimulateTest, EventsAreGridReportsAndScaleTheRest) {
  Collector c;
  std::map<std::string, int64_t> reports;
  int64_t grave = 0;
  simdjson::dom::parser parser;
  c.on_line = [&](TimeMs, std::string_view text) {
    const Line l = read_line(parser, text);
    if (l.kind == "report" && l.revision == 0) ++reports[l.source];
    grave += l.source == "grid" && l.kind == "report" && l.grade >= 3;
    return Status::ok();
  };
  Options o;
  o.events = 1000;
  o.days = 1;
  const Result<Summary> s = simulate(o, shipped("cixi"), c, c);
  ASSERT_TRUE(s);
  EXPECT_EQ(s->lines, c.lines);
  EXPECT_EQ(reports["grid"], 1000);
  EXPECT_EQ(grave, 194);
  EXPECT_EQ(reports["police110"], 46);
}

TEST(SimulateTest, StormAfternoonOpensItsFirstClusterWithinTenMinutes) {
  Collector c;
  simdjson::dom::parser parser;
  std::map<std::string, TimeMs> arrivals;
  TimeMs first = kNoTime;
  c.on_line = [&](TimeMs arrival, std::string_view text) {
    if (first == kNoTime) first = arrival;
    arrivals.emplace(read_line(parser, text).id, arrival);
    return Status::ok();
  };
  ASSERT_TRUE(simulate({}, shipped("cixi-storm"), c, c));
  EXPECT_GT(c.lines, 5000);
  EXPECT_LT(c.lines, 10000);
  ASSERT_FALSE(c.labels.empty());
  const simdjson::dom::element l = parser.parse(simdjson::padded_string(c.labels.front())).value();
  EXPECT_EQ(text_of(l, "risk"), "waterlogging-cluster");
  const std::string third(l["events"].at(2).get_string().value());
  EXPECT_LT(arrivals.at(third) - first, 10 * kMinute);
}

TEST(SimulateTest, AStartOfOnesOwnMovesTheFeed) {
  Collector c;
  TimeMs first = kNoTime;
  c.on_line = [&](TimeMs arrival, std::string_view) {
    if (first == kNoTime) first = arrival;
    return Status::ok();
  };
  Options o;
  o.start = 1900000000123;
  ASSERT_TRUE(simulate(o, shipped("cixi-storm"), c, c));
  EXPECT_GE(first, 1900000000000 - kMinute);
  EXPECT_LT(first, 1900000000000 + 5 * kMinute);
}

TEST(SimulateTest, RefusesWhatCannotBeMet) {
  const Profile p = shipped("cixi");
  Collector c;
  Options o;
  o.events = -1;
  EXPECT_EQ(simulate(o, p, c, c).error().code, Code::kInvalid);
  o.events = 0;
  o.days = 4000;
  EXPECT_EQ(simulate(o, p, c, c).error().code, Code::kInvalid);
  EXPECT_EQ(c.lines, 0);
}

TEST(SimulateTest, AFailingSinkStopsIt) {
  Collector c;
  c.on_line = [&](TimeMs, std::string_view) { return c.lines < 10 ? Status::ok() : Status(exhausted("disk full")); };
  Options o;
  o.events = 1000;
  const Result<Summary> s = simulate(o, shipped("cixi"), c, c);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, Code::kExhausted);
  EXPECT_EQ(c.lines, 10);
}

}  // namespace
}  // namespace tocsin::simulate
