#include "pace.h"

#include <algorithm>

namespace tocsin::simulate {

Pace::Pace(const Rhythm& rhythm, Source source, const Civil& civil, TimeMs start, int64_t hours, int64_t total,
           std::span<const Outage> outages, Random& random)
    : total_(total) {
  // The product of three weights of at most 1,000 is brought below 2^20, so that total * sum fits 64 bits.
  uint64_t most = 1;
  for (const uint32_t h : rhythm.hours)
    for (const uint32_t d : rhythm.weekdays)
      for (const uint32_t m : rhythm.months) most = std::max<uint64_t>(most, static_cast<uint64_t>(h) * d * m);
  int64_t sum = 0;
  for (int64_t i = 0; i < hours; ++i) {
    sums_.push_back(sum);
    const TimeMs t = start + i * kHour;
    uint64_t weight = static_cast<uint64_t>(rhythm.hours[civil.hour(t)]) * rhythm.weekdays[civil.weekday(t)] *
                      rhythm.months[civil.month(t)];
    weight = weight * 700000 / most * (850 + random.below(301)) / 1000;
    for (const Outage& o : outages)
      if (o.source == source && t + kHour > o.from && t < o.until) weight = 0;
    sum += static_cast<int64_t>(weight);
  }
  sums_.push_back(sum);
}

int64_t Pace::in_hour(int64_t i) const {
  const int64_t all = sums_.back();
  if (all == 0) return i == 0 ? total_ : 0;
  const auto at = static_cast<size_t>(i);
  return total_ * sums_[at + 1] / all - total_ * sums_[at] / all;
}

Draw::Draw(std::vector<int64_t> counts) : counts_(std::move(counts)) {
  for (int64_t& c : counts_) {
    c = std::max<int64_t>(c, 0);
    left_ += c;
  }
}

size_t Draw::next(Random& random) {
  int64_t u = random.between(0, left_ - 1);
  for (size_t k = 0; k < counts_.size(); ++k) {
    if (u < counts_[k]) {
      --counts_[k];
      --left_;
      return k;
    }
    u -= counts_[k];
  }
  return 0;
}

}  // namespace tocsin::simulate
