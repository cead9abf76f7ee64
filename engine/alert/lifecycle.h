#pragma once
// An alert's life, as one pure function: standing × input → standing × changes. Rule, correction and person are its
// inputs; it knows nothing of rows, rules' texts or JSON.
//
//   –                          the condition holds (for `for`)              → open          opened
//   open acknowledged assigned severity changes                            → same          escalated, deescalated
//   open acknowledged assigned `update` says so                            → same          updated
//   open                       a person takes note; gives it to somebody   → acknowledged; assigned
//   any of these               quiet, resolve.when, gone, merged, answered → resolved      resolved
//   any, filed too             a person closes it                          → closed        closed
//   resolved, closed           the condition holds again within `reopen`   → open          reopened
//   any                        a correction changes what it says           → as it now is  amended
//
// An alert that has ended is filed once it can neither reopen nor be corrected: its events are let go, but for
// kFiledFor after its end people may still close it and comment on it.
//
// Deadlines: an instant d is reached when the watermark is past it (W > d), so an event of time d still counts.
#include <array>

#include "alert/action.h"
#include "alert/transition.h"
#include "detect/detector.h"

namespace tocsin::alert {

enum class Phase : uint8_t {
  kNew,      // nothing yet
  kPending,  // the condition holds, `for` has not passed
  kLive,     // open, acknowledged, assigned
  kEnded,    // resolved or closed; may reopen or be corrected
  kFiled,    // resolved or closed for good; people may still close it and comment
  kOver      // to be forgotten
};

// How long after its end a filed alert takes people's actions, in event time.
inline constexpr DurationMs kFiledFor = 30LL * 24 * 3600 * 1000;

// The state of one alert's life. Plain data.
struct Standing {
  Phase phase = Phase::kNew;
  AlertStatus status = AlertStatus::kOpen;
  detect::Severity severity = detect::Severity::kNone;
  detect::Severity worst = detect::Severity::kNone;
  uint32_t total = 0;       // members
  uint32_t told_total = 0;  // when it was last told
  TimeMs told_at = kNoTime;
  TimeMs last = kNoTime;  // latest matching event
  TimeMs pending_since = kNoTime;
  TimeMs keep_since = kNoTime;  // since when resolve.when holds
  TimeMs ended_at = kNoTime;
  bool operator==(const Standing&) const = default;
};

struct Input {
  enum class Kind : uint8_t { kHolds, kMatched, kCorrected, kGone, kMerged, kAnswered, kTimer, kAction };
  Kind kind = Kind::kHolds;
  detect::Reason reason = detect::Reason::kMatched;
  TimeMs time = 0;  // event time; kTimer: the deadline; kAction: when the person acted
  TimeMs last = kNoTime;
  detect::Severity severity = detect::Severity::kNone, worst = detect::Severity::kNone;
  uint32_t total = 0;
  bool recovering = false;
  bool changed = true;  // kCorrected, kGone: what the alert says is different now
  ActionKind action = ActionKind::kAcknowledge;
};

struct Change {
  TransitionType type = TransitionType::kOpened;
  detect::Reason reason = detect::Reason::kMatched;
  TimeMs time = 0;
  Standing after;
};

struct Outcome {
  Standing standing;
  size_t count = 0;
  std::array<Change, 3> changes;
};

Outcome decide(const detect::Plan& plan, const Standing& before, const Input& input);
// The instant whose passing is the next input of kind kTimer, or kNever.
TimeMs next_deadline(const detect::Plan& plan, const Standing& s);

void encode(Writer& out, const Standing& s);
Standing decode_standing(Reader& in);

}  // namespace tocsin::alert
