// How the matches of a sequence rule hang together as episodes after something came out of order, was taken back or
// fell due; and what is told of an episode.
#include <algorithm>

#include "detect/sequence.h"

namespace tocsin::detect {
namespace {

constexpr size_t kListed = 100;  // of an episode's members whose rows have gone, and of its latest matches'

}  // namespace

bool Sequence::overlaps(const Episode& e, const Run& run) const {
  return run.first_end <= e.last_end && e.first_end <= run.last_end;
}

Finding Sequence::finding(const Episode& e, Finding::Kind kind, const Touched& t) const {
  Finding f;
  f.kind = kind;
  f.episode = e.handle;
  f.reason = t.reason;
  f.time = t.time;
  f.last = e.last;
  f.severity = e.severity;
  f.worst = e.worst;
  f.total = e.total;
  f.cause = t.cause;
  return f;
}

// The living episode that began in rows that have gone: its place in episodes_, or -1.
int Sequence::begun() const {
  if (base_.last == kNoTime) return -1;
  const Position oldest = rows_.empty() ? Position{kNever, 0} : rows_.position(0);
  for (size_t i = episodes_.size(); i-- > 0;) {
    if (!episodes_[i].over && episodes_[i].gone.last_end != Position{} && episodes_[i].first_end < oldest) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

std::vector<Sequence::Run> Sequence::fold_all() {
  std::vector<Run> runs;
  fold_ = base_;
  if (const int owner = begun(); owner >= 0) {
    const Episode& e = episodes_[static_cast<size_t>(owner)];
    runs.push_back({e.first_end, e.gone.last_end, base_.last, base_over_at_, owner, true});
  }
  fold_rows(fold_, 0, rows_.size(), [&](size_t i, Fold::Step step, bool holds) {
    if (step == Fold::Step::kNone) return;
    const Position p = rows_.position(i);
    if (step == Fold::Step::kBegin || (runs.empty() && step == Fold::Step::kJoin)) {
      runs.push_back({p, p});
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

// Which standing episode goes on in which run: each claims the first run that it overlaps, elders first; those that
// come too late are merged, those without a run are gone. Answers the episodes that are over.
std::vector<Sequence::Episode> Sequence::claim(std::vector<Run>& runs, const Touched& t, FindingSink& sink) {
  std::vector<size_t> elders(episodes_.size());
  for (size_t i = 0; i < elders.size(); ++i) elders[i] = i;
  std::sort(elders.begin(), elders.end(), [&](size_t a, size_t b) {
    const Episode &x = episodes_[a], &y = episodes_[b];
    return std::pair(x.opened_at, x.handle) < std::pair(y.opened_at, y.handle);
  });
  std::vector<Episode> kept;
  for (size_t i : elders) {
    const Episode& e = episodes_[i];
    if (e.over) {
      kept.push_back(e);
      continue;
    }
    const bool has_begun = !runs.empty() && runs.front().begun && runs.front().owner == static_cast<int>(i);
    if (has_begun) continue;
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const Run& r) { return overlaps(e, r); });
    if (run == runs.end()) {
      Finding f = finding(e, Finding::Kind::kGone, t);
      if (!t.correction) f.reason = Reason::kLate;
      sink.on(f);
    } else if (run->owner >= 0) {
      Finding f = finding(e, Finding::Kind::kMerged, t);
      f.reason = Reason::kMerged;
      Episode& elder = episodes_[static_cast<size_t>(run->owner)];
      f.into = elder.handle;
      sink.on(f);
      elder.gone.count += e.gone.count;
      elder.gone.worst = std::max(elder.gone.worst, e.gone.worst);
    } else {
      run->owner = static_cast<int>(i);
    }
  }
  return kept;
}

void Sequence::refold(const Touched& t, FindingSink& sink, Arena& arena) {
  std::vector<Run> runs = fold_all();
  std::vector<Episode> next = claim(runs, t, sink);
  std::vector<Finding> findings;  // told when all episodes stand as they now are
  for (const Run& run : runs) {
    const bool fresh = run.owner < 0;
    Episode e = fresh ? Episode{} : episodes_[static_cast<size_t>(run.owner)];
    bool split = false;
    if (fresh) {
      e.handle = next_handle_++;
      e.opened_at = t.time;
      split = std::any_of(episodes_.begin(), episodes_.end(), [&](const Episode& x) { return overlaps(x, run); });
    }
    settle_run(e, run, fresh, split, t, findings, arena);
    next.push_back(std::move(e));
  }
  std::sort(next.begin(), next.end(), [](const Episode& a, const Episode& b) { return a.first_end < b.first_end; });
  episodes_ = std::move(next);
  if (expiry_ == kNever && !rows_.empty()) expiry_ = rows_.time(0) + horizon_;
  for (const Finding& f : findings) sink.on(f);
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
  if (g.focus != e.last_end) {
    std::erase_if(g.kept, [](const Kept& k) { return !k.listed; });
    for (Kept& k : g.kept) {
      k.steps = 0;
      k.latest = false;
    }
    g.focus = e.last_end;
  }
  size_t listed = 0, of_latest = 0;
  for (const Kept& k : g.kept) {
    listed += k.listed ? 1 : 0;
    of_latest += k.latest ? 1 : 0;
  }
  for (size_t i = all.begin; i < std::min(all.end, n); ++i) {
    if (!all.has(i)) continue;
    share_area(g, rows_.row(i).facts());
    ++g.count;
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

void Sequence::share_area(Gone& g, const RowFacts& f) {
  const std::pair<std::string*, std::string_view> codes[] = {
      {&g.city, f.city}, {&g.town, f.town}, {&g.village, f.village}, {&g.grid, f.grid}};
  bool shared = true;
  for (const auto& [mine, theirs] : codes) {
    if (g.count == 0) *mine = theirs;
    shared = shared && *mine == theirs;
    if (!shared) mine->clear();
  }
}

// A withdrawn event whose row has gone: it is taken off the list and the count of an episode that still lists it.
bool Sequence::unlist(uint64_t uid, const Touched& t, FindingSink& sink) {
  for (Episode& e : episodes_) {
    if (e.over) continue;
    const size_t n = std::erase_if(e.gone.kept, [&](const Kept& k) { return k.position.uid == uid; });
    if (n == 0) continue;
    --e.gone.count;
    --e.total;
    sink.on(finding(e, Finding::Kind::kCorrected, t));
    return true;
  }
  return false;
}

void Sequence::describe(uint32_t episode, Description& out, Arena& arena) {
  const Episode* e = find(episode);
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
  if (g.count > 0) out.gone = RowFacts{{}, {}, g.city, g.town, g.village, g.grid};
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
  out.total = e->total;
  out.values.clear();
  const Scope scope(plan_, view_of(rows), nullptr, rows.empty() ? PackedRow() : rows.back(), &latest, arena);
  for (size_t s = 0; s < scope.slots(); ++s) out.values.push_back(scope.get(static_cast<int>(s)));
  place_members(out);
}

Position Sequence::name(uint32_t episode) {
  const Episode& e = *find(episode);
  Arena arena(4096);
  const Parts p = parts(e.first_end, e.last_end, false, arena);
  for (size_t i = p.begin; i < p.end; ++i) {
    if (!p.has(i) || (rows_.flags(i) & kNamed) != 0) continue;
    rows_.set_flags(i, rows_.flags(i) | kNamed);
    return rows_.position(i);
  }
  // All have named an alert before: a name of its own all the same.
  return {e.first_end.time, e.first_end.uid + 0x9e3779b97f4a7c15u * e.handle};
}

}  // namespace tocsin::detect
