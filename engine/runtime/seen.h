#pragma once
// Which events were taken in: for each (source, id) inside the horizon the highest revision and the rules and keys it
// went to. Decides duplicates and finds what a revision takes back. Bounded by the horizon: an event behind it is late
// anyway.
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/codec.h"
#include "base/status.h"

namespace tocsin::runtime {

struct Route {
  uint16_t rule;
  Hash128 key;
};

class Seen {
 public:
  struct Entry {
    TimeMs time;
    uint32_t revision;
    uint32_t first_route;  // into the routes of its day
    uint16_t routes;
    bool withdrawn;
  };

  // Null: not seen.
  const Entry* find(uint64_t uid) const {
    const auto it = entries_.find(uid);
    return it == entries_.end() ? nullptr : &it->second;
  }
  // Begins to fetch what find() and put() will look at.
  void fetch(uint64_t uid) const { entries_.prefetch(uid); }
  std::span<const Route> routes(const Entry& entry) const;
  // Takes in an event, or replaces what is known of it; its routes are those added until the next put().
  void put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn);
  void add_route(uint16_t rule, const Hash128& key);
  // Forgets all events of days that ended before `horizon`; cheap when there are none.
  void forget_before(TimeMs horizon);
  size_t size() const { return entries_.size(); }
  size_t bytes() const;

  // Persistence by day: changed days since the last call as (day, bytes); empty bytes: the day was forgotten.
  void take_changed(std::vector<std::pair<int64_t, std::string>>& out);
  Status load_day(int64_t day, std::string_view bytes);
  // A route that a change of the rule set has dropped: which one, and the rule that it named.
  struct Dropped {
    int64_t day;
    size_t index;
    uint16_t rule;
  };
  // After a change of the rule set: routes are renumbered by `map` (old rule → new, or -1: dropped). Answers the
  // dropped.
  std::vector<Dropped> renumber(std::span<const int> map);
  // Takes renumber(map) back, before any other change.
  void renumber_back(std::span<const int> map, std::span<const Dropped> dropped);
  // What another has taken in of the same log for other rules: its routes, renumbered by `map`, are added to the
  // entries here; an event that is not known here enters with them. Answers what changed, for take_back() before any
  // other change.
  struct Added {
    uint64_t uid;
    std::optional<Entry> before;  // none: it was not known
  };
  std::vector<Added> add_routes(const Seen& other, std::span<const int> map);
  void take_back(std::span<const Added> added);

 private:
  struct Day {
    std::vector<uint64_t> uids;  // may name an event that has moved to another day
    std::vector<Route> routes;
    bool changed = false;
  };
  struct IdentityHash {
    size_t operator()(uint64_t h) const { return h; }
  };
  Day& day_of(TimeMs time);
  absl::flat_hash_map<uint64_t, Entry, IdentityHash> entries_;
  std::map<int64_t, Day> days_;
  std::vector<int64_t> forgotten_;
  Day* last_day_ = nullptr;
  int64_t last_day_number_ = INT64_MIN;
  Entry* open_ = nullptr;  // valid until the next put()
  Day* open_day_ = nullptr;
};

}  // namespace tocsin::runtime
