#include "runtime/router.h"

#include "base/json_writer.h"

namespace tocsin::runtime {

Router::Router(std::shared_ptr<const rule::RuleSet> rules, Options options)
    : rules_(std::move(rules)), options_(options), counters_(rules_->rules().size()) {
  for (const rule::Rule& r : rules_->rules()) {
    key_seeds_.push_back(hash64(r.id));
    owes_ = owes_ || r.each != nullptr;
  }
}

void Router::restore(uint64_t position, TimeMs watermark) {
  position_ = position;
  told_ = watermark;
  watermark_.restore(watermark);
}

Outcome Router::route(const Event& event, uint32_t partition, std::string& delta) {
  const uint64_t uid = uid_ = event.uid();
  const bool withdrawal = event.kind == EventKind::kWithdrawal;
  const Seen::Entry* known = seen_.find(uid);
  if (known != nullptr) {
    const auto revision = static_cast<uint64_t>(event.revision);
    // A withdrawal of the same revision is not a repetition: it takes back what is there.
    const bool newer = revision > known->revision || (withdrawal && revision == known->revision && !known->withdrawn);
    if (!newer) return Outcome::kDuplicate;
  }
  const bool late = known == nullptr && event.occurred_at < watermark_.now();
  watermark_.observe(partition, event.occurred_at);
  ++position_;
  // What a population owes begins when time does, at one moment for all shards.
  if (owes_ && told_ == kNoTime && watermark_.now() != kNoTime) {
    told_ = watermark_.now();
    DeltaWriter(delta).time(told_);
  }
  if (late) {
    if (!withdrawal) write_rows(event, true, delta);
    return Outcome::kLate;
  }
  if (known != nullptr) take_back(known->time, event, withdrawal, delta);
  seen_.put(uid, event.occurred_at, static_cast<uint64_t>(event.revision), withdrawal);
  DeltaWriter(delta).seen(uid, event.occurred_at, static_cast<uint64_t>(event.revision) << 1 | (withdrawal ? 1 : 0));
  if (!withdrawal) write_rows(event, false, delta);
  return Outcome::kAccepted;
}

detect::Row Router::row_of(const Event& event, bool late) const {
  detect::Row row;
  row.uid = uid_;
  row.time = event.occurred_at;
  row.position = alert_place_ == nullptr ? position_ : alert_place_->position;
  row.watermark = alert_place_ == nullptr ? watermark_.now() : alert_place_->watermark;
  row.late = late;
  row.source = event.source;
  row.id = event.id;
  row.city = event.city;
  row.town = event.town;
  row.village = event.village;
  row.grid = event.grid;
  row.lon = event.lon;
  row.lat = event.lat;
  return row;
}

void Router::take_back(TimeMs was, const Event& event, bool withdrawn, std::string& delta) {
  seen_.routes(uid_, old_routes_);
  DeltaWriter out(delta);
  detect::Row cause = row_of(event, false);
  cause.was = was;
  for (const Route& r : old_routes_) {
    if (r.rule >= rules_->rules().size()) continue;  // a rule that is gone
    cause.rule = r.rule;
    cause.key = r.key;
    out.retract(r.rule, r.key, cause.uid, withdrawn, cause);
  }
}

void Router::fail(uint16_t rule, const expr::Value& error) {
  RuleCounters& c = counters_[rule];
  ++c.errors;
  if (c.last_error.empty() && error.is_error()) c.last_error = error.str();
}

void Router::write_rows(const Event& event, bool late, std::string& delta) {
  arena_.reset();
  DeltaWriter out(delta);
  const expr::EventActivation vars(event, arena_);
  rules_->candidates(event, [&](size_t i, uint32_t possible, uint32_t proven) {
    const auto index = static_cast<uint16_t>(i);
    const rule::Rule& rule = rules_->rules()[i];
    if (late && !rule.plan.takes_late()) return;
    if (rule.each != nullptr) return write_duties(index, event, late, out);
    uint32_t roles = proven;
    for (const rule::RolePredicate& p : rule.roles) {
      if ((p.role & possible & ~proven) == 0) continue;
      if (p.when == nullptr) {
        roles |= p.role;
        continue;
      }
      const expr::Value v = p.when->evaluate(vars, arena_);
      if (v.is_true()) roles |= p.role;
      if (v.is_error()) fail(index, v);
    }
    if (roles != 0) write_row(index, event, roles, late, out);
  });
}

// A row for each owner of the population that the event counts for.
void Router::write_duties(uint16_t index, const Event& event, bool late, DeltaWriter& out) {
  const rule::Rule& rule = rules_->rules()[index];
  expr::Value failed;
  rule.each->match(event, arena_, matches_, failed);
  if (failed.is_error()) fail(index, failed);
  detect::Row row = row_of(event, late);
  row.rule = index;
  for (const rule::Each::Match& m : matches_) {
    const detect::Duties::Owner& owner = rule.plan.duties->owners[m.owner];
    row.roles = m.roles;
    row.key = owner.key;
    row.key_text = owner.key_text;
    out.row(row);
    ++counters_[index].matches;
    if (!late) seen_.add_route(index, row.key);
  }
}

// The key as a JSON array of its parts' values. Answers which part is missing or failed; kNone: none.
size_t Router::build_key(const rule::Rule& rule, const expr::Activation& vars, std::string& text) {
  text.push_back('[');
  for (size_t i = 0; i < rule.key.size(); ++i) {
    const expr::Value v = rule.key[i]->evaluate(vars, arena_);
    if (v.is_error() || v.is(expr::Tag::kNull)) return i;
    if (text.size() > 1) text.push_back(',');
    expr::append_json(text, v);
  }
  text.push_back(']');
  return kNone;
}

void Router::fail_key(uint16_t rule, size_t missing) {
  RuleCounters& c = counters_[rule];
  ++c.errors;
  if (!c.last_error.empty()) return;
  c.last_error = kNoKey;
  // Where `expect` tests a part of the key as written, the parts that are judged by have no names of their own.
  const rule::Rule& r = rules_->rules()[rule];
  if (r.key_names.size() == r.key.size()) c.last_error.append(": ").append(r.key_names[missing]);
}

void Router::write_row(uint16_t index, const Event& event, uint32_t roles, bool late, DeltaWriter& out) {
  const rule::Rule& rule = rules_->rules()[index];
  const expr::EventActivation vars(event, arena_);
  key_text_.clear();
  if (const size_t missing = build_key(rule, vars, key_text_); missing != kNone) return fail_key(index, missing);
  detect::Row row = row_of(event, late);
  row.rule = index;
  row.roles = roles;
  row.key_text = key_text_;
  row.key = hash128(key_text_, key_seeds_[index]);
  if (!rule.label_key.empty() && (roles & detect::kAfter) != 0) {
    label_.assign(1, '[');
    for (const auto& part : rule.label_key) {
      if (label_.size() > 1) label_.push_back(',');
      expr::append_json(label_, part->evaluate(vars, arena_));
    }
    label_.push_back(']');
    row.label = label_;
  }
  if (rule.until != nullptr && (roles & detect::kAfter) != 0) {
    const expr::Value due = rule.until->evaluate(vars, arena_);
    if (!due.is(expr::Tag::kTimestamp)) return fail(index, expr::Value::error("`until` is not a time"));
    row.due_at = due.ms();
  }
  // Where one event begins an obligation and extends it, its own deadline stands.
  if (rule.extend_until != nullptr && (roles & detect::kExtend) != 0 && (roles & detect::kAfter) == 0) {
    const expr::Value due = rule.extend_until->evaluate(vars, arena_);
    if (!due.is(expr::Tag::kTimestamp)) return fail(index, expr::Value::error("`extend.until` is not a time"));
    row.due_at = due.ms();
  }
  cells_.clear();
  for (const auto& cell : rule.cells) {
    const expr::Value v = cell->evaluate(vars, arena_);
    if (v.is_error()) fail(index, v);
    const bool scalar = !v.is_error() && !v.is(expr::Tag::kList) && !v.is(expr::Tag::kMap);
    cells_.push_back(scalar ? v : expr::Value());
  }
  row.cells = cells_;
  out.row(row);
  counters_[index].matches += rule.plan.looks_at(roles) ? 1 : 0;
  if (!late && alert_place_ == nullptr) seen_.add_route(index, row.key);
}

void Router::route(const alert::Action& action, uint16_t rule, const Hash128& key, std::string& delta) {
  DeltaWriter(delta).action(rule, key, {action, ++position_, watermark_.now()});
}

void Router::route_alert(const Event& event, uint64_t position, TimeMs watermark, std::string& delta) {
  const Place place{position, watermark};
  uid_ = event.uid();
  alert_place_ = &place;
  write_rows(event, false, delta);
  alert_place_ = nullptr;
}

void Router::close(std::string& delta) {
  const TimeMs now = watermark_.now();
  if (now != told_) DeltaWriter(delta).time(now);
  told_ = now;
  if (now != kNoTime) seen_.forget_before(now - options_.horizon);
}

void Router::replay(std::string_view delta) {
  DeltaReader in(delta);
  DeltaOp op;
  while (in.next(op)) {
    if (op.op == Op::kSeen) seen_.put(op.uid, op.time, op.revision >> 1, (op.revision & 1) != 0);
    if (op.op == Op::kRow) seen_.add_route(op.rule, op.key);
    if (op.op == Op::kTime) seen_.forget_before(op.time - options_.horizon);
  }
}

}  // namespace tocsin::runtime
