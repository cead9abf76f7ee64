#include "runtime/score_worker.h"

#include <utility>

namespace tocsin::runtime {

ScoreWorker::~ScoreWorker() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ScoreWorker::start(std::string notes) {
  {
    const std::scoped_lock lock(mutex_);
    notes_ = std::move(notes);
    busy_ = true;
  }
  changed_.notify_all();
}

bool ScoreWorker::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !busy_; });
  return fine_;
}

void ScoreWorker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return busy_ || stop_; });
    if (!busy_) return;
    lock.unlock();
    const bool fine = keeper_.apply(notes_);
    lock.lock();
    fine_ = fine_ && fine;
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace tocsin::runtime
