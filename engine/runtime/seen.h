#pragma once
// Which events were taken in: for each (source, id) inside the horizon the highest revision and the rules and keys it
// went to. Decides duplicates and finds what a revision takes back. Bounded by the horizon: an event behind it is late
// anyway.
//
// A change of rules costs no walk over the events: routes name a rule by a number that it keeps as long as its state
// is kept, and what was warmed up brings its routes as a layer of its own, which holds no event without any. Of an
// event all layers are asked; a revision of it leaves its routes to the first layer alone. Past kLayers the eldest
// layer is folded into the first.
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/seen_days.h"

namespace tocsin::runtime {

struct Route {
  uint16_t rule;
  Hash128 key;
};

class Seen {
 public:
  using Entry = SeenDays::Entry;
  static constexpr size_t kLayers = 8;  // beside the first

  // Null: not seen.
  const Entry* find(uint64_t uid) const { return events_.find(uid); }
  // Begins to fetch what find() and put() will look at.
  void fetch(uint64_t uid) const { events_.fetch(uid); }
  // Of an event that find() knows, to the rules in force.
  void routes(uint64_t uid, std::vector<Route>& out) const;
  // Takes in an event, or replaces what is known of it; its routes are those added until the next put().
  void put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn);
  void add_route(uint16_t rule, const Hash128& key) { events_.add_route(number_of(rule), key); }
  // Forgets all events of days that ended before `horizon`; cheap when there are none.
  void forget_before(TimeMs horizon);
  size_t size() const { return events_.size(); }
  size_t bytes() const;
  size_t layers() const { return layers_.size(); }

  // Persistence: what changed since the last call, as names and bytes; ranges of names [first, second) go before the
  // pieces come.
  struct Changes {
    std::vector<std::pair<std::string, std::string>> gone;
    std::vector<std::pair<std::string, std::string>> pieces;
  };
  Changes take_changed();
  // The last take_changed() was not stored: the next one tells it again.
  void not_stored();
  // Names in their order.
  Status load(std::string_view name, std::string_view bytes);

  // What numbers the rules in force have.
  struct Numbering {
    std::vector<uint32_t> of_rule;  // empty: their indices
    uint32_t next = 0;              // that no rule has had
  };
  // The rule set is another of so many rules now: rule i goes on as heirs[i] (-1: it does not); the others' routes are
  // forgotten, and rules that are no heirs have none. Answers the former numbering, for restore().
  Numbering renumber(std::span<const int> heirs, size_t rules);
  void restore(Numbering numbering);
  // What another, which was never stored, has taken in of the same log for other rules becomes a layer; `map`: of its
  // rules those in force. An event that is not known here enters. Answers those, for take_back() before any other
  // change.
  std::vector<uint64_t> absorb(Seen other, std::span<const int> map);
  void take_back(std::span<const uint64_t> entered);
  // To be called once what absorb() brought was stored: keeps the number of layers within its bound.
  void fold();

 private:
  struct Layer {
    explicit Layer(uint64_t n) : number(n) {}
    uint64_t number;
    SeenDays events;
  };
  uint32_t number_of(uint16_t rule) const { return of_rule_.empty() ? rule : of_rule_[rule]; }
  std::optional<uint16_t> rule_of(uint32_t number) const;
  void fold_eldest();
  void take_layer(uint64_t number, SeenDays& events, Changes& out);

  SeenDays events_;
  std::vector<Layer> layers_;          // the eldest first
  std::vector<uint64_t> gone_layers_;  // that are stored yet
  std::vector<uint64_t> told_gone_;    // by the last take_changed()
  std::vector<uint32_t> of_rule_;
  absl::flat_hash_map<uint32_t, uint16_t> rule_of_;
  uint32_t next_number_ = 0;
};

}  // namespace tocsin::runtime
