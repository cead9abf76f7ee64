#pragma once
// Rules built by hand, a shard of one key, and alerts read back from what was published: the vocabulary of the tests of
// detectors and alerts.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "alert/key_state.h"
#include "rule/rule.h"

namespace tocsin::testing {

inline constexpr DurationMs kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr TimeMs kStart = 1'700'000'000'000;  // 2023-11-14T22:13:20Z

struct AggregateSpec {
  detect::AggregateOp op;
  int cell;
  std::string text;
  int n = 0;
};

// Aggregates are called a0, a1 … in expressions; kind values and params ("params.x") by their names.
struct RuleSpec {
  detect::RuleKind kind = detect::RuleKind::kWindow;
  DurationMs within = kHour;
  int cells = 0;
  std::vector<AggregateSpec> aggregates;
  std::string fire;
  std::vector<std::pair<detect::Severity, std::string>> severity;  // "true" for the last
  std::string resolve_when;
  DurationMs quiet = kHour, reopen = kHour, hold = 0, keep = 0, lateness = 0;
  double radius = 0;
  std::vector<detect::Step> steps;  // sequence
};
rule::Rule make_rule(const RuleSpec& spec);

// A row with its own memory.
struct Event {
  uint64_t uid = 0;
  std::string id;
  TimeMs time = 0;
  uint32_t roles = detect::kMember;
  std::string label;
  double lon = kNoNumber, lat = kNoNumber;
  std::vector<expr::Value> cells;
  TimeMs due_at = kNoTime;
  bool has_place() const { return !std::isnan(lon); }
};
Event event(uint64_t uid, TimeMs time, std::vector<expr::Value> cells = {});

// One transition, as far as tests look.
struct Told {
  std::string type, alert, reason, status, severity, worst, merged_into, opened_by, key, json;
  TimeMs time = 0, opened_at = 0;
  int64_t total = 0;
  std::vector<std::string> members;  // ids, the first hundred
};

// What became of an alert: from its transitions.
struct Fate {
  std::set<std::string> members;
  std::string worst, status, reason, merged_into, opened_by, key;
  TimeMs ended = 0, opened_at = 0;
  int transitions = 0;
  // Ended as a mistake or as part of another: no episode of its own.
  bool void_episode() const {
    return reason == "merged" ||
           ((reason == "withdrawn" || reason == "revised" || reason == "late") && members.empty());
  }
};

// Drives one key as a shard does: timers before events, deadlines in the past at once.
class Driver : public alert::Emitter {
 public:
  Driver(const rule::Rule& rule, DurationMs lateness, std::string key_text = "[\"k\"]");
  // An event as the router passes it on: late ones are marked, and dropped but by absence.
  void add(const Event& e);
  void withdraw(uint64_t uid, TimeMs time);
  // A higher revision of an event that came before; `readd` false: it no longer concerns the key.
  void revise(const Event& e, bool readd = true);
  void act(const alert::Action& action);
  // The watermark goes to `to`.
  void pass(TimeMs to);
  // Encodes, decodes, and goes on from there; checks that the bytes are canonical.
  void cut();
  std::string bytes() const;

  void emit(alert::Transition t) override;
  std::map<std::string, Fate> fates() const;
  // "opened@60 yellow matched": type, minutes since kStart, severity, reason.
  std::vector<std::string> story() const;

  std::vector<Told> told;
  std::unique_ptr<alert::KeyState> state;
  TimeMs watermark = kNoTime;
  std::function<bool()> cut_now;     // asked after every call
  std::map<uint64_t, TimeMs> times;  // of the events taken in, by uid

 private:
  alert::Context context();
  detect::Row row(const Event& e, bool known);
  void after();
  const rule::Rule& rule_;
  const DurationMs lateness_;
  const std::string key_text_;
  TimeZone zone_ = TimeZone::utc();
  Arena arena_{4096};
  TimeMs most_ = kNoTime;
  uint64_t position_ = 0;
};

}  // namespace tocsin::testing
