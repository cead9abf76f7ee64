// Stories of silences: what is told, when, and why.
#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::Severity;
using Story = std::vector<std::string>;

// One event an hour for two weeks: a silence has p < 1e-4 after some 9.5 hours, p < 1e-6 after some 14.
constexpr int kHours = 14 * 24;

rule::Rule hourly_rule(DurationMs lateness = 0) {
  RuleSpec s;
  s.kind = detect::RuleKind::kSilence;
  s.fire = "p < 0.0001 && gap >= duration('2h')";
  s.severity = {{Severity::kOrange, "p < 0.000001"}, {Severity::kYellow, "true"}};
  s.quiet = s.reopen = 0;
  s.lateness = lateness;
  rule::Rule r = make_rule(s);
  r.plan.history = 21 * kDay;
  r.plan.gap_marks = {2 * kHour, 2 * kHour + 1};
  r.plan.p_marks = {0.000001, 0.0001};
  return r;
}

Event at(uint64_t uid, DurationMs since) { return event(uid, kStart + since); }

// Hourly events from kStart on; answers the time of the last, since kStart.
DurationMs warm_up(Driver& d, int hours = kHours) {
  for (int i = 0; i < hours; ++i) d.add(at(static_cast<uint64_t>(i + 1), i * kHour));
  return (hours - 1) * kHour;
}

std::string head(const std::string& line) { return line.substr(0, line.find('@')) + line.substr(line.find(' ')); }
Story heads(const Driver& d) {
  Story out;
  for (const std::string& line : d.story()) out.push_back(head(line));
  return out;
}

TEST(Silence, OpensAndEscalatesByTimeAloneAndResolvesWithTheNextEvent) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.pass(kStart + last + 9 * kHour);
  EXPECT_TRUE(d.told.empty());
  d.pass(kStart + last + 10 * kHour);
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline"}));
  d.pass(kStart + last + 20 * kHour);
  d.add(at(1000, last + 30 * kHour));
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "escalated orange deadline", "resolved orange recovered"}));
  EXPECT_EQ(d.told[0].members, (Story{"e" + std::to_string(kHours)}));
  EXPECT_EQ(d.told[0].opened_by, "e" + std::to_string(kHours));
  EXPECT_EQ(d.told[2].time, kStart + last + 30 * kHour);
  EXPECT_NE(d.told[0].json.find("\"gap\":"), std::string::npos);
  EXPECT_NE(d.told[0].json.find("\"usual_gap\":"), std::string::npos);
}

TEST(Silence, AKeyWithoutHistoryIsNotJudged) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d, 6 * 24);
  d.pass(kStart + last + 20 * kDay);
  EXPECT_TRUE(d.told.empty());
}

TEST(Silence, OneAlertASilence) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.add(at(2000, last + 10 * kHour));
  d.add(at(2001, last + 21 * kHour));
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "resolved yellow recovered", "opened yellow deadline",
                             "resolved yellow recovered"}));
  EXPECT_NE(d.told[0].alert, d.told[2].alert);
}

TEST(Silence, AWithdrawnEventMakesItLonger) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.add(at(3000, last + 8 * kHour));
  d.pass(kStart + last + 12 * kHour);
  EXPECT_TRUE(d.told.empty());
  d.withdraw(3000, kStart + last + 12 * kHour);
  EXPECT_EQ(heads(d), (Story{"opened yellow withdrawn"}));
  EXPECT_EQ(d.told[0].members, (Story{"e" + std::to_string(kHours)}));
}

TEST(Silence, AWithdrawnEndReopensIt) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.add(at(3000, last + 11 * kHour));
  d.withdraw(3000, kStart + last + 11 * kHour);
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "resolved yellow recovered", "reopened yellow withdrawn"}));
}

TEST(Silence, ALateEventShowsThatItWasNone) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.pass(kStart + last + 12 * kHour);
  d.add(at(3000, last + 6 * kHour));
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "resolved yellow late"}));
  d.pass(kStart + last + 15 * kHour);
  EXPECT_EQ(d.told.size(), 2U);
  d.pass(kStart + last + 17 * kHour);  // and from there the next silence is counted
  EXPECT_EQ(heads(d).back(), "opened yellow deadline");
}

TEST(Silence, ALateEventNearTheBeginningOnlyMovesIt) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.pass(kStart + last + 20 * kHour);
  d.add(at(3000, last + 1 * kHour));
  EXPECT_EQ(heads(d).back(), "amended orange late");
  EXPECT_EQ(d.told.back().members, (Story{"e3000"}));
  EXPECT_EQ(d.told.back().status, "open");
}

TEST(Silence, AnEndThatIsKnownAheadOfTheWatermarkDoesNotHideIt) {
  const rule::Rule rule = hourly_rule(kDay);
  Driver d(rule, kDay);
  const DurationMs last = warm_up(d);
  d.add(at(3000, last + 12 * kHour));
  EXPECT_TRUE(d.told.empty());  // what lies between may still come
  d.pass(kStart + last + 12 * kHour);
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "resolved yellow recovered"}));
  EXPECT_EQ(d.told[1].time, kStart + last + 12 * kHour);
}

TEST(Silence, APersonsWordStays) {
  const rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.pass(kStart + last + 10 * kHour);
  ASSERT_EQ(d.told.size(), 1U);
  alert::Action action;
  action.alert_id = d.told[0].alert;
  action.kind = alert::ActionKind::kClose;
  action.at = d.watermark;
  d.act(action);
  d.pass(kStart + last + 40 * kHour);
  d.add(at(3000, last + 41 * kHour));
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline", "closed yellow person"}));
}

TEST(Silence, AKeyThatNobodyHearsOfAnyMoreIsForgotten) {
  rule::Rule rule = hourly_rule();
  Driver d(rule, 0);
  warm_up(d, 5);
  EXPECT_FALSE(d.state->empty());
  d.pass(kStart + 100 * kDay);
  EXPECT_TRUE(d.state->empty());
}

// An edited threshold is judged at once on what is kept.
TEST(Silence, AnEditedThresholdOpensAndResolves) {
  rule::Rule rule = hourly_rule();
  rule.plan.p_marks = {1e-12};
  RuleSpec strict;
  strict.kind = detect::RuleKind::kSilence;
  strict.fire = "p < 0.000000000001";
  rule.plan.fire = make_rule(strict).plan.fire;
  Driver d(rule, 0);
  const DurationMs last = warm_up(d);
  d.pass(kStart + last + 12 * kHour);
  EXPECT_TRUE(d.told.empty());
  const auto edit = [&](const rule::Rule& to) {
    rule.plan.fire = to.plan.fire;
    rule.plan.p_marks = to.plan.p_marks;
    Arena arena(4096);
    const TimeZone zone = TimeZone::utc();
    alert::Context c{rule, 0, zone, d.watermark, arena, d};
    d.state->rejudge(d.watermark, c);
  };
  const rule::Rule strict_rule = rule;
  edit(hourly_rule());
  EXPECT_EQ(heads(d), (Story{"opened yellow rule"}));
  edit(strict_rule);
  EXPECT_EQ(heads(d), (Story{"opened yellow rule", "resolved yellow rule"}));
}

// The bound that the header states: a grid with an event a day, four weeks of history.
TEST(Silence, AGridTakesAFewKilobytes) {
  rule::Rule rule = hourly_rule(10 * kMinute);
  rule.plan.history = 28 * kDay;
  Driver d(rule, 10 * kMinute);
  for (int i = 0; i < 200; ++i) d.add(at(static_cast<uint64_t>(i + 1), i * (kDay + 3 * kHour)));
  EXPECT_LT(d.state->bytes(), 6000U);
  EXPECT_LT(d.bytes().size(), 1500U);
}

}  // namespace
}  // namespace tocsin::testing
