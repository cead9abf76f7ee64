#pragma once
// Everything that a rule knows of one key: the detector's window and the alerts that stand on it. Deterministic: the
// same calls in the same order give the same transitions and the same bytes. Not thread-safe; owned by one shard.
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "alert/action.h"
#include "alert/record.h"
#include "alert/transition.h"
#include "detect/row.h"
#include "rule/rule.h"

namespace tocsin::alert {

class Emitter {
 public:
  virtual ~Emitter() = default;
  // Tag::step is set by the caller of KeyState (the shard) from the order of the calls.
  virtual void emit(Transition transition) = 0;
};

struct Context {
  const rule::Rule& rule;
  uint16_t rule_index;
  const TimeZone& zone;
  TimeMs watermark;  // of the shard at this call
  Arena& arena;      // scratch, reset by the shard between calls
  Emitter& emitter;
};

class KeyState {
 public:
  virtual ~KeyState() = default;
  // A new or revised event. A revision is retract + add under the same uid. Rows may come in any order of time within
  // the lateness; `row.late` ones are used for corrections only.
  virtual void add(const detect::Row& row, Context& context) = 0;
  // Takes back what event `uid` contributed; `withdrawn` tells a withdrawal from a revision (whose add follows at
  // once).
  virtual void retract(uint64_t uid, bool withdrawn, const detect::Row& cause, Context& context) = 0;
  // A period of `each` begins (of which rule::Rule::plan says more). Publishes nothing by itself.
  virtual void owe(TimeMs /*start*/) {}
  // A person's action on one of this key's alerts.
  virtual void act(const Action& action, Context& context) = 0;
  // The rule is taken out of force at `time`: every alert that lives is resolved (reason `rule`), but those that
  // `goes_on` names, which another version of the rule takes over. Answers the alerts that people know, with all that
  // is left to say of them, for that version's adopt(). Nothing may be called after.
  using GoesOn = std::function<bool(std::string_view alert_id)>;
  virtual std::vector<Record> end(TimeMs time, const GoesOn& goes_on, Context& context) = 0;
  // This version of the rule takes over at `now`, after it was warmed up from the log (or anew): nobody was told of
  // its alerts, and of `former` people know. Tells what is to be told, reason `rule` (see takeover.h).
  virtual void adopt(std::vector<Record> former, TimeMs now, Context& context) = 0;
  // An alert of this id lives.
  virtual bool lives(std::string_view alert_id) const = 0;
  // The rule's conditions are others now; what is kept is judged by them at once. `now`: the watermark.
  virtual void rejudge(TimeMs now, Context& context) = 0;
  // The rule's alerts go to another stream from now on (its mode was edited, the state stays): the one that knows them
  // is told that those that live are resolved (reason `rule`), and with enter_stream(), which must follow, the other
  // one that they open. A rejudge() between the two tells only what opens by it.
  virtual void leave_stream(TimeMs now, Context& context) = 0;
  virtual void enter_stream(TimeMs now, Context& context) = 0;
  // Fires what is due exactly at next_deadline(); `deadline` < the watermark.
  virtual void advance(TimeMs deadline, Context& context) = 0;
  // The earliest instant at which advance() must be called (once the watermark has passed it), or kNever.
  virtual TimeMs next_deadline() const = 0;
  // It has alerts, filed ones too, or one that waits to open.
  virtual bool has_alerts() const = 0;
  // Nothing left to remember: the shard drops it.
  virtual bool empty() const = 0;
  virtual void encode(Writer& out) const = 0;
  // Rough bytes of memory, for state_bytes.
  virtual size_t bytes() const = 0;
  virtual std::string_view key_text() const = 0;
  // Rows that the bound on a key's rows (Plan::max_rows_per_key) has cost.
  virtual uint64_t dropped() const { return 0; }
};

std::unique_ptr<KeyState> make_key_state(const rule::Rule& rule, Hash128 key, std::string_view key_text);
// Bytes of another format are kCorrupt.
Result<std::unique_ptr<KeyState>> decode_key_state(const rule::Rule& rule, Hash128 key, std::string_view bytes);

}  // namespace tocsin::alert
