#pragma once
// What an obligation says of itself while its marks pass and until its answer comes; the part that absence and duty
// share. Whose it is, when its marks are and what answers it, they know.
#include <algorithm>
#include <utility>

#include "detect/detector.h"

namespace tocsin::detect {

struct Obligation {
  uint32_t handle = 0;
  Position start;            // names it together with its owner's key
  TimeMs answered = kNever;  // by the rows as they now are
  TimeMs checked = kNoTime;  // marks up to here have been judged
  TimeMs as_of = kNoTime;    // the instant of the latest verdict
  bool fired = false;        // there is an alert
  bool told_answer = false;  // and its answer has been told
  Severity severity = Severity::kNone, worst = Severity::kNone;
  TimeMs next = kNever;  // next mark before the answer; follows from the rows
};

// Why obligations are looked at.
struct ObligationCause {
  const Row* row = nullptr;
  TimeMs time = 0;
  Reason reason = Reason::kMatched;
  bool correction = false;
};

Finding finding(const Obligation& o, Finding::Kind kind, Reason reason, TimeMs time, const Row* cause);

// All but `next`.
void encode(Writer& out, const Obligation& o);
void decode(Reader& in, Obligation& o);

// The decisions, for one call of an owner that knows
//   bool judge(Owed&, TimeMs as_of)  the verdict as of an instant; sets as_of, and severity where it holds
//   void refresh(Owed&)              brings what follows from the rows in line with them
template <typename Owed, typename Judge, typename Refresh>
class Obliged {
 public:
  Obliged(FindingSink& sink, Judge judge, Refresh refresh)
      : sink_(sink), judge_(std::move(judge)), refresh_(std::move(refresh)) {}

  // The mark o.next has passed.
  void pass(Owed& o) {
    const TimeMs mark = o.next, as_of = o.as_of;
    o.checked = mark;
    if (judge_(o, mark)) {
      o.fired = true;
      o.worst = std::max(o.worst, o.severity);
      sink_.on(finding(o, Finding::Kind::kHolds, Reason::kDeadline, mark, nullptr));
    } else if (!o.fired) {
      o.as_of = as_of;
    }
    refresh_(o);
    if (o.fired) answer(o, nullptr);
  }

  // What a change of the rows means where the alert may have been told.
  void amend(Owed& o, TimeMs answered_before, const ObligationCause& cause) {
    if (!o.fired) return;
    if (o.told_answer && o.answered > answered_before) {  // the answer that was told has been taken back
      o.told_answer = false;
      if (judge_(o, o.checked)) sink_.on(finding(o, Finding::Kind::kHolds, cause.reason, cause.time, cause.row));
      return answer(o, cause.row);
    }
    if (o.told_answer && o.answered < answered_before) o.told_answer = false;
    if (!o.told_answer && o.answered != kNever) return answer(o, cause.row);
    if (!cause.correction || o.told_answer) return;
    const auto kind = judge_(o, o.checked) ? Finding::Kind::kCorrected : Finding::Kind::kAnswered;
    sink_.on(finding(o, kind, cause.reason, cause.time, cause.row));
  }

  // The conditions are others now: the verdict on the last mark that has passed is given, of the old ones and the new.
  // What has been answered begins no alert by it, and none again once that was told; until then a mark before the
  // answer that is new fires with the next advance.
  void rejudge(Owed& o, TimeMs now) {
    refresh_(o);
    for (; (o.answered == kNever || o.told_answer) && o.next < now; refresh_(o)) o.checked = o.next;
    const bool stands = !o.told_answer && (o.fired || o.answered == kNever);
    if (stands && o.checked >= o.start.time) {
      const bool known = o.fired, holds = judge_(o, o.checked);
      if (holds) o.worst = std::max(o.worst, o.severity);
      const auto kind = !known ? Finding::Kind::kHolds : holds ? Finding::Kind::kCorrected : Finding::Kind::kAnswered;
      o.fired = holds;
      if (known || holds) sink_.on(finding(o, kind, Reason::kRule, now, nullptr));
    }
    refresh_(o);
  }

 private:
  // Tells that the answer has come, once no mark before it is left. It is late when it does not lie after the marks
  // that were judged; that a later answer was told before it says nothing of that.
  void answer(Owed& o, const Row* cause) {
    if (o.next != kNever || o.answered == kNever || o.told_answer) return;
    const bool late = o.answered <= o.checked;
    const Severity told = o.severity;
    const bool held = judge_(o, o.answered);
    if (!late) o.severity = told;
    if (late && !held) o.severity = Severity::kNone;
    o.told_answer = true;
    sink_.on(finding(o, Finding::Kind::kAnswered, late ? Reason::kLate : Reason::kStage, o.answered, cause));
    if (o.severity == Severity::kNone) o.severity = told;
  }

  FindingSink& sink_;
  Judge judge_;
  Refresh refresh_;
};

}  // namespace tocsin::detect
