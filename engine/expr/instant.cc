#include "expr/instant.h"

#include <array>
#include <charconv>
#include <cstdlib>

#include "time/format.h"

namespace tocsin::expr {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kSecondsPerDay = 86400;

Wide nanos_of(Instant v) { return static_cast<Wide>(v.seconds) * kNanosPerSecond + v.nanos; }

bool duration_of(Wide nanos, Instant& out) {
  if (nanos > INT64_MAX || nanos < INT64_MIN) return false;
  const auto n = static_cast<int64_t>(nanos);
  out = {n / kNanosPerSecond, static_cast<int32_t>(n % kNanosPerSecond)};
  return true;
}

bool timestamp_of(Wide nanos, Instant& out) {
  const Wide low = static_cast<Wide>(kMinTimestamp) * kNanosPerSecond;
  const Wide high = static_cast<Wide>(kMaxTimestamp) * kNanosPerSecond + (kNanosPerSecond - 1);
  if (nanos < low || nanos > high) return false;
  Wide seconds = nanos / kNanosPerSecond;
  Wide rest = nanos % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  out = {static_cast<int64_t>(seconds), static_cast<int32_t>(rest)};
  return true;
}

// Exactly `n` digits at the front of `s`, which is then shortened.
bool take_digits(std::string_view& s, size_t n, int& out) {
  if (s.size() < n) return false;
  out = 0;
  for (size_t i = 0; i < n; ++i) {
    if (s[i] < '0' || s[i] > '9') return false;
    out = out * 10 + (s[i] - '0');
  }
  s.remove_prefix(n);
  return true;
}

bool take(std::string_view& s, char c) {
  if (s.empty() || s[0] != c) return false;
  s.remove_prefix(1);
  return true;
}

// The digits after a decimal point as nanoseconds; digits past the ninth are dropped. False without any digit.
bool take_fraction(std::string_view& s, int32_t& nanos) {
  nanos = 0;
  size_t n = 0;
  for (int32_t unit = 100'000'000; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n, unit /= 10) {
    nanos += unit * (s[n] - '0');
  }
  s.remove_prefix(n);
  return n > 0;
}

int days_in_month(int64_t year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool take_zone(std::string_view& s, int64_t& offset) {
  offset = 0;
  if (take(s, 'Z') || take(s, 'z')) return true;
  if (s.empty() || (s[0] != '+' && s[0] != '-')) return false;
  const std::string_view text = s.substr(0, 6);
  s.remove_prefix(text.size());
  return text.size() == 6 && parse_offset(text, offset);
}

void append_fraction(std::string& out, int32_t nanos) {
  if (nanos == 0) return;
  std::array<char, 10> buf{'.'};
  for (size_t i = 9; i > 0; --i, nanos /= 10) buf[i] = static_cast<char>('0' + nanos % 10);
  size_t n = 10;
  while (buf[n - 1] == '0') --n;
  out.append(buf.data(), n);
}

void append_padded(std::string& out, int64_t v, size_t width) {
  const std::string digits = std::to_string(v);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

// Nanoseconds of a duration unit at the front of `s`; 0 when there is none.
int64_t take_unit(std::string_view& s) {
  struct Unit {
    std::string_view name;
    int64_t nanos;
  };
  // "ms" before "m": the longer name first.
  static constexpr std::array<Unit, 10> kUnits = {{{"ns", 1},
                                                   {"us", 1000},
                                                   {"\xC2\xB5s", 1000},
                                                   {"\xCE\xBCs", 1000},
                                                   {"ms", 1'000'000},
                                                   {"s", kNanosPerSecond},
                                                   {"m", 60 * kNanosPerSecond},
                                                   {"h", 3600 * kNanosPerSecond},
                                                   {"d", kSecondsPerDay * kNanosPerSecond},
                                                   {"w", 7 * kSecondsPerDay * kNanosPerSecond}}};
  for (const Unit& unit : kUnits) {
    if (!s.starts_with(unit.name)) continue;
    s.remove_prefix(unit.name.size());
    return unit.nanos;
  }
  return 0;
}

// One "1.5h" at the front of `s`, added to `total`.
bool take_duration_part(std::string_view& s, Wide& total) {
  Wide whole = 0;
  size_t n = 0;
  for (; n < s.size() && s[n] >= '0' && s[n] <= '9'; ++n) {
    whole = whole * 10 + (s[n] - '0');
    if (whole > INT64_MAX) return false;
  }
  s.remove_prefix(n);
  int32_t fraction = 0;
  if (take(s, '.')) {
    if (!take_fraction(s, fraction) && n == 0) return false;
  } else if (n == 0) {
    return false;
  }
  const int64_t unit = take_unit(s);
  if (unit == 0) return false;
  total += whole * unit + static_cast<Wide>(fraction) * unit / kNanosPerSecond;
  return total <= static_cast<Wide>(INT64_MAX) + 1;
}

}  // namespace

CivilTime to_civil(int64_t seconds) {
  const int64_t days = floor_div(seconds, kSecondsPerDay);
  const auto rest = static_cast<int>(seconds - days * kSecondsPerDay);
  const CivilDay date = civil_from_days(days);
  CivilTime c{};
  c.day = date.day;
  c.month = date.month;
  c.year = date.year;
  c.hour = rest / 3600;
  c.minute = rest / 60 % 60;
  c.second = rest % 60;
  c.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  c.yearday = static_cast<int>(days - days_from_civil(c.year, 1, 1));
  return c;
}

bool parse_offset(std::string_view text, int64_t& seconds) {
  const bool west = !text.empty() && text[0] == '-';
  if (west || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!take_digits(text, 2, hours) || !take(text, ':') || !take_digits(text, 2, minutes) || !text.empty()) return false;
  if (hours > 23 || minutes > 59) return false;
  seconds = int64_t{3600} * hours + int64_t{60} * minutes;
  if (west) seconds = -seconds;
  return true;
}

bool parse_instant(std::string_view text, Instant& out) {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int32_t nanos = 0;
  int64_t offset = 0;
  if (!take_digits(text, 4, year) || !take(text, '-') || !take_digits(text, 2, month) || !take(text, '-') ||
      !take_digits(text, 2, day) || (!take(text, 'T') && !take(text, 't')) || !take_digits(text, 2, hour) ||
      !take(text, ':') || !take_digits(text, 2, minute) || !take(text, ':') || !take_digits(text, 2, second)) {
    return false;
  }
  if (take(text, '.') && !take_fraction(text, nanos)) return false;
  if (!take_zone(text, offset) || !text.empty()) return false;
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  out = {days_from_civil(year, month, day) * kSecondsPerDay + int64_t{3600} * hour + int64_t{60} * minute + second -
             offset,
         nanos};
  return valid_timestamp(out);
}

bool parse_instant_duration(std::string_view text, Instant& out) {
  const bool negative = take(text, '-');
  if (!negative) (void)take(text, '+');
  if (text == "0") {
    out = {0, 0};
    return true;
  }
  if (text.empty()) return false;
  Wide total = 0;
  while (!text.empty()) {
    if (!take_duration_part(text, total)) return false;
  }
  return duration_of(negative ? -total : total, out);
}

void append_instant(std::string& out, Instant t) {
  const CivilTime c = to_civil(t.seconds);
  append_padded(out, c.year, 4);
  out += '-';
  append_padded(out, c.month, 2);
  out += '-';
  append_padded(out, c.day, 2);
  out += 'T';
  append_padded(out, c.hour, 2);
  out += ':';
  append_padded(out, c.minute, 2);
  out += ':';
  append_padded(out, c.second, 2);
  append_fraction(out, t.nanos);
  out += 'Z';
}

void append_instant_duration(std::string& out, Instant d) {
  if (d.seconds == 0 && d.nanos < 0) out += '-';
  out += std::to_string(d.seconds);
  append_fraction(out, std::abs(d.nanos));
  out += 's';
}

bool valid_timestamp(Instant t) {
  return t.seconds >= kMinTimestamp && t.seconds <= kMaxTimestamp && t.nanos >= 0 && t.nanos < kNanosPerSecond;
}

bool valid_duration(Instant d) {
  if (d.nanos <= -kNanosPerSecond || d.nanos >= kNanosPerSecond) return false;
  if ((d.seconds > 0 && d.nanos < 0) || (d.seconds < 0 && d.nanos > 0)) return false;
  Instant unused;
  return duration_of(nanos_of(d), unused);
}

bool add_durations(Instant a, Instant b, Instant& out) { return duration_of(nanos_of(a) + nanos_of(b), out); }

bool subtract_durations(Instant a, Instant b, Instant& out) { return duration_of(nanos_of(a) - nanos_of(b), out); }

bool shift_timestamp(Instant t, Instant by, bool back, Instant& out) {
  return timestamp_of(back ? nanos_of(t) - nanos_of(by) : nanos_of(t) + nanos_of(by), out);
}

bool between_timestamps(Instant a, Instant b, Instant& out) { return duration_of(nanos_of(a) - nanos_of(b), out); }

}  // namespace tocsin::expr
