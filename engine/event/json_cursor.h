#pragma once
// What the event reader needs of simdjson's on-demand parser: strings as views of the padded copy of the record, copied
// only when they hold escapes, and its error codes as our reasons. Private to engine/event and connectors/feed.
#ifdef __AVX2__
#include <immintrin.h>
#endif
#include <simdjson.h>

#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "event/rejection.h"

namespace tocsin::json {

namespace od = simdjson::ondemand;

inline Reason reason_of(simdjson::error_code e) {
  switch (e) {
    case simdjson::UTF8_ERROR:
      return Reason::kNotUtf8;
    case simdjson::CAPACITY:
      return Reason::kOversized;
    case simdjson::INCORRECT_TYPE:
    case simdjson::NUMBER_ERROR:
    case simdjson::NUMBER_OUT_OF_RANGE:
      return Reason::kBadValue;
    default:
      return Reason::kMalformed;
  }
}

// A copy of the record in `arena` with the padding that simdjson reads past the end.
inline simdjson::padded_string_view padded(std::string_view json, Arena& arena) {
  char* const bytes = arena.array<char>(json.size() + simdjson::SIMDJSON_PADDING);
  if (!json.empty()) std::memcpy(bytes, json.data(), json.size());
  std::memset(bytes + json.size(), ' ', simdjson::SIMDJSON_PADDING);
  return simdjson::padded_string_view(bytes, json.size(), json.size() + simdjson::SIMDJSON_PADDING);
}

// The first '"' or '\\' at or after `p`; `end` or a place behind it: none. Precondition: simdjson's padding after
// `end`.
inline const char* find_quote_or_escape(const char* p, const char* end) {
#ifdef __AVX2__
  const __m256i quote = _mm256_set1_epi8('"');
  const __m256i escape = _mm256_set1_epi8('\\');
  for (; p < end; p += sizeof(__m256i)) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(w, quote), _mm256_cmpeq_epi8(w, escape));
    if (const auto mask = static_cast<unsigned>(_mm256_movemask_epi8(hit)); mask != 0) return p + __builtin_ctz(mask);
  }
#else
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  while (p < end) {
    uint64_t w;
    std::memcpy(&w, p, sizeof w);
    const uint64_t q = w ^ (kOnes * '"');
    const uint64_t b = w ^ (kOnes * '\\');
    const uint64_t hit = (((q - kOnes) & ~q) | ((b - kOnes) & ~b)) & kHighs;
    if (hit != 0) return p + (static_cast<unsigned>(__builtin_ctzll(hit)) >> 3);
    p += sizeof w;
  }
#endif
  return end;
}
static_assert(simdjson::SIMDJSON_PADDING >= 32);

// The text of a raw string (`raw` is after its opening quote), valid as long as the arena and the padded copy.
inline simdjson::error_code text_of(od::parser& parser, od::raw_json_string raw, const char* end, Arena& arena,
                                    std::string_view& out) {
  const char* const begin = raw.raw();
  const char* p = find_quote_or_escape(begin, end);
  if (p >= end) return simdjson::STRING_ERROR;
  if (*p == '"') {
    out = {begin, static_cast<size_t>(p - begin)};
    return simdjson::SUCCESS;
  }
  while (p < end && *p != '"') p = find_quote_or_escape(p + (*p == '\\' ? 2 : 1), end);
  if (p >= end) return simdjson::STRING_ERROR;
  auto* dst = arena.array<uint8_t>(static_cast<size_t>(p - begin) + simdjson::SIMDJSON_PADDING);
  return parser.unescape(raw, dst).get(out);
}

}  // namespace tocsin::json
