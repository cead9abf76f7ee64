#pragma once
// How far the recovery of a state is, told now and then: a large one takes long, and until it is there the port is
// closed.
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tocsin::cli {

class RecoveryLog {
 public:
  static constexpr DurationMs kEvery = 5'000;
  // `clock` outlives it.
  RecoveryLog(const Clock& clock, std::function<void(const std::string& line)> write)
      : clock_(clock), write_(std::move(write)) {}
  // Writes at the first call, and then every five seconds. `of` 0: not known.
  void tell(std::string_view part, uint64_t done, uint64_t of) {
    const TimeMs now = clock_.now();
    if (told_ && now >= at_ && now - at_ < kEvery) return;
    told_ = true;
    at_ = now;
    std::string line = "recover part=" + std::string(part) + " done=" + std::to_string(done);
    if (of > 0) line += " of=" + std::to_string(of);
    write_(line);
  }

 private:
  const Clock& clock_;
  const std::function<void(const std::string&)> write_;
  bool told_ = false;
  TimeMs at_ = 0;
};

}  // namespace tocsin::cli
