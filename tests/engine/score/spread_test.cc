#include "score/spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "score/figures.h"

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

// Few durations and many, some of them taken back: what is told is that of the values that remain.
TEST(Spread, AHistogramTellsOfAnyNumberOfThem) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    Histogram histogram;
    std::vector<uint16_t> there;
    const size_t n = random() % (round % 3 == 0 ? 20 : 700);
    for (size_t i = 0; i < n; ++i) {
      there.push_back(static_cast<uint16_t>(random() % (round % 2 == 0 ? 5 : spread::kBuckets)));
      histogram.add(there.back(), 1);
      if (random() % 3 != 0) continue;
      const size_t at = random() % there.size();
      histogram.add(there[at], -1);
      there.erase(there.begin() + static_cast<ptrdiff_t>(at));
    }
    std::sort(there.begin(), there.end());
    const Durations told = histogram.durations();
    ASSERT_EQ(told.n, there.size());
    ASSERT_EQ(told.median.has_value(), !there.empty());
    if (there.empty()) continue;
    const auto nearest = [&](double q) {
      return spread::value_of(there[static_cast<size_t>(std::ceil(q * static_cast<double>(there.size()))) - 1]);
    };
    EXPECT_EQ(told.median, nearest(0.5));
    EXPECT_EQ(told.p90, nearest(0.9));
  }
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
