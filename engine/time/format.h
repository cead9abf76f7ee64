#pragma once
// RFC 3339 times, civil time zones, and the durations of the language (`90s 15m 2h 7d`, working time `3wd 8wh`).
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin {

// A civil time zone by IANA name ("Asia/Shanghai", "America/New_York", "UTC"). Cheap to copy; thread-safe.
class TimeZone {
 public:
  static Result<TimeZone> load(std::string_view name);
  static TimeZone utc();
  // Civil local time to an instant; a time that a clock change skips or repeats takes the earlier offset.
  TimeMs from_civil(int64_t year, int month, int day, int hour, int minute, int second, int millisecond) const;
  struct Civil {
    int64_t year;
    int month, day, hour, minute, second, millisecond;
    int weekday;  // 1 Monday … 7 Sunday
    int yearday;  // 1 … 366
  };
  Civil to_civil(TimeMs t) const;
  // Offset from UTC at `t`, milliseconds.
  DurationMs offset(TimeMs t) const;
  const std::string& name() const;

 private:
  struct Impl;
  const Impl* impl_ = nullptr;  // interned, never freed
};

// Days since 1970-01-01 of a civil date (proleptic Gregorian) and back; 1 Monday … 7 Sunday of such a day.
struct CivilDay {
  int64_t year;
  int month, day;
};
int64_t days_from_civil(int64_t year, int month, int day);
CivilDay civil_from_days(int64_t days);
int weekday_of(int64_t days);

// "2024-07-01T08:30:00Z", "2024-07-01 08:30:00.250+08:00", "2024-07-01T08:30", "2024-07-01"; without an offset the time
// is in `zone`. Digits past milliseconds are cut. Empty on anything else. Allocation-free.
std::optional<TimeMs> parse_time(std::string_view text, const TimeZone& zone);
// RFC 3339, UTC with "Z", milliseconds only when not zero.
std::string format_time(TimeMs t);
void append_time(std::string& out, TimeMs t);
// RFC 3339 with the zone's offset, e.g. 2024-07-01T08:30:00+08:00.
std::string format_time(TimeMs t, const TimeZone& zone);

// A span of the language: plain milliseconds, or working time by the calendar.
struct Span {
  enum class Unit { kPlain, kWorkingDays, kWorkingHours };
  Unit unit = Unit::kPlain;
  int64_t amount = 0;  // milliseconds, or working milliseconds (kWorkingHours), or working days
  bool operator==(const Span&) const = default;
};

// "500ms" "90s" "15m" "2h" "7d" "8w", sums as "1h30m"; "3wd" and "8wh" alone. At most 10 years; no sign.
Result<Span> parse_span(std::string_view text);
// Only plain spans.
Result<DurationMs> parse_duration(std::string_view text);
// The shortest text that reads back: "1h30m", "7d".
std::string format_duration(DurationMs d);

// "300m" "1.2km" to metres.
Result<double> parse_distance(std::string_view text);

}  // namespace tocsin
