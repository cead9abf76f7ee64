#include "detect/sequence.h"

#include <algorithm>
#include <utility>

namespace tocsin::detect {
namespace {

// How far behind the watermark an event may lie so that its revision or withdrawal is judged with every row around it.
constexpr DurationMs kCorrectable = 24 * 3600 * 1000;

PackedRow row_of(const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); }

bool reads_aggregates(const Plan& plan) {
  const auto reads = [&](const std::shared_ptr<const expr::Program>& p) {
    if (p == nullptr) return false;
    const auto& slots = p->slots();
    return std::any_of(slots.begin(), slots.end(),
                       [&](int slot) { return static_cast<size_t>(slot) < plan.aggregates.size(); });
  };
  return reads(plan.fire) ||
         std::any_of(plan.severity.begin(), plan.severity.end(), [&](const Rung& rung) { return reads(rung.when); });
}

}  // namespace

Sequence::Sequence(const Plan& plan)
    : plan_(plan),
      pattern_(plan),
      within_(plan.within.amount),
      horizon_(within_ * (plan.awaits() ? 2 : 1) + std::min(within_, plan.lateness + kCorrectable)),
      looks_at_rows_(reads_aggregates(plan)) {}

void Sequence::RoleLine::drop_front(size_t n) {
  head_ += n;
  if (head_ == all_.size()) {
    all_.clear();
    head_ = 0;
  } else if (head_ > 8 && head_ * 2 > all_.size()) {
    all_.erase(all_.begin(), all_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

// ---- verdicts

// What has come before row `i`, as far back as it can matter.
Heads Sequence::heads_before(size_t i) const {
  if (rows_.empty()) return base_heads_;
  const TimeMs time = rows_.time(std::min(i, rows_.size() - 1));
  const size_t from = std::min(i, rows_.lower_bound(time - within_));
  Heads heads = from == 0 ? base_heads_ : Heads();
  std::array<TimeMs, kMaxSteps> reach;
  for (size_t r = from; r < i; ++r) heads.take(pattern_, rows_.time(r), roles_[r], reach.data());
  return heads;
}

// Which rows have a part in the matches that end in the rows of [first, last] that hold; judging: in the matches that
// the one row first == last completes.
Sequence::Parts Sequence::parts(Position first, Position last, bool judging, Arena& arena) const {
  Parts p;
  p.begin = rows_.lower_bound(first.time - within_);
  p.end = rows_.lower_bound(last);
  if (p.end < rows_.size() && rows_.position(p.end) == last) ++p.end;
  if (p.begin >= p.end) {
    p.end = p.begin;
    return p;
  }
  const size_t n = p.end - p.begin;
  bool* member = arena.array<bool>(n);
  TimeMs* reach = arena.array<TimeMs>(n * pattern_.steps);
  Heads heads = p.begin == 0 ? base_heads_ : Heads();
  for (size_t i = 0; i < n; ++i) {
    heads.take(pattern_, rows_.time(p.begin + i), roles_[p.begin + i], reach + i * pattern_.steps);
  }
  Tails tails;
  for (size_t i = n; i-- > 0;) {
    const size_t r = p.begin + i;
    const bool ends = judging ? r + 1 == p.end : holds(r) && rows_.position(r) >= first;
    member[i] = tails.take(pattern_, rows_.time(r), roles_[r], ends, reach + i * pattern_.steps, within_);
  }
  p.member = member;
  p.reach = reach;
  return p;
}

// The latest match that row `end` completes, by positive step, from the last one back; those before row 0 stay unset.
void Sequence::trace(size_t end, const Parts& p, LatestMatch& out) const {
  if (end < p.begin || end >= p.end) return;
  const TimeMs limit = rows_.time(end) - within_;
  size_t at = end;
  out.set(pattern_.steps - 1, at, rows_.row(at));
  for (size_t step = pattern_.steps - 1; step-- > 0;) {
    bool found = false;
    for (size_t r = at; r-- > p.begin;) {
      const TimeMs reach = p.reach[(r - p.begin) * pattern_.steps + step];
      found = reach != kNoTime && reach >= limit;
      if (found) at = r;
      if (found || (roles_[r] & pattern_.barrier[step]) != 0) break;
    }
    if (!found) return;
    out.set(step, at, rows_.row(at));
  }
}

Sequence::Verdict Sequence::judge(size_t end, Arena& arena) const {
  std::vector<PackedRow> members;
  LatestMatch latest(plan_);
  if (looks_at_rows_) {
    const Position p = rows_.position(end);
    const Parts part = parts(p, p, true, arena);
    for (size_t i = part.begin; i < part.end; ++i) {
      if (part.has(i)) members.push_back(rows_.row(i));
    }
    trace(end, part, latest);
  }
  const Scope scope(plan_, view_of(members), nullptr, rows_.row(end), &latest, arena);
  Verdict v;
  v.holds = plan_.fire == nullptr || fires(plan_, scope, arena);
  if (v.holds) v.severity = severity_of(plan_, scope, arena);
  return v;
}

// Whether resolve.when holds at a row that does not hold itself, by what has come since the last that did.
bool Sequence::recovering(size_t i, Arena& arena) const {
  size_t from = rows_.lower_bound(rows_.time(i) - within_);
  for (size_t r = i; r-- > from;) {
    if (holds(r)) from = r + 1;
  }
  const Scope scope(plan_, {&rows_, row_of, from, i + 1 - from}, nullptr, rows_.row(i), nullptr, arena);
  return plan_.resolve_when->evaluate(scope, arena).is_true();
}

// Whether what the row that completes a match waits for has come in time.
bool Sequence::answered(size_t end) const {
  const TimeMs deadline = rows_.time(end) + within_;
  for (size_t i = end + 1; i < rows_.size() && rows_.time(i) <= deadline; ++i) {
    if ((roles_[i] & pattern_.awaited) != 0) return true;
  }
  return false;
}

void Sequence::set_verdict(size_t i, bool completes, const Verdict& v) {
  const int kept = rows_.flags(i) & kNamed;
  const int severity = static_cast<int>(v.severity) << kSeverityShift;
  rows_.set_flags(i, static_cast<uint8_t>(kept | severity | (v.holds ? kHolds : 0) | (v.recovering ? kRecovering : 0) |
                                          (completes ? kCompletes : 0)));
}

// Judges the rows of [from, to] anew; tells what that has shown.
Sequence::Rejudged Sequence::judge_again(TimeMs from, TimeMs to, Arena& arena) {
  Rejudged seen;
  heads_known_ = false;
  const size_t first = rows_.lower_bound(from);
  Heads heads = heads_before(first);
  for (size_t i = first; i < rows_.size() && rows_.time(i) <= to; ++i) {
    const TimeMs time = rows_.time(i);
    const bool completes = heads.completes(pattern_, time, roles_[i], within_);
    const bool judged = pattern_.awaited == 0 || (time + within_ <= judged_to_ && !answered(i));
    Verdict v;
    if (completes && judged) {
      const bool all_here = complete_from_ == kNoTime || time - within_ >= complete_from_;
      v = all_here ? judge(i, arena) : Verdict{holds(i), false, severity(i)};
    }
    seen.lost |= holds(i) && (!v.holds || v.severity < severity(i));
    const bool completed = (rows_.flags(i) & kCompletes) != 0;
    seen.changed |= completed != completes || holds(i) != v.holds || severity(i) != v.severity;
    set_verdict(i, completes, v);
  }
  if (plan_.resolve_when == nullptr) return seen;
  for (size_t i = first; i < rows_.size(); ++i) {
    if (holds(i)) continue;
    const uint8_t flags = rows_.flags(i) & static_cast<uint8_t>(~kRecovering);
    rows_.set_flags(i, recovering(i, arena) ? flags | kRecovering : flags);
  }
  return seen;
}

// ---- rows come and go

void Sequence::add(const Row& row, FindingSink& sink, Arena& arena) {
  evict(row.watermark, arena);
  pass(row.watermark);
  const uint32_t roles = row.late ? row.roles & pattern_.awaited : row.roles;
  Touched t;
  t.cause = &row;
  t.time = row.time;
  const bool named = take_up(revising_, row, within_, t);
  size_t at = 0;
  const bool in_order = rows_.empty() || rows_.position(rows_.size() - 1) < position_of(row);
  if (roles == 0 || row.time < complete_from_ || !insert(row, roles, named, at, arena)) {
    if (t.correction) refold(t, sink, arena);
    return;
  }
  const bool behind = row.watermark != kNoTime && row.time < row.watermark;
  if (in_order && !t.correction && !behind) return add_in_order(at, row, sink, arena);
  const TimeMs from = (roles & pattern_.awaited) != 0 ? row.time - within_ : row.time;
  const Rejudged seen = judge_again(from, row.time + within_, arena);
  reschedule();
  const bool idle = (roles & (pattern_.positive | pattern_.awaited)) == 0 && plan_.resolve_when == nullptr;
  if (!t.correction && !seen.changed && idle) return;
  t.from = std::min(t.from, from);
  t.to = std::max(t.to, row.time + within_);
  if (!t.correction && seen.lost) {
    t.correction = true;
    t.reason = Reason::kLate;
  }
  refold(t, sink, arena);
}

// Puts the row in its place. False: the bound has cost it at once.
bool Sequence::insert(const Row& row, uint32_t roles, bool named, size_t& at, Arena& arena) {
  at = rows_.insert(row);
  roles_.insert(at, roles);
  if (named) rows_.set_flags(at, kNamed);
  if (at == 0) expiry_ = std::min(expiry_, rows_.time(0) + horizon_);
  if (rows_.size() <= plan_.max_rows_per_key) return true;
  const size_t n = 1 + plan_.max_rows_per_key / 64;  // some at once, so that the bound costs little a row
  dropped_ += n;
  drop_rows(n, arena);
  if (at < n) return false;
  at -= n;
  return true;
}

void Sequence::add_in_order(size_t at, const Row& row, FindingSink& sink, Arena& arena) {
  if (!heads_known_) heads_ = heads_before(at);
  heads_known_ = true;
  const bool completes = heads_.completes(pattern_, row.time, roles_[at], within_);
  if (pattern_.awaited != 0) return await(at, completes, row, sink);
  Verdict v;
  if (completes) v = judge(at, arena);
  const bool anything = !episodes_.empty() || base_.last != kNoTime;
  if (!v.holds && plan_.resolve_when != nullptr && anything) v.recovering = recovering(at, arena);
  set_verdict(at, completes, v);
  const bool positive = (roles_[at] & pattern_.positive) != 0;
  const Fold::Step step = fold_.step(plan_, row.time, v.holds, v.recovering, positive);
  if (step == Fold::Step::kNone) return;
  Touched t;
  t.cause = &row;
  t.time = t.from = t.to = row.time;
  if (step == Fold::Step::kBegin) {
    Episode fresh;
    fresh.handle = next_handle_++;
    fresh.opened_at = row.time;
    fresh.first_end = position_of(row);
    episodes_.push_back(fresh);
  }
  Episode& e = episodes_.back();
  e.last = fold_.last;
  if (step == Fold::Step::kMatched) {
    if (!fold_.open) e.over_at = row.time;
    Finding f = finding(e, Finding::Kind::kMatched, t);
    f.recovering = v.recovering;
    return sink.on(f);
  }
  e.over_at = kNever;
  e.last_end = position_of(row);
  e.severity = v.severity;
  e.worst = std::max(e.worst, v.severity);
  e.total = count_members(e, arena);
  sink.on(finding(e, Finding::Kind::kHolds, t));
}

// A row in order, where the rule waits for what must not come.
void Sequence::await(size_t at, bool completes, const Row& row, FindingSink& sink) {
  set_verdict(at, completes, {});
  const bool answer = (roles_[at] & pattern_.awaited) != 0;
  if (answer) reschedule();
  if (completes) due_ = std::min(due_, row.time + within_);
  if (!answer || fold_.answer(plan_, row.time) == Fold::Step::kNone) return;
  if (due_ < row.time) return;  // a deadline that comes before has the first word; the answer is told with it
  Episode& e = episodes_.back();
  e.over_at = row.time;
  Finding f = finding(e, Finding::Kind::kAnswered, {});
  f.cause = &row;
  f.time = row.time;
  f.reason = Reason::kStage;
  sink.on(f);
}

void Sequence::retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) {
  pass(cause.watermark);
  const size_t at = rows_.find(uid);
  Touched t;
  t.cause = &cause;
  t.time = cause.time;
  t.reason = Reason::kWithdrawn;
  if (at == rows_.size()) {
    if (withdrawn) unlist(episodes_, uid, t, sink);
    if (!withdrawn) revising_ = TakenOut{uid, kNoTime, cause.time, false};
    return;
  }
  t.from = rows_.time(at) - ((roles_[at] & pattern_.awaited) != 0 ? within_ : 0);
  t.to = rows_.time(at) + within_;
  t.correction = true;
  if (!withdrawn) revising_ = TakenOut{uid, rows_.time(at), cause.time, (rows_.flags(at) & kNamed) != 0};
  rows_.erase(at);
  roles_.erase(at);
  judge_again(t.from, t.to, arena);
  reschedule();
  if (withdrawn) refold(t, sink, arena);
}

void Sequence::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const TakenOut gone = *std::exchange(revising_, std::nullopt);
  if (gone.time != kNoTime) refold(gone.touched(within_), sink, arena);
}

void Sequence::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  if (rows_.empty()) return;
  const Touched t = all_touched(rows_, now);
  judge_again(t.from, t.to, arena);
  reschedule();
  refold(t, sink, arena);
}

// ---- time passes

// Deadlines before the watermark have had their turn.
void Sequence::pass(TimeMs watermark) {
  if (pattern_.awaited != 0 && watermark != kNoTime) judged_to_ = std::max(judged_to_, watermark - 1);
}

// Finds the next deadline that nothing has answered.
void Sequence::reschedule() {
  due_ = kNever;
  if (pattern_.awaited == 0) return;
  TimeMs answer = kNever;
  for (size_t i = rows_.size(); i-- > 0 && rows_.time(i) + within_ > judged_to_;) {
    const TimeMs deadline = rows_.time(i) + within_;
    if ((rows_.flags(i) & kCompletes) != 0 && answer > deadline) due_ = deadline;
    if ((roles_[i] & pattern_.awaited) != 0) answer = rows_.time(i);
  }
}

void Sequence::advance(TimeMs deadline, FindingSink& sink, Arena& arena) {
  if (due_ <= deadline) {
    Touched t;
    t.from = due_ - within_;
    t.to = deadline - within_;
    t.time = due_;
    t.reason = Reason::kDeadline;
    judged_to_ = std::max(judged_to_, deadline);
    judge_again(t.from, t.to, arena);
    reschedule();
    refold(t, sink, arena);
  }
  evict(deadline + 1, arena);
  expiry_ = rows_.empty() ? kNever : rows_.time(0) + horizon_;
}

void Sequence::evict(TimeMs watermark, Arena& arena) {
  if (watermark == kNoTime) return;
  size_t n = 0;
  while (n < rows_.size() && rows_.time(n) < watermark - horizon_) ++n;
  if (n > 0) drop_rows(n, arena);
}

void Sequence::drop_rows(size_t n, Arena& arena) {
  complete_from_ = std::max(complete_from_, rows_.time(n - 1) + 1);
  for (Episode& e : episodes_) {
    if (!e.over) bury(e, n, arena);
  }
  fold_rows(base_, 0, n, [&](size_t i, Fold::Step step, bool holds) {
    if (holds) base_over_at_ = kNever;
    if (!holds && step == Fold::Step::kMatched && !base_.open) base_over_at_ = rows_.time(i);
  });
  std::array<TimeMs, kMaxSteps> reach;
  for (size_t i = 0; i < n; ++i) base_heads_.take(pattern_, rows_.time(i), roles_[i], reach.data());
  rows_.drop_front(n);
  roles_.drop_front(n);
  drop_over(episodes_, oldest(rows_));
}

void Sequence::forget(uint32_t episode) {
  Episode* e = find(episodes_, episode);
  if (e == nullptr) return;
  e->over = true;
  e->gone = {};
  if (e == &episodes_.back()) fold_ = {};
  if (e->first_end < oldest(rows_)) base_ = {};
  drop_over(episodes_, oldest(rows_));
  if (!rows_.empty()) expiry_ = std::min(expiry_, rows_.time(0) + horizon_);
}

size_t Sequence::bytes() const {
  return sizeof(*this) + rows_.bytes() + roles_.bytes() + episodes_.capacity() * sizeof(Episode);
}

}  // namespace tocsin::detect
