#pragma once
// A thread beside a source: whether brokers answer, where the partitions end, whether topics got new ones. librdkafka
// tells of a broken connection, but not of one that is well again, so somebody has to ask.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "connectors/kafka/kafka_source.h"

namespace tocsin::kafka {

struct WatchedPartition {
  std::string topic;
  int32_t number;
};

// Thread-safe.
class Watch {
 public:
  // The client must outlive it.
  Watch(rd_kafka_t* client, std::vector<WatchedPartition> partitions, DurationMs every);
  ~Watch();

  // From the thread that polls.
  void set_position(size_t partition, uint64_t next);
  void polled(size_t partition, uint64_t next, TimeMs timestamp);
  void reached_end(size_t partition, uint64_t end);
  void error(rd_kafka_resp_err_t code, std::string_view reason);

  bool down() const { return down_.load(std::memory_order_acquire); }
  // The end was reached, as far as it was last heard of, and brokers answer.
  bool at_head(size_t partition) const;
  std::vector<PartitionStats> stats() const;
  std::string health() const;
  std::vector<std::string> new_partitions() const;

 private:
  struct Part {
    WatchedPartition of;
    std::atomic<uint64_t> position{0};
    std::atomic<uint64_t> end{0};
    std::atomic<bool> end_known{false};  // since brokers answer
    std::atomic<TimeMs> last_timestamp{kNoTime};
  };
  void run();
  bool look();
  void look_for_new(const std::string& topic, int32_t count);
  void raise_end(Part& part, uint64_t end);

  rd_kafka_t* const client_;
  const DurationMs every_;
  std::vector<std::unique_ptr<Part>> parts_;
  std::atomic<bool> down_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;             // guarded by mutex_
  bool hurry_ = false;            // likewise: an error came, look soon
  std::string reason_;            // likewise: the last error that librdkafka told
  std::string trouble_;           // likewise
  std::vector<std::string> new_;  // likewise
  std::thread thread_;
};

}  // namespace tocsin::kafka
