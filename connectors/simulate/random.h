#pragma once
// The simulator's own random numbers (xoshiro256**, seeded by splitmix64): the same on every machine and library,
// because "same seed, same bytes" is a promise and the standard library's distributions are not portable. Not
// thread-safe.
#include <cstdint>

namespace tocsin::simulate {

// One round of splitmix64: also the hash by which a number stands for a person, an address or a scatter.
constexpr uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) word = seed = mix(seed);
  }
  uint64_t next() {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  // 0 … n-1; 0 when n is 0.
  uint32_t below(uint32_t n) { return static_cast<uint32_t>((static_cast<uint64_t>(next() >> 32) * n) >> 32); }
  // lo … hi, both included; lo when hi < lo. Precondition: hi - lo < 2^32 - 1.
  int64_t between(int64_t lo, int64_t hi) {
    return hi <= lo ? lo : lo + static_cast<int64_t>(below(static_cast<uint32_t>(hi - lo + 1)));
  }
  // The lesser of two draws: most values near `lo`, few near `hi`.
  int64_t skewed(int64_t lo, int64_t hi) {
    const int64_t a = between(lo, hi), b = between(lo, hi);
    return a < b ? a : b;
  }
  bool chance(uint32_t per_thousand) { return below(1000) < per_thousand; }

 private:
  static constexpr uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  uint64_t state_[4];
};

}  // namespace tocsin::simulate
