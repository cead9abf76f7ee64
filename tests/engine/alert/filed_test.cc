// What is left of an alert that is over: people may still close it and comment on it, and it says what it last said.
#include <algorithm>

#include "alert/lifecycle.h"
#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::AggregateOp;
using detect::Severity;
using expr::Value;
using Story = std::vector<std::string>;

rule::Rule three_places(detect::RuleKind kind = detect::RuleKind::kWindow) {
  RuleSpec s;
  s.kind = kind;
  s.radius = 500;
  s.cells = 1;
  s.aggregates = {{AggregateOp::kDistinct, 0, "distinct(place)"}, {AggregateOp::kLast, 0, "last(place)"}};
  s.fire = "a0 >= 3";
  s.severity = {{Severity::kYellow, "true"}};
  return make_rule(s);
}

Event at(uint64_t uid, TimeMs minute, std::string_view place) {
  static std::set<std::string, std::less<>> names;  // cells are views
  Event e = event(uid, kStart + minute * kMinute, {Value::string(*names.emplace(place).first)});
  e.lon = 121.24;
  e.lat = 30.17;
  return e;
}

void burst(Driver& d, uint64_t first, TimeMs minute) {
  for (uint64_t i = 0; i < 3; ++i) d.add(at(first + i, minute, std::string(1, static_cast<char>('a' + i))));
}

alert::Action person(alert::ActionKind kind, const std::string& id, TimeMs time) {
  alert::Action a;
  a.kind = kind;
  a.alert_id = id;
  a.by = "post-7";
  a.outcome = kind == alert::ActionKind::kClose ? "false" : "";
  a.note = "a burst main";
  a.at = time;
  return a;
}

TEST(Filed, AnAlertThatCanNoLongerReopenIsStillClosedAndSaysWhatItWasAbout) {
  for (const auto kind : {detect::RuleKind::kWindow, detect::RuleKind::kCluster}) {
    const rule::Rule rule = three_places(kind);
    Driver d(rule, 0);
    burst(d, 1, 0);
    d.pass(kStart + 9 * kDay);
    ASSERT_EQ(d.told.size(), 2u);
    const std::string id = d.told[0].alert;
    d.cut();
    d.act(person(alert::ActionKind::kComment, id, kStart + 9 * kDay));
    d.cut();
    d.act(person(alert::ActionKind::kClose, id, kStart + 10 * kDay));
    d.act(person(alert::ActionKind::kClose, id, kStart + 10 * kDay));  // once is enough
    ASSERT_EQ(d.told.size(), 4u);
    EXPECT_EQ(d.told[2].type, "updated");
    EXPECT_EQ(d.told[3].type, "closed");
    EXPECT_EQ(d.told[3].key, R"(["k"])");
    EXPECT_EQ(d.told[3].members, d.told[1].members);
    EXPECT_EQ(d.told[3].total, 3);
    const auto said = [](const Told& t) {
      return t.json.substr(t.json.find(R"("values")"), t.json.find(R"(,"owner")") - t.json.find(R"("values")"));
    };
    EXPECT_EQ(said(d.told[3]), said(d.told[1]));
    EXPECT_NE(d.told[3].json.find(R"j("distinct(place)":3)j"), std::string::npos);
  }
}

TEST(Filed, ItIsForgottenThirtyDaysAfterItsEnd) {
  const rule::Rule rule = three_places();
  Driver d(rule, 0);
  burst(d, 1, 0);
  const TimeMs ended = kStart + kHour;
  d.pass(ended + alert::kFiledFor);
  EXPECT_FALSE(d.state->empty());
  d.pass(ended + alert::kFiledFor + 1);
  EXPECT_TRUE(d.state->empty());
}

TEST(Filed, WhatCameAndWentLeavesNoRows) {
  const rule::Rule rule = three_places();
  Driver d(rule, 0);
  burst(d, 1, 0);
  const size_t open = d.bytes().size();
  d.pass(kStart + 9 * kDay);
  for (TimeMs day = 10; day < 20; ++day) {
    d.add(at(100 + static_cast<uint64_t>(day), day * 24 * 60, "z"));
    d.pass(kStart + (day + 1) * kDay - kHour);
  }
  EXPECT_LT(d.bytes().size(), 2 * open) << "rows of other days are gone";
}

TEST(Filed, ThereIsABoundAndTheOneThatEndedFirstGoes) {
  const rule::Rule rule = three_places();
  Driver d(rule, 0);
  for (uint64_t i = 0; i < 300; ++i) burst(d, 1 + 10 * i, static_cast<TimeMs>(i) * 130);
  d.pass(kStart + 28 * kDay);
  std::vector<std::string> ids;
  for (const Told& t : d.told) {
    if (t.type == "opened") ids.push_back(t.alert);
  }
  ASSERT_EQ(ids.size(), 300u);
  const size_t before = d.told.size();
  d.act(person(alert::ActionKind::kClose, ids[43], kStart + 28 * kDay));
  EXPECT_EQ(d.told.size(), before) << "the 44 that ended first are forgotten";
  d.act(person(alert::ActionKind::kClose, ids[44], kStart + 28 * kDay));
  EXPECT_EQ(d.told.size(), before + 1);
}

TEST(Filed, ADetectorsFindingsNoLongerReachIt) {
  alert::Standing s;
  s.phase = alert::Phase::kFiled;
  s.status = alert::AlertStatus::kResolved;
  s.ended_at = kStart;
  detect::Plan plan;
  for (const auto kind : {alert::Input::Kind::kHolds, alert::Input::Kind::kMatched, alert::Input::Kind::kCorrected,
                          alert::Input::Kind::kGone, alert::Input::Kind::kMerged, alert::Input::Kind::kAnswered}) {
    alert::Input in;
    in.kind = kind;
    in.time = in.last = kStart + 1;
    const alert::Outcome out = alert::decide(plan, s, in);
    EXPECT_EQ(out.count, 0u);
    EXPECT_EQ(out.standing, s);
  }
  EXPECT_EQ(alert::next_deadline(plan, s), kStart + alert::kFiledFor);
}

// What was taken back is no evidence any more, and the values are of the evidence; also for who closes it.
TEST(Filed, AnAlertWhoseEvidenceIsGoneTellsOfNothing) {
  for (const auto kind : {detect::RuleKind::kWindow, detect::RuleKind::kCluster}) {
    const rule::Rule rule = three_places(kind);
    Driver d(rule, 0);
    burst(d, 1, 0);
    for (uint64_t uid = 1; uid <= 3; ++uid) d.withdraw(uid, kStart + 5 * kMinute);
    d.cut();
    d.act(person(alert::ActionKind::kClose, d.told[0].alert, kStart + kDay));
    ASSERT_EQ(d.told.size(), 3u);
    EXPECT_EQ(d.told[1].reason, "withdrawn");
    EXPECT_EQ(d.told[2].type, "closed");
    for (size_t i = 1; i < 3; ++i) {
      EXPECT_EQ(d.told[i].total, 0);
      EXPECT_TRUE(d.told[i].members.empty());
      EXPECT_NE(d.told[i].json.find(R"j("distinct(place)":0)j"), std::string::npos) << d.told[i].json;
    }
  }
}

// It was told as part of the elder; closing it says what it was about.
TEST(Filed, AMergedAlertStillSaysWhatItRestedOn) {
  const rule::Rule rule = three_places(detect::RuleKind::kCluster);
  Driver d(rule, 0);
  burst(d, 1, 0);
  const auto east = [&](uint64_t uid, TimeMs minute, std::string_view place, double lon) {
    Event e = at(uid, minute, place);
    e.lon = lon;
    d.add(e);
  };
  for (uint64_t i = 0; i < 3; ++i) east(11 + i, 1, std::string(1, static_cast<char>('e' + i)), 121.2495);
  ASSERT_EQ(d.told.size(), 2u);
  east(20, 2, "m", 121.24475);  // some 457 m from either
  const auto merged = std::find_if(d.told.begin(), d.told.end(), [](const Told& t) { return t.reason == "merged"; });
  ASSERT_NE(merged, d.told.end());
  const std::vector<std::string> members = merged->members;
  EXPECT_EQ(members, (Story{"e11", "e12", "e13"}));
  d.act(person(alert::ActionKind::kClose, merged->alert, kStart + kDay));
  ASSERT_EQ(d.told.back().type, "closed");
  EXPECT_EQ(d.told.back().members, members);
  EXPECT_EQ(d.told.back().total, 3);
}

}  // namespace
}  // namespace tocsin::testing
