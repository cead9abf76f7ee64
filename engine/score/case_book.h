#pragma once
// The cases that are followed, and what each counts for. What a case counts for is a pure function of its events and of
// how far time has come (matters_of), so the order in which its events came does not matter: when one is added or taken
// back, what the function says anew is compared with what was counted.
//
// A *matter* is a case as one channel sees it: a case that was reported by the grid and by 110 is a matter of both. It
// counts on the day, at the spot and under the sort of the channel's first report.
//
// Bounds: a case is let go 41 days after the last event of a closed one, 180 of an open one (what it counted for
// stays); at most kMostCases (then those first that would be let go first) of at most kMostEvents events; a deadline
// more than 400 days ahead is none.
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "event/event.h"
#include "score/civil_days.h"
#include "score/cube.h"

namespace tocsin::score {

struct CaseEvent {
  uint64_t uid = 0;
  TimeMs time = 0;
  TimeMs due = kNoTime;
  SpotId spot = 0;
  SortId sort = 0;
  uint16_t channel = 0;
  Stage stage = Stage::kNone;
  uint8_t grade = 0;
  bool report = false;
};
using CaseEvents = absl::InlinedVector<CaseEvent, 7>;  // by (time, stage, uid)

// An hour of event time; a deadline that nothing answered counts as missed when the watermark is in a later hour.
using Hour = int64_t;
constexpr Hour hour_of(TimeMs t) { return floor_div(t, kHourMs); }

using Counts = absl::InlinedVector<Key, 10>;
struct CaseState {
  bool closed = false;   // and not reopened since
  Hour due = INT64_MAX;  // the hour of a deadline that waits for its answer
};
// What a case counts for, ascending, and how it stands.
CaseState matters_of(const CaseEvents& events, Hour now, const CivilDays& days, Counts& out);

class CaseBook {
 public:
  static constexpr DurationMs kKeepClosed = 41 * kDayMs, kKeepOpen = 180 * kDayMs;
  static constexpr DurationMs kFarthestDue = 400 * kDayMs;
  static constexpr size_t kMostCases = 2'000'000, kMostEvents = 256;

  CaseBook(Cube& cube, const CivilDays& days) : cube_(cube), days_(days) {}
  // Precondition of all: time was brought to `now` by pass().
  void add(uint64_t id, const CaseEvent& event);
  void remove(uint64_t id, uint64_t uid);
  // Begins to fetch from memory where the case is, then the case itself. Only hints.
  void fetch(uint64_t id) const { cases_.prefetch(id); }
  void fetch_case(uint64_t id) const;
  // Time has come to the watermark: what is due is missed, what has had its time is let go.
  void pass(TimeMs watermark);
  size_t size() const { return cases_.size(); }
  uint64_t overfull() const { return overfull_; }  // events that kMostEvents has cost
  size_t bytes() const;

  // Pieces by the day that a case began on.
  void take_changed(const std::function<void(int64_t, std::string)>& f);
  Status load(int64_t day, std::string_view bytes);
  // After the last piece: all is as of the watermark.
  void loaded(TimeMs watermark, uint64_t overfull);
  void mark_all();

 private:
  struct Piece {
    std::vector<uint64_t> ids;
    bool changed = false;
  };
  struct Case {
    CaseEvents events;
    Counts counted;
    Piece* home = nullptr;  // under which it is stored, by the day of UTC of the event that came first
    int64_t let_go = 0;     // the day of UTC under which it is queued
    CaseState state;
  };
  struct Identity {
    size_t operator()(uint64_t h) const { return h; }
  };
  void recount(uint64_t id, Case& c);
  void let_go(uint64_t id, const Case& c);
  void let_go_before(int64_t day);
  static int64_t last_day(const Case& c);
  void enqueue(uint64_t id, Case& c);

  Cube& cube_;
  const CivilDays& days_;
  Hour now_ = INT64_MIN;
  int64_t today_ = INT64_MIN;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Case>, Identity> cases_;
  std::map<Hour, std::vector<uint64_t>> due_;
  std::map<int64_t, std::vector<uint64_t>> ends_;  // by day of UTC
  std::map<int64_t, Piece> pieces_;                // a case holds on to its own
  Counts room_;
  uint64_t overfull_ = 0;
};

}  // namespace tocsin::score
