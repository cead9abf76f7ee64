#pragma once
// What a detector needs to know of a rule: plain data, made by engine/rule from a rule file. Programs in aggregate
// scope read variables by slot in this order: the aggregates, the kind's own values (kind_values(kind)), the params.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "detect/row.h"
#include "detect/same.h"
#include "event/event.h"
#include "expr/program.h"
#include "time/calendar.h"
#include "time/format.h"
#include "time/period.h"

namespace tocsin::detect {

// The working-time calendar of time/calendar.h.
using tocsin::WorkingTime;

enum class RuleKind : uint8_t { kWindow, kCluster, kSequence, kAbsence, kBaseline, kSilence, kSimilar };
std::string_view name_of(RuleKind kind);

enum class Severity : uint8_t { kNone, kBlue, kYellow, kOrange, kRed };  // ascending
std::string_view name_of(Severity severity);
bool parse_severity(std::string_view text, Severity& out);

// kStep is none that a planner writes: sequence's `threat.place`, a cell of the event that step `n` has in the latest
// match.
enum class AggregateOp : uint8_t { kCount, kDistinct, kSum, kAvg, kMin, kMax, kAny, kAll, kFirst, kLast, kTop, kStep };
std::string_view name_of(AggregateOp op);

struct Aggregate {
  AggregateOp op = AggregateOp::kCount;
  int cell = -1;      // index into Row::cells; -1: kCount
  int n = 0;          // kTop; kStep: index in Plan::steps
  std::string text;   // as the planner wrote it, "distinct(place)"
  bool real = false;  // kSum: the checker typed the result double, so whole sums are doubles too
  bool operator==(const Aggregate&) const = default;
};

// A value that a kind adds to the aggregate scope.
struct KindValue {
  std::string_view name;
  expr::Type::Kind type;
  std::string_view unit;
  std::string_view zh, doc;
};
// window: none; cluster: places int, radius_m double, area_km2 double, centre point;
// similar: likeness double, matter string;
// absence: due_at timestamp, overdue duration (negative before the deadline), elapsed double (share of the span);
// silence: gap duration, usual_gap duration, p double;
// baseline: observed double, expected double, p double, ratio double, n int.
std::span<const KindValue> kind_values(RuleKind kind);

// Whether the detector itself says when an episode is over, by kAnswered, and how long it is remembered.
constexpr bool ends_by_answer(RuleKind kind) { return kind == RuleKind::kAbsence || kind == RuleKind::kSilence; }

// baseline: what is measured in a span.
enum class Measure : uint8_t { kCount, kRatio, kAverage };

struct Param {
  std::string name;
  expr::Value value;                                       // default; strings live in Plan::constants
  int by_cell = -1;                                        // cell that picks the override; -1: none
  std::unordered_map<std::string, expr::Value> overrides;  // by the text of that cell
};

struct Rung {
  Severity severity;
  std::shared_ptr<const expr::Program> when;  // bool, aggregate scope
};

// sequence: one item of `steps`.
struct Step {
  std::string name;  // empty where negated
  bool negated = false;
};
inline constexpr size_t kMaxSteps = 16;

// absence over a population (`each`): who owes, what, and by when.
struct Duties {
  struct Expectation {
    std::string name;  // of the value that counts: "visits"
    uint32_t at_least = 1;
  };
  struct Owner {  // a row of the table
    Hash128 key;
    std::string key_text;  // of the key's state: the table's key as a JSON array
    std::string label;     // of its alerts: the rule's key and the table's, as a JSON array
    std::string row;       // packed: area, place, the columns that texts and conditions read
  };
  const Owner* find(const Hash128& key) const {
    const auto it = by_key.find(key);
    return it == by_key.end() ? nullptr : &owners[it->second];
  }
  Periods every;
  std::vector<Expectation> expect;  // bit i of Row::roles: the event counts for the i-th
  std::vector<Owner> owners;        // in the order of the table
  std::unordered_map<Hash128, uint32_t> by_key;
};

struct Plan {
  RuleKind kind = RuleKind::kWindow;
  std::string rule_id;
  Span within;              // window, cluster, sequence, similar: plain; absence: may be working time
  double radius_m = 0;      // cluster
  Same same;                // similar
  DurationMs lateness = 0;  // greatest allowed lateness among the rule's sources: rows this far behind still come
  std::vector<Aggregate> aggregates;
  std::vector<Param> params;
  int cells = 0;
  int place_cell = -1;  // cluster: the cell that names the place; -1: coordinates rounded to six decimals
  std::shared_ptr<const expr::Program> fire;          // bool, aggregate scope; null: any rung of the ladder (absence)
  std::vector<Rung> severity;                         // worst first
  DurationMs hold = 0;                                // `for`
  DurationMs quiet = 0;                               // resolve.quiet; 0: none
  std::shared_ptr<const expr::Program> resolve_when;  // or null
  DurationMs keep = 0;
  DurationMs update_every = 0;  // 0: on material change (severity, growth by half)
  bool update_on_severity = true;
  DurationMs reopen = 0;  // a resolved alert reopens when it fires again within this; default `quiet`
  // absence: shares of the span at which the verdict may change (from `elapsed >= x`), and offsets from the deadline
  // (from `overdue >= d`); ascending.
  std::vector<double> elapsed_marks;
  std::vector<DurationMs> overdue_marks;
  bool until = false;  // absence: Row::due_at is the deadline
  // absence: working-time arithmetic; answers the instant `work` after `from`. Set when within is working time.
  std::shared_ptr<const WorkingTime> calendar;
  std::vector<Step> steps;  // sequence: bit i of Row::roles is step i
  // sequence: the last step is negated: a match is complete when nothing of it has come by its deadline.
  bool awaits() const { return !steps.empty() && steps.back().negated; }
  // Whether rows behind the watermark reach the detector: where what did not come is told, they correct it.
  bool takes_late() const { return ends_by_answer(kind) || awaits(); }
  // Whether such a row is one that the rule counts as looked at; similar: not what only settles a matter.
  bool looks_at(uint32_t roles) const { return kind != RuleKind::kSimilar || (roles & kMember) != 0; }
  // silence, baseline: the rule set's zone, and how far back the past goes that tells what is usual. silence: the
  // values of `gap` and `p` at which the verdict may change; ascending.
  TimeZone zone = TimeZone::utc();
  DurationMs history = 0;
  std::vector<DurationMs> gap_marks;
  std::vector<double> p_marks;
  // baseline: buckets of local time, of which `within` covers one or more; compared with the same hours of the week
  // (hour_of_week) or with the time just before.
  DurationMs every = 0;
  bool hour_of_week = false;
  Measure measure = Measure::kCount;
  int measure_cell = -1;                 // kAverage
  bool rises_only = false;               // `fire` asks for a rise, so that the end of a bucket says nothing new
  std::shared_ptr<const Duties> duties;  // absence with `each`; `until` holds then, the period's end being the deadline
  size_t max_rows_per_key = 200000;      // bound; past it the oldest row is dropped and counted
  std::shared_ptr<Arena> constants = std::make_shared<Arena>(4096);
};

// The values that the kind adds for this plan: kind_values(plan.kind), then the counts of `each`'s expectations.
size_t own_values(const Plan& plan);
std::string_view own_value_name(const Plan& plan, size_t index);

}  // namespace tocsin::detect
