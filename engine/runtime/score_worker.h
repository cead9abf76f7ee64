#pragma once
// Applies one batch's notes to the scorecards at a time, on a thread of its own, while the engine works on the next
// batch: alerts do not wait for scorecards. The owner's thread calls everything.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "score/keeper.h"

namespace tocsin::runtime {

class ScoreWorker {
 public:
  explicit ScoreWorker(score::Keeper& keeper) : keeper_(keeper), thread_([this] { run(); }) {}
  // Waits for what is under way.
  ~ScoreWorker();
  ScoreWorker(const ScoreWorker&) = delete;
  ScoreWorker& operator=(const ScoreWorker&) = delete;

  // Precondition: wait() has returned since the last start().
  void start(std::string notes);
  // Until all is applied. False: some notes could not be read (our own mistake); the scorecards are of no use any more.
  [[nodiscard]] bool wait();

 private:
  void run();

  score::Keeper& keeper_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string notes_;
  bool busy_ = false, stop_ = false, fine_ = true;
  std::thread thread_;  // last: it uses the members above
};

}  // namespace tocsin::runtime
