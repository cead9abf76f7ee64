#pragma once
// How the program ends (contract, "Exit status").
#include "base/status.h"

namespace tocsin::cli {

inline constexpr int kWell = 0;
inline constexpr int kFound = 1;       // it ran and found something wrong
inline constexpr int kUsage = 2;       // wrong usage, unusable config, no input or rule matched
inline constexpr int kCannotGoOn = 3;  // disk, broker, corrupt state

// Prints "tocsin: error: …" to standard error and answers the exit code for it.
int fail(const Error& error);
int fail(int code, const std::string& message);

}  // namespace tocsin::cli
