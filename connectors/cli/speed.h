#pragma once
// `--speed max|60x`: plays time at a multiple of real time.
#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin::cli {

// 0 for "max".
inline Result<double> parse_speed(const std::string& text) {
  if (text == "max") return 0.0;
  double v = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
  if (r.ec != std::errc() || v <= 0 || (r.ptr != text.data() + text.size() && std::string_view(r.ptr) != "x")) {
    return invalid("--speed: \"" + text + "\" is neither max nor a multiple such as 60x");
  }
  return v;
}

// Holds the caller until a moment of the log has come, counted from the first moment it was asked about.
class Pace {
 public:
  explicit Pace(double speed) : speed_(speed) {}
  // True: wait(t) would hold for more than a moment.
  bool ahead(TimeMs t) {
    if (speed_ <= 0) return false;
    if (first_ == kNoTime) {
      first_ = t;
      start_ = std::chrono::steady_clock::now();
    }
    return due(t) > std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  }
  void wait(TimeMs t) const {
    if (speed_ > 0 && first_ != kNoTime) std::this_thread::sleep_until(due(t));
  }

 private:
  std::chrono::steady_clock::time_point due(TimeMs t) const {
    return start_ + std::chrono::microseconds(static_cast<int64_t>(static_cast<double>(t - first_) * 1000.0 / speed_));
  }
  double speed_;
  TimeMs first_ = kNoTime;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace tocsin::cli
