#pragma once
// Cards and lists of places as JSON, as the API and `tocsin scorecard --format json` tell them.
#include <functional>
#include <string>
#include <string_view>

#include "score/card.h"
#include "score/places.h"

namespace tocsin::score {

// The name of an area's code, or empty.
using NameOf = std::function<std::string(std::string_view code)>;

// Rows `first` … `first + limit` of the card; `next` tells the number of the row after them, null: that was the last.
std::string card_json(const Card& card, const NameOf& name_of_area, size_t first, size_t limit);
std::string places_json(const PlaceCut& cut, const PlaceList& list, const NameOf& name_of_area);
// 2025-06-01.
std::string day_text(int64_t day);
// Empty: not a day.
std::optional<int64_t> parse_day(std::string_view text);

}  // namespace tocsin::score
