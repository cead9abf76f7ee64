#pragma once
// Time comes in from outside: nothing in engine/ asks the operating system what time it is.
#include <cstdint>

namespace tocsin {

using TimeMs = int64_t;      // milliseconds since 1970-01-01T00:00:00Z
using DurationMs = int64_t;  // milliseconds

inline constexpr TimeMs kNoTime = INT64_MIN;  // a time that is not there
inline constexpr TimeMs kNever = INT64_MAX;   // a deadline that does not come

// Port: the wall clock of the live service; tests hand in their own. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimeMs now() const = 0;
};

}  // namespace tocsin
