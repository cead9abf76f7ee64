// Periods follow each other without a gap, also over clock changes, and begin at local midnight.
#include "time/period.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

constexpr DurationMs kHour = 3'600'000, kDay = 24 * kHour;

TimeMs at(const char* text) { return *parse_time(text, *TimeZone::load("Asia/Shanghai")); }

TEST(Periods, BeginWhereTheCalendarSays) {
  const TimeZone zone = *TimeZone::load("Asia/Shanghai");
  const Periods month = *Periods::parse("month", zone), week = *Periods::parse("week", zone);
  const Periods day = *Periods::parse("day", zone), thirty = *Periods::parse("30d", zone);
  EXPECT_EQ(month.start_of(at("2024-02-29T23:59:59")), at("2024-02-01"));
  EXPECT_EQ(month.next(at("2024-02-01")), at("2024-03-01"));
  EXPECT_EQ(month.next(at("2024-12-01")), at("2025-01-01"));
  EXPECT_EQ(week.start_of(at("2024-07-07T12:00")), at("2024-07-01"));  // a Sunday: its week began on Monday
  EXPECT_EQ(week.first_from(at("2024-07-01")), at("2024-07-01"));
  EXPECT_EQ(week.first_from(at("2024-07-01T00:00:00.001")), at("2024-07-08"));
  EXPECT_EQ(day.start_of(at("2024-07-07T00:00")), at("2024-07-07"));
  EXPECT_EQ(thirty.next(thirty.start_of(at("2024-07-07"))) - thirty.start_of(at("2024-07-07")), 30 * kDay);
  EXPECT_EQ(month.text(), "month");
  EXPECT_EQ(thirty.text(), "30d");
}

TEST(Periods, RefusesWhatIsNone) {
  for (const char* text : {"", "year", "36h", "0d", "400d", "3wd", "-1d"}) {
    EXPECT_FALSE(Periods::parse(text, TimeZone::utc())) << text;
  }
}

TEST(Periods, HaveNoGapsWhereClocksChange) {
  for (const char* name : {"America/New_York", "America/Sao_Paulo", "Asia/Beirut", "Asia/Shanghai", "UTC"}) {
    for (const char* every : {"day", "week", "month", "5d"}) {
      const Periods p = *Periods::parse(every, *TimeZone::load(name));
      TimeMs start = p.start_of(1'300'000'000'000);
      for (int i = 0; i < 900; ++i) {
        const TimeMs next = p.next(start);
        ASSERT_GT(next, start) << name << " " << every;
        ASSERT_LE(next - start, p.longest()) << name << " " << every;
        for (const TimeMs t : {start, start + 1, start + (next - start) / 2, next - 1}) {
          ASSERT_EQ(p.start_of(t), start) << name << " " << every << " " << format_time(t);
          ASSERT_EQ(p.first_from(t), t == start ? start : next) << name << " " << every;
        }
        start = next;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin
