#pragma once
// How much people who have not signed in may write into the audit log: so many entries an address and so many in all,
// past which they are counted alone. Who guesses tokens would otherwise push out what the log is kept for. A right
// token always comes in, however many wrong ones came before it from the same address (an office, a proxy): tokens are
// long random texts, so nobody guesses one, and nobody can shut others out by trying. Pure: the clock is handed in.
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace tocsin::http {

class StrangerLimit {
 public:
  // At once, and then one every so many seconds. In all that is at most some 8,700 entries a day.
  static constexpr int64_t kOfAddress = 10, kAddressSeconds = 6, kOfAll = 120, kAllSeconds = 10;
  static constexpr size_t kMostAddresses = 4096;  // further ones share one allowance
  // Whether one more may be written at `now` (Unix seconds).
  bool take(const std::string& address, int64_t now);
  size_t addresses() const { return by_address_.size(); }

 private:
  int64_t& allowance_of(const std::string& address, int64_t now);
  std::unordered_map<std::string, int64_t> by_address_;  // when its allowance is whole again
  int64_t of_all_ = 0;
};

}  // namespace tocsin::http
