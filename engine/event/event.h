#pragma once
// The canonical event (contract, "Event"), as the reader hands it to the engine: identities are tokens, text is masked,
// coordinates are WGS-84, times are epoch milliseconds. All views point into the arena of the batch that read it.
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "base/clock.h"

namespace tocsin {

enum class EventKind : uint8_t { kReport, kTransition, kVisit, kCall, kEvaluation, kReading, kWithdrawal };
enum class Stage : uint8_t {
  kNone,  // the field is missing
  kAccepted,
  kAssigned,
  kSupervised,
  kProcessing,
  kFeedback,
  kClosed,
  kEvaluated,
  kReopened,
  kReturned
};
// Names as the contract spells them; empty for kNone. parse_* answer false on an unknown name.
std::string_view name_of(EventKind kind);
std::string_view name_of(Stage stage);
bool parse_event_kind(std::string_view text, EventKind& out);
bool parse_stage(std::string_view text, Stage& out);
// All names in the order of the enums; stages from kAccepted on.
std::span<const std::string_view> event_kind_names();
std::span<const std::string_view> stage_names();

struct NamedNumber {
  std::string_view name;
  double value;
};
struct NamedText {
  std::string_view name;
  std::string_view value;
};

inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// A missing text is empty (an empty text counts as missing), a missing time is kNoTime, a missing number is NaN, 0
// (grade, satisfaction) or -1 (people).
struct Event {
  std::string_view id;      // never empty
  std::string_view source;  // never empty
  int64_t revision = 0;
  EventKind kind = EventKind::kReport;
  Stage stage = Stage::kNone;
  uint8_t grade = 0;         // 1–4
  uint8_t satisfaction = 0;  // 1–5
  int64_t people = -1;
  TimeMs occurred_at = kNoTime;  // always set
  TimeMs reported_at = kNoTime;
  TimeMs due_at = kNoTime;
  std::string_view case_id;
  std::string_view category;  // dotted path, never empty
  std::string_view source_category;
  std::string_view city, town, village, grid, microgrid;
  double lon = kNoNumber, lat = kNoNumber;  // WGS-84 degrees; both or neither
  double accuracy_m = kNoNumber;
  std::string_view place;  // identity of the place
  std::string_view reporter, subject, respondent;
  std::string_view duty;
  std::string_view text;
  std::span<const std::string_view> flags;
  std::span<const NamedNumber> values;
  std::span<const NamedText> attrs;

  bool has_location() const { return !std::isnan(lon); }
  // Identity across revisions: a stable hash of source and id.
  uint64_t uid() const;
};

}  // namespace tocsin
