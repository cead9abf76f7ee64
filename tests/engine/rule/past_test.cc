// Rules that look at a key's own past.
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

}  // namespace
}  // namespace tocsin::rule
