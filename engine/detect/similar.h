#pragma once
// kind: similar. Reports of one matter, as objects that grow, merge and split: events linked (linked.h) when the rule's
// `same` holds between them, which looks at reporter, place, case, category and the likeness of the texts
// (event/likeness.h).
//
// A new event is compared with few: those of its reporter, place and case, from an index by value, and those whose
// texts share enough of its terms, from an inverted index. That search passes over no event that `same` holds with.
// With the weights as vectors, likeness >= t means a·b >= t|a||b|, and a part r of a contributes at most |r||b|
// (Cauchy), so the terms of a with the longest lists may be left out as long as together |r| < t|a|: whatever is alike
// enough shares another one (prefix filtering, Bayardo, Ma, Srikant, Scaling up all pairs similarity search, 2007, with
// the bound of Anastasiu, Karypis, L2AP, 2014; here every term is indexed and only the search leaves out, so that it
// may choose by the lists as they are). What the lists that were read prove too unlike is not compared either.
//
// What is settled is another matter when it comes again: where the rule says what settles a case (kSettles, and
// kUnsettles what undoes it), two events are not linked when the earlier one's case stood settled as the later came. An
// event with one of those roles need not be a member; what settles a case must reach the same key. An event without a
// case is one of its own, which it alone can settle. A matter whose every case is settled is over.
//
// State: the rows (at most plan.max_rows_per_key; past it the oldest is dropped and counted), each with a fingerprint
// of at most 320 bytes and a headline of at most 40 characters, never the text; what was said of cases, 40 bytes each,
// with the same bound, for as long as a row before it is kept. The index is made anew from the rows.
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <memory>

#include "detect/linked.h"
#include "detect/settlements.h"
#include "event/likeness.h"

namespace tocsin::detect {

class SameLinks {
 public:
  using Slot = uint32_t;
  static constexpr size_t kExtraCells = 0;
  static constexpr bool kSettled = true;
  explicit SameLinks(const Plan& plan);
  static bool fits(const Row&) { return true; }
  bool readable(const PackedRow& row) const;
  void extend(const Row&, expr::Value*) const {}
  void put(Slot s, const PackedRow& row, uint64_t uid);
  void erase(Slot s);
  template <typename F>
  void around(Slot s, F&& f) const {
    find(s);
    for (Slot n : found_) {
      if (n == s || same_.holds(facts(s, n), likeness_of(s, n))) f(n);
    }
  }
  const Plan& own() const { return none_; }
  uint64_t case_of(Slot s) const { return marks_[s].values[kCase]; }
  uint64_t case_of(const Row& row) const;
  template <typename F>
  void each_of_case(uint64_t matter_case, F&& f) const {
    const auto it = by_value_.find(key_of(kCase, matter_case));
    if (it == by_value_.end()) return;
    for (Slot s : it->second) f(s);
  }
  Settlements& settlements() { return settlements_; }
  const Settlements& settlements() const { return settlements_; }
  size_t bytes() const;
  // Candidates that searches have compared so far; for tests and benchmarks of the index.
  uint64_t compared() const { return compared_; }

  // likeness, matter.
  class Values final : public KindScope {
   public:
    Values(const SameLinks& links, const std::vector<Slot>& members, std::optional<Slot> first, const RowsView& rows,
           const Tallies*)
        : links_(links), members_(members), first_(first), rows_(rows) {}
    expr::Value kind_value(size_t index, Arena& arena) const override;
    void locate(Description& d) const { place_members(d); }

   private:
    const SameLinks& links_;
    const std::vector<Slot>& members_;
    const std::optional<Slot> first_;
    const RowsView rows_;
  };

 private:
  enum Fact : uint8_t { kReporter, kPlace, kCase, kCategory, kFactCount };
  struct Mark {
    std::array<uint64_t, kFactCount> values{};  // hashes of the canonical values; 0: missing
    double length = 0;                          // of the fingerprint as a vector
    std::string fingerprint;
    Fingerprint print() const { return Fingerprint(fingerprint); }
  };
  struct Posting {
    Slot slot;
    uint32_t weight;
  };
  struct Mix {
    size_t operator()(uint64_t k) const { return (k ^ k >> 29) * 0x9e3779b97f4a7c15u; }
  };

  unsigned facts(Slot a, Slot b) const;
  double likeness_of(Slot a, Slot b) const { return likeness(marks_[a].print(), marks_[b].print()); }
  void find(Slot s) const;
  void find_by_text(Slot s) const;
  void take(Slot n) const;
  // The place of a value of a fact in by_value_.
  static uint64_t key_of(Fact fact, uint64_t value) { return value * kFactCount + fact; }

  const Same same_;
  const Plan none_;
  std::array<bool, kCategory> by_fact_{};  // whether events with this in common must be found
  std::vector<Mark> marks_;                // by slot
  // Most values and terms are rare.
  template <typename Entry>
  using Index = absl::flat_hash_map<uint64_t, absl::InlinedVector<Entry, 2>, Mix>;
  Index<Slot> by_value_;
  Index<Posting> by_term_;
  Settlements settlements_;
  // Scratch of one search.
  struct Probe {
    const absl::InlinedVector<Posting, 2>* list;  // until the index changes
    uint32_t weight;
  };
  mutable std::vector<Slot> found_, touched_;
  mutable std::vector<Probe> probes_;
  mutable std::vector<uint32_t> shared_;  // by slot
  mutable std::vector<uint8_t> taken_;    // by slot
  mutable uint64_t compared_ = 0;
};

using Similar = Linked<SameLinks>;
extern template class Linked<SameLinks>;

}  // namespace tocsin::detect
