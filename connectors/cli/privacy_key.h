#pragma once
// The key of the identity tokens, from the environment (contract, "Privacy").
#include <string>

#include "base/status.h"

namespace tocsin::cli {

inline constexpr char kPrivacyKeyVariable[] = "TOCSIN_PRIVACY_KEY";
// The variable's value; at least 16 bytes. Without it: kNotFound.
Result<std::string> privacy_key();
// For replays, tests and backtests on one machine: the variable's value, or a fixed one, so that the same log gives the
// same tokens on any desk. Such tokens can be guessed: they are for trials, never for a service.
std::string privacy_key_or_trial();

}  // namespace tocsin::cli
