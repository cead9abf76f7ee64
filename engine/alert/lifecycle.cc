#include "alert/lifecycle.h"

#include <algorithm>

namespace tocsin::alert {
namespace {

using detect::ends_by_answer;
using detect::Plan;
using detect::Reason;
using detect::Severity;

// What ends a live alert by itself, and when.
struct End {
  TimeMs at = kNever;
  Reason reason = Reason::kQuiet;
};

End end_of(const Plan& plan, const Standing& s) {
  End end;
  if (ends_by_answer(plan.kind)) return end;  // an obligation ends with its answer, not with silence
  if (plan.quiet > 0) end.at = s.last + plan.quiet;
  if (s.keep_since != kNoTime && s.keep_since + plan.keep < end.at)
    end = {s.keep_since + plan.keep, Reason::kRecovered};
  return end;
}

// Applies one input; collects the changes.
class Decision {
 public:
  Decision(const Plan& plan, const Standing& before, const Input& input) : plan_(plan), in_(input) {
    out_.standing = before;
  }

  Outcome run() {
    const bool of_its_events = in_.kind != Input::Kind::kTimer && in_.kind != Input::Kind::kAction;
    if (s().phase == Phase::kFiled && of_its_events) return out_;
    switch (in_.kind) {
      case Input::Kind::kHolds:
        holds();
        break;
      case Input::Kind::kMatched:
        matched();
        break;
      case Input::Kind::kCorrected:
        corrected();
        break;
      case Input::Kind::kGone:
      case Input::Kind::kMerged:
        gone();
        break;
      case Input::Kind::kAnswered:
        answered();
        break;
      case Input::Kind::kTimer:
        timer();
        break;
      case Input::Kind::kAction:
        act();
        break;
    }
    return out_;
  }

 private:
  Standing& s() { return out_.standing; }

  void publish(TransitionType type, Reason reason, TimeMs time) {
    s().told_total = s().total;
    s().told_at = time;
    out_.changes[out_.count++] = {type, reason, time, s()};
  }

  void take_in() {
    s().severity = in_.severity;
    s().worst = std::max(s().worst, std::max(in_.worst, in_.severity));
    s().total = in_.total;
    s().last = std::max(s().last, in_.last);
    s().keep_since = kNoTime;
  }

  void end(TransitionType type, AlertStatus status, Reason reason, TimeMs time) {
    if (s().phase != Phase::kFiled) s().phase = Phase::kEnded;
    s().status = status;
    s().ended_at = time;
    s().keep_since = kNoTime;
    publish(type, reason, time);
  }

  void open(TransitionType type, Reason reason, TimeMs time) {
    s().phase = Phase::kLive;
    s().status = AlertStatus::kOpen;
    s().ended_at = kNoTime;
    publish(type, reason, time);
  }

  void holds() {
    // In event time the alert may have been over before this event, though no timer has said so yet.
    if (s().phase == Phase::kLive && in_.time == in_.last) {
      const End e = end_of(plan_, s());
      if (in_.time > e.at) end(TransitionType::kResolved, AlertStatus::kResolved, e.reason, e.at);
    }
    // An obligation that a person closed stays closed, but for `reopen`.
    const bool closed = s().phase == Phase::kEnded && s().status == AlertStatus::kClosed;
    if (ends_by_answer(plan_.kind) && closed && in_.time > s().ended_at + plan_.reopen) return;
    const Severity before = s().severity;
    const uint32_t told = s().told_total;
    take_in();
    switch (s().phase) {
      case Phase::kNew:
        if (plan_.hold > 0) {
          s().phase = Phase::kPending;
          s().pending_since = in_.time;
          return;
        }
        return open(TransitionType::kOpened, in_.reason, in_.time);
      case Phase::kPending:
        if (in_.time >= s().pending_since + plan_.hold) {
          open(TransitionType::kOpened, in_.reason, s().pending_since + plan_.hold);
        }
        return;
      case Phase::kEnded:
        return open(TransitionType::kReopened, in_.reason, in_.time);
      case Phase::kLive:
        return tell(before, told);
      case Phase::kFiled:
      case Phase::kOver:
        return;
    }
  }

  // Whether a live alert is told again.
  void tell(Severity before, uint32_t told) {
    if (plan_.update_on_severity && s().severity != before) {
      const bool up = s().severity > before;
      return publish(up ? TransitionType::kEscalated : TransitionType::kDeescalated, in_.reason, in_.time);
    }
    const bool grown = plan_.update_every > 0 ? in_.time - s().told_at >= plan_.update_every && s().total != told
                                              : uint64_t{s().total} * 2 >= uint64_t{told} * 3 && s().total > told;
    if (grown) publish(TransitionType::kUpdated, in_.reason, in_.time);
  }

  void matched() {
    if (s().phase == Phase::kPending) {
      if (in_.last >= s().last) s().phase = Phase::kOver;  // the condition did not hold for long enough
      return;
    }
    if (s().phase != Phase::kLive) return;
    s().total = in_.total;
    if (in_.last < s().last) return;
    s().last = in_.last;
    if (!in_.recovering) {
      s().keep_since = kNoTime;
      return;
    }
    if (s().keep_since == kNoTime) s().keep_since = in_.time;
    if (plan_.keep == 0) end(TransitionType::kResolved, AlertStatus::kResolved, Reason::kRecovered, in_.time);
  }

  void corrected() {
    // A correction that brings a later matching event undoes the quiet that resolved the alert.
    const bool goes_on = s().phase == Phase::kEnded && s().status == AlertStatus::kResolved && in_.last > s().last &&
                         !ends_by_answer(plan_.kind);
    s().severity = in_.severity;
    s().worst = std::max(in_.worst, in_.severity);
    s().total = in_.total;
    s().last = in_.last;
    if (goes_on) return open(TransitionType::kReopened, in_.reason, in_.time);
    const bool told = s().phase == Phase::kLive || s().phase == Phase::kEnded;
    if (in_.changed && told) publish(TransitionType::kAmended, in_.reason, in_.time);
  }

  void gone() {
    const bool merged = in_.kind == Input::Kind::kMerged;
    if (s().phase == Phase::kLive) {
      s().total = in_.total;
      end(TransitionType::kResolved, AlertStatus::kResolved, in_.reason, in_.time);
    } else if (s().phase == Phase::kEnded && in_.reason != Reason::kStage && in_.reason != Reason::kDeadline &&
               (merged || in_.changed)) {
      s().total = in_.total;
      publish(TransitionType::kAmended, in_.reason, in_.time);
    }
    s().phase = s().phase == Phase::kEnded ? Phase::kFiled : Phase::kOver;
  }

  void answered() {
    if (s().phase == Phase::kPending) s().phase = Phase::kOver;
    const bool late = in_.reason == Reason::kLate;
    // An answer out of order, and in time, that lies before the one which was told.
    const bool earlier = s().phase == Phase::kEnded && s().status == AlertStatus::kResolved &&
                         in_.time < s().ended_at && (in_.reason == Reason::kStage || in_.reason == Reason::kRecovered);
    if (s().phase == Phase::kEnded && !late && !earlier) return;
    if (s().phase != Phase::kLive && s().phase != Phase::kEnded) return;
    if (late) {
      s().severity = in_.severity == Severity::kNone ? s().severity : in_.severity;
      s().worst = plan_.kind == detect::RuleKind::kAbsence ? s().severity : in_.worst;
    }
    const bool closed = s().status == AlertStatus::kClosed;
    end(late || earlier ? TransitionType::kAmended : TransitionType::kResolved,
        closed ? AlertStatus::kClosed : AlertStatus::kResolved, in_.reason, in_.time);
  }

  void timer() {
    const TimeMs d = in_.time;
    if (next_deadline(plan_, s()) > d) return;
    if (s().phase == Phase::kPending) {
      const bool absence = ends_by_answer(plan_.kind);
      const bool due = s().pending_since + plan_.hold <= d;
      if (due && (absence || s().pending_since + plan_.hold <= s().last + plan_.within.amount)) {
        return open(TransitionType::kOpened, Reason::kMatched, s().pending_since + plan_.hold);
      }
      s().phase = Phase::kOver;
    } else if (s().phase == Phase::kLive) {
      const End e = end_of(plan_, s());
      end(TransitionType::kResolved, AlertStatus::kResolved, e.reason, e.at);
    } else if (s().phase == Phase::kEnded) {
      s().phase = Phase::kFiled;
    } else if (s().phase == Phase::kFiled) {
      s().phase = Phase::kOver;
    }
  }

  void act() {
    const bool live = s().phase == Phase::kLive;
    const bool ended = s().phase == Phase::kEnded || s().phase == Phase::kFiled;
    switch (in_.action) {
      case ActionKind::kAcknowledge:
        if (!live || s().status != AlertStatus::kOpen) return;
        s().status = AlertStatus::kAcknowledged;
        return publish(TransitionType::kAcknowledged, Reason::kPerson, in_.time);
      case ActionKind::kAssign:
        if (!live) return;
        s().status = AlertStatus::kAssigned;
        return publish(TransitionType::kAssigned, Reason::kPerson, in_.time);
      case ActionKind::kComment:
        if (live || ended) publish(TransitionType::kUpdated, Reason::kComment, in_.time);
        return;
      case ActionKind::kClose:
        if (live || (ended && s().status != AlertStatus::kClosed)) {
          end(TransitionType::kClosed, AlertStatus::kClosed, Reason::kPerson, in_.time);
        }
        return;
    }
  }

  const Plan& plan_;
  const Input& in_;
  Outcome out_;
};

}  // namespace

Outcome decide(const Plan& plan, const Standing& before, const Input& input) {
  return Decision(plan, before, input).run();
}

TimeMs next_deadline(const Plan& plan, const Standing& s) {
  switch (s.phase) {
    case Phase::kPending:
      return std::min(s.pending_since + plan.hold, end_of(plan, s).at);
    case Phase::kLive:
      return end_of(plan, s).at;
    case Phase::kEnded:
      // An obligation's alert stays as long as its detector remembers the obligation.
      return ends_by_answer(plan.kind) ? kNever : s.ended_at + plan.reopen;
    case Phase::kFiled:
      return s.ended_at + kFiledFor;
    default:
      return kNever;
  }
}

void encode(Writer& out, const Standing& s) {
  out.u8(static_cast<uint8_t>(s.phase));
  out.u8(static_cast<uint8_t>(s.status));
  out.u8(static_cast<uint8_t>(s.severity));
  out.u8(static_cast<uint8_t>(s.worst));
  out.varint(s.total);
  out.varint(s.told_total);
  for (TimeMs t : {s.told_at, s.last, s.pending_since, s.keep_since, s.ended_at}) out.zigzag(t);
}

Standing decode_standing(Reader& in) {
  Standing s;
  s.phase = static_cast<Phase>(std::min<uint8_t>(in.u8(), static_cast<uint8_t>(Phase::kOver)));
  s.status = static_cast<AlertStatus>(std::min<uint8_t>(in.u8(), static_cast<uint8_t>(AlertStatus::kClosed)));
  s.severity = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
  s.worst = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
  s.total = static_cast<uint32_t>(in.varint());
  s.told_total = static_cast<uint32_t>(in.varint());
  for (TimeMs* t : {&s.told_at, &s.last, &s.pending_since, &s.keep_since, &s.ended_at}) *t = in.zigzag();
  return s;
}

}  // namespace tocsin::alert
