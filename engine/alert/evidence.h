#pragma once
// What an alert rests on, as it is told: how many events, the first hundred of them, the area that all of them share.
#include <string>
#include <vector>

#include "alert/transition.h"
#include "detect/detector.h"

namespace tocsin::alert {

inline constexpr size_t kMaxListed = 100;

struct Evidence {
  size_t total = 0;
  std::vector<EventRef> events;           // the first kMaxListed by (time, source, id)
  std::string city, town, village, grid;  // deepest that all share; empty below it
  uint64_t hash = 0;                      // of all members: equal for equal evidence
};

Evidence evidence_of(const detect::Description& d);

}  // namespace tocsin::alert
