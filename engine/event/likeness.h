#pragma once
// How alike two texts are, from 0 to 1, in Chinese as in Latin script. Symmetric; a function of the two texts alone: no
// weight is learned from other texts, so that shards, replays and corrections agree for ever.
//
// A text is folded (full-width and half-width are one, capitals and small letters too); marks that masking left, long
// numbers and what any report says (a fixed list of words: 请问, 领导, 尽快, the, please …) part it. Its terms are
// pairs of neighbouring ideographs (or an ideograph and the word beside it, 58车), and words of three letters and more.
// A term weighs by how often it stands in the text, the square root of the number, and twice as much when it stands in
// the lead: the first line or sentence, at most kLeadUnits long, which says what the matter is. The fingerprint keeps
// the kMaxTerms heaviest terms as hashes; among equals the lesser hash, so that two texts that share terms keep the
// same ones (Broder, On the resemblance and containment of documents, 1997). Likeness is the cosine of the angle
// between two fingerprints (Salton, Wong, Yang, A vector space model for automatic indexing, 1975), computed from whole
// numbers. Only the first kMaxUnits units of a text are read. How well it tells matters apart:
// tests/data/petition_pairs.md.
#include <cstdint>
#include <string_view>

#include "base/arena.h"

namespace tocsin {

inline constexpr size_t kMaxTerms = 64;
inline constexpr size_t kLeadUnits = 60;
inline constexpr size_t kMaxUnits = 4000;

// A view of a fingerprint's bytes: terms in ascending order of hash, five bytes each. No term: nothing can be said.
class Fingerprint {
 public:
  static constexpr size_t kTermBytes = 5;
  // Bytes that are none (from a store, which is not trusted) are taken as no term.
  explicit Fingerprint(std::string_view bytes) : bytes_(well_formed(bytes) ? bytes : std::string_view()) {}
  static bool well_formed(std::string_view bytes) {
    return bytes.size() % kTermBytes == 0 && bytes.size() <= kMaxTerms * kTermBytes;
  }
  size_t size() const { return bytes_.size() / kTermBytes; }
  uint32_t hash(size_t i) const {
    const auto* p = reinterpret_cast<const unsigned char*>(bytes_.data()) + i * kTermBytes;
    return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | p[3];
  }
  uint32_t weight(size_t i) const { return static_cast<unsigned char>(bytes_[i * kTermBytes + 4]); }
  // Sum of the squares of the weights.
  uint32_t squares() const;
  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

// The fingerprint of a text, in `arena`. Precondition: UTF-8; bytes that are not part a text like a space.
std::string_view fingerprint(std::string_view text, Arena& arena);

// 0 where either has no term; 1 for equal ones.
double likeness(const Fingerprint& a, const Fingerprint& b);

// The line or sentence that says what a text is about, for people: a view of at most kHeadlineUnits characters, cut at
// one and never inside a mark of masking ("[id]"), without the spaces around it.
inline constexpr size_t kHeadlineUnits = 40;
std::string_view headline(std::string_view text);

}  // namespace tocsin
