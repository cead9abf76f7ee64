#pragma once
// The one table of a feed file's keys: reader and JSON Schema come from it.
#include <array>
#include <span>
#include <string_view>

#include "event/fields.h"

namespace tocsin::feed {

struct FeedKey {
  std::string_view name;
  std::string_view shape;  // "text" "format" "encoding" "crs" "respondent" "names" "expression" "tables" "fields"
  std::string_view doc;    // one line
};
std::span<const FeedKey> feed_keys();

inline constexpr std::array<std::string_view, 2> kFormats = {"json", "csv"};
inline constexpr std::array<std::string_view, 2> kEncodings = {"utf-8", "gbk"};
inline constexpr std::array<std::string_view, 3> kCrsNames = {"wgs84", "gcj02", "bd09"};
inline constexpr std::array<std::string_view, 3> kRespondents = {"auto", "person", "organisation"};

// Fields of the event that a feed may map: all but `source`, which is the feed's name, and `location`, whose parts are.
bool is_mapped(Field field);

}  // namespace tocsin::feed
