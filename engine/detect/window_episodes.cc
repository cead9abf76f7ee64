// How the rows of a window rule hang together as episodes after something came out of order or was taken back.
#include <algorithm>

#include "detect/window.h"

namespace tocsin::detect {

bool Window::overlaps(const Episode& e, const Run& run) const {
  return run.first_end <= e.last_end && e.first_end <= run.last_end;
}

Finding Window::finding(const Episode& e, Finding::Kind kind, const Touched& t) const {
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
int Window::begun() const {
  if (base_.last == kNoTime) return -1;
  const Position oldest = rows_.empty() ? Position{kNever, 0} : rows_.position(0);
  for (size_t i = episodes_.size(); i-- > 0;) {
    if (!episodes_[i].over && episodes_[i].gone.last_end != Position{} && episodes_[i].first_end < oldest) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

std::vector<Window::Run> Window::fold_all() {
  std::vector<Run> runs;
  fold_ = base_;
  if (const int owner = begun(); owner >= 0) {
    const Episode& e = episodes_[static_cast<size_t>(owner)];
    runs.push_back({e.first_end, e.gone.last_end, base_.last, owner, true});
  }
  fold_rows(fold_, 0, rows_.size(), [&](size_t i, Fold::Step step) {
    if (step == Fold::Step::kNone) return;
    const Position p = rows_.position(i);
    if (step == Fold::Step::kBegin || (runs.empty() && step == Fold::Step::kJoin)) {
      runs.push_back({p, p, p.time});
    } else if (!runs.empty()) {
      runs.back().last = p.time;
      if (step == Fold::Step::kJoin) runs.back().last_end = p;
    }
  });
  return runs;
}

// Which standing episode goes on in which run: each claims the first run that it overlaps, elders first; those that
// come too late are merged, those without a run are gone. Answers the episodes that go on and those that are over.
std::vector<Window::Episode> Window::claim(std::vector<Run>& runs, const Touched& t, FindingSink& sink) {
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

// A row out of order that leaves the episodes hanging together as they do, which is nearly always so: it lies among the
// rows of one, or belongs to none. False: they have to be folded anew.
bool Window::settle_inside(size_t at, Rejudged seen, const Touched& t, FindingSink& sink) {
  if (seen.flipped || plan_.resolve_when != nullptr) return false;
  const Position p = rows_.position(at);
  Episode* inside = nullptr;
  for (Episode& e : episodes_) {
    if (e.over) continue;
    if (e.first_end < p && p < e.last_end) inside = &e;
    // After it, but before its last matching event, or so late that it was over: nothing hangs on the row.
    const bool apart = p.time < e.last || (plan_.quiet > 0 && p.time > e.last + plan_.quiet);
    if (inside != &e && (p < e.first_end ? seen.held : !apart)) return false;
  }
  if (inside == nullptr) return !seen.held;
  Episode& e = *inside;
  if (!seen.held) return true;
  for (size_t i = at; i < rows_.size() && rows_.time(i) <= t.to && rows_.position(i) <= e.last_end; ++i) {
    if (!holds(i)) continue;
    e.worst = std::max(e.worst, severity(i));
    e.focus = rows_.position(i);
    if (rows_.time(i) == e.last_end.time) e.severity = severity(i);
  }
  e.total += newly_covered(e, at);
  sink.on(finding(e, Finding::Kind::kHolds, t));
  return true;
}

// How many rows are members of the episode by the row that was put in at `at`: itself, and those that only its window
// reaches.
uint32_t Window::newly_covered(const Episode& e, size_t at) const {
  size_t next = at + 1;  // the first row after it that holds; there is one, since the episode ends behind it
  while (next < rows_.size() && !holds(next)) ++next;
  const TimeMs reach = next < rows_.size() ? rows_.time(next) - within_ : kNever;
  uint32_t n = rows_.time(at) >= reach || holds(at) ? 1 : 0;
  if (!holds(at)) return n;
  const TimeMs begin = rows_.time(at) - within_;
  for (size_t i = at; i-- > 0 && rows_.time(i) >= begin;) {
    if (holds(i) && e.first_end <= rows_.position(i)) break;  // its window covers what lies before
    if (rows_.time(i) < reach) ++n;
  }
  return n;
}

void Window::refold(const Touched& t, FindingSink& sink) {
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
    if (auto f = settle_run(e, run, fresh, split, t); f.has_value()) findings.push_back(*f);
    next.push_back(e);
  }
  std::sort(next.begin(), next.end(), [](const Episode& a, const Episode& b) { return a.first_end < b.first_end; });
  episodes_ = std::move(next);
  if (expiry_ == kNever && !rows_.empty()) expiry_ = rows_.time(0) + horizon_;
  for (const Finding& f : findings) sink.on(f);
}

// Brings an episode up to date with its run and answers what is to be told of it.
std::optional<Finding> Window::settle_run(Episode& e, const Run& run, bool fresh, bool split, const Touched& t) {
  e.first_end = run.first_end;
  e.last_end = run.last_end;
  e.last = run.last;
  const bool all = fresh || t.correction;
  bool touched = false;
  if (all) e.worst = e.gone.worst;
  const TimeMs from = all ? e.first_end.time : std::max(e.first_end.time, t.from);
  const TimeMs to = all ? e.last_end.time : std::min(e.last_end.time, t.to);
  for (size_t i = rows_.lower_bound(from); i < rows_.size() && rows_.time(i) <= to;) {
    const size_t end = rows_.upper_bound(rows_.time(i));
    if (holds(i)) {
      const Severity s = severity(i);
      e.worst = std::max(e.worst, s);
      if (rows_.time(i) == e.last_end.time) e.severity = s;
      if (!fresh || split || rows_.time(i) <= t.to) e.focus = rows_.position(end - 1);
      touched = true;
    }
    i = end;
  }
  if (e.focus == Position{} || rows_.lower_bound(e.focus) == rows_.size()) e.focus = e.last_end;
  e.total = e.gone.count;
  for_each_member_run(e, [&](size_t begin, size_t end) { e.total += static_cast<uint32_t>(end - begin); });
  if (fresh) {
    Finding f = finding(e, Finding::Kind::kHolds, t);
    f.reason = split ? Reason::kSplit : t.reason == Reason::kRule ? Reason::kRule : Reason::kMatched;
    return f;
  }
  if (t.correction) return finding(e, Finding::Kind::kCorrected, t);
  const bool beside = t.cause != nullptr && t.time >= e.first_end.time && t.time <= e.last;
  if (!touched && !beside) return std::nullopt;
  return finding(e, touched ? Finding::Kind::kHolds : Finding::Kind::kMatched, t);
}

void Window::describe(uint32_t episode, Description& out, Arena& arena) {
  const Episode* e = find(episode);
  if (e == nullptr) return;
  out.members.clear();
  for (const Listed& l : e->gone.listed) {
    out.members.push_back({l.position.time, l.position.uid, PackedRow(l.bytes.data())});
  }
  if (e->gone.count > 0) {
    const Gone& g = e->gone;
    out.gone = RowFacts{{}, {}, g.city, g.town, g.village, g.grid};
  }
  for_each_member_run(*e, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) out.members.push_back({rows_.time(i), rows_.uid(i), rows_.row(i)});
  });
  out.total = e->total;
  out.values.clear();
  size_t focus = rows_.lower_bound(e->focus);
  const bool here = !rows_.empty();
  if (here && (focus == rows_.size() || rows_.position(focus) != e->focus)) focus = rows_.size() - 1;
  const Scope scope = here ? scope_at(focus, arena) : Scope(plan_, RowsView{}, nullptr, PackedRow(), nullptr, arena);
  for (size_t s = 0; s < scope.slots(); ++s) out.values.push_back(scope.get(static_cast<int>(s)));
  place_members(out);
}

Position Window::name(uint32_t episode) {
  const Episode& e = *find(episode);
  Position found;
  for_each_member_run(e, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end && found == Position{}; ++i) {
      if ((rows_.flags(i) & kNamed) != 0) continue;
      rows_.set_flags(i, rows_.flags(i) | kNamed);
      found = rows_.position(i);
    }
  });
  // All have named an alert before: a name of its own all the same.
  return found != Position{} ? found : Position{e.first_end.time, e.first_end.uid + 0x9e3779b97f4a7c15u * e.handle};
}

void Window::encode(Writer& out) const {
  rows_.encode(out);
  for (const Fold& f : {fold_, base_}) {
    out.flag(f.open);
    for (TimeMs t : {f.last, f.ended, f.keep_since}) out.zigzag(t);
  }
  out.zigzag(complete_from_);
  out.zigzag(expiry_);
  out.varint(next_handle_);
  out.varint(dropped_);
  out.flag(revising_.has_value());
  if (revising_.has_value()) {
    out.fixed64(revising_->uid);
    out.zigzag(revising_->time);
    out.zigzag(revising_->cause_time);
    out.flag(revising_->named);
  }
  out.varint(episodes_.size());
  for (const Episode& e : episodes_) {
    out.varint(e.handle);
    out.zigzag(e.opened_at);
    detect::encode(out, e.first_end);
    detect::encode(out, e.last_end);
    detect::encode(out, e.focus);
    out.zigzag(e.last);
    out.varint(e.total);
    out.varint(e.gone.count);
    out.u8(static_cast<uint8_t>(e.gone.worst));
    detect::encode(out, e.gone.last_end);
    for (const std::string* code : {&e.gone.city, &e.gone.town, &e.gone.village, &e.gone.grid}) out.str(*code);
    out.varint(e.gone.listed.size());
    for (const Listed& l : e.gone.listed) {
      detect::encode(out, l.position);
      out.str(l.bytes);
    }
    out.u8(static_cast<uint8_t>(e.severity));
    out.u8(static_cast<uint8_t>(e.worst));
    out.flag(e.over);
  }
}

Status Window::decode(Reader& in) {
  if (Status s = rows_.decode(in, plan_.cells); !s) return s;
  for (Fold* f : {&fold_, &base_}) {
    f->open = in.flag();
    for (TimeMs* t : {&f->last, &f->ended, &f->keep_since}) *t = in.instant();
  }
  complete_from_ = in.instant();
  expiry_ = in.instant();
  next_handle_ = static_cast<uint32_t>(in.varint());
  dropped_ = in.varint();
  if (in.flag()) {
    revising_ = Revision{};
    revising_->uid = in.fixed64();
    revising_->time = in.instant();
    revising_->cause_time = in.instant();
    revising_->named = in.flag();
  }
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("a key's episodes are cut short");
  for (uint64_t i = 0; i < n; ++i) {
    Episode e;
    e.handle = static_cast<uint32_t>(in.varint());
    e.opened_at = in.instant();
    e.first_end = decode_position(in);
    e.last_end = decode_position(in);
    e.focus = decode_position(in);
    e.last = in.instant();
    e.total = static_cast<uint32_t>(in.varint());
    e.gone.count = static_cast<uint32_t>(in.varint());
    e.gone.worst = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
    e.gone.last_end = decode_position(in);
    for (std::string* code : {&e.gone.city, &e.gone.town, &e.gone.village, &e.gone.grid}) *code = in.str();
    const uint64_t listed = in.varint();
    for (uint64_t k = 0; k < listed && in.ok(); ++k) {
      const Position p = decode_position(in);
      e.gone.listed.push_back({p, std::string(in.str())});
      if (!well_formed(e.gone.listed.back().bytes, plan_.cells)) return corrupt("a member's row does not decode");
    }
    e.severity = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
    e.worst = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
    e.over = in.flag();
    episodes_.push_back(e);
  }
  return in.ok() ? Status() : corrupt("a window key does not decode");
}

}  // namespace tocsin::detect
