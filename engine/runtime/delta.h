#pragma once
// The delta of one batch: what the router tells the shards, in order, as bytes. The commit stores these bytes and
// recovery applies them again, so the format is part of the state format (state::kFormatVersion).
//
//   op byte, then
//   seen     uid fixed64, time zigzag, revision varint                  the event whose rows follow (router's index)
//   row      rule varint, key hash, length fixed32, row bytes
//   late row as row: of an event that was not taken in
//   retract  rule varint, key hash, length fixed32, uid fixed64 withdrawn u8 row bytes (the cause)
//   time     watermark zigzag                                           to all shards: timers before it are due
//   alerts   length fixed32, operations                                 of rules over alerts, in their own order
//   action   rule varint, key hash, length fixed32, action bytes
#include <cstdint>
#include <string>
#include <string_view>

#include "alert/action.h"
#include "base/codec.h"
#include "detect/row.h"

namespace tocsin::runtime {

// A late row is judged by its rule but leaves no route: the router has not taken its event in.
enum class Op : uint8_t { kSeen = 1, kRow = 2, kRetract = 3, kTime = 4, kAction = 5, kLateRow = 6, kAlerts = 7 };

// An action in the order of ingest.
struct PlacedAction {
  alert::Action action;
  uint64_t position = 0;
  TimeMs watermark = kNoTime;
};

class DeltaWriter {
 public:
  explicit DeltaWriter(std::string& out) : out_(out) {}
  void seen(uint64_t uid, TimeMs time, uint64_t revision);
  void row(const detect::Row& row);
  void retract(uint16_t rule, const Hash128& key, uint64_t uid, bool withdrawn, const detect::Row& cause);
  void time(TimeMs watermark);
  void alerts(std::string_view operations);
  void action(uint16_t rule, const Hash128& key, const PlacedAction& action);

 private:
  template <typename Body>
  void keyed(Op op, uint16_t rule, const Hash128& key, Body&& body);
  std::string& out_;
};

// One operation, not yet decoded: cheap to skip for a shard that does not own the key.
struct DeltaOp {
  Op op{};
  uint16_t rule = 0;
  Hash128 key;
  std::string_view body;  // row, retract, action, alerts
  uint64_t uid = 0;       // seen
  TimeMs time = 0;        // seen, time
  uint64_t revision = 0;  // seen
};

// Walks a delta. next() is false at the end and on corrupt bytes; ok() tells which.
class DeltaReader {
 public:
  explicit DeltaReader(std::string_view delta) : in_(delta) {}
  bool next(DeltaOp& op);
  bool ok() const { return in_.ok(); }
  size_t remaining() const { return in_.remaining(); }

 private:
  Reader in_;
};

struct Retraction {
  uint64_t uid;
  bool withdrawn;
  detect::Row cause;
};
Retraction decode_retraction(std::string_view body, Arena& arena);
PlacedAction decode_action(std::string_view body);
void encode(Writer& out, const alert::Action& action);
alert::Action decode_plain_action(Reader& in);

}  // namespace tocsin::runtime
