#pragma once
// Times and durations of expressions, to the nanosecond: RFC 3339 and Go-style duration texts, range-checked
// arithmetic. A timestamp lies in the years 1 … 9999; a duration within ±2^63 nanoseconds (some 292 years), as in
// cel-go.
#include <cstdint>
#include <string>
#include <string_view>

#include "expr/value.h"

namespace tocsin::expr {

inline constexpr int64_t kMinTimestamp = -62135596800;  // 0001-01-01T00:00:00Z
inline constexpr int64_t kMaxTimestamp = 253402300799;  // 9999-12-31T23:59:59Z
inline constexpr int64_t kNanosPerSecond = 1'000'000'000;

// A civil date and time without a zone. weekday: 0 Sunday … 6; yearday from 0.
struct CivilTime {
  int64_t year;
  int month, day, hour, minute, second, weekday, yearday;
};
// Of seconds since the epoch, in UTC. Any input.
CivilTime to_civil(int64_t seconds);

// "2009-02-13T23:31:30.123456789Z", with Z or an offset; false on anything else and outside the range.
[[nodiscard]] bool parse_instant(std::string_view text, Instant& out);
// A sign and numbers with units "h" "m" "s" "ms" "us" "µs" "ns", as "1h30m" "-1.5s"; also "d" (24 h) and "w", as in the
// rest of the rule language.
[[nodiscard]] bool parse_instant_duration(std::string_view text, Instant& out);
// "+08:00" "-02:30" "02:00" to seconds east of UTC.
[[nodiscard]] bool parse_offset(std::string_view text, int64_t& seconds);

void append_instant(std::string& out, Instant t);           // RFC 3339, UTC, as many decimals as needed
void append_instant_duration(std::string& out, Instant d);  // "90s", "-1.5s"

// False when the result is out of range.
[[nodiscard]] bool add_durations(Instant a, Instant b, Instant& out);
[[nodiscard]] bool subtract_durations(Instant a, Instant b, Instant& out);
[[nodiscard]] bool shift_timestamp(Instant t, Instant by, bool back, Instant& out);
[[nodiscard]] bool between_timestamps(Instant a, Instant b, Instant& out);  // a - b
bool valid_timestamp(Instant t);
bool valid_duration(Instant d);

}  // namespace tocsin::expr
