#pragma once
// A scorecard: areas or posts over a span of days, beside the span before and the same a year before, ranked within
// their tier. Of matters, places and posts; never of a person.
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "score/cube.h"
#include "score/cut.h"
#include "score/figures.h"
#include "score/names.h"

namespace tocsin::score {

// A row of fewer than so many matters, deadlines, reports or answers (whatever it is ranked by) has no rank.
inline constexpr uint64_t kSampleFloor = 30;

struct Row {
  std::string key;    // area code, or the post
  uint64_t rank = 0;  // 1: the best of those with enough to judge; 0: too little
  Figures now;
  std::optional<Figures> before, year_before;  // none where not all of that span was counted
};

struct Card {
  Cut cut;
  Tier tier = Tier::kTown;
  int64_t counted_from = -1;                      // the day of the first event; -1: none yet
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
// Which row each spot belongs to, and what each sort counts as: made while the names may not change.
class Sheet {
 public:
  explicit Sheet(const Cut& cut) : cut_(cut), tier_(cut.rows()) {}
  // Takes in names that it does not know yet, some thousands a call, so that whoever keeps them still meanwhile need
  // not do so for long. False: it knows all.
  bool learn(const Names& events, const Names& alerts);
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
  bool place(const std::vector<Spot>& spots, Side& side);
  void choose(const std::vector<Sort>& sorts, Side& side);
  void add_slice(const Slice& slice, std::vector<Adder>& rows, Adder& total) const;
  void rank(Card& card) const;
  uint16_t number(std::vector<std::string>& names, std::string_view name);

  static constexpr size_t kAtOnce = 4096;  // spots a call
  const Cut cut_;
  Tier tier_;
  std::unordered_map<std::string, int32_t> rows_;  // by key
  Side events_, alerts_;
  std::vector<std::string> keys_;  // of rows
  std::vector<std::string> channels_, categories_;
};

}  // namespace tocsin::score
