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
  // 1 … 256 shards.
  ShardPool(std::shared_ptr<const rule::RuleSet> rules, const TimeZone& zone, uint32_t count);
  ~ShardPool();
  ShardPool(const ShardPool&) = delete;
  ShardPool& operator=(const ShardPool&) = delete;

  // Applies the delta and appends the transitions in order to `out`. False: the delta does not decode.
  bool apply(std::string_view delta, std::vector<alert::Transition>& out);
  // See Shard::end_rules; transitions in order.
  Status end_rules(const std::vector<bool>& gone, TimeMs time, uint64_t position, std::vector<alert::Transition>& out);
  // See Shard::rejudge; transitions in order.
  void rejudge(const std::vector<bool>& edited, TimeMs now, uint64_t position, std::vector<alert::Transition>& out);
  // The shard of a key. Only between calls of apply().
  Shard& owner(const Hash128& key) { return *shards_[key.lo % shards_.size()]; }
  std::vector<std::unique_ptr<Shard>>& shards() { return shards_; }

 private:
  void work(size_t index);
  void collect(std::vector<alert::Transition>& out);
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<char> fine_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::string_view delta_;
  uint64_t round_ = 0;
  size_t running_ = 0;
  bool stop_ = false;
};

}  // namespace tocsin::runtime
