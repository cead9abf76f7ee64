#pragma once
// The log where there is no Kafka: topics of records with offsets 0, 1, 2 … in Table::kLog. What append() has answered
// is durable. See README.md for the format.
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "state/store.h"

namespace tocsin::state {

struct LogOptions {
  DurationMs retain = 7LL * 24 * 3600 * 1000;  // records older than this may go; by the timestamps given to append()
  std::map<std::string, DurationMs, std::less<>> retain_of;  // topics that keep theirs for another time
  uint64_t retain_bytes = 4ULL << 30;                        // of keys and values, per topic; the oldest go first
  uint64_t segment_bytes = 1 << 20;                          // retention drops whole segments of about this size
  size_t max_record = 1 << 20;                               // bytes; a larger payload is refused
  size_t max_pending = 64 << 20;  // bytes of appends that wait for the disk; more is kExhausted
};

struct LogRecord {
  uint64_t offset;
  TimeMs timestamp;
  std::string_view payload;  // valid during the callback only
};

// Thread-safe. The store must outlive the log; one log per store.
class Log {
 public:
  // `topics`: [a-z0-9_.-]{1,64}; one that is not in the store yet begins empty. Cost: reads the last segment of each.
  static Result<std::unique_ptr<Log>> open(Store& store, const std::vector<std::string>& topics,
                                           const LogOptions& options);
  ~Log();

  // Appends all payloads or none, next to each other; returns the first's offset once they are on disk. Callers that
  // come together share one sync. kExhausted: disk full or too many appends wait; kInvalid: a payload is too large (the
  // message says which) or there is none; kNotFound: no such topic. Nothing was appended then.
  Result<uint64_t> append(std::string_view topic, std::span<const std::string_view> payloads, TimeMs timestamp);

  // Calls f for up to `max` records from offset `from` on, in order, until f is false. Nothing there yet (from == end)
  // is ok and calls nothing. kNotFound: `from` was dropped by retention, or lies beyond the end.
  Status read(std::string_view topic, uint64_t from, size_t max, const std::function<bool(const LogRecord&)>& f) const;

  // The first offset whose record was appended at `time` or later, or the end where there is none. Precondition: topic
  // exists. Cost: reads at most one segment.
  Result<uint64_t> offset_at(std::string_view topic, TimeMs time) const;
  // First offset that is there, and the one that the next record will get. Equal: empty. Precondition: topic exists.
  uint64_t begin_offset(std::string_view topic) const;
  uint64_t end_offset(std::string_view topic) const;
  // Keys and values between them.
  uint64_t bytes(std::string_view topic) const;

  // Drops the oldest segments that are older than `now - retain`, and more of them while the topic is larger than
  // retain_bytes; never a record at or after `keep_from` (what a reader has not committed yet), never the last segment.
  // Returns how many records went.
  Result<uint64_t> retain(std::string_view topic, TimeMs now, uint64_t keep_from = UINT64_MAX);

  // Calls f after records became readable, on a thread that appended, without a lock that append() or read() takes;
  // f must not block nor call on_append(). An empty f ends it. At most one per topic. After the return no call of the
  // former f starts any more.
  void on_append(std::string_view topic, std::function<void()> f);

 private:
  struct Topic;
  struct Request;
  Log(Store& store, const LogOptions& options);
  Status load(Topic& topic);
  Status scan_tail(Topic& topic);
  Topic* find(std::string_view name) const;
  void lead(std::unique_lock<std::mutex>& lock);
  Batch encode(std::span<Request* const> group);
  void undo(std::span<Request* const> group);
  static void wake(std::vector<Topic*> touched);

  Store& store_;
  const LogOptions options_;
  std::map<std::string, std::unique_ptr<Topic>, std::less<>> topics_;  // fixed after open()
  mutable std::mutex mutex_;
  std::condition_variable written_;
  std::vector<Request*> waiting_;
  size_t pending_bytes_ = 0;
  bool leading_ = false;
};

}  // namespace tocsin::state
