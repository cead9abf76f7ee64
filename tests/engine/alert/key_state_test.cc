// A key and its alerts together: what is published to the byte, people's actions, corrections, bounds, foreign bytes.
#include "alert/key_state.h"

#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::AggregateOp;
using detect::Severity;
using expr::Value;
using Story = std::vector<std::string>;

RuleSpec three_places() {
  RuleSpec s;
  s.cells = 1;
  s.aggregates = {{AggregateOp::kDistinct, 0, "distinct(place)"}, {AggregateOp::kLast, 0, "last(place)"}};
  s.fire = "a0 >= 3";
  s.severity = {{Severity::kRed, "a0 >= 5"}, {Severity::kYellow, "true"}};
  return s;
}

Event at(uint64_t uid, TimeMs minute, std::string_view place) {
  static std::set<std::string, std::less<>> names;  // cells are views
  Event e = event(uid, kStart + minute * kMinute, {Value::string(*names.emplace(place).first)});
  e.lon = 121.24;
  e.lat = 30.17;
  return e;
}

TEST(KeyState, TheCloudEventToTheByte) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0, R"(["330282004"])");
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "b"));
  d.add(at(3, 2, "c"));
  ASSERT_EQ(d.told.size(), 1u);
  const std::string id = d.told[0].alert;
  EXPECT_EQ(id.substr(0, 10), "test-rule-");
  EXPECT_EQ(id.size(), 10 + 16 + 1 + 16u);
  std::string expected =
      R"j({"specversion":"1.0","id":"ID/1","source":"/tocsin","type":"tocsin.alert.opened","subject":"ID",)j"
      R"j("time":"2023-11-14T22:15:20Z","datacontenttype":"application/json","data":{"alert_id":"ID","seq":1,)j"
      R"j("rule":"test-rule","rule_version":2,"name":{"zh":"测试","en":"Test"},"key":["330282004"],)j"
      R"j("severity":"yellow","worst":"yellow","status":"open","opened_at":"2023-11-14T22:15:20Z",)j"
      R"j("opened_by":{"source":"grid","id":"e3"},"updated_at":"2023-11-14T22:15:20Z",)j"
      R"j("last_event_at":"2023-11-14T22:15:20Z","reason":"matched","merged_into":null,)j"
      R"j("area":{"city":"330282","town":"330282004"},"location":{"lon":121.24,"lat":30.17},)j"
      R"j("values":{"distinct(place)":3},"params":{},"evidence":{"total":3,"events":[)j"
      R"j({"source":"grid","id":"e1","occurred_at":"2023-11-14T22:13:20Z"},)j"
      R"j({"source":"grid","id":"e2","occurred_at":"2023-11-14T22:14:20Z"},)j"
      R"j({"source":"grid","id":"e3","occurred_at":"2023-11-14T22:15:20Z"}]},)j"
      R"j("summary":{"zh":"","en":""},"advice":{"zh":"","en":""},"owner":"town"}})j";
  for (size_t i = 0; (i = expected.find("ID", i)) != std::string::npos; i += id.size()) expected.replace(i, 2, id);
  EXPECT_EQ(d.told[0].json, expected);
}

TEST(KeyState, ThePersonsWordGoesWithTheTransition) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  for (uint64_t i = 1; i <= 3; ++i) d.add(at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i))));
  alert::Action a;
  a.kind = alert::ActionKind::kClose;
  a.alert_id = d.told[0].alert;
  a.by = "post-7";
  a.outcome = "false";
  a.note = "a burst main";
  a.at = kStart + 9 * kMinute;
  d.act(a);
  ASSERT_EQ(d.told.back().type, "closed");
  EXPECT_NE(d.told.back().json.find(R"("outcome":"false","by":"post-7","note":"a burst main")"), std::string::npos);
  a.alert_id = "no such alert";
  d.act(a);
  EXPECT_EQ(d.told.size(), 2u);
}

TEST(KeyState, AfterAClosedAlertComesANewOne) {
  RuleSpec s = three_places();
  s.quiet = 5 * kHour;
  s.reopen = 10 * kMinute;
  s.within = 3 * kHour;
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 0);
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "b"));
  d.add(at(3, 2, "c"));
  alert::Action close;
  close.kind = alert::ActionKind::kClose;
  close.alert_id = d.told[0].alert;
  close.at = kStart + 5 * kMinute;
  d.act(close);
  d.add(at(4, 10, "a"));  // within `reopen`
  EXPECT_EQ(d.told.back().type, "reopened");
  close.at = kStart + 12 * kMinute;
  d.act(close);
  d.add(at(5, 40, "b"));
  EXPECT_EQ(d.told.back().type, "opened");
  EXPECT_NE(d.told.back().alert, d.told[0].alert);
  EXPECT_EQ(d.told.back().opened_by, "e5");
}

TEST(KeyState, AWithdrawalResolvesWhatNoLongerHolds) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "b"));
  d.add(at(3, 2, "c"));
  d.withdraw(2, kStart + 5 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@2 yellow matched", "resolved@5 yellow withdrawn"}));
}

TEST(KeyState, AWithdrawalThatLeavesItStandingAmends) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  for (uint64_t i = 1; i <= 4; ++i) d.add(at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i))));
  d.withdraw(2, kStart + 5 * kMinute);
  ASSERT_EQ(d.told.back().type, "amended");
  const std::string change =
      R"j("before":{"severity":"yellow","status":"open","total":4,"values":{"distinct(place)":4}},)j"
      R"j("after":{"severity":"yellow","status":"open","total":3,"values":{"distinct(place)":3}})j";
  EXPECT_NE(d.told.back().json.find(change), std::string::npos) << d.told.back().json;
}

TEST(KeyState, ARevisionThatChangesNothingIsNotTold) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  for (uint64_t i = 1; i <= 3; ++i) d.add(at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i))));
  d.revise(at(2, 2, "c"));
  EXPECT_EQ(d.told.size(), 1u);
  d.revise(at(2, 2, "z"));
  EXPECT_EQ(d.told.size(), 1u);  // another place, the same number of them and the same evidence
  d.revise(at(2, 2, "b"));       // b is there already: two places
  EXPECT_EQ(d.story().back(), "resolved@2 yellow revised");
}

TEST(KeyState, ARevisionMayComplete) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "a"));
  d.add(at(3, 20, "c"));
  d.revise(at(2, 1, "b"));  // behind the watermark
  ASSERT_EQ(d.told.size(), 1u);
  EXPECT_EQ(d.told[0].type, "opened");
  EXPECT_EQ(d.told[0].members.size(), 3u);
}

TEST(KeyState, ARevisionThatLeavesTheKeyIsSettledLater) {
  const rule::Rule rule = make_rule(three_places());
  Driver d(rule, 0);
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "b"));
  d.add(at(3, 2, "c"));
  d.revise(at(2, 1, "b"), false);
  d.cut();
  EXPECT_EQ(d.told.size(), 1u);
  d.pass(kStart + 3 * kMinute);
  EXPECT_EQ(d.told.back().reason, "revised");
  EXPECT_EQ(d.told.back().status, "resolved");
}

TEST(KeyState, ParamsByCell) {
  rule::Rule rule = make_rule(three_places());
  expr::Env env;
  for (const char* name : {"a0", "a1", "params.places"}) env.variable(name, expr::Type::of(expr::Type::Kind::kDyn));
  expr::Faults faults;
  rule.plan.fire = expr::compile("a0 >= params.places", env, faults);
  ASSERT_NE(rule.plan.fire, nullptr);
  detect::Param p;
  p.name = "places";
  p.value = Value::integer(3);
  p.by_cell = 0;
  p.overrides["b"] = Value::integer(2);
  rule.plan.params.push_back(p);
  Driver d(rule, 0);
  d.add(at(1, 0, "a"));
  d.add(at(2, 1, "b"));
  ASSERT_EQ(d.told.size(), 1u);
  EXPECT_NE(d.told[0].json.find(R"("params":{"places":2})"), std::string::npos);
}

TEST(KeyState, EvidenceCountsAllAndListsAHundred) {
  RuleSpec s = three_places();
  s.fire = "a0 >= 3";
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 0);
  for (uint64_t i = 0; i < 250; ++i)
    d.add(at(1000 - i, static_cast<TimeMs>(i) / 10, std::string(1, static_cast<char>('a' + i % 3))));
  d.pass(kStart + 10 * kDay);
  EXPECT_EQ(d.told.back().total, 250);
  ASSERT_EQ(d.told.back().members.size(), 100u);
  std::vector<std::string> sorted = d.told.back().members;
  EXPECT_EQ(sorted[0], "e1000");
}

TEST(KeyState, TheBoundOnRowsDropsTheOldest) {
  rule::Rule rule = make_rule(three_places());
  rule.plan.max_rows_per_key = 100;
  rule.plan.within.amount = 30 * kDay;
  Driver d(rule, 0);
  for (uint64_t i = 1; i < 2000; ++i)
    d.add(at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i % 4))));
  EXPECT_LT(d.bytes().size(), 100 * 200u);
  EXPECT_GT(d.state->dropped(), 1800u);
  d.cut();
  d.pass(kStart + 1000 * kDay);
  EXPECT_EQ(d.fates().size(), 1u);
  EXPECT_EQ(d.told.back().total, 1999);  // what was dropped still counts
  EXPECT_EQ(d.told.back().members.size(), 100u);
  EXPECT_EQ(d.told.back().members[0], "e1");
  EXPECT_TRUE(d.state->empty());

  RuleSpec c = three_places();
  c.kind = detect::RuleKind::kCluster;
  c.radius = 500;
  rule::Rule cluster = make_rule(c);
  cluster.plan.max_rows_per_key = 50;
  Driver near(cluster, 0);
  for (uint64_t i = 1; i < 500; ++i)
    near.add(at(i, static_cast<TimeMs>(i) / 10, std::string(1, static_cast<char>('a' + i % 4))));
  EXPECT_LT(near.bytes().size(), 60 * 200u);
  near.cut();
  near.pass(kStart + 1000 * kDay);
  EXPECT_TRUE(near.state->empty());
}

// An alert that stays open for months does not keep months of rows.
TEST(KeyState, ALongAlertKeepsWhatItMustSay) {
  RuleSpec s = three_places();
  s.within = kHour;
  s.quiet = 2 * kHour;
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 0);
  for (uint64_t i = 0; i < 6000; ++i)
    d.add(at(i + 1, static_cast<TimeMs>(i) * 5, std::string(1, static_cast<char>('a' + i % 3))));
  EXPECT_LT(d.bytes().size(), 30'000u);
  d.withdraw(5, kStart + 6000 * 5 * kMinute);  // long gone, but listed
  EXPECT_EQ(d.told.back().type, "amended");
  EXPECT_EQ(d.told.back().total, 5999);
  EXPECT_EQ(d.told.back().members[4], "e6");
  d.revise(at(5990, 5989 * 5, "a"));
  d.cut();
  d.pass(kStart + 1000 * kDay);
  EXPECT_EQ(d.fates().size(), 1u);
  EXPECT_EQ(d.told.back().reason, "quiet");
  EXPECT_EQ(d.told.back().total, 5999);
  EXPECT_TRUE(d.state->empty());
}

// Two episodes whose rows have gone in part become one: what each has kept of its members, some of which were both's,
// is told by the one that goes on.
TEST(KeyState, AMergedAlertLeavesWhatItKnewOfGoneRows) {
  RuleSpec s;
  s.cells = 1;
  s.aggregates = {{AggregateOp::kLast, 0, "last(v)"}};
  s.fire = "a0 >= 5.0";
  s.resolve_when = "a0 < 1.0";
  s.severity = {{Severity::kYellow, "true"}};
  s.quiet = 0;
  s.reopen = 10 * kMinute;
  rule::Rule rule = make_rule(s);
  rule.plan.max_rows_per_key = 192;
  Driver d(rule, 2 * kHour);
  const auto add = [&](uint64_t uid, TimeMs minute, double v) {
    d.add(event(uid, kStart + minute * kMinute, {Value::number(v)}));
  };
  add(1, 0, 5);
  add(2, 50, 3);
  add(3, 55, 5);  // its window has the two before it
  add(4, 58, 3);
  add(5, 60, 0);   // over
  add(6, 100, 5);  // anew; its window has all since the second
  for (uint64_t uid = 7; uid <= 193; ++uid) add(uid, 101, 3);
  EXPECT_EQ(d.state->dropped(), 4U);
  d.cut();
  ASSERT_EQ(d.told.size(), 4U);
  EXPECT_EQ(d.story().back(), "opened@100 yellow matched");
  d.withdraw(5, kStart + 102 * kMinute);
  ASSERT_EQ(d.told.size(), 6U);
  EXPECT_EQ(d.told[4].reason, "merged");
  EXPECT_EQ(d.told[5].alert, d.told[0].alert);
  EXPECT_EQ(d.told[5].members, (Story{"e1", "e2", "e3", "e4", "e6"}));
  EXPECT_EQ(d.told[5].total, 5);
  d.cut();
}

// The event that joins them lies hours before the gravest of what it joins.
TEST(KeyState, AMergedAlertIsAsGraveAsTheOneThatCameToIt) {
  RuleSpec s;
  s.cells = 1;
  s.aggregates = {{AggregateOp::kLast, 0, "last(v)"}};
  s.fire = "a0 >= 5.0";
  s.severity = {{Severity::kRed, "a0 >= 9.0"}, {Severity::kYellow, "true"}};
  s.reopen = 0;
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 10 * kHour);
  const auto add = [&](uint64_t uid, TimeMs minute, double v) {
    d.add(event(uid, kStart + minute * kMinute, {Value::number(v)}));
  };
  add(1, 0, 5);
  add(2, 100, 5);
  add(3, 140, 9);
  add(4, 180, 9);
  const std::string elder = d.told[0].alert;
  add(5, 55, 5);
  EXPECT_EQ(d.told.back().alert, elder);
  EXPECT_EQ(d.told.back().severity, "red");
  EXPECT_EQ(d.told.back().worst, "red");
  EXPECT_EQ(d.told.back().total, 5);
}

TEST(KeyState, RowsWithoutAPlaceMakeNoCluster) {
  RuleSpec s = three_places();
  s.kind = detect::RuleKind::kCluster;
  s.radius = 500;
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 0);
  for (uint64_t i = 1; i < 9; ++i) {
    Event e = at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i)));
    e.lon = e.lat = kNoNumber;
    d.add(e);
  }
  EXPECT_TRUE(d.told.empty());
  EXPECT_TRUE(d.state->empty());
}

TEST(KeyState, AClusterTellsItsShape) {
  RuleSpec s = three_places();
  s.kind = detect::RuleKind::kCluster;
  s.radius = 500;
  const rule::Rule rule = make_rule(s);
  Driver d(rule, 0);
  const double corners[][2] = {{121.240, 30.170}, {121.243, 30.170}, {121.243, 30.173}, {121.240, 30.173}};
  for (uint64_t i = 0; i < 4; ++i) {
    Event e = at(i + 1, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i)));
    e.lon = corners[i][0];
    e.lat = corners[i][1];
    d.add(e);
  }
  d.pass(kStart + kDay);
  const std::string& json = d.told.back().json;
  EXPECT_NE(json.find(R"("ring":[[121.24,30.17],[121.243,30.17],[121.243,30.173],[121.24,30.173],[121.24,30.17]])"),
            std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("places":4,"radius_m":220.4)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("area_km2":0.0962)"), std::string::npos) << json;
}

TEST(KeyState, AShadowRuleMarksItsTransitions) {
  rule::Rule rule = make_rule(three_places());
  rule.mode = rule::Mode::kShadow;
  struct : alert::Emitter {
    void emit(alert::Transition t) override { shadow = t.shadow; }
    bool shadow = false;
  } emitter;
  auto state = alert::make_key_state(rule, {}, "[]");
  Arena arena;
  for (uint64_t i = 1; i <= 3; ++i) {
    const std::string place(1, static_cast<char>('a' + i));
    const Value cell = Value::string(place);
    detect::Row row;
    row.uid = i;
    row.time = kStart;
    row.cells = {&cell, 1};
    alert::Context c{rule, 0, TimeZone::utc(), kNoTime, arena, emitter};
    state->add(row, c);
  }
  EXPECT_TRUE(emitter.shadow);
}

// Bytes from a damaged store are refused, whatever they are; nothing reads outside them.
TEST(KeyState, ForeignBytesAreRefusedOrHarmless) {
  for (const auto kind : {detect::RuleKind::kWindow, detect::RuleKind::kCluster, detect::RuleKind::kAbsence}) {
    RuleSpec s = three_places();
    s.kind = kind;
    s.radius = 500;
    const rule::Rule rule = make_rule(s);
    Driver d(rule, 0);
    for (uint64_t i = 1; i <= 4; ++i) d.add(at(i, static_cast<TimeMs>(i), std::string(1, static_cast<char>('a' + i))));
    const std::string good = d.bytes();
    for (size_t n = 0; n < good.size(); ++n) {
      EXPECT_FALSE(alert::decode_key_state(rule, {}, std::string_view(good).substr(0, n))) << n;
    }
    std::mt19937_64 rng(7);
    for (int i = 0; i < 3000; ++i) {
      std::string bad = good;
      bad[rng() % bad.size()] ^= static_cast<char>(1 << rng() % 8);
      (void)alert::decode_key_state(rule, {}, bad);
    }
  }
}

}  // namespace
}  // namespace tocsin::testing
