#pragma once
// The timers of one shard, popped in the order of (deadline, rule, key). Deadlines mostly lie far ahead of the present,
// so they wait unsorted in buckets of some minutes; only the bucket that time has reached is kept as a heap. A push
// costs an append, a pop the depth of one small heap, where one heap of all would miss the cache at each of its levels.
// (A calendar queue: R. Brown, "Calendar queues", CACM 31(10), 1988.) Not thread-safe.
#include <algorithm>
#include <compare>
#include <map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"

namespace tocsin::runtime {

struct Timer {
  TimeMs deadline;
  uint16_t rule;
  Hash128 key;
  auto operator<=>(const Timer&) const = default;
};

class TimerQueue {
 public:
  void push(const Timer& timer) {
    ++size_;
    const int64_t bucket = bucket_of(timer.deadline);
    if (bucket <= reached_) {
      soon_.push_back(timer);
      std::push_heap(soon_.begin(), soon_.end(), std::greater<>());
      return;
    }
    if (last_ == nullptr || bucket != last_bucket_) {
      last_ = &far_[bucket];
      last_bucket_ = bucket;
    }
    last_->push_back(timer);
  }

  // The least timer whose deadline is < `before`, taken out; false: there is none.
  bool pop(TimeMs before, Timer& out) {
    while (next_ == present_.size() && soon_.empty() && !far_.empty() && start_of(far_.begin()->first) < before)
      reach();
    const bool present = next_ < present_.size() && (soon_.empty() || present_[next_] < soon_.front());
    if (!present && soon_.empty()) return false;
    const Timer& least = present ? present_[next_] : soon_.front();
    if (least.deadline >= before) return false;
    out = least;
    --size_;
    if (present) {
      ++next_;
      return true;
    }
    std::pop_heap(soon_.begin(), soon_.end(), std::greater<>());
    soon_.pop_back();
    return true;
  }

  // One that will probably be popped `n` pops from now, or null: what it needs can be fetched meanwhile.
  const Timer* ahead(size_t n) const { return next_ + n < present_.size() ? &present_[next_ + n] : nullptr; }

  size_t size() const { return size_; }

 private:
  static constexpr int kShift = 19;  // buckets of 524 s
  static int64_t bucket_of(TimeMs t) { return t >> kShift; }
  static TimeMs start_of(int64_t bucket) { return bucket * (TimeMs{1} << kShift); }

  void reach() {
    const auto first = far_.begin();
    reached_ = first->first;
    present_.swap(first->second);
    next_ = 0;
    if (last_bucket_ == reached_) last_ = nullptr;
    far_.erase(first);
    std::sort(present_.begin(), present_.end());
  }

  std::vector<Timer> present_;  // of the bucket that time has reached, in order; those before next_ are gone
  size_t next_ = 0;
  std::vector<Timer> soon_;  // a heap: what was pushed since, for that bucket or before
  int64_t reached_ = INT64_MIN;
  std::map<int64_t, std::vector<Timer>> far_;  // of later buckets
  std::vector<Timer>* last_ = nullptr;         // where the last push went
  int64_t last_bucket_ = 0;
  size_t size_ = 0;
};

}  // namespace tocsin::runtime
