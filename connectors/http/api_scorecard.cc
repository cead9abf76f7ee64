// Scorecards: how areas and posts did.
#include <memory>

#include "connectors/http/api.h"
#include "connectors/http/records.h"
#include "connectors/http/route.h"

namespace tocsin::http {
namespace {

std::string read_day(const Request& request, std::string_view name, std::optional<int64_t>& out) {
  const std::string_view text = request.param(name);
  if (text.empty()) return {};
  out = score::parse_day(text);
  if (out) return {};
  return std::string(name) + ": '" + printable(text) + "' is not a day: write 2025-06-01.";
}

// The area that is asked for, or the asker's own.
Result<std::string> read_area(const Api& api, const Request& request) {
  auto asked = asked_area(api, request, "area");
  if (asked && asked->empty()) return std::string(request.view().area);
  return asked;
}

score::NameOf names_of(const Api& api) {
  // A copy: the answer may be made when the server is gone.
  return [names = std::make_shared<const AreaNames>(api.area_names())](std::string_view code) {
    const auto it = names->find(code);
    return it == names->end() ? std::string() : it->second;
  };
}

}  // namespace

void scorecard(Api& api, const Request& request, Responder answer) {
  score::CardQuestion q;
  auto area = read_area(api, request);
  if (!area) return answer.fail(area.error());
  q.cut.area = *std::move(area);
  std::string fault = read_day(request, "from", q.from);
  if (fault.empty()) fault = read_day(request, "to", q.to);
  uint64_t first = 0, limit = q.limit;
  if (fault.empty()) fault = read_number(request, "limit", 1, 1000, limit);
  if (fault.empty()) fault = read_number(request, "cursor", 0, 10'000'000, first);
  if (const auto tier = request.param("tier"); fault.empty() && !tier.empty()) {
    if (!score::parse(tier, q.cut.tier.emplace())) fault = "tier is one of " + score::tier_names() + ".";
  }
  if (const auto sort = request.param("sort"); fault.empty() && !sort.empty() && !score::parse(sort, q.cut.order)) {
    fault = "sort is one of " + score::order_names() + ".";
  }
  if (!fault.empty()) return answer.problem(400, fault);
  q.cut.channel = request.param("channel");
  q.cut.category = request.param("category");
  q.first = first;
  q.limit = limit;
  api.backend().scorecard(std::move(q), names_of(api), passing_on(api, answer));
}

void scorecard_places(Api& api, const Request& request, Responder answer) {
  score::PlacesQuestion q;
  q.cut.scope = request.view().area;
  auto area = read_area(api, request);
  if (!area) return answer.fail(area.error());
  q.cut.area = *std::move(area);
  std::string fault = read_day(request, "from", q.from);
  if (fault.empty()) fault = read_day(request, "to", q.to);
  uint64_t limit = q.cut.limit, days = q.cut.least_days;
  if (fault.empty()) fault = read_number(request, "limit", 1, score::PlaceCut::kMostPlaces, limit);
  if (fault.empty()) fault = read_number(request, "days", 1, 366, days);
  if (!fault.empty()) return answer.problem(400, fault);
  q.cut.category = request.param("category");
  q.cut.limit = limit;
  q.cut.least_days = days;
  api.backend().places(std::move(q), names_of(api), passing_on(api, answer));
}

}  // namespace tocsin::http
