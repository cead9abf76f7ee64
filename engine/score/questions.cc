// What people ask of the keeper. Whatever counts waits while the lock is held: it is held for slices, some thousand
// names or one piece of the places at a time, never while something is added up.
#include <algorithm>
#include <optional>
#include <set>

#include "event/area_table.h"
#include "score/keeper.h"

namespace tocsin::score {
namespace {

const std::string& deepest(const Spot& s) {
  if (!s.grid.empty()) return s.grid;
  if (!s.village.empty()) return s.village;
  return s.town.empty() ? s.city : s.town;
}

bool wanted(std::string_view trouble, std::string_view category) {
  const std::string_view asked = trouble_of(category);
  return asked.empty() || trouble == asked || (trouble.starts_with(asked) && trouble[asked.size()] == '.');
}

}  // namespace

Result<Card> Keeper::card(const Cut& cut) const {
  if (auto s = check(cut); !s) return s.error();
  Card card;
  const Span before = span_before(cut), year = span_year_before(cut);
  Spans spans;
  Sheet sheet(cut);
  bool has_before = false, has_year = false;
  {
    const std::shared_lock lock(mutex_);
    card.counted_from = first_day_;
    card.as_of = today_;
    card.too_old = too_old_;
    spans.now = cube_.slice(cut.from, cut.to);
    const auto counted = [&](const Span& s) {
      return first_day_ >= 0 && s.from >= std::max(first_day_, cube_.first_day());
    };
    has_before = counted(before);
    has_year = counted(year);
    if (has_before) spans.before = cube_.slice(before.from, before.to);
    if (has_year) spans.year_before = cube_.slice(year.from, year.to);
  }
  for (bool more = true;
       more;) {  // what is counted by now may have names that the slices do not know, which are nothing
    const std::shared_lock lock(mutex_);
    more = sheet.learn(names_, alert_names_);
  }
  sheet.add_up(spans, has_before, has_year, card);
  return card;
}

// The row of a place; nothing where it is not asked for. A place is known by its name: another area may have one of the
// same name, whose reports are none of this area's, and it is not known of which of them the coordinates are.
std::optional<PlaceRow> Keeper::row_of(const Place& place, const PlaceCut& cut, const CivilDays& days) const {
  if (!wanted(place.trouble, cut.category)) return std::nullopt;
  PlaceRow row;
  std::set<uint32_t> reporters;
  const Spot* last = nullptr;
  bool all_here = true;
  for (const PlaceReport& r : place.reports) {
    const Spot& spot = names_.spots()[r.spot];
    if (!lies_in(spot, cut.area)) {
      all_here = false;
      continue;
    }
    const int64_t day = days.at(r.time);
    if (day < cut.from || day > cut.to) continue;
    last = &spot;
    if (row.reports++ == 0) row.first = r.time;
    row.last = r.time;
    if (r.reporter != 0) reporters.insert(r.reporter);
    if (row.on.empty() || row.on.back().first != day) row.on.emplace_back(day, 0);
    ++row.on.back().second;
  }
  row.days = row.on.size();
  if (row.days < std::max<uint64_t>(cut.least_days, 1)) return std::nullopt;
  if (row.on.size() > PlaceRow::kMostDays) row.on.erase(row.on.begin(), row.on.end() - PlaceRow::kMostDays);
  row.reporters = reporters.size();
  row.place = place.name;
  row.trouble = place.trouble;
  row.area = deepest(*last);
  row.has_location = all_here && place.lon != Place::kNowhere;
  row.lon = place.lon / 1e6;
  row.lat = place.lat / 1e6;
  return row;
}

// Alerts that opened within the days, by the places that they opened with, as far as whoever asks may know of them.
void Keeper::add_alerts(const PlaceCut& cut, const CivilDays& days, const absl::flat_hash_map<uint64_t, size_t>& rows,
                        PlaceList& list) const {
  const auto take = [&](const ScoredAlert& alert) {
    const int64_t day = days.at(alert.opened_at);
    if (!alert.told || day < cut.from || day > cut.to) return;
    const Spot& spot = alert_names_.spots()[alert.spot & ~kAlertSpot];
    if (!lies_in(spot, cut.scope)) return;
    // One of a larger area may have opened with reports of this one.
    if (!lies_in(spot, cut.area) && !lies_under(cut.area, deepest(spot))) return;
    for (const uint64_t id : alert.places) {
      if (const auto it = rows.find(id); it != rows.end()) list.places[it->second].alerts.push_back(alert.id);
    }
  };
  // Civil days begin at most a day beside those of UTC.
  for (int64_t day = cut.from - 1; day <= cut.to + 1; ++day) {
    const std::shared_lock lock(mutex_);
    day = alerts_.day_from(day);
    if (day > cut.to + 1) return;
    alerts_.each_of_day(day, take);
  }
}

// Piece by piece, so that nothing that is to be counted meanwhile waits for long: the list is of no one moment.
Result<PlaceList> Keeper::places(const PlaceCut& cut) const {
  if (cut.to < cut.from) return invalid("the span ends before it begins: `to` must not be before `from`");
  PlaceList list;
  const CivilDays days(options_.zone);
  absl::flat_hash_map<uint64_t, size_t> rows;
  for (size_t piece = 0; piece < PlaceBook::kPieces; ++piece) {
    const std::shared_lock lock(mutex_);
    list.counted_from = first_day_;
    list.as_of = today_;
    for (const auto& [id, place] : places_.places(piece)) {
      auto row = row_of(place, cut, days);
      if (!row) continue;
      rows.emplace(id, list.places.size());
      list.places.push_back(*std::move(row));
    }
  }
  add_alerts(cut, days, rows, list);
  std::ranges::sort(list.places, [](const PlaceRow& a, const PlaceRow& b) {
    if (a.days != b.days) return a.days > b.days;
    if (a.reports != b.reports) return a.reports > b.reports;
    return std::tie(a.place, a.trouble) < std::tie(b.place, b.trouble);
  });
  list.found = list.places.size();
  list.places.resize(std::min({list.places.size(), cut.limit, PlaceCut::kMostPlaces}));
  for (PlaceRow& r : list.places) {
    std::ranges::sort(r.alerts);
    if (r.alerts.size() > PlaceRow::kMostAlerts) r.alerts.resize(PlaceRow::kMostAlerts);
  }
  return list;
}

}  // namespace tocsin::score
