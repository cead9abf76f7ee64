#pragma once
// One cell of a reference table, as text: what a column's type takes, and why it does not.
#include <string>
#include <string_view>

#include "base/arena.h"
#include "expr/value.h"
#include "rule/table.h"
#include "time/format.h"

namespace tocsin::rule {

enum class CellFault : uint8_t {
  kNone,
  kWrongType,
  kUnknownValue,   // not among the column's values
  kPersonalNumber  // of a phone, a card or a plate
};

struct Cell {
  expr::Value value;  // null for an empty text, and with a fault; texts lie in the arena
  CellFault fault = CellFault::kNone;
};
Cell read_cell(const Table::Column& column, std::string_view text, const TimeZone& zone, Arena& arena);
// How a cell of this type is written, where that needs saying; else empty.
std::string example_of(ColumnType type);
// A key as rows are told apart by it: 7 and 07 of an int are one. Empty for null.
std::string key_text(const expr::Value& key);

}  // namespace tocsin::rule
