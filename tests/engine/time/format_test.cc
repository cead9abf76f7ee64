#include "time/format.h"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace tocsin {
namespace {

TimeZone zone(std::string_view name) { return TimeZone::load(name).value(); }

TEST(Time, ReadsRfc3339) {
  const TimeZone utc = TimeZone::utc();
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z", utc), 0);
  EXPECT_EQ(parse_time("2024-07-01T08:30:00Z", utc), 1719822600000);
  EXPECT_EQ(parse_time("2024-07-01 08:30:00.250+08:00", utc), 1719793800250);
  EXPECT_EQ(parse_time("2024-07-01t08:30:00.2509z", utc), 1719822600250);
  EXPECT_EQ(parse_time("2024-07-01T08:30", utc), 1719822600000);
  EXPECT_EQ(parse_time("2024-07-01", utc), 1719792000000);
  EXPECT_EQ(parse_time("2024-07-01T08:30:00-0930", utc), 1719822600000 + 9 * 3600000 + 1800000);
  EXPECT_EQ(parse_time("2024-02-29T00:00:00Z", utc), 1709164800000);
  EXPECT_EQ(parse_time("2016-12-31T23:59:60Z", utc), 1483228799000);
}

TEST(Time, RefusesAnythingElse) {
  for (const char* text : {"",
                           "2024",
                           "2024-7-1",
                           "2024-13-01",
                           "2024-00-01",
                           "2024-02-30",
                           "2023-02-29",
                           "2024-07-01T",
                           "2024-07-01T25:00",
                           "2024-07-01T08:60",
                           "2024-07-01T08:30:61",
                           "2024-07-01T08:30:00.",
                           "2024-07-01T08:30:00+",
                           "2024-07-01T08:30:00+8",
                           "2024-07-01T08:30:00Zx",
                           "2024-07-01x08:30:00",
                           "20240701",
                           "-024-07-01",
                           "2024-07-01T08:30:00+19:00",
                           "2024-07-01T08:30:00 Z",
                           " 2024-07-01"}) {
    EXPECT_EQ(parse_time(text, TimeZone::utc()), std::nullopt) << text;
  }
}

TEST(Time, CivilZones) {
  EXPECT_EQ(parse_time("2024-07-01T08:30:00", zone("Asia/Shanghai")), 1719793800000);
  const TimeZone york = zone("America/New_York");
  EXPECT_EQ(parse_time("2024-07-01T08:30:00", york), 1719837000000);
  EXPECT_EQ(parse_time("2024-01-01T08:30:00", york), 1704115800000);
  EXPECT_EQ(york.offset(1704115800000), -5 * 3600000);
  EXPECT_EQ(york.offset(1719837000000), -4 * 3600000);
  // Skipped (2023-03-12 02:30) and repeated (2023-11-05 01:30) take the earlier offset.
  EXPECT_EQ(format_time(*parse_time("2023-03-12T02:30:00", york)), "2023-03-12T07:30:00Z");
  EXPECT_EQ(format_time(*parse_time("2023-11-05T01:30:00", york)), "2023-11-05T05:30:00Z");
  EXPECT_EQ(format_time(*parse_time("2023-11-05T02:00:00", york)), "2023-11-05T07:00:00Z");
  // Outside the table.
  EXPECT_EQ(format_time(*parse_time("1960-01-01T00:00:00", york)), "1960-01-01T05:00:00Z");
  EXPECT_EQ(format_time(*parse_time("2200-01-01T00:00:00", york)), "2200-01-01T05:00:00Z");
  EXPECT_FALSE(TimeZone::load("Asia/Cixi"));
  EXPECT_FALSE(TimeZone::load(""));
  EXPECT_EQ(zone("Asia/Shanghai").name(), "Asia/Shanghai");
}

// The table must say what the library says, everywhere: civil → instant → civil, an instant every 37 hours.
TEST(Time, CivilRoundTrip) {
  for (const char* name : {"UTC", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"}) {
    const TimeZone z = zone(name);
    for (TimeMs t = 0; t < 4'102'444'800'000; t += 37 * 3'600'000 + 123) {
      const TimeZone::Civil c = z.to_civil(t);
      const TimeMs back = z.from_civil(c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond);
      // A repeated hour may come back as its first occurrence.
      ASSERT_TRUE(back == t || (back < t && t - back <= 3'600'000)) << name << " " << format_time(t);
      ASSERT_EQ(parse_time(format_time(t, z), TimeZone::utc()), t);
      ASSERT_EQ(parse_time(format_time(t), z), t);
    }
  }
}

TEST(Time, CivilParts) {
  const TimeZone::Civil c = zone("Asia/Shanghai").to_civil(1719793800250);
  EXPECT_EQ(std::tie(c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond),
            std::make_tuple(2024, 7, 1, 8, 30, 0, 250));
  EXPECT_EQ(c.weekday, 1);
  EXPECT_EQ(c.yearday, 183);
}

TEST(Time, Formats) {
  EXPECT_EQ(format_time(1719822600000), "2024-07-01T08:30:00Z");
  EXPECT_EQ(format_time(1719822600007), "2024-07-01T08:30:00.007Z");
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_time(1719793800000, zone("Asia/Shanghai")), "2024-07-01T08:30:00+08:00");
  EXPECT_EQ(format_time(1719837000000, zone("America/New_York")), "2024-07-01T08:30:00-04:00");
}

TEST(Span, Reads) {
  const std::vector<std::pair<const char*, int64_t>> cases = {
      {"500ms", 500},      {"90s", 90'000},           {"15m", 900'000},     {"2h", 7'200'000},
      {"7d", 604'800'000}, {"8w", 4'838'400'000},     {"1h30m", 5'400'000}, {"1d2h3m4s5ms", 93'784'005},
      {"0s", 0},           {"3653d", 315'619'200'000}};
  for (const auto& [text, ms] : cases) {
    const auto span = parse_span(text);
    ASSERT_TRUE(span) << text;
    EXPECT_EQ(*span, (Span{Span::Unit::kPlain, ms})) << text;
  }
  EXPECT_EQ(*parse_span("3wd"), (Span{Span::Unit::kWorkingDays, 3}));
  EXPECT_EQ(*parse_span("8wh"), (Span{Span::Unit::kWorkingHours, 28'800'000}));
}

TEST(Span, RefusesWithAMessage) {
  for (const char* text : {"", "5", "m", "-5m", "5 m", "5x", "30m1h", "1h1h", "3wd2h", "2h3wd", "3654d", "1.5h", "5M",
                           "99999999999999999999s", "4000wd"}) {
    const auto span = parse_span(text);
    ASSERT_FALSE(span) << text;
    EXPECT_NE(span.error().message.find("is not a duration"), std::string::npos);
  }
  EXPECT_FALSE(parse_duration("3wd"));
  EXPECT_EQ(*parse_duration("10m"), 600'000);
}

TEST(Span, FormatReadsBack) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(5'400'000), "1h30m");
  EXPECT_EQ(format_duration(604'800'000), "7d");
  EXPECT_EQ(format_duration(-90'500), "-1m30s500ms");
  for (int64_t d = 1; d < 300'000'000'000; d = d * 7 + 3) EXPECT_EQ(*parse_duration(format_duration(d)), d);
}

TEST(Distance, Reads) {
  EXPECT_EQ(*parse_distance("300m"), 300);
  EXPECT_EQ(*parse_distance("1.2km"), 1200);
  for (const char* text : {"", "300", "m", "-1m", "1 km", "1mi", "inf m", "nanm", "1e3m", "30000km"}) {
    EXPECT_FALSE(parse_distance(text)) << text;
  }
}

}  // namespace
}  // namespace tocsin
