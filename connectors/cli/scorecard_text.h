#pragma once
// Scorecards and lists of places as people read them on a terminal, from the JSON that the API answers.
#include <simdjson.h>

#include <string>

#include "rule/diagnostic.h"

namespace tocsin::cli {

// Lines of at most `width` columns (a name that is longer is cut).
std::string card_text(simdjson::dom::element card, rule::Language language, size_t width);
std::string places_text(simdjson::dom::element places, rule::Language language, size_t width);

}  // namespace tocsin::cli
