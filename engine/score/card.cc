#include "score/card.h"

#include <algorithm>

#include "time/format.h"

namespace tocsin::score {
namespace {

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

bool Sheet::learn(const Names& events, const Names& alerts) {
  choose(events.sorts(), events_);
  for (size_t i = alerts_.kinds.size(); i < alerts.sorts().size(); ++i) {
    alerts_.kinds.push_back({.wanted = cut_.channel.empty() && cut_.category.empty()});
  }
  // Alerts are of areas, not of posts.
  return place(events.spots(), events_) || place(alerts.spots(), alerts_);
}

// True: there are more.
bool Sheet::place(const std::vector<Spot>& spots, Side& side) {
  const size_t end = std::min(spots.size(), side.places.size() + kAtOnce);
  for (size_t i = side.places.size(); i < end; ++i) {
    Place& place = side.places.emplace_back();
    if (!lies_in(spots[i], cut_.area)) continue;
    place.inside = true;
    const std::string& key = key_of(spots[i], tier_);
    if (key.empty()) continue;
    const auto [it, added] = rows_.try_emplace(key, static_cast<int32_t>(rows_.size()));
    if (added) keys_.push_back(key);
    place.row = it->second;
  }
  return end < spots.size();
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
  for (size_t i = side.kinds.size(); i < sorts.size(); ++i) {
    const Sort& s = sorts[i];
    Kind& k = side.kinds.emplace_back();
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
