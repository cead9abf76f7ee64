#pragma once
// Periods of the civil calendar that follow each other without a gap: days, weeks from Monday, months from the first,
// or every so many days counted from 1970-01-01; each begins at local midnight. Pure.
#include <string>
#include <string_view>

#include "base/status.h"
#include "time/format.h"

namespace tocsin {

class Periods {
 public:
  Periods() = default;
  // "day", "week", "month", or whole days up to a year as a duration: "30d", "2w".
  static Result<Periods> parse(std::string_view text, const TimeZone& zone);
  // Of the period that contains `t`.
  TimeMs start_of(TimeMs t) const;
  // Of the period after the one that begins at `start` (or contains it).
  TimeMs next(TimeMs start) const;
  // The first start that is not before `t`.
  TimeMs first_from(TimeMs t) const;
  // No period is longer.
  DurationMs longest() const;
  // The same text for the same periods.
  std::string text() const;

 private:
  int64_t first_day(int64_t day) const;
  int64_t day_after(int64_t first) const;
  TimeMs midnight(int64_t day) const;
  enum class Unit { kDays, kWeek, kMonth };
  Unit unit_ = Unit::kDays;
  int64_t days_ = 1;  // kDays
  TimeZone zone_ = TimeZone::utc();
};

}  // namespace tocsin
