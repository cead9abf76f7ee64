#pragma once
// kind: baseline. So much, or so little, is improbable against the key's own past (detect/count_model.h).
//
// Local time falls into buckets of plan.every; what is measured at a bucket is the span of plan.within that ends with
// it. It is compared with the spans at the same hours of the weeks before (plan.hour_of_week), or with the plan.history
// just before the span: for counts piece by piece, for ratios and averages as a whole. The past is what lies before the
// span, and after the bucket in which the key was first heard of; it is enough when half of the spans (at least two),
// or half of the history, are there. Before that nothing fires.
//
// A bucket holds when `fire` holds at its end. A rise of a count is told with the event that makes it so; falls, ratios
// and averages when the watermark is past the bucket's end. Buckets that hold make episodes, one of a key at a time, by
// `quiet` since the last of them, and `resolve.when` at the ends of buckets that do not hold. What comes out of order,
// revised or withdrawn is counted where it belongs, and the buckets of the last day (and the lateness) are judged
// again; this never splits or joins episodes.
//
// State of a key: counts by bucket, 8 bytes for each that is not empty (16 more for a ratio, 48 for an average), at
// most (history + within) / every of them; the latest kListed rows, as evidence; of ratios and averages what each event
// counted as, 24 bytes, kMostLogged at most, for withdrawals. A town and category at 8 weeks of hours: at most 25 KB.
#include <optional>

#include "detect/count_model.h"
#include "detect/detector.h"
#include "detect/row_store.h"
#include "detect/series.h"
#include "time/local_buckets.h"

namespace tocsin::detect {

class Baseline final : public Detector {
 public:
  static constexpr size_t kListed = 100, kMostLogged = 20000;

  explicit Baseline(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return due_; }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return n_.empty() && rows_.empty() && episodes_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  struct Figures {
    double observed = kNoNumber, expected = kNoNumber, p = kUnknown;
    uint32_t n = 0;
  };
  struct Held {  // a bucket that holds
    int64_t bucket = 0;
    TimeMs last = 0;
    Severity severity = Severity::kNone;
    uint32_t episode = 0;
  };
  struct Episode {
    uint32_t handle = 0;
    int64_t first = 0, focus = 0;  // the first and the latest bucket that holds
    TimeMs last = 0;
    TimeMs keep_since = kNoTime;  // since when resolve.when holds
    Severity severity = Severity::kNone, worst = Severity::kNone;
    bool settled = false;  // one of its buckets is too old to be judged again
    Figures figures;
  };
  struct Logged {
    uint64_t uid = 0;
    int64_t value = 0;  // roles, or thousandths
    int64_t bucket = 0;
  };
  // What a bucket is compared with.
  struct Past {
    int64_t bucket = INT64_MIN;
    bool known = false;
    CountPast counts;
    Share share;
    double whole = 0;  // ratio: the reference's b
    Moments moments;
  };
  struct Cause {
    const Row* row = nullptr;
    TimeMs time = 0;
    Reason reason = Reason::kMatched;
    bool correction = false;
  };
  struct Touched {
    uint32_t episode;
    bool fresh, held;  // begun by this; a bucket of it holds by this
  };
  class Values;

  int64_t span_begin(int64_t bucket) const { return bucket - span_ + 1; }
  bool closed(int64_t bucket) const { return judged_ != kNoTime && buckets_.begin(bucket + 1) <= judged_; }
  void seen(TimeMs watermark, TimeMs time);
  bool count(const Row& row);
  void discount(int64_t bucket, int64_t value);
  void change(int64_t bucket, int64_t value, int sign);
  void keep(const Row& row);
  // The past.
  const Past& past(int64_t bucket) const;
  int64_t known_from(int64_t bucket) const;
  Past fit(int64_t bucket) const;
  double dispersion(int64_t bucket, int64_t weeks) const;
  template <typename F>
  bool each_comparable(int64_t bucket, F&& f) const;
  Share share(int64_t from, int64_t to) const;
  void add_moments(int64_t from, int64_t to, uint64_t& n, Int128& sum, Int128& square) const;
  Figures observe(int64_t bucket) const;
  double p_of(int64_t bucket, const Figures& f) const;
  RowsView rows_of(int64_t bucket) const;
  // Verdicts and episodes.
  void judge_from(int64_t bucket, const Cause& cause, FindingSink& sink, Arena& arena);
  void judge(int64_t bucket, std::vector<Touched>& touched, Arena& arena);
  void hold(int64_t bucket, Severity severity, std::vector<Touched>& touched);
  void report(const std::vector<Touched>& touched, const Cause& cause, FindingSink& sink);
  void recover(int64_t bucket, FindingSink& sink, Arena& arena);
  void refocus(Episode& e);
  TimeMs end_of(const Episode& e) const;
  Finding finding(const Episode& e, Finding::Kind kind, const Cause& cause) const;
  void evict();
  void reschedule();
  Episode* find(uint32_t handle);

  static constexpr double kScale = 1000;  // averages are of thousandths
  const Plan& plan_;
  const LocalBuckets buckets_;
  const int64_t span_, history_, recent_;  // in buckets
  Series<uint32_t> n_, a_, both_;          // events (ratio: of b), of a, of a and b
  Series<int64_t> sum_;                    // thousandths
  Series<Int128> square_;
  RowStore rows_;
  std::vector<Logged> log_;        // ratio, average: in the order of arrival
  std::vector<Held> held_;         // by bucket
  std::vector<Episode> episodes_;  // in the order in which they began
  int64_t newest_ = INT64_MIN;     // bucket of the latest event
  TimeMs judged_ = kNoTime;        // ends of buckets up to here have been judged
  uint32_t next_handle_ = 1;
  int64_t named_bucket_ = INT64_MIN;  // the latest episode's first, and how often that has named one
  uint64_t named_times_ = 0;
  uint64_t dropped_ = 0;
  struct Revision {
    uint64_t uid = 0;
    TimeMs cause_time = 0;
    int64_t bucket = INT64_MAX;  // of what was taken out; INT64_MAX: nothing
  };
  std::optional<Revision> revising_;
  // These follow from the above.
  TimeMs due_ = kNever;
  mutable Past past_;
};

}  // namespace tocsin::detect
