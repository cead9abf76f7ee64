#pragma once
// What every store knows of its tables: their column families' names and the meta table's own key.
#include <array>
#include <string_view>

#include "state/store.h"

namespace tocsin::state {

// By Table; also the names of the column families. Part of the format.
inline constexpr std::array<std::string_view, kTables> kTableNames = {"meta",   "delta", "state", "alerts",
                                                                      "outbox", "dead",  "late",  "log"};

// Key in Table::kMeta → kFormatVersion in decimal. Written when the directory is created.
inline constexpr std::string_view kFormatKey = "format";

constexpr size_t index_of(Table table) { return static_cast<size_t>(table); }
constexpr std::string_view name_of(Table table) { return kTableNames[index_of(table)]; }

}  // namespace tocsin::state
