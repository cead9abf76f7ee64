// The predicate index: it may propose a rule that does not match, never miss one that does, and what it proves holds.
#include <random>

#include "expr/event_env.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

// Conditions as planners write them, and some that the index cannot read.
const std::vector<std::string> kConditions = {
    "true",
    R"(kind == "report")",
    R"(category.under("water"))",
    R"(category.under("water.flooding") && kind == "report")",
    R"(category == "water.flooding")",
    R"(category in ["water.level", "brawl"])",
    R"(category.under("water") && category.under("water.flooding.road"))",
    R"(category.under("water") && (category == "brawl" || stage == "closed"))",
    R"(category.under("water") || stage == "closed")",
    R"(stage in ["closed", "feedback"] && area.town == "t1")",
    R"(area.town == "t1" && area.village in ["v1", "v2"])",
    R"(area.town in ["t1", "t2"] && category.under("dispute"))",
    R"(!(kind == "report"))",
    R"(kind != "report" && stage != "closed")",
    R"(!(category.under("water")))",
    R"(source == "grid" && has(stage))",
    R"(source in ["police110", "sensor"] || "threat" in flags)",
    R"("threat" in flags && category.under("dispute"))",
    R"((kind == "report" || kind == "call") && (area.town == "t2" || category.under("noise")))",
    R"(place == "a")",
    R"(kind == "report" ? category.under("water") : stage == "closed")",
    R"(has(grade) && grade >= 2 && "report" == kind)",
};

std::string rule_set_text() {
  std::string out = "rules:\n";
  for (size_t i = 0; i < kConditions.size(); ++i) {
    out += "  - {id: r" + std::to_string(i) +
           ", kind: window, from: [grid, police110], within: 1h, fire: count() > 1, where: '" + kConditions[i] + "'}\n";
  }
  return out;
}

class RandomEvents {
 public:
  Event next() {
    static const std::vector<std::string_view> kSources = {"grid", "police110", "sensor"},
                                               kTowns = {"", "t1", "t2", "t3"}, kVillages = {"", "v1", "v2", "v3"},
                                               kPlaces = {"a", "b"};
    static const std::vector<std::string_view> kCategories = {"water",
                                                              "water.flooding",
                                                              "water.flooding.road",
                                                              "water.flooding.roads",
                                                              "water.level",
                                                              "waterfall",
                                                              "brawl",
                                                              "dispute.wages",
                                                              "dispute",
                                                              "noise.social.bar",
                                                              "other"};
    static const std::string_view kThreat[] = {"threat"};
    Event e;
    e.id = "x";
    e.source = pick(kSources);
    e.category = pick(kCategories);
    e.town = pick(kTowns);
    e.village = pick(kVillages);
    e.place = pick(kPlaces);
    e.kind = static_cast<EventKind>(random_() % 7);
    e.stage = static_cast<Stage>(random_() % 10);
    e.grade = static_cast<uint8_t>(random_() % 5);
    if (random_() % 2 == 0) e.flags = kThreat;
    e.occurred_at = 0;
    return e;
  }

 private:
  std::string_view pick(const std::vector<std::string_view>& from) { return from[random_() % from.size()]; }
  std::mt19937 random_{7};
};

TEST(PredicateIndex, NeverMissesARuleAndProvesOnlyWhatHolds) {
  const auto set = rules_of(rule_set_text());
  ASSERT_NE(set, nullptr);
  RandomEvents events;
  size_t proposed = 0, matched = 0;
  for (int n = 0; n < 20000; ++n) {
    const Event e = events.next();
    Arena arena;
    std::vector<int> found;
    set->candidates(e, [&](uint16_t rule, uint32_t possible, uint32_t proven) {
      EXPECT_TRUE(found.empty() || found.back() < rule);
      found.push_back(rule);
      EXPECT_EQ(possible, 1U);
      const expr::Program& where = *set->rules()[rule].roles[0].when;
      const bool holds = where.evaluate(expr::EventActivation(e, arena), arena).is_true();
      EXPECT_TRUE(proven == 0 || holds) << kConditions[rule];
    });
    proposed += found.size();
    for (size_t i = 0; i < set->rules().size(); ++i) {
      const Rule& r = set->rules()[i];
      const bool from = std::find(r.from.begin(), r.from.end(), e.source) != r.from.end();
      if (!from || !r.roles[0].when->evaluate(expr::EventActivation(e, arena), arena).is_true()) continue;
      ++matched;
      EXPECT_NE(std::find(found.begin(), found.end(), static_cast<int>(i)), found.end())
          << r.id << ": " << e.category << " " << e.source << " " << e.town;
    }
  }
  EXPECT_GT(matched, 10000U);
  EXPECT_LT(proposed, matched * 3);
}

TEST(PredicateIndex, RolesAreToldApart) {
  const auto set = rules_of(R"(rules:
  - id: a
    kind: absence
    from: [grid]
    after: stage == "accepted"
    expect: stage == "closed" && category.under("water")
    within: 1h
)");
  Event e;
  e.source = "grid";
  e.category = "water.level";
  e.stage = Stage::kClosed;
  int calls = 0;
  set->candidates(e, [&](uint16_t, uint32_t possible, uint32_t proven) {
    ++calls;
    EXPECT_EQ(possible, 2U);
    EXPECT_EQ(proven, 2U);
  });
  EXPECT_EQ(calls, 1);
  e.category = "brawl";
  set->candidates(e, [&](uint16_t) { ++calls; });
  EXPECT_EQ(calls, 1);
}

// Ten thousand rules by area and category: an event of one area and category looks at its own few.
TEST(PredicateIndex, CostDoesNotGrowWithRulesThatCannotMatch) {
  std::string text = "rules:\n";
  for (int area = 0; area < 100; ++area) {
    for (int category = 0; category < 20; ++category) {
      text += "  - {id: r" + std::to_string(area) + "-" + std::to_string(category) +
              ", kind: window, from: grid, within: 1h, fire: count() > 1, where: area.village == \"v" +
              std::to_string(area) + "\" && category.under(\"c" + std::to_string(category) + "\")}\n";
    }
  }
  const auto set = rules_of(text);
  ASSERT_NE(set, nullptr);
  Event e;
  e.source = "grid";
  e.village = "v42";
  e.category = "c7.sub";
  std::vector<std::string> found;
  set->candidates(e, [&](uint16_t rule) { found.push_back(set->rules()[rule].id); });
  EXPECT_EQ(found, std::vector<std::string>{"r42-7"});
}

}  // namespace
}  // namespace tocsin::rule
