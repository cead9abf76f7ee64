#include "runtime/engine.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {

constexpr size_t kTypes = static_cast<size_t>(alert::TransitionType::kAmended) + 1;
constexpr char kProgressKey[] = "progress";
constexpr char kRulesKey[] = "rules";

std::string state_key(std::string_view rule_id, const Hash128& key) {
  std::string k(rule_id);
  k.push_back('\0');
  k += state::big_endian(key.hi);
  k += state::big_endian(key.lo);
  return k;
}

std::string seen_key(int64_t day) { return "seen/" + state::big_endian(static_cast<uint64_t>(day) ^ (1ULL << 63)); }

std::string encode_rules(const rule::RuleSet& rules) {
  std::string out;
  Writer w(out);
  w.varint(rules.files().size());
  for (const rule::SourceFile& f : rules.files()) {
    w.str(f.path);
    w.str(f.text);
  }
  w.fixed64(rules.fingerprint());
  return out;
}

std::string encode_outbox(const alert::Transition& t, TimeMs cause) {
  std::string out;
  Writer w(out);
  w.flag(t.shadow);
  w.zigzag(cause);
  w.str(t.alert_id);
  w.str(t.json);
  return out;
}

// The longest time that an event can matter to a rule, for the horizon of seen ids.
DurationMs horizon_of(const rule::RuleSet& rules) {
  constexpr DurationMs kDay = 86'400'000;
  DurationMs longest = 7 * kDay;
  for (const rule::Rule& r : rules.rules()) {
    DurationMs span = r.plan.within.amount;
    if (r.plan.within.unit == Span::Unit::kWorkingDays) span = (r.plan.within.amount * 2 + 10) * kDay;
    if (r.plan.within.unit == Span::Unit::kWorkingHours) span = r.plan.within.amount * 5 + 10 * kDay;
    longest = std::max({longest, span, r.plan.quiet, r.plan.history});
  }
  return longest + 2 * kDay;
}

}  // namespace

OutboxEntry decode_outbox(std::string_view bytes) {
  Reader in(bytes);
  OutboxEntry e;
  e.shadow = in.flag();
  e.cause = in.zigzag();
  e.alert_id = in.str();
  e.json = in.str();
  return e;
}

std::string history_key(std::string_view alert_id, uint32_t seq) {
  return "h/" + std::string(alert_id) + '\0' + state::big_endian(seq);
}
std::string latest_key(std::string_view alert_id) { return "a/" + std::string(alert_id); }

void encode(Writer& out, const DeadLetter& l) {
  out.str(l.partition);
  out.varint(l.offset);
  for (const std::string* s : {&l.place, &l.source, &l.reason, &l.message, &l.masked}) out.str(*s);
  out.zigzag(l.log_time);
}

Result<DeadLetter> decode_dead_letter(std::string_view bytes) {
  Reader in(bytes);
  DeadLetter l;
  l.partition = in.str();
  l.offset = in.varint();
  for (std::string* s : {&l.place, &l.source, &l.reason, &l.message, &l.masked}) *s = in.str();
  l.log_time = in.zigzag();
  if (!in.ok()) return corrupt("a dead letter in the state directory does not decode");
  return l;
}

Engine::Engine(Options options, std::shared_ptr<const rule::RuleSet> rules, state::Store* store)
    : options_(std::move(options)), store_(store) {
  install(build(std::move(rules)));
}

Engine::~Engine() = default;

Engine::Works Engine::build(std::shared_ptr<const rule::RuleSet> rules) const {
  return {rules, std::make_unique<Router>(rules, Router::Options{horizon_of(*rules)}),
          std::make_unique<ShardPool>(rules, options_.zone, std::clamp<uint32_t>(options_.shards, 1, 256))};
}

void Engine::install(Works works) {
  rules_ = std::move(works.rules);
  router_ = std::move(works.router);
  shards_ = std::move(works.shards);
  by_type_.assign(rules_->rules().size(), std::vector<uint64_t>(kTypes));
}

Result<std::unique_ptr<Engine>> Engine::open(Options options, std::shared_ptr<const rule::RuleSet> rules,
                                             state::Store* store, const CompileRules& compile) {
  std::unique_ptr<Engine> engine(new Engine(std::move(options), rules, store));
  if (store == nullptr) return engine;
  const auto stored = store->get(state::Table::kMeta, kProgressKey);
  if (!stored && stored.error().code != Code::kNotFound) return stored.error();
  if (stored) {
    auto progress = Progress::decode(*stored);
    if (!progress) return progress.error();
    engine->progress_ = std::move(*progress);
    if (auto s = engine->recover(compile); !s) return s.error();
    if (engine->rules_->fingerprint() != rules->fingerprint()) {
      if (auto s = engine->swap_rules(rules); !s) return s.error();
    }
  } else {
    engine->next_.batch.puts.push_back({state::Table::kMeta, kRulesKey, encode_rules(*rules)});
    if (auto s = store->write(engine->next_.batch, options.sync); !s) return s.error();
    engine->next_.batch.clear();
  }
  engine->first_position_ = engine->router_->position() + 1;
  if (engine->options_.overlap) engine->writer_ = std::make_unique<BackgroundWrite>(*store);
  return engine;
}

Status Engine::recover(const CompileRules& compile) {
  const auto stored = store_->get(state::Table::kMeta, kRulesKey);
  if (!stored) return corrupt("the state directory holds progress but no rules; restore it from a checkpoint");
  Reader in(*stored);
  std::vector<rule::SourceFile> files(in.varint());
  for (rule::SourceFile& f : files) {
    f.path = in.str();
    f.text = in.str();
  }
  const uint64_t fingerprint = in.fixed64();
  if (!in.ok()) return corrupt("the rules stored in the state directory do not decode");
  if (fingerprint != rules_->fingerprint()) {
    auto then = compile(files);
    if (!then) {
      return Error{
          then.error().code,
          "the rules stored with the state no longer compile with this program; start it with the program that "
          "wrote the state, stop it cleanly, then upgrade: " +
              then.error().message};
    }
    install(build(std::move(*then)));
  }
  if (auto s = load_checkpoint(); !s) return s;
  if (auto s = apply_deltas(); !s) return s;
  router_->restore(progress_.position, progress_.watermark);
  return load_book();
}

Status Engine::load_checkpoint() {
  std::map<std::string, uint16_t, std::less<>> index;
  for (size_t i = 0; i < rules_->rules().size(); ++i) index[rules_->rules()[i].id] = static_cast<uint16_t>(i);
  Status status;
  auto scanned = store_->scan(state::Table::kState, "", "", [&](std::string_view key, std::string_view value) {
    if (key.size() < 17 || key[key.size() - 17] != '\0') {
      status = corrupt("a key of the state table does not decode");
      return false;
    }
    const auto rule = index.find(key.substr(0, key.size() - 17));
    if (rule == index.end()) return true;  // of a rule that is gone
    const Hash128 hash{state::from_big_endian(key.substr(key.size() - 16, 8)),
                       state::from_big_endian(key.substr(key.size() - 8))};
    status = shards_->owner(hash).load(rule->second, hash, value);
    return status.is_ok();
  });
  if (!scanned) return scanned;
  if (!status) return status;
  scanned = store_->scan(state::Table::kMeta, "seen/", "seen0", [&](std::string_view key, std::string_view value) {
    const auto day = static_cast<int64_t>(state::from_big_endian(key.substr(5)) ^ (1ULL << 63));
    status = router_->seen().load_day(day, value);
    return status.is_ok();
  });
  return scanned ? status : scanned;
}

Status Engine::apply_deltas() {
  Status status;
  std::vector<alert::Transition> already_in_the_outbox;
  const auto scanned = store_->scan(
      state::Table::kDelta, state::big_endian(progress_.checkpoint + 1), state::big_endian(progress_.commit + 1),
      [&](std::string_view key, std::string_view delta) {
        router_->replay(delta);
        if (!shards_->apply(delta, already_in_the_outbox)) {
          status = corrupt("delta " + std::to_string(state::from_big_endian(key)) + " of the state does not decode");
        }
        already_in_the_outbox.clear();
        delta_bytes_ += delta.size();
        return status.is_ok();
      });
  return scanned ? status : scanned;
}

Status Engine::load_book() {
  bool fine = true;
  auto s = store_->scan(state::Table::kAlerts, "a/", "a0", [&](std::string_view, std::string_view value) {
    Reader in(value);
    AlertLine line = decode_alert_line(in);
    fine = in.ok();
    if (fine) book_.put(std::move(line));
    return fine;
  });
  if (s && !fine) return corrupt("the record of an alert in the state directory does not decode");
  return s;
}

uint32_t Engine::add_partition(const std::string& name, DurationMs lateness) {
  PartitionProgress& p = progress_.partitions[name];
  partition_names_.push_back(name);
  offsets_.push_back(&p);
  return router_->watermark().add(lateness, p.greatest);
}

uint64_t Engine::next_offset(uint32_t partition) const { return offsets_[partition]->next_offset; }

void Engine::take_offset(uint32_t partition, uint64_t next_offset) {
  offsets_[partition]->next_offset = next_offset;
  progress_changed_ = true;
  ++pending_;
}

void Engine::note_log_time(TimeMs log_time) {
  log_times_.resize(router_->position() - first_position_ + 1, kNoTime);
  log_times_.back() = log_time;
}

// Records of one source come in runs.
SourceTotals* Engine::source_totals(std::string_view source) {
  if (last_totals_ == nullptr || source != last_source_) {
    last_totals_ = find_totals(source);
    last_source_ = source;
  }
  return last_totals_;
}

SourceTotals* Engine::find_totals(std::string_view source) {
  const auto it = progress_.sources.find(source);
  if (it != progress_.sources.end()) return &it->second;
  constexpr size_t kMaxSources =
      256;  // a metric's label and part of every commit: what senders make up must not grow it
  return &progress_.sources[progress_.sources.size() < kMaxSources ? std::string(source) : "other"];
}

Outcome Engine::accept(const Event& event, uint32_t partition, uint64_t next_offset, TimeMs log_time) {
  const uint64_t before = router_->position();
  const Outcome outcome = router_->route(event, partition, delta_);
  if (router_->position() != before) note_log_time(log_time);
  offsets_[partition]->greatest = router_->watermark().partitions()[partition].greatest;
  take_offset(partition, next_offset);
  Totals& t = progress_.totals;
  ++t.read;
  SourceTotals* source = source_totals(event.source);
  ++source->read;
  switch (outcome) {
    case Outcome::kAccepted:
      ++t.accepted;
      break;
    case Outcome::kDuplicate:
      ++t.duplicate, ++source->duplicate;
      break;
    case Outcome::kLate:
      ++t.late, ++source->late;
      break;
  }
  return outcome;
}

void Engine::reject(DeadLetter letter, uint32_t partition, uint64_t next_offset) {
  take_offset(partition, next_offset);
  ++progress_.totals.read;
  ++progress_.totals.rejected;
  SourceTotals& s = *source_totals(letter.source);
  ++s.read;
  ++s.rejected[letter.reason];
  dead_.push_back(std::move(letter));
}

void Engine::skip(uint32_t partition, uint64_t next_offset) {
  take_offset(partition, next_offset);
  ++progress_.totals.skipped;
}

bool Engine::act(const alert::Action& action, uint32_t partition, uint64_t next_offset, TimeMs log_time) {
  take_offset(partition, next_offset);
  AlertLine line;
  if (!book_.find(action.alert_id, line)) return false;
  const auto& rules = rules_->rules();
  const auto it = std::ranges::find(rules, line.rule_id, &rule::Rule::id);
  if (it == rules.end()) return false;
  router_->route(action, static_cast<uint16_t>(it - rules.begin()), line.key, delta_);
  note_log_time(log_time);
  return true;
}

void Engine::keep_late(std::string json) { late_.push_back(std::move(json)); }

void Engine::set_idle(uint32_t partition, bool idle) {
  router_->watermark().set_idle(partition, idle);
  router_->watermark().recompute();
}

void Engine::follow_clock(uint32_t partition, TimeMs clock) {
  router_->watermark().follow_clock(partition, clock);
  router_->watermark().recompute();
}

void Engine::advance_to(TimeMs t) { router_->watermark().advance_to(t); }

uint64_t Engine::sink_floor(const std::string& sink) const {
  const auto it = progress_.sinks.find(sink);
  return it == progress_.sinks.end() ? 0 : it->second;
}

void Engine::stage_transitions(const rule::RuleSet& rules) {
  next_.outgoing.clear();
  for (alert::Transition& t : next_.transitions) {
    const uint64_t sequence = ++progress_.outbox;
    ++progress_.totals.transitions;
    if (t.type == alert::TransitionType::kOpened) ++progress_.totals.opened;
    if (t.type == alert::TransitionType::kResolved) ++progress_.totals.resolved;
    if (&rules == rules_.get()) ++by_type_[t.rule][static_cast<size_t>(t.type)];
    const size_t at = t.tag.position - first_position_;
    const TimeMs cause = t.tag.phase == 0 && at < log_times_.size() ? log_times_[at] : kNoTime;
    next_.outgoing.push_back({sequence, t.alert_id, t.json, cause, t.shadow});
    if (store_ == nullptr) continue;
    AlertLine line{t.alert_id,
                   rules.rules()[t.rule].id,
                   rules.rules()[t.rule].owner,
                   t.city,
                   t.town,
                   t.village,
                   t.grid,
                   t.tag.key,
                   t.opened_at,
                   t.time,
                   sequence,
                   t.seq,
                   t.severity,
                   t.status,
                   t.shadow};
    std::string latest;
    Writer w(latest);
    encode(w, line);
    w.str(t.json);
    next_.batch.puts.push_back({state::Table::kOutbox, state::big_endian(sequence), encode_outbox(t, cause)});
    next_.batch.puts.push_back({state::Table::kAlerts, latest_key(t.alert_id), std::move(latest)});
    next_.batch.puts.push_back({state::Table::kAlerts, history_key(t.alert_id, t.seq), state::big_endian(sequence)});
    next_.lines.push_back(std::move(line));
  }
}

// Ended alerts that have had their time go, and their histories with them; not one that this batch tells again.
void Engine::stage_outdated() {
  const TimeMs now = progress_.watermark;
  const TimeMs before = now == kNoTime ? kNoTime : now - options_.keep_ended;
  for (auto& [id, transitions] : book_.outdated(before, options_.max_ended)) {
    if (std::ranges::find(next_.lines, id, &AlertLine::alert_id) != next_.lines.end()) continue;
    next_.batch.deletes.push_back({state::Table::kAlerts, latest_key(id)});
    for (uint32_t seq = 1; seq <= transitions; ++seq) {
      next_.batch.deletes.push_back({state::Table::kAlerts, history_key(id, seq)});
    }
    next_.gone.push_back(std::move(id));
  }
}

void Engine::stage_checkpoint(Router& router, ShardPool& shards) {
  std::string key;
  for (auto& shard : shards.shards()) {
    shard->take_changed([&](uint16_t rule, const Hash128& hash, std::string_view bytes) {
      key = state_key(rules_->rules()[rule].id, hash);
      if (bytes.empty()) {
        next_.batch.deletes.push_back({state::Table::kState, key});
      } else {
        next_.batch.puts.push_back({state::Table::kState, key, std::string(bytes)});
      }
    });
  }
  std::vector<std::pair<int64_t, std::string>> days;
  router.seen().take_changed(days);
  for (auto& [day, bytes] : days) {
    if (bytes.empty()) {
      next_.batch.deletes.push_back({state::Table::kMeta, seen_key(day)});
    } else {
      next_.batch.puts.push_back({state::Table::kMeta, seen_key(day), std::move(bytes)});
    }
  }
  const auto drop_before = [&](state::Table table, uint64_t last, uint64_t keep) {
    if (last > keep) next_.batch.ranges.push_back({table, state::big_endian(0), state::big_endian(last - keep)});
  };
  next_.batch.ranges.push_back({state::Table::kDelta, state::big_endian(0), state::big_endian(progress_.commit + 1)});
  drop_before(state::Table::kOutbox, progress_.outbox, options_.history);
  drop_before(state::Table::kDead, progress_.dead, options_.keep_dead);
  drop_before(state::Table::kLate, progress_.late, options_.keep_dead);
  stage_outdated();
  progress_.checkpoint = progress_.commit;
  delta_bytes_ = 0;
  checkpoint_due_ = false;
}

void Engine::stage_progress() {
  std::string bytes;
  Writer w(bytes);
  progress_.encode(w);
  next_.batch.puts.push_back({state::Table::kMeta, kProgressKey, std::move(bytes)});
}

// What a written batch leaves: who finds a line in the book also finds its text in the store.
void Engine::settle(Staged& written) {
  for (state::Put& p : written.batch.puts) {  // the delta's room is used again
    if (p.table != state::Table::kDelta || !delta_.empty()) continue;
    p.value.clear();
    delta_.swap(p.value);
  }
  written.batch.clear();
  for (AlertLine& line : written.lines) book_.put(std::move(line));
  written.lines.clear();
  for (const std::string& id : written.gone) book_.erase(id);
  written.gone.clear();
}

Status Engine::write() {
  write_pending_ = true;
  if (auto s = store_->write(next_.batch, options_.sync); !s) return s;
  write_pending_ = false;
  settle(next_);
  return {};
}

// Hands the staged batch to the disk and takes over the one before, whose transitions are then in next_.
Status Engine::overlap() {
  if (auto s = writer_->wait(); !s) return s;
  settle(flying_);
  std::swap(next_, flying_);
  if (!flying_.batch.puts.empty()) writer_->start(flying_.batch, options_.sync);
  return {};
}

Status Engine::land() {
  if (writer_ == nullptr || !writer_->under_way()) return {};
  if (auto s = writer_->wait(); !s) return s;
  settle(flying_);
  return {};
}

Result<std::span<const Outgoing>> Engine::commit() {
  if (write_pending_) {  // the batch before met a full disk
    if (auto s = write(); !s) return s.error();
    return std::span<const Outgoing>(next_.outgoing);
  }
  router_->close(delta_);
  next_.transitions.clear();
  next_.outgoing.clear();
  if (delta_.empty() && !progress_changed_ && !checkpoint_due_) {
    if (under_way()) {
      if (auto s = overlap(); !s) return s.error();
    }
    return std::span<const Outgoing>(next_.outgoing);
  }
  if (!shards_->apply(delta_, next_.transitions)) return internal("a shard could not read the router's delta");
  progress_.position = router_->position();
  progress_.watermark = router_->watermark().now();
  ++progress_.commit;
  next_.before = progress_.outbox;
  stage_transitions(*rules_);
  if (store_ != nullptr) {
    delta_bytes_ += delta_.size();
    const bool checkpoint = checkpoint_due_ || delta_bytes_ > options_.checkpoint_bytes;
    for (const DeadLetter& letter : dead_) {
      std::string bytes;
      Writer w(bytes);
      encode(w, letter);
      next_.batch.puts.push_back({state::Table::kDead, state::big_endian(++progress_.dead), std::move(bytes)});
    }
    for (std::string& json : late_) {
      next_.batch.puts.push_back({state::Table::kLate, state::big_endian(++progress_.late), std::move(json)});
    }
    if (checkpoint) {
      stage_checkpoint(*router_, *shards_);
    } else if (!delta_.empty()) {
      next_.batch.puts.push_back({state::Table::kDelta, state::big_endian(progress_.commit), std::move(delta_)});
    }
    stage_progress();
  }
  delta_.clear();
  dead_.clear();
  late_.clear();
  log_times_.clear();
  pending_ = 0;
  progress_changed_ = false;
  first_position_ = router_->position() + 1;
  if (store_ != nullptr) {
    if (auto s = writer_ == nullptr ? write() : overlap(); !s) return s.error();
  }
  return std::span<const Outgoing>(next_.outgoing);
}

// Which of the new rules keeps the state of each old one; -1: none.
std::vector<int> Engine::heirs(const rule::RuleSet& rules) const {
  std::vector<int> map(rules_->rules().size(), -1);
  for (size_t i = 0; i < map.size(); ++i) {
    for (size_t j = 0; j < rules.rules().size(); ++j) {
      const rule::Rule& a = rules_->rules()[i];
      const rule::Rule& b = rules.rules()[j];
      if (a.id == b.id && a.identity == b.identity) map[i] = static_cast<int>(j);
    }
  }
  return map;
}

// Which of the new rules have kept their state and judge it by other conditions.
std::vector<bool> Engine::edited(const rule::RuleSet& rules, std::span<const int> map) const {
  std::vector<bool> edited(rules.rules().size());
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] < 0) continue;
    const auto to = static_cast<size_t>(map[i]);
    edited[to] = rules_->rules()[i].judgement != rules.rules()[to].judgement;
  }
  return edited;
}

Status Engine::move_keys(std::span<const int> map, Works& to) {
  Status status;
  for (const auto& shard : shards_->shards()) {
    shard->for_each([&](uint16_t rule, const Hash128& key, const alert::KeyState& state) {
      if (!status) return;
      if (map[rule] < 0) {
        next_.batch.deletes.push_back({state::Table::kState, state_key(rules_->rules()[rule].id, key)});
        return;
      }
      std::string bytes;
      Writer w(bytes);
      state.encode(w);
      status = to.shards->owner(key).load(static_cast<uint16_t>(map[rule]), key, bytes);
    });
  }
  return status;
}

Status Engine::swap_rules(std::shared_ptr<const rule::RuleSet> rules) {
  if (write_pending_) {  // else the commit below would only finish the batch that met a full disk
    if (auto s = write(); !s) return s;
  }
  request_checkpoint();
  if (auto done = commit(); !done) return done.error();
  if (auto s = land(); !s) return s;
  const Progress before = progress_;
  const auto by_type = by_type_;
  const std::vector<int> map = heirs(*rules);
  std::vector<bool> gone(map.size());
  for (size_t i = 0; i < map.size(); ++i) gone[i] = map[i] < 0;
  const TimeMs now = router_->watermark().now();
  next_.transitions.clear();
  if (auto s = shards_->end_rules(gone, now == kNoTime ? 0 : now, router_->position(), next_.transitions); !s) return s;
  stage_transitions(*rules_);
  Works next = build(rules);
  next.router->watermark() = router_->watermark();
  next.router->seen() = std::move(router_->seen());
  const auto dropped = next.router->seen().renumber(map);
  next.router->restore(progress_.position, progress_.watermark);
  Status status = move_keys(map, next);
  if (status && now != kNoTime) {
    next_.transitions.clear();
    next.shards->rejudge(edited(*rules, map), now, router_->position(), next_.transitions);
    stage_transitions(*rules);
  }
  if (status && store_ != nullptr) {
    next_.batch.puts.push_back({state::Table::kMeta, kRulesKey, encode_rules(*rules)});
    ++progress_.commit;
    stage_checkpoint(*next.router, *next.shards);
    stage_progress();
    status = write();
  }
  if (status) {
    install(std::move(next));
    return {};
  }
  // Nothing of it was written: the rules that were in force stay, and what they know is where it was.
  next.router->seen().renumber_back(map, dropped);
  router_->seen() = std::move(next.router->seen());
  progress_.commit = before.commit;
  progress_.checkpoint = before.checkpoint;
  progress_.outbox = before.outbox;
  progress_.totals = before.totals;
  by_type_ = by_type;
  next_ = {};
  write_pending_ = false;
  request_checkpoint();
  return status;
}

Status Engine::read_outbox(uint64_t from, size_t max, const std::function<void(const Outgoing&)>& f) const {
  if (store_ == nullptr) return {};
  size_t n = 0;
  return store_->scan(state::Table::kOutbox, state::big_endian(from), "",
                      [&](std::string_view key, std::string_view value) {
                        const OutboxEntry e = decode_outbox(value);
                        f({state::from_big_endian(key), e.alert_id, e.json, e.cause, e.shadow});
                        return ++n < max;
                      });
}

size_t Engine::state_keys() const {
  size_t n = 0;
  for (const auto& shard : shards_->shards()) n += shard->keys();
  return n;
}

std::vector<size_t> Engine::keys_by_rule() const {
  std::vector<size_t> sum(rules_->rules().size());
  for (const auto& shard : shards_->shards()) {
    const auto keys = shard->keys_by_rule();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += keys[i];
  }
  return sum;
}

size_t Engine::state_bytes() const {
  size_t n = router_->seen().bytes();
  for (const auto& shard : shards_->shards()) n += shard->bytes();
  return n;
}

}  // namespace tocsin::runtime
