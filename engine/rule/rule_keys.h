#pragma once
// The one table of a rule's keys: reader, JSON Schema and the language's reference come from it.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detect/plan.h"

namespace tocsin::rule {

// How a key's value is written.
enum class Shape : uint8_t {
  kText,
  kWord,
  kInteger,
  kBilingual,
  kTier,
  kMode,
  kKind,
  kNames,
  kExpression,
  kExpressions,
  kSpan,
  kDistance,
  kParams,
  kSeverity,
  kUpdate,
  kResolve,
  kAgainst,
  kPause,
  kSettled,
  kSteps,
  kExpect,
  kEach,
  kExtend,
  kTests,
  kAny
};

constexpr uint8_t kind_bit(detect::RuleKind kind) { return static_cast<uint8_t>(1U << static_cast<unsigned>(kind)); }
inline constexpr uint8_t kEveryKind = 0x7F;

struct RuleKey {
  std::string_view name;
  Shape shape;
  uint8_t kinds;             // kind_bit of those that it may stand in
  uint8_t needed_by;         // kind_bit of those that cannot do without
  std::string_view zh, doc;  // one line
};
std::span<const RuleKey> rule_keys();
const RuleKey* find_rule_key(std::string_view name);

// In the order of the language.
std::span<const detect::RuleKind> rule_kinds();
std::span<const std::string_view> tier_names();      // grid village town city
std::span<const std::string_view> mode_names();      // active shadow off, in the order of Mode
std::span<const std::string_view> group_names();     // what `group` may name
std::span<const std::string_view> severity_names();  // red orange yellow blue

// JSON Schema (draft 2020-12) of a rule file, for `tocsin schema rule`.
std::string rule_json_schema();

}  // namespace tocsin::rule
