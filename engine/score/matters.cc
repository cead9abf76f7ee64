// What a case counts for: a pure function of its events.
#include <algorithm>

#include "score/case_book.h"

namespace tocsin::score {
namespace {

// The stages of the service's own work: what answers a matter, and what a deadline waits for. Supervision is from
// above.
bool answers(const CaseEvent& e) { return e.stage != Stage::kNone && e.stage != Stage::kSupervised; }

// How the case stands.
struct Standing {
  const CaseEvent* closing = nullptr;  // that stands
  bool ever_closed = false;
  TimeMs reopened_at = kNoTime;  // the last time
};

Standing standing_of(const CaseEvents& events) {
  Standing s;
  for (const CaseEvent& e : events) {
    if (e.stage == Stage::kReopened && s.ever_closed) {
      s.closing = nullptr;
      s.reopened_at = e.time;
    }
    const bool closes = e.stage == Stage::kClosed || (e.stage == Stage::kEvaluated && !s.ever_closed);
    if (!closes) continue;
    s.closing = &e;
    s.ever_closed = true;
  }
  return s;
}

void count_matter(const CaseEvents& events, const CaseEvent& report, const Standing& s, int64_t day, Counts& out) {
  const auto add = [&](int m) { out.push_back(key_of(day, report.spot, report.sort, static_cast<Measure>(m))); };
  for (const CaseEvent& e : events) {
    if (e.report || !answers(e) || e.time < report.time) continue;
    add(measure::kResponse + spread::bucket_of(e.time - report.time));
    break;
  }
  if (s.reopened_at != kNoTime && s.reopened_at >= report.time) add(measure::kReopened);
  if (s.closing == nullptr || s.closing->time < report.time) {
    return add(s.closing == nullptr && s.ever_closed ? measure::kOpenAgain : measure::kOpen);
  }
  const int tier = s.closing->grade != 0 ? s.closing->grade : report.grade;
  add(measure::kClosed + tier);
  if (!s.closing->report) add(measure::kClosing + spread::bucket_of(s.closing->time - report.time));
}

// A stage's deadline is kept when the case's next stage comes at or before it. Answers the hour of one that waits.
Hour count_deadlines(const CaseEvents& events, Hour now, const CivilDays& days, Counts& out) {
  const CaseEvent* waiting = nullptr;
  const auto count = [&](const CaseEvent& e, Measure m) {
    const int64_t day = days.at(e.time);
    if (day >= 0) out.push_back(key_of(day, e.spot, e.sort, m));
  };
  for (const CaseEvent& e : events) {
    if (!answers(e)) continue;
    if (waiting != nullptr) count(*waiting, e.time <= waiting->due ? measure::kDueMet : measure::kDueMissed);
    waiting = e.due != kNoTime ? &e : nullptr;
  }
  if (waiting == nullptr) return INT64_MAX;
  if (hour_of(waiting->due) < now) count(*waiting, measure::kDueMissed);
  return hour_of(waiting->due);
}

}  // namespace

CaseState matters_of(const CaseEvents& events, Hour now, const CivilDays& days, Counts& out) {
  out.clear();
  const Standing s = standing_of(events);
  for (auto it = events.begin(); it != events.end(); ++it) {
    if (!it->report) continue;
    const auto same = [&](const CaseEvent& e) { return e.report && e.channel == it->channel; };
    if (std::find_if(events.begin(), it, same) != it) continue;  // the channel has told of it before
    const int64_t day = days.at(it->time);
    if (day >= 0) count_matter(events, *it, s, day, out);
  }
  const Hour due = count_deadlines(events, now, days, out);
  std::sort(out.begin(), out.end());
  return {s.closing != nullptr, due};
}

}  // namespace tocsin::score
