#pragma once
// The tests that stand beside a rule (`tests:`): what is given, what the rule must publish, and whether it did. What
// drives the engine between the two is not here.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rule/rule_set.h"

namespace tocsin::rule {

struct ExpectedTransition {
  std::optional<DurationMs> at;  // since the test's start
  std::string type;              // "opened" "updated" "escalated" "deescalated" "resolved" "reopened" "amended" …
  std::string severity;          // opened, escalated, deescalated, reopened; empty: any
  std::string reason;            // resolved, amended, updated; empty: any
  std::string key;               // the alert's key as compact JSON; empty: any
  std::string summary;           // a part of the summary in either language; empty: any
  struct Value {
    std::string name;
    std::string json;  // number, text, true, false or null
  };
  std::vector<Value> values;
};

// What a reference table holds while the test runs, instead of the shipped rows.
struct TestTable {
  std::string name;
  std::vector<std::vector<std::pair<std::string, std::string>>> rows;  // column and cell; what is not named is missing
};

struct RuleTest {
  std::string rule;  // its id
  std::string name;
  std::string file;
  int line = 0;
  TimeMs start = 0;                        // epoch milliseconds; a Monday at 09:00 unless the test says otherwise
  DurationMs by = 0;                       // how far time goes on, since the start
  std::vector<std::string> given;          // canonical events, one JSON object each, in the order of the file
  std::vector<ExpectedTransition> expect;  // empty: `none`
  std::vector<TestTable> tables;
};

// The tests of all rules in these files (also of rules with mode off or shadow). Faults are appended; a test with
// faults is left out. A rule whose tests all say `none` is a fault: they would pass with the rule switched off. So is
// an expectation that the rule can never meet. With a vocabulary, sources of given events are looked up.
std::vector<RuleTest> read_rule_tests(std::span<const SourceFile> files, const TimeZone& zone,
                                      std::vector<Diagnostic>& diagnostics, const Vocabulary* vocabulary = nullptr);

// Warns of each rule of these files that has no test. Precondition: the rules compile.
void tell_untested(std::span<const SourceFile> files, std::vector<Diagnostic>& diagnostics);

// The rule set's files under the tables of the test. kNotFound: it names a table that is not there.
Result<std::vector<SourceFile>> with_tables(std::span<const SourceFile> files, const RuleTest& test);

// A condition a little weaker than a rule's `fire`: one of its thresholds, one step lower than the one before.
struct NearMiss {
  std::string fire;                 // for LoadOptions::fire_instead
  std::string text;                 // "4 of 5 distinct reporters"
  std::string text_zh;              // the same in Chinese
  std::optional<FewerSteps> steps;  // for LoadOptions::steps_instead
};
// The weaker conditions to try, nearest first, when a rule did not fire: the first under which it does tells how near
// it came. Empty where `fire` has no whole-number threshold and the rule no steps. At most 40. Of a param with
// overrides the value is the one that is in force for the last of the `given` events (canonical JSON) that tells.
std::vector<NearMiss> near_misses(std::span<const SourceFile> files, std::string_view rule,
                                  std::span<const std::string> given = {});

struct TestOutcome {
  bool passed = false;
  std::string text;  // when it failed: expected and got, field by field, one line each, in the language asked for; ends
                     // with a newline
};
// Compares what was published (CloudEvents, one JSON object each, in order; those of other rules and those after `by`
// are passed over) with what the test expects. `near`: how near the rule came ("4 of 5 distinct reporters"), or empty.
TestOutcome judge(const RuleTest& test, std::span<const std::string> published, std::string_view near = {},
                  Language language = Language::kEnglish);

}  // namespace tocsin::rule
