#pragma once
// One task at a time on a thread of its own, beside the owner's: a commit's write while the engine works on the next
// batch, a batch's notes applied to the scorecards. The owner's thread calls everything.
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/status.h"

namespace tocsin::runtime {

class BackgroundTask {
 public:
  BackgroundTask() : thread_([this] { run(); }) {}
  // Waits for a task that is under way.
  ~BackgroundTask();
  BackgroundTask(const BackgroundTask&) = delete;
  BackgroundTask& operator=(const BackgroundTask&) = delete;

  // Precondition: no task is under way. What it refers to must stay as it is until wait() has returned.
  void start(std::function<Status()> task);
  bool under_way() const { return under_way_; }
  // Waits for the task that is under way and tells its outcome; ok when there is none.
  Status wait();

 private:
  void run();

  bool under_way_ = false;  // started and not waited for; the owner's
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<Status()> task_;  // empty: nothing to do
  bool stop_ = false;
  Status outcome_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace tocsin::runtime
