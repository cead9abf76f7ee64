#pragma once
// From events to rows: takes each event in once (duplicates, revisions, withdrawals, lateness), moves the watermark on,
// and writes what the rules need of it into the batch's delta. The only writer of deltas; one thread.
#include <memory>
#include <string>
#include <vector>

#include "expr/event_env.h"
#include "rule/each.h"
#include "rule/rule_set.h"
#include "runtime/delta.h"
#include "runtime/seen.h"
#include "runtime/watermark.h"

namespace tocsin::runtime {

enum class Outcome : uint8_t {
  kAccepted,
  kDuplicate,  // the same or a lower revision of an event already taken in; changed nothing
  kLate        // behind the watermark; only corrections (absence) saw it
};

// Counts a rule's life at the router; the shards know nothing of events that do not concern them.
struct RuleCounters {
  uint64_t matches = 0;    // rows written that the rule looks at (Plan::looks_at)
  uint64_t errors = 0;     // a condition, key or cell that failed on an event; the event is not judged by the rule
  std::string last_error;  // the first that there was
};
// How last_error begins where the key could not be made; ": " and the part as the rule writes it may follow.
inline constexpr std::string_view kNoKey = "a part of the key is missing";

class Router {
 public:
  struct Options {
    DurationMs horizon = 40 * kDayMs;  // how long ids are remembered; at least the longest window
  };
  Router(std::shared_ptr<const rule::RuleSet> rules, Options options);

  // Takes in one event and appends to `delta`. The event's views are not kept.
  Outcome route(const Event& event, uint32_t partition, std::string& delta);
  // Takes in a person's action on an alert of this rule and key (the alert book knows both).
  void route(const alert::Action& action, uint16_t rule, const Hash128& key, std::string& delta);
  void fetch(const Event& event) const { seen_.fetch(event.uid()); }
  // What rules over alerts need of an alert's transition, which stands at `position` of the order.
  void route_alert(const Event& event, uint64_t position, TimeMs watermark, std::string& delta);
  // At the end of a batch: tells the shards the time.
  void close(std::string& delta);

  // Recovery: the same bookkeeping from a stored delta.
  void replay(std::string_view delta);

  Watermark& watermark() { return watermark_; }
  const Watermark& watermark() const { return watermark_; }
  Seen& seen() { return seen_; }
  uint64_t position() const { return position_; }
  // Of the event that was routed last.
  uint64_t uid() const { return uid_; }
  void restore(uint64_t position, TimeMs watermark);
  const std::vector<RuleCounters>& counters() const { return counters_; }
  std::vector<RuleCounters>& counters() { return counters_; }

 private:
  void write_rows(const Event& event, bool late, std::string& delta);
  void write_duties(uint16_t index, const Event& event, bool late, DeltaWriter& out);
  void write_row(uint16_t index, const Event& event, uint32_t roles, bool late, DeltaWriter& out);
  static constexpr size_t kNone = SIZE_MAX;
  size_t build_key(const rule::Rule& rule, const expr::Activation& vars, std::string& text);
  void fail_key(uint16_t rule, size_t missing);
  void fail(uint16_t rule, const expr::Value& error);
  void take_back(TimeMs was, const Event& event, bool withdrawn, std::string& delta);
  detect::Row row_of(const Event& event, bool late) const;

  std::shared_ptr<const rule::RuleSet> rules_;
  Options options_;
  Watermark watermark_;
  Seen seen_;
  uint64_t position_ = 0;
  uint64_t uid_ = 0;  // of the event at hand
  // Where rows are put that come from an alert; from an event: at position_, under the watermark.
  struct Place {
    uint64_t position = 0;
    TimeMs watermark = kNoTime;
  };
  const Place* alert_place_ = nullptr;
  TimeMs told_ = kNoTime;
  std::vector<RuleCounters> counters_;
  std::vector<uint64_t> key_seeds_;  // by rule
  bool owes_ = false;                // some rule has a population
  std::vector<rule::Each::Match> matches_;
  Arena arena_{16 * 1024};
  std::string key_text_, label_;
  std::vector<expr::Value> cells_;
  std::vector<Route> old_routes_;
};

}  // namespace tocsin::runtime
