#pragma once
// Questions as people put them, answered as JSON: what the API and `tocsin scorecard` share.
#include <functional>
#include <optional>
#include <string>

#include "score/cut.h"

namespace tocsin::score {

class Keeper;

// Days that were left out: `to` is the last day that time has come to, `from` so many days before it (0: the first day
// that was counted, as far back as a span may go).
struct CardQuestion {
  Cut cut = {};  // but for its days
  std::optional<int64_t> from = {}, to = {};
  int64_t usual_days = 30;
  size_t first = 0, limit = 100;  // rows
};
struct PlacesQuestion {
  PlaceCut cut = {};
  std::optional<int64_t> from = {}, to = {};
  int64_t usual_days = 90;
};

// kInvalid: the question is wrong. kUnavailable: nothing was counted yet.
Result<std::string> answer(const Keeper& keeper, const CardQuestion& question, const NameOf& name_of_area);
Result<std::string> answer(const Keeper& keeper, const PlacesQuestion& question, const NameOf& name_of_area);

}  // namespace tocsin::score
