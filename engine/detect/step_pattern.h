#pragma once
// The steps of a sequence as masks of a row's roles, and the two scans over rows in order that find the matches without
// enumerating them. A chain to step i is a choice of rows e0 < … < ei, each fulfilling its step, with no row between
// two neighbours that a `not` between their steps forbids; a match is a chain to the last step whose first and last row
// are at most `within` apart.
//
// Forward, each row and step keep the latest first time of the chains that end there; backward, the earliest last time
// of the matches that go on from there. What comes before a row and what comes after it are chosen independently, so a
// row has a part in a match exactly when, for one of its steps, the two are at most `within` apart: one pass each way,
// steps × rows, instead of all subsequences.
#include <algorithm>
#include <array>

#include "detect/plan.h"

namespace tocsin::detect {

struct StepPattern {
  explicit StepPattern(const Plan& plan) {
    for (size_t i = 0; i < plan.steps.size() && i < kMaxSteps; ++i) {
      const uint32_t role = 1U << i;
      if (!plan.steps[i].negated) {
        step[steps++] = role;
        positive |= role;
      } else if (steps > 0) {
        barrier[steps - 1] |= role;
      }
    }
    if (plan.awaits() && steps > 0) {
      awaited = barrier[steps - 1];
      barrier[steps - 1] = 0;
    }
  }

  size_t steps = 0;                           // positive ones, 1 to kMaxSteps
  std::array<uint32_t, kMaxSteps> step{};     // role of positive step i
  std::array<uint32_t, kMaxSteps> barrier{};  // roles that nothing between steps i and i + 1 may have
  uint32_t positive = 0;
  uint32_t awaited = 0;  // roles of the trailing `not`; 0: there is none
};

// The forward scan: what has come up to some row. Plain data.
struct Heads {
  Heads() { latest.fill(kNoTime); }
  bool operator==(const Heads&) const = default;
  // Takes the next row in. `reach[i]`: the latest first time of the chains that end in this row as step i; kNoTime:
  // there is none, or the row does not fulfil the step.
  void take(const StepPattern& p, TimeMs time, uint32_t roles, TimeMs* reach) {
    for (size_t i = 0; i < p.steps; ++i) {
      reach[i] = (roles & p.step[i]) == 0 ? kNoTime : i == 0 ? time : latest[i - 1];
    }
    for (size_t i = 0; i + 1 < p.steps; ++i) {
      if ((roles & p.barrier[i]) != 0) latest[i] = kNoTime;
      latest[i] = std::max(latest[i], reach[i]);
    }
  }
  // The same; answers whether the row completes a match.
  bool completes(const StepPattern& p, TimeMs time, uint32_t roles, DurationMs within) {
    std::array<TimeMs, kMaxSteps> reach;
    take(p, time, roles, reach.data());
    const TimeMs first = reach[p.steps - 1];
    return first != kNoTime && time - first <= within;
  }
  // By step: of the chains that go on, the latest first time.
  std::array<TimeMs, kMaxSteps> latest;
};

// The backward scan, from the last row to the first.
struct Tails {
  Tails() { earliest.fill(kNever); }
  // Takes the row before in. `ends`: the matches that end in it count. Answers whether, with `reach` of the forward
  // scan, the row has a part in a match that counts.
  bool take(const StepPattern& p, TimeMs time, uint32_t roles, bool ends, const TimeMs* reach, DurationMs within) {
    std::array<TimeMs, kMaxSteps> last;
    bool part = false;
    for (size_t i = 0; i < p.steps; ++i) {
      last[i] = kNever;
      if ((roles & p.step[i]) == 0) continue;
      last[i] = i + 1 < p.steps ? earliest[i + 1] : ends ? time : kNever;
      part |= last[i] != kNever && reach[i] != kNoTime && last[i] - reach[i] <= within;
    }
    for (size_t i = 1; i < p.steps; ++i) {
      if ((roles & p.barrier[i - 1]) != 0) earliest[i] = kNever;
      earliest[i] = std::min(earliest[i], last[i]);
    }
    return part;
  }
  // By step: of the matches that go on with it, the earliest last time.
  std::array<TimeMs, kMaxSteps> earliest;
};

}  // namespace tocsin::detect
