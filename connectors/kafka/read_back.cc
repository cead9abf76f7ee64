#include "connectors/kafka/read_back.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace tocsin::kafka {
namespace {

constexpr int64_t kFirstStep = 1'000;
constexpr int64_t kGrowth = 8;
// A producer that was killed may have bytes on their way into the broker: the end counts once it rests.
constexpr auto kRest = std::chrono::milliseconds(100);
constexpr int kMostLooks = 50;

using Clock = std::chrono::steady_clock;

std::optional<std::string_view> header(const rd_kafka_message_t& message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return std::string_view(static_cast<const char*>(value), size);
}

// The record's sequence, when this instance wrote it.
std::optional<uint64_t> sequence_of(const rd_kafka_message_t& message, const std::string& instance) {
  const auto who = header(message, kInstanceHeader);
  const auto text = header(message, kSequenceHeader);
  uint64_t sequence = 0;
  if (!who || *who != instance || !text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), sequence);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return sequence;
}

class Reader {
 public:
  Reader(const ReadBackOptions& options, Handle<rd_kafka_t> client)
      : options_(options), client_(std::move(client)), queue_(rd_kafka_queue_get_consumer(client_.get())) {}
  ~Reader() {
    queue_.reset();
    rd_kafka_consumer_close(client_.get());
  }

  // All that the topic holds of the instance, once its ends rest: an empty partition too may have its first records on
  // their way.
  Status read() {
    if (Status s = count(); !s) return s;
    std::vector<Bounds> bounds, before;
    for (int look = 0; look < kMostLooks; ++look) {
      if (Status s = look_at(bounds); !s) return s;
      if (bounds == before) return read_all(bounds);
      before = bounds;
      std::this_thread::sleep_for(kRest);
    }
    return conflict("topic " + options_.topic + " keeps growing: another instance writes the same alerts; stop it");
  }

  std::set<uint64_t> found;

 private:
  struct Bounds {
    int64_t low = 0, high = 0;
    bool operator==(const Bounds&) const = default;
  };

  Status count() {
    auto n = count_partitions(client_.get(), options_.topic, kAskMs);
    if (!n) return n.error();
    partitions_ = *n;
    return {};
  }

  Status look_at(std::vector<Bounds>& bounds) {
    bounds.resize(static_cast<size_t>(partitions_));
    for (int32_t p = 0; p < partitions_; ++p) {
      Bounds& b = bounds[static_cast<size_t>(p)];
      const auto error =
          rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(), p, &b.low, &b.high, kAskMs);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("topic " + options_.topic + ": " + describe(error));
    }
    return {};
  }

  Status read_all(const std::vector<Bounds>& bounds) {
    for (int32_t p = 0; p < partitions_; ++p) {
      if (Status s = read_partition(p, bounds[static_cast<size_t>(p)]); !s) return s;
    }
    return {};
  }

  Status read_partition(int32_t partition, Bounds bounds) {
    const auto [low, high] = bounds;
    for (int64_t step = kFirstStep;; step *= kGrowth) {
      const int64_t from = std::max(low, high - step);
      bool met_floor = false;
      if (Status s = read_range(partition, from, high, met_floor); !s) return s;
      if (met_floor || from == low || static_cast<uint64_t>(step) >= options_.limit) return {};
    }
  }

  Status read_range(int32_t partition, int64_t from, int64_t until, bool& met_floor) {
    if (from >= until) return {};
    const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), options_.topic.c_str(), partition)->offset = from;
    if (rd_kafka_assign(client_.get(), list.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unavailable("cannot read topic " + options_.topic);
    }
    const auto deadline = Clock::now() + std::chrono::milliseconds(options_.wait_ms);
    for (int64_t next = from; next < until;) {
      const Handle<rd_kafka_message_t> m(rd_kafka_consume_queue(queue_.get(), 100));
      if (!m) {
        if (Clock::now() > deadline) return unavailable("topic " + options_.topic + " cannot be read back: no answer");
        continue;
      }
      if (m->rkt == nullptr || m->partition != partition) continue;
      if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        next = std::max(next, m->offset);
      } else if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        return unavailable("topic " + options_.topic + " is being cut while it is read back");
      } else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        next = m->offset + 1;
        const auto sequence = sequence_of(*m, options_.instance);
        if (sequence && *sequence <= options_.floor) met_floor = true;
        if (sequence && *sequence > options_.floor) found.insert(*sequence);
      }
    }
    return {};
  }

  const ReadBackOptions& options_;
  Handle<rd_kafka_t> client_;
  Handle<rd_kafka_queue_t> queue_;
  int32_t partitions_ = 0;
};

}  // namespace

Result<std::set<uint64_t>> read_back(const ReadBackOptions& options) {
  Callbacks callbacks;
  ClientOptions client;
  client.user = options.settings;
  for (const char* name : {"transactional.id", "enable.idempotence", "acks", "isolation.level"})
    client.user.erase(name);
  client.defaults = {{"group.id", "tocsin"}, {"fetch.wait.max.ms", "20"}};
  client.fixed = {{"enable.auto.commit", "false"},
                  {"enable.auto.offset.store", "false"},
                  {"enable.partition.eof", "true"},
                  {"auto.offset.reset", "error"},
                  {"isolation.level", "read_committed"},  // what a transaction took back was not told to anybody
                  {"check.crcs", "true"}};
  client.callbacks = &callbacks;
  auto made = make_client(RD_KAFKA_CONSUMER, client);
  if (!made) return made.error();
  Reader reader(options, std::move(*made));
  if (Status s = reader.read(); !s) return s.error();
  return std::move(reader.found);
}

}  // namespace tocsin::kafka
