#pragma once
// What a topic of the embedded log holds at one moment, as a bounded source: to try rules on it, beside the service
// that reads on.
#include <string>
#include <vector>

#include "runtime/ports.h"
#include "state/log.h"

namespace tocsin::file {

class LogSpanSource final : public runtime::Source {
 public:
  // From the first record that is kept to the last one that is there now. `log` outlives it and has the topic.
  LogSpanSource(const state::Log& log, std::string topic);

  std::vector<std::string> partitions() const override { return {"log/" + topic_}; }
  Status seek(std::span<const uint64_t> next_offsets) override;
  // Payloads are copies with 64 readable bytes after them. What retention drops meanwhile is passed over.
  Result<runtime::PollState> poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) override;
  bool at_head(uint32_t) const override { return next_ >= end_; }

 private:
  const state::Log& log_;
  const std::string topic_;
  uint64_t next_ = 0;
  uint64_t end_ = 0;
  std::string bytes_;
};

}  // namespace tocsin::file
