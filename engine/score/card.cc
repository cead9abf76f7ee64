#include "score/card.h"

#include <algorithm>
#include <unordered_map>

#include "time/format.h"

namespace tocsin::score {
namespace {

constexpr std::array<std::string_view, 5> kTiers{"city", "town", "village", "grid", "duty"};
constexpr std::array<std::string_view, 9> kOrders{"disposal_rate", "on_time_rate", "reopened_rate",
                                                  "repeat_rate",   "response",     "closing",
                                                  "satisfaction",  "events",       "first_reports"};

// The tier below an area, by the length of its code.
Tier tier_below(std::string_view area) {
  if (area.empty()) return Tier::kCity;
  if (area.size() <= 6) return Tier::kTown;
  return area.size() <= 9 ? Tier::kVillage : Tier::kGrid;
}

bool lies_in(const Spot& s, std::string_view area) {
  if (area.empty()) return true;
  for (const std::string* code : {&s.grid, &s.village, &s.town, &s.city}) {
    if (code->starts_with(area)) return true;
  }
  return false;
}

const std::string& key_of(const Spot& s, Tier tier) {
  const std::array<const std::string*, 5> keys{&s.city, &s.town, &s.village, &s.grid, &s.duty};
  return *keys[static_cast<size_t>(tier)];
}

bool lies_under(std::string_view category, std::string_view path) {
  return path.empty() || category == path ||
         (category.size() > path.size() && category.starts_with(path) && category[path.size()] == '.');
}

// What a row is ranked by: the value, whether the greater is the better, and how much it rests on.
struct Standing {
  std::optional<double> value;
  bool greater = true;
  uint64_t n = 0;
};

Standing standing_of(const Figures& f, Order order) {
  switch (order) {
    case Order::kDisposal:
      return {f.disposal_rate(), true, f.opened};
    case Order::kOnTime:
      return {f.on_time_rate(), true, f.due_met + f.due_missed};
    case Order::kReopened:
      return {f.reopened_rate(), false, f.ever_closed};
    case Order::kRepeat:
      return {f.repeat_rate(), false, f.reports};
    case Order::kResponse:
      return {f.response.median, false, f.response.n};
    case Order::kClosing:
      return {f.closing.median, false, f.closing.n};
    case Order::kSatisfaction:
      return {f.satisfaction(), true, f.satisfaction_n()};
    case Order::kEvents:
      return {static_cast<double>(f.reports), true, f.reports};
    case Order::kFirstReports:
      return {static_cast<double>(f.first_reports), true, f.reports};
  }
  return {};
}

}  // namespace

std::string_view name_of(Tier tier) { return kTiers[static_cast<size_t>(tier)]; }
std::string_view name_of(Order order) { return kOrders[static_cast<size_t>(order)]; }

Span span_before(const Cut& cut) { return {cut.from - (cut.to - cut.from + 1), cut.from - 1}; }

Span span_year_before(const Cut& cut) {
  const auto shifted = [](int64_t day) {
    CivilDay d = civil_from_days(day);
    if (d.month == 2 && d.day == 29) d.day = 28;
    return days_from_civil(d.year - 1, d.month, d.day);
  };
  return {shifted(cut.from), shifted(cut.to)};
}

Status check(const Cut& cut) {
  if (cut.to < cut.from) return invalid("the span ends before it begins: `to` must not be before `from`");
  if (cut.from < 0 || cut.to > kMaxDay) return invalid("days are counted from 1970-01-01 to 2059");
  if (cut.to - cut.from >= Cut::kMostDays) {
    return invalid("a span has at most " + std::to_string(Cut::kMostDays) + " days; ask for less");
  }
  return {};
}

Sheet::Sheet(const Cut& cut, const Names& events, const Names& alerts)
    : cut_(cut), tier_(cut.tier.value_or(tier_below(cut.area))) {
  place(events.spots(), events_);
  // Alerts are of areas, not of posts.
  place(alerts.spots(), alerts_);
  choose(events.sorts(), events_);
  alerts_.kinds.resize(alerts.sorts().size());
  for (Kind& k : alerts_.kinds) k.wanted = cut.channel.empty() && cut.category.empty();
}

void Sheet::place(const std::vector<Spot>& spots, Side& side) {
  std::unordered_map<std::string_view, int32_t> rows;
  for (size_t i = 0; i < keys_.size(); ++i) rows.emplace(keys_[i], static_cast<int32_t>(i));
  side.places.resize(spots.size());
  std::vector<std::string> fresh;
  for (size_t i = 0; i < spots.size(); ++i) {
    if (!lies_in(spots[i], cut_.area)) continue;
    side.places[i].inside = true;
    const std::string& key = key_of(spots[i], tier_);
    if (key.empty()) continue;
    const auto [it, added] = rows.try_emplace(key, static_cast<int32_t>(rows.size()));
    if (added) fresh.push_back(key);
    side.places[i].row = it->second;
  }
  std::move(fresh.begin(), fresh.end(), std::back_inserter(keys_));
}

uint16_t Sheet::number(std::vector<std::string>& names, std::string_view name) {
  const auto it = std::ranges::find(names, name);
  if (it == names.end()) {
    names.emplace_back(name);
    return static_cast<uint16_t>(names.size() - 1);
  }
  return static_cast<uint16_t>(it - names.begin());
}

void Sheet::choose(const std::vector<Sort>& sorts, Side& side) {
  side.kinds.resize(sorts.size());
  for (size_t i = 0; i < sorts.size(); ++i) {
    const Sort& s = sorts[i];
    Kind& k = side.kinds[i];
    k.wanted = (cut_.channel.empty() || s.channel == cut_.channel) && lies_under(s.category, cut_.category);
    if (!k.wanted) continue;
    k.channel = number(channels_, s.channel);
    k.category = number(categories_, std::string_view(s.category).substr(0, s.category.find('.')));
    k.grade = s.grade <= 4 ? s.grade : 0;
  }
}

void Sheet::add_slice(const Slice& slice, std::vector<Adder>& rows, Adder& total) const {
  const auto add = [&](SpotId spot, SortId sort, Measure m, int64_t n) {
    const Side& side = (spot & kAlertSpot) != 0 ? alerts_ : events_;
    const size_t i = spot & ~kAlertSpot, j = sort & ~kAlertSort;
    if (i >= side.places.size() || j >= side.kinds.size() || !side.places[i].inside || !side.kinds[j].wanted) return;
    const Kind& k = side.kinds[j];
    total.add(k.channel, k.category, k.grade, m, n);
    if (const int32_t row = side.places[i].row; row >= 0) rows[row].add(k.channel, k.category, k.grade, m, n);
  };
  for (const auto& [day, block] : slice.blocks) {
    BlockReader in(*block);
    SpotId spot = 0;
    std::string_view counts;
    while (in.next_spot(spot, counts)) {
      const Side& side = (spot & kAlertSpot) != 0 ? alerts_ : events_;
      const size_t i = spot & ~kAlertSpot;
      if (i >= side.places.size() || !side.places[i].inside) continue;
      for_each_count(counts, [&](SortId sort, Measure m, uint64_t n) { add(spot, sort, m, static_cast<int64_t>(n)); });
    }
  }
  for (const Key k : slice.added) add(spot_of(k), sort_of(k), measure_of(k), 1);
  for (const Key k : slice.removed) add(spot_of(k), sort_of(k), measure_of(k), -1);
}

void Sheet::add_up(const Spans& spans, bool has_before, bool has_year_before, Card& card) const {
  card.cut = cut_;
  card.tier = tier_;
  card.channels = channels_;
  card.categories = categories_;
  card.rows.resize(keys_.size());
  const auto add = [&](const Slice& slice, auto&& of) {
    std::vector<Adder> rows;
    rows.reserve(card.rows.size());
    for (Row& r : card.rows) rows.emplace_back(of(r), channels_.size(), categories_.size());
    Adder total(of(card.total), channels_.size(), categories_.size());
    add_slice(slice, rows, total);
    for (Adder& a : rows) a.finish();
    total.finish();
  };
  for (size_t i = 0; i < keys_.size(); ++i) card.rows[i].key = keys_[i];
  add(spans.now, [](Row& r) -> Figures& { return r.now; });
  if (has_before) add(spans.before, [](Row& r) -> Figures& { return r.before.emplace(); });
  if (has_year_before) add(spans.year_before, [](Row& r) -> Figures& { return r.year_before.emplace(); });
  std::erase_if(card.rows, [](const Row& r) {
    const Figures& f = r.now;
    return f.reports + f.opened + f.due_met + f.due_missed + f.satisfaction_n() + f.alerts_opened() == 0;
  });
  rank(card);
}

// The best first; equal ones share a rank; those with too little to judge come last, by key.
void Sheet::rank(Card& card) const {
  struct Judged {
    Row row;
    Standing standing;
    bool ranked;
  };
  std::vector<Judged> all;
  for (Row& r : card.rows) {
    const Standing s = standing_of(r.now, cut_.order);
    all.push_back({std::move(r), s, s.value.has_value() && s.n >= kSampleFloor});
  }
  std::ranges::sort(all, [](const Judged& a, const Judged& b) {
    if (a.ranked != b.ranked) return a.ranked;
    if (a.ranked && *a.standing.value != *b.standing.value) {
      return a.standing.greater == (*a.standing.value > *b.standing.value);
    }
    return a.row.key < b.row.key;
  });
  card.rows.clear();
  for (size_t i = 0; i < all.size(); ++i) {
    Row& r = all[i].row;
    if (all[i].ranked) {
      const bool equal = i > 0 && *all[i].standing.value == *all[i - 1].standing.value;
      r.rank = equal ? card.rows.back().rank : i + 1;
      ++card.ranked;
    }
    card.rows.push_back(std::move(r));
  }
}

}  // namespace tocsin::score
