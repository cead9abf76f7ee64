#pragma once
// Equal pieces of the local clock: hours, several hours, days. A bucket is a number; the same hour of the next week is
// 7 · 24h / every further on. Where the clock goes forward a bucket may be missing, where it goes back one is longer.
#include "time/format.h"

namespace tocsin {

class LocalBuckets {
 public:
  // Precondition: `every` is whole hours and divides a day.
  LocalBuckets(DurationMs every, const TimeZone& zone) : every_(every), zone_(zone) {}
  int64_t at(TimeMs t) const {
    const int64_t local = t + zone_.offset(t);
    return local / every_ - (local % every_ < 0 ? 1 : 0);
  }
  // The first instant whose bucket is `bucket` or a later one; end(b) = begin(b + 1).
  TimeMs begin(int64_t bucket) const;
  // False where the clock skips it whole.
  bool exists(int64_t bucket) const { return begin(bucket) < begin(bucket + 1); }
  int64_t a_week() const { return 7 * kDayMs / every_; }

 private:
  DurationMs every_;
  TimeZone zone_;
};

}  // namespace tocsin
