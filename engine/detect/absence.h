#pragma once
// kind: absence. Something owed has not come.
//
// A row that starts (kAfter) makes an obligation, named by its label; while one of the same label is pending, the first
// stands. It is answered by the earliest other row of the key that expects (kExpect) at its time or later. Its span
// runs from the start, stops while paused (kPause … kUnpause after the start), and is plain time, working time, or ends
// at the row's own due_at; a row that extends (kExtend), of the start's time or later, sets the deadline anew, the last
// one in the order of time, and what it makes untrue is taken back. At each mark of the span (plan.elapsed_marks, the
// deadline, plan.overdue_marks) that passes before the answer, the ladder is judged as of that mark: so the alert opens
// and escalates by time alone.
//
// Obligations are a pure function of the rows in order; a row out of order, late or taken back only changes them. A
// mark fires once the watermark is past it, so an answer of exactly the deadline is in time. An answer that is known
// before a mark's turn but lies behind it does not hide the mark: late is late, whoever heard of it first. A late row
// starts nothing.
#include <absl/container/inlined_vector.h>

#include <optional>

#include "detect/detector.h"
#include "detect/obligation.h"
#include "detect/span_clock.h"

namespace tocsin::detect {

class Absence final : public Detector {
 public:
  explicit Absence(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override;
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return rows_.empty() && owed_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  struct Kept {
    Position position;
    uint32_t roles = 0;
    TimeMs due_at = kNoTime;
    bool named = false;
    std::string label;
    std::string bytes;
  };
  // An obligation as the rows have it.
  struct Found {
    Position start;
    TimeMs answered = kNever;
    uint64_t answered_by = 0;
  };
  // An obligation as it stands.
  struct Owed : Obligation {
    std::string label;
    std::vector<Pause> pauses;  // follow from the rows
    TimeMs due_at = kNoTime;    // as an event tells it; follows from the rows
  };
  struct Cause : ObligationCause {
    uint64_t uid = 0;  // of the row that was replaced or taken back
  };
  class Values;

  void insert(const Row& row, uint32_t roles, bool named);
  absl::InlinedVector<Found, 4> obligations() const;
  std::vector<Pause> pauses_of(Position start) const;
  TimeMs due_of(const Kept& start) const;
  const Kept* kept(Position p) const;
  void refold(const Cause& cause, FindingSink& sink, Arena& arena);
  void refresh(Owed& o);
  auto deciding(FindingSink& sink, Arena& arena);
  bool judge(Owed& o, TimeMs as_of, Arena& arena);
  SpanClock clock(const Owed& o) const;
  void expire(TimeMs watermark, FindingSink& sink);
  void reschedule();
  Owed* find(uint32_t handle);

  const Plan& plan_;
  const DurationMs memory_;  // how long an answered obligation is remembered, for corrections
  // Most obligations have a beginning and an answer, and nothing else.
  absl::InlinedVector<Kept, 2> rows_;  // by position
  absl::InlinedVector<Owed, 1> owed_;  // by start
  uint32_t next_handle_ = 1;
  TimeMs expiry_ = kNever;
  uint64_t dropped_ = 0;
  struct Revision {
    uint64_t uid = 0;
    TimeMs cause_time = 0;
    bool found = false, named = false, started = false;
  };
  std::optional<Revision> revising_;
};

}  // namespace tocsin::detect
