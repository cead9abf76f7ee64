// Stories of rises and falls: what is told, when, and why.
#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::Measure;
using detect::Severity;
using Story = std::vector<std::string>;

// kStart is a Tuesday, 22:13 UTC; the first whole hour after it.
constexpr TimeMs kHourStart = kStart - kStart % kHour + kHour;

RuleSpec spec_of(std::string fire) {
  RuleSpec s;
  s.kind = detect::RuleKind::kBaseline;
  s.within = kHour;
  s.fire = std::move(fire);
  s.severity = {{Severity::kOrange, "p < 0.000000001"}, {Severity::kYellow, "true"}};
  s.quiet = s.reopen = 2 * kHour;
  return s;
}

rule::Rule weekly(const RuleSpec& s, int weeks = 4) {
  rule::Rule r = make_rule(s);
  r.plan.every = kHour;
  r.plan.history = weeks * 7 * kDay;
  r.plan.hour_of_week = true;
  return r;
}

rule::Rule rising() {
  rule::Rule r = weekly(spec_of("observed >= 8.0 && observed > expected && p < 0.001"));
  r.plan.rises_only = true;
  return r;
}

uint64_t uid = 0;
Event at(TimeMs time) { return event(++uid, time); }

// `n` events in each hour of [from, to), on the hour's minutes.
void hours(Driver& d, TimeMs from, TimeMs to, int n) {
  for (TimeMs t = from; t < to; t += kHour) {
    for (int i = 0; i < n; ++i) d.add(at(t + i * kMinute));
  }
}

std::string head(const std::string& line) { return line.substr(0, line.find('@')) + line.substr(line.find(' ')); }
Story heads(const Driver& d) {
  Story out;
  for (const std::string& line : d.story()) out.push_back(head(line));
  return out;
}

TEST(Baseline, ARiseFiresWithTheEventThatMakesItSo) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 29 * kDay;
  hours(d, kHourStart, now, 2);
  EXPECT_TRUE(d.told.empty());
  std::vector<Event> events;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(d.told.empty()) << i;  // nine have p = 0.0015
    events.push_back(at(now + i * kMinute));
    d.add(events.back());
  }
  ASSERT_EQ(heads(d), (Story{"opened yellow matched"}));
  EXPECT_EQ(d.told[0].opened_by, events[9].id);
  EXPECT_EQ(d.told[0].total, 10);
  EXPECT_NE(d.told[0].json.find(R"("observed":10,"expected":2.1)"), std::string::npos) << d.told[0].json;
  for (int i = 10; i < 30; ++i) d.add(at(now + i * kMinute));
  EXPECT_EQ(d.told[1].type, "updated");
  EXPECT_EQ(d.told.back().severity, "orange");
  d.pass(now + 4 * kHour);
  EXPECT_EQ(d.told.back().type, "resolved");
  EXPECT_EQ(d.told.back().reason, "quiet");
  EXPECT_EQ(d.told.back().time, now + 29 * kMinute + 2 * kHour);
}

TEST(Baseline, AYoungKeyCannotFire) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 14 * kDay;  // of its four weeks only one and some hours lie before
  hours(d, kHourStart, now, 2);
  hours(d, now, now + kHour, 40);
  EXPECT_TRUE(d.told.empty());
  const TimeMs later = now + 2 * kDay;
  hours(d, now + kHour, later, 2);
  hours(d, later, later + kHour, 40);
  EXPECT_FALSE(d.told.empty());
}

TEST(Baseline, AFallIsToldWhenTheHourIsOver) {
  const rule::Rule rule = weekly(spec_of("expected >= 5.0 && observed < expected && p < 0.001"));
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 29 * kDay;
  hours(d, kHourStart, now, 12);
  d.add(at(now + 5 * kMinute));
  d.pass(now + kHour);
  EXPECT_TRUE(d.told.empty());
  d.pass(now + kHour + 1);
  ASSERT_EQ(heads(d), (Story{"opened yellow deadline"}));
  EXPECT_EQ(d.told[0].time, now + kHour);
  EXPECT_EQ(d.told[0].total, 1);
  d.pass(now + 3 * kHour + 1);                             // and nothing at all in the next ones
  EXPECT_EQ(heads(d), (Story{"opened yellow deadline"}));  // it goes on
  hours(d, now + 3 * kHour, now + 8 * kHour, 12);
  EXPECT_EQ(heads(d).back(), "resolved yellow quiet");
}

TEST(Baseline, AWithdrawalTakesTheRiseBack) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 29 * kDay;
  hours(d, kHourStart, now, 2);
  std::vector<Event> events;
  for (int i = 0; i < 11; ++i) {
    events.push_back(at(now + i * kMinute));
    d.add(events.back());
  }
  EXPECT_EQ(heads(d), (Story{"opened yellow matched"}));
  d.withdraw(events[0].uid, now);
  EXPECT_EQ(heads(d).back(), "amended yellow withdrawn");
  for (int i = 1; i < 5; ++i) d.withdraw(events[static_cast<size_t>(i)].uid, now);
  ASSERT_EQ(heads(d).back(), "resolved yellow withdrawn");
  const Told& last = d.told.back();  // what is left, in figures and in events
  EXPECT_EQ(last.total, static_cast<int64_t>(last.members.size()));
  EXPECT_NE(last.json.find("\"observed\":" + std::to_string(last.total) + ","), std::string::npos) << last.json;
}

TEST(Baseline, WhatThePastLosesChangesTheVerdict) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 29 * kDay;
  std::vector<uint64_t> past;
  for (TimeMs t = kHourStart; t < now; t += kHour) {
    const bool same = (now - t) % (7 * kDay) == 0;
    for (int i = 0; i < (same ? 6 : 2); ++i) {
      const Event e = at(t + i * kMinute);
      if (same && i > 0) past.push_back(e.uid);
      d.add(e);
    }
  }
  for (int i = 0; i < 12; ++i) d.add(at(now + i * kMinute));
  EXPECT_TRUE(d.told.empty());  // six at this hour of the week are usual
  for (const uint64_t uid_of : past) d.withdraw(uid_of, now + 12 * kMinute);
  EXPECT_EQ(heads(d).front(), "opened yellow withdrawn");
}

TEST(Baseline, ARatioAgainstTheDaysBefore) {
  RuleSpec s = spec_of("n >= 30 && observed < expected - 0.08 && p < 0.001");
  s.within = 7 * kDay;
  s.quiet = 0;
  s.reopen = kDay;
  s.keep = 2 * kDay;
  s.resolve_when = "observed >= expected - 0.04";
  rule::Rule rule = make_rule(s);
  rule.plan.every = kDay;
  rule.plan.history = 28 * kDay;
  rule.plan.measure = Measure::kRatio;
  Driver d(rule, 0);
  const TimeMs midnight = kStart - kStart % kDay;
  const auto day = [&](int n, int accepted, int closed) {
    for (int i = 0; i < accepted; ++i) {
      Event e = at(midnight + n * kDay + 8 * kHour + i * kMinute);
      e.roles = detect::kDenominator;
      d.add(e);
      e = at(e.time + 1000);
      e.roles = detect::kNumerator;
      if (i < closed) d.add(e);
    }
  };
  int n = 0;
  for (; n < 40; ++n) day(n, 10, 10);
  EXPECT_TRUE(d.told.empty());
  for (; n < 45; ++n) day(n, 10, 1);
  ASSERT_FALSE(d.told.empty());
  EXPECT_EQ(heads(d).front(), "opened yellow deadline");
  EXPECT_EQ(d.told[0].opened_by.empty(), false);
  for (; n < 70; ++n) day(n, 10, 10);
  EXPECT_EQ(d.told.back().type, "resolved");
  EXPECT_EQ(d.told.back().reason, "recovered");
}

TEST(Baseline, AnAverageAgainstTheDaysBefore) {
  RuleSpec s = spec_of("n >= 20 && observed < 3.5 && p < 0.01");
  s.within = 7 * kDay;
  s.quiet = 14 * kDay;
  s.cells = 1;
  rule::Rule rule = make_rule(s);
  rule.plan.every = kDay;
  rule.plan.history = 28 * kDay;
  rule.plan.measure = Measure::kAverage;
  rule.plan.measure_cell = 0;
  Driver d(rule, 0);
  const TimeMs midnight = kStart - kStart % kDay;
  uint64_t last = 0;
  for (int n = 0; n < 50; ++n) {
    for (int i = 0; i < 5; ++i) {
      Event e = at(midnight + n * kDay + i * kHour);
      e.cells = {expr::Value::integer(n < 40 ? 4 + i % 2 : 2 + i % 2)};
      last = e.uid;
      d.add(e);
    }
  }
  ASSERT_FALSE(d.told.empty());
  EXPECT_EQ(heads(d).front(), "opened yellow deadline");
  const size_t told = d.told.size();
  d.withdraw(last, d.watermark);
  d.pass(d.watermark + kDay);
  EXPECT_GE(d.told.size(), told);
}

TEST(Baseline, OneEpisodeAKey) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  const TimeMs now = kHourStart + 29 * kDay;
  hours(d, kHourStart, now, 2);
  hours(d, now, now + 2 * kHour, 12);
  hours(d, now + 2 * kHour, now + 12 * kHour, 2);
  hours(d, now + 12 * kHour, now + 13 * kHour, 12);
  std::set<std::string> alerts;
  for (const Told& t : d.told) alerts.insert(t.alert);
  EXPECT_EQ(alerts.size(), 2U);
}

TEST(Baseline, AKeyThatNobodyHearsOfAnyMoreIsForgotten) {
  const rule::Rule rule = rising();
  Driver d(rule, 0);
  hours(d, kHourStart, kHourStart + kDay, 2);
  EXPECT_FALSE(d.state->empty());
  d.pass(kHourStart + 40 * kDay);
  EXPECT_TRUE(d.state->empty());
}

// The bounds that the header states.
TEST(Baseline, TheStateIsBounded) {
  const rule::Rule rule = weekly(spec_of("observed > 1000.0"), 8);
  Driver d(rule, 10 * kMinute);
  hours(d, kHourStart, kHourStart + 70 * kDay, 2);
  EXPECT_LT(d.state->bytes(), 60000U);
  EXPECT_LT(d.bytes().size(), 25000U);
  hours(d, kHourStart + 70 * kDay, kHourStart + 90 * kDay, 2);
  EXPECT_LT(d.state->bytes(), 60000U);
}

}  // namespace
}  // namespace tocsin::testing
