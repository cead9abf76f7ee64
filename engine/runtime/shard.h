#pragma once
// One part of the key space: applies deltas to its keys in order, keeps their timers, and collects the transitions.
// Owned by one thread at a time; two shards share nothing.
#include <absl/container/flat_hash_map.h>

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "alert/key_state.h"
#include "rule/rule_set.h"
#include "runtime/delta.h"
#include "runtime/duties.h"
#include "runtime/timer_queue.h"

namespace tocsin::runtime {

class Shard {
 public:
  // This is shard `index` of `count`: it owns the keys whose hash.lo % count == index, of the rules over events, or of
  // those over alerts.
  Shard(std::shared_ptr<const rule::RuleSet> rules, const TimeZone& zone, uint32_t index, uint32_t count,
        bool over_alerts = false);

  // Applies every operation of the delta that concerns this shard; transitions are appended to transitions(), in the
  // order of their tags. False: the delta does not decode.
  // A shard over alerts looks only at what stands in Op::kAlerts, the others at all but that.
  bool apply(std::string_view delta);
  // Over alerts: the operations themselves.
  bool apply_operations(std::string_view operations);
  std::vector<alert::Transition>& transitions() { return transitions_; }

  // Checkpoint: calls f(rule index, key hash, bytes) for each key that changed since the last call, with empty bytes
  // for a key that is gone. Keys of rules that `but` names are left for a later call.
  void take_changed(const std::function<void(uint16_t, const Hash128&, std::string_view)>& f,
                    const std::vector<bool>* but = nullptr);
  // Recovery: a key as encoded at a checkpoint. Counted as `changed` since then or not.
  Status load(uint16_t rule, const Hash128& key, std::string_view bytes, bool changed = false);
  // All keys, for a change of the rule set or of the number of shards.
  struct Held {
    uint16_t rule;
    Hash128 key;
    const alert::KeyState* state;  // null: gone since the last checkpoint, which holds it
    bool changed;                  // since the last checkpoint
  };
  void for_each(const std::function<void(const Held&)>& f) const;
  // Gives all keys away, and has none from then on: f(rule, key, state). For take_in() of another shard, under a rule
  // that is the same in all; what the states refer to must live on.
  void give_away(const std::function<void(uint16_t, const Hash128&, std::unique_ptr<alert::KeyState>)>& f);
  // A key that no store holds yet.
  void take_in(uint16_t rule, const Hash128& key, std::unique_ptr<alert::KeyState> state);

  // What is told when the keys that `ends` names are taken out of force at `time`: their alerts are resolved, in the
  // order of (rule, key), but those that `goes_on` names. The keys stay as they are: copies of them are ended. What
  // people know of their alerts is appended to `left`.
  using Ends = std::function<bool(uint16_t rule, const Hash128& key)>;
  using GoesOn = std::function<bool(uint16_t rule, const Hash128& key, std::string_view alert_id)>;
  struct Left {
    uint16_t rule;
    Hash128 key;
    std::string key_text;
    std::vector<alert::Record> alerts;
  };
  Status end_keys(const Ends& ends, const GoesOn& goes_on, TimeMs time, uint64_t position, std::vector<Left>& left);

  // The rules that `begun` names take over, after they were warmed up or anew: alert::KeyState::adopt for all their
  // keys and for those of `former` (numbered as the rules here are), in the order of (rule, key).
  void adopt(const std::vector<bool>& begun, std::vector<Left> former, TimeMs now, uint64_t position);

  // An alert of this id lives under this key.
  bool lives(const Hash128& key, std::string_view alert_id) const;

  // Periods of rules with a population: of each rule the start of the next one to begin, kNoTime while no time is
  // known. The first period that counts is the first that begins when time does, or after.
  Duties& duties() { return duties_; }

  // What became of rules that keep their state; by rule.
  struct Edits {
    std::vector<bool> conditions;  // they are others: the keys are judged anew
    std::vector<bool> stream;      // the mode is another: what lives goes to the other stream
    bool touch(uint16_t rule) const { return conditions[rule] || stream[rule]; }
  };
  // In the order of (rule, key). `watermark` kNoTime: nothing is judged yet.
  void rejudge(const Edits& edits, TimeMs watermark, TimeMs now, uint64_t position);

  bool owns(const Hash128& key) const { return key.lo % count_ == index_; }
  size_t keys() const { return slots_.size(); }
  // Keys by rule.
  std::vector<size_t> keys_by_rule() const { return keys_by_rule_; }
  size_t bytes() const;

 private:
  struct Slot {
    std::unique_ptr<alert::KeyState> state;
    TimeMs scheduled = kNever;  // the earliest timer in the queue for it
    uint16_t rule = 0;
    bool changed = false;  // since the last checkpoint
    bool stored = false;   // the last checkpoint holds it
  };
  class Collector final : public alert::Emitter {
   public:
    explicit Collector(std::vector<alert::Transition>& out) : out_(out) {}
    void emit(alert::Transition t) override;
    alert::Tag tag;

   private:
    std::vector<alert::Transition>& out_;
  };

  Slot& slot(uint16_t rule, const Hash128& key, std::string_view key_text);
  alert::Context context(uint16_t rule);
  void apply_row(const DeltaOp& op);
  void apply_retraction(const DeltaOp& op);
  void apply_action(const DeltaOp& op);
  void begin_event(uint64_t position, uint16_t rule, const Hash128& key, TimeMs watermark);
  void finish(const Hash128& key, Slot& slot);
  bool settle(const Hash128& key, Slot& slot);
  Slot& put(uint16_t rule, const Hash128& key, std::unique_ptr<alert::KeyState> state);
  void fire_due(TimeMs watermark);
  bool apply_op(const DeltaOp& op);
  void fetch_state(const Hash128& key) const;
  void fire_timers(TimeMs before);
  void begin_period(const Duties::Begun& begun);
  void touch(const Hash128& key, Slot& slot);
  void drop(const Hash128& key, const Slot& slot);

  // How many operations or timers before its turn a key's slot is fetched into the cache, and then its state.
  static constexpr size_t kSlotAhead = 12, kStateAhead = 6, kRing = 16;

  std::shared_ptr<const rule::RuleSet> rules_;
  const TimeZone zone_;
  const uint32_t index_, count_;
  const bool over_alerts_;
  TimeMs watermark_ = kNoTime;
  absl::flat_hash_map<Hash128, Slot, std::hash<Hash128>> slots_;
  TimerQueue timers_;
  std::vector<std::pair<uint16_t, Hash128>> changed_;  // may name keys that are gone again
  std::vector<std::pair<uint16_t, Hash128>> gone_;     // of those that the last checkpoint holds
  std::vector<size_t> keys_by_rule_;
  Duties duties_;
  std::vector<alert::Transition> transitions_;
  Collector collector_{transitions_};
  Arena row_arena_{4 * 1024};  // the row at hand
  Arena arena_{16 * 1024};     // scratch of one call
};

}  // namespace tocsin::runtime
