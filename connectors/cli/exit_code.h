#pragma once
// How the program ends (contract, "Exit status").
#include "base/status.h"

namespace tocsin::cli {

inline constexpr int kWell = 0;
inline constexpr int kFound = 1;       // it ran and found something wrong
inline constexpr int kUsage = 2;       // wrong usage, unusable config, no input or rule matched
inline constexpr int kCannotGoOn = 3;  // disk, broker, corrupt state

// Prints "tocsin: error: …" to standard error, in a Chinese terminal "tocsin: 错误：…", and answers the exit code for
// it. `zh`: the message in Chinese; without it the English one stands in both.
int fail(const Error& error);
int fail(int code, const std::string& message, const std::string& zh = {});

}  // namespace tocsin::cli
