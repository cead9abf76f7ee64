#pragma once
// How many reports fall into each hour, exact in the sum; and drawing kinds of report so that each quota is met
// exactly.
#include <cstdint>
#include <span>
#include <vector>

#include "civil.h"
#include "profile.h"
#include "random.h"

namespace tocsin::simulate {

struct Outage {
  Source source = Source::kGrid;
  TimeMs from = 0, until = 0;
};

// Spreads `total` over `hours` hours from `start` by the source's rhythm, with some chance in it.
class Pace {
 public:
  Pace(const Rhythm& rhythm, Source source, const Civil& civil, TimeMs start, int64_t hours, int64_t total,
       std::span<const Outage> outages, Random& random);
  // Reports in the hour number `i`; all hours together make `total` (0 hours of weight: all fall into the first).
  int64_t in_hour(int64_t i) const;

 private:
  std::vector<int64_t> sums_;  // weights before hour i
  int64_t total_;
};

// Selection without replacement: `next()` yields kind k exactly `counts[k]` times, in random order.
class Draw {
 public:
  explicit Draw(std::vector<int64_t> counts);
  int64_t left() const { return left_; }
  // Precondition: left() > 0.
  size_t next(Random& random);

 private:
  std::vector<int64_t> counts_;
  int64_t left_ = 0;
};

}  // namespace tocsin::simulate
