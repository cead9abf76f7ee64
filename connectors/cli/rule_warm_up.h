#pragma once
// Rules that begin are warmed up from the log beside the running service: sources and decoders of their own, on a
// thread of its own, until they stand where the engine in force does; the last stretch on the engine's thread.
//
// Bound: Of::most. When the whole of what the rules look back on cannot be read in that time, a shorter part of the log
// is read, up to the present; a state with a hole in it is never taken over.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "connectors/cli/inputs.h"
#include "runtime/warm_up.h"

namespace tocsin::cli {

class RuleWarmUp {
 public:
  struct Of {
    Inputs::Of inputs;  // with `second`
    runtime::Engine::Options engine;
    runtime::Pipeline::Options reading;
    TimeMs now = 0;       // the wall clock's
    DurationMs most = 0;  // so long it may take
  };
  struct Figures {
    double seconds = 0;
    uint64_t records = 0, keys = 0;
    TimeMs back_to = kNoTime;  // the earliest event that was read; kNoTime: there was none
    bool whole = true;         // not shortened for want of time
  };

  // Nothing happens yet. `rules`: Engine::to_warm_up's; `at`: where the engine in force stands.
  RuleWarmUp(Of of, std::shared_ptr<const rule::RuleSet> rules, runtime::Standpoint at);
  // Cancels, and waits for the thread: at most as long as a source takes to answer.
  ~RuleWarmUp();
  // Begins on a thread of its own …
  void start();
  // … or does it all on the caller's; `at` must not change meanwhile.
  void run();

  // From the engine's thread, after each commit: where the engine in force stands now.
  void stand_at(const runtime::Engine& live);
  // start() has done its part, or failed: finish() can say.
  bool done() const { return done_.load(std::memory_order_acquire); }
  // After done() or run(), on the engine's thread: goes the last stretch to where `live` stands, and answers the engine
  // for Engine::swap_rules. Null without a trouble(): it fell behind once more; start() goes on. Null with one: the
  // rules have to begin anew.
  std::unique_ptr<runtime::Engine> finish(const runtime::Engine& live);
  // Why it failed, for people; empty: it did not.
  const std::string& trouble() const { return trouble_; }
  const Figures& figures() const { return figures_; }

 private:
  struct Attempt {
    std::unique_ptr<Inputs> inputs;
    std::unique_ptr<runtime::WarmUp> warm;  // reads the inputs
  };
  void work();
  Status read();
  Status begin(DurationMs span);
  // True: it stands where the engine in force stood a moment ago. False: `until` came first.
  Result<bool> catch_up(TimeMs until);
  Status wait_a_little();
  runtime::Standpoint newest() const;
  TimeMs running() const;  // milliseconds since the beginning

  const Of of_;
  const std::shared_ptr<const rule::RuleSet> rules_;
  const uint64_t began_;
  Attempt attempt_;
  Figures figures_;
  std::string trouble_;
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;       // guarded by mutex_
  runtime::Standpoint at_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace tocsin::cli
