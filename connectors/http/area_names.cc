#include "connectors/http/area_names.h"

#include <simdjson.h>

#include <algorithm>

#include "event/area_table.h"

namespace tocsin::http {
namespace {

constexpr size_t kCity = 6, kVillage = 12;

// Whether one of the names' codes begins with `prefix` and (unless 0) has this length.
bool any_under(const AreaNames& names, std::string_view prefix, size_t length = 0) {
  for (auto it = names.lower_bound(prefix); it != names.end() && it->first.starts_with(prefix); ++it) {
    if (length == 0 || it->first.size() == length) return true;
  }
  return false;
}

}  // namespace

AreaNames read_area_names(std::string_view json) {
  AreaNames out;
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (json.empty() || parser.parse(json.data(), json.size()).get_object().get(object) != simdjson::SUCCESS) return out;
  for (const auto [code, name] : object) {
    if (std::string_view text; name.get_string().get(text) == simdjson::SUCCESS) out.emplace(code, text);
  }
  return out;
}

bool knows_area(const AreaNames& names, std::string_view area) {
  const bool digits = std::ranges::all_of(area, [](char c) { return c >= '0' && c <= '9'; });
  if (names.empty() || area.empty() || !digits || area.size() > kVillage) return true;
  const std::string_view city = area.substr(0, kCity);
  const bool above_cities = area.size() == 2 || area.size() == 4;
  if (above_cities || is_level_code(area)) {
    if (any_under(names, area)) return true;
    return area.size() > kCity && any_under(names, city) && !any_under(names, city, area.size());
  }
  return area.size() < kCity || !any_under(names, city);
}

}  // namespace tocsin::http
