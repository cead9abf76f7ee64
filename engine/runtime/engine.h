#pragma once
// The engine: events in, transitions out, nothing lost. Drives router and shards batch by batch and makes each batch
// one atomic commit. No clock, no network: time comes in with events and through set_time().
//
//   auto engine = Engine::open(options, rules, &store, compile);
//   uint32_t p = engine->add_partition("grid.events/0", lateness);   // engine->next_offset(p) tells where to go on
//   engine->accept(event, p, next_offset, log_time);                 // any number of times
//   auto out = engine->commit();                                     // durable when it returns
//
// One thread calls it; book() may be read by any.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alert/policy.h"
#include "base/histogram.h"
#include "rule/rule_set.h"
#include "runtime/alert_book.h"
#include "runtime/alert_stage.h"
#include "runtime/background_task.h"
#include "runtime/estates.h"
#include "runtime/outbox.h"
#include "runtime/ports.h"
#include "runtime/progress.h"
#include "runtime/router.h"
#include "runtime/shard_pool.h"
#include "state/store.h"

namespace tocsin::score {
class Keeper;
}

namespace tocsin::runtime {

// A record that no feed could read, as it is kept: its place in the log, why, and a masked copy.
struct DeadLetter {
  std::string partition;  // name
  uint64_t offset = 0;
  std::string place;  // for people: file:line, or topic, partition and offset
  std::string source, reason, message, masked;
  TimeMs log_time = kNoTime;
};
void encode(Writer& out, const DeadLetter& letter);
Result<DeadLetter> decode_dead_letter(std::string_view bytes);

// Compiles the texts that are stored with the state: rules, calendars and tables (recovery under those of that time).
using CompileRules = std::function<Result<std::shared_ptr<const rule::RuleSet>>(std::span<const rule::SourceFile>)>;

class Engine {
 public:
  struct Options {
    uint32_t shards = 1;
    TimeZone zone = TimeZone::utc();
    size_t checkpoint_bytes = 64u << 20;  // of deltas between checkpoints: bounds recovery time
    uint64_t history = 2'000'000;         // transitions kept for streams and histories
    uint64_t keep_dead = 100'000;         // dead letters and late records kept
    // Ended alerts are listed, with their histories, for so long after their last transition (event time, looked at
    // with each checkpoint), and so many of them.
    DurationMs keep_ended = 400LL * 24 * 3600 * 1000;
    size_t max_ended = 200'000;
    bool sync = true;  // commits reach the disk before they count
    // The disk writes one commit while the next is worked on: faster, but transitions come one commit later, and a full
    // disk ends the engine's use. For reading files, where only the whole matters. swap_rules() may not be called.
    bool overlap = false;
    // Keeps scorecards too (score/README.md). A state that has them keeps them in any case.
    bool score = false;
    // Called by open() as it recovers, for every key, commit and alert: `done` of `of` (0: not known) of a part.
    std::function<void(std::string_view part, uint64_t done, uint64_t of)> recovering = {};
    ShardPool::Ticker ticker = nullptr;  // steady nanoseconds; null: loads and latencies are not measured
  };

  // Warms up what `recovered` has no state for, up to where it stands (see swap_rules); null: those rules begin anew.
  using WarmUp = std::function<std::unique_ptr<Engine>(const Engine& recovered, const rule::RuleSet& rules)>;
  // `store` may be null: nothing is kept (a replay without --state). With a store that holds state, recovers it under
  // the rules that it was written with, then goes over to `rules`: rules of the same identity keep their state.
  static Result<std::unique_ptr<Engine>> open(Options options, const std::shared_ptr<const rule::RuleSet>& rules,
                                              state::Store* store, const CompileRules& compile,
                                              const WarmUp& warm_up = {});
  ~Engine();

  uint32_t add_partition(const std::string& name, DurationMs lateness);
  uint64_t next_offset(uint32_t partition) const;
  // The state holds events of it.
  bool has_history(uint32_t partition) const { return offsets_[partition]->greatest != kNoTime; }

  Outcome accept(const Event& event, uint32_t partition, uint64_t next_offset, TimeMs log_time);
  // Begins to fetch from memory what accept() will look at first. Only a hint.
  void fetch(const Event& event) const { router_->fetch(event); }
  void reject(DeadLetter letter, uint32_t partition, uint64_t next_offset);
  // The record is no event (a header, a row that the feed leaves out).
  void skip(uint32_t partition, uint64_t next_offset);
  // False: there is no such alert (the record is rejected by the caller).
  bool act(const alert::Action& action, uint32_t partition, uint64_t next_offset, TimeMs log_time);
  // A person's silence (see alert/policy.h), or its end at `at`. False: it cannot be, and `why` says so.
  bool silence(rule::Silence silence, uint32_t partition, uint64_t next_offset, std::string& why);
  bool unsilence(const std::string& id, TimeMs at, uint32_t partition, uint64_t next_offset, std::string& why);
  // A late record's canonical text, to be kept.
  void keep_late(std::string json);

  // Idle partitions do not hold time back; at the head of a live log they follow the clock.
  void set_idle(uint32_t partition, bool idle);
  void follow_clock(uint32_t partition, TimeMs clock);
  // Nothing before `t` will come any more (end of input, --until, a test's `by`). Precondition: a time, not kNoTime and
  // what is counted from it.
  void advance_to(TimeMs t);
  // Events alone do not move time beyond `most` (of an engine that is warmed up: where time is in the one in force).
  void hold_time_at(TimeMs most) { router_->watermark().hold_at(most); }
  TimeMs watermark() const { return router_->watermark().now(); }
  // One partition's own; kNoTime while it has had no event or does not hold time back.
  TimeMs partition_watermark(uint32_t partition) const;
  TimeMs greatest_event_time() const { return router_->watermark().greatest(); }

  size_t pending_events() const { return pending_; }
  size_t pending_bytes() const { return delta_.size(); }

  // Applies the batch and commits it; answers its transitions, valid until the next call. kExhausted: the disk is full;
  // the batch is kept and the next commit() tries again before anything else. Any other error ends the engine's use.
  // With Options::overlap it answers the transitions of the batch before, and under_way() tells that a further commit()
  // is needed to see the rest.
  Result<std::span<const Outgoing>> commit();
  bool under_way() const { return writer_ != nullptr && writer_->under_way(); }
  // Sequence of the last transition that is durable.
  uint64_t outbox() const { return under_way() ? flying_.before : progress_.outbox; }
  // A checkpoint with the next commit.
  void request_checkpoint() { checkpoint_due_ = true; }
  // Goes over to other rules: commits, then keeps the state of rules whose identity is the same. A rule that only
  // judges otherwise (a threshold was edited) judges what it has kept at once: alerts open, are amended or resolved
  // (reason `rule`). The others begin with the state of `warm`, an engine without a store over to_warm_up(rules) that
  // was given the same log up to the same offsets, or anew when it is null; alerts that go on under their ids are
  // amended, the rest of the former ones resolved (reason `rule`), and new ones opened (see alert/takeover.h); so it is
  // with what a rule of the same id left behind that was taken out before (estates.h). `warm` is brought to the present
  // and is of no use afterwards. An error leaves the rules in force that were, with all their state; kExhausted (the
  // disk is full) may be tried again.
  Status swap_rules(const std::shared_ptr<const rule::RuleSet>& rules, Engine* warm = nullptr);
  // Those of `rules` that no state is kept for and that a log can warm up (rules over alerts begin anew); null: none.
  std::shared_ptr<const rule::RuleSet> to_warm_up(const rule::RuleSet& rules) const;

  // How far a sink is. The next commit stores it, or keep_deliveries().
  void sink_delivered(const std::string& sink, uint64_t sequence);
  // Where there is nothing to commit: stores how far the sinks are, if that has moved since it was stored, and nothing
  // else; so that what was delivered is not offered again after a crash. Right after commit(), which must have
  // answered; does nothing while a commit is under way. Errors as commit()'s.
  Status keep_deliveries();
  uint64_t sink_floor(const std::string& sink) const;
  // Transitions `from`, `from`+1 … of the stored outbox, at most `max`; calls f(outgoing).
  Status read_outbox(uint64_t from, size_t max, const std::function<void(const Outgoing&)>& f) const;

  const alert::Policy& policy() const { return *policy_; }
  // Null: none are kept. Its const functions may be called from any thread; they know all batches but perhaps the last
  // (a checkpoint makes them know that too).
  const score::Keeper* score() const { return score_.get(); }
  const AlertBook& book() const { return book_; }
  const Progress& progress() const { return progress_; }
  const rule::RuleSet& rules() const { return *rules_; }
  std::shared_ptr<const rule::RuleSet> rules_ptr() const { return rules_; }
  const std::vector<RuleCounters>& rule_counters() const { return router_->counters(); }
  size_t shards() const { return shards_->count(); }
  size_t state_keys() const;
  struct ShardLoad {
    size_t keys;
    uint64_t busy_ns;  // since it was made: a change of rules makes new ones
  };
  std::vector<ShardLoad> shard_loads() const;
  std::vector<size_t> keys_by_rule() const;
  // Counted by walking the keys: not for every batch.
  size_t state_bytes() const;
  // Empty without Options::ticker.
  const LatencyHistogram& judge_latency() const { return judge_latency_; }  // one batch: all shards, rules over alerts
  const LatencyHistogram& write_latency() const { return write_latency_; }  // one commit's write; not with overlap
  uint64_t transitions_of(uint16_t rule, alert::TransitionType type) const {
    return by_type_[rule][static_cast<size_t>(type)];
  }

 private:
  Engine(Options options, const std::shared_ptr<const rule::RuleSet>& rules, state::Store* store);
  Status recover(const CompileRules& compile);
  Status open_score();
  void note(std::span<const alert::Transition> transitions, const rule::RuleSet& rules, std::string& notes);
  Status stage_score(bool checkpoint, bool settle);
  Status settle_score();
  void apply_notes(std::string notes);
  void stage_score_pieces(uint64_t commit);
  void stage_swapped_score(const std::string& notes);
  void take_swapped_score(std::string notes);
  void forget_swapped_score(const std::string& notes);
  Status load_checkpoint();
  Status apply_deltas();
  Status load_duties();
  void stage_duties(ShardPool& shards);
  void carry_duties(ShardPool& to, TimeMs now) const;
  Status load_book();
  // What works under one set of rules.
  struct Works {
    std::shared_ptr<const rule::RuleSet> rules, warm_rules;  // the latter: some keys were warmed up under them
    std::unique_ptr<Router> router;
    std::unique_ptr<ShardPool> shards;
    std::unique_ptr<alert::Policy> policy;
    std::unique_ptr<AlertStage> stage;
  };
  Works build(const std::shared_ptr<const rule::RuleSet>& rules) const;
  void install(Works works);
  void carry_counts(Works& next, std::vector<std::vector<uint64_t>>& by_type) const;
  void retire(Works works);
  struct Succession;
  Succession succession(const rule::RuleSet& rules) const;
  Status load_warm(Engine& warm, Works& to, std::vector<int>& map);
  Status end_old(const Succession& by, Works& next, std::vector<Shard::Left>& left, std::string& notes);
  void leave_estates(const Succession& by, std::vector<Shard::Left>& left, TimeMs now);
  Status inherit_estates(const Succession& by, const rule::RuleSet& rules, std::vector<Shard::Left>& left);
  Status move_keys(const Succession& by, Works& to);
  void begin_new(const Succession& by, std::vector<Shard::Left> left, Works& next, std::string& notes);
  Status stage_swap(Works& next, const Succession& by, const std::string& notes);
  void take_offset(uint32_t partition, uint64_t next_offset);
  SourceTotals* source_totals(std::string_view source);
  SourceTotals* find_totals(std::string_view source);
  void note_log_time(TimeMs log_time);
  Status judge();
  const alert::Transition* unwritten(std::string_view alert_id) const;
  void stage_transitions(const rule::RuleSet& rules);
  void stage_policy(alert::Policy& policy);
  void stage_checkpoint(const rule::RuleSet& rules, Router& router, ShardPool& shards,
                        const std::vector<bool>* but = nullptr);
  void stage_seen(Seen& seen);
  void stage_fresh(const rule::RuleSet& rules, ShardPool& shards, const std::vector<bool>& begun);
  Status load_seen();
  Status load_fresh(const std::map<std::string, uint16_t, std::less<>>& index);
  void stage_outdated();
  void stage_progress();
  state::Put progress_put() const;
  struct Staged {  // one commit's
    state::Batch batch;
    std::vector<AlertLine> lines;   // they enter the book when it is written
    std::vector<std::string> gone;  // alerts that leave it
    std::vector<alert::Transition> transitions;
    std::vector<Outgoing> outgoing;
    uint64_t before = 0;  // sequence of the last transition before it
  };
  Status write();
  Status write_undo();
  Status overlap();
  Status land();
  void settle(Staged& written);

  Options options_;
  std::shared_ptr<const rule::RuleSet> rules_, warm_rules_;
  state::Store* store_;
  std::unique_ptr<Router> router_;
  std::unique_ptr<ShardPool> shards_;
  std::unique_ptr<alert::Policy> policy_;
  std::unique_ptr<AlertStage> stage_;
  std::unique_ptr<score::Keeper> score_;
  std::unique_ptr<BackgroundTask> score_worker_;  // after what it works on
  AlertBook book_;
  Estates estates_;
  Progress progress_;
  std::vector<std::string> partition_names_;
  std::vector<PartitionProgress*> offsets_;

  SourceTotals* last_totals_ = nullptr;  // of last_source_
  std::string last_source_;

  std::string delta_;
  std::string notes_;        // of the batch, for the scorecards
  size_t judged_bytes_ = 0;  // of delta_: the shards have applied them
  size_t pending_ = 0;
  uint64_t first_position_ = 1;    // of the batch
  std::vector<TimeMs> log_times_;  // by position - first_position_
  std::vector<DeadLetter> dead_;
  std::vector<std::string> late_;
  std::vector<alert::Transition> judged_;  // by judge(), for the next commit
  Staged next_;           // the commit at hand, or after commit() the one whose transitions it answered
  Staged flying_;         // the commit that the disk is writing
  state::Batch refused_;  // of a change of rules that did not happen: it is taken back before anything else is written
  std::vector<std::vector<uint64_t>> by_type_;
  LatencyHistogram judge_latency_, write_latency_;
  size_t delta_bytes_ = 0;  // since the last checkpoint
  bool checkpoint_due_ = false;
  bool fresh_stored_ = false;  // keys lie under kFreshPieces
  bool write_pending_ = false;
  bool progress_changed_ = false;
  bool deliveries_moved_ = false;               // of progress_.sinks: since they were stored
  std::unique_ptr<BackgroundTask> retirement_;  // takes apart what other rules have worked with
  std::unique_ptr<BackgroundTask> writer_;      // with Options::overlap; last: it reads flying_
};

// Keys of the store's tables, for `tocsin state` and the API. Under latest_key() stands the alert's line, then the text
// of its latest transition; under history_key() the sequence of one of its transitions.
std::string history_key(std::string_view alert_id, uint32_t seq);
std::string latest_key(std::string_view alert_id);
// Of Table::kDelta: a commit's notes for the scorecards. They lie behind all deltas.
std::string notes_key(uint64_t commit);
bool is_notes_key(std::string_view key);
// Of Table::kMeta: pieces of the scorecards.
inline constexpr std::string_view kScorePieces = "score/", kScorePiecesEnd = "score0";

}  // namespace tocsin::runtime
