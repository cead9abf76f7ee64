#pragma once
// Finds and hides the numbers that lead to a person in free text: mobile phones, landlines with area code, identity
// cards (18 digits, the last may be X, and the old 15), bank cards (16 to 19) and licence plates. Digits may be
// full-width and parted by spaces, hyphens or brackets. In doubt a number is hidden. Text without any digit costs one
// look at each byte.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "event/privacy.h"

namespace tocsin {

enum class NumberKind : uint8_t { kPhone, kIdentityCard, kBankCard, kPlate, kNumber };
// What stands in the text instead: "[phone]" "[id]" "[card]" "[plate]" "[number]".
std::string_view mark_of(NumberKind kind);

struct FoundNumber {
  size_t begin, end;  // byte range
  NumberKind kind;
};
// The first personal number at or after `from`. Precondition: `text` is UTF-8, `from` at a character.
std::optional<FoundNumber> find_number(std::string_view text, size_t from);

// `text` with each number replaced by its mark; `text` itself when it has none, else in `arena`. Idempotent.
std::string_view mask_text(std::string_view text, Arena& arena);
// The same with a keyed token for each number, so that equal numbers stay equal. Bank cards and longer digit strings
// are left (an attribute may be a component's number of 16 digits). For `attrs`.
std::string_view tokenise_numbers(std::string_view text, const Tokenizer& tokenizer, Arena& arena);

// A copy of a rejected record for the dead letters: whatever its format, and also when it cannot be parsed. Values of
// keys that name identities (reporter, subject, respondent, 姓名 …) become "[hidden]" where the record looks like JSON,
// the same words anywhere else in it "[name]" (of a list or an object: each text in it), numbers are masked, digit
// strings of 7 and more become "[number]". At most kMaxMaskedBytes, cut at a character.
struct Identities {
  std::span<const std::string> keys = {};        // more that name them, as the feed's own records do
  std::span<const std::string_view> texts = {};  // that stand elsewhere in the record
};
inline constexpr size_t kMaxMaskedBytes = 4096;
std::string mask_payload(std::string_view payload, const Identities& further = {});

}  // namespace tocsin
