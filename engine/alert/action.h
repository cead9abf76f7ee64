#pragma once
// What a person does to an alert; a record of the log like any event.
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tocsin::alert {

enum class ActionKind : uint8_t { kAcknowledge, kAssign, kComment, kClose };

struct Action {
  ActionKind kind = ActionKind::kAcknowledge;
  std::string alert_id;
  std::string by;       // who (a post's account name)
  std::string to;       // kAssign: to whom
  std::string outcome;  // kClose: "true" "false" "duplicate"
  std::string note;
  TimeMs at = 0;
};

// "<rule>-<16 hex of the key's hash>-<16 hex of rule, key and first event>": the same log gives the same ids.
std::string alert_id(std::string_view rule_id, uint64_t key_hash_hi, uint64_t first_event_uid, TimeMs first_event_time);

}  // namespace tocsin::alert
