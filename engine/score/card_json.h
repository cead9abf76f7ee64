#pragma once
// Cards and lists of places as JSON, as the API and `tocsin scorecard --format json` tell them.
#include <functional>
#include <string>
#include <string_view>

#include "score/card.h"
#include "score/places.h"

namespace tocsin::score {

// Rows `first` … `first + limit` of the card; `next` tells the number of the row after them, null: that was the last.
std::string card_json(const Card& card, const NameOf& name_of_area, size_t first, size_t limit);
std::string places_json(const PlaceCut& cut, const PlaceList& list, const NameOf& name_of_area);

}  // namespace tocsin::score
