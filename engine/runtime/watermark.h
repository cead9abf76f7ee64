#pragma once
// Event time's progress: a watermark per source partition (greatest event time less its allowed lateness), the least of
// them for all. A partition without an event yet holds the whole back unless it is idle; the whole never goes back.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace tocsin::runtime {

class Watermark {
 public:
  struct Partition {
    DurationMs lateness = 0;
    TimeMs greatest = kNoTime;  // event time
    bool idle = false;          // does not hold the whole back
  };
  uint32_t add(DurationMs lateness, TimeMs greatest = kNoTime) {
    partitions_.push_back({lateness, greatest, false});
    return static_cast<uint32_t>(partitions_.size() - 1);
  }
  // kNoTime until every partition that is not idle has had an event.
  TimeMs now() const { return now_; }
  // An event of `partition`; answers the watermark with it taken in.
  TimeMs observe(uint32_t partition, TimeMs event_time) {
    Partition& p = partitions_[partition];
    const bool was_idle = p.idle;
    p.idle = false;
    if (event_time <= p.greatest && !was_idle) return now_;
    p.greatest = std::max(p.greatest, event_time);
    return recompute();
  }
  void set_idle(uint32_t partition, bool idle) { partitions_[partition].idle = idle; }
  // The wall clock for a partition that is idle at the head of its log: nothing older than `clock` is on its way.
  void follow_clock(uint32_t partition, TimeMs clock) {
    Partition& p = partitions_[partition];
    p.idle = false;
    p.greatest = std::max(p.greatest, clock);
  }
  // The least over partitions that are not idle.
  TimeMs recompute() {
    TimeMs least = kNever;
    for (const Partition& p : partitions_) {
      if (p.idle) continue;
      if (p.greatest == kNoTime) return now_;
      least = std::min(least, p.greatest - p.lateness);
    }
    if (least != kNever) now_ = std::max(now_, std::min(least, most_));
    return now_;
  }
  // Events and clocks do not move the whole beyond `most`, until it is told otherwise.
  void hold_at(TimeMs most) { most_ = most; }
  // The end of a bounded input, or of a test: nothing before `t` will come any more.
  TimeMs advance_to(TimeMs t) { return now_ = std::max(now_, t); }
  TimeMs greatest() const {
    TimeMs g = kNoTime;
    for (const Partition& p : partitions_) g = std::max(g, p.greatest);
    return g;
  }
  const std::vector<Partition>& partitions() const { return partitions_; }
  void restore(TimeMs now) { now_ = now; }

 private:
  std::vector<Partition> partitions_;
  TimeMs now_ = kNoTime, most_ = kNever;
};

}  // namespace tocsin::runtime
