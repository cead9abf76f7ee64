#pragma once
// Stable 64- and 128-bit hashes (XXH3). They end up in state, in alert ids and in routing, so they may never change.
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace tocsin {

struct Hash128 {
  uint64_t hi = 0;
  uint64_t lo = 0;
  auto operator<=>(const Hash128&) const = default;
};

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);
Hash128 hash128(std::string_view bytes, uint64_t seed = 0);

// Lower-case hexadecimal, 16 characters.
std::string hex(uint64_t value);

}  // namespace tocsin

template <>
struct std::hash<tocsin::Hash128> {
  size_t operator()(const tocsin::Hash128& h) const noexcept { return h.lo; }
};
