// RFC 3339 text to instants and back; the event reader's hot path, so no allocation and no locale.
#include <charconv>

#include "time/format.h"

namespace tocsin {
namespace {

struct Cursor {
  const char* p;
  const char* end;

  // Exactly `n` digits, or -1.
  int digits(int n) {
    if (end - p < n) return -1;
    int v = 0;
    for (int i = 0; i < n; ++i) {
      const auto d = static_cast<unsigned>(p[i] - '0');
      if (d > 9) return -1;
      v = v * 10 + static_cast<int>(d);
    }
    p += n;
    return v;
  }
  bool skip(char c) {
    if (p == end || *p != c) return false;
    ++p;
    return true;
  }
  bool done() const { return p == end; }
};

bool leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int year, int month) {
  static constexpr signed char kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && leap(year));
}

struct Parts {
  int year, month, day, hour = 0, minute = 0, second = 0, ms = 0;
};

bool parse_date(Cursor& in, Parts& out) {
  out.year = in.digits(4);
  if (out.year < 0 || !in.skip('-')) return false;
  out.month = in.digits(2);
  if (out.month < 1 || out.month > 12 || !in.skip('-')) return false;
  out.day = in.digits(2);
  return out.day >= 1 && out.day <= days_in_month(out.year, out.month);
}

bool parse_fraction(Cursor& in, int& ms) {
  int digits = 0;
  for (; in.p != in.end && *in.p >= '0' && *in.p <= '9'; ++in.p, ++digits) {
    if (digits < 3) ms = ms * 10 + (*in.p - '0');
  }
  for (int i = digits; i < 3; ++i) ms *= 10;
  return digits > 0;
}

bool parse_clock(Cursor& in, Parts& out) {
  out.hour = in.digits(2);
  if (out.hour < 0 || out.hour > 23 || !in.skip(':')) return false;
  out.minute = in.digits(2);
  if (out.minute < 0 || out.minute > 59) return false;
  if (!in.skip(':')) return true;
  out.second = in.digits(2);
  if (out.second < 0 || out.second > 60) return false;
  if (out.second == 60) out.second = 59;  // a leap second is its minute's last
  return (!in.skip('.') && !in.skip(',')) || parse_fraction(in, out.ms);
}

// "Z", "+08:00", "+0800" or nothing; false on anything else. `has` tells whether there was one.
bool parse_offset(Cursor& in, bool& has, int64_t& offset_ms) {
  has = !in.done();
  offset_ms = 0;
  if (!has) return true;
  if (in.skip('Z') || in.skip('z')) return in.done();
  const bool minus = *in.p == '-';
  if (!in.skip('+') && !in.skip('-')) return false;
  const int hours = in.digits(2);
  if (hours < 0 || hours > 18) return false;
  in.skip(':');
  const int minutes = in.digits(2);
  if (minutes < 0 || minutes > 59) return false;
  offset_ms = (hours * int64_t{60} + minutes) * 60'000;
  if (minus) offset_ms = -offset_ms;
  return in.done();
}

void two(char* p, int v) {
  p[0] = static_cast<char>('0' + v / 10);
  p[1] = static_cast<char>('0' + v % 10);
}

// Date and clock of a local time, "YYYY-MM-DDTHH:MM:SS[.mmm]".
void append_local(std::string& out, int64_t local) {
  const int64_t days = floor_div(local, kDayMs);
  const auto in_day = static_cast<int>(local - days * kDayMs);
  const CivilDay date = civil_from_days(days);
  if (date.year < 0 || date.year > 9999) {  // past RFC 3339; still readable, and never an event's time
    char buf[24];
    out.append(buf, std::to_chars(buf, buf + sizeof buf, date.year).ptr);
  }
  char text[24];
  const int year = date.year < 0 || date.year > 9999 ? 0 : static_cast<int>(date.year);
  two(text, year / 100);
  two(text + 2, year % 100);
  text[4] = text[7] = '-';
  two(text + 5, date.month);
  two(text + 8, date.day);
  text[10] = 'T';
  two(text + 11, in_day / kHourMs);
  text[13] = text[16] = ':';
  two(text + 14, in_day / 60'000 % 60);
  two(text + 17, in_day / 1000 % 60);
  const int ms = in_day % 1000;
  size_t n = 19;
  if (ms != 0) {
    text[19] = '.';
    text[20] = static_cast<char>('0' + ms / 100);
    two(text + 21, ms % 100);
    n = 23;
  }
  const size_t skip = date.year < 0 || date.year > 9999 ? 4 : 0;
  out.append(text + skip, n - skip);
}

}  // namespace

std::optional<TimeMs> parse_time(std::string_view text, const TimeZone& zone) {
  Cursor in{text.data(), text.data() + text.size()};
  Parts t{};
  if (!parse_date(in, t)) return std::nullopt;
  bool has_offset = false;
  int64_t offset = 0;
  if (!in.done()) {
    if (!in.skip('T') && !in.skip('t') && !in.skip(' ')) return std::nullopt;
    if (!parse_clock(in, t) || !parse_offset(in, has_offset, offset)) return std::nullopt;
  }
  if (!has_offset) return zone.from_civil(t.year, t.month, t.day, t.hour, t.minute, t.second, t.ms);
  const int64_t local = days_from_civil(t.year, t.month, t.day) * kDayMs +
                        ((t.hour * int64_t{60} + t.minute) * 60 + t.second) * 1000 + t.ms;
  return local - offset;
}

void append_time(std::string& out, TimeMs t) {
  append_local(out, t);
  out.push_back('Z');
}

std::string format_time(TimeMs t) {
  std::string out;
  append_time(out, t);
  return out;
}

std::string format_time(TimeMs t, const TimeZone& zone) {
  std::string out;
  const DurationMs offset = zone.offset(t);
  append_local(out, t + offset);
  if (offset == 0) {
    out.push_back('Z');
    return out;
  }
  const auto minutes = static_cast<int>((offset < 0 ? -offset : offset) / 60'000);
  char text[6] = {offset < 0 ? '-' : '+', 0, 0, ':', 0, 0};
  two(text + 1, minutes / 60);
  two(text + 4, minutes % 60);
  out.append(text, sizeof text);
  return out;
}

}  // namespace tocsin
