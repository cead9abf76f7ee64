#include "connectors/kafka/topic_writer.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

namespace tocsin::kafka {
namespace {

// One write(): its records point here until the last of them is reported.
struct Group {
  size_t left;
  KafkaTopicWriter::Done done;
  std::optional<Error> error;
};

Error refused(const std::string& topic, rd_kafka_resp_err_t code) {
  const std::string text = "topic " + topic + " did not take a record: " + describe(code);
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return invalid(text);
    default:
      return unavailable(text);
  }
}

}  // namespace

class KafkaTopicWriter::Impl {
 public:
  explicit Impl(TopicWriterOptions options) : options_(std::move(options)) {
    callbacks_.log = options_.log;
    callbacks_.delivery = [this](const rd_kafka_message_t& m) { report(*static_cast<Group*>(m._private), m.err); };
    callbacks_.error = [this](rd_kafka_resp_err_t code, std::string_view reason) { on_error(code, reason); };
  }

  ~Impl() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    if (!client_) return;
    rd_kafka_flush(client_.get(), static_cast<int>(options_.timeout));
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), kServeMs);
  }

  Status start() {
    ClientOptions client;
    client.user = options_.settings;
    client.defaults = {{"client.id", "tocsin-ingest"},       {"linger.ms", "1"},
                       {"compression.codec", "lz4"},         {"socket.nagle.disable", "true"},
                       {"partitioner", "murmur2_random"},    {"reconnect.backoff.ms", "50"},
                       {"reconnect.backoff.max.ms", "1000"}, {"message.timeout.ms", std::to_string(options_.timeout)}};
    client.fixed = {{"acks", "all"}};
    client.callbacks = &callbacks_;
    auto made = make_client(RD_KAFKA_PRODUCER, client);
    if (!made) return made.error();
    client_ = std::move(*made);
    thread_ = std::thread([this] {
      // A producer that knows its topic beforehand spares the first record a second of waiting.
      (void)count_partitions(client_.get(), options_.topic, static_cast<int>(options_.timeout));
      while (!stop_) rd_kafka_poll(client_.get(), kServeMs);
    });
    return {};
  }

  Status write(std::span<const KeyedRecord> records, Done done) {
    if (records.empty()) {
      done({});
      return {};
    }
    if (in_flight_.fetch_add(records.size()) + records.size() > options_.max_in_flight) {
      in_flight_ -= records.size();
      return exhausted("topic " + options_.topic + ": too many records wait for the broker" + note());
    }
    auto* group = new Group{records.size(), std::move(done), std::nullopt};  // deleted by the last report
    for (const auto& r : records) {
      // As many reports as records: the last comes when the loop is through.
      // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete)
      const auto error = rd_kafka_producev(
          client_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()),
          RD_KAFKA_V_KEY(r.key.empty() ? nullptr : r.key.data(), r.key.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(r.payload.data()), r.payload.size()),  // the API is not const-correct
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(group), RD_KAFKA_V_END);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) report(*group, error);
    }
    return {};
  }

  std::string health() const {
    const std::scoped_lock lock(mutex_);
    return health_;
  }

 private:
  void report(Group& group, rd_kafka_resp_err_t code) {
    --in_flight_;
    bool last = false;
    {
      const std::scoped_lock lock(mutex_);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        health_.clear();
      } else if (!group.error) {
        group.error = refused(options_.topic, code);
      }
      last = --group.left == 0;
    }
    if (!last) return;
    group.done(group.error ? Status(*group.error) : Status());
    delete &group;
  }

  void on_error(rd_kafka_resp_err_t code, std::string_view reason) {
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) return;
    const std::scoped_lock lock(mutex_);
    health_ = reason;
  }
  std::string note() const {
    const std::string h = health();
    return h.empty() ? "" : " (" + h + ")";
  }

  const TopicWriterOptions options_;
  Callbacks callbacks_;
  mutable std::mutex mutex_;
  std::string health_;  // guarded by mutex_, as are the groups
  std::atomic<size_t> in_flight_{0};
  std::atomic<bool> stop_{false};
  Handle<rd_kafka_t> client_;
  std::thread thread_;
};

Result<std::unique_ptr<KafkaTopicWriter>> KafkaTopicWriter::open(TopicWriterOptions options) {
  if (options.topic.empty()) return invalid("writing to Kafka needs a topic");
  auto impl = std::make_unique<Impl>(std::move(options));
  if (Status s = impl->start(); !s) return s.error();
  return std::unique_ptr<KafkaTopicWriter>(new KafkaTopicWriter(std::move(impl)));
}

KafkaTopicWriter::KafkaTopicWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaTopicWriter::~KafkaTopicWriter() = default;
Status KafkaTopicWriter::write(std::span<const KeyedRecord> records, Done done) {
  return impl_->write(records, std::move(done));
}
std::string KafkaTopicWriter::health() const { return impl_->health(); }

}  // namespace tocsin::kafka
