#pragma once
// The rules whose alerts a rule over alerts waits for, by name: category == "alert.ID", attrs["rule"] == "ID". One that
// is not there, or whose alerts are no events, would be waited for in vain. Internal to engine/rule.
#include <map>
#include <string>
#include <vector>

#include "rule/rule_text.h"

namespace tocsin::rule {

struct AlertName {
  std::string rule;  // the id that is waited for
  Diagnostic place;
};
// What is known of a rule of the set.
struct AlertSource {
  Mode mode = Mode::kActive;
  bool reads_alerts = false;
};

// The names in the conditions of a rule that reads alerts; none for another.
void collect_alert_names(const yaml::Reader& reader, const RuleText& text, std::vector<AlertName>& out);
// Appends a warning for each that never comes; an error where it is nearly the name of a rule and `strict`.
void check_alert_names(const std::vector<AlertName>& names, const std::map<std::string, AlertSource>& rules,
                       bool strict, std::vector<Diagnostic>& out);

}  // namespace tocsin::rule
