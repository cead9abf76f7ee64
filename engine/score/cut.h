#pragma once
// What can be asked of scorecards: of which areas, days, channels and categories, by which tier, ranked by what.
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tocsin::score {

enum class Tier : uint8_t { kCity, kTown, kVillage, kGrid, kDuty };
std::string_view name_of(Tier tier);
bool parse(std::string_view name, Tier& out);
// What rows may be ranked by: the best first.
enum class Order : uint8_t {
  kDisposal,
  kOnTime,
  kReopened,
  kRepeat,
  kResponse,
  kClosing,
  kSatisfaction,
  kEvents,
  kFirstReports
};
std::string_view name_of(Order order);
bool parse(std::string_view name, Order& out);
// "disposal_rate, on_time_rate, …", for messages.
std::string tier_names();
std::string order_names();

struct Cut {
  std::string area = {};          // a code: this area and what lies under it; empty: everything
  std::optional<Tier> tier = {};  // omitted: the one below the area, of everything the towns
  int64_t from = 0, to = 0;       // civil days since 1970-01-01, both included; at most kMostDays apart
  std::string channel = {};       // only of this source; empty: any
  std::string category = {};      // only under this path; empty: any
  Order order = Order::kDisposal;
  static constexpr int64_t kMostDays = 800;
  Tier rows() const;
};
// kInvalid: it cannot be answered, and why.
Status check(const Cut& cut);

struct PlaceCut {
  std::string area = {};      // a code: what lies under it; empty: everything
  std::string scope = {};     // whoever asks sees alerts of this area alone; empty: all
  int64_t from = 0, to = 0;   // civil days since 1970-01-01, both included
  std::string category = {};  // only what suffers from this, or from something under it; empty: any
  uint64_t least_days = 2;    // on at least so many days
  size_t limit = 50;          // at most kMostPlaces
  static constexpr size_t kMostPlaces = 1000;
};

struct Span {
  int64_t from, to;
};
// The span as long just before; the same days a year before (29 February: the 28th).
Span span_before(const Cut& cut);
Span span_year_before(const Cut& cut);

// 2025-06-01.
std::string day_text(int64_t day);
// Empty: not a day.
std::optional<int64_t> parse_day(std::string_view text);

// The name of an area's code, or empty.
using NameOf = std::function<std::string(std::string_view code)>;

}  // namespace tocsin::score
