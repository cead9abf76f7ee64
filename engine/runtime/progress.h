#pragma once
// How far the engine has come: what each commit stores beside delta and transitions, whole, under one key.
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/codec.h"
#include "base/status.h"

namespace tocsin::runtime {

// What has been taken in and told since the state began. Functions of the log, so they survive restarts exactly.
struct Totals {
  uint64_t read = 0, accepted = 0, rejected = 0, skipped = 0, duplicate = 0, late = 0;
  uint64_t opened = 0, resolved = 0, transitions = 0;
};

struct SourceTotals {
  uint64_t read = 0, late = 0, duplicate = 0;
  std::map<std::string, uint64_t> rejected;  // by reason
  TimeMs greatest = kNoTime;                 // event time of its latest event since the start; not kept
};

struct PartitionProgress {
  uint64_t next_offset = UINT64_MAX;  // UINT64_MAX: from the beginning
  TimeMs greatest = kNoTime;
};

struct Progress {
  uint64_t commit = 0;          // number of the last commit
  uint64_t checkpoint = 0;      // deltas up to this commit are in the checkpoint
  uint64_t outbox = 0;          // sequence of the last transition
  uint64_t position = 0;        // of the last event taken in
  uint64_t dead = 0, late = 0;  // numbers of the last dead letter and late record
  TimeMs watermark = kNoTime;
  Totals totals;
  std::map<std::string, PartitionProgress> partitions;
  std::map<std::string, SourceTotals, std::less<>> sources;
  std::map<std::string, uint64_t> sinks;  // delivered up to this sequence

  void encode(Writer& out) const;
  static Result<Progress> decode(std::string_view bytes);
};

}  // namespace tocsin::runtime
