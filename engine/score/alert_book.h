#pragma once
// The alerts of the last year as scorecards see them: how severe they became, what people said of them in the end, by
// how much they were ahead, which report was the first of them, and which places they are about.
//
// An alert counts once people were told of it (silenced throughout, or of a rule in shadow: not), on the day it opened,
// in the area that it has now. Its *lead* is the time from its opening to the last event that joined it; it is counted
// when people close the alert as true. Its *first report* is the earliest report among the events that it opened with.
//
// Bounds: kKeep after its opening, kMost alerts (then the eldest days), kMostPlaces places each.
#include <absl/container/flat_hash_map.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "score/civil_days.h"
#include "score/cube.h"
#include "score/event_book.h"

namespace tocsin::score {

enum class Verdict : uint8_t { kNone, kTrue, kFalse, kDuplicate };

// One transition of an alert, as it is noted.
struct AlertNote {
  TimeMs watermark = 0;  // its place in the order
  std::string_view id;
  TimeMs opened_at = 0;
  TimeMs last_event = kNoTime;  // the latest event that belongs to it
  SpotId spot = 0;
  SortId sort = 0;       // its rule
  uint8_t severity = 0;  // 1 blue … 4 red
  bool told = false;     // not silenced or inhibited
  Verdict verdict = Verdict::kNone;
  std::vector<uint64_t> events;  // of the opening alone: those that it opened with, earliest first
};

struct ScoredAlert {
  std::string id;
  TimeMs opened_at = 0, last_event = kNoTime;
  SpotId spot = 0;
  SortId sort = 0;
  uint8_t severity = 0;  // the greatest
  bool told = false;
  Verdict verdict = Verdict::kNone;
  uint64_t first_report = 0;     // uid; 0: none
  std::vector<uint64_t> places;  // hashes, as in PlaceBook
};

class AlertBook {
 public:
  static constexpr DurationMs kKeep = 400 * kDayMs;
  static constexpr size_t kMost = 200'000, kMostPlaces = 100;

  AlertBook(Cube& cube, EventBook& events, const CivilDays& days) : cube_(cube), events_(events), days_(days) {}
  void take(const AlertNote& note);
  void pass(TimeMs watermark);
  // The first day of UTC from `day` on that alerts opened on; INT64_MAX: none.
  int64_t day_from(int64_t day) const {
    const auto it = pieces_.lower_bound(day);
    return it == pieces_.end() ? INT64_MAX : it->first;
  }
  // f(alert) for those that opened on a day of UTC.
  template <typename F>
  void each_of_day(int64_t day, F&& f) const {
    const auto it = pieces_.find(day);
    if (it == pieces_.end()) return;
    for (const uint64_t id : it->second.ids) f(alerts_.at(id));
  }

  // Pieces by the day that alerts opened on.
  void take_changed(const std::function<void(int64_t, std::string)>& f);
  Status load(int64_t day, std::string_view bytes);
  // Alerts that opened before this day of UTC are let go, for good.
  int64_t first_day() const { return first_day_; }
  void loaded(int64_t first_day) { first_day_ = first_day; }
  void mark_all();

 private:
  void count(const ScoredAlert& a, bool add);
  void confirm(const ScoredAlert& a, bool confirmed);
  void open(ScoredAlert& a, const AlertNote& note);
  void let_go_before(int64_t day);
  struct Piece {
    std::vector<uint64_t> ids;
    bool changed = false;
  };

  Cube& cube_;
  EventBook& events_;
  const CivilDays& days_;
  int64_t first_day_ = 0;
  absl::flat_hash_map<uint64_t, ScoredAlert> alerts_;
  std::map<int64_t, Piece> pieces_;  // by day of UTC of the opening
  std::vector<int64_t> gone_;
};

}  // namespace tocsin::score
