#include "connectors/cli/privacy_key.h"

#include <cstdlib>

namespace tocsin::cli {

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
