#include "detect/baseline.h"

#include <algorithm>
#include <cmath>

namespace tocsin::detect {
namespace {

constexpr double kMostValue = 1e9;

double number_of(const expr::Value& v) {
  if (v.is(expr::Tag::kInt)) return static_cast<double>(v.i);
  if (v.is(expr::Tag::kUint)) return static_cast<double>(v.u);
  return v.is(expr::Tag::kDouble) ? v.d : kNoNumber;
}

PackedRow row_of(const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); }

}  // namespace

// observed, expected, p, ratio, n: computed when they are asked for, or as they were told.
class Baseline::Values final : public KindScope {
 public:
  Values(const Baseline& owner, int64_t bucket) : owner_(&owner), bucket_(bucket), figures_(owner.observe(bucket)) {}
  explicit Values(const Figures& told) : figures_(told) {}
  const Figures& figures() const {
    if (owner_ != nullptr && figures_.p == kUnknown) figures_.p = owner_->p_of(bucket_, figures_);
    return figures_;
  }
  expr::Value kind_value(size_t index, Arena&) const override {
    using expr::Value;
    const auto number = [](double v) { return std::isfinite(v) ? Value::number(v) : Value(); };
    switch (index) {
      case 0:
        return number(figures_.observed);
      case 1:
        return number(figures_.expected);
      case 2:
        return figures().p == kUnknown ? Value() : Value::number(figures().p);
      case 3:
        return number(figures_.observed / figures_.expected);
      default:
        return Value::integer(figures_.n);
    }
  }

 private:
  const Baseline* owner_ = nullptr;
  int64_t bucket_ = 0;
  mutable Figures figures_;
};

Baseline::Baseline(const Plan& plan)
    : plan_(plan),
      buckets_(plan.every, plan.zone),
      span_(plan.within.amount / plan.every),
      history_(plan.history / plan.every),
      recent_(span_ + (plan.lateness + kDayMs) / plan.every + 2) {}

// ---- rows come and go

void Baseline::seen(TimeMs watermark, TimeMs time) {
  if (watermark != kNoTime) judged_ = std::max(judged_, watermark - 1);
  if (judged_ == kNoTime) judged_ = time - plan_.lateness - 1;
}

void Baseline::change(int64_t bucket, int64_t value, int sign) {
  const auto one = static_cast<uint32_t>(sign);
  switch (plan_.measure) {
    case Measure::kCount:
      n_.add(bucket, one);
      break;
    case Measure::kRatio:
      if ((value & kDenominator) != 0) n_.add(bucket, one);
      if ((value & kNumerator) != 0) a_.add(bucket, one);
      if ((value & kNumerator) != 0 && (value & kDenominator) != 0) both_.add(bucket, one);
      break;
    case Measure::kAverage:
      n_.add(bucket, one);
      sum_.add(bucket, sign * value);
      square_.add(bucket, Int128{value} * value * sign);
  }
  if (past_.bucket != INT64_MIN && bucket <= past_.bucket - span_) past_.bucket = INT64_MIN;
}

// False: it is too old to count, or has nothing to count.
bool Baseline::count(const Row& row) {
  const int64_t bucket = buckets_.at(row.time);
  if (newest_ != INT64_MIN && bucket < newest_ - recent_ - span_ - history_) return false;
  int64_t value = row.roles;
  if (plan_.measure == Measure::kAverage) {
    const auto cell = static_cast<size_t>(plan_.measure_cell);
    double number = kNoNumber;
    if (cell < row.cells.size()) number = number_of(row.cells[cell]);
    if (!std::isfinite(number)) return false;
    value = std::llround(std::clamp(number, -kMostValue, kMostValue) * kScale);
  }
  change(bucket, value, 1);
  if (plan_.measure != Measure::kCount) log_.push_back({row.uid, value, bucket});
  newest_ = std::max(newest_, bucket);
  return true;
}

void Baseline::keep(const Row& row) {
  rows_.insert(row);
  if (rows_.size() > kListed) rows_.drop_front(rows_.size() - kListed);
}

void Baseline::add(const Row& row, FindingSink& sink, Arena& arena) {
  seen(row.watermark, row.time);
  Cause cause{&row, row.time, Reason::kMatched, false};
  int64_t from = buckets_.at(row.time);
  // A longer span may hold at a bucket that has no event of its own.
  if (span_ > 1 && newest_ != INT64_MIN) from = std::min(from, newest_ + 1);
  if (revising_.has_value() && revising_->uid == row.uid) {
    cause.correction = revising_->bucket != INT64_MAX;
    if (cause.correction) cause.reason = Reason::kRevised;
    from = std::min(from, revising_->bucket);
    revising_.reset();
  }
  if (!count(row)) {
    if (cause.correction) judge_from(from, cause, sink, arena);
    return reschedule();
  }
  keep(row);
  evict();
  if (cause.correction || plan_.measure == Measure::kCount || closed(from)) judge_from(from, cause, sink, arena);
  reschedule();
}

void Baseline::retract(uint64_t uid, bool withdrawn, const Row& cause_row, FindingSink& sink, Arena& arena) {
  seen(cause_row.watermark, cause_row.time);
  Revision r{uid, cause_row.time, INT64_MAX};
  const size_t at = rows_.find(uid);
  if (plan_.measure == Measure::kCount) {
    const TimeMs was = at < rows_.size() ? rows_.time(at) : cause_row.was;
    const int64_t bucket = was == kNoTime ? INT64_MAX : buckets_.at(was);
    if (bucket != INT64_MAX && n_.at(bucket) > 0) {
      change(bucket, 0, -1);
      r.bucket = bucket;
    }
  } else {
    const auto it = std::find_if(log_.rbegin(), log_.rend(), [uid](const Logged& l) { return l.uid == uid; });
    if (it != log_.rend()) {
      change(it->bucket, it->value, -1);
      r.bucket = it->bucket;
      log_.erase(std::next(it).base());
    }
  }
  if (at < rows_.size()) rows_.erase(at);
  if (!withdrawn) {
    revising_ = r;
  } else if (r.bucket != INT64_MAX) {
    judge_from(r.bucket, {&cause_row, cause_row.time, Reason::kWithdrawn, true}, sink, arena);
  }
  evict();
  reschedule();
}

void Baseline::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const Revision r = *revising_;
  revising_.reset();
  if (r.bucket != INT64_MAX) judge_from(r.bucket, {nullptr, r.cause_time, Reason::kRevised, true}, sink, arena);
  reschedule();
}

RowsView Baseline::rows_of(int64_t bucket) const {
  const size_t from = rows_.lower_bound(buckets_.begin(span_begin(bucket)));
  const size_t to = rows_.lower_bound(buckets_.begin(bucket + 1));
  return {&rows_, row_of, from, to - from};
}

// ---- verdicts and episodes

// Judges `bucket` and those after it whose span or past it is part of, as far as they can still be judged.
void Baseline::judge_from(int64_t bucket, const Cause& cause, FindingSink& sink, Arena& arena) {
  const int64_t last = std::max(newest_, buckets_.at(judged_));
  std::vector<Touched> touched;
  for (int64_t b = std::max(bucket, last - recent_); b <= last; ++b) judge(b, touched, arena);
  report(touched, cause, sink);
}

void Baseline::judge(int64_t bucket, std::vector<Touched>& touched, Arena& arena) {
  const bool whole = closed(bucket);
  Severity severity = Severity::kNone;
  if ((whole || (plan_.measure == Measure::kCount && bucket <= newest_)) && past(bucket).known) {
    const RowsView view = rows_of(bucket);
    const Values values(*this, bucket);
    const PackedRow subject = view.count > 0  ? view[view.count - 1]
                              : rows_.empty() ? PackedRow()
                                              : rows_.row(rows_.size() - 1);
    const Scope scope(plan_, view, nullptr, subject, &values, arena);
    // What is less than expected may still become more.
    const bool holds = fires(plan_, scope, arena) && (whole || values.figures().observed > values.figures().expected);
    if (holds) severity = severity_of(plan_, scope, arena);
  }
  if (severity != Severity::kNone) return hold(bucket, severity, touched);
  const auto held = std::find_if(held_.begin(), held_.end(), [&](const Held& h) { return h.bucket == bucket; });
  if (held == held_.end()) return;
  touched.push_back({held->episode, false, false});
  held_.erase(held);
}

// When the episode is over if nothing more comes.
TimeMs Baseline::end_of(const Episode& e) const {
  const TimeMs quiet = plan_.quiet > 0 ? e.last + plan_.quiet : kNever;
  return std::min(quiet, e.keep_since == kNoTime ? kNever : e.keep_since + plan_.keep);
}

void Baseline::hold(int64_t bucket, Severity severity, std::vector<Touched>& touched) {
  const Figures f = observe(bucket);
  TimeMs last = buckets_.begin(bucket + 1);
  if (plan_.measure == Measure::kCount && f.observed > f.expected) {
    const RowsView view = rows_of(bucket);
    if (view.count > 0) last = rows_.time(view.begin + view.count - 1);
  }
  auto held =
      std::lower_bound(held_.begin(), held_.end(), bucket, [](const Held& h, int64_t b) { return h.bucket < b; });
  if (held != held_.end() && held->bucket == bucket) {
    held->severity = severity;
    held->last = last;
    Episode* owner = find(held->episode);
    if (owner == nullptr) return;
    if (last > owner->last) owner->keep_since = kNoTime;
    touched.push_back({held->episode, false, true});
    return;
  }
  Episode* e = episodes_.empty() ? nullptr : &episodes_.back();
  const TimeMs end = e == nullptr ? kNever : end_of(*e);
  if (e != nullptr && end != kNever && last > end + plan_.reopen) e = nullptr;
  const bool fresh = e == nullptr;
  if (fresh) {
    episodes_.emplace_back();
    e = &episodes_.back();
    e->handle = next_handle_++;
    e->first = e->focus = bucket;
  }
  if (fresh || last > e->last) {
    e->last = last;
    e->keep_since = kNoTime;
  }
  held_.insert(held, {bucket, last, severity, e->handle});
  touched.push_back({e->handle, fresh, true});
}

// Takes the episode's state from the latest of its buckets that holds.
void Baseline::refocus(Episode& e) {
  for (const Held& h : held_) {
    if (h.episode != e.handle) continue;
    e.focus = h.bucket;
    e.last = h.last;
    e.severity = h.severity;
    e.worst = std::max(e.worst, h.severity);
  }
  const Values values(*this, e.focus);
  e.figures = values.figures();
}

void Baseline::report(const std::vector<Touched>& touched, const Cause& cause, FindingSink& sink) {
  for (size_t i = 0; i < touched.size(); ++i) {
    const uint32_t handle = touched[i].episode;
    bool fresh = false, held = false, told = false;
    for (size_t j = 0; j < touched.size(); ++j) {
      if (touched[j].episode != handle) continue;
      told = told || j < i;
      fresh = fresh || touched[j].fresh;
      held = held || touched[j].held;
    }
    Episode* e = find(handle);
    if (told || e == nullptr) continue;
    const auto mine = [&](const Held& h) { return h.episode == handle; };
    const bool stands = e->settled || std::any_of(held_.begin(), held_.end(), mine);
    if (stands) {
      refocus(*e);
      const bool corrected = !fresh && (cause.correction || !held);
      sink.on(finding(*e, corrected ? Finding::Kind::kCorrected : Finding::Kind::kHolds, cause));
    } else {
      e->figures = Values(*this, e->focus).figures();  // what they are now
      if (!fresh) sink.on(finding(*e, Finding::Kind::kGone, cause));
      std::erase_if(episodes_, [&](const Episode& x) { return x.handle == handle; });
    }
  }
}

// At the end of a bucket that does not hold.
void Baseline::recover(int64_t bucket, FindingSink& sink, Arena& arena) {
  if (plan_.resolve_when == nullptr || episodes_.empty()) return;
  Episode& e = episodes_.back();
  if (std::any_of(held_.begin(), held_.end(), [&](const Held& h) { return h.bucket == bucket; })) return;
  const RowsView view = rows_of(bucket);
  const Values values(*this, bucket);
  const Scope scope(plan_, view, nullptr, rows_.empty() ? PackedRow() : rows_.row(rows_.size() - 1), &values, arena);
  const bool recovering = plan_.resolve_when->evaluate(scope, arena).is_true();
  const TimeMs end = buckets_.begin(bucket + 1);
  if (!recovering) {
    e.keep_since = kNoTime;
  } else if (e.keep_since == kNoTime) {
    e.keep_since = end;
  }
  if (recovering) e.figures = values.figures();
  Finding f = finding(e, Finding::Kind::kMatched, {nullptr, end, Reason::kDeadline, false});
  f.recovering = recovering;
  sink.on(f);
}

Finding Baseline::finding(const Episode& e, Finding::Kind kind, const Cause& cause) const {
  Finding f;
  f.kind = kind;
  f.episode = e.handle;
  f.reason = cause.reason;
  f.time = cause.time;
  f.last = e.last;
  f.severity = e.severity;
  f.worst = e.worst;
  f.total = plan_.measure == Measure::kCount ? static_cast<uint32_t>(e.figures.observed) : e.figures.n;
  f.cause = cause.row;
  return f;
}

// ---- time passes

void Baseline::advance(TimeMs deadline, FindingSink& sink, Arena& arena) {
  int64_t bucket = buckets_.at(judged_);
  judged_ = std::max(judged_, deadline);
  for (; closed(bucket); ++bucket) {
    if (!buckets_.exists(bucket)) continue;
    const Cause cause{nullptr, buckets_.begin(bucket + 1), Reason::kDeadline, false};
    std::vector<Touched> touched;
    if (!plan_.rises_only) judge(bucket, touched, arena);
    report(touched, cause, sink);
    recover(bucket, sink, arena);
  }
  evict();
  reschedule();
}

// Buckets of the last day (and the lateness) are judged again.
void Baseline::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  if (newest_ == INT64_MIN) return;
  seen(now, now);
  past_.bucket = INT64_MIN;
  judge_from(INT64_MIN, {nullptr, now, Reason::kRule, true}, sink, arena);
  reschedule();
}

// Counts that no bucket looks back to, verdicts that can no more change.
void Baseline::evict() {
  if (newest_ == INT64_MIN || judged_ == kNoTime) return;
  const int64_t now = buckets_.at(judged_);
  const int64_t cut = now - recent_ - span_ - history_;
  if (!n_.empty() && n_.first() < cut) n_.drop_before(cut);
  if (plan_.measure != Measure::kCount) {
    a_.drop_before(cut);
    both_.drop_before(cut);
    sum_.drop_before(cut);
    square_.drop_before(cut);
    const auto old = std::find_if(log_.begin(), log_.end(), [cut](const Logged& l) { return l.bucket >= cut; });
    log_.erase(log_.begin(), old);
    if (log_.size() > kMostLogged) {
      dropped_ += log_.size() - kMostLogged;
      log_.erase(log_.begin(), log_.end() - static_cast<ptrdiff_t>(kMostLogged));
    }
  }
  while (!held_.empty() && held_.front().bucket < now - recent_) {
    if (Episode* e = find(held_.front().episode); e != nullptr) e->settled = true;
    held_.erase(held_.begin());
  }
  if (n_.empty() && a_.empty() && episodes_.empty()) {
    rows_ = {};
    log_.clear();
    held_.clear();
  }
}

void Baseline::reschedule() {
  due_ = kNever;
  if (judged_ == kNoTime || empty()) return;
  const bool ends = !plan_.rises_only || (plan_.resolve_when != nullptr && !episodes_.empty());
  if (ends) {
    int64_t bucket = buckets_.at(judged_) + 1;
    while (buckets_.begin(bucket) <= judged_) ++bucket;
    due_ = buckets_.begin(bucket);
  } else if (!n_.empty() && episodes_.empty()) {
    due_ = std::max(judged_ + 1, buckets_.begin(n_.last() + 1 + recent_ + span_ + history_));
  }
}

void Baseline::forget(uint32_t episode) {
  std::erase_if(episodes_, [&](const Episode& e) { return e.handle == episode; });
  reschedule();
}

Baseline::Episode* Baseline::find(uint32_t handle) {
  const auto it =
      std::find_if(episodes_.begin(), episodes_.end(), [&](const Episode& e) { return e.handle == handle; });
  return it == episodes_.end() ? nullptr : &*it;
}

// ---- for people, and for the store

void Baseline::describe(uint32_t episode, Description& out, Arena& arena) {
  const Episode* e = find(episode);
  if (e == nullptr) return;
  out.members.clear();
  out.values.clear();
  RowsView view = rows_of(e->focus);
  if (view.count == 0 && view.begin > 0) view = {&rows_, row_of, view.begin - 1, 1};  // the last that was heard of
  for (size_t i = 0; i < view.count; ++i) {
    const Position p = rows_.position(view.begin + i);
    out.members.push_back({p.time, p.uid, view[i]});
  }
  out.total = plan_.measure == Measure::kCount ? static_cast<size_t>(e->figures.observed) : e->figures.n;
  const Values values(e->figures);
  const Scope scope(plan_, view, nullptr, view.count > 0 ? view[view.count - 1] : PackedRow(), &values, arena);
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
  place_members(out);
}

// By the first bucket: a fall to nothing has no event of its own.
Position Baseline::name(uint32_t episode) {
  const Episode& e = *find(episode);
  named_times_ = e.first == named_bucket_ ? named_times_ + 1 : 0;
  named_bucket_ = e.first;
  return {buckets_.begin(e.first), named_times_};
}

}  // namespace tocsin::detect
