#include "connectors/kafka/read_back.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

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

  Status read_partition(int32_t partition) {
    int64_t low = 0;
    int64_t high = 0;
    if (Status s = resting_end(partition, low, high); !s) return s;
    for (int64_t step = kFirstStep;; step *= kGrowth) {
      const int64_t from = std::max(low, high - step);
      bool met_floor = false;
      if (Status s = read_range(partition, from, high, met_floor); !s) return s;
      if (met_floor || from == low || static_cast<uint64_t>(step) >= options_.limit) return {};
    }
  }

  int32_t partitions = 0;
  std::set<uint64_t> found;

  Status count() {
    auto n = count_partitions(client_.get(), options_.topic, kAskMs);
    if (!n) return n.error();
    partitions = *n;
    return {};
  }

 private:
  Status resting_end(int32_t partition, int64_t& low, int64_t& high) {
    int64_t before = -1;
    for (int look = 0; look < kMostLooks; ++look) {
      const auto error =
          rd_kafka_query_watermark_offsets(client_.get(), options_.topic.c_str(), partition, &low, &high, kAskMs);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("topic " + options_.topic + ": " + describe(error));
      if (high == before || high == low) return {};
      before = high;
      std::this_thread::sleep_for(kRest);
    }
    return conflict("topic " + options_.topic + " keeps growing: another instance writes the same alerts; stop it");
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
};

}  // namespace

Result<std::set<uint64_t>> read_back(const ReadBackOptions& options) {
  Callbacks callbacks;
  ClientOptions client;
  client.user = options.settings;
  for (const char* name : {"transactional.id", "enable.idempotence", "acks"}) client.user.erase(name);
  client.defaults = {{"group.id", "tocsin"}, {"fetch.wait.max.ms", "20"}};
  client.fixed = {{"enable.auto.commit", "false"},
                  {"enable.auto.offset.store", "false"},
                  {"enable.partition.eof", "true"},
                  {"auto.offset.reset", "error"},
                  {"check.crcs", "true"}};
  client.callbacks = &callbacks;
  auto made = make_client(RD_KAFKA_CONSUMER, client);
  if (!made) return made.error();
  Reader reader(options, std::move(*made));
  if (Status s = reader.count(); !s) return s.error();
  for (int32_t p = 0; p < reader.partitions; ++p) {
    if (Status s = reader.read_partition(p); !s) return s.error();
  }
  return std::move(reader.found);
}

}  // namespace tocsin::kafka
