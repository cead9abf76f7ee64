#include "connectors/kafka/watch.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace tocsin::kafka {
namespace {

constexpr DurationMs kHurryMs = 250;  // between two looks while brokers are away

}  // namespace

Watch::Watch(rd_kafka_t* client, std::vector<WatchedPartition> partitions, DurationMs every)
    : client_(client), every_(every) {
  for (auto& p : partitions) {
    parts_.push_back(std::make_unique<Part>());
    parts_.back()->of = std::move(p);
  }
  thread_ = std::thread([this] { run(); });
}

Watch::~Watch() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watch::set_position(size_t partition, uint64_t next) { parts_[partition]->position = next; }

void Watch::raise_end(Part& part, uint64_t end) {
  uint64_t known = part.end.load(std::memory_order_relaxed);
  while (known < end && !part.end.compare_exchange_weak(known, end)) {
  }
}

void Watch::polled(size_t partition, uint64_t next, TimeMs timestamp) {
  Part& part = *parts_[partition];
  part.position.store(next, std::memory_order_relaxed);
  part.last_timestamp.store(timestamp, std::memory_order_relaxed);
}

void Watch::reached_end(size_t partition, uint64_t end) {
  Part& part = *parts_[partition];
  // The end may lie past the last record: transaction markers, compaction.
  uint64_t position = part.position.load();
  while (position < end && !part.position.compare_exchange_weak(position, end)) {
  }
  raise_end(part, end);
  if (!down()) part.end_known = true;
}

void Watch::error(rd_kafka_resp_err_t code, std::string_view reason) {
  // One broker of several, and what librdkafka puts right by itself, is no news until the look says so.
  const bool all_down = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  if (all_down) {
    for (auto& part : parts_) part->end_known = false;
    down_.store(true, std::memory_order_release);
  }
  const std::scoped_lock lock(mutex_);
  reason_ = std::string(reason.empty() ? describe(code) : reason);
  trouble_ = reason_;
  hurry_ = true;
  wake_.notify_all();
}

void Watch::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    hurry_ = false;
    lock.unlock();
    const bool well = look();
    lock.lock();
    if (well && !hurry_) {
      trouble_.clear();
      reason_.clear();
    }
    const auto pause = std::chrono::milliseconds(well && !hurry_ ? every_ : std::min(every_, kHurryMs));
    wake_.wait_for(lock, pause, [&] { return stop_ || (well && hurry_); });
  }
}

// Asks for the topics and the partitions' ends. While brokers were away nothing is "at the head"; each partition is so
// again once its end is known anew.
bool Watch::look() {
  std::set<std::string> topics;
  for (const auto& part : parts_) topics.insert(part->of.topic);
  for (const auto& topic : topics) {
    const auto count = count_partitions(client_, topic, kAskMs);
    if (!count) {
      for (auto& part : parts_) part->end_known = false;
      down_.store(true, std::memory_order_release);
      const std::scoped_lock lock(mutex_);
      trouble_ = count.error().message + (reason_.empty() ? "" : " (" + reason_ + ")");
      return false;
    }
    look_for_new(topic, *count);
  }
  bool well = true;
  for (auto& part : parts_) {
    int64_t low = 0;
    int64_t high = 0;
    const auto error =
        rd_kafka_query_watermark_offsets(client_, part->of.topic.c_str(), part->of.number, &low, &high, kAskMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      part->end_known = false;
      well = false;
      const std::scoped_lock lock(mutex_);
      trouble_ = "topic " + part->of.topic + ", partition " + std::to_string(part->of.number) + ": " + describe(error);
      continue;
    }
    raise_end(*part, static_cast<uint64_t>(high));
    part->end_known = true;
  }
  down_.store(!well, std::memory_order_release);
  return well;
}

void Watch::look_for_new(const std::string& topic, int32_t count) {
  const std::scoped_lock lock(mutex_);
  for (int32_t n = 0; n < count; ++n) {
    const std::string name = topic + "/" + std::to_string(n);
    const bool ours = std::any_of(parts_.begin(), parts_.end(),
                                  [&](const auto& p) { return p->of.topic == topic && p->of.number == n; });
    if (!ours && std::find(new_.begin(), new_.end(), name) == new_.end()) new_.push_back(name);
  }
}

bool Watch::at_head(size_t partition) const {
  const Part& part = *parts_[partition];
  return !down() && part.end_known && part.position >= part.end;
}

std::vector<PartitionStats> Watch::stats() const {
  std::vector<PartitionStats> all;
  for (const auto& part : parts_) {
    PartitionStats s;
    s.topic = part->of.topic;
    s.partition = part->of.number;
    s.position = part->position;
    int64_t low = 0;
    int64_t high = 0;
    s.end = part->end;
    s.end_known = part->end_known;
    if (rd_kafka_get_watermark_offsets(client_, s.topic.c_str(), s.partition, &low, &high) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      s.end = std::max(s.end, high < 0 ? uint64_t{0} : static_cast<uint64_t>(high));
      s.end_known = s.end_known || high >= 0;
    }
    s.lag_records = s.end > s.position ? s.end - s.position : 0;
    s.last_timestamp = part->last_timestamp;
    all.push_back(std::move(s));
  }
  return all;
}

std::string Watch::health() const {
  const std::scoped_lock lock(mutex_);
  return trouble_;
}

std::vector<std::string> Watch::new_partitions() const {
  const std::scoped_lock lock(mutex_);
  return new_;
}

}  // namespace tocsin::kafka
