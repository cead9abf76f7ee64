#include "connectors/http/stranger_limit.h"

#include <algorithm>

namespace tocsin::http {
namespace {

// An allowance of `most`, one of which comes back every `seconds`, as the time when it is whole again.
bool has(int64_t whole_at, int64_t most, int64_t seconds, int64_t now) {
  return whole_at - now <= (most - 1) * seconds;
}
void spend(int64_t& whole_at, int64_t seconds, int64_t now) { whole_at = std::max(whole_at, now) + seconds; }

}  // namespace

int64_t& StrangerLimit::allowance_of(const std::string& address, int64_t now) {
  if (by_address_.size() >= kMostAddresses && !by_address_.contains(address)) {
    std::erase_if(by_address_, [now](const auto& entry) { return entry.second <= now; });
    if (by_address_.size() >= kMostAddresses) return by_address_[""];
  }
  return by_address_[address];
}

bool StrangerLimit::take(const std::string& address, int64_t now) {
  if (!has(of_all_, kOfAll, kAllSeconds, now)) return false;
  int64_t& own = allowance_of(address, now);
  if (!has(own, kOfAddress, kAddressSeconds, now)) return false;
  spend(own, kAddressSeconds, now);
  spend(of_all_, kAllSeconds, now);
  return true;
}

}  // namespace tocsin::http
