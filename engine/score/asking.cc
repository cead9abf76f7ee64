#include "score/asking.h"

#include <algorithm>

#include "score/card_json.h"
#include "score/keeper.h"

namespace tocsin::score {
namespace {

Result<Span> days_of(const Keeper& keeper, std::optional<int64_t> from, std::optional<int64_t> to, int64_t usual) {
  const auto [first, last] = keeper.span();
  if (first < 0) return unavailable("nothing was counted yet: there was no event");
  const int64_t end = to.value_or(last);
  if (from) return Span{*from, end};
  return Span{std::max(usual == 0 ? first : end - usual + 1, end - Cut::kMostDays + 1), end};
}

}  // namespace

Result<std::string> answer(const Keeper& keeper, const CardQuestion& question, const NameOf& name_of_area) {
  const auto days = days_of(keeper, question.from, question.to, question.usual_days);
  if (!days) return days.error();
  Cut cut = question.cut;
  cut.from = days->from;
  cut.to = days->to;
  const auto card = keeper.card(cut);
  if (!card) return card.error();
  return card_json(*card, name_of_area, question.first, question.limit);
}

Result<std::string> answer(const Keeper& keeper, const PlacesQuestion& question, const NameOf& name_of_area) {
  const auto days = days_of(keeper, question.from, question.to, question.usual_days);
  if (!days) return days.error();
  PlaceCut cut = question.cut;
  cut.from = days->from;
  cut.to = days->to;
  const auto list = keeper.places(cut);
  if (!list) return list.error();
  return places_json(cut, *list, name_of_area);
}

}  // namespace tocsin::score
