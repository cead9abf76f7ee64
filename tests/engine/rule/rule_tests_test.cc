// Reading of `tests:` and the judgement on what was published.
#include "rule/rule_tests.h"

#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

constexpr const char* kPack = R"(rules:
  - id: r
    kind: window
    from: [hotline12345, grid]
    where: category.under("water.flooding") && kind == "report"
    within: 1h
    fire: count() >= 2
    defaults: {area: {town: 330282004}}
    tests:
      - name: two
        defaults: {reporter: a}
        given:
          - {at: +0m, location: [121.2, 30.1], values: {depth: 12}, attrs: {n: 7}}
          - {at: +1h30m, kind: transition, stage: closed, due_at: +2h, flags: [minor], grade: 3}
        expect:
          - {at: +12m, opened: yellow, values: {count(): 2}, key: [a, "1"]}
          - {at: +2h, resolved: quiet, summary: over}
        by: +3h
)";

std::vector<RuleTest> tests_of(const std::string& text) {
  const SourceFile file{"t.yaml", text};
  std::vector<Diagnostic> diagnostics;
  auto out = read_rule_tests({&file, 1}, *TimeZone::load("Asia/Shanghai"), diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << render_all(diagnostics);
  return out;
}

TEST(RuleTests, GivenEventsBecomeCanonicalJson) {
  const auto tests = tests_of(kPack);
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0].start, 1719795600000);  // Monday 2024-07-01, 09:00 in Cixi
  EXPECT_EQ(tests[0].by, 3 * 3600 * 1000);
  EXPECT_EQ(tests[0].given.at(0),
            R"({"id":"e1","source":"hotline12345","kind":"report","occurred_at":"2024-07-01T01:00:00Z",)"
            R"("category":"water.flooding","area":{"town":"330282004"},"attrs":{"n":"7"},)"
            R"("location":{"lon":121.2,"lat":30.1},"reporter":"a","values":{"depth":12}})");
  EXPECT_EQ(tests[0].given.at(1),
            R"({"id":"e2","source":"hotline12345","occurred_at":"2024-07-01T02:30:00Z","category":"water.flooding",)"
            R"("area":{"town":"330282004"},"due_at":"2024-07-01T03:00:00Z","flags":["minor"],"grade":3,)"
            R"("kind":"transition","reporter":"a","stage":"closed"})");
  ASSERT_EQ(tests[0].expect.size(), 2U);
  EXPECT_EQ(tests[0].expect[0].key, R"(["a","1"])");
  EXPECT_EQ(tests[0].expect[1].reason, "quiet");
}

// As `tocsin check` has them: the rule's own faults first.
std::string faults_of(std::string text, const std::string& what, const std::string& with) {
  text.replace(text.find(what), what.size(), with);
  const SourceFile file{"t.yaml", text};
  std::vector<Diagnostic> diagnostics;
  RuleSet::load({&file, 1}, test_options(), diagnostics);
  read_rule_tests({&file, 1}, TimeZone::utc(), diagnostics);
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    if (d.level == Diagnostic::Level::kError) out += std::to_string(d.line) + " " + d.code + "; ";
  }
  return out;
}

TEST(RuleTests, OneFaultOfTheRuleIsToldOnce) {
  const std::string where = "category.under(\"water.flooding\") && kind == \"report\"";
  EXPECT_EQ(faults_of(kPack, where, "category.under(\"water.flooding\") &&"), "5 syntax; ");
  EXPECT_EQ(faults_of(kPack, where, "kind == \"report\""), "13 missing-key; 14 missing-key; ")
      << "a fault of the tests";
  const std::string laddered = std::string(kPack).replace(std::string(kPack).find("    defaults: {area"), 0,
                                                          "    severity: {amber: count() >= 2}\n");
  EXPECT_EQ(faults_of(laddered, "amber", "orange").find("8 "), std::string::npos);
  EXPECT_NE(faults_of(laddered, "amber", "orange").find("test-cannot-pass"), std::string::npos);
  EXPECT_EQ(faults_of(laddered, "amber", "amber").find("test-cannot-pass"), std::string::npos);
}

TEST(RuleTests, ARuleWithoutTestsIsWarnedOf) {
  const auto untested = [](const std::string& text) {
    const SourceFile file{"t.yaml", text};
    std::vector<Diagnostic> diagnostics;
    tell_untested({&file, 1}, diagnostics);
    std::string out;
    for (const Diagnostic& d : diagnostics) {
      EXPECT_EQ(d.level, Diagnostic::Level::kWarning);
      out += std::to_string(d.line) + " " + d.code + "; ";
    }
    return out;
  };
  EXPECT_EQ(untested(kPack), "");
  EXPECT_EQ(untested(window_rule("")), "2 no-tests; ");
  EXPECT_EQ(untested(window_rule("    tests: []\n")), "2 no-tests; ");
}

TEST(RuleTests, AReasonIsOneThatCanEndAnAlert) {
  EXPECT_EQ(faults_of(kPack, "resolved: quiet", "resolved: split"), "17 test-cannot-pass; ");
  EXPECT_EQ(faults_of(kPack, "resolved: quiet", "resolved: person"), "17 test-cannot-pass; ");
  EXPECT_EQ(faults_of(kPack, "resolved: quiet", "resolved: late"), "");
}

std::string event(const std::string& type, int minutes, const std::string& data) {
  return R"({"type":"tocsin.alert.)" + type + R"(","time":")" + format_time(1719795600000 + minutes * 60000LL) +
         R"(","data":{"rule":"r",)" + data + "}}";
}

std::string opened() {
  return event("opened", 12,
               R"j("key":["a","1"],"severity":"yellow","values":{"count()":2},"summary":{"zh":"","en":""})j");
}
std::string resolved() {
  return event("resolved", 120, R"j("severity":"yellow","reason":"quiet","summary":{"zh":"","en":"it is over"})j");
}

TEST(Judge, PassesWhatIsExpected) {
  const std::string other = R"({"type":"tocsin.alert.opened","time":"2024-07-01T01:00:00Z","data":{"rule":"x"}})";
  const std::string later = event("reopened", 500, R"("severity":"red")");
  const std::vector<std::string> published = {other, opened(), resolved(), later};
  const TestOutcome outcome = judge(tests_of(kPack).at(0), published);
  EXPECT_TRUE(outcome.passed) << outcome.text;
}

TEST(Judge, TellsWhatDiffersFieldByField) {
  const std::vector<std::string> published = {
      event("opened", 47, R"j("key":["b","1"],"severity":"orange","reason":"matched","values":{"count()":3})j"),
      event("escalated", 50, R"j("severity":"red","reason":"matched")j")};
  const TestOutcome outcome = judge(tests_of(kPack).at(0), published, "1 of 2 events");
  EXPECT_FALSE(outcome.passed);
  EXPECT_EQ(outcome.text,
            "  opened yellow at +12m:\n"
            "    at: expected +12m, got +47m\n"
            "    severity: expected yellow, got orange\n"
            "    key: expected [\"a\",\"1\"], got [\"b\",\"1\"]\n"
            "    values.count(): expected 2, got 3\n"
            "  expected resolved at +2h, got nothing like it\n"
            "  got escalated red at +50m (matched), which the test does not expect\n"
            "  nearest: 1 of 2 events\n");
}

TEST(Judge, SpeaksChinese) {
  const std::vector<std::string> published = {
      event("opened", 47, R"j("key":["a","1"],"severity":"yellow","values":{"count()":3})j"),
      event("escalated", 50, R"j("key":["a","1"],"severity":"red","reason":"matched")j")};
  const TestOutcome outcome = judge(tests_of(kPack).at(0), published, "事件数 只到 1，要 2", Language::kChinese);
  EXPECT_EQ(outcome.text,
            "  opened yellow 在 +12m：\n"
            "    at：预期 +12m，实际 +47m\n"
            "    values.count()：预期 2，实际 3\n"
            "  预期 resolved 在 +2h，实际没有类似的变化\n"
            "  实际 escalated red 在 +50m (matched) [\"a\",\"1\"]，测试没有预期它\n"
            "  最接近：事件数 只到 1，要 2\n");
}

TEST(Judge, NoneMeansNone) {
  RuleTest test = tests_of(kPack).at(0);
  test.expect.clear();
  EXPECT_TRUE(judge(test, {}).passed);
  const std::vector<std::string> published = {opened()};
  EXPECT_FALSE(judge(test, published).passed);
}

TEST(NearMisses, LowerOneThresholdAtATime) {
  const SourceFile file{"t.yaml", window_rule("    params: {people: {default: 3, by: area.town, override: {a: 2}}}\n",
                                              "distinct(reporter) >= params.people && count() > 4")};
  const auto misses = near_misses({&file, 1}, "r");
  ASSERT_EQ(misses.size(), 6U);
  EXPECT_EQ(misses[0].text, "2 of 3 distinct reporters");
  EXPECT_EQ(misses[0].text_zh, "`distinct(reporter)` 只到 2，要 3");
  EXPECT_EQ(misses[1].text_zh, "事件数 只到 4，要 5");
  EXPECT_EQ(misses[0].fire, "distinct(reporter) >= 2 && count() > 4");
  EXPECT_EQ(misses[1].text, "4 of 5 events");
  EXPECT_EQ(misses[1].fire, "distinct(reporter) >= params.people && count() > 3");
  LoadOptions options = test_options();
  options.fire_instead["r"] = misses[1].fire;
  EXPECT_NE(rules_of(file.text, options), nullptr);
  EXPECT_TRUE(near_misses({&file, 1}, "other").empty());
}

TEST(NearMisses, QuoteTheThresholdInForce) {
  const SourceFile file{"t.yaml",
                        window_rule("    params: {people: {default: 7, by: area.town, override: {\"330282004\": 4}}}\n",
                                    "distinct(reporter) >= params.people")};
  const std::vector<std::string> there = {R"({"id":"a","area":{"town":"330282004"}})", R"({"id":"b"})"};
  const std::vector<std::string> elsewhere = {R"({"id":"a","area":{"town":"330282005"}})"};
  EXPECT_EQ(near_misses({&file, 1}, "r", there).at(0).text, "3 of 4 distinct reporters");
  EXPECT_EQ(near_misses({&file, 1}, "r", elsewhere).at(0).text, "6 of 7 distinct reporters");
  EXPECT_EQ(near_misses({&file, 1}, "r").at(0).text, "6 of 7 distinct reporters");
}

}  // namespace
}  // namespace tocsin::rule
