#pragma once
// The keys of a common rule (rule/variants.h): one state for all variants that have not fired on the key, and one of
// its own for each that has. A variant leaves the common state with the first input on which a condition of it holds:
// its state is built from what the common one has been given, so that from there on it is what it would have been
// alone. It comes back when its own state and the common one are empty.
//
// Bound: beside the states, the inputs since the common state was last written down, at most 4 KiB and twice its size.
#include <memory>
#include <string_view>

#include "alert/key_state.h"
#include "rule/variants.h"

namespace tocsin::alert {

// Transitions are those of the variants, in the order of the variants for each input, under the variants' rule ids.
// `variants` must outlive it.
std::unique_ptr<KeyState> make_family_key(const rule::Variants& variants, Hash128 key, std::string_view key_text);
// Bytes of another format are kCorrupt.
Result<std::unique_ptr<KeyState>> decode_family_key(const rule::Variants& variants, Hash128 key,
                                                    std::string_view bytes);

}  // namespace tocsin::alert
