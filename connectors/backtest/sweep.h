#pragma once
// The rules that a backtest runs: those of the files, or one rule under several values of one param. Values that change
// only what is asked of the events (not which ones, nor their key) share one state a key (rule/variants.h); the others
// are rules of their own. Either way the log is read once.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "rule/rule_set.h"

namespace tocsin::backtest {

// "RULE.PARAM=A,B,C".
struct SweepRequest {
  std::string rule, param;
  std::vector<std::string> values;  // 1 to rule::kMaxVariants, all different
  std::string name() const { return rule + "." + param; }
};
Result<SweepRequest> parse_sweep(std::string_view text);

// One rule as it is run: a rule of the files, or one value of the sweep.
struct Column {
  std::string id;     // in the rule set: the rule's, or "rule?param=value" in a sweep
  std::string rule;   // the rule's own id
  std::string value;  // of the swept param; empty: no sweep
  rule::Bilingual name;
  rule::Mode mode = rule::Mode::kActive;
};

struct Trial {
  std::shared_ptr<const rule::RuleSet> rules;
  std::vector<Column> columns;
  std::string param;   // "rule.param"; empty: no sweep
  bool shared = true;  // all values of the sweep share their rows
  // Rules that run beside those of the columns because these depend on them: those that inhibit one, and those whose
  // alerts one reads. They have no column.
  std::vector<std::string> helpers;
};

// All rules in force.
Trial trial_of(std::shared_ptr<const rule::RuleSet> rules);
// The same with columns of these rules alone, beside what they depend on and under the same silences. A name that is no
// rule's has no column. Precondition: no sweep.
Trial only(const Trial& trial, std::span<const std::string> rules);
Trial only(const Trial& trial, std::string_view rule);
// The swept rule under each value. Faults are appended; kInvalid then. A rule that is switched off is kNotFound.
Result<Trial> sweep(std::span<const rule::SourceFile> files, const rule::LoadOptions& options,
                    const SweepRequest& request, std::vector<rule::Diagnostic>& diagnostics);

}  // namespace tocsin::backtest
