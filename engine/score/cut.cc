#include "score/cut.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "score/measure.h"
#include "time/format.h"

namespace tocsin::score {
namespace {

constexpr std::array<std::string_view, 5> kTiers{"city", "town", "village", "grid", "duty"};
constexpr std::array<std::string_view, 9> kOrders{"disposal_rate", "on_time_rate", "reopened_rate",
                                                  "repeat_rate",   "response",     "closing",
                                                  "satisfaction",  "events",       "first_reports"};

// The tier below an area, by the length of its code.
Tier tier_below(std::string_view area) {
  if (area.empty()) return Tier::kTown;
  if (area.size() <= 6) return Tier::kTown;
  return area.size() <= 9 ? Tier::kVillage : Tier::kGrid;
}

// The tier of an area itself.
Tier tier_of(std::string_view area) {
  if (area.empty()) return Tier::kCity;
  return area.size() > 12 ? Tier::kGrid : static_cast<Tier>(static_cast<int>(tier_below(area)) - 1);
}

template <typename Enum, size_t N>
bool parse_name(const std::array<std::string_view, N>& names, std::string_view name, Enum& out) {
  const auto it = std::ranges::find(names, name);
  if (it == names.end()) return false;
  out = static_cast<Enum>(it - names.begin());
  return true;
}

template <size_t N>
std::string listed(const std::array<std::string_view, N>& names) {
  std::string out;
  for (const std::string_view name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

Tier Cut::rows() const { return tier.value_or(tier_below(area)); }

std::string_view name_of(Tier tier) { return kTiers[static_cast<size_t>(tier)]; }
std::string_view name_of(Order order) { return kOrders[static_cast<size_t>(order)]; }

bool parse(std::string_view name, Tier& out) { return parse_name(kTiers, name, out); }
bool parse(std::string_view name, Order& out) { return parse_name(kOrders, name, out); }
std::string tier_names() { return listed(kTiers); }
std::string order_names() { return listed(kOrders); }

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
  if (cut.tier.has_value() && *cut.tier != Tier::kDuty && *cut.tier < tier_of(cut.area)) {
    return invalid("the tier " + std::string(name_of(*cut.tier)) + " lies above the area " + cut.area +
                   ": its rows would show a part of theirs; ask for a tier below it");
  }
  if (cut.from < 0 || cut.to > kMaxDay) return invalid("days are counted from 1970-01-01 to 2059");
  if (cut.to - cut.from >= Cut::kMostDays) {
    return invalid("a span has at most " + std::to_string(Cut::kMostDays) + " days; ask for less");
  }
  return {};
}

std::string day_text(int64_t day) {
  const CivilDay d = civil_from_days(day);
  std::string out = std::to_string(d.year);
  for (const int part : {d.month, d.day}) {
    out += part < 10 ? "-0" : "-";
    out += std::to_string(part);
  }
  return out;
}

std::optional<int64_t> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int parts[3] = {};
  constexpr size_t kBegin[] = {0, 5, 8}, kLength[] = {4, 2, 2};
  for (size_t i = 0; i < 3; ++i) {
    const char* begin = text.data() + kBegin[i];
    const auto [end, fault] = std::from_chars(begin, begin + kLength[i], parts[i]);
    if (fault != std::errc() || end != begin + kLength[i]) return std::nullopt;
  }
  if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31 || parts[0] < 1970) return std::nullopt;
  const int64_t day = days_from_civil(parts[0], parts[1], parts[2]);
  if (civil_from_days(day).day != parts[2]) return std::nullopt;  // 31 April
  return day;
}

}  // namespace tocsin::score
