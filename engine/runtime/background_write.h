#pragma once
// One write to the store at a time, on a thread of its own: while the disk syncs one commit, the engine works on the
// next. The owner's thread calls everything.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "state/store.h"

namespace tocsin::runtime {

class BackgroundWrite {
 public:
  explicit BackgroundWrite(state::Store& store) : store_(store), thread_([this] { run(); }) {}
  // Waits for a write that is under way.
  ~BackgroundWrite();
  BackgroundWrite(const BackgroundWrite&) = delete;
  BackgroundWrite& operator=(const BackgroundWrite&) = delete;

  // Precondition: no write is under way. `batch` must stay as it is until wait() has returned.
  void start(const state::Batch& batch, bool sync);
  bool under_way() const { return under_way_; }
  // Waits for the write that is under way and tells its outcome; ok when there is none.
  Status wait();

 private:
  void run();

  state::Store& store_;
  bool under_way_ = false;  // started and not waited for; the owner's
  std::mutex mutex_;
  std::condition_variable changed_;
  const state::Batch* batch_ = nullptr;  // null: nothing to do
  bool sync_ = false, stop_ = false;
  Status outcome_;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace tocsin::runtime
