#pragma once
// What a condition demands of an event, read from its tree: a disjunction of clauses over source, kind, stage, category
// and area. Necessary: when the condition holds for an event, at least one clause does.
#include <string>
#include <vector>

#include "event/event.h"
#include "expr/ast.h"

namespace tocsin::rule {

struct CategoryNeed {
  std::string path;
  bool exact = false;  // the very path; otherwise it and all below it
  bool operator==(const CategoryNeed&) const = default;
};

enum class AreaLevel : uint8_t { kCity, kTown, kVillage, kGrid, kMicrogrid };
inline constexpr int kAreaLevels = 5;
inline std::string_view area_code(const Event& event, AreaLevel level) {
  switch (level) {
    case AreaLevel::kCity:
      return event.city;
    case AreaLevel::kTown:
      return event.town;
    case AreaLevel::kVillage:
      return event.village;
    case AreaLevel::kGrid:
      return event.grid;
    case AreaLevel::kMicrogrid:
      return event.microgrid;
  }
  return {};
}

// A conjunction. An empty `any_…` list with any_… false matches nothing and is not kept.
struct Clause {
  bool any_source = true, any_category = true, any_area = true;
  std::vector<std::string> sources;
  std::vector<CategoryNeed> categories;
  AreaLevel level = AreaLevel::kCity;
  std::vector<std::string> areas;
  uint8_t kinds = 0xFF;      // bit i: EventKind i
  uint16_t stages = 0xFFFF;  // bit i: Stage i, kNone included
  bool complete = true;      // when the clause holds, so does the condition
};

struct RoleNeeds {
  uint32_t role = 0;
  std::vector<Clause> clauses;  // empty: holds for no event
};

// `root` null: always true.
RoleNeeds needs_of(uint32_t role, const expr::Node* root);

// Whether `part` names fields of the event and `condition` tests each of them against something (has() and comparisons
// with null do not count). attrs["a"] and attrs.a are fields of their own.
bool tested_by(const expr::Node& part, const expr::Node& condition);

}  // namespace tocsin::rule
