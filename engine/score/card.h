#pragma once
// A scorecard: areas or posts over a span of days, beside the span before and the same a year before, ranked within
// their tier. Of matters, places and posts; never of a person.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "score/cube.h"
#include "score/figures.h"
#include "score/names.h"

namespace tocsin::score {

enum class Tier : uint8_t { kCity, kTown, kVillage, kGrid, kDuty };
std::string_view name_of(Tier tier);
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

// A row of fewer than so many matters, deadlines, reports or answers (whatever it is ranked by) has no rank.
inline constexpr uint64_t kSampleFloor = 30;

struct Cut {
  std::string area = {};          // a code: this area and what lies under it; empty: everything
  std::optional<Tier> tier = {};  // omitted: the one below the area
  int64_t from = 0, to = 0;       // civil days since 1970-01-01, both included; at most kMostDays apart
  std::string channel = {};       // only of this source; empty: any
  std::string category = {};      // only under this path; empty: any
  Order order = Order::kDisposal;
  static constexpr int64_t kMostDays = 800;
};

struct Row {
  std::string key;    // area code, or the post
  uint64_t rank = 0;  // 1: the best of those with enough to judge; 0: too little
  Figures now;
  std::optional<Figures> before, year_before;  // none where not all of that span was counted
};

struct Card {
  Cut cut;
  Tier tier = Tier::kTown;
  int64_t counted_from = -1;                      // the first day that was counted; -1: none yet
  int64_t as_of = -1;                             // the day that time has come to
  uint64_t too_old = 0;                           // events that came too late to be counted, in all
  std::vector<std::string> channels, categories;  // names by the numbers in Figures; categories to their first level
  std::vector<Row> rows;                          // ranked first, then the others by key
  uint64_t ranked = 0;
  Row total;
};

// What a card is made from: the counts of its three spans and the names, taken together.
struct Spans {
  Slice now, before, year_before;
};
struct Span {
  int64_t from, to;
};
// The span as long just before; the same days a year before (29 February: the 28th).
Span span_before(const Cut& cut);
Span span_year_before(const Cut& cut);
Status check(const Cut& cut);

// Which row each spot belongs to, and what each sort counts as: made while the names may not change.
class Sheet {
 public:
  Sheet(const Cut& cut, const Names& events, const Names& alerts);
  void add_up(const Spans& spans, bool has_before, bool has_year_before, Card& card) const;

 private:
  struct Place {
    int32_t row = -1;  // -1: in the area but of no row
    bool inside = false;
  };
  struct Kind {
    uint16_t channel = 0, category = 0;
    uint8_t grade = 0;
    bool wanted = false;
  };
  struct Side {  // of events, of alerts
    std::vector<Place> places;
    std::vector<Kind> kinds;
  };
  void place(const std::vector<Spot>& spots, Side& side);
  void choose(const std::vector<Sort>& sorts, Side& side);
  void add_slice(const Slice& slice, std::vector<Adder>& rows, Adder& total) const;
  void rank(Card& card) const;
  uint16_t number(std::vector<std::string>& names, std::string_view name);

  const Cut cut_;
  Tier tier_;
  Side events_, alerts_;
  std::vector<std::string> keys_;  // of rows
  std::vector<std::string> channels_, categories_;
};

}  // namespace tocsin::score
