#pragma once
// kind: absence with `each`. What a row of a population owes by the calendar, also when no event ever named it.
//
// For each period that begins (owe()), the row owes so many events of each expectation. An event counts for the period
// in which it lies and, as long as that is still owed, for the one before: what is made good late is made good. The
// obligation is met with the event that makes up the last number. At each mark of the period that passes before
// (plan.elapsed_marks, its end, plan.overdue_marks) the ladder is judged as of that mark: so the alert opens and
// escalates by time alone. It resolves when the obligation is met; a late, revised or withdrawn event amends it. What
// is not made good by the end of the next period is given up: the alert is resolved with the reason `deadline`, for the
// next period has its own.
//
// Obligations are a pure function of the periods and of the rows in order. A mark fires once the watermark is past it;
// an event of exactly the mark is in time. The row itself (area, texts) is the population's as it now stands, so that a
// changed post is told at the next transition.
//
// Bound: two periods' obligations, and the events of two periods, at most kMaxEvents; past it the oldest is dropped and
// counted. A rule has as many keys as its population.
#include <optional>

#include "detect/detector.h"
#include "detect/obligation.h"
#include "detect/span_clock.h"

namespace tocsin::detect {

class Duty final : public Detector {
 public:
  static constexpr size_t kMaxEvents = 10'000;

  explicit Duty(const Plan& plan) : plan_(plan) {}
  // Which owner this is; before anything else.
  void attach(const Hash128& key) { owner_ = plan_.duties->find(key); }
  // The period that begins at `start`, in the order of time. Again for the same one: nothing.
  void owe(TimeMs start);

  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override;
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return rows_.empty() && owed_.empty() && !revising_.has_value(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  struct Kept {
    Position position;
    uint32_t roles = 0;
    std::string bytes;
  };
  // Begins with its period; start.uid is the period's end, which together name it.
  struct Owed : Obligation {
    TimeMs end() const { return static_cast<TimeMs>(start.uid); }
    TimeMs given_up = kNever;  // the end of the next period
  };
  using Cause = ObligationCause;
  struct Revision {
    uint64_t uid = 0;
    TimeMs time = 0;  // of the row that was taken out
    bool found = false;
  };
  class Values;

  void insert(const Row& row);
  TimeMs met_at(const Owed& o) const;
  uint32_t count(const Owed& o, size_t expectation, TimeMs as_of) const;
  void refresh(Owed& o);
  void schedule(Owed& o);
  void refold(const Cause& cause, TimeMs from, FindingSink& sink, Arena& arena);
  auto deciding(FindingSink& sink, Arena& arena);
  bool judge(Owed& o, TimeMs as_of, Arena& arena);
  SpanClock clock(const Owed& o) const;
  TimeMs outlived(TimeMs event) const;
  void give_up(TimeMs deadline, FindingSink& sink);
  void trim();
  Owed* find(uint32_t handle);

  const Plan& plan_;
  const Duties::Owner* owner_ = nullptr;  // null: the table has the row no longer
  std::vector<Kept> rows_;                // by position
  std::vector<Owed> owed_;                // by start
  uint32_t next_handle_ = 1;
  uint64_t dropped_ = 0;
  std::optional<Revision> revising_;
};

}  // namespace tocsin::detect
