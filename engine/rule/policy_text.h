#pragma once
// The `policies:` of a rule file: what holds for many rules at once. Each entry names the rules that it is about (none:
// all of them) and sets group, inhibits, inhibited_by and silences for them.
#include <string>
#include <vector>

#include "rule/rule_set.h"
#include "rule/silence.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {

struct PolicyText {
  // A rule that is named somewhere in it, and where.
  struct Name {
    std::string id;
    Diagnostic place;
  };
  std::vector<std::string> rules, group, inhibits, inhibited_by;
  std::vector<Silence> silences;
  std::vector<Diagnostic> silence_places;  // as long as `silences`
  std::vector<Name> names;
};

// Appends an entry for each of the list; faults are appended to the reader's.
void read_policies(const yaml::Reader& reader, const yaml::Node& list, const TimeZone& zone,
                   std::vector<PolicyText>& out);
// Silences of one id in two places.
void check_silences(const std::vector<PolicyText>& policies, std::vector<Diagnostic>& out);

}  // namespace tocsin::rule
