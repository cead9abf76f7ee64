#pragma once
// Names of area codes, as the tables of a service's config give them.
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::http {

using AreaNames = std::map<std::string, std::string, std::less<>>;  // code of 6, 9 or 12 digits → name

// A JSON object of code → name; what is none gives none.
AreaNames read_area_names(std::string_view json);

// False: there is no such area, as far as the names tell. A code of 6, 9 or 12 digits must be among them, or lie in a
// city of theirs of which they have no code of this level; a province or prefecture must hold one of them; grids are in
// no table, so anything else may be one, but digits of no level that begin with a city of theirs. Without names all may
// be.
bool knows_area(const AreaNames& names, std::string_view area);

}  // namespace tocsin::http
