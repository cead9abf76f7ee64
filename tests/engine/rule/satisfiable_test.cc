// What is called impossible is impossible: random conditions against every event of a small world.
#include "rule/satisfiable.h"

#include <random>

#include "expr/event_env.h"
#include "expr/program.h"
#include "rule/expression.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

Domain event_domain() {
  return {[](const expr::Node& term) { return event_range(term); },
          [](const expr::Node&) -> const std::vector<std::string>* { return nullptr; }, literal_number};
}

const std::vector<std::string> kAtoms = {"kind == \"report\"",
                                         "kind != \"visit\"",
                                         "kind in [\"visit\", \"call\"]",
                                         "\"call\" == kind",
                                         "category.under(\"water\")",
                                         "category.under(\"water.level\")",
                                         "category == \"brawl\"",
                                         "category in [\"water.level\", \"brawl\"]",
                                         "has(grade)",
                                         "grade == null",
                                         "orElse(grade, 2) >= 3",
                                         "orElse(grade, 2) < 3",
                                         "3 > orElse(grade, 2)",
                                         "orElse(grade, 2) > 4",
                                         "orElse(grade, 2) == 2",
                                         "orElse(grade, 2) != 2",
                                         "orElse(satisfaction, 1) * 2 > 3",
                                         "\"minor\" in flags"};

// A random condition of few atoms.
std::string condition(std::mt19937& random, int depth) {
  const auto choice = random() % 6;
  if (depth == 0 || choice == 0) return kAtoms[random() % kAtoms.size()];
  const std::string a = condition(random, depth - 1);
  if (choice == 1) return "!(" + a + ")";
  const std::string b = condition(random, depth - 1);
  if (choice == 2) return "(" + a + " ? " + b + " : " + condition(random, depth - 1) + ")";
  return "(" + a + (choice < 5 ? " && " : " || ") + b + ")";
}

std::vector<Event> world() {
  static const std::string_view kMinor[] = {"minor"};
  std::vector<Event> out;
  for (unsigned kind = 0; kind < 4; ++kind) {
    for (const std::string_view category : {"water", "water.level", "brawl", "noise.social"}) {
      for (uint8_t grade = 0; grade <= 4; ++grade) {
        for (uint8_t satisfaction = 0; satisfaction <= 2; ++satisfaction) {
          Event e;
          e.id = "x";
          e.source = "grid";
          e.kind = static_cast<EventKind>(kind);
          e.category = category;
          e.grade = grade;
          e.satisfaction = satisfaction;
          if ((grade + satisfaction) % 2 == 0) e.flags = kMinor;
          out.push_back(e);
        }
      }
    }
  }
  return out;
}

TEST(Satisfiable, WhatIsCalledImpossibleIsImpossible) {
  std::mt19937 random(11);
  const expr::Env env = expr::event_env(TimeZone::utc());
  const Domain domain = event_domain();
  const std::vector<Event> events = world();
  size_t impossible = 0, never = 0;
  for (int n = 0; n < 4000; ++n) {
    const std::string text = condition(random, 3);
    expr::Faults faults;
    const auto ast = expr::parse(text, faults);
    ASSERT_NE(ast, nullptr) << text;
    ASSERT_TRUE(expr::check(*ast, ast->root, env, faults)) << text << ": " << (faults.empty() ? "" : faults[0].en);
    const Part part[] = {{ast->root, ast->source, false}};
    const bool told = conflict_in(part, domain).has_value();
    const auto program = expr::compile(*ast, ast->root, env);
    bool held = false;
    for (const Event& e : events) {
      Arena arena;
      held = held || program->evaluate(expr::EventActivation(e, arena), arena).is_true();
    }
    EXPECT_FALSE(told && held) << text;
    impossible += told ? 1 : 0;
    never += held ? 0 : 1;
  }
  EXPECT_GT(impossible, 200U);
  // Most of what never holds is found: what is left hangs on arithmetic or on what the small world lacks.
  EXPECT_GT(impossible * 10, never * 7) << impossible << " of " << never;
}

TEST(Satisfiable, NegatedPartsAreTheLadder) {
  const expr::Env env = expr::event_env(TimeZone::utc());
  expr::Faults faults;
  const auto graver = expr::parse("people >= 3", faults), rung = expr::parse("people >= 6", faults);
  ASSERT_TRUE(expr::check(*graver, graver->root, env, faults) && expr::check(*rung, rung->root, env, faults));
  const Part hidden[] = {{graver->root, graver->source, true}, {rung->root, rung->source, false}};
  const auto conflict = conflict_in(hidden, event_domain());
  ASSERT_TRUE(conflict);
  EXPECT_EQ(conflict->text, "people >= 6");
  EXPECT_EQ(conflict->with, "!(people >= 3)");
  const Part open[] = {{rung->root, rung->source, true}, {graver->root, graver->source, false}};
  EXPECT_FALSE(conflict_in(open, event_domain()));
}

// What may have no value may fail to hold without its opposite holding: no reading, no greatest one.
TEST(Satisfiable, WhatHasNoValueIsNeitherTrueNorFalse) {
  const expr::Env env = expr::event_env(TimeZone::utc());
  Domain domain = event_domain();
  domain.certain = [](const expr::Node& term) { return dotted(term) == "revision"; };
  const auto conflicts = [&](const std::vector<std::string>& graver, const std::string& rung) {
    expr::Faults faults;
    std::vector<std::shared_ptr<const expr::Ast>> asts;
    std::vector<Part> parts;
    for (size_t i = 0; i <= graver.size(); ++i) {
      const auto ast = expr::parse(i < graver.size() ? graver[i] : rung, faults);
      EXPECT_TRUE(ast != nullptr && expr::check(*ast, ast->root, env, faults)) << rung;
      asts.push_back(ast);
      parts.push_back({ast->root, ast->source, i < graver.size()});
    }
    return conflict_in(parts, domain).has_value();
  };
  EXPECT_FALSE(conflicts({"people >= 4", "people < 4"}, "true")) << "there may be no number of people";
  EXPECT_TRUE(conflicts({"revision >= 4", "revision < 4"}, "true"));
  EXPECT_TRUE(conflicts({"people >= 4"}, "people >= 6")) << "where there is one, it is told";
  EXPECT_TRUE(conflicts({"people >= 4", "people < 4"}, "people > 0"));
  EXPECT_FALSE(conflicts({"people >= 4 || revision > 3", "!(people >= 4)"}, "revision < 2"));
  EXPECT_TRUE(conflicts({"people >= 4 || revision > 3"}, "revision > 5"));
  EXPECT_FALSE(conflicts({"people > 3 ? revision > 3 : revision <= 3", "revision <= 3"}, "revision > 3"));
}

// A rule whose readings may be missing: red and orange are opposites, and without a reading it is yellow.
TEST(Satisfiable, ARungForWhatHasNoReadingIsReached) {
  const auto faults_of = [](const std::string& ladder) {
    const SourceFile file{"r.yaml",
                          "rules:\n  - id: r\n    kind: window\n    from: [grid]\n    key: [place]\n    within: 1h\n"
                          "    fire: count() >= 2\n    resolve: {quiet: 1h}\n    severity: " +
                              ladder + "\n"};
    std::vector<Diagnostic> diagnostics;
    RuleSet::load({&file, 1}, {}, diagnostics);
    return render_all(diagnostics);
  };
  EXPECT_EQ(faults_of(R"({red: 'max(values["level"]) >= 4', orange: 'max(values["level"]) < 4', yellow: true})"), "");
  EXPECT_NE(faults_of(R"({red: 'max(values["level"]) >= 4', orange: 'max(values["level"]) >= 5', yellow: true})")
                .find("[unreachable]"),
            std::string::npos);
  EXPECT_NE(faults_of("{red: count() >= 4, orange: count() < 4, yellow: true}").find("[unreachable]"), std::string::npos);
}

TEST(Satisfiable, GivesUpPastItsBound) {
  std::string text = "(has(grade) || has(place))";
  for (int i = 0; i < 20; ++i) text += " && (attrs[\"a" + std::to_string(i) + "\"] == \"x\" || has(place))";
  text += " && kind == \"report\" && kind == \"visit\"";
  const expr::Env env = expr::event_env(TimeZone::utc());
  expr::Faults faults;
  const auto ast = expr::parse(text, faults);
  ASSERT_TRUE(ast != nullptr && expr::check(*ast, ast->root, env, faults));
  const Part part[] = {{ast->root, ast->source, false}};
  EXPECT_FALSE(conflict_in(part, event_domain())) << "2^21 clauses were looked at";
}

}  // namespace
}  // namespace tocsin::rule
