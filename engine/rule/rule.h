#pragma once
// A rule, compiled: what the router needs to pick its events, what the detector needs (detect::Plan), and what people
// are told. Immutable after compilation; shared by threads.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "detect/plan.h"
#include "expr/program.h"
#include "rule/predicate.h"
#include "rule/template.h"

namespace tocsin::rule {

enum class Mode : uint8_t { kActive, kShadow, kOff };

struct Bilingual {
  std::string zh, en;
};

// One predicate that gives an event a role for the rule (detect::kMember, kAfter, …).
struct RolePredicate {
  uint32_t role;
  std::shared_ptr<const expr::Program> when;  // event scope, bool; null: always
};

struct Each;      // each.h
struct Variants;  // variants.h

struct Rule {
  std::string id;
  int version = 1;
  Bilingual name;
  std::string owner;  // grid village town city
  Mode mode = Mode::kActive;
  std::vector<std::string> from;  // sources; never empty
  std::vector<RolePredicate> roles;
  std::vector<RoleNeeds> needs;  // what `roles` demand, for the predicate index; as long as `roles`
  std::vector<std::shared_ptr<const expr::Program>> key;  // event scope: events with equal keys are judged together
  // absence: the key as written, which names an obligation. Longer than `key` where `expect` itself tests a part of it
  // (key: [case, stage], expect: stage == "closed"): such a part cannot tell whose the answer is. Empty: the same as
  // `key`.
  std::vector<std::shared_ptr<const expr::Program>> label_key;
  std::vector<std::shared_ptr<const expr::Program>> cells;  // event scope, in the order of Row::cells
  std::shared_ptr<const Each> each;                         // absence over a population; or null
  std::shared_ptr<const expr::Program> extend_until;  // absence: the new deadline that an extension tells; or null
  std::shared_ptr<const expr::Program> until;         // absence: event scope, timestamp; or null
  detect::Plan plan;
  // What the programs' functions refer to: tables, the calendar.
  std::vector<std::shared_ptr<const void>> held;
  Template summary_zh, summary_en, advice_zh, advice_en;  // over the aggregate scope
  std::vector<std::string> inhibits, inhibited_by;
  std::vector<std::string> group;      // names of group_names(); empty: none
  std::vector<std::string> key_names;  // the parts of the key as written
  bool reads_alerts = false;           // `from` names alerts
  // Identity of the state: a hash of kind, sources, where (roles), key, cells, window, radius, lateness. Two versions
  // of a rule with equal identity share state.
  uint64_t identity = 0;
  // A hash of what may change without that: fire, severity, resolve, for and params. Where it changes, the kept state
  // is judged anew.
  uint64_t judgement = 0;
  std::string file;  // where it was read from
  int line = 0;
  // It stands for these (a sweep); null: for itself.
  std::shared_ptr<const Variants> variants;
};

}  // namespace tocsin::rule
