#pragma once
// Whether alerts reach those that they are told to: looked at by the engine's thread, asked for by any.
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "runtime/publisher.h"

namespace tocsin::cli {

// A change that a receiver has not taken for so long is for people to look after: a restart of the receiver and the
// longest pause between two attempts are over by then.
inline constexpr DurationMs kWaitsTooLong = 120'000;

// The first receiver that has kept a change waiting for longer than kWaitsTooLong, with what to do, in English and
// Chinese; empty: there is none. `why(name)`: what it says of itself, or nothing.
std::string late_receiver(std::span<const runtime::Publisher::SinkView> receivers,
                          const std::function<std::string(const std::string& name)>& why);

class ReceiverWatch {
 public:
  // From the engine's thread, after each step; looks at most once a second. What begins and what is over is logged
  // once.
  void look(const runtime::Publisher& publisher, const std::vector<std::unique_ptr<runtime::Sink>>& sinks, TimeMs now);
  // Empty: all is well. From any thread.
  std::string trouble(const std::vector<std::unique_ptr<runtime::Sink>>& sinks) const;

 private:
  mutable std::mutex mutex_;
  std::string stopped_, late_;  // guarded by mutex_
  bool looked_ = false;         // this and what follows: of the engine's thread
  TimeMs looked_at_ = 0;
};

}  // namespace tocsin::cli
