#pragma once
// What the commands about a service's alerts share: whom they ask, and how that service means times, places and rules.
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
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

// --by.
void add_actor(Command& command, std::string& by);
// Who acts: `by`, else $USER, else the account at this machine. Where the service has tokens it knows better, and a
// token without a name gives the empty one; kInvalid: there is neither token nor name.
Result<std::string> actor(const Remote& remote, const std::string& by);

// A rule as the service has it in force.
struct RuleTerms {
  int64_t version = 0;
  std::string mode, fire;                                     // fire: as its file writes it; empty: it has none
  std::vector<std::pair<std::string, std::string>> severity;  // worst first, with their conditions
};
using RulesTerms = std::map<std::string, RuleTerms, std::less<>>;  // by id
struct Terms {
  Places places;
  RulesTerms rules;
};
// Of rules_json() (backend.h), or what GET /api/v1/rules has under `rules`.
RulesTerms terms_of_rules(std::string_view rules_json);
// A service that does not tell is no fault: the zone asked for, or Shanghai's, and no names.
Terms ask_terms(const Asking& o);
// The year that lines leave out of their times.
std::string this_year(const Places& places);
// The code of an area that was named by its name, where one alone has it; else `area` as it is, which may be the code
// of a grid, as grids are in no table. kInvalid: several have the name, or it is a code that the service's tables know
// not to be there.
Result<std::string> area_code(const std::string& area, const Places& places);
// The areas that may be meant by one that is not there: "330282004 浒山街道"; empty: nobody can tell.
std::string near_area(const std::string& area, const Places& places);

}  // namespace tocsin::cli
