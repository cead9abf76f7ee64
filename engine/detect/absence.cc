#include "detect/absence.h"

#include <algorithm>

namespace tocsin::detect {
namespace {

constexpr DurationMs kWeek = 7 * 24 * 3600 * DurationMs{1000};

DurationMs memory_of(const Plan& plan) {
  const bool plain = plan.within.unit == Span::Unit::kPlain && !plan.until;
  return plan.lateness + (plain ? std::min(plan.within.amount, kWeek) : kWeek);
}

template <typename Items, typename F>
void erase_where(Items& items, F&& gone) {
  items.erase(std::remove_if(items.begin(), items.end(), gone), items.end());
}

}  // namespace

// due_at, overdue, elapsed as of one instant.
class Absence::Values final : public KindScope {
 public:
  Values(const SpanClock& clock, TimeMs as_of) : clock_(clock), as_of_(as_of) {}
  expr::Value kind_value(size_t index, Arena&) const override {
    using expr::Value;
    if (index == 2) return Value::number(clock_.elapsed(as_of_));
    const TimeMs due = clock_.due();
    if (due == kNever) return {};  // paused
    return index == 0 ? Value::timestamp(due) : Value::duration(as_of_ - due);
  }

 private:
  const SpanClock& clock_;
  const TimeMs as_of_;
};

Absence::Absence(const Plan& plan) : plan_(plan), memory_(memory_of(plan)) {}

// ---- rows come and go

void Absence::insert(const Row& row, uint32_t roles, bool named) {
  Kept k;
  k.position = position_of(row);
  k.roles = roles;
  k.due_at = row.due_at;
  k.named = named;
  k.label = row.label;
  append_packed(k.bytes, row);
  const auto at = std::upper_bound(rows_.begin(), rows_.end(), k.position,
                                   [](const Position& p, const Kept& x) { return p < x.position; });
  rows_.insert(at, std::move(k));
}

const Absence::Kept* Absence::kept(Position p) const {
  const auto at =
      std::lower_bound(rows_.begin(), rows_.end(), p, [](const Kept& x, const Position& q) { return x.position < q; });
  return at != rows_.end() && at->position == p ? &*at : nullptr;
}

void Absence::add(const Row& row, FindingSink& sink, Arena& arena) {
  const bool revision = revising_.has_value() && revising_->uid == row.uid;
  Cause cause{{&row, row.time, Reason::kMatched, false}, row.uid};
  uint32_t roles = row.roles;
  if (row.late) roles &= ~kAfter;
  bool named = false;
  if (revision) {
    // An event that had its say long ago and has been forgotten since does not start anew by being revised.
    if (!revising_->started && row.watermark != kNoTime && row.time < row.watermark) roles &= ~kAfter;
    named = revising_->named;
    cause.correction = revising_->found;
    if (cause.correction) cause.reason = Reason::kRevised;
    revising_.reset();
  }
  if (roles != 0) insert(row, roles, named);
  while (rows_.size() > plan_.max_rows_per_key) {
    rows_.erase(rows_.begin());
    ++dropped_;
  }
  if (roles != 0 || cause.correction) refold(cause, sink, arena);
}

void Absence::retract(uint64_t uid, bool withdrawn, const Row& cause_row, FindingSink& sink, Arena& arena) {
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Kept& k) { return k.position.uid == uid; });
  Revision r{uid, cause_row.time, at != rows_.end(), false, false};
  if (r.found) {
    r.named = at->named;
    r.started = (at->roles & kAfter) != 0;
    rows_.erase(at);
  }
  if (!withdrawn) {
    revising_ = r;
  } else if (r.found) {
    refold({{&cause_row, cause_row.time, Reason::kWithdrawn, true}, uid}, sink, arena);
  }
}

void Absence::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const Revision r = *revising_;
  revising_.reset();
  if (r.found) refold({{nullptr, r.cause_time, Reason::kRevised, true}, r.uid}, sink, arena);
}

// ---- obligations, as the rows have them

absl::InlinedVector<Absence::Found, 4> Absence::obligations() const {
  absl::InlinedVector<Found, 4> out;
  absl::InlinedVector<std::string_view, 4> labels;
  for (const Kept& k : rows_) {
    if ((k.roles & kAfter) == 0 || (plan_.until && k.due_at == kNoTime)) continue;
    const TimeMs t = k.position.time;
    bool pending = false;
    for (size_t i = 0; i < out.size() && !pending; ++i) {
      const bool over = out[i].answered < t || (out[i].answered == t && out[i].answered_by == k.position.uid);
      pending = labels[i] == k.label && !over;
    }
    if (pending) continue;
    Found f;
    f.start = k.position;
    for (const Kept& e : rows_) {
      if ((e.roles & kExpect) == 0 || e.position.time < t || e.position.uid == k.position.uid) continue;
      f.answered = e.position.time;
      f.answered_by = e.position.uid;
      break;
    }
    out.push_back(f);
    labels.push_back(k.label);
  }
  return out;
}

std::vector<Pause> Absence::pauses_of(Position start) const {
  std::vector<Pause> out;
  for (const Kept& k : rows_) {
    if (k.position.time < start.time || k.position == start) continue;
    const bool paused = !out.empty() && out.back().to == kNever;
    if ((k.roles & kUnpause) != 0 && paused) {
      out.back().to = k.position.time;
    } else if ((k.roles & kPause) != 0 && !paused) {
      out.push_back({k.position.time, kNever});
    }
  }
  return out;
}

// The deadline that events tell: the last extension's, or else the start's own.
TimeMs Absence::due_of(const Kept& start) const {
  TimeMs due = start.due_at;
  for (const Kept& k : rows_) {
    const bool extends = (k.roles & kExtend) != 0 && k.due_at != kNoTime;
    if (extends && k.position.time >= start.position.time && k.position != start.position) due = k.due_at;
  }
  return due;
}

SpanClock Absence::clock(const Owed& o) const { return {plan_, o.start.time, o.due_at, o.pauses}; }

void Absence::refresh(Owed& o) {
  o.pauses = pauses_of(o.start);
  const Kept* start = kept(o.start);
  o.due_at = start == nullptr ? kNoTime : due_of(*start);
  o.next = start == nullptr ? kNever : clock(o).next_mark(o.checked);
  if (o.next >= o.answered) o.next = kNever;
}

auto Absence::deciding(FindingSink& sink, Arena& arena) {
  const auto judges = [this, &arena](Owed& o, TimeMs as_of) { return judge(o, as_of, arena); };
  const auto refreshes = [this](Owed& o) { refresh(o); };
  return Obliged<Owed, decltype(judges), decltype(refreshes)>(sink, judges, refreshes);
}

// Brings what stands in line with what the rows have, and reports the difference.
void Absence::refold(const Cause& cause, FindingSink& sink, Arena& arena) {
  const bool starts = std::any_of(rows_.begin(), rows_.end(), [](const Kept& k) { return (k.roles & kAfter) != 0; });
  if (!starts && owed_.empty()) return reschedule();
  absl::InlinedVector<Owed, 1> before = std::move(owed_);
  owed_.clear();
  absl::InlinedVector<TimeMs, 4> answered_before;
  absl::InlinedVector<uint8_t, 4> same_start;
  absl::InlinedVector<uint8_t, 4> extended;
  const auto take = [&](auto&& matches) {
    const auto it = std::find_if(before.begin(), before.end(), matches);
    if (it == before.end()) return false;
    owed_.push_back(std::move(*it));
    before.erase(it);
    return true;
  };
  const absl::InlinedVector<Found, 4> all = obligations();
  for (const Found& f : all) {
    const std::string& label = kept(f.start)->label;
    bool known = take([&](const Owed& o) { return o.start == f.start; });
    same_start.push_back(known ? 1 : 0);
    if (!known) {  // the same obligation, but its first event is another now
      const auto elsewhere = [&](const Owed& o) {
        return std::any_of(all.begin(), all.end(), [&](const Found& g) { return g.start == o.start; });
      };
      known = take([&](const Owed& o) { return o.label == label && !elsewhere(o); });
    }
    if (!known) {
      Owed o;
      o.handle = next_handle_++;
      o.checked = f.start.time - 1;
      o.as_of = f.start.time;
      owed_.push_back(std::move(o));
    }
    Owed& o = owed_.back();
    answered_before.push_back(o.answered);
    if (o.start != f.start && !o.fired) o.checked = f.start.time - 1;
    o.start = f.start;
    o.label = label;
    o.answered = f.answered;
    const TimeMs due_before = o.due_at;
    refresh(o);
    extended.push_back(known && o.due_at != due_before ? 1 : 0);
  }
  for (Owed& gone : before) {
    owed_.push_back(gone);  // so that it can be described
    sink.on(finding(gone, Finding::Kind::kGone, cause.reason, cause.time, cause.row));
    owed_.pop_back();
  }
  auto obliged = deciding(sink, arena);
  for (size_t i = 0; i < owed_.size(); ++i) {
    Cause mine = cause;
    mine.correction = cause.correction && (cause.uid == owed_[i].start.uid || same_start[i] == 0);
    if (extended[i] != 0) {
      mine.correction = true;
      if (!cause.correction) mine.reason = Reason::kRecovered;
    }
    obliged.amend(owed_[i], answered_before[i], mine);
  }
  reschedule();
}

bool Absence::judge(Owed& o, TimeMs as_of, Arena& arena) {
  o.as_of = as_of;
  const Kept* start = kept(o.start);
  if (start == nullptr) return false;
  const SpanClock span = clock(o);
  const Values values(span, as_of);
  RowsView rows;
  rows.owner = start;
  rows.at = [](const void* owner, size_t) { return PackedRow(static_cast<const Kept*>(owner)->bytes.data()); };
  rows.count = 1;
  const Scope scope(plan_, rows, nullptr, rows[0], &values, arena);
  if (!fires(plan_, scope, arena)) return false;
  o.severity = severity_of(plan_, scope, arena);
  return true;
}

// ---- time passes

TimeMs Absence::next_deadline() const {
  TimeMs next = expiry_;
  for (const Owed& o : owed_) next = std::min(next, o.next);
  return next;
}

void Absence::advance(TimeMs deadline, FindingSink& sink, Arena& arena) {
  auto obliged = deciding(sink, arena);
  for (Owed& o : owed_) {
    if (o.next <= deadline) obliged.pass(o);
  }
  if (expiry_ <= deadline) expire(deadline + 1, sink);
  reschedule();
}

void Absence::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  auto obliged = deciding(sink, arena);
  for (Owed& o : owed_) obliged.rejudge(o, now);
  reschedule();
}

// Forgets what was answered long ago, and rows that no obligation needs.
void Absence::expire(TimeMs watermark, FindingSink& sink) {
  for (const Owed& o : owed_) {
    if (o.next != kNever || o.answered == kNever || o.answered >= watermark - memory_) continue;
    sink.on(finding(o, Finding::Kind::kGone, Reason::kStage, o.answered, nullptr));
  }
  erase_where(owed_, [&](const Owed& o) {
    return o.next == kNever && o.answered != kNever && o.answered < watermark - memory_;
  });
  TimeMs cut = watermark;
  for (const Owed& o : owed_) cut = std::min(cut, o.start.time);
  erase_where(rows_, [&](const Kept& k) { return k.position.time < cut; });
}

void Absence::reschedule() {
  expiry_ = kNever;
  if (rows_.empty() && owed_.empty()) return;
  if (owed_.empty()) {
    expiry_ = rows_.front().position.time;
    return;
  }
  for (const Owed& o : owed_) {
    if (o.next == kNever && o.answered != kNever) expiry_ = std::min(expiry_, o.answered + memory_);
  }
}

void Absence::forget(uint32_t episode) {
  if (Owed* o = find(episode); o != nullptr) o->fired = false;
}

Absence::Owed* Absence::find(uint32_t handle) {
  for (Owed& o : owed_) {
    if (o.handle == handle) return &o;
  }
  return nullptr;
}

// ---- for people, and for the store

void Absence::describe(uint32_t episode, Description& out, Arena& arena) {
  const Owed* o = find(episode);
  if (o == nullptr) return;
  const Kept* start = kept(o->start);
  out.members.clear();
  out.values.clear();
  RowsView rows;
  rows.at = [](const void* owner, size_t) { return PackedRow(static_cast<const Kept*>(owner)->bytes.data()); };
  rows.owner = start;
  if (start != nullptr) {
    rows.count = 1;
    out.members.push_back({o->start.time, o->start.uid, rows[0]});
  }
  out.total = rows.count;
  out.label = o->label;
  const SpanClock span = clock(*o);
  const Values values(span, o->as_of);
  const bool known = start != nullptr;
  const Scope scope(plan_, rows, nullptr, known ? rows[0] : PackedRow(), known ? &values : nullptr, arena);
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
  place_members(out);
}

Position Absence::name(uint32_t episode) {
  const Owed& o = *find(episode);
  const auto at = std::find_if(rows_.begin(), rows_.end(), [&](const Kept& k) { return k.position == o.start; });
  const bool used = at == rows_.end() || at->named;
  if (at != rows_.end()) at->named = true;
  return used ? Position{o.start.time, o.start.uid + 0x9e3779b97f4a7c15u * o.handle} : o.start;
}

void Absence::encode(Writer& out) const {
  out.varint(next_handle_);
  out.zigzag(expiry_);
  out.varint(dropped_);
  out.varint(rows_.size());
  for (const Kept& k : rows_) {
    detect::encode(out, k.position);
    out.varint(k.roles);
    out.zigzag(k.due_at);
    out.flag(k.named);
    out.str(k.label);
    out.str(k.bytes);
  }
  out.varint(owed_.size());
  for (const Owed& o : owed_) {
    detect::encode(out, o);
    out.str(o.label);
  }
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->cause_time);
  out.u8(static_cast<uint8_t>((revising_->found ? 1 : 0) | (revising_->named ? 2 : 0) | (revising_->started ? 4 : 0)));
}

Status Absence::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  expiry_ = in.instant();
  dropped_ = in.varint();
  const uint64_t rows = in.varint();
  if (rows > in.remaining()) return corrupt("an absence key's rows are cut short");
  for (uint64_t i = 0; i < rows; ++i) {
    Kept k;
    k.position = decode_position(in);
    k.roles = static_cast<uint32_t>(in.varint());
    k.due_at = in.instant();
    k.named = in.flag();
    k.label = in.str();
    k.bytes = in.str();
    if (!in.ok() || !well_formed(k.bytes, plan_.cells)) return corrupt("an absence key's row does not decode");
    rows_.push_back(std::move(k));
  }
  const uint64_t owed = in.varint();
  if (owed > in.remaining()) return corrupt("an absence key's obligations are cut short");
  for (uint64_t i = 0; i < owed; ++i) {
    Owed o;
    detect::decode(in, o);
    o.label = in.str();
    owed_.push_back(std::move(o));
  }
  if (in.flag()) {
    revising_ = Revision{};
    revising_->uid = in.fixed64();
    revising_->cause_time = in.instant();
    const uint8_t flags = in.u8();
    revising_->found = (flags & 1) != 0;
    revising_->named = (flags & 2) != 0;
    revising_->started = (flags & 4) != 0;
  }
  for (Owed& o : owed_) refresh(o);
  return in.ok() ? Status() : corrupt("an absence key does not decode");
}

size_t Absence::bytes() const {
  size_t n = sizeof(*this) + owed_.capacity() * sizeof(Owed);
  for (const Kept& k : rows_) n += sizeof(Kept) + k.bytes.capacity() + k.label.capacity();
  return n;
}

}  // namespace tocsin::detect
