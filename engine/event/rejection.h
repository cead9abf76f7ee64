#pragma once
// Why a record is not an event. The reasons are a small fixed set: a metric's label and a dead letter's word.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tocsin {

enum class Reason : uint8_t {
  kMalformed,       // cannot be parsed: JSON, CSV
  kOversized,       // over kMaxRecordBytes
  kNotUtf8,         // not text in the encoding that the feed declares
  kMissingField,    // a required field is not there or empty
  kUnknownField,    // a field that the contract does not know
  kBadValue,        // a field of the wrong type or outside its values
  kBadTime,         // a time that cannot be read
  kTimeOutOfRange,  // before 1990 or after 2100
  kBadCoordinates,  // outside the world, at 0,0, or only one of the two
  kUnknownArea,     // a code that does not exist, or codes that do not nest
  kUnknownSource,   // a source that is not configured
  kSkipped          // no rejection: the feed leaves this record out (a header, a row that is no event)
};

inline constexpr size_t kMaxRecordBytes = 1'048'576;
inline constexpr int64_t kEarliestTime = 631'152'000'000;  // 1990-01-01T00:00:00Z
inline constexpr int64_t kLatestTime = 4'102'444'800'000;  // 2100-01-01T00:00:00Z, excluded

// "malformed", "not_utf8" …; "skipped".
std::string_view name_of(Reason reason);
std::span<const std::string_view> reason_names();

struct Refusal {
  Reason reason = Reason::kMalformed;
  std::string message;  // one sentence for people; never holds a value of the record
};

// Sets `why` and answers false.
inline bool refuse(Refusal& why, Reason reason, std::string message) {
  why.reason = reason;
  why.message = std::move(message);
  return false;
}

}  // namespace tocsin
