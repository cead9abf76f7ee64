#include "runtime/engine.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <utility>

#include "runtime/horizon.h"
#include "runtime/stored_rules.h"
#include "score/keeper.h"
#include "state/undo.h"

namespace tocsin::runtime {
namespace {

constexpr size_t kTypes = static_cast<size_t>(alert::TransitionType::kAmended) + 1;
constexpr char kProgressKey[] = "progress";

SharedArea area_of(const AlertLine& l) { return {l.city, l.town, l.village, l.grid}; }

}  // namespace

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

Engine::Engine(Options options, const std::shared_ptr<const rule::RuleSet>& rules, state::Store* store)
    : options_(std::move(options)), store_(store) {
  install(build(rules));
}

Engine::~Engine() = default;

Engine::Works Engine::build(const std::shared_ptr<const rule::RuleSet>& rules) const {
  return {
      rules,
      nullptr,
      std::make_unique<Router>(rules, Router::Options{horizon_of(*rules)}),
      std::make_unique<ShardPool>(rules, options_.zone, std::clamp<uint32_t>(options_.shards, 1, 256), options_.ticker),
      std::make_unique<alert::Policy>(rules),
      std::make_unique<AlertStage>(rules)};
}

void Engine::install(Works works) {
  std::vector<std::vector<uint64_t>> by_type(works.rules->rules().size(), std::vector<uint64_t>(kTypes));
  carry_counts(works, by_type);
  retire({std::move(rules_), std::move(warm_rules_), std::move(router_), std::move(shards_), std::move(policy_),
          std::move(stage_)});
  rules_ = std::move(works.rules);
  warm_rules_ = std::move(works.warm_rules);
  router_ = std::move(works.router);
  shards_ = std::move(works.shards);
  policy_ = std::move(works.policy);
  stage_ = std::move(works.stage);
  by_type_ = std::move(by_type);
}

// What was counted of a rule goes on under its id, edited or not: a reload is no reset to who watches the counters.
void Engine::carry_counts(Works& next, std::vector<std::vector<uint64_t>>& by_type) const {
  if (router_ == nullptr) return;
  absl::flat_hash_map<std::string_view, size_t> before;
  for (size_t i = 0; i < rules_->rules().size(); ++i) before.emplace(rules_->rules()[i].id, i);
  for (size_t i = 0; i < by_type.size(); ++i) {
    const auto it = before.find(next.rules->rules()[i].id);
    if (it == before.end()) continue;
    by_type[i] = by_type_[it->second];
    next.router->counters()[i] = router_->counters()[it->second];
  }
}

// Hundreds of thousands of keys take their time: beside the engine's own.
void Engine::retire(Works works) {
  if (works.shards == nullptr) return;
  if (retirement_ == nullptr) retirement_ = std::make_unique<BackgroundTask>();
  (void)retirement_->wait();  // it cannot fail
  retirement_->start([old = std::make_shared<Works>(std::move(works))]() mutable {
    old.reset();
    return Status();
  });
}

Result<std::unique_ptr<Engine>> Engine::open(Options options, const std::shared_ptr<const rule::RuleSet>& rules,
                                             state::Store* store, const CompileRules& compile, const WarmUp& warm_up) {
  std::unique_ptr<Engine> engine(new Engine(std::move(options), rules, store));
  if (store == nullptr) {
    if (auto s = engine->open_score(); !s) return s.error();
    return engine;
  }
  const auto stored = store->get(state::Table::kMeta, kProgressKey);
  if (!stored && stored.error().code != Code::kNotFound) return stored.error();
  if (stored) {
    auto progress = Progress::decode(*stored);
    if (!progress) return progress.error();
    engine->progress_ = std::move(*progress);
    if (auto s = engine->open_score(); !s) return s.error();
    if (auto s = engine->recover(compile); !s) return s.error();
    if (engine->rules_->fingerprint() != rules->fingerprint()) {
      const auto warm = warm_up ? warm_up(*engine, *rules) : nullptr;
      if (auto s = engine->swap_rules(rules, warm.get()); !s) return s.error();
    }
  } else {
    if (auto s = engine->open_score(); !s) return s.error();
    engine->next_.batch.puts.push_back({state::Table::kMeta, kRulesKey, encode_rules(*rules)});
    if (auto s = store->write(engine->next_.batch, engine->options_.sync); !s) return s.error();
    engine->next_.batch.clear();
  }
  engine->first_position_ = engine->router_->position() + 1;
  if (engine->options_.overlap) engine->writer_ = std::make_unique<BackgroundTask>();
  return engine;
}

Status Engine::recover(const CompileRules& compile) {
  const auto stored = store_->get(state::Table::kMeta, kRulesKey);
  if (!stored) return corrupt("the state directory holds progress but no rules; restore it from a checkpoint");
  const auto rules = decode_rules(*stored);
  if (!rules) return rules.error();
  if (rules->fingerprint != rules_->fingerprint()) {
    auto then = compile(rules->files);
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

Status Engine::apply_deltas() {
  Status status;
  std::vector<alert::Transition> already_in_the_outbox;
  const uint64_t all = progress_.commit - progress_.checkpoint;
  uint64_t done = 0;
  const auto scanned = store_->scan(
      state::Table::kDelta, state::big_endian(progress_.checkpoint + 1), state::big_endian(progress_.commit + 1),
      [&](std::string_view key, std::string_view delta) {
        if (options_.recovering) options_.recovering("commits", ++done, all);
        router_->replay(delta);
        if (!shards_->apply(delta, already_in_the_outbox) || !shards_->apply_alerts(delta, already_in_the_outbox)) {
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
  uint64_t done = 0;
  auto s = store_->scan(state::Table::kAlerts, "a/", "a0", [&](std::string_view, std::string_view value) {
    if (options_.recovering) options_.recovering("alerts", ++done, 0);
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
  if (score_ != nullptr && outcome != Outcome::kDuplicate) {
    score_->event(event, router_->uid(), router_->position(), router_->watermark().now());
  }
  offsets_[partition]->greatest = router_->watermark().partitions()[partition].greatest;
  take_offset(partition, next_offset);
  Totals& t = progress_.totals;
  ++t.read;
  SourceTotals* source = source_totals(event.source);
  ++source->read;
  switch (outcome) {
    case Outcome::kAccepted:
      ++t.accepted;
      source->greatest = std::max(source->greatest, event.occurred_at);
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

// Judges all that has been routed since the last time: the shards, then the rules over alerts, then policy. Where a
// batch is cut into such stretches changes nothing.
Status Engine::judge() {
  const uint64_t begin = options_.ticker != nullptr ? options_.ticker() : 0;
  router_->close(delta_);
  const std::string_view fresh = std::string_view(delta_).substr(judged_bytes_);
  std::vector<alert::Transition> stream;
  if (!shards_->apply(fresh, stream)) return internal("a shard could not read the router's delta");
  const TimeMs watermark = router_->watermark().now();
  if (shards_->over_alerts() != nullptr) {
    const std::string operations = stage_->build(fresh, stream, watermark, *router_, delta_);
    if (!shards_->apply_alert_operations(operations, stream)) {
      return internal("the shard over alerts could not read its operations");
    }
  }
  policy_->apply(stream, watermark);
  note(stream, *rules_, notes_);
  judged_bytes_ = delta_.size();
  if (judged_.empty()) {
    judged_ = std::move(stream);
  } else {
    std::move(stream.begin(), stream.end(), std::back_inserter(judged_));
  }
  if (options_.ticker != nullptr) judge_latency_.record_ns(options_.ticker() - begin);
  return {};
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
  next_.lines.reserve(next_.lines.size() + next_.transitions.size());
  absl::flat_hash_map<std::string_view, const AlertLine*> last;  // of each alert, as far as it is not in the book yet
  for (const auto* staged : {&flying_, &next_}) {
    for (const AlertLine& line : staged->lines) last[line.alert_id] = &line;
  }
  for (alert::Transition& t : next_.transitions) {
    const uint64_t sequence = ++progress_.outbox;
    ++progress_.totals.transitions;
    if (t.type == alert::TransitionType::kOpened) ++progress_.totals.opened;
    if (t.type == alert::TransitionType::kResolved) ++progress_.totals.resolved;
    if (&rules == rules_.get()) ++by_type_[t.rule][static_cast<size_t>(t.type)];
    const size_t at = t.tag.position - first_position_;
    const TimeMs cause = t.tag.phase == 0 && at < log_times_.size() ? log_times_[at] : kNoTime;
    next_.outgoing.push_back({sequence, t.alert_id, t.json, cause, t.shadow, t.muted});
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
    OutboxEntry entry{t.alert_id, t.json, cause, t.shadow, t.muted, area_of(line)};
    AlertLine known;
    if (const auto it = last.find(t.alert_id); it != last.end()) {
      entry.before = area_of(*it->second);
    } else if (t.seq > 1 && book_.find(t.alert_id, known)) {
      entry.before = area_of(known);
    }
    next_.batch.puts.push_back({state::Table::kOutbox, state::big_endian(sequence), encode_outbox(entry)});
    next_.batch.puts.push_back({state::Table::kAlerts, latest_key(t.alert_id), std::move(latest)});
    next_.batch.puts.push_back({state::Table::kAlerts, history_key(t.alert_id, t.seq), state::big_endian(sequence)});
    last[t.alert_id] = &next_.lines.emplace_back(std::move(line));
  }
}

void Engine::stage_policy(alert::Policy& policy) {
  policy.take_changed([&](const std::string& key, std::string bytes) {
    if (bytes.empty()) {
      next_.batch.deletes.push_back({state::Table::kMeta, key});
    } else {
      next_.batch.puts.push_back({state::Table::kMeta, key, std::move(bytes)});
    }
  });
}

void Engine::stage_progress() { next_.batch.puts.push_back(progress_put()); }

state::Put Engine::progress_put() const {
  std::string bytes;
  Writer w(bytes);
  progress_.encode(w);
  return {state::Table::kMeta, kProgressKey, std::move(bytes)};
}

void Engine::sink_delivered(const std::string& sink, uint64_t sequence) {
  uint64_t& known = progress_.sinks[sink];
  deliveries_moved_ = deliveries_moved_ || known != sequence;
  known = sequence;
}

// Right after a commit the rest of the progress is what that stored.
Status Engine::keep_deliveries() {
  const bool at_rest = !write_pending_ && !progress_changed_ && !under_way();
  if (store_ == nullptr || !deliveries_moved_ || !at_rest) return {};
  if (auto s = write_undo(); !s) return s;
  state::Batch batch;
  batch.puts.push_back(progress_put());
  if (auto s = store_->write(batch, options_.sync); !s) return s;
  deliveries_moved_ = false;
  return {};
}

// What a written batch leaves: who finds a line in the book also finds its text in the store.
void Engine::settle(Staged& written) {
  for (state::Put& p : written.batch.puts) {  // the delta's room is used again
    if (p.table != state::Table::kDelta || !delta_.empty() || is_notes_key(p.key)) continue;
    p.value.clear();
    delta_.swap(p.value);
  }
  written.batch.clear();
  for (AlertLine& line : written.lines) book_.put(std::move(line));
  written.lines.clear();
  for (const std::string& id : written.gone) book_.erase(id);
  written.gone.clear();
  deliveries_moved_ = false;
}

// The next commits do not write what the refused one did, which may turn up after a crash all the same.
Status Engine::write_undo() {
  if (refused_.empty()) return {};
  const auto undo = state::undo_of(*store_, refused_);
  if (!undo) return undo.error();
  if (auto s = store_->write(*undo, options_.sync); !s) return s;
  refused_.clear();
  return {};
}

Status Engine::write() {
  write_pending_ = true;
  if (auto s = write_undo(); !s) return s;
  const uint64_t begin = options_.ticker != nullptr ? options_.ticker() : 0;
  if (auto s = store_->write(next_.batch, options_.sync); !s) return s;
  if (options_.ticker != nullptr) write_latency_.record_ns(options_.ticker() - begin);
  write_pending_ = false;
  settle(next_);
  return {};
}

// Hands the staged batch to the disk and takes over the one before, whose transitions are then in next_.
Status Engine::overlap() {
  if (auto s = writer_->wait(); !s) return s;
  settle(flying_);
  std::swap(next_, flying_);
  if (!flying_.batch.puts.empty()) {
    writer_->start([this] { return store_->write(flying_.batch, options_.sync); });
  }
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
  if (auto s = judge(); !s) return s.error();
  next_.transitions = std::exchange(judged_, {});
  progress_.position = router_->position();
  progress_.watermark = router_->watermark().now();
  ++progress_.commit;
  next_.before = progress_.outbox;
  stage_transitions(*rules_);
  delta_bytes_ += delta_.size() + notes_.size();
  const bool settle = checkpoint_due_;
  const bool checkpoint = store_ != nullptr && (checkpoint_due_ || delta_bytes_ > options_.checkpoint_bytes);
  if (store_ != nullptr) {
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
      stage_checkpoint(*rules_, *router_, *shards_);
      delta_bytes_ = 0;
      checkpoint_due_ = false;
    } else if (!delta_.empty()) {
      next_.batch.puts.push_back({state::Table::kDelta, state::big_endian(progress_.commit), std::move(delta_)});
    }
    stage_policy(*policy_);
    stage_progress();
  }
  if (auto s = stage_score(checkpoint, settle); !s) return s.error();
  delta_.clear();
  judged_bytes_ = 0;
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

Status Engine::read_outbox(uint64_t from, size_t max, const std::function<void(const Outgoing&)>& f) const {
  if (store_ == nullptr) return {};
  size_t n = 0;
  return store_->scan(state::Table::kOutbox, state::big_endian(from), "",
                      [&](std::string_view key, std::string_view value) {
                        const OutboxEntry e = decode_outbox(value);
                        f({state::from_big_endian(key), e.alert_id, e.json, e.cause, e.shadow, e.muted});
                        return ++n < max;
                      });
}

TimeMs Engine::partition_watermark(uint32_t partition) const {
  const Watermark::Partition& p = router_->watermark().partitions()[partition];
  return p.idle || p.greatest == kNoTime ? kNoTime : p.greatest - p.lateness;
}

size_t Engine::state_keys() const {
  size_t n = 0;
  for (const Shard* shard : shards_->all()) n += shard->keys();
  return n;
}

std::vector<Engine::ShardLoad> Engine::shard_loads() const {
  std::vector<ShardLoad> out;
  for (size_t i = 0; i < shards_->count(); ++i) out.push_back({shards_->all()[i]->keys(), shards_->busy_ns(i)});
  return out;
}

std::vector<size_t> Engine::keys_by_rule() const {
  std::vector<size_t> sum(rules_->rules().size());
  for (const Shard* shard : shards_->all()) {
    const auto keys = shard->keys_by_rule();
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += keys[i];
  }
  return sum;
}

size_t Engine::state_bytes() const {
  size_t n = router_->seen().bytes() + (score_ == nullptr ? 0 : score_->bytes());
  for (const Shard* shard : shards_->all()) n += shard->bytes();
  return n;
}

}  // namespace tocsin::runtime
