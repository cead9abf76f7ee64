// What a good sequence becomes: roles, cells of its steps, identity, near misses.
#include "detect/row.h"
#include "expr/event_env.h"
#include "rule/rule_keys.h"
#include "rule/rule_tests.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

std::string sequence(const std::string& steps, const std::string& more = "") {
  return R"(rules:
  - id: s
    kind: sequence
    from: [grid, police110]
    where: has(case)
    key: [case]
    within: 72h
    steps:
)" + steps +
         more;
}

constexpr const char* kSteps = R"(      - dispute: category.under("dispute")
      - not: stage == "closed"
      - threat: '"threat" in flags'
      - call: source == "police110"
)";

uint64_t identity_of(const std::string& text) { return rules_of(text)->rules().at(0).identity; }

TEST(SequenceRule, EachStepIsARoleWithItsNeeds) {
  const auto set = rules_of(sequence(kSteps));
  const Rule& r = set->rules().at(0);
  ASSERT_EQ(r.plan.steps.size(), 4U);
  EXPECT_EQ(r.plan.steps[2].name, "threat");
  EXPECT_TRUE(r.plan.steps[1].negated);
  EXPECT_FALSE(r.plan.awaits());
  ASSERT_EQ(r.roles.size(), 4U);
  ASSERT_EQ(r.needs.size(), 4U);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(r.roles[i].role, 1U << i);
  EXPECT_EQ(r.needs[0].clauses.at(0).categories.at(0).path, "dispute");
  EXPECT_EQ(r.needs[3].clauses.at(0).sources.at(0), "police110");
  EXPECT_EQ(r.plan.fire, nullptr);
  EXPECT_EQ(r.plan.quiet, 72 * 3600 * 1000);
  EXPECT_EQ(r.plan.max_rows_per_key, 5000U);
}

TEST(SequenceRule, AnEventIsACandidateForTheStepsThatItMayFulfil) {
  const auto set = rules_of(sequence(kSteps));
  Event event;
  event.source = "police110";
  event.category = "noise.social";
  event.case_id = "c1";
  uint32_t possible = 0;
  set->candidates(event, [&](uint16_t, uint32_t p, uint32_t) { possible |= p; });
  EXPECT_EQ(possible & 1, 0U);  // no dispute
  EXPECT_EQ(possible & 8, 8U);  // a call
}

TEST(SequenceRule, WhatResolvesItIsLookedAtBesideTheSteps) {
  const auto set = rules_of(sequence(kSteps, "    resolve: {when: 'last(stage) == \"closed\"', quiet: 30d}\n"));
  const Rule& r = set->rules().at(0);
  ASSERT_EQ(r.roles.size(), 5U);
  EXPECT_EQ(r.roles[4].role, detect::kBeside);
  EXPECT_NE(r.roles[4].when, nullptr);
}

TEST(SequenceRule, AFieldOfAStepIsACellOfItsEvent) {
  const auto set = rules_of(sequence(kSteps, R"(    severity:
      red: '"weapon" in threat.flags || has(call.grade) && call.grade >= 3'
      orange: call.occurred_at - dispute.occurred_at < duration("1h")
      yellow: true
    summary: "{{dispute.area.town}} {{threat.attrs[\"state\"]}} {{distance(dispute.location, threat.location):0}} {{threat.place}}"
)"));
  const Rule& r = set->rules().at(0);
  std::vector<std::pair<int, std::string>> fields;
  for (const detect::Aggregate& a : r.plan.aggregates) {
    EXPECT_EQ(a.op, detect::AggregateOp::kStep) << a.text;
    fields.emplace_back(a.n, a.text);
  }
  const std::vector<std::pair<int, std::string>> expected = {{2, "\"weapon\" in threat.flags"},
                                                             {3, "has(call.grade)"},
                                                             {3, "call.grade"},
                                                             {3, "call.occurred_at"},
                                                             {0, "dispute.occurred_at"},
                                                             {0, "dispute.area.town"},
                                                             {2, "threat.attrs[\"state\"]"},
                                                             {0, "dispute.location"},
                                                             {2, "threat.location"},
                                                             {2, "threat.place"}};
  EXPECT_EQ(fields, expected);
  EXPECT_EQ(r.cells.size(), 8U);  // occurred_at and location once, for both steps
  Event event;
  event.flags = {};
  event.place = "bridge 7";
  Arena arena;
  const auto value = r.cells.back()->evaluate(expr::EventActivation(event, arena), arena);
  EXPECT_EQ(value.str(), "bridge 7");
}

TEST(SequenceRule, IdentityIsOfTheStepsAndNotOfTheirNames) {
  const uint64_t one = identity_of(sequence(kSteps));
  EXPECT_EQ(one, identity_of(sequence(R"(      - quarrel: category.under("dispute")
      - not: stage == "closed"
      - menace: '"threat" in flags'
      - police: source == "police110"
)")));
  EXPECT_EQ(one, identity_of(sequence(kSteps, "    severity: red\n")));
  EXPECT_NE(one, identity_of(sequence(R"(      - dispute: category.under("dispute")
      - closed: stage == "closed"
      - threat: '"threat" in flags'
      - call: source == "police110"
)")));
  EXPECT_NE(one, identity_of(sequence(R"(      - dispute: category.under("dispute")
      - threat: '"threat" in flags'
      - call: source == "police110"
)")));
}

TEST(SequenceRule, NearMissesGoStepByStep) {
  const SourceFile file{"test.yaml", sequence(kSteps)};
  const auto misses = near_misses({&file, 1}, "s");
  ASSERT_EQ(misses.size(), 4U);
  EXPECT_EQ(misses[0].text, "all 3 steps, and what must not come");
  EXPECT_EQ(misses[1].text, "all 3 steps, not within 72h");
  EXPECT_EQ(misses[2].text, "2 of 3 steps: dispute, threat");
  EXPECT_EQ(misses[3].text, "1 of 3 steps: dispute");
  LoadOptions options = test_options();
  options.steps_instead["s"] = *misses[2].steps;
  EXPECT_EQ(rules_of(file.text, options)->rules().at(0).plan.steps.size(), 3U);
  options.steps_instead["s"] = *misses[0].steps;
  EXPECT_EQ(rules_of(file.text, options)->rules().at(0).roles.size(), 3U);
  options.steps_instead["s"] = *misses[1].steps;
  EXPECT_EQ(rules_of(file.text, options)->rules().at(0).plan.within.amount, options.retention);
}

TEST(SequenceRule, TheSchemaDescribesSteps) {
  const std::string schema = rule_json_schema();
  EXPECT_NE(schema.find("\"maxItems\":16"), std::string::npos);
  EXPECT_NE(schema.find("{\"const\":\"sequence\"}"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::rule
