#include "time/calendar.h"

#include <algorithm>

namespace tocsin {
namespace {

constexpr int64_t kTableDays = 47'847;  // to the end of 2100
constexpr int64_t kSearchDays = 7320;   // no span reaches farther: spans are at most ten years

int64_t count_below(const std::vector<int64_t>& sorted, int64_t day) {
  return std::lower_bound(sorted.begin(), sorted.end(), day) - sorted.begin();
}

}  // namespace

WorkingTime::WorkingTime(Spec spec) : spec_(std::move(spec)) {
  for (const int64_t day : spec_.makeup_days) {
    if (!spec_.weekdays.contains(weekday_of(day))) extra_.push_back(day);
  }
  for (const int64_t day : spec_.holidays) {
    if (spec_.weekdays.contains(weekday_of(day)) && !spec_.makeup_days.contains(day)) off_.push_back(day);
  }
  for (const Hours& h : spec_.hours) day_ms_ += (h.end_minute - h.begin_minute) * DurationMs{60'000};
  const int64_t start = counted(0);
  for (int64_t day = 0; day < kTableDays; ++day) {
    const int64_t n = counted(day) - start;
    before_.push_back(static_cast<int32_t>(n));
    if (counted(day + 1) - start > n) worked_days_.push_back(static_cast<int32_t>(day));
  }
  for (int32_t& n : before_) n += static_cast<int32_t>(start);
}

WorkingTime::Local WorkingTime::local(TimeMs t) const {
  const int64_t ms = t + spec_.zone.offset(t);
  const int64_t day = floor_div(ms, kDayMs);
  return {day, ms - day * kDayMs};
}

TimeMs WorkingTime::instant(int64_t day, DurationMs in_day) const {
  const CivilDay d = civil_from_days(day);
  const auto ms = static_cast<int>(in_day);
  return spec_.zone.from_civil(d.year, d.month, d.day, 0, 0, ms / 1000, ms % 1000);
}

// Working days before `day`, up to a constant: only differences mean anything.
int64_t WorkingTime::counted(int64_t day) const {
  const int64_t week = floor_div(day + 3, 7);  // 1970-01-01 was a Thursday
  const int64_t in_week = day + 3 - week * 7;
  const auto weekdays = static_cast<int64_t>(spec_.weekdays.size());
  const int64_t partial =
      std::count_if(spec_.weekdays.begin(), spec_.weekdays.end(), [&](int d) { return d <= in_week; });
  return week * weekdays + partial - count_below(off_, day) + count_below(extra_, day);
}

bool WorkingTime::is_workday_number(int64_t day) const { return index(day + 1) > index(day); }

bool WorkingTime::Season::contains(int64_t day) const {
  if (from != 0) {
    const CivilDay civil = civil_from_days(day);
    const int at = civil.month * 100 + civil.day;
    if (from <= to ? at >= from && at <= to : at >= from || at <= to) return true;
  }
  return std::any_of(days.begin(), days.end(), [&](const auto& d) { return day >= d.first && day <= d.second; });
}

bool WorkingTime::in_season(std::string_view name, TimeMs t) const {
  const auto season = spec_.seasons.find(name);
  return season != spec_.seasons.end() && season->second.contains(local(t).day);
}

bool WorkingTime::is_workday(TimeMs t) const { return is_workday_number(local(t).day); }

// The n-th working day after `day` (n >= 1), or INT64_MAX when the calendar has none within twenty years.
int64_t WorkingTime::nth_after(int64_t day, int64_t n) const {
  const int64_t target = index(day + 1) + n;
  if (!before_.empty() && day >= 0 && day < kTableDays) {
    const auto place = static_cast<uint64_t>(target - 1 - before_.front());
    if (place < worked_days_.size()) return worked_days_[place];
  }
  int64_t low = day + 1;
  int64_t high = day + kSearchDays;
  if (index(high + 1) < target) return INT64_MAX;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (index(middle + 1) >= target) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Working milliseconds of a working day before this time of day.
DurationMs WorkingTime::worked(DurationMs in_day) const {
  DurationMs sum = 0;
  for (const Hours& h : spec_.hours) {
    const DurationMs begin = h.begin_minute * DurationMs{60'000};
    const DurationMs end = h.end_minute * DurationMs{60'000};
    sum += std::clamp(in_day, begin, end) - begin;
  }
  return sum;
}

TimeMs WorkingTime::add_hours(TimeMs from, DurationMs amount) const {
  if (amount <= 0) return from;
  if (day_ms_ <= 0) return kNever;
  const Local start = local(from);
  const bool today = is_workday_number(start.day);
  const DurationMs target = (today ? worked(start.in_day) : 0) + amount;
  const int64_t full_days = (target - 1) / day_ms_;
  const int64_t further = full_days + (today ? 0 : 1);
  const int64_t day = further == 0 ? start.day : nth_after(start.day, further);
  if (day == INT64_MAX) return kNever;
  DurationMs rest = target - full_days * day_ms_;  // in (0, day_ms_]
  for (const Hours& h : spec_.hours) {
    const DurationMs length = (h.end_minute - h.begin_minute) * DurationMs{60'000};
    if (rest <= length) return instant(day, h.begin_minute * DurationMs{60'000} + rest);
    rest -= length;
  }
  return kNever;
}

TimeMs WorkingTime::add(TimeMs from, const Span& span) const {
  switch (span.unit) {
    case Span::Unit::kPlain:
      return from + span.amount;
    case Span::Unit::kWorkingHours:
      return add_hours(from, span.amount);
    case Span::Unit::kWorkingDays:
      break;
  }
  if (span.amount <= 0) return from;
  const Local start = local(from);
  const int64_t day = nth_after(start.day, span.amount);
  return day == INT64_MAX ? kNever : instant(day, start.in_day);
}

DurationMs WorkingTime::between(TimeMs a, TimeMs b) const {
  if (b < a) return -between(b, a);
  const Local from = local(a);
  const Local to = local(b);
  DurationMs sum = (index(to.day) - index(from.day)) * day_ms_;
  if (is_workday_number(from.day)) sum -= worked(from.in_day);
  if (is_workday_number(to.day)) sum += worked(to.in_day);
  return sum;
}

}  // namespace tocsin
