#pragma once
// Time comes in from outside: nothing in engine/ asks the operating system what time it is.
#include <cstdint>

namespace tocsin {

using TimeMs = int64_t;      // milliseconds since 1970-01-01T00:00:00Z
using DurationMs = int64_t;  // milliseconds

inline constexpr TimeMs kNoTime = INT64_MIN;  // a time that is not there
inline constexpr TimeMs kNever = INT64_MAX;   // a deadline that does not come

inline constexpr DurationMs kHourMs = 3'600'000;
inline constexpr DurationMs kDayMs = 24 * kHourMs;

// The quotient rounded down, as days and weeks before 1970 need it. Precondition: b > 0.
constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
// Days since 1970-01-01 of an instant, in UTC.
constexpr int64_t utc_day(TimeMs t) { return floor_div(t, kDayMs); }

// Port: the wall clock of the live service; tests hand in their own. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeMs now() const = 0;
};

}  // namespace tocsin
