#pragma once
// Identities leave the record as they are read (contract, "Privacy"). A token is the same for the same person under the
// same key, whatever field it stands in, and tells nothing without the key.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/arena.h"

namespace tocsin {

// Keyed tokens, HMAC-SHA-256. The key's inner and outer pads are compressed once, so that a token of an identity up to
// 55 bytes costs two SHA-256 compressions. Immutable, thread-safe. The key is not kept.
class Tokenizer {
 public:
  static constexpr size_t kTokenBytes = 24;  // "p:" and 22 characters of base64url: the first 128 bits of the HMAC

  explicit Tokenizer(std::string_view key);
  // The token, in `arena`; empty for an empty identity. Blanks around it do not matter (trimmed()).
  std::string_view token(std::string_view identity, Arena& arena) const;
  // Writes kTokenBytes bytes.
  void write_token(std::string_view identity, char* out) const;
  // The whole HMAC-SHA-256 of `message`.
  std::array<uint8_t, 32> hmac(std::string_view message) const;

 private:
  using State = std::array<uint32_t, 8>;  // SHA-256 after one block
  State digest(std::string_view message) const;
  State inner_{}, outer_{};
};

// An identity without the blanks around it, which make no difference: spaces, also full-width (U+3000) and no-break
// ones (U+00A0), tabs, line ends.
std::string_view trimmed(std::string_view identity);

// Whether `respondent` names an organisation (公司 厂 局 委 … Ltd, Inc …) and not a person: by its ending, a bracketed
// addition aside. When in doubt it is a person.
bool is_organisation(std::string_view respondent);

}  // namespace tocsin
