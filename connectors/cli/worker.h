#pragma once
// Threads for what people ask that takes longer than the HTTP thread may be held up.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tocsin::cli {

// The calling thread leaves the processor to others of the machine that want it (nice 10), from here on.
void step_behind();

class Worker {
 public:
  // `most`: tasks that may wait beside the one at work. `behind`: it runs behind the engine where the machine is short
  // of cores.
  explicit Worker(size_t most, bool behind = true);
  // Ends after the task at work; those that wait are run with `cancelled`.
  ~Worker();
  // From any thread. False: one is at work and as many wait as may.
  bool submit(std::function<void(bool cancelled)> task);

 private:
  void work();
  const size_t most_;
  const bool behind_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void(bool)>> waiting_;
  bool busy_ = false, stop_ = false;
  std::thread thread_;
};

// A thread each for what takes about as long, so that what is quick does not wait behind what is not. Backtests have
// one of their own (rule_desk.h).
struct Lanes {
  explicit Lanes(size_t most) : actions(most, false), looks(most), context(most), figures(most) {}
  Worker actions;  // a few records to the log: what somebody did and waits to see done
  Worker looks;    // the map, faults of a rule's text
  Worker context;  // what an alert stands on, and what stands near it
  Worker figures;  // scorecards
};

}  // namespace tocsin::cli
