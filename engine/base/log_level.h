#pragma once
// The severity of a line of the log as RFC 5424 numbers it: 0 emergency … 7 debug.
namespace tocsin::log_level {

inline constexpr int kError = 3, kWarning = 4, kNotice = 5;

}  // namespace tocsin::log_level
