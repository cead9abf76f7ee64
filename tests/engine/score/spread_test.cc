#include "score/spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace tocsin::score::spread {
namespace {

TEST(Spread, EveryValueIsToldWithinTwoPercent) {
  for (int64_t s = 0; s <= kLongest; s += 1 + s / 700) {
    const uint16_t b = bucket_of(s * 1000);
    ASSERT_LT(b, kBuckets);
    ASSERT_LE(kLeast[b], s);
    ASSERT_GT(kLeast[b + 1U], s);
    ASSERT_LE(std::abs(value_of(b) - static_cast<double>(s)), 0.02 * static_cast<double>(s)) << s;
  }
}

TEST(Spread, ShortValuesAreExactAndTheEndsAreCut) {
  for (int64_t s = 0; s <= 25; ++s) EXPECT_EQ(value_of(bucket_of(s * 1000)), static_cast<double>(s));
  EXPECT_EQ(bucket_of(-5000), 0);
  EXPECT_EQ(bucket_of(INT64_MAX), bucket_of(kLongest * 1000));
}

TEST(Spread, QuantilesOfAMergeAreThoseOfTheWholeWithinTwoPercent) {
  std::mt19937 random(7);
  std::vector<double> all;
  std::map<uint16_t, uint64_t> merged;
  for (int part = 0; part < 5; ++part) {
    for (int i = 0; i < 400; ++i) {
      const auto seconds = static_cast<int64_t>(std::exp(1 + part + 8.0 * static_cast<double>(random() % 1000) / 1000));
      all.push_back(static_cast<double>(seconds));
      ++merged[bucket_of(seconds * 1000)];
    }
  }
  std::ranges::sort(all);
  const std::vector<std::pair<uint16_t, uint64_t>> counts(merged.begin(), merged.end());
  for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(all.size())));
    const double exact = all[std::max<size_t>(rank, 1) - 1];
    EXPECT_NEAR(quantile(counts, q), exact, 0.02 * exact) << q;
  }
}

}  // namespace
}  // namespace tocsin::score::spread
