#pragma once
// A real Apache Kafka for tests (tests/kafka/broker), and the few things that tests do with it beside the code under
// test.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/client.h"

namespace tocsin::test {

struct KafkaRecord {
  int32_t partition;
  int64_t offset;
  std::string key;
  std::string payload;
  std::map<std::string, std::string> headers;
};

// As a table's topic has them; times are the producer's.
struct TableRecord {
  std::string key;
  std::optional<std::string> value = {};
  int64_t timestamp = 0;
};

// One running broker. Functions add a test failure when the broker does not do what they ask.
class Broker {
 public:
  // The one that all test processes share; started on first use, kept while this process lives. nullptr: it cannot be
  // had, and reason() says why.
  static Broker* shared();
  static const std::string& reason();
  // One of our own in `directory`, stopped with the object; it can be stopped and started again on the same port.
  explicit Broker(std::string directory);
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;
  ~Broker();
  void start();
  void stop();

  const std::string& address() const { return address_; }
  kafka::Settings settings() const { return {{"bootstrap.servers", address_}}; }

  // A topic of a name that no other test has; `hint` is part of it.
  std::string create_topic(const std::string& hint, int partitions,
                           const std::map<std::string, std::string>& config = {});
  void add_partitions(const std::string& topic, int total);
  // Drops the records before `offset`, as retention does.
  void delete_records(const std::string& topic, int32_t partition, int64_t offset);
  void produce(const std::string& topic, int32_t partition, const std::vector<std::string>& payloads);
  void produce(const std::string& topic, int32_t partition, const std::vector<TableRecord>& records);
  // Everything committed that is in the topic now, partition by partition, in order.
  std::vector<KafkaRecord> consume(const std::string& topic);

 private:
  struct Leased {
    std::string address;
  };
  explicit Broker(Leased leased) : address_(std::move(leased.address)) {}
  rd_kafka_t* admin();
  using Send = std::function<rd_kafka_resp_err_t(rd_kafka_t* producer, size_t i)>;
  void produce(size_t count, const Send& send);
  void run_admin(const std::string& what, const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& ask,
                 const std::function<std::string(rd_kafka_event_t*)>& judge);

  std::string directory_;
  std::string address_;
  kafka::Callbacks callbacks_;
  kafka::Handle<rd_kafka_t> admin_;
};

// For tests on the shared broker: skips with one line when Maven Central cannot be reached, fails then when CI=true.
class BrokerTest : public testing::Test {
 protected:
  void SetUp() override;
  Broker& broker() { return *Broker::shared(); }
};

}  // namespace tocsin::test
