#include "tests/connectors/kafka/broker.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>

namespace tocsin::test {
namespace {

constexpr int kUnreachable = 75;  // tests/kafka/broker's exit status
constexpr int kAskMs = 20'000;

struct Outcome {
  int status;
  std::string output;
};

Outcome run_script(const std::string& arguments) {
  const std::string command = std::string(TOCSIN_ROOT) + "/tests/kafka/broker " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "cannot run " + command};
  std::string output;
  std::array<char, 4096> buffer;
  while (const size_t n = ::fread(buffer.data(), 1, buffer.size(), pipe)) output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  while (output.ends_with('\n')) output.pop_back();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

struct Shared {
  std::string address;
  std::string reason;  // empty: it is there
  bool unreachable = false;
};

std::string unique(const std::string& hint) {
  static std::atomic<int> counter = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return hint + "-" + std::to_string(::getpid()) + "-" + std::to_string(now % 1'000'000'000) + "-" +
         std::to_string(counter++);
}

std::string topic_errors(const rd_kafka_topic_result_t** results, size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      text += rd_kafka_topic_result_error_string(results[i]);
    }
  }
  return text;
}

// Between the first answer and the lease the broker may be stopped, so it is asked for again under the lease.
Shared find_shared() {
  Shared s;
  Outcome outcome = run_script("shared");
  if (outcome.status == 0) {
    const int lease = ::open(outcome.output.substr(outcome.output.find(' ') + 1).c_str(), O_RDONLY | O_CLOEXEC);
    if (lease < 0 || ::flock(lease, LOCK_SH) != 0) outcome = {-1, "no lease: " + outcome.output};
    // The descriptor is kept: the lease lasts as long as this process.
  }
  if (outcome.status == 0) outcome = run_script("shared");
  s.reason = outcome.status == 0 ? "" : outcome.output;
  s.unreachable = outcome.status == kUnreachable;
  s.address = outcome.output.substr(0, outcome.output.find(' '));
  return s;
}

Shared& shared_broker() {
  static Shared shared = find_shared();
  return shared;
}

}  // namespace

Broker* Broker::shared() {
  Shared& s = shared_broker();
  if (!s.reason.empty()) return nullptr;
  static Broker broker{Leased{s.address}};
  return &broker;
}

const std::string& Broker::reason() { return shared_broker().reason; }

void BrokerTest::SetUp() {
  if (Broker::shared() != nullptr) return;
  const char* ci = ::getenv("CI");
  const bool must = ci != nullptr && std::string(ci) == "true";
  if (shared_broker().unreachable && !must) GTEST_SKIP() << Broker::reason();
  FAIL() << Broker::reason();
}

Broker::Broker(std::string directory) : directory_(std::move(directory)) { start(); }

Broker::~Broker() {
  admin_.reset();
  if (!directory_.empty()) stop();
}

void Broker::start() {
  const Outcome outcome = run_script("start " + directory_);
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  address_ = outcome.output;
}

void Broker::stop() {
  const Outcome outcome = run_script("stop " + directory_);
  EXPECT_EQ(outcome.status, 0) << outcome.output;
}

rd_kafka_t* Broker::admin() {
  if (!admin_) {
    kafka::ClientOptions options;
    options.user = settings();
    options.callbacks = &callbacks_;
    auto made = kafka::make_client(RD_KAFKA_PRODUCER, options);
    EXPECT_TRUE(made);
    admin_ = std::move(*made);
  }
  return admin_.get();
}

void Broker::run_admin(const std::string& what, const std::function<void(rd_kafka_t*, rd_kafka_queue_t*)>& ask,
                       const std::function<std::string(rd_kafka_event_t*)>& judge) {
  rd_kafka_t* client = admin();
  const kafka::Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client));
  ask(client, queue.get());
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue.get(), kAskMs);
  ASSERT_NE(event, nullptr) << what << ": no answer";
  const std::string trouble =
      rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_event_error_string(event) : judge(event);
  EXPECT_EQ(trouble, "") << what;
  rd_kafka_event_destroy(event);
}

std::string Broker::create_topic(const std::string& hint, int partitions,
                                 const std::map<std::string, std::string>& config) {
  const std::string name = unique(hint);
  std::array<char, 512> text;
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, text.data(), text.size());
  for (const auto& [k, v] : config) rd_kafka_NewTopic_set_config(topic, k.c_str(), v.c_str());
  run_admin(
      "creating topic " + name,
      [&](auto* client, auto* queue) { rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue); },
      [](rd_kafka_event_t* event) {
        size_t n = 0;
        return topic_errors(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n), n);
      });
  rd_kafka_NewTopic_destroy(topic);
  // Created is not yet known to be there: ask until it is.
  for (int i = 0; i < 200; ++i) {
    const auto count = kafka::count_partitions(admin(), name, 1000);
    if (count && *count == partitions) break;
    ::usleep(20'000);
  }
  return name;
}

void Broker::add_partitions(const std::string& topic, int total) {
  std::array<char, 512> text;
  rd_kafka_NewPartitions_t* more =
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<size_t>(total), text.data(), text.size());
  run_admin(
      "adding partitions",
      [&](auto* client, auto* queue) { rd_kafka_CreatePartitions(client, &more, 1, nullptr, queue); },
      [](rd_kafka_event_t* event) {
        size_t n = 0;
        return topic_errors(rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &n),
                            n);
      });
  rd_kafka_NewPartitions_destroy(more);
}

void Broker::delete_records(const std::string& topic, int32_t partition, int64_t offset) {
  const kafka::Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* records = rd_kafka_DeleteRecords_new(list.get());
  run_admin(
      "deleting records",
      [&](auto* client, auto* queue) { rd_kafka_DeleteRecords(client, &records, 1, nullptr, queue); },
      [](rd_kafka_event_t* event) {
        const auto* done = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        return done->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR ? "" : kafka::describe(done->elems[0].err);
      });
  rd_kafka_DeleteRecords_destroy(records);
}

void Broker::produce(const std::string& topic, int32_t partition, const std::vector<std::string>& payloads) {
  produce(payloads.size(), [&](rd_kafka_t* producer, size_t i) {
    return rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_VALUE(const_cast<char*>(payloads[i].data()), payloads[i].size()),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  });
}

void Broker::produce(const std::string& topic, int32_t partition, const std::vector<TableRecord>& records) {
  produce(records.size(), [&](rd_kafka_t* producer, size_t i) {
    const TableRecord& r = records[i];
    void* value = r.value ? const_cast<char*>(r.value->data()) : nullptr;
    const size_t size = r.value ? r.value->size() : 0;
    return rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_KEY(const_cast<char*>(r.key.data()), r.key.size()),
                             RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_TIMESTAMP(r.timestamp),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  });
}

void Broker::produce(size_t count, const Send& send) {
  int failed = 0;
  kafka::Callbacks callbacks;
  callbacks.delivery = [&](const rd_kafka_message_t& m) { failed += m.err != RD_KAFKA_RESP_ERR_NO_ERROR; };
  kafka::ClientOptions options;
  options.user = settings();
  options.user["message.max.bytes"] = "4000000";
  options.user["linger.ms"] = "0";
  options.user["enable.idempotence"] = "true";  // what is sent again stays in its order
  options.user["queue.buffering.max.messages"] = "1000000";
  options.callbacks = &callbacks;
  auto producer = kafka::make_client(RD_KAFKA_PRODUCER, options);
  ASSERT_TRUE(producer);
  for (size_t i = 0; i < count; ++i) {
    const auto error = send(producer->get(), i);
    ASSERT_EQ(error, RD_KAFKA_RESP_ERR_NO_ERROR) << kafka::describe(error);
  }
  EXPECT_EQ(rd_kafka_flush(producer->get(), kAskMs), RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_EQ(failed, 0);
}

namespace {

KafkaRecord copy(const rd_kafka_message_t& m) {
  KafkaRecord r{m.partition,
                m.offset,
                std::string(static_cast<const char*>(m.key), m.key_len),
                std::string(static_cast<const char*>(m.payload), m.len),
                {}};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return r;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    r.headers[name] = std::string(static_cast<const char*>(value), size);
  }
  return r;
}

}  // namespace

std::vector<KafkaRecord> Broker::consume(const std::string& topic) {
  std::vector<KafkaRecord> all;
  kafka::Callbacks callbacks;
  kafka::ClientOptions options;
  options.user = settings();
  options.fixed = {{"group.id", "tests"},
                   {"enable.partition.eof", "true"},
                   {"enable.auto.commit", "false"},
                   {"fetch.wait.max.ms", "10"}};
  options.callbacks = &callbacks;
  auto consumer = kafka::make_client(RD_KAFKA_CONSUMER, options);
  EXPECT_TRUE(consumer);
  const auto count = kafka::count_partitions(admin(), topic, kAskMs);
  EXPECT_TRUE(count);
  for (int32_t p = 0; count && p < *count; ++p) {
    const kafka::Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer->get(), list.get());
    while (true) {
      const kafka::Handle<rd_kafka_message_t> m(rd_kafka_consumer_poll(consumer->get(), kAskMs));
      if (!m) {
        ADD_FAILURE() << "topic " << topic << " cannot be read to its end";
        return all;
      }
      if (m->partition != p) continue;
      if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) break;
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) all.push_back(copy(*m));
    }
  }
  rd_kafka_consumer_close(consumer->get());
  return all;
}

}  // namespace tocsin::test
