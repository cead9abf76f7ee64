#pragma once
// A thread for what people ask that takes longer than the HTTP thread may be held up. Runs behind the engine where the
// machine is short of cores.
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace tocsin::cli {

class Worker {
 public:
  // `most`: tasks that may wait beside the one at work.
  explicit Worker(size_t most);
  // Ends after the task at work; those that wait are run with `cancelled`.
  ~Worker();
  // From any thread. False: one is at work and as many wait as may.
  bool submit(std::function<void(bool cancelled)> task);

 private:
  void work();
  const size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void(bool)>> waiting_;
  bool busy_ = false, stop_ = false;
  std::thread thread_;
};

}  // namespace tocsin::cli
