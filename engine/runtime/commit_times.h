#pragma once
// When transitions were committed, to say how long one has waited for somebody to take it. Bounded: what was committed
// within a second counts as of its beginning, and when there are kMost entries, two become one and the second twice as
// long; so that a time is never later than the true one.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace tocsin::runtime {

class CommitTimes {
 public:
  static constexpr size_t kMost = 4096;
  static constexpr DurationMs kResolution = 1'000;

  // Transitions up to `last` are committed by `now`; those beyond the former `last` count as of now.
  void note(uint64_t last, TimeMs now) {
    if (!entries_.empty() && last <= entries_.back().last) return;
    if (!entries_.empty() && now - entries_.back().at < resolution_) {
      entries_.back().last = last;
      return;
    }
    if (entries_.size() >= kMost) halve();
    entries_.push_back({last, now});
  }
  // Nobody waits for those up to `sequence` any more.
  void forget(uint64_t sequence) {
    const auto first = std::ranges::upper_bound(entries_, sequence, {}, &Entry::last);
    // The last stays: it tells what is new.
    entries_.erase(entries_.begin(), std::min(first, entries_.empty() ? first : entries_.end() - 1));
    if (entries_.size() <= 1) resolution_ = kResolution;
  }
  // kNoTime: it is not committed, as far as is known here.
  TimeMs of(uint64_t sequence) const {
    const auto it = std::ranges::lower_bound(entries_, sequence, {}, &Entry::last);
    return it == entries_.end() ? kNoTime : it->at;
  }
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t last;  // those beyond the entry before, up to this
    TimeMs at;
  };
  void halve() {
    for (size_t i = 0; i + 1 < entries_.size(); i += 2) entries_[i / 2] = {entries_[i + 1].last, entries_[i].at};
    if (entries_.size() % 2 == 1) entries_[entries_.size() / 2] = entries_.back();
    entries_.resize((entries_.size() + 1) / 2);
    resolution_ *= 2;
  }
  std::vector<Entry> entries_;
  DurationMs resolution_ = kResolution;
};

}  // namespace tocsin::runtime
