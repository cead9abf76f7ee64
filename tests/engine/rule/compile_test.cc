// What a good rule file becomes.
#include "expr/event_env.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

constexpr const char* kAbsence = R"(rules:
  - id: a
    kind: absence
    from: [grid]
    key: [case, stage]
    after: kind == "transition" && stage == "accepted"
    expect: stage in ["feedback", "closed"]
)";

bool holds(const expr::Program& program, const Event& event) {
  Arena arena;
  return program.evaluate(expr::EventActivation(event, arena), arena).is_true();
}

TEST(Compile, TheRuleOfTheContract) {
  const auto set = rules_of(R"(
rules:
  - id: waterlogging-cluster
    version: 3
    name: {zh: 道路内涝积水聚集, en: Waterlogging cluster}
    owner: town
    mode: active
    kind: cluster
    from: [grid, police110, cityops, hotline12345]
    where: category.under("water.flooding") && kind == "report"
    radius: 500m
    within: 60m
    params:
      places: {default: 3, by: area.town, override: {"330282004": 2}}
    fire: distinct(place) >= params.places
    severity: {red: distinct(place) >= 10 || any("trapped" in flags), orange: distinct(place) >= 6, yellow: true}
    resolve: {quiet: 2h}
    summary: {zh: "{{last(place)}} 周边 60 分钟内 {{distinct(place)}} 处积水上报", en: "{{distinct(place)}} flooded places within 500 m and an hour"}
)");
  const Rule& r = set->rules().at(0);
  EXPECT_EQ(r.version, 3);
  EXPECT_EQ(r.name.zh, "道路内涝积水聚集");
  EXPECT_EQ(r.plan.radius_m, 500);
  EXPECT_EQ(r.plan.quiet, 2 * 3600 * 1000);
  EXPECT_EQ(r.plan.reopen, r.plan.quiet);
  ASSERT_EQ(r.plan.aggregates.size(), 3U);  // distinct(place) once, although written four times
  EXPECT_EQ(r.plan.aggregates[0].text, "distinct(place)");
  ASSERT_EQ(r.cells.size(), 3U);  // by, place, trapped
  EXPECT_EQ(r.plan.params[0].by_cell, 0);
  EXPECT_EQ(r.plan.place_cell, r.plan.aggregates[0].cell);
  EXPECT_EQ(r.plan.params[0].overrides.at("330282004").i, 2);
  ASSERT_EQ(r.plan.severity.size(), 3U);
  EXPECT_EQ(r.plan.severity[0].severity, detect::Severity::kRed);
  EXPECT_EQ(r.line, 3);
}

TEST(Compile, SlotsAreAggregatesThenTheKindsValuesThenParams) {
  const auto set = rules_of(R"(
rules:
  - id: r
    kind: cluster
    from: [grid]
    radius: 300m
    within: 1h
    params: {n: 3, share: 0.5}
    fire: count() >= params.n && places > 1 && params.share > 0.1
)");
  const Rule& r = set->rules().at(0);
  std::vector<expr::Value> values = {expr::Value::integer(3), expr::Value::integer(2), expr::Value::number(1),
                                     expr::Value::number(1),  expr::Value(),           r.plan.params[0].value,
                                     r.plan.params[1].value};
  Arena arena;
  EXPECT_TRUE(r.plan.fire->evaluate(expr::SpanActivation(values), arena).is_true());
  values[0] = expr::Value::integer(2);
  EXPECT_FALSE(r.plan.fire->evaluate(expr::SpanActivation(values), arena).is_true());
}

TEST(Compile, TheLadderIsWorstFirstWhateverTheOrder) {
  const auto set = rules_of(window_rule("    severity: {blue: true, red: count() >= 9, yellow: count() >= 5}\n"));
  const auto& rungs = set->rules().at(0).plan.severity;
  ASSERT_EQ(rungs.size(), 3U);
  EXPECT_EQ(rungs[0].severity, detect::Severity::kRed);
  EXPECT_EQ(rungs[1].severity, detect::Severity::kYellow);
  EXPECT_EQ(rungs[2].severity, detect::Severity::kBlue);
}

TEST(Compile, DefaultsOfAWindow) {
  const auto set = rules_of(window_rule(""));
  const Rule& r = set->rules().at(0);
  EXPECT_EQ(r.plan.quiet, 3600 * 1000);  // the window
  ASSERT_EQ(r.plan.severity.size(), 1U);
  EXPECT_EQ(r.plan.severity[0].severity, detect::Severity::kYellow);
  EXPECT_EQ(r.version, 1);
  EXPECT_EQ(r.name.en, "r");
  EXPECT_EQ(r.mode, Mode::kActive);
  EXPECT_EQ(r.roles.at(0).when, nullptr);
  EXPECT_TRUE(r.plan.update_on_severity);
}

TEST(Compile, ARuleThatIsOffIsCheckedAndLeftOut) {
  EXPECT_TRUE(rules_of(window_rule("    mode: off\n"))->rules().empty());
}

TEST(Compile, AnAbsencesKeyIsSplitWhereExpectTestsAPartOfIt) {
  const auto set = rules_of(std::string(kAbsence) + "    within: 3wd\n");
  const Rule& r = set->rules().at(0);
  EXPECT_EQ(r.key.size(), 1U);        // case
  EXPECT_EQ(r.label_key.size(), 2U);  // case, stage
  EXPECT_NE(r.plan.calendar, nullptr);
  EXPECT_EQ(r.plan.quiet, 0);
  ASSERT_EQ(r.roles.size(), 2U);
  EXPECT_EQ(r.roles[1].role, 2U);
}

TEST(Compile, AGuardInExpectDoesNotSplitTheKey) {
  const auto set = rules_of(R"(rules:
  - id: a
    kind: absence
    from: [grid]
    key: [case, 'attrs["post"]']
    after: stage == "accepted"
    expect: has(case) && case != null && attrs["state"] == "found"
    within: 2h
)");
  EXPECT_EQ(set->rules().at(0).key.size(), 2U);
  EXPECT_TRUE(set->rules().at(0).label_key.empty());
}

TEST(Compile, AnAbsencesMarksComeFromItsConditions) {
  const auto set = rules_of(std::string(kAbsence) + R"(    within: 2h
    params: {grave: {default: 1.5, by: grade, override: {4: 1.2}}, late: 48h}
    severity:
      red: overdue >= params.late || elapsed > params.grave * 2.0
      orange: elapsed >= params.grave
      yellow: 1.0 <= elapsed
      blue: overdue >= duration("-30m")
)");
  const auto& plan = set->rules().at(0).plan;
  EXPECT_EQ(plan.elapsed_marks, (std::vector<double>{1.0, 1.2, 1.5, 2.4, 3.0}));
  EXPECT_EQ(plan.overdue_marks, (std::vector<DurationMs>{-30 * 60 * 1000, 48 * 3600 * 1000}));
  EXPECT_EQ(plan.fire, nullptr);  // any rung
}

TEST(Compile, AnAbsenceWithoutAWordAboutTimeFiresAtItsDeadline) {
  const auto set = rules_of(std::string(kAbsence) + "    within: 2h\n    severity: orange\n");
  const auto& plan = set->rules().at(0).plan;
  EXPECT_EQ(plan.elapsed_marks, std::vector<double>{1.0});
  ASSERT_NE(plan.fire, nullptr);
}

TEST(Compile, UntilIsADeadlineOfTheEvent) {
  const auto set = rules_of(std::string(kAbsence) + "    until: due_at\n");
  EXPECT_TRUE(set->rules().at(0).plan.until);
  EXPECT_NE(set->rules().at(0).until, nullptr);
}

TEST(Compile, ParamsStandInConditionsOnSingleEvents) {
  const auto set = rules_of(window_rule(R"(    where: orElse(people, 0) >= params.people && category.under(params.of)
    params:
      people: {default: 3, by: area.town, override: {"330282004": 5}}
      of: dispute
)"));
  const expr::Program& where = *set->rules().at(0).roles.at(0).when;
  Event e;
  e.category = "dispute.wages";
  e.people = 4;
  EXPECT_TRUE(holds(where, e));
  e.town = "330282004";
  EXPECT_FALSE(holds(where, e));
  e.people = 5;
  EXPECT_TRUE(holds(where, e));
  e.category = "water.level";
  EXPECT_FALSE(holds(where, e));
}

TEST(Compile, SetReplacesAParam) {
  LoadOptions options = test_options();
  options.set_params["r.n"] = "7";
  const std::string text =
      window_rule("    params: {n: {default: 3, by: area.town, override: {a: 2}}}\n", "count() >= params.n");
  EXPECT_EQ(rules_of(text, options)->rules().at(0).plan.params.at(0).value.i, 7);
  EXPECT_TRUE(rules_of(text, options)->rules().at(0).plan.params.at(0).overrides.empty());
  options.set_params["r.m"] = "1";
  const SourceFile file{"test.yaml", text};
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(RuleSet::load({&file, 1}, options, diagnostics), nullptr);
  EXPECT_EQ(diagnostics.at(0).code, "unknown-param");
}

TEST(Compile, IdentityIsOfWhatTheStateHolds) {
  const auto identity = [](const std::string& lines, const std::string& fire = "count() >= 2") {
    return rules_of(window_rule(lines, fire))->rules().at(0).identity;
  };
  const uint64_t plain = identity("    where: kind == \"report\"\n");
  EXPECT_EQ(plain, identity("    where: (kind   == 'report')\n"));
  EXPECT_EQ(plain, identity("    where: kind == \"report\"\n    severity: red\n    version: 2\n"));
  EXPECT_EQ(plain, identity("    where: kind == \"report\"\n", "count() >= 9"));
  EXPECT_NE(plain, identity("    where: kind == \"visit\"\n"));
  EXPECT_NE(plain, identity("    where: kind == \"report\"\n    key: [place]\n"));
  EXPECT_NE(plain, identity("    where: kind == \"report\"\n", "distinct(place) >= 2"));
}

TEST(Compile, FaultsOfAllFilesAreToldAtOnceAndIdsAreUniqueAcrossThem) {
  const std::vector<SourceFile> files = {{"a.yaml", window_rule("")}, {"b.yaml", window_rule("    wher: true\n")}};
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(RuleSet::load(files, test_options(), diagnostics), nullptr);
  ASSERT_EQ(diagnostics.size(), 2U);
  EXPECT_EQ(diagnostics[0].code, "unknown-key");
  EXPECT_EQ(diagnostics[1].code, "duplicate-id");
  EXPECT_NE(diagnostics[1].en.find("a.yaml:2"), std::string::npos);
}

TEST(Compile, OrderIsOfFileAndLineWhateverTheOrderOfReading) {
  const std::string a = "rules:\n  - {id: a, kind: window, from: x, within: 1h, fire: count() > 1}\n";
  const std::string b = "rules:\n  - {id: b, kind: window, from: x, within: 1h, fire: count() > 1}\n";
  const std::vector<SourceFile> one = {{"a.yaml", a}, {"b.yaml", b}}, other = {{"b.yaml", b}, {"a.yaml", a}};
  std::vector<Diagnostic> none;
  const auto x = RuleSet::load(one, test_options(), none), y = RuleSet::load(other, test_options(), none);
  EXPECT_EQ(x->rules()[0].id, "a");
  EXPECT_EQ(y->rules()[0].id, "a");
  EXPECT_EQ(x->fingerprint(), y->fingerprint());
}

TEST(Compile, ChineseMessages) {
  const SourceFile file{"t.yaml", window_rule("    where: '\"积水\" == text && catgory == \"x\"'\n")};
  std::vector<Diagnostic> diagnostics;
  RuleSet::load({&file, 1}, test_options(), diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U);
  const std::string text = render(diagnostics[0], Language::kChinese, false);
  EXPECT_NE(text.find("t.yaml:7:29: 错误"), std::string::npos) << text;
  EXPECT_NE(text.find("\n      | " + std::string(30, ' ') + "^~~~~~~\n"), std::string::npos)
      << text;  // 积水 takes four columns
}

TEST(Compile, ASetOfAMillionParenthesesIsOneFault) {
  const SourceFile file{"t.yaml", window_rule("    where: '" + std::string(60000, '(') + "'\n")};
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(RuleSet::load({&file, 1}, test_options(), diagnostics), nullptr);
  EXPECT_EQ(diagnostics.size(), 1U);
}

// `check` brings the names and wants every fault; a service takes a rule that nothing meets, and says so.
TEST(Compile, AConditionThatNothingMeetsIsAnErrorForCheckAlone) {
  const SourceFile file{"r.yaml", window_rule("    where: category.under(\"water\") && category.under(\"brawl\")\n")};
  std::vector<Diagnostic> diagnostics;
  EXPECT_NE(RuleSet::load({&file, 1}, test_options(), diagnostics), nullptr);
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].code, "contradiction");
  EXPECT_EQ(diagnostics[0].level, Diagnostic::Level::kWarning);
  LoadOptions options = test_options();
  options.vocabulary = std::make_shared<const Vocabulary>();
  EXPECT_EQ(RuleSet::load({&file, 1}, options, diagnostics), nullptr);
}

}  // namespace
}  // namespace tocsin::rule
