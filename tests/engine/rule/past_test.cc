// Rules that look at a key's own past.
#include <algorithm>

#include "detect/row.h"
#include "rule/rule_tests.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

constexpr DurationMs kHour = 3'600'000, kDay = 24 * kHour;

std::string silence_rule(const std::string& lines) {
  return "rules:\n  - id: r\n    kind: silence\n    from: [grid]\n    key: [area.grid]\n" + lines;
}

TEST(Silence, ThresholdsSayWhenToLook) {
  const auto set = rules_of(silence_rule(R"(    history: 28d
    params: {p: {default: 0.0001, by: area.town, override: {"330282004": 0.001}}, least: 48h}
    fire: p < params.p && gap >= params.least
    severity: {yellow: 'p <= 0.000001 || duration("10d") < gap', blue: true}
)"));
  const detect::Plan& p = set->rules().at(0).plan;
  EXPECT_EQ(p.history, 28 * kDay);
  EXPECT_EQ(p.p_marks, (std::vector<double>{0.000001, 0.0001, 0.001}));
  EXPECT_EQ(p.gap_marks, (std::vector<DurationMs>{48 * kHour, 48 * kHour + 1, 10 * kDay, 10 * kDay + 1}));
  EXPECT_EQ(p.zone.name(), "Asia/Shanghai");
  EXPECT_EQ(p.quiet, 0);
}

TEST(Silence, AnotherHistoryIsAnotherState) {
  const auto identity = [](const std::string& lines) { return rules_of(silence_rule(lines))->rules().at(0).identity; };
  const uint64_t a = identity("    history: 28d\n    fire: p < 0.01\n");
  EXPECT_NE(a, identity("    history: 29d\n    fire: p < 0.01\n"));
  EXPECT_EQ(a, identity("    history: 28d\n    fire: p < 0.02\n"));
}

TEST(Silence, NegationTurnsTheDirectionRound) {
  rules_of(silence_rule("    history: 28d\n    fire: '!(p >= 0.01)'\n"));
}

std::string baseline_rule(const std::string& lines) {
  return "rules:\n  - id: r\n    kind: baseline\n    from: [grid]\n    key: [area.town]\n" + lines;
}

TEST(Baseline, CountsAgainstTheHourOfTheWeek) {
  const auto set = rules_of(baseline_rule(R"(    every: 1h
    against: {hour_of_week: 8w}
    fire: observed >= 8 && observed > expected && p < 0.001
)"));
  const detect::Plan& p = set->rules().at(0).plan;
  EXPECT_EQ(p.every, kHour);
  EXPECT_EQ(p.within.amount, kHour);
  EXPECT_EQ(p.history, 56 * kDay);
  EXPECT_TRUE(p.hour_of_week);
  EXPECT_TRUE(p.rises_only);
  EXPECT_EQ(p.quiet, 2 * kHour);
  EXPECT_EQ(p.measure, detect::Measure::kCount);
}

TEST(Baseline, ARatiosSidesAreRoles) {
  const auto set = rules_of(baseline_rule(R"(    every: 1d
    within: 7d
    where: has(area.town)
    against: {previous: 28d}
    measure: ratio(stage == "closed", kind == "report")
    fire: observed < expected && n >= 30
)"));
  const Rule& r = set->rules().at(0);
  EXPECT_EQ(r.plan.measure, detect::Measure::kRatio);
  EXPECT_FALSE(r.plan.hour_of_week);
  EXPECT_FALSE(r.plan.rises_only);
  ASSERT_EQ(r.roles.size(), 2U);
  EXPECT_EQ(r.roles[0].role, detect::kNumerator);
  EXPECT_EQ(r.roles[1].role, detect::kDenominator);
}

TEST(Baseline, AnAveragesValueIsACell) {
  const auto set = rules_of(baseline_rule(R"(    every: 1d
    within: 14d
    where: has(satisfaction)
    against: {previous: 28d}
    measure: avg(satisfaction)
    fire: observed < 3.5 && n >= 20
)"));
  const Rule& r = set->rules().at(0);
  EXPECT_EQ(r.plan.measure, detect::Measure::kAverage);
  EXPECT_EQ(r.plan.measure_cell, 0);
}

TEST(Baseline, WhatIsMeasuredIsPartOfTheState) {
  const auto identity = [](const std::string& lines) {
    return rules_of(baseline_rule("    every: 1d\n    fire: observed > 1\n" + lines))->rules().at(0).identity;
  };
  const uint64_t a = identity("    against: {previous: 28d}\n");
  EXPECT_NE(a, identity("    against: {hour_of_week: 4w}\n"));
  EXPECT_NE(a, identity("    against: {previous: 28d}\n    measure: ratio(has(case), kind == 'report')\n"));
}

TEST(NearMisses, OfAProbability) {
  const std::string text = baseline_rule(R"(    every: 1h
    against: {hour_of_week: 8w}
    params: {p: 0.001}
    fire: observed >= 8 && p < params.p
)");
  const SourceFile file{"test.yaml", text};
  const auto all = near_misses({&file, 1}, "r");
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].text, "7 of 8 observed");
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const NearMiss& m) {
    return m.text == "p below 0.01, not below 0.001" && m.fire == "observed >= 8 && p < 0.01";
  }));
}

TEST(Tests, AnEventThatComesAgain) {
  const std::string text = window_rule(R"(    where: category.under("noise")
    tests:
      - name: every hour
        given:
          - {at: +0m, every: 1h, until: +4h}
          - {at: +90m, id: other}
        expect:
          - {at: +90m, opened: yellow}
)");
  const SourceFile file{"test.yaml", text};
  std::vector<Diagnostic> diagnostics;
  const auto tests = read_rule_tests({&file, 1}, TimeZone::utc(), diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << render_all(diagnostics);
  ASSERT_EQ(tests.size(), 1U);
  ASSERT_EQ(tests[0].given.size(), 6U);
  EXPECT_NE(tests[0].given[1].find("\"id\":\"e1-2\""), std::string::npos) << tests[0].given[1];
  EXPECT_NE(tests[0].given[2].find("\"id\":\"other\""), std::string::npos);  // in the order of time
  EXPECT_NE(tests[0].given[2].find("10:30:00"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::rule
