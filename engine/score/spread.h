#pragma once
// A histogram of durations whose buckets never change, so that histograms of days, places and services add up to one:
// quantiles of any span come from the sum. Whole seconds; exact up to 25 s, from there to three years each value is
// told with a relative error of at most 2 % (buckets grow by a factor of 1.04; a value is told as its bucket's middle).
// Integers alone: the same on every machine.
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "base/clock.h"

namespace tocsin::score::spread {

inline constexpr uint16_t kBuckets = 432;
inline constexpr int64_t kLongest = 3LL * 366 * 86'400;  // seconds; longer counts as this

// Least value of each bucket, in seconds.
inline constexpr std::array<int64_t, kBuckets + 1> kLeast = [] {
  std::array<int64_t, kBuckets + 1> least{};
  int64_t at = 0;
  for (int64_t& v : least) {
    v = at;
    at += at < 26 ? 1 : at / 25;
  }
  return least;
}();
static_assert(kLeast[kBuckets] > kLongest);

// Of a duration in milliseconds; a negative one counts as 0.
uint16_t bucket_of(DurationMs duration);
// The value that stands for a bucket, in seconds.
constexpr double value_of(uint16_t bucket) { return static_cast<double>(kLeast[bucket] + kLeast[bucket + 1U] - 1) / 2; }
// The value at or below which the share `q` (0 < q <= 1) of the values lies, by nearest rank; `counts` ascending by
// bucket. Precondition: there is at least one.
double quantile(std::span<const std::pair<uint16_t, uint64_t>> counts, double q);

}  // namespace tocsin::score::spread
