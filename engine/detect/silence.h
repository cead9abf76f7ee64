#pragma once
// kind: silence. A key is silent for longer than its own history makes probable (detect/gap_model.h).
//
// A silence begins with a row and ends with the next one. At each mark of it (plan.gap_marks, and the instants at which
// `p` falls below plan.p_marks) that passes before the next row, `fire` and the ladder are judged as of that mark: the
// alert opens and escalates by time alone, and is resolved (reason recovered) by the next row. `p` and `usual_gap` are
// null, and nothing fires, until the history is long enough.
//
// Silences are a pure function of the rows in order: whatever comes out of order, late, revised or withdrawn changes
// them, and what was said of them is amended. A mark fires once the watermark is past it, so a row of exactly that
// instant is in time. A late row is no part of the history, and starts nothing: it only shows that it was not silent.
//
// State of a key: the rows of the lateness (at least kLeastRows, so that withdrawals find the one before; at most
// kMostRows), the counts of `history` by hour (8 bytes for each hour with an event, at most 24 an hour of each day),
// and 1.3 KB of derived figures. A grid with an event a day and 28 days of history takes some 3 KB, 1,724 of them 5 MB.
// A key that was silent for four times its history is forgotten, unless an alert stands on it.
#include <optional>

#include "detect/detector.h"
#include "detect/gap_model.h"
#include "detect/row_store.h"

namespace tocsin::detect {

class Silence final : public Detector {
 public:
  static constexpr size_t kLeastRows = 8, kMostRows = 10000;

  explicit Silence(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return std::min(due_, expiry_); }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return rows_.empty() && hours_.empty() && alerts_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  // A silence that fired.
  struct Alert {
    uint32_t handle = 0;
    Position start;         // the row that it begins with
    TimeMs as_of = 0;       // the latest instant at which it was judged, and held
    TimeMs ended = kNever;  // time of the row that ended it; kNever: it goes on
    Severity severity = Severity::kNone, worst = Severity::kNone;
    bool over = false;   // its alert is
    bool moved = false;  // while a change is taken in: it begins with another row now
  };
  struct Cause {
    const Row* row = nullptr;
    TimeMs time = 0;
    Reason reason = Reason::kMatched;
    bool correction = false;
  };
  struct Fitted {
    GapModel model;
    DurationMs least = 0;  // no silence shorter than this has a mark
  };
  struct Verdict {
    bool holds = false;
    Severity severity = Severity::kNone;
  };
  class Values;

  int64_t local(TimeMs t) const { return t + plan_.zone.offset(t); }
  void count(TimeMs t, bool in);
  const Fitted& fitted(TimeMs last) const;
  TimeMs next_mark(size_t row, TimeMs after) const;
  TimeMs end_of(size_t row) const { return row + 1 < rows_.size() ? rows_.time(row + 1) : kNever; }
  Verdict judge(size_t row, TimeMs as_of, Arena& arena) const;
  void seen(TimeMs watermark);
  void review(const Cause& cause, FindingSink& sink, Arena& arena);
  void rejoin(const Cause& cause, FindingSink& sink);
  bool amend(Alert& a, const Cause& cause, FindingSink& sink, Arena& arena);
  void answer(const Cause& cause, FindingSink& sink);
  void open(size_t row, TimeMs as_of, const Verdict& v, const Cause& cause, FindingSink& sink);
  Finding finding(const Alert& a, Finding::Kind kind, Reason reason, TimeMs time, const Row* cause) const;
  void evict(TimeMs watermark);
  void expire(TimeMs watermark, FindingSink& sink);
  void reschedule();
  void reschedule_expiry();
  Alert* find(uint32_t handle);

  static constexpr uint8_t kNamed = 1, kLateRow = 2;  // flags of a row
  const Plan& plan_;
  const int64_t days_;       // of history
  const DurationMs memory_;  // how long an ended silence is remembered, for corrections
  RowStore rows_;
  Series<uint32_t> hours_;     // rows by local hour, but late ones
  std::vector<Alert> alerts_;  // by start
  uint32_t next_handle_ = 1;
  TimeMs judged_ = kNoTime;  // marks up to here have been judged
  uint64_t dropped_ = 0;
  struct Revision {
    uint64_t uid = 0;
    TimeMs cause_time = 0;
    bool found = false, named = false;
  };
  std::optional<Revision> revising_;
  // These follow from the above.
  TimeMs due_ = kNever, expiry_ = kNever;
  mutable std::vector<Fitted> fitted_;  // of the latest days asked for, two at most
};

}  // namespace tocsin::detect
