#include <array>

#include "alert/action.h"
#include "alert/transition.h"
#include "base/codec.h"
#include "base/hash.h"

namespace tocsin::alert {
namespace {

constexpr std::array<std::string_view, 10> kTypes = {"opened",   "updated",  "escalated", "deescalated", "acknowledged",
                                                     "assigned", "resolved", "closed",    "reopened",    "amended"};
constexpr std::array<std::string_view, 5> kStatuses = {"open", "acknowledged", "assigned", "resolved", "closed"};

}  // namespace

std::string_view name_of(TransitionType type) { return kTypes[static_cast<size_t>(type)]; }
std::string_view name_of(AlertStatus status) { return kStatuses[static_cast<size_t>(status)]; }

std::string alert_id(std::string_view rule_id, uint64_t key_hash_hi, uint64_t first_event_uid,
                     TimeMs first_event_time) {
  std::string bytes;
  Writer w(bytes);
  w.str(rule_id.substr(0, rule_id.find('?')));  // a sweep's "rule?param=value" names what the rule itself would
  w.fixed64(key_hash_hi);
  w.fixed64(first_event_uid);
  w.zigzag(first_event_time);
  std::string id(rule_id);
  id.append("-").append(hex(key_hash_hi)).append("-").append(hex(hash64(bytes)));
  return id;
}

}  // namespace tocsin::alert
