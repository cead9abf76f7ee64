// How the matches of a sequence rule hang together as episodes after something came out of order, was taken back or
// fell due; and what is told of an episode.
#include <algorithm>
#include <utility>

#include "detect/sequence.h"

namespace tocsin::detect {
namespace {

constexpr size_t kListed = 100;  // of an episode's members whose rows have gone, and of its latest matches'

}  // namespace

std::vector<Sequence::Run> Sequence::fold_all() {
  std::vector<Run> runs;
  fold_ = base_;
  if (const int owner = begun(episodes_, base_, oldest(rows_)); owner >= 0) {
    const Episode& e = episodes_[static_cast<size_t>(owner)];
    runs.push_back({{e.first_end, e.gone.last_end, base_.last, owner, true}, base_over_at_});
  }
  fold_rows(fold_, 0, rows_.size(), [&](size_t i, Fold::Step step, bool holds) {
    if (step == Fold::Step::kNone) return;
    const Position p = rows_.position(i);
    if (step == Fold::Step::kBegin || (runs.empty() && step == Fold::Step::kJoin)) {
      runs.push_back({{p, p}});
    } else if (runs.empty()) {
      return;
    }
    Run& run = runs.back();
    run.last = fold_.last;
    if (holds) run.last_end = p;
    run.over_at = fold_.open ? kNever : p.time;
  });
  return runs;
}

void Sequence::refold(const Touched& t, FindingSink& sink, Arena& arena) {
  std::vector<Run> runs = fold_all();
  if (expiry_ == kNever && !rows_.empty()) expiry_ = rows_.time(0) + horizon_;
  const auto settle = [&](Episode& e, const Run& run, bool fresh, bool split, std::vector<Finding>& findings) {
    settle_run(e, run, fresh, split, t, findings, arena);
  };
  carry_on(episodes_, std::move(runs), next_handle_, t, sink, settle);
}

// Brings an episode up to date with its run and adds what is to be told of it.
void Sequence::settle_run(Episode& e, const Run& run, bool fresh, bool split, const Touched& t,
                          std::vector<Finding>& out, Arena& arena) {
  const auto state = [&] { return std::tuple(e.first_end, e.last_end, e.last, e.total, e.severity, e.worst); };
  const auto before = state();
  e.first_end = run.first_end;
  e.last_end = run.last_end;
  e.last = run.last;
  bool touched = false;
  if (fresh || t.correction) e.worst = Severity::kNone;
  e.worst = std::max(e.worst, e.gone.worst);
  e.severity = e.gone.severity;
  for (size_t i = rows_.lower_bound(e.first_end); i < rows_.size() && rows_.position(i) <= e.last_end; ++i) {
    if (!holds(i)) continue;
    e.severity = severity(i);
    e.worst = std::max(e.worst, e.severity);
    touched |= rows_.time(i) >= t.from && rows_.time(i) <= t.to;
  }
  e.total = count_members(e, arena);
  const TimeMs told = e.over_at;
  const bool goes_on = told != kNever && run.over_at > told;  // what ended it was taken back, or it held again
  const bool tell_over = run.over_at != kNever && run.over_at <= due_;  // nothing that falls due before belongs to it
  e.over_at = tell_over ? run.over_at : goes_on ? kNever : told;
  const bool stays_over = told != kNever && !goes_on;
  if (fresh) {
    Finding f = finding(e, Finding::Kind::kHolds, t);
    if (split || (t.correction && t.reason != Reason::kRule)) f.reason = split ? Reason::kSplit : Reason::kMatched;
    out.push_back(f);
  } else {
    const bool differs = before != state();
    const bool corrected = t.correction ? t.reason != Reason::kLate || differs : touched && stays_over && differs;
    if (corrected) {
      Finding f = finding(e, Finding::Kind::kCorrected, t);
      if (stays_over) f.last = std::get<2>(before);  // it does not go on
      if (!t.correction) {
        f.reason = Reason::kLate;
        f.time = told;
      }
      out.push_back(f);
    }
    const bool beside = t.cause != nullptr && t.time >= e.first_end.time && t.time <= e.last;
    if (goes_on || (touched && !t.correction && !stays_over)) {
      out.push_back(finding(e, Finding::Kind::kHolds, t));
    } else if (beside && !t.correction) {
      out.push_back(finding(e, Finding::Kind::kMatched, t));
    }
  }
  if (tell_over && (fresh || run.over_at != told)) over(e, t, out);
}

// The episode has ended by itself.
void Sequence::over(const Episode& e, const Touched& t, std::vector<Finding>& out) const {
  Finding f = finding(e, Finding::Kind::kAnswered, t);
  f.time = e.over_at;
  f.reason = Reason::kStage;
  if (pattern_.awaited == 0) {
    f.kind = Finding::Kind::kMatched;
    f.reason = Reason::kRecovered;
    f.recovering = true;
  }
  out.push_back(f);
}

uint32_t Sequence::count_members(const Episode& e, Arena& arena) const {
  const Parts p = parts(e.first_end, e.last_end, false, arena);
  uint32_t n = e.gone.count;
  for (size_t i = p.begin; i < p.end; ++i) n += p.has(i) ? 1 : 0;
  return n;
}

// Of the first n rows, which are about to go, keeps what the episode must still say.
void Sequence::bury(Episode& e, size_t n, Arena& arena) {
  const Parts all = parts(e.first_end, e.last_end, false, arena);
  const Parts last = parts(e.last_end, e.last_end, false, arena);
  LatestMatch latest(plan_);
  const bool here = last.end > last.begin && rows_.position(last.end - 1) == e.last_end;
  if (here) trace(last.end - 1, last, latest);
  Gone& g = e.gone;
  g.look_at(e.last_end);
  size_t listed = 0, of_latest = 0;
  for (const Kept& k : g.kept) {
    listed += k.listed ? 1 : 0;
    of_latest += k.latest ? 1 : 0;
  }
  for (size_t i = all.begin; i < std::min(all.end, n); ++i) {
    if (!all.has(i)) continue;
    g.count_in(rows_.row(i).facts());
    if (holds(i)) {
      g.last_end = rows_.position(i);
      g.severity = severity(i);
      g.worst = std::max(g.worst, severity(i));
    }
    Kept k;
    k.position = rows_.position(i);
    k.steps = latest.steps_at(i);
    k.listed = listed < kListed;
    k.latest = last.has(i) && (k.steps != 0 || of_latest < kListed);
    if (!k.listed && !k.latest) continue;
    k.bytes = rows_.bytes_of(i);
    listed += k.listed ? 1 : 0;
    of_latest += k.latest ? 1 : 0;
    g.kept.push_back(std::move(k));
  }
}

void Sequence::Gone::look_at(Position match) {
  if (focus == match) return;
  std::erase_if(kept, [](const Kept& k) { return !k.listed; });
  for (Kept& k : kept) {
    k.steps = 0;
    k.latest = false;
  }
  focus = match;
}

void Sequence::Gone::take_in(const Gone& other) {
  Gone theirs = other;
  const Position match = std::max(focus, theirs.focus);
  if (theirs.last_end > last_end) severity = theirs.severity;
  look_at(match);
  theirs.look_at(match);
  count_in(other, put_among(kept, std::move(theirs.kept), [](Kept& mine, const Kept& same) {
             mine.listed |= same.listed;
             mine.latest |= same.latest;
             mine.steps |= same.steps;
           }));
  size_t listed = 0;
  for (Kept& k : kept) k.listed = k.listed && listed++ < kListed;
  std::erase_if(kept, [](const Kept& k) { return !k.listed && !k.latest; });
}

void Sequence::describe(uint32_t episode, Description& out, Arena& arena) {
  const Episode* e = find(episodes_, episode);
  if (e == nullptr) return;
  out.members.clear();
  const Gone& g = e->gone;
  std::vector<PackedRow> rows;  // of the matches that the latest verdict is about
  LatestMatch latest(plan_);
  for (const Kept& k : g.kept) {
    const PackedRow row(k.bytes.data());
    if (k.listed) out.members.push_back({k.position.time, k.position.uid, row});
    if (!k.latest || g.focus != e->last_end) continue;
    rows.push_back(row);
    for (size_t step = 0; step < kMaxSteps; ++step) {
      if ((k.steps >> step & 1) != 0) latest.set(step, SIZE_MAX, row);
    }
  }
  if (g.count > 0) out.gone = g.shared();
  const Parts all = parts(e->first_end, e->last_end, false, arena);
  for (size_t i = all.begin; i < all.end; ++i) {
    if (all.has(i)) out.members.push_back({rows_.time(i), rows_.uid(i), rows_.row(i)});
  }
  const Parts last = parts(e->last_end, e->last_end, false, arena);
  for (size_t i = last.begin; i < last.end; ++i) {
    if (last.has(i)) rows.push_back(rows_.row(i));
  }
  const bool here = last.end > last.begin && rows_.position(last.end - 1) == e->last_end && holds(last.end - 1);
  if (here) trace(last.end - 1, last, latest);
  out.total = out.members.empty() && g.count == 0 ? 0 : e->total;
  out.values.clear();
  const Scope scope(plan_, view_of(rows), nullptr, rows.empty() ? PackedRow() : rows.back(), &latest, arena);
  for (size_t s = 0; s < scope.slots(); ++s) out.values.push_back(scope.get(static_cast<int>(s)));
  place_members(out);
}

Position Sequence::name(uint32_t episode) {
  const Episode& e = *find(episodes_, episode);
  Arena arena(4096);
  const Parts p = parts(e.first_end, e.last_end, false, arena);
  for (size_t i = p.begin; i < p.end; ++i) {
    if (!p.has(i) || (rows_.flags(i) & kNamed) != 0) continue;
    rows_.set_flags(i, rows_.flags(i) | kNamed);
    return rows_.position(i);
  }
  return spare_name(e);
}

}  // namespace tocsin::detect
