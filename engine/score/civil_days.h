#pragma once
// The civil day of an instant, quickly: what the zone says of a day of UTC is remembered. One thread.
#include <array>

#include "score/measure.h"
#include "time/format.h"

namespace tocsin::score {

class CivilDays {
 public:
  explicit CivilDays(TimeZone zone) : zone_(zone) {}
  // Days from 1970-01-01 in the zone; outside 0 … kMaxDay: -1.
  int64_t at(TimeMs t) const {
    if (t < 0) return -1;
    const int64_t utc = t / kDayMs;
    Entry& e = cache_[static_cast<size_t>(utc) % cache_.size()];
    if (e.utc != utc) {
      const DurationMs first = zone_.offset(utc * kDayMs), last = zone_.offset(utc * kDayMs + kDayMs - 1);
      e = {utc, first, first == last};
    }
    const int64_t local = t + (e.constant ? e.offset : zone_.offset(t));
    const int64_t day = local / kDayMs;
    return local < 0 || day > kMaxDay ? -1 : day;
  }

 private:
  struct Entry {
    int64_t utc = -1;
    DurationMs offset = 0;
    bool constant = false;  // all that day
  };
  TimeZone zone_;
  mutable std::array<Entry, 512> cache_{};
};

}  // namespace tocsin::score
