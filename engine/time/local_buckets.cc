#include "time/local_buckets.h"

#include <algorithm>

namespace tocsin {

TimeMs LocalBuckets::begin(int64_t bucket) const {
  const int64_t local = bucket * every_;
  const DurationMs before = zone_.offset(local - kDayMs), after = zone_.offset(local + kDayMs);
  if (before == after) return local - before;
  // A clock change is near: the first instant at which the local clock shows it or later.
  TimeMs low = local - std::max(before, after) - 1, high = local - std::min(before, after);
  while (high - low > 1) {
    const TimeMs middle = low + (high - low) / 2;
    (middle + zone_.offset(middle) >= local ? high : low) = middle;
  }
  return high;
}

}  // namespace tocsin
