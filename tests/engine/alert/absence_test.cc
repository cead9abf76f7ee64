// Stories of obligations: what is told, when, and why.
#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::kAfter;
using detect::kExpect;
using detect::kPause;
using detect::kUnpause;
using detect::Severity;

RuleSpec ladder() {
  RuleSpec s;
  s.kind = detect::RuleKind::kAbsence;
  s.within = 100 * kMinute;
  s.severity = {{Severity::kOrange, "elapsed >= 1.5"},
                {Severity::kYellow, "elapsed >= 1.0"},
                {Severity::kBlue, "elapsed >= 0.8"}};
  return s;
}

rule::Rule ladder_rule() {
  rule::Rule r = make_rule(ladder());
  r.plan.elapsed_marks = {0.8, 1.0, 1.5};
  return r;
}

Event at(uint64_t uid, TimeMs minute, uint32_t roles, std::string label = {}) {
  Event e = event(uid, kStart + minute * kMinute);
  e.roles = roles;
  e.label = std::move(label);
  return e;
}

using Story = std::vector<std::string>;

TEST(Absence, OpensAndEscalatesByTimeAloneAndResolvesWithTheAnswer) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 80 * kMinute);
  EXPECT_TRUE(d.told.empty());  // an answer of that very instant may still come
  d.pass(kStart + 81 * kMinute);
  d.pass(kStart + 170 * kMinute);
  d.add(at(2, 180, kExpect));
  EXPECT_EQ(d.story(), (Story{"opened@80 blue deadline", "escalated@100 yellow deadline",
                              "escalated@150 orange deadline", "resolved@180 orange stage"}));
  EXPECT_EQ(d.told[0].opened_by, "e1");
}

TEST(Absence, AnAnswerOfTheVeryDeadlineIsInTime) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.add(at(2, 80, kExpect));
  d.pass(kStart + 1000 * kMinute);
  EXPECT_TRUE(d.told.empty());
}

TEST(Absence, AnEarlierAnswerIsNone) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 10 * kMinute);
  d.add(at(2, 0, kExpect));
  d.add(at(1, 1, kAfter));
  d.pass(kStart + 90 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@81 blue deadline"}));
}

TEST(Absence, AnAnswerOutOfOrderCounts) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 10 * kMinute);
  d.add(at(2, 5, kExpect));
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 1000 * kMinute);
  EXPECT_TRUE(d.told.empty());
}

// The answer is known before the deadline's turn, but it is an answer after the deadline.
TEST(Absence, LateIsLateWhoeverHeardOfItFirst) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 60 * kMinute);
  d.add(at(1, 0, kAfter));
  d.add(at(2, 120, kExpect));
  EXPECT_TRUE(d.told.empty());
  d.pass(kStart + 1000 * kMinute);
  EXPECT_EQ(d.story(),
            (Story{"opened@80 blue deadline", "escalated@100 yellow deadline", "resolved@120 yellow stage"}));
}

TEST(Absence, ALateUploadOfWorkDoneInTimeAmends) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 120 * kMinute);
  d.add(at(2, 50, kExpect));
  EXPECT_EQ(d.story().back(), "amended@50 yellow late");
  EXPECT_EQ(d.told.back().status, "resolved");
  EXPECT_NE(d.told.back().json.find("\"after\":{"), std::string::npos);
  d.pass(kStart + 1000 * kMinute);
  EXPECT_EQ(d.told.size(), 3u);
}

TEST(Absence, WhileOneOfTheLabelIsPendingTheFirstStands) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter, R"(["c","accepted"])"));
  d.add(at(2, 50, kAfter, R"(["c","accepted"])"));
  d.add(at(3, 60, kAfter, R"(["c","assigned"])"));
  d.pass(kStart + 150 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@80 blue deadline", "escalated@100 yellow deadline", "opened@140 blue deadline"}));
  EXPECT_EQ(d.told[2].key, R"(["c","assigned"])");
  d.add(at(4, 155, kExpect));
  EXPECT_EQ(d.fates().size(), 2u);
  for (const auto& [id, f] : d.fates()) EXPECT_EQ(f.status, "resolved");
}

TEST(Absence, APauseStopsTheSpan) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.add(at(2, 30, kPause));
  d.pass(kStart + 500 * kMinute);
  EXPECT_TRUE(d.told.empty());
  d.add(at(3, 500, kUnpause));
  d.pass(kStart + 560 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@550 blue deadline"}));
}

void edit(Driver& d, rule::Rule& rule, const rule::Rule& to) {
  rule.plan.severity = to.plan.severity;
  rule.plan.elapsed_marks = to.plan.elapsed_marks;
  Arena arena(4096);
  const TimeZone zone = TimeZone::utc();
  alert::Context c{rule, 0, zone, d.watermark, arena, d};
  d.state->rejudge(d.watermark, c);
}

// A mark that is moved, but has passed all the same, is no end and no new beginning.
TEST(Absence, AMarkThatIsMovedAmendsWhatHasPassedBoth) {
  rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 95 * kMinute);
  RuleSpec later = ladder();
  later.severity[2].second = "elapsed >= 0.9";
  rule::Rule to = make_rule(later);
  to.plan.elapsed_marks = {0.9, 1.0, 1.5};
  edit(d, rule, to);
  d.pass(kStart + 96 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@80 blue deadline", "amended@95 blue rule"}));
  later.severity[2].second = "elapsed >= 0.97";  // has not passed
  to.plan.severity = make_rule(later).plan.severity;
  to.plan.elapsed_marks = {0.97, 1.0, 1.5};
  edit(d, rule, to);
  d.pass(kStart + 99 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@80 blue deadline", "amended@95 blue rule", "resolved@96 blue rule",
                              "reopened@97 blue deadline"}));
}

TEST(Absence, AnEditOpensNothingOfWhatHasBeenAnswered) {
  RuleSpec never = ladder();
  never.severity = {{Severity::kBlue, "elapsed >= 0.8 && elapsed < 0.1"}};
  rule::Rule rule = make_rule(never);
  rule.plan.elapsed_marks = {0.8};
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 82 * kMinute);
  d.add(at(2, 85, kExpect));
  d.pass(kStart + 95 * kMinute);
  edit(d, rule, ladder_rule());
  d.pass(kStart + 200 * kMinute);
  EXPECT_TRUE(d.told.empty());
}

// Long after its end a person closes it: it is still the obligation's alert, and says what it rested on.
TEST(Absence, AnObligationThatIsForgottenIsClosedUnderItsOwnName) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  const std::string label = R"(["k","kerb 7"])";
  d.add(at(1, 0, kAfter, label));
  d.pass(kStart + 90 * kMinute);
  d.add(at(2, 95, kExpect));
  d.pass(kStart + 20 * kDay);
  d.cut();
  ASSERT_EQ(d.told.size(), 2u);
  ASSERT_EQ(d.told[0].key, label);
  alert::Action close;
  close.kind = alert::ActionKind::kClose;
  close.alert_id = d.told[0].alert;
  close.outcome = "true";
  close.by = "post-7";
  close.at = kStart + 20 * kDay;
  d.act(close);
  ASSERT_EQ(d.told.back().type, "closed");
  EXPECT_EQ(d.told.back().key, label);
  EXPECT_EQ(d.told.back().members, d.told[1].members);
  EXPECT_EQ(d.told.back().total, 1);
}

TEST(Absence, AWithdrawnStartTakesTheObligationBack) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 90 * kMinute);
  d.withdraw(1, kStart + 95 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@80 blue deadline", "resolved@95 blue withdrawn"}));
  d.pass(kStart + 5000 * kMinute);
  d.pass(kStart + 60 * kDay);  // people have had their time to close it
  EXPECT_TRUE(d.state->empty());
}

TEST(Absence, TheEventsOwnDeadline) {
  rule::Rule rule = ladder_rule();
  rule.plan.until = true;
  Driver d(rule, 0);
  Event e = at(1, 0, kAfter);
  e.due_at = kStart + 10 * kMinute;
  d.add(e);
  d.add(at(2, 1, kAfter, "[\"no deadline\"]"));
  d.pass(kStart + 1000 * kMinute);
  EXPECT_EQ(d.story(),
            (Story{"opened@8 blue deadline", "escalated@10 yellow deadline", "escalated@15 orange deadline"}));
}

TEST(Absence, WorkingTime) {
  rule::Rule rule = ladder_rule();
  rule.plan.within = {Span::Unit::kWorkingDays, 3};
  rule.plan.calendar = std::make_shared<WorkingTime>(WorkingTime::Spec{});
  Driver d(rule, 0);
  Event e = at(1, 0, kAfter);
  e.time = *parse_time("2024-07-04T09:00:00Z", TimeZone::utc());  // a Thursday
  d.add(e);
  d.pass(e.time + 30 * kDay);
  ASSERT_EQ(d.told.size(), 3u);
  EXPECT_EQ(format_time(d.told[1].time), "2024-07-09T09:00:00Z");  // Friday, Monday, Tuesday
  EXPECT_LT(d.told[0].time, d.told[1].time);
}

TEST(Absence, OverdueMarks) {
  RuleSpec s = ladder();
  s.severity = {{Severity::kOrange, "overdue >= duration('7m')"}, {Severity::kYellow, "overdue >= duration('0s')"}};
  rule::Rule rule = make_rule(s);
  rule.plan.overdue_marks = {7 * kMinute};
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.pass(kStart + 200 * kMinute);
  EXPECT_EQ(d.story(), (Story{"opened@100 yellow deadline", "escalated@107 orange deadline"}));
}

TEST(Absence, NothingIsLeftOfWhatWasAnsweredLongAgo) {
  const rule::Rule rule = ladder_rule();
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  d.add(at(2, 50, kExpect));
  d.add(at(3, 60, kExpect));  // expects nothing in particular
  EXPECT_FALSE(d.state->empty());
  d.pass(kStart + 1000 * kMinute);
  EXPECT_TRUE(d.state->empty());
}

TEST(Absence, TheBoundOnRowsHolds) {
  rule::Rule rule = ladder_rule();
  rule.plan.max_rows_per_key = 10;
  Driver d(rule, 0);
  d.add(at(1, 0, kAfter));
  for (uint64_t i = 2; i < 500; ++i) d.add(at(i, 1, kPause));
  EXPECT_LT(d.bytes().size(), 2000u);
  d.cut();
}

}  // namespace
}  // namespace tocsin::testing
