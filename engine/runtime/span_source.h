#pragma once
// A part of a log: what another source brings, from an offset up to (not including) another, partition by partition.
// The end can be moved on, so that who reads it comes to stand exactly where somebody else stands. What the source
// below brought beyond the end waits here; its partition is held meanwhile.
#include <deque>
#include <string>
#include <vector>

#include "runtime/ports.h"

namespace tocsin::runtime {

// Used by one thread.
class SpanSource final : public Source {
 public:
  static constexpr size_t kMaxWaiting = 100'000;  // records beyond the end that a source may bring though it is held

  // `inner` must outlive it. By partition of `inner`; `from`: UINT64_MAX is the beginning, and so is an offset that is
  // gone; `until`: 0 brings nothing.
  SpanSource(Source& inner, std::vector<uint64_t> from, std::vector<uint64_t> until);
  // No end lies before the one that was.
  void move_on(std::vector<uint64_t> until);
  // Everything before the ends was polled.
  bool reached() const;
  // Offsets that are still to come, of all partitions, and those that lay between the first `from` and `until`.
  uint64_t left() const;

  std::vector<std::string> partitions() const override { return inner_.partitions(); }
  // Goes to `from` of the constructor, whatever is asked.
  Status seek(std::span<const uint64_t> next_offsets) override;
  // kIdle at the ends. kEnd: the source below has ended and nothing waits. kExhausted: see kMaxWaiting.
  Result<PollState> poll(size_t max, DurationMs wait, std::vector<Record>& out) override;
  void on_arrival(std::function<void()> wake) override { inner_.on_arrival(std::move(wake)); }
  // The end of its part was reached.
  bool at_head(uint32_t partition) const override { return parts_[partition].next >= parts_[partition].until; }
  void hold(uint32_t partition, bool held) override;
  Result<uint64_t> offset_at(uint32_t partition, TimeMs log_time) override {
    return inner_.offset_at(partition, log_time);
  }
  std::string place(uint32_t partition, uint64_t offset) override { return inner_.place(partition, offset); }

 private:
  struct Waiting {
    Record record;
    std::string payload, fault;
  };
  struct Part {
    uint64_t from, until;
    uint64_t next = 0;
    bool held = false;        // by the caller
    bool inner_held = false;  // below
    std::deque<Waiting> waiting;
  };
  void deliver_waiting(size_t max, std::vector<Record>& out);
  void put_by(Part& part, const Record& record);
  void pass_hold_on(uint32_t partition);

  Source& inner_;
  std::vector<Part> parts_;
  std::vector<Waiting> delivered_;  // their payloads are valid until the next poll
  std::vector<Record> fetched_;
  bool ended_ = false;
};

}  // namespace tocsin::runtime
