#pragma once
// What people did, kept in a topic of the embedded log: durable before it is told as done, in backups with the state,
// and bounded as every topic is. Written on a thread of its own, so that many who act at once share one sync of the
// disk.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "connectors/http/backend.h"
#include "state/log.h"

namespace tocsin::cli {

inline constexpr char kAuditTopic[] = "audit";
inline constexpr DurationMs kAuditKept = 400LL * 24 * 3600 * 1000;

// submit() and page() from any thread.
class AuditLog {
 public:
  // `log` has the topic; log and clock outlive it.
  AuditLog(state::Log& log, const Clock& clock);
  // Writes what was submitted.
  ~AuditLog();
  // `done` is called with the entry's number, from the audit's thread, or at once with kExhausted when too many wait.
  void submit(http::AuditEntry entry, http::Completion<uint64_t> done);
  // {"entries": [{id, at, name, role, from, what, target, result}], "next": the last one's number where there are more,
  // else null}.
  Result<std::string> page(uint64_t after, size_t limit) const;

 private:
  struct Waiting {
    std::string json;
    http::Completion<uint64_t> done;
  };
  void work();
  void write(std::deque<Waiting>& batch);
  state::Log& log_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace tocsin::cli
