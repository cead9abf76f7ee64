#pragma once
// What each event of the last weeks has counted for, so that a duplicate counts once, a revision replaces and a
// withdrawal takes back. An event older than what is remembered cannot be told from one that was counted already, so it
// is not counted. Bounds: kKeep of event time, kMost events (then the eldest days go).
#include <absl/container/flat_hash_map.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "score/measure.h"

namespace tocsin::score {

struct Counted {
  uint64_t uid = 0;  // 0: moved to another day
  TimeMs time = 0;
  uint64_t matter = 0;  // hash of the case; 0: none
  uint64_t place = 0;   // hash of place and trouble; 0: not a report of a place
  SpotId spot = 0;
  uint32_t revision = 0;
  SortId sort = 0;
  bool report = false;
  bool on_spot = false;   // a report of no case that is dealt with
  bool rewarded = false;  // the centre itself says that it found a risk
  bool withdrawn = false;
  uint8_t satisfaction = 0;
  uint8_t confirmed = 0;  // alerts that it was the first report of and that people said were true; at most 255

  bool finds() const { return report && (rewarded || confirmed > 0); }
};

class EventBook {
 public:
  static constexpr DurationMs kKeep = 40 * kDayMs;
  static constexpr size_t kMost = 4'000'000;
  static constexpr size_t kPiece = 4096;  // events of a day that are stored together

  // Null: not remembered. Valid until the next put() or forget_before().
  Counted* find(uint64_t uid);
  void fetch(uint64_t uid) const { where_.prefetch(uid); }
  void put(const Counted& counted);
  // Its day will be stored with the next checkpoint.
  void touch(const Counted& counted);
  // Events of before this are not taken in any more.
  TimeMs horizon() const { return horizon_; }
  void forget_before(TimeMs t);
  size_t size() const { return where_.size(); }
  size_t bytes() const;

  // f(day, piece, bytes); empty bytes: it is gone. Load the pieces of a day in their order.
  void take_changed(const std::function<void(int64_t, uint32_t, std::string)>& f);
  Status load(int64_t day, uint32_t piece, std::string_view bytes);
  void loaded(TimeMs horizon) { horizon_ = horizon; }
  void mark_all();

 private:
  struct Day {
    std::vector<Counted> events;  // in the order in which they came
    std::vector<bool> changed;    // by piece
    void touch(size_t index) {
      if (changed.size() <= index / kPiece) changed.resize(index / kPiece + 1);
      changed[index / kPiece] = true;
    }
  };
  struct Where {
    int32_t day;  // of UTC
    uint32_t index;
  };
  struct Identity {
    size_t operator()(uint64_t h) const { return h; }
  };
  static int64_t day_number(TimeMs t);
  Day& day_of(int64_t number);
  void forget_first_day();
  absl::flat_hash_map<uint64_t, Where, Identity> where_;
  std::map<int64_t, Day> days_;
  Day* last_day_ = nullptr;
  int64_t last_number_ = 0;
  std::vector<std::pair<int64_t, size_t>> forgotten_;  // and how many pieces it had
  TimeMs horizon_ = kNoTime;
};

}  // namespace tocsin::score
