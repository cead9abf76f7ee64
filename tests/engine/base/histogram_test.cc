#include "base/histogram.h"

#include <gtest/gtest.h>

#include <thread>

namespace tocsin {
namespace {

TEST(Histogram, BoundsAscendAndHoldTheRoundNumbers) {
  for (size_t i = 1; i < histogram::kBounds; ++i) EXPECT_LT(histogram::kBoundsNs[i - 1], histogram::kBoundsNs[i]);
  EXPECT_EQ(histogram::kBoundsNs.front(), 1'000u);
  EXPECT_EQ(histogram::kBoundsNs.back(), 100'000'000'000u);
  bool has_50_ms = false;
  for (const uint64_t bound : histogram::kBoundsNs) has_50_ms |= bound == 50'000'000;
  EXPECT_TRUE(has_50_ms);
}

// Every value lies in the bucket whose bound is the first not below it.
TEST(Histogram, ValuesGoToTheirBucket) {
  for (size_t i = 0; i < histogram::kBounds; ++i) {
    for (const uint64_t value : {histogram::kBoundsNs[i], histogram::kBoundsNs[i] + 1}) {
      LatencyHistogram h;
      h.record_ns(value);
      const size_t want = value == histogram::kBoundsNs[i] ? i : i + 1;
      EXPECT_EQ(h.snapshot().buckets[want], 1u) << value;
    }
  }
}

TEST(Histogram, ExtremesAreKept) {
  LatencyHistogram h;
  h.record_ns(0);
  h.record_ns(UINT64_MAX);
  h.record_ms(-5);
  const auto s = h.snapshot();
  EXPECT_EQ(s.buckets.front(), 2u);
  EXPECT_EQ(s.buckets.back(), 1u);
  EXPECT_EQ(s.count, 3u);
}

TEST(Histogram, Quantiles) {
  LatencyHistogram h;
  EXPECT_EQ(h.snapshot().quantile_ns(0.99), 0u);
  for (int i = 0; i < 99; ++i) h.record_ms(2);
  h.record_ms(40);
  EXPECT_EQ(h.snapshot().quantile_ns(0.5), 2'000'000u);
  EXPECT_EQ(h.snapshot().quantile_ns(0.99), 2'000'000u);
  EXPECT_EQ(h.snapshot().quantile_ns(1.0), 40'000'000u);
  h.record_ns(UINT64_MAX);
  EXPECT_EQ(h.snapshot().quantile_ns(1.0), UINT64_MAX);
}

TEST(Histogram, SnapshotsAddUp) {
  LatencyHistogram a, b;
  a.record_ms(1);
  b.record_ms(1);
  b.record_ms(3);
  auto sum = a.snapshot();
  sum.add(b.snapshot());
  EXPECT_EQ(sum.count, 3u);
  EXPECT_EQ(sum.sum_ns, 5'000'000u);
}

TEST(Histogram, SnapshotsWhileRecording) {
  LatencyHistogram h;
  std::thread writer([&] {
    for (uint64_t i = 0; i < 100'000; ++i) h.record_ns(i * 100);
  });
  uint64_t last = 0;
  while (last < 100'000) {
    const uint64_t count = h.snapshot().count;
    EXPECT_GE(count, last);
    last = count;
  }
  writer.join();
  EXPECT_EQ(h.snapshot().count, 100'000u);
}

}  // namespace
}  // namespace tocsin
