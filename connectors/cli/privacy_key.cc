#include "connectors/cli/privacy_key.h"

#include <cstdlib>

#include "event/privacy.h"

namespace tocsin::cli {
namespace {

constexpr char kKept[] = "privacy_key";

// 128 bits of an HMAC, as a token's, of a text that is no identity (it begins with a space, which those do not).
std::string fingerprint(const std::string& key) {
  const auto mac = Tokenizer(key).hmac(" fingerprint of the privacy key");
  std::string out;
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < 16; ++i) out += {kHex[mac[i] >> 4], kHex[mac[i] & 15]};
  return out;
}

}  // namespace

Result<KeptKey> kept_key(const state::Store& store, const std::string& key) {
  const auto kept = store.get(state::Table::kMeta, kKept);
  if (kept) return *kept == fingerprint(key) ? KeptKey::kThis : KeptKey::kAnother;
  if (kept.error().code == Code::kNotFound) return KeptKey::kNone;
  return kept.error();
}

Status check_key(const state::Store& store, const std::string& key, const std::string& directory) {
  const auto kept = kept_key(store, key);
  if (!kept) return kept.error();
  if (*kept != KeptKey::kAnother) return {};
  return invalid("the state in " + directory + " was written under another " + kPrivacyKeyVariable +
                 ": under this one the same person would be somebody else. Set the former key; where it is lost, "
                 "`tocsin state new-key " +
                 directory + "` takes this one from now on, and rules that count people begin anew");
}

Status keep_key(state::Store& store, const std::string& key) {
  state::Batch batch;
  batch.puts.push_back({state::Table::kMeta, kKept, fingerprint(key)});
  return store.write(batch, true);
}

Result<std::string> privacy_key() {
  const char* value = std::getenv(kPrivacyKeyVariable);
  if (value == nullptr || *value == '\0') {
    return not_found(
        std::string("set ") + kPrivacyKeyVariable +
        " to a secret of at least 16 bytes, e.g. from `openssl rand -hex 32`: identities become tokens under it");
  }
  if (std::string_view(value).size() < 16) {
    return invalid(std::string(kPrivacyKeyVariable) + " is shorter than 16 bytes");
  }
  return std::string(value);
}

std::string privacy_key_or_trial() {
  auto key = privacy_key();
  return key ? *key : "tocsin-trial-key: not a secret";
}

}  // namespace tocsin::cli
