#pragma once
// What the engine publishes: one transition of one alert, and its CloudEvents form (contract, "Alert").
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "detect/plan.h"

namespace tocsin::alert {

enum class TransitionType : uint8_t {
  kOpened,
  kUpdated,
  kEscalated,
  kDeescalated,
  kAcknowledged,
  kAssigned,
  kResolved,
  kClosed,
  kReopened,
  kAmended
};
std::string_view name_of(TransitionType type);  // "opened" …

enum class AlertStatus : uint8_t { kOpen, kAcknowledged, kAssigned, kResolved, kClosed };
std::string_view name_of(AlertStatus status);

struct EventRef {
  std::string source, id;
  TimeMs occurred_at = 0;
  bool operator==(const EventRef&) const = default;
};

// Where a transition stands in the one order of all shards (architecture: "Order"). Comparing tags merges shards'
// output.
struct Tag {
  TimeMs time = 0;        // watermark of the event, or deadline of the timer
  uint8_t phase = 0;      // 0: an event, 1: a timer
  uint64_t position = 0;  // of the event; timers: 0
  uint8_t stage = 0;      // 1: of a rule over alerts, after all that the others say of the same event or instant
  uint16_t rule = 0;
  Hash128 key;
  uint32_t step = 0;  // order within (event or timer, rule, key)
  auto operator<=>(const Tag&) const = default;
};

struct Transition {
  Tag tag;
  TransitionType type = TransitionType::kOpened;
  std::string alert_id;  // <rule>-<16 hex of key>-<16 hex of first event>; see alert_id()
  uint32_t seq = 0;      // 1, 2, 3 … within the alert
  uint16_t rule = 0;
  detect::Severity severity = detect::Severity::kNone;
  AlertStatus status = AlertStatus::kOpen;
  TimeMs time = 0;  // event time of the transition
  TimeMs opened_at = 0;
  DurationMs latency_from = 0;  // position of the causing record, for alert_latency_seconds; 0: a timer
  bool shadow = false;
  bool muted = false;  // a silence or an inhibitor keeps it from people (see policy.h); the record has it all the same
  std::string city, town, village, grid;  // deepest area that all evidence shares; empty below it
  double lon = 0, lat = 0;
  bool has_location = false;
  // For scorecards: the latest event that belongs to the alert, what people said of it in the end, and of an opening
  // alone the first hundred events that it rests on, earliest first.
  TimeMs last_event = kNoTime;
  std::string outcome;
  std::vector<uint64_t> members;
  std::string json;  // the whole CloudEvent, one line without newline
};

}  // namespace tocsin::alert
