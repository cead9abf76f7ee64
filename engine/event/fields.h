#pragma once
// The one table of the event's fields: JSON name as the expressions spell it, type, whether required, and a line of
// documentation. JSON schema, expression environment, feed keys and reference come from it.
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin {

enum class FieldType : uint8_t { kString, kInt, kDouble, kTime, kLocation, kStringList, kNumberMap, kStringMap };

// Order is the slot number of the expression environment; it is not stored anywhere.
enum class Field : uint8_t {  // clang-format off
  kId, kRevision, kSource, kKind, kCase, kOccurredAt, kReportedAt, kCategory, kSourceCategory, kGrade, kStage, kDueAt,
  kAreaCity, kAreaTown, kAreaVillage, kAreaGrid, kAreaMicrogrid, kLocation, kLocationLon, kLocationLat,
  kLocationAccuracy, kPlace, kReporter, kSubject, kRespondent, kDuty, kPeople, kText, kFlags, kSatisfaction, kValues,
  kAttrs, kCount_  // clang-format on
};

struct FieldInfo {
  Field field;
  std::string_view name;  // "area.town", "location.lon", "occurred_at"
  FieldType type;
  bool required;
  std::string_view zh;   // one line
  std::string_view doc;  // one line, English
};

// In the order of Field.
std::span<const FieldInfo> event_fields();

}  // namespace tocsin
