#pragma once
// The key of the identity tokens, from the environment (contract, "Privacy").
#include <string>

#include "base/status.h"
#include "state/store.h"

namespace tocsin::cli {

inline constexpr char kPrivacyKeyVariable[] = "TOCSIN_PRIVACY_KEY";
// The variable's value; at least 16 bytes. Without it: kNotFound.
Result<std::string> privacy_key();
// Under which key the state's tokens are: a fingerprint of it, from which neither key nor tokens can be had, is kept
// with the state. kNone: there is no fingerprint (new, or of a former version).
enum class KeptKey : uint8_t { kNone, kThis, kAnother };
Result<KeptKey> kept_key(const state::Store& store, const std::string& key);
// kInvalid: the state's tokens are under another key; the message says how to go on. `directory` is for it.
Status check_key(const state::Store& store, const std::string& key, const std::string& directory);
// Keeps this key's fingerprint with the state, in the place of any former one.
Status keep_key(state::Store& store, const std::string& key);
// For replays, tests and backtests on one machine: the variable's value, or a fixed one, so that the same log gives the
// same tokens on any desk. Such tokens can be guessed: they are for trials, never for a service.
std::string privacy_key_or_trial();

}  // namespace tocsin::cli
