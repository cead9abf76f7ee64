#include "connectors/kafka/kafka_source.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "connectors/kafka/watch.h"

namespace tocsin::kafka {
namespace {

using runtime::PollState;
using runtime::Record;

constexpr size_t kPadding = 64;
constexpr size_t kFaultBytes = 1024;
constexpr size_t kMostPerPoll = 16'384;
constexpr auto kMirrorEvery = std::chrono::seconds(1);
constexpr int kQueryMs = 2'000;
constexpr DurationMs kFirstAsk = 500;

// The broker gathers for 10 ms at most, or 64 KiB: with fetches as they come, several partitions of a few records each
// would make a thousand commits a second.
Settings defaults() {
  return {{"group.id", "tocsin"},
          {"client.id", "tocsin"},
          {"check.crcs", "true"},
          {"socket.nagle.disable", "true"},
          {"fetch.wait.max.ms", "10"},
          {"fetch.min.bytes", "65536"},
          {"fetch.error.backoff.ms", "100"},
          {"reconnect.backoff.ms", "50"},
          {"reconnect.backoff.max.ms", "1000"},
          {"queued.min.messages", "20000"},
          {"queued.max.messages.kbytes", "16384"}};
}

Settings fixed() {
  return {{"enable.auto.commit", "false"},
          {"enable.auto.offset.store", "false"},
          {"enable.partition.eof", "true"},
          {"auto.offset.reset", "error"}};
}

bool from_the_end(const Settings& settings) {
  const auto it = settings.find("auto.offset.reset");
  return it != settings.end() && (it->second == "latest" || it->second == "largest" || it->second == "end");
}

std::string full_name(const std::string& topic, int32_t partition) { return topic + "/" + std::to_string(partition); }

}  // namespace

struct KafkaSource::State {
  struct Part {
    std::string topic;
    int32_t number = 0;
    Handle<rd_kafka_queue_t> queue;  // librdkafka's own of this partition
    bool held = false;
    std::vector<Handle<rd_kafka_message_t>> stash;  // came while held; bounded by what librdkafka fetches ahead
    std::optional<uint64_t> position;               // the least offset that may still come
  };

  KafkaSourceOptions options;
  Callbacks callbacks;
  Handle<rd_kafka_t> client;
  Handle<rd_kafka_queue_t> queue;
  std::vector<Part> parts;
  std::unordered_map<std::string, std::vector<uint32_t>> index;  // topic → partition number → index in parts
  std::unique_ptr<Watch> watch;
  std::vector<rd_kafka_message_t*> messages = std::vector<rd_kafka_message_t*>(kMostPerPoll);
  std::string bytes;
  std::chrono::steady_clock::time_point mirrored{};
  std::mutex wake_mutex;
  std::function<void()> wake;  // guarded by wake_mutex

  ~State() {
    if (queue) rd_kafka_queue_cb_event_enable(queue.get(), nullptr, nullptr);
    watch.reset();
    for (auto& part : parts) {
      part.stash.clear();
      part.queue.reset();
    }
    queue.reset();
    if (client) rd_kafka_consumer_close(client.get());
  }

  uint32_t find(const char* topic, int32_t partition) const {
    const auto it = index.find(topic);
    if (it == index.end() || partition < 0 || static_cast<size_t>(partition) >= it->second.size()) return UINT32_MAX;
    return it->second[static_cast<size_t>(partition)];
  }

  void add_part(const std::string& topic, int32_t number) {
    auto& numbers = index[topic];
    if (numbers.size() <= static_cast<size_t>(number)) numbers.resize(static_cast<size_t>(number) + 1, UINT32_MAX);
    numbers[static_cast<size_t>(number)] = static_cast<uint32_t>(parts.size());
    Part part;
    part.topic = topic;
    part.number = number;
    parts.push_back(std::move(part));
  }

  Result<int32_t> count(const std::string& topic) const;
  Status discover();
  Status check_offset(const Part& part, uint64_t wanted);
  Error gone(const Part& part, const std::string& what) const;
  size_t receive(size_t max, DurationMs wait);
  void from_stash(size_t max, std::vector<Handle<rd_kafka_message_t>>& got);
  Status judge(rd_kafka_message_t& message);
  void sort_out(size_t n, std::vector<Handle<rd_kafka_message_t>>& got);
  Status hand_out(std::span<const Handle<rd_kafka_message_t>> got, std::vector<Record>& out);
};

Result<std::unique_ptr<KafkaSource>> KafkaSource::open(KafkaSourceOptions options) {
  if (options.topics.empty()) return invalid("a Kafka source needs at least one topic");
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->callbacks.log = state->options.log;
  ClientOptions client;
  client.defaults = defaults();
  client.fixed = fixed();
  client.user = state->options.settings;
  client.user.erase("auto.offset.reset");  // says where to begin, see seek(); beyond that an unknown offset is an error
  client.callbacks = &state->callbacks;
  auto made = make_client(RD_KAFKA_CONSUMER, client);
  if (!made) return made.error();
  state->client = std::move(*made);
  if (Status s = state->discover(); !s) return s.error();
  state->queue.reset(rd_kafka_queue_get_consumer(state->client.get()));
  std::vector<WatchedPartition> watched;
  for (const auto& part : state->parts) watched.push_back({part.topic, part.number});
  state->watch = std::make_unique<Watch>(state->client.get(), std::move(watched), state->options.watch_every);
  Watch* watch = state->watch.get();
  state->callbacks.error = [watch](rd_kafka_resp_err_t code, std::string_view reason) { watch->error(code, reason); };
  return std::unique_ptr<KafkaSource>(new KafkaSource(std::move(state)));
}

KafkaSource::KafkaSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaSource::~KafkaSource() = default;

// In pieces of the time that grow, so that giving up does not wait for all of it, and a slow answer has its time.
Result<int32_t> KafkaSource::State::count(const std::string& topic) const {
  DurationMs left = options.connect_wait;
  for (DurationMs piece = kFirstAsk;; piece *= 2) {
    const DurationMs now = std::min(piece, left);
    left -= now;
    auto partitions = count_partitions(client.get(), topic, static_cast<int>(now));
    if (partitions || partitions.error().code != Code::kUnavailable || left <= 0) return partitions;
    if (options.give_up && options.give_up()) return partitions;
  }
}

Status KafkaSource::State::discover() {
  for (const auto& topic : options.topics) {
    const auto found = count(topic);
    if (found) {
      for (int32_t n = 0; n < *found; ++n) add_part(topic, n);
      continue;
    }
    if (found.error().code != Code::kUnavailable) return found.error();
    bool known = false;
    for (const auto& name : options.known_partitions) {
      const size_t slash = name.rfind('/');
      if (slash == std::string::npos || name.substr(0, slash) != topic) continue;
      add_part(topic, static_cast<int32_t>(std::stol(name.substr(slash + 1))));
      known = true;
    }
    if (!known) return found.error();
  }
  return {};
}

std::vector<std::string> KafkaSource::partitions() const {
  std::vector<std::string> names;
  for (const auto& part : state_->parts) names.push_back(full_name(part.topic, part.number));
  return names;
}

Error KafkaSource::State::gone(const Part& part, const std::string& what) const {
  int64_t low = 0;
  int64_t high = 0;
  std::string has;
  if (rd_kafka_query_watermark_offsets(client.get(), part.topic.c_str(), part.number, &low, &high, kQueryMs) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    has = ", which has " + std::to_string(low) + " to " + std::to_string(high);
  }
  return not_found(what + " of topic " + part.topic + ", partition " + std::to_string(part.number) +
                   ", is not on the broker" + has +
                   "; restore a state that fits the topic, or begin anew with an empty state directory");
}

Status KafkaSource::State::check_offset(const Part& part, uint64_t wanted) {
  int64_t low = 0;
  int64_t high = 0;
  if (rd_kafka_query_watermark_offsets(client.get(), part.topic.c_str(), part.number, &low, &high, kQueryMs) !=
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {};  // poll() will find out
  }
  if (wanted >= static_cast<uint64_t>(low) && wanted <= static_cast<uint64_t>(high)) return {};
  return gone(part, "offset " + std::to_string(wanted));
}

Status KafkaSource::seek(std::span<const uint64_t> next_offsets) {
  State& s = *state_;
  const int64_t begin = from_the_end(s.options.settings) ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
  const Handle<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(s.parts.size())));
  for (size_t i = 0; i < s.parts.size(); ++i) {
    auto& part = s.parts[i];
    const uint64_t wanted = i < next_offsets.size() ? next_offsets[i] : UINT64_MAX;
    const bool known = wanted != UINT64_MAX;
    if (known && !s.watch->down()) {
      if (Status there = s.check_offset(part, wanted); !there) return there;
    }
    part.position = known ? std::optional(wanted) : std::nullopt;
    if (known) s.watch->set_position(i, wanted);
    auto* added = rd_kafka_topic_partition_list_add(list.get(), part.topic.c_str(), part.number);
    added->offset = known ? static_cast<int64_t>(wanted) : begin;
  }
  const auto error = rd_kafka_assign(s.client.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("cannot read from Kafka: " + describe(error));
  for (auto& part : s.parts) {
    part.queue.reset(rd_kafka_queue_get_partition(s.client.get(), part.topic.c_str(), part.number));
  }
  return {};
}

Result<uint64_t> KafkaSource::offset_at(uint32_t partition, TimeMs log_time) {
  const State& s = *state_;
  const auto& part = s.parts[partition];
  const Handle<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  auto* asked = rd_kafka_topic_partition_list_add(list.get(), part.topic.c_str(), part.number);
  asked->offset = std::max<TimeMs>(log_time, 0);
  auto error = rd_kafka_offsets_for_times(s.client.get(), list.get(), kQueryMs);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = asked->err;
  int64_t low = 0;
  int64_t offset = asked->offset;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && offset < 0) {  // no record is so young
    error = rd_kafka_query_watermark_offsets(s.client.get(), part.topic.c_str(), part.number, &low, &offset, kQueryMs);
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return static_cast<uint64_t>(offset);
  return unavailable("cannot find where topic " + part.topic + ", partition " + std::to_string(part.number) +
                     ", stood at a time: " + describe(error));
}

// Fills `messages`. A batch call waits until the batch is full, so only the first message is waited for.
size_t KafkaSource::State::receive(size_t max, DurationMs wait) {
  const size_t room = std::min(max, messages.size());
  const auto take = [&](size_t from, size_t n, int ms) {
    const ssize_t got = rd_kafka_consume_batch_queue(queue.get(), ms, messages.data() + from, n);
    return got > 0 ? static_cast<size_t>(got) : size_t{0};
  };
  size_t n = take(0, room, 0);
  if (n > 0 || wait <= 0) return n;
  n = take(0, 1, static_cast<int>(std::min<DurationMs>(wait, 60'000)));
  return n == 0 || room == 1 ? n : n + take(n, room - n, 0);
}

void KafkaSource::State::from_stash(size_t max, std::vector<Handle<rd_kafka_message_t>>& got) {
  for (auto& part : parts) {
    if (part.held || part.stash.empty() || got.size() >= max) continue;
    const auto n = static_cast<ptrdiff_t>(std::min(part.stash.size(), max - got.size()));
    got.insert(got.end(), std::make_move_iterator(part.stash.begin()), std::make_move_iterator(part.stash.begin() + n));
    part.stash.erase(part.stash.begin(), part.stash.begin() + n);
  }
}

// A message that is not a record: the partition's end, or an error.
Status KafkaSource::State::judge(rd_kafka_message_t& message) {
  const uint32_t i = message.rkt == nullptr ? UINT32_MAX : find(rd_kafka_topic_name(message.rkt), message.partition);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      if (i != UINT32_MAX && message.offset >= 0) watch->reached_end(i, static_cast<uint64_t>(message.offset));
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE: {
      if (i == UINT32_MAX)
        return not_found("an offset is no longer on the broker: " + std::string(rd_kafka_message_errstr(&message)));
      const Part& part = parts[i];
      return gone(part, part.position ? "offset " + std::to_string(*part.position) : "the first offset");
    }
    case RD_KAFKA_RESP_ERR__FATAL:
      return unavailable("the Kafka client cannot go on: " + std::string(rd_kafka_message_errstr(&message)));
    default:
      watch->error(message.err, rd_kafka_message_errstr(&message));
      return {};
  }
}

// Of the first n received: what belongs to held partitions waits in their stashes, in order, ends included.
void KafkaSource::State::sort_out(size_t n, std::vector<Handle<rd_kafka_message_t>>& got) {
  got.reserve(n);
  for (size_t k = 0; k < n; ++k) {
    Handle<rd_kafka_message_t> m(messages[k]);
    const uint32_t i = m->rkt == nullptr ? UINT32_MAX : find(rd_kafka_topic_name(m->rkt), m->partition);
    (i != UINT32_MAX && parts[i].held ? parts[i].stash : got).push_back(std::move(m));
  }
}

Status KafkaSource::State::hand_out(std::span<const Handle<rd_kafka_message_t>> got, std::vector<Record>& out) {
  size_t total = kPadding;
  const auto shown = [&](size_t n) { return n > options.max_record ? kFaultBytes : n; };
  for (const auto& m : got) total += shown(m->len) + (options.keys ? shown(m->key_len) : 0);
  bytes.clear();
  bytes.reserve(total);
  for (const auto& m : got) {
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (Status judged = judge(*m); !judged) return judged;
      continue;
    }
    const uint32_t i = find(rd_kafka_topic_name(m->rkt), m->partition);
    if (i == UINT32_MAX || m->offset < 0) continue;
    Part& part = parts[i];
    const auto offset = static_cast<uint64_t>(m->offset);
    if (part.position && offset < *part.position) continue;  // fetched twice
    part.position = offset + 1;
    Record r;
    r.partition = i;
    r.offset = offset;
    r.next_offset = offset + 1;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t stamp = rd_kafka_message_timestamp(m.get(), &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && stamp >= 0) r.timestamp = stamp;
    const auto copy = [&](const void* from, size_t size) {
      const size_t at = bytes.size(), n = shown(size);
      if (n > 0) bytes.append(static_cast<const char*>(from), n);
      if (n < size) r.fault = "oversized";
      return std::string_view(bytes.data() + at, n);
    };
    if (options.keys) {
      r.key = copy(m->key, m->key_len);
      r.deletion = m->payload == nullptr;
    }
    r.payload = copy(m->payload, m->len);
    out.push_back(r);
    watch->polled(i, offset + 1, r.timestamp);
  }
  bytes.append(kPadding, '\0');  // within what was reserved: views stay valid
  return {};
}

Result<PollState> KafkaSource::poll(size_t max, DurationMs wait, std::vector<Record>& out) {
  State& s = *state_;
  const size_t before = out.size();
  rd_kafka_poll(s.client.get(), 0);  // error callbacks
  std::vector<Handle<rd_kafka_message_t>> got;
  s.from_stash(std::min(max, kMostPerPoll), got);
  if (got.empty()) s.sort_out(s.receive(max, wait), got);
  if (Status handed = s.hand_out(got, out); !handed) {
    out.resize(before);
    return handed.error();
  }
  return out.size() > before ? PollState::kRecords : PollState::kIdle;
}

bool KafkaSource::at_head(uint32_t partition) const { return state_->watch->at_head(partition); }

// A held partition's queue is taken off the common one: librdkafka fetches ahead up to its bound and stops by itself.
// (Pausing instead would throw away what was fetched, and is not safe beside batch consumption.)
void KafkaSource::hold(uint32_t partition, bool held) {
  auto& part = state_->parts[partition];
  if (part.held == held) return;
  part.held = held;
  if (part.queue) rd_kafka_queue_forward(part.queue.get(), held ? nullptr : state_->queue.get());
}

void KafkaSource::on_arrival(std::function<void()> wake) {
  State& s = *state_;
  {
    const std::scoped_lock lock(s.wake_mutex);
    s.wake = std::move(wake);
  }
  const auto arrived = [](rd_kafka_t*, void* opaque) {
    auto& state = *static_cast<State*>(opaque);
    const std::scoped_lock lock(state.wake_mutex);
    if (state.wake) state.wake();
  };
  rd_kafka_queue_cb_event_enable(s.queue.get(), arrived, &s);
}

std::string KafkaSource::place(uint32_t partition, uint64_t offset) {
  const auto& part = state_->parts[partition];
  return "topic " + part.topic + ", partition " + std::to_string(part.number) + ", offset " + std::to_string(offset);
}

void KafkaSource::committed(std::span<const uint64_t> next_offsets) {
  State& s = *state_;
  const auto now = std::chrono::steady_clock::now();
  if (!s.options.mirror_offsets || now - s.mirrored < kMirrorEvery) return;
  s.mirrored = now;
  const Handle<rd_kafka_topic_partition_list_t> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(s.parts.size())));
  for (size_t i = 0; i < s.parts.size() && i < next_offsets.size(); ++i) {
    if (next_offsets[i] == UINT64_MAX) continue;
    rd_kafka_topic_partition_list_add(list.get(), s.parts[i].topic.c_str(), s.parts[i].number)->offset =
        static_cast<int64_t>(next_offsets[i]);
  }
  if (list->cnt > 0) rd_kafka_commit(s.client.get(), list.get(), 1);
}

std::vector<PartitionStats> KafkaSource::stats() const { return state_->watch->stats(); }
std::string KafkaSource::health() const { return state_->watch->health(); }
std::vector<std::string> KafkaSource::new_partitions() const { return state_->watch->new_partitions(); }

}  // namespace tocsin::kafka
