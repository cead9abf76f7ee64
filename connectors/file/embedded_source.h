#pragma once
// A topic of the embedded log as a source of one partition.
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/ports.h"
#include "state/log.h"

namespace tocsin::file {

// Used by one thread; appends come from any.
class EmbeddedSource final : public runtime::Source {
 public:
  // `log` must outlive it. The partition's name is "log/TOPIC". Precondition: the log has the topic. At most one source
  // of a topic `listens`, so that it is woken by appends; others only find what is there.
  EmbeddedSource(state::Log& log, std::string topic, bool listens = true);
  ~EmbeddedSource() override;

  std::vector<std::string> partitions() const override { return {"log/" + topic_}; }
  Status seek(std::span<const uint64_t> next_offsets) override;
  Result<uint64_t> offset_at(uint32_t, TimeMs log_time) override { return log_.offset_at(topic_, log_time); }
  // Never kEnd. Payloads are copies with 64 readable bytes after them.
  Result<runtime::PollState> poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) override;
  bool at_head(uint32_t) const override { return next_ >= log_.end_offset(topic_); }
  void hold(uint32_t, bool held) override { held_ = held; }
  void on_arrival(std::function<void()> wake) override;

  struct Lag {
    uint64_t records = 0;  // in the log, not polled yet
    DurationMs age = 0;    // of the eldest of them
  };
  // By the thread that polls.
  Lag lag(TimeMs now) const;

 private:
  state::Log& log_;
  const std::string topic_;
  const bool listens_;
  uint64_t next_ = 0;
  bool held_ = false;
  std::string bytes_;
  std::mutex mutex_;
  std::condition_variable appended_;
  std::function<void()> wake_;  // guarded by mutex_
  uint64_t appends_ = 0;        // guarded by mutex_
};

}  // namespace tocsin::file
