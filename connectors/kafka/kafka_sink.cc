#include "connectors/kafka/kafka_sink.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "connectors/kafka/read_back.h"

namespace tocsin::kafka {
namespace {

constexpr auto kRetry = std::chrono::milliseconds(500);
constexpr int kTransactionMs = 60'000;

Settings producer_defaults(bool transactional) {
  Settings s = {{"client.id", "tocsin"},
                {"linger.ms", "1"},
                {"compression.codec", "lz4"},
                {"socket.nagle.disable", "true"},
                {"partitioner", "murmur2_random"},
                {"reconnect.backoff.ms", "50"},
                {"reconnect.backoff.max.ms", "1000"}};
  // An alert is never given up: the outbox waits, and so do we. (A transaction has its own time-out.)
  if (!transactional) s["message.timeout.ms"] = "0";
  return s;
}

Settings producer_fixed() { return {{"enable.idempotence", "true"}, {"acks", "all"}}; }

struct Entry {
  uint64_t sequence;
  std::string key;
  std::string json;
  bool done = false;
};

}  // namespace

// Owns the producer, its thread, and what is on its way. The thread reads back, makes the producer, serves its delivery
// reports, and starts all over after a fatal error.
class KafkaSink::Worker {
 public:
  explicit Worker(KafkaSinkOptions options)
      : options_(std::move(options)),
        transactional_(options_.settings.contains("transactional.id")),
        health_("not connected yet") {
    callbacks_.log = options_.log;
    callbacks_.delivery = [this](const rd_kafka_message_t& m) { on_delivery(m); };
    callbacks_.error = [this](rd_kafka_resp_err_t code, std::string_view reason) { on_error(code, reason); };
  }
  ~Worker() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    close();
  }

  Result<Handle<rd_kafka_t>> make_producer() {
    ClientOptions client;
    client.defaults = producer_defaults(transactional_);
    client.user = options_.settings;
    client.fixed = producer_fixed();
    client.callbacks = &callbacks_;
    return make_client(RD_KAFKA_PRODUCER, client);
  }

  Result<uint64_t> resume(uint64_t floor) {
    std::unique_lock lock(mutex_);
    accepted_ = floor;
    delivered_ = floor;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    changed_.wait_for(lock, std::chrono::milliseconds(options_.connect_wait), [&] { return ready_ || failure_; });
    if (failure_) return *failure_;
    return delivered_.load();
  }

  Status publish(std::span<const runtime::Outgoing> batch) {
    const std::scoped_lock lock(mutex_);
    if (failure_) return *failure_;
    if (!ready_) return exhausted("topic " + options_.topic + ": " + health_);
    for (const auto& o : batch) {
      if (o.sequence <= accepted_) continue;  // offered again after kExhausted
      if (entries_.size() >= options_.max_in_flight || bytes_ + o.json.size() > options_.max_in_flight_bytes) {
        return exhausted("topic " + options_.topic + ": too many alerts are on their way");
      }
      entries_.push_back({o.sequence, std::string(o.alert_id), std::string(o.json)});
      Entry& entry = entries_.back();
      bytes_ += entry.json.size();
      entry.done = present_.erase(o.sequence) > 0;
      if (!entry.done && !transactional_ && !send(entry)) {
        bytes_ -= entry.json.size();
        entries_.pop_back();
        return exhausted("topic " + options_.topic + ": the producer's queue is full");
      }
      accepted_ = o.sequence;
    }
    settle();
    if (transactional_) changed_.notify_all();
    return {};
  }

  Status flush(DurationMs wait) {
    std::unique_lock lock(mutex_);
    const bool all =
        changed_.wait_for(lock, std::chrono::milliseconds(wait), [&] { return entries_.empty() || failure_; });
    if (failure_) return *failure_;
    if (all) return {};
    return unavailable("topic " + options_.topic + ": " + std::to_string(entries_.size()) +
                       " alerts are not acknowledged yet" + (health_.empty() ? "" : "; " + health_));
  }

  void replace_producer() {
    const std::scoped_lock lock(mutex_);
    fatal_ = ready_;
  }

  uint64_t delivered() const { return delivered_.load(std::memory_order_acquire); }
  std::string health() const {
    const std::scoped_lock lock(mutex_);
    return failure_ ? failure_->message : health_;
  }
  const KafkaSinkOptions& options() const { return options_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_ && !failure_) {
      if (!ready_) {
        connect(lock);
        if (!ready_ && !failure_) changed_.wait_for(lock, kRetry, [&] { return stop_; });
        continue;
      }
      rd_kafka_t* client = client_.get();
      lock.unlock();
      if (transactional_) {
        run_transaction();
      } else {
        rd_kafka_poll(client, kServeMs);
      }
      lock.lock();
      if (fatal_) start_over(lock);
      if (!health_.empty() && entries_.empty()) ask_whether_well(lock);
    }
  }

  // Where there is nothing to send no report says that the brokers are back: they are asked, now and then.
  void ask_whether_well(std::unique_lock<std::mutex>& lock) {
    const auto now = std::chrono::steady_clock::now();
    if (!ready_ || now < ask_again_) return;
    rd_kafka_t* client = client_.get();
    lock.unlock();
    const bool well = !know_topic(client);
    lock.lock();
    ask_again_ = std::chrono::steady_clock::now() + kRetry;
    if (well && !fatal_) health_.clear();
  }

  // Reads back, makes the producer, and sends what was on its way before a restart and did not arrive.
  void connect(std::unique_lock<std::mutex>& lock) {
    ReadBackOptions back;
    back.settings = options_.settings;
    back.topic = options_.topic;
    back.instance = options_.instance;
    back.floor = delivered_;
    back.limit = options_.read_back_limit;
    lock.unlock();
    std::optional<Error> trouble;
    Handle<rd_kafka_t> client;
    std::set<uint64_t> found;
    auto made = make_producer();
    if (made) {
      client = std::move(*made);
      // Fencing comes first: what an older instance still has in hand must not arrive after the read-back.
      if (transactional_) trouble = start_transactions(client.get());
      // A producer that knows its topic beforehand spares the first alert a second of waiting.
      if (!trouble) trouble = know_topic(client.get());
    } else {
      trouble = made.error();
    }
    if (!trouble) {
      auto got = read_back(back);
      if (got) {
        found = std::move(*got);
      } else {
        trouble = got.error();
      }
    }
    lock.lock();
    if (trouble) {
      health_ = trouble->message;
      // No broker, and a topic that somebody has yet to create, may come; the rest will not.
      if (trouble->code != Code::kUnavailable && trouble->code != Code::kNotFound) failure_ = std::move(trouble);
      if (failure_) changed_.notify_all();
      return;
    }
    client_ = std::move(client);
    take_found(std::move(found));
    health_.clear();
    ready_ = true;
    for (auto& entry : entries_) {
      if (!entry.done && !transactional_ && !send(entry)) fatal_ = true;  // more than the queue holds: cannot be
    }
    changed_.notify_all();
  }

  std::optional<Error> know_topic(rd_kafka_t* client) const {
    const auto count = count_partitions(client, options_.topic, kAskMs);
    return count ? std::nullopt : std::optional(count.error());
  }

  std::optional<Error> start_transactions(rd_kafka_t* client) const {
    const Handle<rd_kafka_error_t> error(rd_kafka_init_transactions(client, static_cast<int>(options_.connect_wait)));
    if (!error) return std::nullopt;
    return transaction_error(error.get());
  }

  Error transaction_error(const rd_kafka_error_t* error) const {
    const std::string text = "topic " + options_.topic + ": " + rd_kafka_error_string(error);
    const auto code = rd_kafka_error_code(error);
    if (code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
        code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
      return conflict(text + "; a newer instance with the same transactional.id has taken over");
    }
    return rd_kafka_error_is_fatal(error) != 0 ? invalid(text) : unavailable(text);
  }

  // The contiguous ones after what is delivered are done with; later ones are left out when they are offered.
  void take_found(std::set<uint64_t> found) {
    for (auto& entry : entries_) {
      if (found.erase(entry.sequence) > 0) entry.done = true;
    }
    settle();
    if (entries_.empty()) {
      uint64_t next = delivered_;
      while (found.erase(next + 1) > 0) ++next;
      delivered_ = next;
      accepted_ = std::max(accepted_, next);
    }
    present_ = std::move(found);
  }

  // Precondition: mutex_ held, client_ there. The entry stays in place until its report comes.
  bool send(Entry& entry) {
    const std::string sequence = std::to_string(entry.sequence);
    const auto error = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_TOPIC(options_.topic.c_str()), RD_KAFKA_V_KEY(entry.key.data(), entry.key.size()),
        RD_KAFKA_V_VALUE(entry.json.data(), entry.json.size()), RD_KAFKA_V_MSGFLAGS(0),
        RD_KAFKA_V_HEADER(kSequenceHeader, sequence.data(), static_cast<ssize_t>(sequence.size())),
        RD_KAFKA_V_HEADER(kInstanceHeader, options_.instance.data(), static_cast<ssize_t>(options_.instance.size())),
        RD_KAFKA_V_OPAQUE(&entry), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
      fatal_ = true;
      return true;  // sent again by the next producer
    }
    fail(error);
    return true;
  }

  void fail(rd_kafka_resp_err_t code) {
    failure_ = invalid("topic " + options_.topic + " does not take an alert: " + describe(code));
    changed_.notify_all();
  }

  // From rd_kafka_poll() of our thread, without the lock.
  void on_delivery(const rd_kafka_message_t& m) {
    const std::scoped_lock lock(mutex_);
    if (closing_) return;
    auto& entry = *static_cast<Entry*>(m._private);
    switch (m.err) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        if (transactional_) return;  // counts when the transaction does
        entry.done = true;
        settle();
        return;
      case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
      case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      case RD_KAFKA_RESP_ERR__FATAL:
      case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
      case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
        fatal_ = fatal_ || !transactional_;
        return;
      default:
        if (!transactional_) fail(m.err);
    }
  }

  void on_error(rd_kafka_resp_err_t code, std::string_view reason) {
    const std::scoped_lock lock(mutex_);
    if (code == RD_KAFKA_RESP_ERR__FATAL) fatal_ = true;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__FATAL) health_ = reason;
  }

  void settle() {
    const size_t before = entries_.size();
    while (!entries_.empty() && entries_.front().done) {
      delivered_.store(entries_.front().sequence, std::memory_order_release);
      bytes_ -= entries_.front().json.size();
      entries_.pop_front();
    }
    if (entries_.size() == before) return;
    health_.clear();  // the broker has answered
    changed_.notify_all();
  }

  // Everything that waits, as one transaction. Ours is the only thread that touches the entries' order: publish()
  // appends.
  void run_transaction() {
    std::vector<Entry*> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(kServeMs), [&] { return stop_ || !entries_.empty(); });
      for (auto& entry : entries_) {
        if (!entry.done) batch.push_back(&entry);
      }
    }
    rd_kafka_poll(client_.get(), 0);
    if (batch.empty()) return;
    Handle<rd_kafka_error_t> error(rd_kafka_begin_transaction(client_.get()));
    if (!error) {
      {
        const std::scoped_lock lock(mutex_);
        size_t sent = 0;
        while (sent < batch.size() && send(*batch[sent])) ++sent;
        batch.resize(sent);
      }
      error.reset(rd_kafka_commit_transaction(client_.get(), kTransactionMs));
    }
    if (error && rd_kafka_error_txn_requires_abort(error.get()) != 0) {
      const Handle<rd_kafka_error_t> aborted(rd_kafka_abort_transaction(client_.get(), kTransactionMs));
    }
    const std::scoped_lock lock(mutex_);
    if (!error) {
      for (auto* entry : batch) entry->done = true;
      settle();
      return;
    }
    Error what = transaction_error(error.get());
    health_ = what.message;
    if (what.code == Code::kConflict) {
      failure_ = std::move(what);
      changed_.notify_all();
    } else {
      // Whether it was committed may be unknown: the read-back of a new producer tells.
      fatal_ = true;
    }
  }

  // The idempotent producer cannot go on; a new one can.
  void start_over(std::unique_lock<std::mutex>& lock) {
    ready_ = false;
    lock.unlock();
    close();
    lock.lock();
    fatal_ = false;
    closing_ = false;
  }

  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    if (!client_) return;
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_.get(), kServeMs);  // the reports of what was purged
    client_.reset();
  }

  const KafkaSinkOptions options_;
  const bool transactional_;
  Callbacks callbacks_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_. The client is replaced by the thread only, while not ready_.
  std::string health_;
  std::chrono::steady_clock::time_point ask_again_{};  // the brokers, whether they are back
  std::optional<Error> failure_;                       // final
  bool stop_ = false;
  bool ready_ = false;
  bool fatal_ = false;
  bool closing_ = false;
  uint64_t accepted_ = 0;
  std::deque<Entry> entries_;  // accepted and not yet delivered, by sequence
  size_t bytes_ = 0;
  std::set<uint64_t> present_;  // found in the topic, not offered yet
  std::atomic<uint64_t> delivered_{0};
  Handle<rd_kafka_t> client_;
  std::thread thread_;
};

Result<std::unique_ptr<KafkaSink>> KafkaSink::open(KafkaSinkOptions options) {
  if (options.topic.empty()) return invalid("the Kafka sink needs a topic");
  auto worker = std::make_unique<Worker>(std::move(options));
  if (auto tried = worker->make_producer(); !tried) return tried.error();
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::move(worker)));
}

KafkaSink::KafkaSink(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
KafkaSink::~KafkaSink() = default;

std::string_view KafkaSink::name() const { return worker_->options().name; }
Result<uint64_t> KafkaSink::resume(uint64_t floor) { return worker_->resume(floor); }
Status KafkaSink::publish(std::span<const runtime::Outgoing> batch) { return worker_->publish(batch); }
uint64_t KafkaSink::delivered() const { return worker_->delivered(); }
Status KafkaSink::flush(DurationMs wait) { return worker_->flush(wait); }
void KafkaSink::replace_producer() { worker_->replace_producer(); }
std::string KafkaSink::health() const { return worker_->health(); }

}  // namespace tocsin::kafka
