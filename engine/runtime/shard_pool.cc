#include "runtime/shard_pool.h"

#include <algorithm>
#include <unordered_map>

namespace tocsin::runtime {

ShardPool::ShardPool(const std::shared_ptr<const rule::RuleSet>& rules, const TimeZone& zone, uint32_t count,
                     Ticker ticker)
    : rules_(rules), ticker_(ticker) {
  if (rules->reads_alerts()) over_alerts_ = std::make_unique<Shard>(rules, zone, 0, 1, true);
  for (uint32_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(rules, zone, i, count));
  fine_.assign(count, 1);
  busy_ns_.assign(count, 0);
  if (count == 1) return;
  for (size_t i = 0; i < count; ++i) threads_.emplace_back([this, i] { work(i); });
}

ShardPool::~ShardPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& t : threads_) t.join();
}

// Each thread touches its own place alone.
bool ShardPool::apply_one(size_t index, std::string_view delta) {
  const uint64_t begin = ticker_ != nullptr ? ticker_() : 0;
  const bool fine = shards_[index]->apply(delta);
  if (ticker_ != nullptr) busy_ns_[index] += ticker_() - begin;
  return fine;
}

void ShardPool::work(size_t index) {
  uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    start_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    const std::string_view delta = delta_;
    lock.unlock();
    const bool fine = apply_one(index, delta);
    lock.lock();
    fine_[index] = fine ? 1 : 0;
    if (--running_ == 0) done_.notify_one();
  }
}

// The shards' transitions in the one order of tags.
void ShardPool::collect(std::vector<alert::Transition>& out) {
  const size_t first = out.size();
  for (const auto& shard : shards_) {
    auto& from = shard->transitions();
    std::move(from.begin(), from.end(), std::back_inserter(out));
    from.clear();
  }
  if (shards_.size() > 1) {
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(),
              [](const alert::Transition& a, const alert::Transition& b) { return a.tag < b.tag; });
  }
}

Status ShardPool::end_keys(const Shard::Ends& ends, const Shard::GoesOn& goes_on, TimeMs time, uint64_t position,
                           std::vector<Shard::Left>& left, std::vector<alert::Transition>& out) {
  Status status;
  for (Shard* shard : all()) {
    if (status) status = shard->end_keys(ends, goes_on, time, position, left);
  }
  std::vector<alert::Transition> told;  // what was told before one failed would else be the next batch's
  take_changes(told);
  if (status) std::move(told.begin(), told.end(), std::back_inserter(out));
  return status;
}

void ShardPool::rejudge(const Shard::Edits& edits, TimeMs watermark, TimeMs now, uint64_t position) {
  for (Shard* shard : all()) shard->rejudge(edits, watermark, now, position);
}

void ShardPool::adopt(const std::vector<bool>& begun, std::vector<Shard::Left> former, TimeMs now, uint64_t position) {
  std::unordered_map<const Shard*, std::vector<Shard::Left>> of;
  for (Shard::Left& l : former) of[&owner(l.rule, l.key)].push_back(std::move(l));
  for (Shard* shard : all()) shard->adopt(begun, std::move(of[shard]), now, position);
}

void ShardPool::take_changes(std::vector<alert::Transition>& out) {
  for (Shard* shard : all()) {
    auto& from = shard->transitions();
    std::move(from.begin(), from.end(), std::back_inserter(out));
    from.clear();
  }
  std::sort(out.begin(), out.end(),
            [](const alert::Transition& a, const alert::Transition& b) { return a.tag < b.tag; });
}

std::vector<Shard*> ShardPool::all() const {
  std::vector<Shard*> out;
  for (const auto& shard : shards_) out.push_back(shard.get());
  if (over_alerts_ != nullptr) out.push_back(over_alerts_.get());
  return out;
}

bool ShardPool::apply_alerts(std::string_view delta, std::vector<alert::Transition>& out) {
  if (over_alerts_ == nullptr) return true;
  const bool fine = over_alerts_->apply(delta);
  auto& told = over_alerts_->transitions();
  std::move(told.begin(), told.end(), std::back_inserter(out));
  told.clear();
  return fine;
}

bool ShardPool::apply_alert_operations(std::string_view operations, std::vector<alert::Transition>& out) {
  const bool fine = over_alerts_->apply_operations(operations);
  auto& told = over_alerts_->transitions();
  if (told.empty()) return fine;
  std::move(told.begin(), told.end(), std::back_inserter(out));
  told.clear();
  std::sort(out.begin(), out.end(),
            [](const alert::Transition& a, const alert::Transition& b) { return a.tag < b.tag; });
  return fine;
}

bool ShardPool::apply(std::string_view delta, std::vector<alert::Transition>& out) {
  if (threads_.empty()) {
    fine_[0] = apply_one(0, delta) ? 1 : 0;
  } else {
    std::unique_lock lock(mutex_);
    delta_ = delta;
    running_ = shards_.size();
    ++round_;
    start_.notify_all();
    done_.wait(lock, [&] { return running_ == 0; });
  }
  collect(out);
  return std::ranges::all_of(fine_, [](char c) { return c != 0; });
}

}  // namespace tocsin::runtime
