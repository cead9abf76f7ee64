#pragma once
// A silence: alerts that it covers are marked and not told to people for a while. Made by a person, or written in a
// `policies:` file.
#include <string>
#include <vector>

#include "detect/plan.h"

namespace tocsin::rule {

struct Silence {
  std::string id;
  std::string by, reason;
  TimeMs from = kNoTime;           // event time; kNoTime: from where it stands in the log
  TimeMs until = kNever;           // event time, exclusive
  std::vector<std::string> rules;  // empty: any
  std::string area;                // code of an area that the alert's lies under; empty: any
  detect::Severity at_most = detect::Severity::kRed;
  bool in_file = false;  // written in a file: it comes and goes with the rules
  bool operator==(const Silence&) const = default;
};

}  // namespace tocsin::rule
