#pragma once
// Variants of one rule that take in the same events in the same way and differ only in what they ask of them: the
// values of a sweep (backtest --set). A *common rule* stands for all of them: its keys hold the rows that every variant
// would hold, and its conditions are put to all variants at once. It never fires itself: a variant whose condition
// holds says so on the ballot, and whoever drives the keys (alert/family_key.h) lets it go on by itself from there.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rule/rule.h"

namespace tocsin::rule {

inline constexpr size_t kMaxVariants = 64;  // bits of a ballot

struct Variants {
  std::vector<Rule> rules;
  Rule common;
};

// Bit i is variant i.
struct Ballot {
  uint64_t voters = 0;  // variants that the common rule still stands for
  uint64_t ayes = 0;    // those of them for which a condition held
};

// While one lives, the conditions of common rules that are evaluated on this thread vote on `ballot`. At most one a
// thread.
class Poll {
 public:
  explicit Poll(Ballot& ballot);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
};

// Whether both would hold the same rows and judge at the same moments as long as neither fires: equal but for the
// values of params that nothing but `fire`, `severity` and texts reads.
bool alike(const Rule& a, const Rule& b);

// The rule that stands for `variants` in a rule set, under `id`. Precondition: 1 to kMaxVariants, each alike the first.
Rule family(std::string id, std::vector<Rule> variants);

}  // namespace tocsin::rule
