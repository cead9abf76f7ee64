#include "score/spread.h"

#include <algorithm>
#include <cmath>

namespace tocsin::score::spread {

uint16_t bucket_of(DurationMs duration) {
  const int64_t seconds = std::clamp<int64_t>(duration / 1000, 0, kLongest);
  const auto* above = std::upper_bound(kLeast.begin(), kLeast.end(), seconds);
  return static_cast<uint16_t>(above - kLeast.begin() - 1);
}

double quantile(std::span<const std::pair<uint16_t, uint64_t>> counts, double q) {
  uint64_t all = 0;
  for (const auto& [bucket, n] : counts) all += n;
  const auto rank = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(all))));
  uint64_t seen = 0;
  for (const auto& [bucket, n] : counts) {
    seen += n;
    if (seen >= rank) return value_of(bucket);
  }
  return counts.empty() ? 0 : value_of(counts.back().first);
}

}  // namespace tocsin::score::spread
