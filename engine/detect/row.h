#pragma once
// A row is what a rule keeps of an event: identity, time, place and the cells (values of the expressions that its
// aggregates need), evaluated once when the event is routed. Rows are encoded by the router into the batch's delta; a
// shard applies them from those bytes, the commit stores the same bytes, recovery applies them again: one path.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/hash.h"
#include "event/event.h"
#include "expr/value.h"

namespace tocsin::detect {

// Which of a rule's predicates the event fulfils; bit i of `roles`. window, cluster, similar, …: kMember alone.
inline constexpr uint32_t kMember = 1;                                        // where
inline constexpr uint32_t kAfter = 1, kExpect = 2, kPause = 4, kUnpause = 8,  // absence
    kExtend = 16;
// sequence: bit i = step i.
inline constexpr uint32_t kBeside = 1U << 16;                // sequence: `where` takes it; for resolve.when alone
inline constexpr uint32_t kSettles = 2, kUnsettles = 4;      // similar, beside kMember
inline constexpr uint32_t kNumerator = 1, kDenominator = 2;  // baseline with measure: ratio(…)

struct Row {
  uint16_t rule = 0;          // index in the rule set in force
  Hash128 key;                // hash of rule id and key_text
  std::string_view key_text;  // the key as a JSON array, e.g. ["330282004","water.flooding"]; [] without a key
  std::string_view label;  // absence, kAfter: the obligation's own name, as a JSON array; empty: the same as key_text
  uint64_t uid = 0;        // event identity across revisions
  TimeMs time = 0;         // event time
  uint64_t position = 0;   // of the event in the order of ingest: 1, 2, 3 …
  TimeMs watermark = kNoTime;  // the shard watermark with this event taken in; kNoTime: none yet
  uint32_t roles = kMember;
  bool late = false;        // event time is behind the watermark; only corrections may use it
  TimeMs due_at = kNoTime;  // absence: kAfter with `until`, kExtend: the deadline
  TimeMs was = kNoTime;     // cause of a retraction: the event time of the row that it takes back
  std::string_view source, id;
  std::string_view city, town, village, grid;
  double lon = kNoNumber, lat = kNoNumber;
  std::span<const expr::Value> cells;  // scalars only
  // Of a decoded row: its packed form (detect/packed_row.h), which a detector keeps as it is. Whoever changes another
  // field of a decoded row empties it.
  std::string_view packed;
  bool has_location() const { return !std::isnan(lon); }
};

// Without rule and key, which the delta's operation carries; ends with the packed form.
void encode(Writer& out, const Row& row);
// The row is what is left of the reader's bytes. Views of the result point into them; cells into `arena`.
Row decode_row(Reader& in, Arena& arena);

// Scalar cells: null, bool, int, uint, double, string, timestamp, duration, point.
void encode(Writer& out, const expr::Value& cell);
expr::Value decode_cell(Reader& in);

}  // namespace tocsin::detect
