#pragma once
// What the commands about a service's alerts share: whom they ask, and how that service means times, places and rules.
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/cli/alert_line.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/remote.h"

namespace tocsin::cli {

struct Asking {
  Remote remote;
  std::string zone;     // of what is shown; empty: the service's
  bool shadow = false;  // also what rules in shadow mode say
};
// --url, --token, --format, --zone.
void add_asking(Command& command, Asking& o);
// --shadow, for lists and streams; a single alert is told to whoever may see it.
void add_shadow(Command& command, Asking& o);

// A rule as the service has it in force.
struct RuleTerms {
  int64_t version = 0;
  std::string mode, fire;                                     // fire: as its file writes it; empty: it has none
  std::vector<std::pair<std::string, std::string>> severity;  // worst first, with their conditions
};
struct Terms {
  Places places;
  std::map<std::string, RuleTerms, std::less<>> rules;
};
// A service that does not tell is no fault: the zone asked for, or Shanghai's, and no names.
Terms ask_terms(const Asking& o);

}  // namespace tocsin::cli
