#pragma once
// The engine's ports: where records come from, how they become events, where transitions go. Connectors implement them.
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/status.h"
#include "event/event.h"

namespace tocsin::runtime {

// One record of a log, before it is an event. Views are valid until the next poll() of the source.
struct Record {
  uint32_t partition = 0;      // index into Source::partitions()
  uint64_t offset = 0;         // of this record within the partition
  uint64_t next_offset = 0;    // where to go on after it
  TimeMs timestamp = kNoTime;  // when the log took it (Kafka timestamp, ingest time); kNoTime: unknown (files)
  std::string_view payload;
  std::string_view
      fault;  // not empty: the source could not read the record (truncated, too large); to the dead letters
  std::string_view key = {};  // where the log has keys and was asked for them
  bool deletion = false;      // the log says that the key has no value any more; there is no payload
};

enum class PollState : uint8_t {
  kRecords,  // records were appended
  kIdle,     // nothing now; the caller may be woken later
  kEnd       // the end of a bounded input; nothing will ever come
};

// A replayable log. Used by one thread.
class Source {
 public:
  virtual ~Source() = default;
  // Names of the partitions, stable across restarts ("grid.events/3", "/data/2024.ndjson"); offsets are kept under
  // them.
  virtual std::vector<std::string> partitions() const = 0;
  // Before the first poll: where to start in each partition (UINT64_MAX: the beginning). An offset that the log no
  // longer has is kNotFound with what to do.
  virtual Status seek(std::span<const uint64_t> next_offsets) = 0;
  // The first offset whose record the log took at `log_time` or later, or the end where there is none; UINT64_MAX, the
  // beginning: this source cannot tell. Before or after seek(). A broker that is away is kUnavailable.
  virtual Result<uint64_t> offset_at(uint32_t /*partition*/, TimeMs /*log_time*/) { return UINT64_MAX; }
  // Appends up to `max` records to `out`; waits up to `wait` for the first one. A broker that is away is kIdle.
  virtual Result<PollState> poll(size_t max, DurationMs wait, std::vector<Record>& out) = 0;
  // A source that can calls `wake`, from any thread and without waiting, when poll() may bring something new; one that
  // cannot is asked every so often. At most one; an empty one ends it: after the return no call starts any more.
  virtual void on_arrival(std::function<void()> /*wake*/) {}
  // "caught up": what was polled last was the head of the log, so that idle partitions may follow the clock; also true
  // of a bounded partition that has ended.
  virtual bool at_head(uint32_t partition) const = 0;
  // While held, poll() brings nothing of this partition (it runs ahead of the others); a hint that a source may ignore.
  virtual void hold(uint32_t partition, bool held) { (void)partition, (void)held; }
  // Where a record stands, for people: "file:line", or topic, partition and offset.
  virtual std::string place(uint32_t partition, uint64_t offset) {
    return partitions()[partition] + " offset " + std::to_string(offset);
  }
  // Told after a commit; for sources that mirror offsets outwards (Kafka group offsets for lag tools).
  virtual void committed(std::span<const uint64_t> next_offsets) { (void)next_offsets; }
};

// Why a record is not an event: `reason` is one of a small fixed set (a metric label), `message` is for people.
struct Rejection {
  std::string_view
      reason;  // "malformed" "oversized" "not_utf8" "missing_field" "bad_time" "bad_coordinates" "unknown_area" …
  std::string message;
};

// Makes an event of a record's bytes. Not thread-safe; the event's views point into `arena` or the payload.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // True: `out` is complete, tokenised, masked and valid. False: `why` says why not.
  virtual bool decode(std::string_view payload, Arena& arena, Event& out, Rejection& why) = 0;
  // Payload with identities and numbers masked, for the dead letters.
  virtual std::string masked(std::string_view payload) const = 0;
  // The zone and allowed lateness of its feed.
  virtual DurationMs lateness() const = 0;
  virtual std::string_view source_name() const = 0;
};

// Where committed transitions go. Called by one thread with consecutive sequence numbers, after the commit that holds
// them; at least once: after a crash those not known to be delivered are offered again under the same ids.
struct Outgoing {
  uint64_t sequence;          // 1, 2, 3 … over the life of the state directory
  std::string_view alert_id;  // the message key
  std::string_view json;      // a CloudEvent
  TimeMs cause_timestamp;     // when the log took the record that caused it; kNoTime: a timer
  bool shadow;                // of a rule in shadow
  bool muted = false;         // silenced or inhibited: in the record, not for sinks that disturb people
};
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string_view name() const = 0;
  // Before the first publish: the highest sequence that the destination already holds, or 0 when it cannot tell;
  // transitions up to it are not offered again. `floor` is what is known to be delivered.
  virtual Result<uint64_t> resume(uint64_t floor) = 0;
  // Starts delivery in order. kExhausted: try again later (back-pressure); any other error stops the sink.
  virtual Status publish(std::span<const Outgoing> batch) = 0;
  // The highest sequence that is surely delivered.
  virtual uint64_t delivered() const = 0;
  // Waits until all is delivered or `wait` is over.
  virtual Status flush(DurationMs wait) = 0;
};

}  // namespace tocsin::runtime
