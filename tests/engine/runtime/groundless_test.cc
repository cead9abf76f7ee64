// An alert whose ground is taken back: what it tells in the end agrees with itself, values with evidence, and a person
// who closes it later hears the same.
#include <map>
#include <sstream>

#include "swap_fixture.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::field;
using testing::kMinute;
using testing::kStart;

constexpr char kMore[] = R"(  - id: alike
    name: alike
    owner: town
    kind: similar
    from: [grid]
    where: kind == "report"
    within: 30m
    same: place_same
    fire: count() >= 3
    severity: yellow
    resolve: {quiet: 1h}
    summary: "{{count()}} times"
  - id: steps
    name: steps
    owner: town
    kind: sequence
    from: [grid]
    where: kind == "transition"
    key: [case]
    within: 1h
    steps:
      - opened: stage == "accepted"
      - ended: stage == "closed"
    severity: {orange: count() >= 9, yellow: true}
    resolve: {quiet: 1h}
    summary: "{{count()}} stages"
)";

struct Service : testing::Live {
  Service() : Live(testing::rules(std::string(testing::kRules) + kMore), 1, 0) {}
  void give(const Event& e) {
    take(e);
    commit();
  }
  void withdraw(Event e) {
    e.kind = EventKind::kWithdrawal;
    e.revision += 1;
    give(e);
  }
  // The last word on an alert of the rule.
  std::string last(const std::string& rule) const {
    std::string out;
    for (const std::string& json : told()) {
      if (field(json, "rule") == rule) out = json;
    }
    return out;
  }
  void close(const std::string& rule, TimeMs time) {
    alert::Action action;
    action.alert_id = field(last(rule), "alert_id");
    action.kind = alert::ActionKind::kClose;
    action.outcome = "false";
    action.by = "post-1";
    action.at = time;
    ASSERT_TRUE(engine->act(action, partition, ++offset, kNoTime));
    commit();
  }
};

constexpr char kNoEvidence[] = R"j("evidence":{"total":0,"events":[]})j";

// It is over for `reason`, and says of nothing that there is nothing, in `value` and in `summary` too.
void expect_nothing(const std::string& json, const std::string& reason, const std::string& value,
                    const std::string& summary) {
  EXPECT_EQ(field(json, "status"), "resolved") << json;
  EXPECT_EQ(field(json, "reason"), reason) << json;
  EXPECT_NE(json.find(kNoEvidence), std::string::npos) << json;
  EXPECT_NE(json.find(value), std::string::npos) << json;
  EXPECT_NE(json.find(summary), std::string::npos) << json;
}

TEST(Groundless, AWithdrawalLeavesNoValuesOfWhatItTookBack) {
  Feed feed;
  Service service;
  std::vector<Event> reports;
  for (int i = 0; i < 3; ++i) reports.push_back(feed.report("r" + std::to_string(i), kStart + i * kMinute, i));
  for (const Event& e : reports) service.give(e);
  ASSERT_EQ(field(service.last("places"), "status"), "open");
  ASSERT_EQ(field(service.last("near"), "status"), "open");
  EXPECT_NE(service.last("near").find(R"j("zh":"3 处")j"), std::string::npos) << service.last("near");
  service.withdraw(reports[1]);
  expect_nothing(service.last("places"), "withdrawn", R"j("values":{"distinct(place)":0})j", R"j("zh":"0 处")j");
  expect_nothing(service.last("near"), "withdrawn", R"j("places":0,"radius_m":0,"area_km2":0,"centre":null)j",
                 R"j("zh":"0 处")j");
  EXPECT_NE(service.last("places").find(R"j("params":{"n":3})j"), std::string::npos) << "it was judged by them";
  for (const char* rule : {"places", "near"}) {
    service.close(rule, kStart + 10 * kMinute);
    const std::string closed = service.last(rule);
    EXPECT_EQ(field(closed, "status"), "closed");
    EXPECT_NE(closed.find(kNoEvidence), std::string::npos) << closed;
    EXPECT_NE(closed.find(R"j("distinct(place)":0)j"), std::string::npos) << closed;
  }
}

TEST(Groundless, ARevisionThatMovesAMemberAwayDoesTheSame) {
  Feed feed;
  Service service;
  for (int i = 0; i < 3; ++i) service.give(feed.report("r" + std::to_string(i), kStart + i * kMinute, i));
  Event moved = feed.report("r1", kStart + kMinute, 90, 2);
  moved.revision = 1;
  service.give(moved);
  service.engine->advance_to(kStart + 5 * kMinute);  // the key that it has left is judged without it
  service.commit();
  expect_nothing(service.last("places"), "revised", R"j("values":{"distinct(place)":0})j", R"j("zh":"0 处")j");
  expect_nothing(service.last("near"), "revised", R"j("places":0,)j", R"j("zh":"0 处")j");
}

TEST(Groundless, MattersSequencesAndObligationsToo) {
  Feed feed;
  Service service;
  std::vector<Event> reports;
  for (int i = 0; i < 3; ++i) reports.push_back(feed.report("r" + std::to_string(i), kStart + i * kMinute, 4));
  const Event accepted = feed.stage("s0", kStart + 3 * kMinute, "c1", Stage::kAccepted);
  const Event closed = feed.stage("s1", kStart + 4 * kMinute, "c1", Stage::kClosed);
  const Event owed = feed.stage("s2", kStart + 5 * kMinute, "c2", Stage::kAccepted);
  for (const Event& e : reports) service.give(e);
  for (const Event& e : {accepted, closed, owed}) service.give(e);
  ASSERT_EQ(field(service.last("alike"), "status"), "open");
  ASSERT_EQ(field(service.last("steps"), "status"), "open");
  service.engine->advance_to(kStart + 40 * kMinute);
  service.commit();
  ASSERT_EQ(field(service.last("overdue"), "status"), "open");
  service.withdraw(reports[2]);
  expect_nothing(service.last("alike"), "withdrawn", R"j("count()":0)j", R"j("zh":"0 times")j");
  service.withdraw(accepted);
  expect_nothing(service.last("steps"), "withdrawn", R"j("count()":0)j", R"j("zh":"0 stages")j");
  service.withdraw(owed);
  expect_nothing(service.last("overdue"), "withdrawn", R"j("elapsed":null)j", R"j("zh":"超期 ?")j");
}

// Whatever is withdrawn or revised, and whenever: an alert without evidence has no values, one with evidence has some.
TEST(Groundless, ValuesAndEvidenceAgreeWhateverComes) {
  const std::map<std::string, std::string> none = {
      {"places", R"j("distinct(place)":0)j"}, {"near", R"j("places":0,)j"}, {"overdue", R"j("elapsed":null)j"}};
  std::map<std::string, size_t> without;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Feed feed;
    const std::string all = testing::published(testing::stream(feed, seed, 600), {1 + seed % 3, 1 + seed % 50});
    std::istringstream in(all);
    for (std::string json; std::getline(in, json);) {
      const std::string rule = field(json, "rule");
      const bool nothing = json.find(R"j("evidence":{"total":0,)j") != std::string::npos;
      const size_t values = json.find(R"j("values":)j"), params = json.find(R"j(,"params":)j");
      const std::string told = json.substr(values, params - values);
      EXPECT_EQ(told.find(none.at(rule)) != std::string::npos, nothing) << "seed " << seed << ": " << json;
      without[rule] += nothing ? 1 : 0;
    }
    if (::testing::Test::HasFailure()) return;
  }
  for (const auto& [rule, value] : none) EXPECT_GT(without[rule], 0u) << rule;
}

}  // namespace
}  // namespace tocsin::runtime
