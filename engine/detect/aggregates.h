#pragma once
// Aggregates over rows, exact and independent of the order in which rows came and went: sums are fixed point, distinct
// is counted by value, minima come from counted order. Over few rows they are computed by looking at the rows; past
// kTallyFrom rows a Tallies keeps them up to date.
//
// Null cells are passed over by every aggregate but count(). sum of nothing is 0; avg, min, max, first, last of nothing
// are null; any of nothing is false, all of nothing true; top(e, n) lists the n most frequent values, equal counts in
// the order of the values. Numbers in sums have nine decimals; beyond ±1e20 a number counts as ±1e20.
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "detect/packed_row.h"
#include "detect/plan.h"

namespace tocsin::detect {

__extension__ using Int128 = __int128;

// A sum of doubles that does not depend on their order: units of 1e-9.
Int128 to_fixed(double v);
double from_fixed(Int128 v);

// Rows in the order of (time, uid), wherever they are kept.
struct RowsView {
  const void* owner = nullptr;
  PackedRow (*at)(const void* owner, size_t i) = nullptr;
  size_t begin = 0;
  size_t count = 0;
  PackedRow operator[](size_t i) const { return at(owner, begin + i); }
};

inline constexpr size_t kTallyFrom = 32;  // rows from which a Tallies pays

// A total order of values for minima and ties: numbers first, then text, times and the rest by kind.
struct ValueOrder {
  bool operator()(const expr::Value& a, const expr::Value& b) const;
};

// Running aggregates of a multiset of rows. Nothing but speed depends on it, so it is not part of the state.
class Tallies {
 public:
  explicit Tallies(const Plan& plan);
  void add(const PackedRow& row) { apply(row, 1); }
  // Precondition: the row was added.
  void remove(const PackedRow& row) { apply(row, -1); }
  void clear();
  size_t rows() const { return rows_; }

  struct Owned {
    std::string text;  // keeps the bytes of a text
    expr::Value value;
  };
  struct OwnedOrder {
    using is_transparent = void;
    static expr::Value view(const Owned& o) {
      expr::Value v = o.value;
      if (v.is(expr::Tag::kString) || v.is(expr::Tag::kBytes)) v.s = o.text.data();
      return v;
    }
    bool operator()(const Owned& a, const Owned& b) const { return ValueOrder{}(view(a), view(b)); }
    bool operator()(const Owned& a, const expr::Value& b) const { return ValueOrder{}(view(a), b); }
    bool operator()(const expr::Value& a, const Owned& b) const { return ValueOrder{}(a, view(b)); }
  };
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return hash64(s); }
  };
  using Counts = std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>>;
  using Ordered = std::map<Owned, uint32_t, OwnedOrder>;
  struct Tally {
    size_t present = 0;  // cells that are not null
    size_t trues = 0;
    size_t reals = 0;  // doubles among the numbers
    size_t numbers = 0;
    Int128 sum = 0;
    Counts counts;    // kDistinct
    Ordered ordered;  // kMin, kMax, kTop
  };
  const Tally& operator[](size_t aggregate) const { return tallies_[aggregate]; }

 private:
  void apply(const PackedRow& row, int sign);
  const Plan* plan_;
  std::vector<Tally> tallies_;
  std::string scratch_;
  size_t rows_ = 0;
};

// The value of aggregate `index` of the plan over `rows`; `tallies` (or null) must hold exactly those rows. Text in the
// result points into the rows, lists into the arena.
expr::Value aggregate(const Plan& plan, size_t index, const RowsView& rows, const Tallies* tallies, Arena& arena);

}  // namespace tocsin::detect
