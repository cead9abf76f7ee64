#pragma once
// A sink that brings transitions to somebody's HTTP door, in order, at least once, from a thread of its own. What
// stands in the requests is a Format's matter (webhook/, alertmanager/).
//
//   400, 413, 415, 422    the message is refused: told alone, `tries` times, then not told there any more
//   anything else         tried again, with growing pauses, until it goes: the outbox waits. Where the answer is of
//   those
//                         that only people mend (3xx, 401, 403, 404 …), it counts as the wrong door after `tries`
//
// Of several addresses each has its own pauses. What one takes has arrived; what every one has refused is given up and
// counted; and one that is away holds up nobody: what the others have refused is set aside until it is back, with what
// comes after it of the same alert, and the rest goes on. Nothing is delivered() beyond what is set aside, so a restart
// tells again what came after it.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "connectors/delivery/doors.h"
#include "runtime/ports.h"

namespace tocsin::delivery {

struct Message {
  uint64_t sequence = 0;
  std::string alert_id;
  std::string json;    // a CloudEvent
  bool muted = false;  // only for a format that wants to know
};

// Port: how messages become requests. Used by the courier's thread only, but for resume().
class Format {
 public:
  virtual ~Format() = default;
  // Whether it is shown muted messages too (it must tell nobody of them).
  virtual bool wants_muted() const { return false; }
  // One request for all of them; empty body: there is nothing to send. Called anew for each attempt: it changes
  // nothing.
  virtual Request pack(std::span<const Message> group, TimeMs now) const = 0;
  // They arrived, or were given up.
  virtual void settled(std::span<const Message> group, TimeMs now) { (void)group, (void)now; }
  // For receivers that forget: what is to be said again at `now`, a piece a call, at most one between two groups of
  // what is new. Nobody minds when it does not arrive.
  virtual std::optional<Request> again(TimeMs now) {
    (void)now;
    return std::nullopt;
  }
  // When again() has something; kNever: never.
  virtual TimeMs next_again() const { return kNever; }
  // Before anything else: transitions up to `floor` were delivered in former lives.
  virtual Status resume(uint64_t floor, TimeMs now) {
    (void)floor, (void)now;
    return {};
  }
};

struct CourierOptions {
  std::string name;  // of the sink; the state keeps under it how far delivery is
  PostOptions post = {};
  DurationMs group_wait = 0;      // how long a first message waits for others
  size_t group_most = 100;        // messages in one request
  size_t group_bytes = 1u << 20;  // of their JSON, but at least one message
  DurationMs first_pause = 1'000;
  DurationMs longest_pause = 60'000;
  int tries = 5;               // of what is refused; answers of a wrong door until it counts as one
  size_t aside_most = 1'000;   // messages set aside; beyond them what is new waits
  size_t queue_most = 10'000;  // messages
  size_t queue_bytes = 64u << 20;
  std::function<void(int level, std::string_view message)> log = {};  // level as in syslog; from the courier's thread
};

struct CourierStats {
  uint64_t failed = 0;      // attempts that did not succeed, at any address
  uint64_t refused = 0;     // messages that were given up
  std::string trouble;      // why it does not get on; empty: all is well
  bool wrong_door = false;  // … which people have to mend, here or there; then it goes on by itself
};

// publish(), resume(), flush() by one thread; delivered() and stats() by any.
class Courier final : public runtime::Sink {
 public:
  // `clock` must outlive it.
  Courier(CourierOptions options, std::unique_ptr<Format> format, const Clock& clock);
  // Ends an attempt under way; what was not delivered is offered again in the next life.
  ~Courier() override;

  std::string_view name() const override { return options_.name; }
  // The destination cannot tell what it holds: `floor`.
  Result<uint64_t> resume(uint64_t floor) override;
  // kExhausted: the queue is full, nothing of the batch was taken.
  Status publish(std::span<const runtime::Outgoing> batch) override;
  uint64_t delivered() const override { return delivered_.load(); }
  // Does not wait for a group to fill meanwhile. kUnavailable: not all is delivered; nothing is lost.
  Status flush(DurationMs wait) override;
  CourierStats stats() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  // A message that is told alone.
  struct Trial {
    Message message;
    std::map<std::string, int> refusals = {};  // by address
    DurationMs pause = 0;                      // the last one
    Time due = {};                             // when it may be tried again
  };
  // kAway: one address does not want it, and those that may are away.
  enum class Step : uint8_t { kSettled, kAgain, kAway, kStopped };
  void run();
  bool repeats_due() const;
  bool aside_due() const;
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  std::vector<Message> take_group(std::unique_lock<std::mutex>& lock);
  bool deliver(std::span<const Message> group);
  bool deliver_together(std::span<const Message> group);
  bool deliver_alone(const Message& message);
  Step step(Trial& trial);
  bool set_aside(Trial trial);
  bool try_aside();
  Doors::Outcome attempt(const Request& request);
  bool pause(DurationMs wait);
  void say_again();
  void finish(std::span<const Message> group);
  void give_up(const Message& message, const Reply& reply);
  void note_delivered();
  void log(int level, const std::string& message) const;

  const CourierOptions options_;
  const std::unique_ptr<Format> format_;
  const Clock& clock_;
  Poster poster_;
  Doors doors_;
  std::atomic<uint64_t> delivered_{0};
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Message> queue_;
  size_t queue_bytes_ = 0;
  std::vector<uint64_t> flying_;  // taken from the queue, not yet settled or set aside
  std::deque<Trial> aside_;       // changed by the courier's thread alone
  uint64_t accepted_ = 0;         // everything up to it was published
  bool hurry_ = false;            // somebody waits in flush()
  CourierStats stats_;
  std::thread thread_;  // last
};

}  // namespace tocsin::delivery
