#include "connectors/cli/worker.h"

#include <sys/resource.h>
#include <unistd.h>

namespace tocsin::cli {
namespace {
constexpr int kNice = 10;
}

void step_behind() { setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice); }  // refused: it may not matter

Worker::Worker(size_t most, bool behind) : most_(most), behind_(behind), thread_([this] { work(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Worker::submit(std::function<void(bool)> task) {
  const std::lock_guard lock(mutex_);
  if (stop_ || waiting_.size() + (busy_ ? 1 : 0) > most_) return false;
  waiting_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

void Worker::work() {
  if (behind_) step_behind();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const auto task = std::move(waiting_.front());
    waiting_.pop_front();
    const bool cancelled = stop_;
    busy_ = true;
    lock.unlock();
    task(cancelled);
    lock.lock();
    busy_ = false;
  }
}

}  // namespace tocsin::cli
