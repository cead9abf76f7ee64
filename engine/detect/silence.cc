#include "detect/silence.h"

#include <algorithm>

namespace tocsin::detect {
namespace {

constexpr double kUsual = 0.01;     // usual_gap: what 99 of 100 silences stay under
constexpr int kForgottenAfter = 4;  // times the history

}  // namespace

// gap, usual_gap, p as of one instant.
class Silence::Values final : public KindScope {
 public:
  Values(const Silence& owner, TimeMs last, TimeMs as_of) : owner_(owner), last_(last), as_of_(as_of) {}
  expr::Value kind_value(size_t index, Arena&) const override {
    using expr::Value;
    if (index == 0) return Value::duration(as_of_ - last_);
    const GapModel& model = owner_.fitted(last_).model;
    if (!model.known()) return {};
    const TimeMs last = owner_.local(last_);
    if (index == 2) return Value::number(model.probability(last, last + (as_of_ - last_)));
    const DurationMs usual = model.gap(last, kUsual);
    return usual == kNever ? Value() : Value::duration(usual);
  }

 private:
  const Silence& owner_;
  const TimeMs last_, as_of_;
};

Silence::Silence(const Plan& plan) : plan_(plan), days_(plan.history / kDayMs), memory_(plan.lateness + kDayMs) {}

// ---- rows come and go

void Silence::count(TimeMs t, bool in) {
  const int64_t hour = floor_div(local(t), kHourMs), day = floor_div(hour, 24);
  if (in) {
    if (!rows_.empty() && day < floor_div(local(rows_.time(0)), kDayMs) - days_) return;
    hours_.add(hour, 1);
  } else if (hours_.at(hour) > 0) {
    hours_.add(hour, static_cast<uint32_t>(-1));
  }
  std::erase_if(fitted_, [day](const Fitted& f) { return f.model.day() > day; });
}

// Marks before the watermark have been judged: their timers were due before this input.
void Silence::seen(TimeMs watermark) {
  if (watermark != kNoTime) judged_ = std::max(judged_, watermark - 1);
}

void Silence::add(const Row& row, FindingSink& sink, Arena& arena) {
  seen(row.watermark);
  Cause cause{&row, row.time, row.late ? Reason::kLate : Reason::kMatched, false};
  bool named = false;
  if (revising_.has_value() && revising_->uid == row.uid) {
    cause.correction = revising_->found;
    if (cause.correction) cause.reason = Reason::kRevised;
    named = revising_->named;
    revising_.reset();
  }
  const bool old =
      rows_.empty() ? row.late : row.time < rows_.time(0) && judged_ != kNoTime && row.time < judged_ - memory_;
  if (!row.late) count(row.time, true);
  if (old) {
    if (cause.correction) review(cause, sink, arena);
    return;
  }
  const bool newest = rows_.empty() || rows_.position(rows_.size() - 1) < position_of(row);
  const size_t at = rows_.insert(row);
  rows_.set_flags(at, static_cast<uint8_t>((named ? kNamed : 0) | (row.late ? kLateRow : 0)));
  if (newest && alerts_.empty() && !cause.correction && !row.late) {
    // A mark of an earlier silence that has yet to pass comes first.
    if (due_ >= row.time) due_ = next_mark(at, std::max(judged_, row.time));
    evict(row.watermark);
    return reschedule_expiry();
  }
  review(cause, sink, arena);
  evict(row.watermark);
  reschedule_expiry();
}

void Silence::retract(uint64_t uid, bool withdrawn, const Row& cause_row, FindingSink& sink, Arena& arena) {
  seen(cause_row.watermark);
  const size_t at = rows_.find(uid);
  Revision r{uid, cause_row.time, true, false};
  if (at != rows_.size()) {
    r.named = (rows_.flags(at) & kNamed) != 0;
    const TimeMs time = rows_.time(at);
    const bool counted = (rows_.flags(at) & kLateRow) == 0;
    rows_.erase(at);
    if (counted) count(time, false);
  } else if (cause_row.was != kNoTime) {
    count(cause_row.was, false);
  } else {
    r.found = false;
  }
  if (!withdrawn) {
    revising_ = r;
    reschedule();
  } else if (r.found) {
    review({&cause_row, cause_row.time, Reason::kWithdrawn, true}, sink, arena);
  }
}

void Silence::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const Revision r = *revising_;
  revising_.reset();
  if (r.found) review({nullptr, r.cause_time, Reason::kRevised, true}, sink, arena);
}

// ---- verdicts

const Silence::Fitted& Silence::fitted(TimeMs last) const {
  const int64_t day = floor_div(local(last), kDayMs);
  for (const Fitted& f : fitted_) {
    if (f.model.day() == day) return f;
  }
  if (fitted_.size() == 2) fitted_.erase(fitted_.begin());
  Fitted f{GapModel::fit(hours_, day, days_), kNever};
  if (!plan_.gap_marks.empty()) f.least = plan_.gap_marks.front();
  if (!plan_.p_marks.empty() && f.model.known()) f.least = std::min(f.least, f.model.least_gap(plan_.p_marks.back()));
  fitted_.push_back(f);
  return fitted_.back();
}

// The first instant after `after` at which the verdict on the silence that begins with this row may change.
TimeMs Silence::next_mark(size_t row, TimeMs after) const {
  const TimeMs last = rows_.time(row);
  const GapModel& model = fitted(last).model;
  if (!model.known()) return kNever;
  TimeMs next = kNever;
  const auto offer = [&](DurationMs gap) {
    if (gap != kNever && last + gap > after) next = std::min(next, last + gap);
  };
  for (const DurationMs gap : plan_.gap_marks) offer(gap);
  const TimeMs on_clock = local(last);
  for (const double p : plan_.p_marks) offer(model.gap(on_clock, p));
  return next;
}

Silence::Verdict Silence::judge(size_t row, TimeMs as_of, Arena& arena) const {
  if (!fitted(rows_.time(row)).model.known()) return {};
  const Values values(*this, rows_.time(row), as_of);
  const RowsView view{&rows_, [](const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); },
                      row, 1};
  const Scope scope(plan_, view, nullptr, rows_.row(row), &values, arena);
  if (!fires(plan_, scope, arena)) return {};
  return {true, severity_of(plan_, scope, arena)};
}

// ---- what a change of the rows means for what was said

// Brings the alerts in line with the rows, and reports the difference.
void Silence::review(const Cause& cause, FindingSink& sink, Arena& arena) {
  rejoin(cause, sink);
  for (size_t i = 0; i < alerts_.size();) {
    if (amend(alerts_[i], cause, sink, arena)) {
      ++i;
    } else {
      alerts_.erase(alerts_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
  answer(cause, sink);
  if (cause.correction && judged_ != kNoTime && !rows_.empty() && rows_.time(0) < judged_) {
    const size_t running = rows_.upper_bound(judged_) - 1;
    const auto stands = [&](const Alert& a) { return a.start == rows_.position(running); };
    const Verdict v = judge(running, judged_, arena);
    if (v.holds && std::none_of(alerts_.begin(), alerts_.end(), stands)) {
      open(running, judged_, v, cause, sink);
      answer(cause, sink);
    }
  }
  if (rows_.empty() && alerts_.empty()) hours_ = {};
  reschedule();
}

// Each alert's silence as the rows have it now: the one that its verdict lies in. Two that became one are merged.
void Silence::rejoin(const Cause& cause, FindingSink& sink) {
  for (size_t i = 0; i < alerts_.size();) {
    Alert& a = alerts_[i];
    const size_t at = rows_.lower_bound(a.as_of);
    a.moved = at > 0 && a.start != rows_.position(at - 1);
    if (a.moved) a.start = rows_.position(at - 1);
    if (at == 0 || i == 0 || alerts_[i - 1].start != a.start) {
      ++i;
      continue;
    }
    Alert& elder = alerts_[i - 1];
    elder.as_of = std::max(elder.as_of, a.as_of);
    Finding f = finding(a, Finding::Kind::kMerged, cause.reason, cause.time, cause.row);
    f.into = elder.handle;
    if (!a.over) sink.on(f);
    alerts_.erase(alerts_.begin() + static_cast<ptrdiff_t>(i));
  }
}

// False: the silence was none.
bool Silence::amend(Alert& a, const Cause& cause, FindingSink& sink, Arena& arena) {
  const size_t at = rows_.lower_bound(a.as_of);
  const TimeMs ended = at < rows_.size() ? rows_.time(at) : kNever;
  Verdict v = at == 0 ? Verdict() : judge(at - 1, a.as_of, arena);
  if (at != 0 && ended > judged_ && judged_ > a.as_of) {  // it goes on: what holds now, counts
    const Verdict now = judge(at - 1, judged_, arena);
    if (now.holds && (!v.holds || now.severity != v.severity)) {
      v = now;
      a.as_of = judged_;
    }
  }
  if (!v.holds) {
    if (!a.over) sink.on(finding(a, Finding::Kind::kGone, cause.reason, cause.time, cause.row));
    return false;
  }
  const bool changed = cause.correction || a.moved || v.severity != a.severity;
  a.severity = v.severity;
  a.worst = cause.correction ? v.severity : std::max(a.worst, v.severity);
  if (a.over || (a.ended == kNever && ended != kNever)) return true;  // answer() tells
  if (ended != a.ended) {
    const bool again = ended == kNever, earlier = ended < a.ended;
    a.ended = ended;
    sink.on(finding(a, again ? Finding::Kind::kHolds : Finding::Kind::kAnswered,
                    again     ? cause.reason
                    : earlier ? Reason::kRecovered
                              : Reason::kLate,
                    again ? cause.time : ended, cause.row));
  } else if (changed) {
    sink.on(finding(a, Finding::Kind::kCorrected, cause.reason, cause.time, cause.row));
  }
  return true;
}

// Tells that a silence is over, once no mark before its end is left.
void Silence::answer(const Cause& cause, FindingSink& sink) {
  for (Alert& a : alerts_) {
    if (a.ended != kNever) continue;
    const size_t at = rows_.lower_bound(a.as_of);
    if (at == 0 || at >= rows_.size()) continue;
    if (next_mark(at - 1, std::max(judged_, a.as_of)) < rows_.time(at)) continue;
    a.ended = rows_.time(at);
    if (!a.over) sink.on(finding(a, Finding::Kind::kAnswered, Reason::kRecovered, a.ended, cause.row));
  }
}

void Silence::open(size_t row, TimeMs as_of, const Verdict& v, const Cause& cause, FindingSink& sink) {
  Alert a;
  a.handle = next_handle_++;
  a.start = rows_.position(row);
  a.as_of = as_of;
  a.severity = a.worst = v.severity;
  const auto after = [&](const Alert& x) { return a.start < x.start; };
  const auto at = alerts_.insert(std::find_if(alerts_.begin(), alerts_.end(), after), a);
  sink.on(finding(*at, Finding::Kind::kHolds, cause.reason, as_of, cause.row));
}

Finding Silence::finding(const Alert& a, Finding::Kind kind, Reason reason, TimeMs time, const Row* cause) const {
  Finding f;
  f.kind = kind;
  f.episode = a.handle;
  f.reason = reason;
  f.time = time;
  f.last = a.ended == kNever ? a.start.time : a.ended;
  f.severity = a.severity;
  f.worst = a.worst;
  f.total = 1;
  f.cause = cause;
  return f;
}

// ---- time passes

void Silence::advance(TimeMs deadline, FindingSink& sink, Arena& arena) {
  judged_ = std::max(judged_, deadline);
  if (due_ <= deadline) {
    const size_t row = rows_.lower_bound(deadline) - 1;
    const Verdict v = judge(row, deadline, arena);
    const Cause cause{nullptr, deadline, Reason::kDeadline, false};
    const auto stands = [&](const Alert& a) { return a.start == rows_.position(row); };
    const auto a = std::find_if(alerts_.begin(), alerts_.end(), stands);
    if (v.holds && a == alerts_.end()) {
      open(row, deadline, v, cause, sink);
    } else if (v.holds) {
      a->as_of = deadline;
      a->severity = v.severity;
      a->worst = std::max(a->worst, v.severity);
      if (!a->over) sink.on(finding(*a, Finding::Kind::kHolds, Reason::kDeadline, deadline, nullptr));
    }
    answer(cause, sink);
  }
  if (expiry_ <= deadline) expire(deadline + 1, sink);
  reschedule();
}

void Silence::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  seen(now);
  fitted_.clear();
  review({nullptr, now, Reason::kRule, true}, sink, arena);
}

// Rows that no correction needs, and counts that no silence looks back to.
void Silence::evict(TimeMs watermark) {
  if (watermark == kNoTime || rows_.size() <= kLeastRows) return;
  const TimeMs cut = std::min(watermark - plan_.lateness, alerts_.empty() ? kNever : alerts_.front().start.time);
  size_t n = 0;
  // The last row before the cut begins a silence that may have marks to come.
  while (n + kLeastRows < rows_.size() && rows_.time(n + 1) < cut) ++n;
  if (rows_.size() - n > kMostRows) {
    dropped_ += rows_.size() - n - kMostRows;
    n = rows_.size() - kMostRows;
  }
  if (n == 0) return;
  rows_.drop_front(n);
  hours_.drop_before(24 * (floor_div(local(rows_.time(0)), kDayMs) - days_));
}

void Silence::expire(TimeMs watermark, FindingSink& sink) {
  const auto done = [&](const Alert& a) { return a.ended != kNever && a.ended < watermark - memory_; };
  for (const Alert& a : alerts_) {
    if (done(a) && !a.over) sink.on(finding(a, Finding::Kind::kGone, Reason::kStage, a.ended, nullptr));
  }
  std::erase_if(alerts_, done);
  evict(watermark);
  const bool silent = !rows_.empty() && rows_.time(rows_.size() - 1) < watermark - kForgottenAfter * plan_.history;
  if (!alerts_.empty() || !silent) return;
  rows_ = {};
  hours_ = {};
  fitted_.clear();
}

void Silence::reschedule() {
  due_ = kNever;
  size_t row = judged_ == kNoTime ? 0 : rows_.upper_bound(judged_);
  if (row > 0) --row;
  for (; row < rows_.size() && due_ == kNever; ++row) {
    const TimeMs last = rows_.time(row), end = end_of(row);
    if (end != kNever && end - last <= fitted(last).least) continue;
    const TimeMs mark = next_mark(row, std::max(judged_, last));
    if (mark < end) due_ = mark;
  }
  reschedule_expiry();
}

void Silence::reschedule_expiry() {
  expiry_ = kNever;
  if (alerts_.empty() && !rows_.empty()) {
    expiry_ = rows_.time(rows_.size() - 1) + kForgottenAfter * plan_.history;
  }
  for (const Alert& a : alerts_) {
    if (a.ended != kNever) expiry_ = std::min(expiry_, a.ended + memory_);
  }
}

void Silence::forget(uint32_t episode) {
  Alert* a = find(episode);
  if (a != nullptr) a->over = true;
}

Silence::Alert* Silence::find(uint32_t handle) {
  const auto it = std::find_if(alerts_.begin(), alerts_.end(), [&](const Alert& a) { return a.handle == handle; });
  return it == alerts_.end() ? nullptr : &*it;
}

// ---- for people, and for the store

void Silence::describe(uint32_t episode, Description& out, Arena& arena) {
  const Alert* a = find(episode);
  if (a == nullptr) return;
  out.members.clear();
  out.values.clear();
  const size_t row = rows_.lower_bound(a->start);
  const bool known = row < rows_.size() && rows_.position(row) == a->start;
  RowsView view{&rows_, [](const void* owner, size_t i) { return static_cast<const RowStore*>(owner)->row(i); }, row,
                known ? size_t{1} : size_t{0}};
  if (known) out.members.push_back({a->start.time, a->start.uid, rows_.row(row)});
  out.total = view.count;
  const Values values(*this, a->start.time, a->as_of);
  const Scope scope(plan_, view, nullptr, known ? rows_.row(row) : PackedRow(), known ? &values : nullptr, arena);
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
  place_members(out);
}

Position Silence::name(uint32_t episode) {
  const Alert& a = *find(episode);
  const size_t row = rows_.lower_bound(a.start);
  const bool known = row < rows_.size() && rows_.position(row) == a.start;
  const bool used = !known || (rows_.flags(row) & kNamed) != 0;
  if (known) rows_.set_flags(row, rows_.flags(row) | kNamed);
  return used ? Position{a.start.time, a.start.uid + 0x9e3779b97f4a7c15U * a.handle} : a.start;
}

void Silence::encode(Writer& out) const {
  out.varint(next_handle_);
  out.zigzag(judged_);
  out.varint(dropped_);
  rows_.encode(out);
  hours_.encode(out);
  out.varint(alerts_.size());
  for (const Alert& a : alerts_) {
    out.varint(a.handle);
    detect::encode(out, a.start);
    out.zigzag(a.as_of);
    out.zigzag(a.ended);
    out.u8(static_cast<uint8_t>(a.severity));
    out.u8(static_cast<uint8_t>(a.worst));
    out.flag(a.over);
  }
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->cause_time);
  out.flag(revising_->found);
  out.flag(revising_->named);
}

Status Silence::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  judged_ = in.instant();
  dropped_ = in.varint();
  if (auto s = rows_.decode(in, plan_.cells); !s) return s;
  if (auto s = hours_.decode(in); !s) return s;
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("a silence key's alerts are cut short");
  for (uint64_t i = 0; i < n; ++i) {
    Alert a;
    a.handle = static_cast<uint32_t>(in.varint());
    a.start = decode_position(in);
    a.as_of = in.instant();
    a.ended = in.instant();
    a.severity = decode_severity(in);
    a.worst = decode_severity(in);
    a.over = in.flag();
    alerts_.push_back(a);
  }
  if (in.flag()) {
    revising_ = Revision{};
    revising_->uid = in.fixed64();
    revising_->cause_time = in.instant();
    revising_->found = in.flag();
    revising_->named = in.flag();
  }
  if (!in.ok()) return corrupt("a silence key does not decode");
  reschedule();
  return {};
}

size_t Silence::bytes() const {
  return sizeof(*this) + rows_.bytes() + hours_.bytes() + alerts_.capacity() * sizeof(Alert) +
         fitted_.capacity() * sizeof(Fitted);
}

}  // namespace tocsin::detect
