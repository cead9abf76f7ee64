#pragma once
// What a test says against what its rule can do: a colour that is no rung, a value that is none of the rule's, a
// transition before anything was given. Of a rule that has faults of its own nothing is asked that hangs on it: one
// fault is told once. Internal to engine/rule.
#include <string>

#include "rule/rule_tests.h"
#include "rule/vocabulary.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {

class TestCheck {
 public:
  // `vocabulary` may be null. All outlive this. The rule has been read: the reader's diagnostics hold its faults.
  TestCheck(const yaml::Reader& reader, const yaml::Node& rule, const Vocabulary* vocabulary);

  bool rule_faulty() const { return rule_faulty_; }
  // Each appends a fault where there is one.
  void severity(const yaml::Node& at, const std::string& severity) const;
  void reason(const yaml::Node& at, std::string_view transition, const std::string& reason) const;
  void value(const yaml::Node& name) const;
  // A plain field of a given event: kind, stage, source, category.
  void field(const std::string& name, const yaml::Node& value) const;
  // The whole test: `expect` is the list; `first` the time of the first event given, since the start.
  void expectations(const yaml::Node& expect, const RuleTest& test, DurationMs first) const;

 private:
  const yaml::Reader& reader_;
  const yaml::Node& rule_;
  const Vocabulary* vocabulary_;
  std::vector<std::string> values_;  // what the rule publishes, as written
  bool kind_known_ = false;
  const bool rule_faulty_;
};

}  // namespace tocsin::rule
