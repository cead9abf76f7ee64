#include "runtime/shard.h"

#include <algorithm>
#include <array>
#include <map>

namespace tocsin::runtime {

void Shard::Collector::emit(alert::Transition t) {
  t.tag = tag;
  ++tag.step;
  out_.push_back(std::move(t));
}

Shard::Shard(std::shared_ptr<const rule::RuleSet> rules, const TimeZone& zone, uint32_t index, uint32_t count,
             bool over_alerts)
    : rules_(std::move(rules)),
      zone_(zone),
      index_(index),
      count_(count),
      over_alerts_(over_alerts),
      keys_by_rule_(rules_->rules().size()),
      duties_(*rules_) {}

alert::Context Shard::context(uint16_t rule) {
  arena_.reset();
  return {rules_->rules()[rule], rule, zone_, watermark_, arena_, collector_};
}

Shard::Slot& Shard::slot(uint16_t rule, const Hash128& key, std::string_view key_text) {
  Slot& s = slots_[key];
  if (s.state == nullptr) {
    s.state = alert::make_key_state(rules_->rules()[rule], key, key_text);
    s.rule = rule;
    ++keys_by_rule_[rule];
  }
  return s;
}

void Shard::touch(const Hash128& key, Slot& s) {
  if (s.changed) return;
  s.changed = true;
  changed_.emplace_back(s.rule, key);
}

// Most keys come and go between two checkpoints, and the store never hears of them.
void Shard::drop(const Hash128& key, const Slot& s) {
  if (s.stored) gone_.emplace_back(s.rule, key);
  --keys_by_rule_[s.rule];
  slots_.erase(key);
}

// Timers before the event first, in their own order; then the event's own tag.
void Shard::begin_event(uint64_t position, uint16_t rule, const Hash128& key, TimeMs watermark) {
  if (watermark > watermark_) fire_due(watermark);
  const uint8_t phase = over_alerts_ && position == 0 ? 1 : 0;  // an alert that a timer has told
  collector_.tag = {watermark, phase, position, over_alerts_, rule, key, 0};
}

// After a call on a key: timers that it set in the past fire under the same tag; the rest are queued.
void Shard::finish(const Hash128& key, Slot& s) {
  touch(key, s);
  settle(key, s);
}

// False: nothing was left, and the key is gone.
bool Shard::settle(const Hash128& key, Slot& s) {
  TimeMs next = s.state->next_deadline();
  while (next < watermark_) {
    alert::Context c = context(s.rule);
    s.state->advance(next, c);
    next = s.state->next_deadline();
  }
  if (s.state->empty()) {
    drop(key, s);
    return false;
  }
  if (next < s.scheduled) {
    s.scheduled = next;
    timers_.push({next, s.rule, key});
  }
  return true;
}

// Periods that have begun and timers that are due, each in its turn.
void Shard::fire_due(TimeMs watermark) {
  watermark_ = watermark;
  duties_.begin(watermark);
  while (const auto begun = duties_.next(watermark)) {
    fire_timers(begun->start);
    begin_period(*begun);
  }
  fire_timers(watermark);
}

// Publishes nothing, so the order among the owners does not matter.
void Shard::begin_period(const Duties::Begun& begun) {
  if (over_alerts_) return;  // `each` reads no alerts
  for (const detect::Duties::Owner& owner : rules_->rules()[begun.rule].plan.duties->owners) {
    if (!owns(owner.key)) continue;
    Slot& s = slot(begun.rule, owner.key, owner.key_text);
    s.state->owe(begun.start);
    touch(owner.key, s);
    const TimeMs next = s.state->next_deadline();
    if (next >= s.scheduled) continue;
    s.scheduled = next;
    timers_.push({next, begun.rule, owner.key});
  }
}

void Shard::fire_timers(TimeMs before) {
  Timer timer{};
  while (timers_.pop(before, timer)) {
    if (const Timer* t = timers_.ahead(kSlotAhead)) slots_.prefetch(t->key);
    if (const Timer* t = timers_.ahead(kStateAhead)) fetch_state(t->key);
    const auto it = slots_.find(timer.key);
    if (it == slots_.end() || it->second.scheduled != timer.deadline) continue;
    Slot& s = it->second;
    s.scheduled = kNever;
    const TimeMs next = s.state->next_deadline();
    if (next == timer.deadline) {
      collector_.tag = {timer.deadline, 1, 0, over_alerts_, timer.rule, timer.key, 0};
      alert::Context c = context(s.rule);
      s.state->advance(next, c);
      touch(timer.key, s);
    }
    const TimeMs again = s.state->next_deadline();
    if (s.state->empty()) {
      drop(timer.key, s);
    } else if (again != kNever) {
      s.scheduled = again;
      timers_.push({again, s.rule, timer.key});
    }
  }
}

void Shard::apply_row(const DeltaOp& op) {
  row_arena_.reset();
  Reader in(op.body);
  detect::Row row = detect::decode_row(in, row_arena_);
  row.rule = op.rule;
  row.key = op.key;
  begin_event(row.position, op.rule, op.key, row.watermark);
  Slot& s = slot(op.rule, op.key, row.key_text);
  alert::Context c = context(op.rule);
  s.state->add(row, c);
  finish(op.key, s);
}

void Shard::apply_retraction(const DeltaOp& op) {
  row_arena_.reset();
  const Retraction r = decode_retraction(op.body, row_arena_);
  begin_event(r.cause.position, op.rule, op.key, r.cause.watermark);
  const auto it = slots_.find(op.key);
  if (it == slots_.end()) return;
  alert::Context c = context(op.rule);
  it->second.state->retract(r.uid, r.withdrawn, r.cause, c);
  finish(op.key, it->second);
}

void Shard::apply_action(const DeltaOp& op) {
  const PlacedAction a = decode_action(op.body);
  begin_event(a.position, op.rule, op.key, a.watermark);
  const auto it = slots_.find(op.key);
  if (it == slots_.end()) return;
  alert::Context c = context(op.rule);
  it->second.state->act(a.action, c);
  finish(op.key, it->second);
}

void Shard::fetch_state(const Hash128& key) const {
  const auto it = slots_.find(key);
  if (it == slots_.end()) return;
  const char* const state = reinterpret_cast<const char*>(it->second.state.get());
  for (size_t line = 0; line < 4; ++line) __builtin_prefetch(state + line * 64);
}

bool Shard::apply_op(const DeltaOp& op) {
  switch (op.op) {
    case Op::kSeen:
    case Op::kAlerts:
      return true;
    case Op::kTime:
      if (op.time > watermark_) fire_due(op.time);
      return true;
    default:
      if (op.rule >= rules_->rules().size()) return false;
      if (rules_->rules()[op.rule].reads_alerts != over_alerts_) return true;
      if (op.op == Op::kRow || op.op == Op::kLateRow) apply_row(op);
      if (op.op == Op::kRetract) apply_retraction(op);
      if (op.op == Op::kAction) apply_action(op);
      return true;
  }
}

bool Shard::apply(std::string_view delta) {
  if (!over_alerts_) return apply_operations(delta);
  DeltaReader in(delta);
  DeltaOp op;
  while (in.next(op)) {
    if (op.op == Op::kAlerts && !apply_operations(op.body)) return false;
  }
  return in.ok();
}

// Keys are all over memory, and which come next is known: a ring of operations is read ahead of the one at hand, and
// what they need is fetched meanwhile.
bool Shard::apply_operations(std::string_view delta) {
  static_assert((kRing & (kRing - 1)) == 0 && kRing > kSlotAhead);
  DeltaReader in(delta);
  std::array<DeltaOp, kRing> ring;
  size_t read = 0;
  bool more = true;
  for (size_t done = 0;; ++done) {
    while (more && read <= done + kSlotAhead) {
      DeltaOp& op = ring[read % kRing];
      more = in.next(op);
      if (!more) break;
      if (op.op == Op::kSeen || op.op == Op::kAlerts || (op.op != Op::kTime && !owns(op.key))) continue;
      if (op.op != Op::kTime) slots_.prefetch(op.key);
      ++read;
    }
    if (done == read) break;
    if (done + kStateAhead < read) {
      const DeltaOp& op = ring[(done + kStateAhead) % kRing];
      if (op.op != Op::kTime) fetch_state(op.key);
    }
    if (!apply_op(ring[done % kRing])) return false;
  }
  return in.ok();
}

void Shard::take_changed(const std::function<void(uint16_t, const Hash128&, std::string_view)>& f,
                         const std::vector<bool>* but) {
  std::string bytes;
  const auto left_out = [&](const auto& k) { return but != nullptr && (*but)[k.first]; };
  for (const auto& [rule, key] : changed_) {
    if (but != nullptr && (*but)[rule]) continue;
    const auto it = slots_.find(key);
    if (it == slots_.end() || !it->second.changed) continue;
    it->second.changed = false;
    it->second.stored = true;
    bytes.clear();
    Writer w(bytes);
    it->second.state->encode(w);
    f(rule, key, bytes);
  }
  for (const auto& [rule, key] : gone_) {
    if (but != nullptr && (*but)[rule]) continue;
    if (!slots_.contains(key)) f(rule, key, {});
  }
  std::erase_if(changed_, [&](const auto& k) { return !left_out(k); });
  std::erase_if(gone_, [&](const auto& k) { return !left_out(k); });
}

Status Shard::load(uint16_t rule, const Hash128& key, std::string_view bytes, bool changed) {
  auto state = alert::decode_key_state(rules_->rules()[rule], key, bytes);
  if (!state) return state.error();
  Slot& s = put(rule, key, std::move(*state));
  s.stored = true;
  if (changed) touch(key, s);
  return {};
}

Shard::Slot& Shard::put(uint16_t rule, const Hash128& key, std::unique_ptr<alert::KeyState> state) {
  Slot& s = slots_[key];
  s.state = std::move(state);
  s.rule = rule;
  ++keys_by_rule_[rule];
  if (const TimeMs next = s.state->next_deadline(); next != kNever) {
    s.scheduled = next;
    timers_.push({next, rule, key});
  }
  return s;
}

void Shard::give_away(const std::function<void(uint16_t, const Hash128&, std::unique_ptr<alert::KeyState>)>& f) {
  for (auto& [key, s] : slots_) f(s.rule, key, std::move(s.state));
  slots_.clear();
  changed_.clear();
  gone_.clear();
  keys_by_rule_.assign(keys_by_rule_.size(), 0);
}

void Shard::take_in(uint16_t rule, const Hash128& key, std::unique_ptr<alert::KeyState> state) {
  touch(key, put(rule, key, std::move(state)));
}

void Shard::for_each(const std::function<void(const Held&)>& f) const {
  for (const auto& [key, s] : slots_) f({s.rule, key, s.state.get(), s.changed});
  for (const auto& [rule, key] : gone_) {
    if (!slots_.contains(key)) f({rule, key, nullptr, true});
  }
}

Status Shard::end_keys(const Ends& ends, const GoesOn& goes_on, TimeMs time, uint64_t position,
                       std::vector<Left>& left) {
  std::vector<std::pair<uint16_t, Hash128>> keys;
  for (const auto& [key, s] : slots_) {
    if (s.state->has_alerts() && ends(s.rule, key)) keys.emplace_back(s.rule, key);
  }
  std::sort(keys.begin(), keys.end());
  for (const auto& [rule, key] : keys) {
    collector_.tag = {watermark_, 0, position, over_alerts_, rule, key, 0};
    std::string bytes;
    Writer w(bytes);
    slots_.at(key).state->encode(w);
    auto copy = alert::decode_key_state(rules_->rules()[rule], key, bytes);
    if (!copy) return copy.error();
    alert::Context c = context(rule);
    const auto stays = [&, of = rule, at = key](std::string_view id) { return goes_on(of, at, id); };
    left.push_back({rule, key, std::string((*copy)->key_text()), (*copy)->end(time, stays, c)});
  }
  return {};
}

void Shard::adopt(const std::vector<bool>& begun, std::vector<Left> former, TimeMs now, uint64_t position) {
  std::map<std::pair<uint16_t, Hash128>, Left*> keys;
  for (auto& [key, s] : slots_) {
    if (!begun[s.rule]) continue;
    if (s.state->has_alerts()) {
      keys[{s.rule, key}] = nullptr;
    } else {  // most: there is nothing to tell
      alert::Context c = context(s.rule);
      s.state->adopt({}, now, c);
    }
  }
  for (Left& l : former) keys[{l.rule, l.key}] = &l;
  for (const auto& [of, left] : keys) {
    const auto& [rule, key] = of;
    collector_.tag = {watermark_, 0, position, over_alerts_, rule, key, 0};
    Slot& s = slot(rule, key, left == nullptr ? std::string_view() : std::string_view(left->key_text));
    alert::Context c = context(rule);
    s.state->adopt(left == nullptr ? std::vector<alert::Record>() : std::move(left->alerts), now, c);
    finish(key, s);
  }
}

bool Shard::lives(const Hash128& key, std::string_view alert_id) const {
  const auto it = slots_.find(key);
  return it != slots_.end() && it->second.state->lives(alert_id);
}

void Shard::rejudge(const Edits& edits, TimeMs watermark, TimeMs now, uint64_t position) {
  watermark_ = std::max(watermark_, watermark);
  std::vector<std::pair<uint16_t, Hash128>> keys;
  for (const auto& [key, s] : slots_) {
    if (edits.touch(s.rule)) keys.emplace_back(s.rule, key);
  }
  std::sort(keys.begin(), keys.end());
  std::string before, after;
  for (const auto& [rule, key] : keys) {
    collector_.tag = {watermark_, 0, position, over_alerts_, rule, key, 0};
    Slot& s = slots_.at(key);
    before.clear();
    after.clear();
    Writer was(before), is(after);
    s.state->encode(was);
    alert::Context c = context(rule);
    if (edits.stream[rule]) s.state->leave_stream(now, c);
    if (edits.conditions[rule] && watermark != kNoTime) s.state->rejudge(watermark, c);
    if (edits.stream[rule]) s.state->enter_stream(now, c);
    if (!settle(key, s)) continue;
    s.state->encode(is);
    if (after != before) touch(key, s);  // most are judged as they were, and lie in the store
  }
}

size_t Shard::bytes() const {
  size_t n = slots_.capacity() * (sizeof(Slot) + sizeof(Hash128)) + timers_.size() * sizeof(Timer);
  for (const auto& [key, s] : slots_) n += s.state->bytes();
  return n;
}

}  // namespace tocsin::runtime
