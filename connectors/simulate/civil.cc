#include "civil.h"

namespace tocsin::simulate {
namespace {

struct Date {
  int64_t year;
  uint32_t month, day;  // from 1
};

// Days since 1970-01-01 to the proleptic Gregorian date (H. Hinnant's algorithm). Precondition: days >= 0.
Date date_of(int64_t days) {
  const int64_t z = days + 719468;
  const int64_t era = z / 146097;
  const int64_t of_era = z - era * 146097;
  const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const int64_t shifted = (5 * of_year + 2) / 153;
  const auto day = static_cast<uint32_t>(of_year - (153 * shifted + 2) / 5 + 1);
  const auto month = static_cast<uint32_t>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

void two_digits(char* out, int64_t v) {
  out[0] = static_cast<char>('0' + v / 10);
  out[1] = static_cast<char>('0' + v % 10);
}

}  // namespace

uint32_t Civil::month(TimeMs t) const { return date_of(day(t)).month - 1; }

TimeMs Civil::add_working_days(TimeMs t, int n) const {
  while (n > 0) {
    t += kDay;
    if (weekday(t) < 5) --n;
  }
  return t;
}

TimeMs Civil::at_work(TimeMs t, uint32_t scatter) const {
  const uint32_t h = hour(t);
  if (h >= 8 && h < 20) return t;
  return midnight(t) + (h >= 20 ? kDay : 0) + 8 * kHour + (scatter % 7200) * kSecond;
}

void Civil::append(std::string& out, TimeMs t) const {
  const int64_t local = t + offset_;
  const int64_t today = local / kDay;
  if (today != cached_day_) {
    const Date d = date_of(today);
    two_digits(cached_, d.year / 100);
    two_digits(cached_ + 2, d.year % 100);
    cached_[4] = cached_[7] = '-';
    two_digits(cached_ + 5, d.month);
    two_digits(cached_ + 8, d.day);
    cached_[10] = 'T';
    cached_day_ = today;
  }
  const int64_t second = local % kDay / kSecond;
  char clock[14];
  two_digits(clock, second / 3600);
  clock[2] = clock[5] = ':';
  two_digits(clock + 3, second / 60 % 60);
  two_digits(clock + 6, second % 60);
  const int64_t minutes = (offset_ < 0 ? -offset_ : offset_) / kMinute;
  clock[8] = offset_ < 0 ? '-' : '+';
  two_digits(clock + 9, minutes / 60);
  clock[11] = ':';
  two_digits(clock + 12, minutes % 60);
  out.append(cached_, 11).append(clock, 14);
}

}  // namespace tocsin::simulate
