#include "detect/window.h"

#include <algorithm>
#include <utility>

namespace tocsin::detect {
namespace {

// How far behind the watermark an event may lie so that its revision or withdrawal is judged with every row around it.
constexpr DurationMs kCorrectable = 24 * 3600 * 1000;
constexpr size_t kListed = 100;  // of an episode's members whose rows have gone

PackedRow row_of(const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); }

}  // namespace

Window::Window(const Plan& plan)
    : plan_(plan), within_(plan.within.amount), horizon_(within_ + std::min(within_, plan.lateness + kCorrectable)) {}

// ---- the sliding view

void Window::slide(size_t lo, size_t hi) {
  if (tallies_ == nullptr && hi - lo >= kTallyFrom) {
    tallies_ = std::make_unique<Tallies>(plan_);
    lo_ = hi_ = lo;
  }
  if (tallies_ != nullptr) {
    while (hi_ < hi) tallies_->add(rows_.row(hi_++));
    while (lo_ > lo) tallies_->add(rows_.row(--lo_));
    while (hi_ > hi) tallies_->remove(rows_.row(--hi_));
    while (lo_ < lo) tallies_->remove(rows_.row(lo_++));
    if (hi - lo < kTallyFrom / 4) tallies_.reset();
  }
  lo_ = lo;
  hi_ = hi;
}

void Window::after_insert(size_t at) {
  if (at >= hi_) return;  // outside; slide() takes it in when it is wanted
  ++hi_;
  if (at < lo_) {
    ++lo_;
  } else if (tallies_ != nullptr) {
    tallies_->add(rows_.row(at));
  }
}

void Window::before_erase(size_t at) {
  if (at >= hi_) return;
  --hi_;
  if (at < lo_) {
    --lo_;
  } else if (tallies_ != nullptr) {
    tallies_->remove(rows_.row(at));
  }
}

Scope Window::scope_at(size_t end, Arena& arena) {
  const bool newest = rows_.time(end) == rows_.time(rows_.size() - 1);
  slide(window_begin(end), newest ? rows_.size() : rows_.upper_bound(rows_.time(end)));
  return {plan_, {&rows_, row_of, lo_, hi_ - lo_}, tallies_.get(), rows_.row(end), nullptr, arena};
}

Window::Verdict Window::judge(size_t end, Arena& arena) {
  const Scope scope = scope_at(end, arena);
  Verdict v;
  v.holds = fires(plan_, scope, arena);
  if (v.holds) v.severity = severity_of(plan_, scope, arena);
  if (!v.holds && plan_.resolve_when != nullptr) {
    v.recovering = plan_.resolve_when->evaluate(scope, arena).is_true();
  }
  return v;
}

// ---- rows come and go

void Window::add(const Row& row, FindingSink& sink, Arena& arena) {
  if (row.late) return;
  evict(row.watermark);
  const bool behind = row.watermark != kNoTime && row.time < row.watermark;
  Touched t;
  t.cause = &row;
  t.time = row.time;
  const bool named = take_up(revising_, row, within_, t);
  if (row.time < complete_from_) {  // no window that could be judged contains it
    if (t.correction) refold(t, sink);
    return;
  }
  const bool in_order = rows_.empty() || rows_.position(rows_.size() - 1) < position_of(row);
  size_t at = rows_.insert(row);
  if (named) rows_.set_flags(at, kNamed);
  after_insert(at);
  if (at == 0) expiry_ = std::min(expiry_, rows_.time(0) + horizon_);
  if (rows_.size() > plan_.max_rows_per_key) {
    const size_t n = 1 + plan_.max_rows_per_key / 64;  // some at once, so that the bound costs little a row
    dropped_ += n;
    drop_rows(n);
    if (at < n) return;
    at -= n;
  }
  if (in_order && !t.correction && !behind) return add_in_order(at, row, sink, arena);
  const Position added = position_of(row);
  const Rejudged seen = judge_again(row.time, row.time + within_, arena, &added);
  t.from = std::min(t.from, row.time);
  t.to = std::max(t.to, row.time + within_);
  if (!t.correction && settle_inside(at, seen, t, sink)) return;
  refold(t, sink);
}

void Window::add_in_order(size_t at, const Row& row, FindingSink& sink, Arena& arena) {
  const Verdict v = judge(at, arena);
  bool changed = false;
  for (size_t i = at; i-- > 0 && rows_.time(i) == row.time;) {  // rows of one time share one window
    changed |=
        holds(i) != v.holds || severity(i) != v.severity || ((rows_.flags(i) & kRecovering) != 0) != v.recovering;
    set_verdict(i, v);
  }
  set_verdict(at, v);
  Touched t;
  t.cause = &row;
  t.time = t.from = t.to = row.time;
  if (changed) return refold(t, sink);
  const Fold::Step step = fold_.step(plan_, row.time, v.holds, v.recovering);
  if (step == Fold::Step::kNone) return;
  if (step == Fold::Step::kBegin) {
    Episode e;
    e.handle = next_handle_++;
    e.opened_at = row.time;
    e.first_end = position_of(row);
    episodes_.push_back(e);
  }
  Episode& e = episodes_.back();
  e.last = row.time;
  if (step == Fold::Step::kMatched) {
    Finding f = finding(e, Finding::Kind::kMatched, t);
    f.recovering = v.recovering;
    return sink.on(f);
  }
  const Position told = step == Fold::Step::kBegin ? Position{} : e.last_end;
  for (size_t i = at + 1; i-- > lo_ && rows_.position(i) > told;) ++e.total;
  e.last_end = e.focus = position_of(row);
  e.severity = v.severity;
  e.worst = std::max(e.worst, v.severity);
  sink.on(finding(e, Finding::Kind::kHolds, t));
}

void Window::retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) {
  const size_t at = rows_.find(uid);
  Touched t;
  t.cause = &cause;
  t.time = cause.time;
  if (at == rows_.size()) {
    t.reason = Reason::kWithdrawn;
    if (withdrawn) unlist(episodes_, uid, t, sink);
    if (!withdrawn) revising_ = TakenOut{uid, kNoTime, cause.time, false};
    return;
  }
  t.from = rows_.time(at);
  t.to = t.from + within_;
  t.reason = Reason::kWithdrawn;
  t.correction = true;
  if (!withdrawn) revising_ = TakenOut{uid, t.from, cause.time, (rows_.flags(at) & kNamed) != 0};
  const bool held = holds(at);
  before_erase(at);
  rows_.erase(at);
  const bool changed = judge_again(t.from, t.to, arena).held;
  if (withdrawn && (held || changed || !episodes_.empty())) refold(t, sink);
}

void Window::settle(FindingSink& sink, Arena&) {
  if (!revising_.has_value()) return;
  const TakenOut gone = *std::exchange(revising_, std::nullopt);
  if (gone.time != kNoTime) refold(gone.touched(within_), sink);
}

void Window::set_verdict(size_t i, const Verdict& v) {
  const int kept = rows_.flags(i) & kNamed;
  const int severity = static_cast<int>(v.severity) << kSeverityShift;
  rows_.set_flags(i, static_cast<uint8_t>(kept | severity | (v.holds ? kHolds : 0) | (v.recovering ? kRecovering : 0)));
}

// Judges every row of [from, to] anew, where all rows of its window are still here.
Window::Rejudged Window::judge_again(TimeMs from, TimeMs to, Arena& arena, const Position* added) {
  Rejudged seen;
  for (size_t i = rows_.lower_bound(from); i < rows_.size() && rows_.time(i) <= to;) {
    const size_t next = rows_.upper_bound(rows_.time(i));
    if (complete_from_ == kNoTime || rows_.time(i) - within_ >= complete_from_) {
      const Verdict v = judge(next - 1, arena);
      for (size_t j = i; j < next; ++j) {
        seen.held |= v.holds || holds(j);
        seen.flipped |= holds(j) != v.holds && !(added != nullptr && rows_.position(j) == *added);
        set_verdict(j, v);
      }
    }
    i = next;
  }
  return seen;
}

void Window::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  if (rows_.empty()) return;
  const Touched t = all_touched(rows_, now);
  judge_again(t.from, t.to, arena);
  refold(t, sink);
}

// ---- what nobody needs any more

void Window::evict(TimeMs watermark) {
  if (watermark == kNoTime || rows_.empty()) return;
  TimeMs cut = watermark - horizon_;
  if (rows_.time(0) >= cut) return;
  if (std::any_of(episodes_.begin(), episodes_.end(), [](const Episode& e) { return !e.over; })) cut -= within_;
  size_t n = 0;
  while (n < rows_.size() && rows_.time(n) < cut) ++n;
  if (n > 0) drop_rows(n);
}

void Window::drop_rows(size_t n) {
  complete_from_ = std::max(complete_from_, rows_.time(n - 1) + 1);
  fold_rows(base_, 0, n, [](size_t, Fold::Step) {});
  for (Episode& e : episodes_) {
    if (!e.over) bury(e, n);
  }
  if (tallies_ != nullptr) {
    const size_t lo = std::max(lo_, n);
    slide(lo, std::max(hi_, lo));
  }
  lo_ -= std::min(lo_, n);
  hi_ -= std::min(hi_, n);
  rows_.drop_front(n);
  drop_over(episodes_, oldest(rows_));
}

// Of the first n rows, which are about to go, keeps what the episode must still say.
void Window::bury(Episode& e, size_t n) {
  for_each_member_run(e, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < std::min(end, n); ++i) {
      Gone& g = e.gone;
      g.count_in(rows_.row(i).facts());
      if (holds(i)) {
        g.last_end = rows_.position(i);
        g.worst = std::max(g.worst, severity(i));
      }
      g.keep({rows_.position(i), rows_.bytes_of(i)});
    }
  });
}

// Precondition: in the order of positions.
void Window::Gone::keep(Kept k) {
  const bool listed = kept.size() < kListed || kept.back().position.time == k.position.time;
  if (listed && kept.size() < 2 * kListed) kept.push_back(std::move(k));
}

void Window::Gone::take_in(const Gone& other) {
  count_in(other, put_among(kept, other.kept, [](const Kept&, const Kept&) {}));
  std::vector<Kept> all = std::exchange(kept, {});
  for (Kept& k : all) keep(std::move(k));
}

void Window::advance(TimeMs deadline, FindingSink&, Arena&) {
  evict(deadline + 1);
  const bool alive = std::any_of(episodes_.begin(), episodes_.end(), [](const Episode& e) { return !e.over; });
  expiry_ = rows_.empty() ? kNever : rows_.time(0) + horizon_ + (alive ? within_ : 0);
}

void Window::forget(uint32_t episode) {
  Episode* e = find(episodes_, episode);
  if (e == nullptr) return;
  e->over = true;
  e->gone = {};
  if (e == &episodes_.back()) fold_ = {};
  if (e->first_end < oldest(rows_)) base_ = {};
  drop_over(episodes_, oldest(rows_));
  if (!rows_.empty()) expiry_ = std::min(expiry_, rows_.time(0) + horizon_);
}

size_t Window::bytes() const {
  const size_t tallies = tallies_ == nullptr ? 0 : sizeof(Tallies) + tallies_->rows() * 96;
  return sizeof(*this) + rows_.bytes() + episodes_.capacity() * sizeof(Episode) + tallies;
}

}  // namespace tocsin::detect
