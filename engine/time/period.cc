#include "time/period.h"

namespace tocsin {
namespace {

constexpr int64_t kMaxDays = 366;

}  // namespace

Result<Periods> Periods::parse(std::string_view text, const TimeZone& zone) {
  Periods p;
  p.zone_ = zone;
  if (text == "day") return p;
  if (text == "week" || text == "month") {
    p.unit_ = text == "week" ? Unit::kWeek : Unit::kMonth;
    return p;
  }
  const auto span = parse_duration(text);
  if (!span || *span <= 0 || *span % kDayMs != 0 || *span / kDayMs > kMaxDays) {
    return invalid("a period is day, week, month, or whole days such as 30d");
  }
  p.days_ = *span / kDayMs;
  return p;
}

std::string Periods::text() const {
  if (unit_ == Unit::kWeek) return "week";
  return unit_ == Unit::kMonth ? "month" : std::to_string(days_) + "d";
}

int64_t Periods::first_day(int64_t day) const {
  switch (unit_) {
    case Unit::kWeek:
      return day - (weekday_of(day) - 1);
    case Unit::kMonth: {
      const CivilDay civil = civil_from_days(day);
      return days_from_civil(civil.year, civil.month, 1);
    }
    case Unit::kDays:
      break;
  }
  return floor_div(day, days_) * days_;
}

int64_t Periods::day_after(int64_t first) const {
  if (unit_ == Unit::kWeek) return first + 7;
  if (unit_ == Unit::kDays) return first + days_;
  const CivilDay civil = civil_from_days(first);
  return civil.month == 12 ? days_from_civil(civil.year + 1, 1, 1) : days_from_civil(civil.year, civil.month + 1, 1);
}

TimeMs Periods::midnight(int64_t day) const {
  const CivilDay d = civil_from_days(day);
  return zone_.from_civil(d.year, d.month, d.day, 0, 0, 0, 0);
}

TimeMs Periods::start_of(TimeMs t) const {
  const int64_t day = floor_div(t + zone_.offset(t), kDayMs);
  const TimeMs start = midnight(first_day(day));
  // Where a clock change skips midnight, the period begins with the first instant of its day.
  return start <= t ? start : midnight(first_day(first_day(day) - 1));
}

TimeMs Periods::next(TimeMs start) const {
  const int64_t day = floor_div(start + zone_.offset(start), kDayMs);
  const TimeMs after = midnight(day_after(first_day(day)));
  return after > start ? after : midnight(day_after(day_after(first_day(day))));
}

TimeMs Periods::first_from(TimeMs t) const {
  const TimeMs start = start_of(t);
  return start == t ? start : next(start);
}

DurationMs Periods::longest() const {
  const int64_t days = unit_ == Unit::kWeek ? 7 : unit_ == Unit::kMonth ? 31 : days_;
  return days * kDayMs + kDayMs / 8;  // a day of a clock change is longer
}

}  // namespace tocsin
