#pragma once
// Fields of a parsed JSON value, with a default where they are missing or of another type.
#include <simdjson.h>

#include <cstdint>
#include <string_view>

namespace tocsin::cli {

inline std::string_view text_at(simdjson::dom::element e, const char* pointer) {
  std::string_view v;
  return e.at_pointer(pointer).get(v) == simdjson::SUCCESS ? v : std::string_view();
}

inline int64_t number_at(simdjson::dom::element e, const char* pointer) {
  int64_t v = 0;
  return e.at_pointer(pointer).get(v) == simdjson::SUCCESS ? v : 0;
}

}  // namespace tocsin::cli
