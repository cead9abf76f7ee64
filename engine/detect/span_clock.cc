#include "detect/span_clock.h"

#include <algorithm>
#include <cmath>

namespace tocsin::detect {

SpanClock::SpanClock(const Plan& plan, TimeMs start, TimeMs due_at, const std::vector<Pause>& pauses)
    : plan_(plan), start_(start), pauses_(pauses), told_due_(due_at) {
  working_ = plan.within.unit != Span::Unit::kPlain && plan.calendar != nullptr && !plan.until;
  if (plan.until || due_at != kNoTime) {
    span_ = working_ ? plan.calendar->between(start, due_at) : due_at - start;
  } else if (working_) {
    span_ = plan.calendar->between(start, plan.calendar->add(start, plan.within));
  } else {
    span_ = plan.within.amount;
  }
  span_ = std::max<DurationMs>(span_, 0);
}

DurationMs SpanClock::work(TimeMs a, TimeMs b) const { return working_ ? plan_.calendar->between(a, b) : b - a; }

TimeMs SpanClock::add(TimeMs t, DurationMs work) const {
  return working_ ? plan_.calendar->add(t, {Span::Unit::kWorkingHours, work}) : t + work;
}

TimeMs SpanClock::instant(double share) const {
  // Marks are decimal shares: 0.8 of a span is meant exactly, whatever a double makes of it.
  const double exact = share * static_cast<double>(span_);
  const double near = std::round(exact);
  auto left = static_cast<DurationMs>(std::abs(exact - near) < 1e-3 ? near : std::ceil(exact));
  TimeMs at = start_;
  for (const Pause& p : pauses_) {
    const DurationMs before = work(at, p.from);
    if (left <= before) return add(at, left);
    if (p.to == kNever) return kNever;
    left -= before;
    at = p.to;
  }
  // Working days end at the same time of day, which adding up hours need not give at the edge of an office day.
  if (working_ && pauses_.empty() && left == span_ && told_due_ != kNoTime) return std::max(told_due_, start_);
  if (working_ && pauses_.empty() && left == span_) return plan_.calendar->add(start_, plan_.within);
  return add(at, left);
}

double SpanClock::elapsed(TimeMs t) const {
  if (span_ == 0) return t >= start_ ? 1.0 : 0.0;
  DurationMs passed = 0;
  TimeMs at = start_;
  for (const Pause& p : pauses_) {
    if (t <= p.from) break;
    passed += work(at, p.from);
    at = std::min(p.to, t);
  }
  if (t > at) passed += work(at, t);
  return static_cast<double>(passed) / static_cast<double>(span_);
}

TimeMs SpanClock::next_mark(TimeMs t) const {
  TimeMs next = kNever;
  const auto offer = [&](TimeMs mark) {
    if (mark > t) next = std::min(next, mark);
  };
  for (double share : plan_.elapsed_marks) offer(instant(share));
  const TimeMs deadline = due();
  offer(deadline);
  if (deadline == kNever) return next;
  for (DurationMs offset : plan_.overdue_marks) offer(deadline + offset);
  return next;
}

}  // namespace tocsin::detect
