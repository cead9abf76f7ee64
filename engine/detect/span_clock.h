#pragma once
// How much of an obligation's span has passed, and when a share of it will have: plain or working time, stopped by
// pauses. Pure.
#include <vector>

#include "detect/plan.h"

namespace tocsin::detect {

struct Pause {
  TimeMs from = 0;
  TimeMs to = kNever;  // kNever: it goes on
};

class SpanClock {
 public:
  // `due_at`: the deadline where an event tells it (plan.until, an extension), else kNoTime. `pauses` ascending,
  // disjoint, none before `start`. Plan and pauses must outlive the clock.
  SpanClock(const Plan& plan, TimeMs start, TimeMs due_at, const std::vector<Pause>& pauses);
  // The instant at which `share` of the span has passed; kNever while a pause keeps it from coming.
  TimeMs instant(double share) const;
  TimeMs due() const { return instant(1.0); }
  // The share that has passed at `t`; 0 at the start.
  double elapsed(TimeMs t) const;
  // The first instant after `t` at which the verdict may change: an elapsed mark, the deadline, an overdue mark.
  TimeMs next_mark(TimeMs t) const;

 private:
  DurationMs work(TimeMs a, TimeMs b) const;
  TimeMs add(TimeMs t, DurationMs work) const;
  const Plan& plan_;
  const TimeMs start_;
  const std::vector<Pause>& pauses_;
  const TimeMs told_due_;  // kNoTime: `within` says
  bool working_ = false;
  DurationMs span_ = 0;
};

}  // namespace tocsin::detect
