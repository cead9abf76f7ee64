#pragma once
// Warming rules up: an engine of their own, without a store, is given the part of the log that they look back on, up to
// exactly where the engine in force stands; then Engine::swap_rules takes its state over. People's actions are not read
// again: what they did is known to the alerts that go on.
//
// Time in it never runs ahead of the engine in force: what that one may still take in must not be late here.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/pipeline.h"
#include "runtime/span_source.h"

namespace tocsin::runtime {

// Where an engine stands in the log.
struct Standpoint {
  std::map<std::string, uint64_t> next_offsets;  // by partition; one that is missing has brought nothing yet
  TimeMs watermark = kNoTime;
};
Standpoint standpoint_of(const Engine& engine);

// Used by one thread at a time.
class WarmUp {
 public:
  struct Input {
    Source* source;  // freshly opened: not sought yet
    std::function<Decoder*(uint32_t partition)> decoder;
  };
  // Opens the inputs at the first record that the log took at `begin` or later, or where a source cannot tell at its
  // beginning; reads up to `at`. All inputs must outlive it. An error: a source cannot be read.
  static Result<std::unique_ptr<WarmUp>> open(Engine::Options options,
                                              const std::shared_ptr<const rule::RuleSet>& rules,
                                              Pipeline::Options reading, const std::vector<Input>& inputs, TimeMs begin,
                                              const Standpoint& at);
  // The end of the part is where the engine in force stands now.
  void move_on(const Standpoint& at);
  // One batch. False: nothing came, because the end was reached or a source brings nothing now.
  Result<bool> step();
  bool reached() const;
  // Offsets still to come.
  uint64_t left() const;
  // The earliest event that was taken in; kNoTime: none.
  TimeMs back_to() const { return earliest_ == kNever ? kNoTime : earliest_; }
  const Engine& engine() const { return *engine_; }
  // For Engine::swap_rules; nothing may be called after.
  std::unique_ptr<Engine> release() { return std::move(engine_); }

 private:
  WarmUp() = default;
  std::vector<uint64_t> until(const Source& source, const Standpoint& at) const;
  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<SpanSource>> spans_;
  std::unique_ptr<Publisher> publisher_;  // to nobody
  std::unique_ptr<Pipeline> pipeline_;
  TimeMs earliest_ = kNever;
};

}  // namespace tocsin::runtime
