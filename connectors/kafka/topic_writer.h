#pragma once
// Writes records to a topic and tells when they are safe: ingest, where Kafka is configured.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "connectors/kafka/client.h"

namespace tocsin::kafka {

struct TopicWriterOptions {
  Settings settings = {};
  std::string topic = {};
  DurationMs timeout = 10'000;     // after which a record that the broker did not acknowledge counts as failed
  size_t max_in_flight = 100'000;  // records
  LogFunction log = {};
};

struct KeyedRecord {
  std::string_view key;  // records of one key are in one partition, in order; empty: any partition
  std::string_view payload;
};

// Thread-safe.
class KafkaTopicWriter {
 public:
  // Called once, from the writer's own thread (within write() when the last record could not even be queued). ok: all
  // in-sync replicas have all records. Else at least one record is not known to be there (others may be): kUnavailable,
  // or kInvalid when the broker refuses it. It must not block.
  using Done = std::function<void(Status)>;

  // kInvalid: a setting is wrong. Needs no broker.
  static Result<std::unique_ptr<KafkaTopicWriter>> open(TopicWriterOptions options);
  // Waits for what is on its way, at most options.timeout; every Done is called.
  ~KafkaTopicWriter();

  // Copies the records and returns. kExhausted: too much is on its way, nothing was taken and `done` is not called.
  Status write(std::span<const KeyedRecord> records, Done done);
  // Empty: all is well.
  std::string health() const;

 private:
  class Impl;
  explicit KafkaTopicWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::kafka
