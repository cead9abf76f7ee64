#include "runtime/background_task.h"

#include <utility>

namespace tocsin::runtime {

BackgroundTask::~BackgroundTask() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundTask::start(std::function<Status()> task) {
  {
    const std::scoped_lock lock(mutex_);
    task_ = std::move(task);
  }
  under_way_ = true;
  changed_.notify_all();
}

Status BackgroundTask::wait() {
  if (!under_way_) return {};
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return task_ == nullptr; });
  under_way_ = false;
  return std::exchange(outcome_, Status());
}

void BackgroundTask::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return task_ != nullptr || stop_; });
    if (task_ == nullptr) return;
    lock.unlock();
    Status outcome = task_();  // the owner leaves it alone until wait() has returned
    lock.lock();
    outcome_ = std::move(outcome);
    task_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace tocsin::runtime
