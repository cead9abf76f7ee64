// Sequences step by step: what completes, what destroys, what is owed, what is told of it.
#include "fixture.h"

namespace tocsin::testing {
namespace {

using Lines = std::vector<std::string>;

using detect::AggregateOp;
using detect::kBeside;
using detect::Severity;
using expr::Value;

constexpr uint32_t kDispute = 1, kClosed = 2, kThreat = 4, kCall = 8;

// dispute, not closed, threat, call, within two hours. Rows have one cell, a text.
RuleSpec escalation() {
  RuleSpec s;
  s.kind = detect::RuleKind::kSequence;
  s.steps = {{"dispute", false}, {"", true}, {"threat", false}, {"call", false}};
  s.within = 2 * kHour;
  s.quiet = 4 * kHour;
  s.reopen = 4 * kHour;
  s.lateness = kHour;
  s.cells = 1;
  s.aggregates = {{AggregateOp::kCount, -1, "count()"},
                  {AggregateOp::kStep, 0, "dispute.place", 0},
                  {AggregateOp::kStep, 0, "threat.place", 2}};
  s.severity = {{Severity::kRed, "a0 >= 5"}, {Severity::kOrange, "true || a1 == '' || a2 == ''"}};
  return s;
}

// closed, then nothing for an hour.
RuleSpec owed() {
  RuleSpec s = escalation();
  s.steps = {{"closed", false}, {"", true}};
  s.within = kHour;
  s.aggregates = {{AggregateOp::kCount, -1, "count()"}};
  s.severity = {{Severity::kYellow, "true"}};
  return s;
}

Event at(uint64_t uid, int minutes, uint32_t roles, const char* place = "p") {
  Event e = event(uid, kStart + minutes * kMinute, {Value::string(place)});
  e.roles = roles;
  return e;
}

struct Story {
  explicit Story(const RuleSpec& spec, DurationMs lateness = 0) : rule(make_rule(spec)), driver(rule, lateness) {}
  std::vector<std::string> by(int minutes) {
    driver.pass(kStart + minutes * kMinute + 1);
    return driver.story();
  }
  rule::Rule rule;
  Driver driver;
};

TEST(Sequence, TheLastStepCompletesIt) {
  Story s(escalation());
  s.driver.add(at(1, 0, kDispute, "home"));
  s.driver.add(at(2, 30, kThreat, "shop"));
  EXPECT_TRUE(s.driver.told.empty());
  s.driver.add(at(3, 60, kCall));
  EXPECT_EQ(s.by(300), (Lines{"opened@60 orange matched", "resolved@300 orange quiet"}));
  EXPECT_EQ(s.driver.told[0].members, (Lines{"e1", "e2", "e3"}));
  EXPECT_NE(s.driver.told[0].json.find("\"dispute.place\":\"home\",\"threat.place\":\"shop\""), std::string::npos);
}

TEST(Sequence, TheSpanIsClosedAndTheOrderCounts) {
  Story in(escalation());
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 120, kCall)}) in.driver.add(e);
  EXPECT_EQ(in.driver.told.size(), 1u);
  Story out(escalation());
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 121, kCall)}) out.driver.add(e);
  EXPECT_TRUE(out.driver.told.empty());
  Story mixed(escalation());
  for (const Event& e : {at(1, 0, kThreat), at(2, 30, kDispute), at(3, 60, kCall)}) mixed.driver.add(e);
  EXPECT_TRUE(mixed.driver.told.empty());
}

TEST(Sequence, OneEventServesOneStepOfAMatch) {
  Story s(escalation());
  s.driver.add(at(1, 0, kDispute));
  s.driver.add(at(2, 10, kThreat | kCall));
  EXPECT_TRUE(s.driver.told.empty());
  s.driver.add(at(3, 20, kThreat | kCall));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@20 orange matched"}));
}

TEST(Sequence, ANotBetweenItsNeighboursForbids) {
  Story s(escalation());
  for (const Event& e : {at(1, 0, kDispute), at(2, 10, kClosed), at(3, 20, kThreat), at(4, 30, kCall)}) s.driver.add(e);
  EXPECT_TRUE(s.driver.told.empty());
  s.driver.add(at(5, 40, kDispute));           // a new dispute after the close counts again
  s.driver.add(at(6, 50, kThreat | kClosed));  // strictly between: the threat itself may be a close
  s.driver.add(at(7, 60, kClosed));            // after the threat nothing is forbidden
  s.driver.add(at(8, 70, kCall));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@70 orange matched"}));
  EXPECT_EQ(s.driver.told[0].members, (Lines{"e5", "e6", "e8"}));
}

TEST(Sequence, AllEventsOfAllMatchesCount) {
  Story s(escalation());
  for (const Event& e : {at(1, 0, kDispute), at(2, 5, kDispute), at(3, 10, kThreat), at(4, 20, kThreat)})
    s.driver.add(e);
  s.driver.add(at(5, 30, kCall));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@30 red matched"}));
  s.driver.add(at(6, 125, kCall));  // the first dispute is out of its reach
  EXPECT_EQ(s.driver.story(), (Lines{"opened@30 red matched", "deescalated@125 orange matched"}));
  EXPECT_EQ(s.driver.told[1].total, 6);
}

TEST(Sequence, AnEventOutOfOrderCompletes) {
  Story s(escalation(), kHour);
  s.driver.add(at(1, 0, kDispute));
  s.driver.add(at(3, 60, kCall));
  EXPECT_TRUE(s.driver.told.empty());
  s.driver.add(at(2, 30, kThreat));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@30 orange matched"}));
  EXPECT_EQ(s.driver.told[0].opened_by, "e2");
}

TEST(Sequence, AnEventOutOfOrderDestroys) {
  Story s(escalation(), kHour);
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 60, kCall)}) s.driver.add(e);
  s.driver.add(at(4, 20, kClosed));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@60 orange matched", "resolved@20 orange late"}));
}

TEST(Sequence, WithdrawalAndRevisionTakeBack) {
  Story s(escalation(), kHour);
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 60, kCall)}) s.driver.add(e);
  s.driver.withdraw(2, kStart + 30 * kMinute);
  EXPECT_EQ(s.driver.story(), (Lines{"opened@60 orange matched", "resolved@30 orange withdrawn"}));
  s.driver.add(at(4, 61, kThreat));
  s.driver.revise(at(3, 70, kCall));
  EXPECT_EQ(s.driver.story().back(), "opened@70 orange matched");
}

TEST(Sequence, QuietCountsFromWhatFulfilsAStep) {
  Story s(escalation());
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 60, kCall)}) s.driver.add(e);
  s.driver.add(at(4, 200, kThreat));
  s.driver.add(at(5, 300, kClosed));
  EXPECT_EQ(s.by(500), (Lines{"opened@60 orange matched", "resolved@440 orange quiet"}));
}

TEST(Sequence, ResolveWhenLooksAtWhatCameSince) {
  RuleSpec spec = escalation();
  spec.aggregates.push_back({AggregateOp::kLast, 0, "last(place)"});
  spec.resolve_when = "a3 == 'safe'";
  Story s(spec);
  s.driver.add(at(9, -5, kBeside, "safe"));
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 60, kCall)}) s.driver.add(e);
  s.driver.add(at(4, 65, kThreat));
  s.driver.add(at(5, 70, kBeside, "safe"));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@60 orange matched", "resolved@70 orange recovered"}));
  s.driver.withdraw(5, kStart + 71 * kMinute);
  EXPECT_EQ(s.driver.story().back(), "reopened@71 orange withdrawn");
}

// Two episodes whose rows have gone in part become one, which tells what each has kept; and what the steps of the
// latest match were.
TEST(Sequence, AMergedAlertLeavesWhatItKnewOfGoneRows) {
  RuleSpec spec = escalation();
  spec.aggregates.push_back({AggregateOp::kLast, 0, "last(place)"});
  spec.resolve_when = "a3 == 'safe'";
  spec.quiet = 0;
  spec.reopen = 0;
  Story s(spec, 10 * kHour);
  s.rule.plan.max_rows_per_key = 192;
  for (const Event& e : {at(1, 0, kDispute, "home"), at(2, 5, kThreat), at(3, 10, kCall), at(4, 15, kDispute, "park")})
    s.driver.add(e);
  s.driver.add(at(5, 20, kBeside, "safe"));
  for (const Event& e : {at(6, 30, kThreat, "shop"), at(7, 60, kCall)}) s.driver.add(e);
  for (uint64_t uid = 8; uid <= 193; ++uid) s.driver.add(at(uid, 61, kBeside));
  EXPECT_EQ(s.driver.state->dropped(), 4U);
  s.driver.cut();
  s.driver.withdraw(5, kStart + 62 * kMinute);
  const auto& told = s.driver.told;
  ASSERT_EQ(told.size(), 5U);
  EXPECT_EQ(told[3].reason, "merged");
  EXPECT_EQ(told[4].alert, told[0].alert);
  EXPECT_EQ(told[4].members, (Lines{"e1", "e2", "e3", "e4", "e6", "e7"}));
  EXPECT_EQ(told[4].total, 6);
  EXPECT_NE(told[4].json.find("\"dispute.place\":\"park\",\"threat.place\":\"shop\""), std::string::npos)
      << told[4].json;
  s.driver.cut();
}

TEST(Sequence, WhatOutlivesItsRowsIsStillTold) {
  RuleSpec spec = escalation();
  spec.quiet = 60 * kDay;
  Story s(spec);
  for (const Event& e : {at(1, 0, kDispute, "home"), at(2, 30, kThreat, "shop"), at(3, 60, kCall)}) s.driver.add(e);
  s.driver.pass(kStart + 30 * kDay);
  s.driver.cut();
  s.driver.pass(kStart + 100 * kDay);
  ASSERT_EQ(s.driver.told.size(), 2u);
  EXPECT_EQ(s.driver.told[1].members, (Lines{"e1", "e2", "e3"}));
  EXPECT_NE(s.driver.told[1].json.find("\"count()\":3,\"dispute.place\":\"home\",\"threat.place\":\"shop\""),
            std::string::npos)
      << s.driver.told[1].json;
}

TEST(Sequence, ATrailingNotFiresAtItsDeadlineByTimeAlone) {
  Story s(owed());
  s.driver.add(at(1, 0, 1));
  EXPECT_TRUE(s.by(60 - 1).empty());
  EXPECT_EQ(s.by(60), (Lines{"opened@60 yellow deadline"}));
  s.driver.cut();
  s.driver.add(at(2, 90, 2));
  EXPECT_EQ(s.by(1000), (Lines{"opened@60 yellow deadline", "resolved@90 yellow stage"}));
}

TEST(Sequence, WhatComesAtTheDeadlineIsInTime) {
  Story s(owed());
  s.driver.add(at(1, 0, 1));
  s.driver.add(at(2, 60, 2));
  EXPECT_TRUE(s.by(1000).empty());
  EXPECT_TRUE(s.driver.state->empty());
}

TEST(Sequence, WhatWasInTimeButCameLateTakesItBack) {
  Story s(owed());
  s.driver.add(at(1, 0, 1));
  s.driver.pass(kStart + 61 * kMinute);
  s.driver.add(at(2, 50, 2));
  EXPECT_EQ(s.driver.story(), (Lines{"opened@60 yellow deadline", "resolved@50 yellow late"}));
}

TEST(Sequence, AnAnswerThatIsWithdrawnLetsItGoOn) {
  Story s(owed(), kHour);
  s.driver.add(at(1, 0, 1));
  s.driver.pass(kStart + 61 * kMinute);
  s.driver.add(at(2, 90, 2));
  s.driver.withdraw(2, kStart + 95 * kMinute);
  EXPECT_EQ(s.driver.story(),
            (Lines{"opened@60 yellow deadline", "resolved@90 yellow stage", "reopened@95 yellow withdrawn"}));
}

TEST(Sequence, AnEditedConditionIsJudgedOnTheKeptRows) {
  RuleSpec spec = escalation();
  spec.fire = "a0 >= 4";
  Story strict(spec);
  for (const Event& e : {at(1, 0, kDispute), at(2, 30, kThreat), at(3, 60, kCall)}) strict.driver.add(e);
  EXPECT_TRUE(strict.driver.told.empty());
  spec.fire = "a0 >= 3";
  Story edited(spec);
  edited.driver.state = *alert::decode_key_state(edited.rule, hash128("[\"k\"]"), strict.driver.bytes());
  Arena arena(4096);
  const TimeZone zone = TimeZone::utc();
  alert::Context context{edited.rule, 0, zone, kStart + 60 * kMinute, arena, edited.driver};
  edited.driver.state->rejudge(kStart + 60 * kMinute, context);
  EXPECT_EQ(edited.driver.story(), (Lines{"opened@60 orange rule"}));
}

TEST(Sequence, TheBoundDropsTheOldestAndCountsThem) {
  RuleSpec spec = escalation();
  rule::Rule rule = make_rule(spec);
  rule.plan.max_rows_per_key = 64;
  Driver d(rule, 0);
  for (int i = 0; i < 200; ++i) d.add(at(static_cast<uint64_t>(i + 1), i / 4, kDispute));
  EXPECT_GE(d.state->dropped(), 136u);
  EXPECT_LT(d.state->bytes(), 40'000u);
  d.add(at(1000, 60, kThreat));
  d.add(at(1001, 61, kCall));
  ASSERT_EQ(d.told.size(), 1u);
  EXPECT_LE(d.told[0].total, 66);
  d.cut();
}

}  // namespace
}  // namespace tocsin::testing
