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
      near_.push_back(timer);
      std::push_heap(near_.begin(), near_.end(), std::greater<>());
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
    while (near_.empty() && !far_.empty() && start_of(far_.begin()->first) < before) reach();
    if (near_.empty() || near_.front().deadline >= before) return false;
    std::pop_heap(near_.begin(), near_.end(), std::greater<>());
    out = near_.back();
    near_.pop_back();
    --size_;
    return true;
  }

  size_t size() const { return size_; }

 private:
  static constexpr int kShift = 19;  // buckets of 524 s
  static int64_t bucket_of(TimeMs t) { return t >> kShift; }
  static TimeMs start_of(int64_t bucket) { return bucket * (TimeMs{1} << kShift); }

  void reach() {
    const auto first = far_.begin();
    reached_ = first->first;
    near_.swap(first->second);
    if (last_bucket_ == reached_) last_ = nullptr;
    far_.erase(first);
    std::make_heap(near_.begin(), near_.end(), std::greater<>());
  }

  std::vector<Timer> near_;  // a heap: all timers of buckets up to reached_
  int64_t reached_ = INT64_MIN;
  std::map<int64_t, std::vector<Timer>> far_;  // of later buckets
  std::vector<Timer>* last_ = nullptr;         // where the last push went
  int64_t last_bucket_ = 0;
  size_t size_ = 0;
};

}  // namespace tocsin::runtime
