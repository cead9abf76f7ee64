#pragma once
// N shards working on the same delta: one runs on the caller's thread, N threads otherwise. apply() is a barrier: when
// it returns every shard has finished, and their transitions stand merged in the one order of tags.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/shard.h"

namespace tocsin::runtime {

class ShardPool {
 public:
  using Ticker = uint64_t (*)();  // steady nanoseconds
  // 1 … 256 shards. `ticker` null: how busy they are is not measured.
  ShardPool(const std::shared_ptr<const rule::RuleSet>& rules, const TimeZone& zone, uint32_t count,
            Ticker ticker = nullptr);
  ~ShardPool();
  ShardPool(const ShardPool&) = delete;
  ShardPool& operator=(const ShardPool&) = delete;

  // Applies the delta's events and appends the transitions in order to `out`. False: the delta does not decode.
  bool apply(std::string_view delta, std::vector<alert::Transition>& out);
  // See Shard::end_keys; transitions in order, none where it fails.
  Status end_keys(const Shard::Ends& ends, const Shard::GoesOn& goes_on, TimeMs time, uint64_t position,
                  std::vector<Shard::Left>& left, std::vector<alert::Transition>& out);
  // See Shard::rejudge and Shard::adopt, for a change of the rule set; transitions in the order of (rule, key).
  void rejudge(const Shard::Edits& edits, TimeMs watermark, TimeMs now, uint64_t position);
  void adopt(const std::vector<bool>& begun, std::vector<Shard::Left> former, TimeMs now, uint64_t position);
  void take_changes(std::vector<alert::Transition>& out);
  // The shard of rules over alerts; null where there are none.
  Shard* over_alerts() { return over_alerts_.get(); }
  // Applies what stands in the delta for rules over alerts; transitions as of apply().
  bool apply_alerts(std::string_view delta, std::vector<alert::Transition>& out);
  // The same from the operations themselves; puts the transitions where they belong among those of `out`.
  bool apply_alert_operations(std::string_view operations, std::vector<alert::Transition>& out);
  // The shard of a key. Only between calls of apply().
  Shard& owner(uint16_t rule, const Hash128& key) {
    return rules_->rules()[rule].reads_alerts ? *over_alerts_ : *shards_[key.lo % shards_.size()];
  }
  // All of them, that over alerts last.
  std::vector<Shard*> all() const;
  size_t count() const { return shards_.size(); }
  // How long a shard has worked on deltas, since the pool was made. Only between calls of apply().
  uint64_t busy_ns(size_t shard) const { return busy_ns_[shard]; }

 private:
  bool apply_one(size_t index, std::string_view delta);
  void work(size_t index);
  void collect(std::vector<alert::Transition>& out);
  std::shared_ptr<const rule::RuleSet> rules_;
  std::unique_ptr<Shard> over_alerts_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<char> fine_;
  std::vector<uint64_t> busy_ns_;
  const Ticker ticker_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::string_view delta_;
  uint64_t round_ = 0;
  size_t running_ = 0;
  bool stop_ = false;
};

}  // namespace tocsin::runtime
