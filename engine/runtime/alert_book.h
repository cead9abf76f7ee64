#pragma once
// The alerts as they now are, for people who ask: a read model of the committed transitions, filtered and paged. The
// texts stay in the store; memory holds a line an alert. Thread-safe: one thread adds, any thread reads.
#include <functional>
#include <map>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "alert/transition.h"
#include "base/codec.h"

namespace tocsin::runtime {

struct AlertLine {
  std::string alert_id, rule_id, owner;
  std::string city, town, village, grid;
  Hash128 key;
  TimeMs opened_at = 0, updated_at = 0;
  uint64_t sequence = 0;  // of its latest transition in the outbox
  uint32_t seq = 0;
  detect::Severity severity = detect::Severity::kNone;
  alert::AlertStatus status = alert::AlertStatus::kOpen;
  bool shadow = false;
  bool is_open() const { return status < alert::AlertStatus::kResolved; }
  // One of its codes lies under `area` (lies_under); empty: always.
  bool under(std::string_view area) const;
};
void encode(Writer& out, const AlertLine& line);
AlertLine decode_alert_line(Reader& in);

// The states of an alert that has not ended.
inline const std::vector<alert::AlertStatus> kOpenStates = {
    alert::AlertStatus::kOpen, alert::AlertStatus::kAcknowledged, alert::AlertStatus::kAssigned};

struct AlertFilter {
  std::vector<alert::AlertStatus> status;  // empty: any
  std::vector<detect::Severity> severity;  // empty: any
  std::string rule, area, owner;           // empty: any; area: alerts that lie under it
  std::string scope;                       // what the asker may see: alerts that lie under this area; empty: all
  TimeMs since = kNoTime, until = kNever;  // opened_at in [since, until)
  bool shadow = false;                     // also those of rules in shadow
};

class AlertBook {
 public:
  // Newest first; starts after (opened_at, alert_id) of `after` when given.
  struct Place {
    TimeMs opened_at;
    std::string alert_id;
  };
  std::vector<AlertLine> list(const AlertFilter& filter, size_t limit, const Place* after, bool& more) const;
  // Calls f for each alert that the filter lets through, newest first, until f is false. f runs under the book's lock:
  // it is quick and does not call the book.
  void each(const AlertFilter& filter, const std::function<bool(const AlertLine&)>& f) const;
  bool find(std::string_view alert_id, AlertLine& out) const;
  // Open alerts by (rule, severity).
  struct OpenCount {
    uint64_t open = 0;
    uint64_t waiting = 0;              // that nobody has acknowledged; none of rules in shadow
    TimeMs longest_waiting = kNoTime;  // when the eldest of them opened
  };
  std::map<std::pair<std::string, detect::Severity>, OpenCount> open_counts() const;
  // Of the open alerts of one severity: how many opened before each of `times`; none of rules in shadow.
  std::vector<uint64_t> opened_before(detect::Severity severity, std::span<const TimeMs> times) const;
  size_t size() const;
  void put(AlertLine line);
  // The ended alerts whose last transition is of before `before`, and of those that remain the eldest above `most`:
  // their ids and the number of their transitions, by time of the last transition and id.
  std::vector<std::pair<std::string, uint32_t>> outdated(TimeMs before, size_t most) const;
  // Forgets it; an id that is not there is passed over.
  void erase(const std::string& alert_id);
  // The latest event time of any transition that was put, or kNoTime.
  TimeMs latest() const;

 private:
  // By (opened_at, alert_id); the lines are those of by_id_, which do not move.
  struct ByTime {
    using is_transparent = void;
    bool operator()(const AlertLine* a, const AlertLine* b) const;
    bool operator()(const AlertLine* a, const Place& b) const;
    bool operator()(const Place& a, const AlertLine* b) const;
  };
  using Lines = std::set<const AlertLine*, ByTime>;
  struct Bucket {
    Lines open, ended;
  };
  void enlist(const AlertLine& line);
  void unlist(const AlertLine& line);
  struct Open {
    uint64_t count = 0;
    std::multiset<TimeMs> opened, waiting;  // opened_at; none of rules in shadow
  };
  const Bucket& narrowest(const AlertFilter& f) const;
  void walk(const AlertFilter& filter, const Place& before, const std::function<bool(const AlertLine&)>& f) const;
  static bool matches(const AlertLine& line, const AlertFilter& f);
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, AlertLine> by_id_;
  Bucket all_;
  std::unordered_map<std::string, Bucket> by_area_;  // city, town, village and grid, each with what lies under it
  std::set<std::pair<TimeMs, std::string>> ended_;   // by updated_at
  TimeMs latest_ = kNoTime;
  std::map<std::pair<std::string, detect::Severity>, Open> open_;
};

}  // namespace tocsin::runtime
