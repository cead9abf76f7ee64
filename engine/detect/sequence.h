#pragma once
// kind: sequence. Steps in order by key within a span, with steps that must not come.
//
// Rows are ordered by (time, uid). A *match* is e1 < e2 < … < ek, distinct rows, ei fulfilling the i-th positive step,
// ek.time - e1.time <= within, with no row strictly between ei and e(i+1) that fulfils a `not` standing between their
// steps. ek *completes* it. Steps may be fulfilled by one row; it then serves as either, never as both in one match.
//
// A trailing `not` is something owed: its deadline is ek.time + within, counted from the last positive step. The match
// is complete at the deadline when no row that fulfils the `not` lies behind ek at a time <= the deadline (a deadline
// passes when the watermark is past it, so a row of exactly that time is in time). One that comes afterwards ends the
// alert (reason `stage`); one that lay in time but came late, behind the watermark, takes the match back (`late`).
//
// A completing row holds when `fire` does (without `fire`: always). The condition is judged over the rows that have a
// part in any match that this row completes; a step's name is its row in the latest of these matches: ek, then before
// each the latest that fits. Episodes follow Fold in the order of completion: a row that holds begins one or belongs to
// the one that is open. Quiet counts from the latest row that fulfils a positive step (with a trailing `not`: from the
// latest deadline that passed). The members of an episode are the rows of all its matches. resolve.when is judged at
// each row that completes nothing, over the rows since the last that held (that one not included), at most `within`
// back; rows that only `where` takes (kBeside) are looked at for it alone. A trailing `not` and resolve.when exclude
// each other.
//
// A row out of order is put in its place: matches that it completes fire, those that it destroys are taken back (reason
// `late`), and episodes are folded anew as window's are.
//
// Cost: a row that completes nothing costs its steps; one that does, steps × rows of the key (detect/step_pattern.h);
// no match is ever enumerated. State: the key's rows of the last `within` (twice that with a trailing `not`) and of as
// much more, up to a day and the lateness, as corrections reach back; at most Plan::max_rows_per_key rows, past which
// the oldest are dropped and counted. Rows that a living alert outlasts are counted; the latest match and 100 of its
// events are kept.
#include <optional>

#include "detect/episode.h"
#include "detect/sequence_latest.h"
#include "detect/step_pattern.h"

namespace tocsin::detect {

class Sequence final : public Detector {
 public:
  // Precondition: plan.within is plain, plan.steps has a positive step first.
  explicit Sequence(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return std::min(expiry_, due_); }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return rows_.empty() && episodes_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  // Roles beside the rows, by the same indices.
  class RoleLine {
   public:
    uint32_t operator[](size_t i) const { return all_[head_ + i]; }
    void insert(size_t i, uint32_t roles) { all_.insert(all_.begin() + static_cast<ptrdiff_t>(head_ + i), roles); }
    void erase(size_t i) { all_.erase(all_.begin() + static_cast<ptrdiff_t>(head_ + i)); }
    void drop_front(size_t n);
    size_t bytes() const { return all_.capacity() * sizeof(uint32_t); }

   private:
    std::vector<uint32_t> all_;
    size_t head_ = 0;
  };
  // A member whose row has gone, as far as it is still told.
  struct Kept {
    Position position;
    std::string bytes;   // packed
    uint32_t steps = 0;  // bit i: it is positive step i of the latest match
    bool listed = false, latest = false;
  };
  struct Gone : GoneRows {
    Severity severity = Severity::kNone;  // of the row at last_end
    Position focus;                       // the completing row that Kept::steps and ::latest speak of
    std::vector<Kept> kept;
    // From here on what is kept speaks of this match.
    void look_at(Position match);
    void take_in(const Gone& other);
  };
  struct Episode : EpisodeRows {
    TimeMs over_at = kNever;  // ended by the awaited event or by resolve.when, as told
    Gone gone;
  };
  struct Run : RunRows {
    TimeMs over_at = kNever;
  };
  struct Verdict {
    bool holds = false, recovering = false;
    Severity severity = Severity::kNone;
  };
  // The part that each row of [begin, end) has in the matches of some completing rows.
  struct Parts {
    size_t begin = 0, end = 0;
    const bool* member = nullptr;
    const TimeMs* reach = nullptr;  // forward scan, steps a row
    bool has(size_t i) const { return i >= begin && i < end && member[i - begin]; }
  };
  struct Rejudged {
    bool lost = false;     // a row that held does not, or is less grave
    bool changed = false;  // a verdict is another now
  };

  Parts parts(Position first, Position last, bool judging, Arena& arena) const;
  void trace(size_t end, const Parts& p, LatestMatch& out) const;
  Verdict judge(size_t end, Arena& arena) const;
  bool recovering(size_t i, Arena& arena) const;
  Heads heads_before(size_t i) const;
  bool answered(size_t end) const;
  void set_verdict(size_t i, bool completes, const Verdict& v);

  bool insert(const Row& row, uint32_t roles, bool named, size_t& at, Arena& arena);
  void add_in_order(size_t at, const Row& row, FindingSink& sink, Arena& arena);
  void await(size_t at, bool completes, const Row& row, FindingSink& sink);
  Rejudged judge_again(TimeMs from, TimeMs to, Arena& arena);
  void pass(TimeMs watermark);
  void reschedule();
  void evict(TimeMs watermark, Arena& arena);
  void drop_rows(size_t n, Arena& arena);
  void bury(Episode& e, size_t n, Arena& arena);

  // Steps `fold` over rows [from, to) and calls f(row, step, holds). Rows of an episode that is over are passed over,
  // and nothing is joined across it.
  template <typename F>
  void fold_rows(Fold& fold, size_t from, size_t to, F&& f) const {
    Sealed sealed(episodes_);
    for (size_t i = from; i < to; ++i) {
      const Position p = rows_.position(i);
      if (sealed.holds(p)) {
        fold = {};
        continue;
      }
      if (pattern_.awaited == 0) {
        const bool positive = (roles_[i] & pattern_.positive) != 0;
        f(i, fold.step(plan_, p.time, holds(i), (rows_.flags(i) & kRecovering) != 0, positive), holds(i));
        continue;
      }
      if ((roles_[i] & pattern_.awaited) != 0) f(i, fold.answer(plan_, p.time), false);
      if (holds(i)) f(i, fold.step(plan_, p.time + within_, true, false), true);
    }
  }
  std::vector<Run> fold_all();
  void refold(const Touched& t, FindingSink& sink, Arena& arena);
  void settle_run(Episode& e, const Run& run, bool fresh, bool split, const Touched& t, std::vector<Finding>& out,
                  Arena& arena);
  uint32_t count_members(const Episode& e, Arena& arena) const;
  void over(const Episode& e, const Touched& t, std::vector<Finding>& out) const;
  bool holds(size_t i) const { return (rows_.flags(i) & kHolds) != 0; }
  Severity severity(size_t i) const {
    return static_cast<Severity>(std::min<int>(rows_.flags(i) >> kSeverityShift & 7, static_cast<int>(Severity::kRed)));
  }
  static void encode(Writer& out, const Episode& e);
  bool decode(Reader& in, Episode& e) const;

  // Flags of a row: its verdict, its severity above.
  static constexpr uint8_t kHolds = 1, kRecovering = 2, kNamed = 4, kCompletes = 64;
  static constexpr int kSeverityShift = 3;
  const Plan& plan_;
  const StepPattern pattern_;
  const DurationMs within_;
  const DurationMs horizon_;  // rows are kept for this long behind the watermark
  const bool looks_at_rows_;  // a condition reads aggregates
  RowStore rows_;
  RoleLine roles_;
  Heads base_heads_;               // before the first row
  Fold fold_;                      // after the last row
  Fold base_;                      // before the first row: after those that have gone
  TimeMs base_over_at_ = kNever;   // of base_'s episode
  std::vector<Episode> episodes_;  // in order of time; usually none or one
  uint32_t next_handle_ = 1;
  TimeMs complete_from_ = kNoTime;  // no row of this time or later has been dropped
  TimeMs expiry_ = kNever;          // when to look for rows that nobody needs
  TimeMs judged_to_ = kNoTime;      // deadlines up to here have passed
  TimeMs due_ = kNever;             // the next deadline of a trailing `not`; follows from the rows
  uint64_t dropped_ = 0;
  std::optional<TakenOut> revising_;

  Heads heads_;  // after the last row, where heads_known_; nothing but speed depends on it
  bool heads_known_ = false;
};

}  // namespace tocsin::detect
