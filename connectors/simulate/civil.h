#pragma once
// Civil time at a fixed offset from UTC: all that the simulator needs of calendars, cheap and the same everywhere.
#include <cstdint>
#include <string>

#include "matter.h"

namespace tocsin::simulate {

class Civil {
 public:
  explicit Civil(DurationMs utc_offset) : offset_(utc_offset) {}
  // Days since 1970-01-01 of the local date.
  int64_t day(TimeMs t) const { return (t + offset_) / kDay; }
  TimeMs midnight(TimeMs t) const { return day(t) * kDay - offset_; }
  uint32_t hour(TimeMs t) const { return static_cast<uint32_t>((t + offset_) % kDay / kHour); }
  uint32_t month(TimeMs t) const;  // 0 January … 11
  // 0 Monday … 6 Sunday.
  uint32_t weekday(TimeMs t) const { return static_cast<uint32_t>((day(t) + 3) % 7); }
  // The same time of day `n` working days (Monday to Friday) later.
  TimeMs add_working_days(TimeMs t, int n) const;
  // The same, or the next morning between 8 and 10, when nobody is at work.
  TimeMs at_work(TimeMs t, uint32_t scatter) const;
  // RFC 3339 with the offset; a cache of the last date makes this cheap. Not thread-safe.
  void append(std::string& out, TimeMs t) const;

 private:
  DurationMs offset_;
  mutable int64_t cached_day_ = INT64_MIN;
  mutable char cached_[11] = {};
};

}  // namespace tocsin::simulate
