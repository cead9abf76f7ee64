// Buckets of the local clock, through clock changes.
#include "time/local_buckets.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

constexpr DurationMs kHour = 3'600'000;

TEST(LocalBuckets, BeginAndEndFitEveryInstant) {
  for (const char* name : {"Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"}) {
    const TimeZone zone = *TimeZone::load(name);
    for (const DurationMs every : {kHour, 3 * kHour, 24 * kHour}) {
      const LocalBuckets buckets(every, zone);
      const TimeMs from = 1'704'067'200'000;  // 2024
      for (TimeMs t = from; t < from + 366 * 24 * kHour; t += 37 * 60'000) {
        const int64_t b = buckets.at(t);
        ASSERT_LE(buckets.begin(b), t) << name;
        ASSERT_GT(buckets.begin(b + 1), t) << name;
      }
    }
  }
}

TEST(LocalBuckets, AClockChangeSkipsAndStretches) {
  const TimeZone zone = *TimeZone::load("America/New_York");
  const LocalBuckets hours(kHour, zone);
  const auto bucket = [&](int month, int day, int hour) {
    return hours.at(zone.from_civil(2024, month, day, 0, 0, 0, 0)) + hour;
  };
  EXPECT_FALSE(hours.exists(bucket(3, 10, 2)));
  EXPECT_TRUE(hours.exists(bucket(3, 10, 3)));
  const int64_t twice = bucket(11, 3, 1);
  EXPECT_EQ(hours.begin(twice + 1) - hours.begin(twice), 2 * kHour);
  // The same hour a week later, though the clock has changed in between.
  EXPECT_EQ(hours.begin(twice + hours.a_week()) - hours.begin(twice), (7 * 24 + 1) * kHour);
}

}  // namespace
}  // namespace tocsin
