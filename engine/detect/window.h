#pragma once
// kind: window. Aggregates over a sliding span, exact.
//
// The window that ends at row e covers the rows of e.time - within <= time <= e.time; rows of equal time share one
// window. A row holds when `fire` is true over its window. Rows in order, with Fold's rules for quiet, resolve and
// reopen, make episodes; the members of an episode are the rows that lie in the window of a row that holds. A row out
// of order is put in its place, the windows that contain it are judged again, and where that changes how episodes hang
// together they are folded anew: episodes that became one are merged into the elder, one that came apart is split.
#include <algorithm>
#include <optional>

#include "detect/episode.h"

namespace tocsin::detect {

class Window final : public Detector {
 public:
  // Precondition: plan.within is plain.
  explicit Window(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return expiry_; }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return rows_.empty() && episodes_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  // A member whose row has gone, as far as it is still told.
  struct Kept {
    Position position;
    std::string bytes;  // packed
  };
  struct Gone : GoneRows {
    std::vector<Kept> kept;  // the earliest of them
    void keep(Kept k);
    void take_in(const Gone& other);
  };
  struct Episode : EpisodeRows {
    Position focus;  // the row whose window the latest verdict is about
    Gone gone;
  };
  struct Verdict {
    bool holds = false, recovering = false;
    Severity severity = Severity::kNone;
  };

  // The sliding view: rows [lo_, hi_), and their tallies once they pay.
  void slide(size_t lo, size_t hi);
  void after_insert(size_t at);
  void before_erase(size_t at);
  Scope scope_at(size_t end, Arena& arena);
  Verdict judge(size_t end, Arena& arena);

  void add_in_order(size_t at, const Row& row, FindingSink& sink, Arena& arena);
  void set_verdict(size_t i, const Verdict& v);
  // What judging rows again has shown: whether one held before or holds now, and whether one (but row `added`) flipped.
  struct Rejudged {
    bool held = false, flipped = false;
  };
  Rejudged judge_again(TimeMs from, TimeMs to, Arena& arena, const Position* added = nullptr);
  bool settle_inside(size_t at, Rejudged seen, const Touched& t, FindingSink& sink);
  uint32_t newly_covered(const Episode& e, size_t at) const;
  void refold(const Touched& touched, FindingSink& sink);
  std::vector<RunRows> fold_all();
  // Steps `fold` over rows [from, to) and calls f(row, step). Rows of an episode that is over are passed over, and
  // nothing is joined across it.
  template <typename F>
  void fold_rows(Fold& fold, size_t from, size_t to, F&& f) {
    Sealed sealed(episodes_);
    for (size_t i = from; i < to; ++i) {
      const Position p = rows_.position(i);
      if (sealed.holds(p)) {
        fold = {};
        continue;
      }
      f(i, fold.step(plan_, p.time, holds(i), (rows_.flags(i) & kRecovering) != 0));
    }
  }
  void bury(Episode& e, size_t n);
  std::optional<Finding> settle_run(Episode& e, const RunRows& run, bool fresh, bool split, const Touched& t);
  // Calls f(begin, end) for the disjoint runs of rows that are members, in order.
  template <typename F>
  void for_each_member_run(const Episode& e, F&& f) const {
    size_t covered = 0;
    const size_t to = rows_.upper_bound(e.last_end.time);
    for (size_t i = rows_.lower_bound(e.first_end); i < to;) {
      if (!holds(i) || rows_.position(i) > e.last_end) {
        ++i;
        continue;
      }
      const size_t end = rows_.upper_bound(rows_.time(i));
      const size_t begin = std::max(window_begin(i), covered);
      if (begin < end) f(begin, end);
      covered = i = end;
    }
  }
  size_t window_begin(size_t end) const { return rows_.lower_bound(rows_.time(end) - within_); }
  bool holds(size_t i) const { return (rows_.flags(i) & kHolds) != 0; }
  // Of the verdict on a row that holds.
  Severity severity(size_t i) const {
    return static_cast<Severity>(std::min<int>(rows_.flags(i) >> kSeverityShift, static_cast<int>(Severity::kRed)));
  }
  void evict(TimeMs watermark);
  void drop_rows(size_t n);

  static constexpr uint8_t kHolds = 1, kRecovering = 2, kNamed = 4;  // flags of a row; its severity above
  static constexpr int kSeverityShift = 3;
  const Plan& plan_;
  const DurationMs within_;
  const DurationMs horizon_;  // rows are kept for this long behind the watermark
  RowStore rows_;
  Fold fold_;                      // after the last row
  Fold base_;                      // before the first row: after those that have gone
  std::vector<Episode> episodes_;  // in order of time; usually none or one
  uint32_t next_handle_ = 1;
  TimeMs complete_from_ = kNoTime;  // no row of this time or later has been dropped
  TimeMs expiry_ = kNever;          // when to look for rows that nobody needs
  uint64_t dropped_ = 0;
  std::optional<TakenOut> revising_;

  size_t lo_ = 0, hi_ = 0;
  std::unique_ptr<Tallies> tallies_;  // null: not worth it
};

}  // namespace tocsin::detect
