#pragma once
// Kafka topics as a log: each partition of each topic is a partition, "topic/3"; offsets are Kafka's. Partitions are
// assigned by hand from the offsets that the state holds: no consumer group takes part, so nothing rebalances.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "runtime/ports.h"

namespace tocsin::kafka {

struct KafkaSourceOptions {
  Settings settings = {};  // bootstrap.servers and any other of librdkafka's
  std::vector<std::string> topics = {};
  // Partition names of an earlier run ("topic/3"): with them the source opens while no broker answers.
  std::vector<std::string> known_partitions = {};
  DurationMs connect_wait = 10'000;  // how long open() waits for a broker …
  // … unless this becomes true; asked some times meanwhile, by the thread that opens.
  std::function<bool()> give_up = {};
  DurationMs watch_every = 5'000;  // how often brokers, partitions and their ends are looked at
  bool mirror_offsets = false;     // commit offsets to group.id too, for lag tools; nothing is ever read from there
  size_t max_record = 1u << 20;    // bytes; larger ones get the fault "oversized" and keep their first KiB
  bool keys = false;               // Record::key and Record::deletion are told
  LogFunction log = {};
};

struct PartitionStats {
  std::string topic;
  int32_t partition = 0;
  uint64_t position = 0;            // next to be polled
  uint64_t end = 0;                 // of the partition, as last heard from the broker
  bool end_known = false;           // no broker has told yet: neither end nor lag mean anything
  uint64_t lag_records = 0;         // end - position
  TimeMs last_timestamp = kNoTime;  // of the record polled last
  // 0 when nothing is left to read; also when nothing was read yet, which last_timestamp tells.
  DurationMs lag_ms(TimeMs now) const {
    return lag_records == 0 || last_timestamp == kNoTime || now < last_timestamp ? 0 : now - last_timestamp;
  }
};

// poll(), seek(), hold(), committed() by one thread; health(), stats(), new_partitions() and at_head() by any.
class KafkaSource final : public runtime::Source {
 public:
  // kUnavailable: no broker answers (try again; or pass known_partitions). kNotFound: a topic does not exist. kInvalid:
  // a setting is wrong.
  static Result<std::unique_ptr<KafkaSource>> open(KafkaSourceOptions options);
  ~KafkaSource() override;

  std::vector<std::string> partitions() const override;
  // UINT64_MAX: the beginning, or the end when settings has auto.offset.reset=latest. An offset that the broker no
  // longer has is found out here when a broker answers, else by poll().
  Status seek(std::span<const uint64_t> next_offsets) override;
  // By the records' timestamps, as the broker knows them.
  Result<uint64_t> offset_at(uint32_t partition, TimeMs log_time) override;
  // Payloads are copies, with 64 readable bytes after them, valid until the next poll(). A broker that is away is kIdle
  // and a note in health(). kNotFound: an offset is no longer there (retention overtook us, or the topic was made
  // anew); nothing is ever skipped in silence.
  Result<runtime::PollState> poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) override;
  // All of the partition was polled, and brokers answer.
  bool at_head(uint32_t partition) const override;
  void hold(uint32_t partition, bool held) override;
  void on_arrival(std::function<void()> wake) override;
  std::string place(uint32_t partition, uint64_t offset) override;
  // At most once a second, without waiting, when mirror_offsets.
  void committed(std::span<const uint64_t> next_offsets) override;

  std::vector<PartitionStats> stats() const;
  // Empty: all is well. Else what is wrong, for people.
  std::string health() const;
  // Partitions that topics got since open(), which alone finds those that are read.
  std::vector<std::string> new_partitions() const;

 private:
  struct State;
  explicit KafkaSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::kafka
