// The model of silences against formulas written out.
#include "detect/gap_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tocsin::detect {
namespace {

constexpr DurationMs kHour = 3'600'000, kDay = 24 * kHour;
constexpr int64_t kMonday = 18 * 7 + 4;  // 1970-05-11

Series<uint32_t> every_hour(int64_t from_day, int64_t days, uint32_t events = 1) {
  Series<uint32_t> s;
  for (int64_t h = from_day * 24; h < (from_day + days) * 24; ++h) s.add(h, events);
  return s;
}

TEST(GapModel, EvenHistoryIsTheLomaxTail) {
  const GapModel m = GapModel::fit(every_hour(kMonday, 28), kMonday + 28, 28);
  ASSERT_TRUE(m.known());
  const TimeMs last = (kMonday + 28) * kDay + 5 * kHour + 1234;
  for (const int hours : {0, 1, 3, 10, 30, 200}) {
    EXPECT_NEAR(m.probability(last, last + hours * kHour), std::pow(672.0 / (672.0 + hours), 672.5), 1e-12) << hours;
  }
}

TEST(GapModel, TheLeastGapIsTheLeast) {
  Series<uint32_t> s;
  for (int i = 0; i < 40; ++i) s.add(kMonday * 24 + i * 17, 1);
  const GapModel m = GapModel::fit(s, kMonday + 28, 28);
  ASSERT_TRUE(m.known());
  for (const double p : {0.5, 0.01, 1e-4, 1e-10}) {
    for (TimeMs last = (kMonday + 28) * kDay; last < (kMonday + 29) * kDay; last += 7 * kHour + 77) {
      const DurationMs gap = m.gap(last, p);
      EXPECT_LT(m.probability(last, last + gap), p);
      EXPECT_GE(m.probability(last, last + gap - 1), p);
      EXPECT_LE(m.least_gap(p), gap);
    }
  }
}

TEST(GapModel, WhoSleepsAtNightIsNotMissedThen) {
  Series<uint32_t> s;
  for (int64_t day = kMonday; day < kMonday + 28; ++day) {
    if ((day - kMonday) % 7 >= 5) continue;  // weekends too
    for (int64_t h = 8; h < 18; ++h) s.add(day * 24 + h, 3);
  }
  const GapModel m = GapModel::fit(s, kMonday + 28, 28);
  const TimeMs monday = (kMonday + 28) * kDay, friday = monday + 4 * kDay;
  const double night = m.probability(monday + 18 * kHour, monday + 32 * kHour);
  const double weekend = m.probability(friday + 18 * kHour, friday + (3 * 24 + 8) * kHour);
  const double morning = m.probability(monday + 8 * kHour, monday + 12 * kHour);
  EXPECT_GT(night, 0.1);
  EXPECT_GT(weekend, 0.05);
  EXPECT_LT(morning, 1e-4);
}

TEST(GapModel, BurstsMakeSilencesMoreProbable) {
  Series<uint32_t> even = every_hour(kMonday, 28), bursts;
  for (int64_t day = kMonday; day < kMonday + 28; day += 4) {
    for (int64_t h = 0; h < 24; ++h) bursts.add(day * 24 + h, 4);
  }
  const GapModel a = GapModel::fit(even, kMonday + 28, 28), b = GapModel::fit(bursts, kMonday + 28, 28);
  const TimeMs last = (kMonday + 28) * kDay;
  EXPECT_LT(a.probability(last, last + kDay), 1e-9);
  EXPECT_GT(b.probability(last, last + kDay), 0.3);
}

TEST(GapModel, KnowsNothingWithoutHistory) {
  EXPECT_FALSE(GapModel::fit({}, kMonday, 28).known());
  EXPECT_FALSE(GapModel::fit(every_hour(kMonday, 6), kMonday + 6, 7).known());  // six days
  EXPECT_TRUE(GapModel::fit(every_hour(kMonday, 8), kMonday + 8, 28).known());  // a quarter
  EXPECT_FALSE(GapModel::fit(every_hour(kMonday, 8), kMonday + 8, 56).known());
  Series<uint32_t> few;
  for (int i = 0; i < 8; ++i) few.add((kMonday + 2 * i) * 24, 1);
  EXPECT_FALSE(GapModel::fit(few, kMonday + 20, 28).known());
  few.add((kMonday + 17) * 24, 1);
  EXPECT_TRUE(GapModel::fit(few, kMonday + 20, 28).known());
  EXPECT_FALSE(GapModel::fit(few, kMonday + 200, 28).known());  // all of it is too old
}

// One day's events are known before the next day begins, not before.
TEST(GapModel, TheDayItselfIsNoHistory) {
  Series<uint32_t> s = every_hour(kMonday, 28);
  const GapModel before = GapModel::fit(s, kMonday + 27, 27);
  s.add((kMonday + 27) * 24 + 3, 1000);
  const GapModel after = GapModel::fit(s, kMonday + 27, 27);
  const TimeMs last = (kMonday + 27) * kDay;
  EXPECT_EQ(before.probability(last, last + kHour), after.probability(last, last + kHour));
}

TEST(Series, KeepsWhatIsNotZero) {
  Series<uint32_t> s;
  for (const int64_t at : {7, 3, 5, 3, -2}) s.add(at, 2);
  EXPECT_EQ(s.size(), 4U);
  EXPECT_EQ(s.first(), -2);
  EXPECT_EQ(s.at(3), 4U);
  EXPECT_EQ(s.sum(3, 7), 6U);
  s.add(5, static_cast<uint32_t>(-2));
  EXPECT_EQ(s.size(), 3U);
  std::string bytes;
  Writer out(bytes);
  s.encode(out);
  Series<uint32_t> again;
  Reader in(bytes);
  ASSERT_TRUE(again.decode(in));
  EXPECT_EQ(again.sum(-10, 10), s.sum(-10, 10));
  s.drop_before(4);
  EXPECT_EQ(s.first(), 7);
}

TEST(Series, WideNumbersComeBack) {
  Series<Int128> s;
  const Int128 big = (Int128{1} << 100) + 12345;
  s.add(1, big);
  s.add(2, -big);
  std::string bytes;
  Writer out(bytes);
  s.encode(out);
  Series<Int128> again;
  Reader in(bytes);
  ASSERT_TRUE(again.decode(in));
  EXPECT_TRUE(again.at(1) == big && again.at(2) == -big);
}

}  // namespace
}  // namespace tocsin::detect
