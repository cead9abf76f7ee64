#pragma once
// Transitions to a Kafka topic: CloudEvents, key = alert id, so that all of an alert are in one partition, in order.
// The topic holds each transition once: records carry their sequence, and after a crash the sink first reads what is
// there.
//
// An older instance cannot wake up and write beside a newer one: both would need the lock of the same state directory.
// Where the directory itself may exist twice (a copied disk), set transactional.id: then each batch is a transaction,
// and the broker fences the older producer.
#include <memory>
#include <string>

#include "connectors/kafka/client.h"
#include "runtime/ports.h"

namespace tocsin::kafka {

struct KafkaSinkOptions {
  Settings settings = {};  // bootstrap.servers and any other of librdkafka's; transactional.id: see above
  std::string topic = {};
  std::string instance = {};   // identity of the state directory, made once with it; sequences are counted under it
  std::string name = "kafka";  // under which the state keeps how far delivery is
  DurationMs connect_wait = 10'000;  // how long resume() waits for a broker
  size_t max_in_flight = 50'000;     // records
  size_t max_in_flight_bytes = 64u << 20;
  uint64_t read_back_limit = 1'000'000;  // records per partition
  LogFunction log = {};
};

// publish(), resume(), flush() by one thread; delivered() and health() by any.
class KafkaSink final : public runtime::Sink {
 public:
  // kInvalid: a setting is wrong. Needs no broker.
  static Result<std::unique_ptr<KafkaSink>> open(KafkaSinkOptions options);
  ~KafkaSink() override;

  std::string_view name() const override;
  // Reads back what the topic holds after `floor`. When no broker answers within connect_wait it returns `floor`, goes
  // on trying, and publish() is kExhausted until it is known.
  Result<uint64_t> resume(uint64_t floor) override;
  // Returns at once. kExhausted: too much is on its way, or the broker is away; offer it again. Others are final:
  // kInvalid (a record is too large for the topic, not allowed, no such topic), kConflict (fenced by a newer instance).
  Status publish(std::span<const runtime::Outgoing> batch) override;
  // All up to it are acknowledged by all in-sync replicas.
  uint64_t delivered() const override;
  Status flush(DurationMs wait) override;

  // What happens by itself after a fatal error of the idempotent producer: it goes, the topic is read back, and a new
  // one sends what did not arrive. Returns at once.
  void replace_producer();

  // Empty: all is well. Else what is wrong, for people.
  std::string health() const;

 private:
  class Worker;
  explicit KafkaSink(std::unique_ptr<Worker> worker);
  std::unique_ptr<Worker> worker_;
};

}  // namespace tocsin::kafka
