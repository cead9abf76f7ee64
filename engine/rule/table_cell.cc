#include "rule/table_cell.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "event/area_table.h"
#include "event/mask.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {
namespace {

using expr::Value;

Cell wrong(CellFault fault = CellFault::kWrongType) { return {{}, fault}; }

std::optional<Value> point_of(std::string_view text) {
  const size_t gap = text.find_first_of(" ,;");
  if (gap == std::string_view::npos) return std::nullopt;
  const size_t next = text.find_first_not_of(" ,;", gap);
  if (next == std::string_view::npos) return std::nullopt;
  const auto lon = yaml::as_number(text.substr(0, gap));
  const auto lat = yaml::as_number(text.substr(next));
  if (!lon || !lat || !(std::abs(*lon) <= 180 && std::abs(*lat) <= 90)) return std::nullopt;
  return Value::point({*lon, *lat});
}

bool is_area(std::string_view text) {
  return is_area_code(text, tocsin::AreaLevel::kCity) || is_area_code(text, tocsin::AreaLevel::kTown) ||
         is_area_code(text, tocsin::AreaLevel::kVillage);
}

// Phones and cards are numbers too; a plate has letters.
bool is_personal(std::string_view text) { return find_number(text, 0).has_value(); }

Cell read_text(const Table::Column& column, std::string_view text, Arena& arena) {
  if (!column.values.empty() && std::ranges::find(column.values, text) == column.values.end())
    return wrong(CellFault::kUnknownValue);
  if (column.values.empty() && is_personal(text)) return wrong(CellFault::kPersonalNumber);
  return {Value::string(arena.copy(text))};
}

Cell read_number(std::string_view text) {
  if (text.find('.') == text.npos && is_personal(text)) return wrong(CellFault::kPersonalNumber);
  if (const auto v = yaml::as_integer(text)) return {Value::number(static_cast<double>(*v))};
  if (const auto v = yaml::as_number(text); v && std::isfinite(*v)) return {Value::number(*v)};
  return wrong();
}

}  // namespace

Cell read_cell(const Table::Column& column, std::string_view text, const TimeZone& zone, Arena& arena) {
  if (text.empty()) return {};
  switch (column.type) {
    case ColumnType::kString:
      return read_text(column, text, arena);
    case ColumnType::kArea:
      return is_area(text) ? Cell{Value::string(arena.copy(text))} : wrong();
    case ColumnType::kInt:
      if (is_personal(text)) return wrong(CellFault::kPersonalNumber);
      if (const auto v = yaml::as_integer(text)) return {Value::integer(*v)};
      return wrong();
    case ColumnType::kDouble:
      return read_number(text);
    case ColumnType::kBool:
      if (const auto v = yaml::as_boolean(text)) return {Value::boolean(*v)};
      return wrong();
    case ColumnType::kDate:
      if (text.size() != 10) return wrong();
      [[fallthrough]];
    case ColumnType::kTime:
      if (const auto t = parse_time(text, zone)) return {Value::timestamp(*t)};
      return wrong();
    case ColumnType::kPoint:
      if (const auto p = point_of(text)) return {*p};
      return wrong();
  }
  return wrong();
}

std::string example_of(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return "true / false";
    case ColumnType::kDate:
      return "2025-03-01";
    case ColumnType::kTime:
      return "2025-03-01T08:30:00+08:00";
    case ColumnType::kPoint:
      return "121.2410 30.1701";
    case ColumnType::kArea:
      return "330282, 330282004, 330282004201";
    default:
      return {};
  }
}

std::string key_text(const Value& key) {
  if (key.is(expr::Tag::kString)) return std::string(key.str());
  return key.is(expr::Tag::kInt) ? std::to_string(key.i) : std::string();
}

}  // namespace tocsin::rule
