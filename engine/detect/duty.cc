#include "detect/duty.h"

#include <algorithm>

namespace tocsin::detect {
namespace {

const std::vector<Pause> kNoPauses;

}  // namespace

// due_at, overdue, elapsed and the counts, as of one instant.
class Duty::Values final : public KindScope {
 public:
  Values(const Duty& duty, const Owed& owed, const SpanClock& clock, TimeMs as_of)
      : duty_(duty), owed_(owed), clock_(clock), as_of_(as_of) {}
  expr::Value kind_value(size_t index, Arena&) const override {
    using expr::Value;
    if (index == 0) return Value::timestamp(owed_.end());
    if (index == 1) return Value::duration(as_of_ - owed_.end());
    if (index == 2) return Value::number(clock_.elapsed(as_of_));
    return Value::integer(duty_.count(owed_, index - 3, as_of_));
  }

 private:
  const Duty& duty_;
  const Owed& owed_;
  const SpanClock& clock_;
  const TimeMs as_of_;
};

// ---- periods and rows come and go

void Duty::owe(TimeMs start) {
  if (std::any_of(owed_.begin(), owed_.end(), [&](const Owed& o) { return o.start.time == start; })) return;
  Owed o;
  o.handle = next_handle_++;
  const TimeMs end = plan_.duties->every.next(start);
  o.start = {start, static_cast<uint64_t>(end)};
  o.as_of = start;
  o.given_up = plan_.duties->every.next(end);
  o.checked = start - 1;
  const auto at =
      std::upper_bound(owed_.begin(), owed_.end(), start, [](TimeMs t, const Owed& x) { return t < x.start.time; });
  refresh(*owed_.insert(at, o));
  trim();
}

void Duty::insert(const Row& row) {
  Kept k;
  k.position = position_of(row);
  k.roles = row.roles;
  append_packed(k.bytes, row);
  const auto at = std::upper_bound(rows_.begin(), rows_.end(), k.position,
                                   [](const Position& p, const Kept& x) { return p < x.position; });
  rows_.insert(at, std::move(k));
  if (rows_.size() <= kMaxEvents) return;
  rows_.erase(rows_.begin());
  ++dropped_;
}

void Duty::add(const Row& row, FindingSink& sink, Arena& arena) {
  Cause cause{&row, row.time, Reason::kMatched, false};
  TimeMs from = row.time;
  if (revising_.has_value() && revising_->uid == row.uid) {
    cause.correction = revising_->found;
    if (cause.correction) cause.reason = Reason::kRevised;
    from = std::min(from, revising_->time);
    revising_.reset();
  }
  // What no period that may still come or is still remembered can count.
  const bool useless = owed_.empty() ? row.late : row.time < owed_.front().start.time;
  // A late record that comes again is not in the router's memory.
  if (row.late) std::erase_if(rows_, [&](const Kept& k) { return k.position.uid == row.uid; });
  if (!useless) insert(row);
  if (!useless || cause.correction) refold(cause, from, sink, arena);
  trim();
}

void Duty::retract(uint64_t uid, bool withdrawn, const Row& cause_row, FindingSink& sink, Arena& arena) {
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Kept& k) { return k.position.uid == uid; });
  Revision r{uid, cause_row.time, at != rows_.end()};
  if (r.found) {
    r.time = at->position.time;
    rows_.erase(at);
  }
  if (!withdrawn) {
    revising_ = r;
  } else if (r.found) {
    refold({&cause_row, cause_row.time, Reason::kWithdrawn, true}, r.time, sink, arena);
  }
}

void Duty::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const Revision r = *revising_;
  revising_.reset();
  if (r.found) refold({nullptr, r.time, Reason::kRevised, true}, r.time, sink, arena);
}

// ---- obligations, as the rows have them

uint32_t Duty::count(const Owed& o, size_t expectation, TimeMs as_of) const {
  uint32_t n = 0;
  for (const Kept& k : rows_) {
    if (k.position.time > as_of) break;
    if (k.position.time >= o.start.time && (k.roles >> expectation & 1) != 0) ++n;
  }
  return n;
}

// When the last of its expectations was met; kNever while one is not, or where it came after it was given up.
TimeMs Duty::met_at(const Owed& o) const {
  TimeMs met = o.start.time;
  for (size_t i = 0; i < plan_.duties->expect.size(); ++i) {
    uint32_t missing = plan_.duties->expect[i].at_least;
    for (const Kept& k : rows_) {
      if (k.position.time < o.start.time || (k.roles >> i & 1) == 0) continue;
      if (k.position.time > o.given_up) return kNever;
      met = std::max(met, k.position.time);
      if (--missing == 0) break;
    }
    if (missing > 0) return kNever;
  }
  return met;
}

SpanClock Duty::clock(const Owed& o) const { return {plan_, o.start.time, o.end(), kNoPauses}; }

void Duty::refresh(Owed& o) {
  o.answered = met_at(o);
  schedule(o);
}

void Duty::schedule(Owed& o) {
  o.next = clock(o).next_mark(o.checked);
  if (o.next >= o.answered || o.next >= o.given_up) o.next = kNever;
}

auto Duty::deciding(FindingSink& sink, Arena& arena) {
  const auto judges = [this, &arena](Owed& o, TimeMs as_of) { return judge(o, as_of, arena); };
  const auto refreshes = [this](Owed& o) { refresh(o); };
  return Obliged<Owed, decltype(judges), decltype(refreshes)>(sink, judges, refreshes);
}

// Brings what stands in line with what the rows have, and reports the difference. The rows changed at `from` and later.
void Duty::refold(const Cause& cause, TimeMs from, FindingSink& sink, Arena& arena) {
  auto obliged = deciding(sink, arena);
  for (Owed& o : owed_) {
    if (from < o.start.time && cause.time < o.start.time) continue;
    const TimeMs before = o.answered;
    refresh(o);
    Cause mine = cause;
    mine.correction = cause.correction && from <= std::max(o.as_of, o.checked);
    obliged.amend(o, before, mine);
  }
}

bool Duty::judge(Owed& o, TimeMs as_of, Arena& arena) {
  o.as_of = as_of;
  if (owner_ == nullptr) return false;
  const SpanClock span = clock(o);
  const Values values(*this, o, span, as_of);
  RowsView rows;
  rows.owner = owner_;
  rows.at = [](const void* owner, size_t) { return PackedRow(static_cast<const Duties::Owner*>(owner)->row.data()); };
  rows.count = 1;
  const Scope scope(plan_, rows, nullptr, rows[0], &values, arena);
  if (!fires(plan_, scope, arena)) return false;
  o.severity = severity_of(plan_, scope, arena);
  return true;
}

// ---- time passes

// When an event of this time matters to no period any more.
TimeMs Duty::outlived(TimeMs event) const {
  const Periods& every = plan_.duties->every;
  return every.next(every.next(event));
}

TimeMs Duty::next_deadline() const {
  TimeMs next = owed_.empty() && !rows_.empty() ? outlived(rows_.front().position.time) : kNever;
  for (const Owed& o : owed_) next = std::min({next, o.next, o.given_up});
  return next;
}

void Duty::advance(TimeMs deadline, FindingSink& sink, Arena& arena) {
  auto obliged = deciding(sink, arena);
  for (Owed& o : owed_) {
    if (o.next <= deadline) obliged.pass(o);
  }
  give_up(deadline, sink);
}

void Duty::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  auto obliged = deciding(sink, arena);
  for (Owed& o : owed_) obliged.rejudge(o, now);
}

void Duty::give_up(TimeMs deadline, FindingSink& sink) {
  for (Owed& o : owed_) {
    if (o.given_up > deadline || !o.fired) continue;
    const Reason reason = o.told_answer ? Reason::kStage : Reason::kDeadline;
    sink.on(finding(o, Finding::Kind::kGone, reason, o.given_up, nullptr));
  }
  std::erase_if(owed_, [&](const Owed& o) { return o.given_up <= deadline; });
  if (owed_.empty()) std::erase_if(rows_, [&](const Kept& k) { return outlived(k.position.time) <= deadline; });
  trim();
}

// Drops the rows that no period needs.
void Duty::trim() {
  if (owed_.empty()) return;
  std::erase_if(rows_, [&](const Kept& k) { return k.position.time < owed_.front().start.time; });
}

void Duty::forget(uint32_t episode) {
  if (Owed* o = find(episode); o != nullptr) o->fired = false;
}

Duty::Owed* Duty::find(uint32_t handle) {
  for (Owed& o : owed_) {
    if (o.handle == handle) return &o;
  }
  return nullptr;
}

// ---- for people, and for the store

void Duty::describe(uint32_t episode, Description& out, Arena& arena) {
  const Owed* o = find(episode);
  if (o == nullptr) return;
  out.members.clear();
  out.values.clear();
  for (const Kept& k : rows_) {
    if (k.position.time < o->start.time || k.position.time > o->as_of) continue;
    out.members.push_back({k.position.time, k.position.uid, PackedRow(k.bytes.data())});
  }
  out.total = out.members.size();
  if (owner_ == nullptr) return;
  const PackedRow row(owner_->row.data());
  out.label = owner_->label;
  out.subject = row.facts();
  out.has_location = row.has_location();
  if (out.has_location) row.location(out.lon, out.lat);
  const SpanClock span = clock(*o);
  const Values values(*this, *o, span, o->as_of);
  RowsView rows;
  rows.owner = owner_;
  rows.at = [](const void* owner, size_t) { return PackedRow(static_cast<const Duties::Owner*>(owner)->row.data()); };
  rows.count = 1;
  const Scope scope(plan_, rows, nullptr, row, &values, arena);
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
}

// No event names it: the period does.
Position Duty::name(uint32_t episode) { return find(episode)->start; }

void Duty::encode(Writer& out) const {
  out.varint(next_handle_);
  out.varint(dropped_);
  out.varint(rows_.size());
  for (const Kept& k : rows_) {
    detect::encode(out, k.position);
    out.varint(k.roles);
    out.str(k.bytes);
  }
  out.varint(owed_.size());
  for (const Owed& o : owed_) {
    detect::encode(out, o);
    out.zigzag(o.given_up);
  }
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->time);
  out.flag(revising_->found);
}

Status Duty::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  dropped_ = in.varint();
  const uint64_t rows = in.varint();
  if (rows > in.remaining()) return corrupt("the events of what a row owes are cut short");
  for (uint64_t i = 0; i < rows; ++i) {
    Kept k;
    k.position = decode_position(in);
    k.roles = static_cast<uint32_t>(in.varint());
    k.bytes = in.str();
    if (!in.ok() || !well_formed(k.bytes, 0)) return corrupt("an event of what a row owes does not decode");
    rows_.push_back(std::move(k));
  }
  const uint64_t owed = in.varint();
  if (owed > in.remaining()) return corrupt("what a row owes is cut short");
  for (uint64_t i = 0; i < owed; ++i) {
    Owed o;
    detect::decode(in, o);
    o.given_up = in.instant();
    owed_.push_back(o);
  }
  if (in.flag()) {
    revising_ = Revision{};
    revising_->uid = in.fixed64();
    revising_->time = in.instant();
    revising_->found = in.flag();
  }
  // Thresholds may be others now. In the middle of a revision the answer is still the one before it.
  for (Owed& o : owed_) revising_.has_value() ? schedule(o) : refresh(o);
  return in.ok() ? Status() : corrupt("what a row owes does not decode");
}

size_t Duty::bytes() const {
  size_t n = sizeof(*this) + owed_.capacity() * sizeof(Owed);
  for (const Kept& k : rows_) n += sizeof(Kept) + k.bytes.capacity();
  return n;
}

}  // namespace tocsin::detect
