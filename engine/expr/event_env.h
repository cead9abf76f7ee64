#pragma once
// A missing field is null; a missing entry of `values` or `attrs` too. flags, values and attrs are never null but may
// be empty: has(flags) asks whether there is any.
//
// The event scope: the fields of event/fields.h as variables (slot = static_cast<int>(Field)), and the engine's own
// functions beside CEL's: category.under(path), category.top(n), distance(a, b), orElse(x, y), hour(t), weekday(t) …
#include "event/event.h"
#include "expr/program.h"
#include "time/format.h"

namespace tocsin::expr {

// Registers the engine's functions (without any variable). `zone` is the civil zone of hour(t), weekday(t).
void add_engine_functions(Env& env, const TimeZone& zone);
// Engine functions plus the event's fields, in the order of Field: slot numbers are Field values.
Env event_env(const TimeZone& zone);

// An event as an activation. flags, values and attrs are built in the arena on demand; slots past the event's own
// fields are taken from `extra` (params and the like).
class EventActivation final : public Activation {
 public:
  EventActivation(const Event& event, Arena& arena, std::span<const Value> extra = {})
      : event_(event), arena_(arena), extra_(extra) {}
  Value get(int slot) const override;
  Found find(int slot, std::string_view key, Value& out) const override;

 private:
  const Event& event_;
  Arena& arena_;
  std::span<const Value> extra_;
};

}  // namespace tocsin::expr
