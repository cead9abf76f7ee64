#pragma once
// How several sources wake the one thread that polls them all.
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace tocsin::runtime {

// notify() by any thread; the rest by the thread that waits.
class Wake {
 public:
  void notify() {
    {
      const std::scoped_lock lock(mutex_);
      called_ = true;
    }
    condition_.notify_one();
  }
  // Before asking all sources: calls from now on end the next wait().
  void arm() {
    const std::scoped_lock lock(mutex_);
    called_ = false;
  }
  // Until a call since arm(), or `most` milliseconds.
  void wait(DurationMs most) {
    std::unique_lock lock(mutex_);
    condition_.wait_for(lock, std::chrono::milliseconds(most), [&] { return called_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool called_ = false;
};

}  // namespace tocsin::runtime
