// The lifecycle's table, line by line, on the pure function.
#include "alert/lifecycle.h"

#include <gtest/gtest.h>

namespace tocsin::alert {
namespace {

using detect::Plan;
using detect::Reason;
using detect::Severity;
using Kind = Input::Kind;

constexpr DurationMs kMinute = 60'000;

Plan plan() {
  Plan p;
  p.within = {Span::Unit::kPlain, 60 * kMinute};
  p.quiet = 120 * kMinute;
  p.reopen = 120 * kMinute;
  return p;
}

Input holds(TimeMs minute, Severity severity, uint32_t total) {
  Input in;
  in.time = in.last = minute * kMinute;
  in.severity = in.worst = severity;
  in.total = total;
  return in;
}

Input person(ActionKind action, TimeMs minute) {
  Input in;
  in.kind = Kind::kAction;
  in.action = action;
  in.time = minute * kMinute;
  return in;
}

Input other(Kind kind, TimeMs minute, Reason reason = Reason::kMatched) {
  Input in;
  in.kind = kind;
  in.reason = reason;
  in.time = in.last = minute * kMinute;
  in.severity = in.worst = Severity::kYellow;
  return in;
}

// A life that is fed inputs and remembers what was published: "opened@0 yellow".
struct Life {
  Plan plan;
  Standing s;
  std::vector<std::string> published;
  void feed(const Input& in) {
    const Outcome out = decide(plan, s, in);
    s = out.standing;
    for (size_t i = 0; i < out.count; ++i) {
      const Change& c = out.changes[i];
      published.push_back(std::string(name_of(c.type)) + "@" + std::to_string(c.time / kMinute) + " " +
                          std::string(name_of(c.after.severity)) + " " + std::string(detect::name_of(c.reason)));
    }
  }
  // All timers that are due once the watermark is past `minute`.
  void pass(TimeMs minute) {
    while (next_deadline(plan, s) <= minute * kMinute) {
      Input in;
      in.kind = Kind::kTimer;
      in.time = next_deadline(plan, s);
      feed(in);
    }
  }
};

using Story = std::vector<std::string>;

TEST(Lifecycle, OpensAtOnceAndResolvesAfterQuiet) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.pass(119);
  EXPECT_EQ(l.s.status, AlertStatus::kOpen);
  l.pass(120);
  EXPECT_EQ(l.published, (Story{"opened@0 yellow matched", "resolved@120 yellow quiet"}));
  l.pass(240);
  EXPECT_EQ(l.s.phase, Phase::kFiled);
}

TEST(Lifecycle, AMatchingEventKeepsItFromBeingQuiet) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(other(Kind::kMatched, 100));
  l.pass(219);
  EXPECT_EQ(l.published.size(), 1u);
  l.pass(220);
  EXPECT_EQ(l.published.back(), "resolved@220 yellow quiet");
}

TEST(Lifecycle, SeverityChangesAreToldAndTheWorstIsKept) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(holds(5, Severity::kRed, 4));
  l.feed(holds(9, Severity::kOrange, 4));
  EXPECT_EQ(l.published, (Story{"opened@0 yellow matched", "escalated@5 red matched", "deescalated@9 orange matched"}));
  EXPECT_EQ(l.s.worst, Severity::kRed);
}

TEST(Lifecycle, GrowthByHalfSinceItWasLastToldIsAnUpdate) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 4));
  l.feed(holds(1, Severity::kYellow, 5));
  l.feed(holds(2, Severity::kYellow, 6));
  l.feed(holds(3, Severity::kYellow, 8));
  l.feed(holds(4, Severity::kYellow, 9));
  EXPECT_EQ(l.published, (Story{"opened@0 yellow matched", "updated@2 yellow matched", "updated@4 yellow matched"}));
}

TEST(Lifecycle, UpdateEveryTellsInEventTime) {
  Life l{plan(), {}, {}};
  l.plan.update_every = 10 * kMinute;
  for (TimeMs m = 0; m <= 25; m += 5) l.feed(holds(m, Severity::kYellow, 3 + static_cast<uint32_t>(m)));
  EXPECT_EQ(l.published, (Story{"opened@0 yellow matched", "updated@10 yellow matched", "updated@20 yellow matched"}));
}

TEST(Lifecycle, HoldWaitsAndForgetsWhatDoesNotLast) {
  Life l{plan(), {}, {}};
  l.plan.hold = 10 * kMinute;
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(other(Kind::kMatched, 5));
  EXPECT_EQ(l.s.phase, Phase::kOver);

  Life stays{l.plan, {}, {}};
  stays.feed(holds(0, Severity::kYellow, 3));
  stays.pass(9);
  EXPECT_TRUE(stays.published.empty());
  stays.pass(10);
  EXPECT_EQ(stays.published, (Story{"opened@10 yellow matched"}));
}

TEST(Lifecycle, RecoveryResolvesAtOnceOrAfterKeep) {
  Input recovering = other(Kind::kMatched, 7);
  recovering.recovering = true;
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(recovering);
  EXPECT_EQ(l.published.back(), "resolved@7 yellow recovered");

  Life flapping{plan(), {}, {}};
  flapping.plan.keep = 30 * kMinute;
  flapping.feed(holds(0, Severity::kYellow, 3));
  flapping.feed(recovering);
  flapping.feed(holds(20, Severity::kYellow, 3));
  recovering.time = recovering.last = 30 * kMinute;
  flapping.feed(recovering);
  flapping.pass(59);
  EXPECT_EQ(flapping.published.size(), 1u);
  flapping.pass(60);
  EXPECT_EQ(flapping.published.back(), "resolved@60 yellow recovered");
}

TEST(Lifecycle, PeopleTakeNoteAssignAndClose) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(person(ActionKind::kAcknowledge, 1));
  l.feed(person(ActionKind::kAcknowledge, 2));  // already
  l.feed(person(ActionKind::kAssign, 3));
  l.feed(person(ActionKind::kComment, 4));
  l.feed(person(ActionKind::kClose, 5));
  l.feed(person(ActionKind::kClose, 6));   // already
  l.feed(person(ActionKind::kAssign, 7));  // too late
  EXPECT_EQ(l.published, (Story{"opened@0 yellow matched", "acknowledged@1 yellow person", "assigned@3 yellow person",
                                "updated@4 yellow comment", "closed@5 yellow person"}));
  EXPECT_EQ(l.s.status, AlertStatus::kClosed);
}

TEST(Lifecycle, ATakenNoteStaysThroughEscalation) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(person(ActionKind::kAcknowledge, 1));
  l.feed(holds(2, Severity::kRed, 4));
  EXPECT_EQ(l.s.status, AlertStatus::kAcknowledged);
}

TEST(Lifecycle, ResolvedAndClosedReopenWithinReopen) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.pass(120);
  l.feed(holds(200, Severity::kOrange, 3));
  EXPECT_EQ(l.published.back(), "reopened@200 orange matched");
  l.feed(person(ActionKind::kClose, 210));
  l.feed(holds(220, Severity::kOrange, 4));
  EXPECT_EQ(l.published.back(), "reopened@220 orange matched");
  EXPECT_EQ(l.s.status, AlertStatus::kOpen);
}

// In event time the quiet had passed, though the watermark had not: the story is the same as with a prompt watermark.
TEST(Lifecycle, QuietThatNoTimerHasSaidIsToldFirst) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kYellow, 3));
  l.feed(holds(200, Severity::kYellow, 3));
  EXPECT_EQ(l.published,
            (Story{"opened@0 yellow matched", "resolved@120 yellow quiet", "reopened@200 yellow matched"}));
}

TEST(Lifecycle, WithdrawalAndMergerResolveForGood) {
  for (const auto& [kind, reason] : {std::pair(Kind::kGone, Reason::kWithdrawn), {Kind::kMerged, Reason::kMerged}}) {
    Life l{plan(), {}, {}};
    l.feed(holds(0, Severity::kYellow, 3));
    l.feed(other(kind, 4, reason));
    EXPECT_EQ(l.published.back(), "resolved@4 yellow " + std::string(detect::name_of(reason)));
    EXPECT_EQ(l.s.phase, Phase::kFiled);
  }
}

TEST(Lifecycle, ACorrectionAmendsOnlyWhatItChanges) {
  Life l{plan(), {}, {}};
  l.feed(holds(0, Severity::kRed, 3));
  Input same = other(Kind::kCorrected, 0, Reason::kRevised);
  same.severity = same.worst = Severity::kRed;
  same.changed = false;
  l.feed(same);
  EXPECT_EQ(l.published.size(), 1u);
  same.changed = true;
  same.severity = same.worst = Severity::kYellow;
  l.feed(same);
  EXPECT_EQ(l.published.back(), "amended@0 yellow revised");
  EXPECT_EQ(l.s.worst, Severity::kYellow);
}

TEST(Lifecycle, AnAnswerResolvesAndALateOneAmends) {
  Life l{plan(), {}, {}};
  l.plan.kind = detect::RuleKind::kAbsence;
  l.feed(holds(0, Severity::kYellow, 1));
  l.feed(other(Kind::kAnswered, 9, Reason::kStage));
  EXPECT_EQ(l.published.back(), "resolved@9 yellow stage");
  l.feed(other(Kind::kAnswered, 5, Reason::kLate));
  EXPECT_EQ(l.published.back(), "amended@5 yellow late");
  EXPECT_EQ(l.s.status, AlertStatus::kResolved);
  EXPECT_EQ(next_deadline(l.plan, l.s), kNever);
}

TEST(Lifecycle, StandingsSurviveTheirBytes) {
  Life l{plan(), {}, {}};
  l.feed(holds(3, Severity::kRed, 300));
  std::string bytes;
  Writer w(bytes);
  encode(w, l.s);
  Reader in(bytes);
  EXPECT_EQ(decode_standing(in), l.s);
  EXPECT_TRUE(in.ok() && in.at_end());
}

}  // namespace
}  // namespace tocsin::alert
