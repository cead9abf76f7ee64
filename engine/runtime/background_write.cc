#include "runtime/background_write.h"

#include <utility>

namespace tocsin::runtime {

BackgroundWrite::~BackgroundWrite() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundWrite::start(const state::Batch& batch, bool sync) {
  {
    const std::scoped_lock lock(mutex_);
    batch_ = &batch;
    sync_ = sync;
  }
  under_way_ = true;
  changed_.notify_all();
}

Status BackgroundWrite::wait() {
  if (!under_way_) return {};
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return batch_ == nullptr; });
  under_way_ = false;
  return std::exchange(outcome_, Status());
}

void BackgroundWrite::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return batch_ != nullptr || stop_; });
    if (batch_ == nullptr) return;
    const state::Batch& batch = *batch_;
    const bool sync = sync_;
    lock.unlock();
    Status outcome = store_.write(batch, sync);
    lock.lock();
    outcome_ = std::move(outcome);
    batch_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace tocsin::runtime
