// How the rows of a window rule hang together as episodes after something came out of order or was taken back.
#include <algorithm>

#include "detect/window.h"

namespace tocsin::detect {

std::vector<RunRows> Window::fold_all() {
  std::vector<RunRows> runs;
  fold_ = base_;
  if (const int owner = begun(episodes_, base_, oldest(rows_)); owner >= 0) {
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
  std::vector<RunRows> runs = fold_all();
  if (expiry_ == kNever && !rows_.empty()) expiry_ = rows_.time(0) + horizon_;
  const auto settle = [&](Episode& e, const RunRows& run, bool fresh, bool split, std::vector<Finding>& findings) {
    if (auto f = settle_run(e, run, fresh, split, t); f.has_value()) findings.push_back(*f);
  };
  carry_on(episodes_, std::move(runs), next_handle_, t, sink, settle);
}

// Brings an episode up to date with its run and answers what is to be told of it.
std::optional<Finding> Window::settle_run(Episode& e, const RunRows& run, bool fresh, bool split, const Touched& t) {
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
  const Episode* e = find(episodes_, episode);
  if (e == nullptr) return;
  out.members.clear();
  for (const Kept& k : e->gone.kept) {
    out.members.push_back({k.position.time, k.position.uid, PackedRow(k.bytes.data())});
  }
  if (e->gone.count > 0) out.gone = e->gone.shared();
  for_each_member_run(*e, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) out.members.push_back({rows_.time(i), rows_.uid(i), rows_.row(i)});
  });
  const bool nothing = out.members.empty() && e->gone.count == 0;
  out.total = nothing ? 0 : e->total;
  out.values.clear();
  size_t focus = rows_.lower_bound(e->focus);
  const bool here = !rows_.empty();
  if (here && (focus == rows_.size() || rows_.position(focus) != e->focus)) focus = rows_.size() - 1;
  const PackedRow subject = here ? rows_.row(focus) : PackedRow();
  const Scope scope =
      here && !nothing ? scope_at(focus, arena) : Scope(plan_, RowsView{}, nullptr, subject, nullptr, arena);
  for (size_t s = 0; s < scope.slots(); ++s) out.values.push_back(scope.get(static_cast<int>(s)));
  place_members(out);
}

Position Window::name(uint32_t episode) {
  const Episode& e = *find(episodes_, episode);
  Position found;
  for_each_member_run(e, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end && found == Position{}; ++i) {
      if ((rows_.flags(i) & kNamed) != 0) continue;
      rows_.set_flags(i, rows_.flags(i) | kNamed);
      found = rows_.position(i);
    }
  });
  return found != Position{} ? found : spare_name(e);
}

void Window::encode(Writer& out) const {
  rows_.encode(out);
  for (const Fold& f : {fold_, base_}) detect::encode(out, f);
  out.zigzag(complete_from_);
  out.zigzag(expiry_);
  out.varint(next_handle_);
  out.varint(dropped_);
  detect::encode(out, revising_);
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
    e.gone.encode_areas(out);
    out.varint(e.gone.kept.size());
    for (const Kept& k : e.gone.kept) {
      detect::encode(out, k.position);
      out.str(k.bytes);
    }
    out.u8(static_cast<uint8_t>(e.severity));
    out.u8(static_cast<uint8_t>(e.worst));
    out.flag(e.over);
  }
}

Status Window::decode(Reader& in) {
  if (Status s = rows_.decode(in, plan_.cells); !s) return s;
  for (Fold* f : {&fold_, &base_}) detect::decode(in, *f);
  complete_from_ = in.instant();
  expiry_ = in.instant();
  next_handle_ = static_cast<uint32_t>(in.varint());
  dropped_ = in.varint();
  detect::decode(in, revising_);
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
    e.gone.worst = decode_severity(in);
    e.gone.last_end = decode_position(in);
    e.gone.decode_areas(in);
    const uint64_t kept = in.varint();
    for (uint64_t k = 0; k < kept && in.ok(); ++k) {
      const Position p = decode_position(in);
      e.gone.kept.push_back({p, std::string(in.str())});
      if (!well_formed(e.gone.kept.back().bytes, plan_.cells)) return corrupt("a member's row does not decode");
    }
    e.severity = decode_severity(in);
    e.worst = decode_severity(in);
    e.over = in.flag();
    episodes_.push_back(e);
  }
  return in.ok() ? Status() : corrupt("a window key does not decode");
}

}  // namespace tocsin::detect
