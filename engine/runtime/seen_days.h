#pragma once
// Events by uid and day: of each its time, revision and routes, kept in pieces of at most kPiece events a day, so that
// what is stored of a day is what changed of it. Routes name a rule by a number that the caller gives.
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/codec.h"
#include "base/status.h"

namespace tocsin::runtime {

class SeenDays {
 public:
  static constexpr size_t kPiece = 4096;
  static constexpr uint32_t kNobody = UINT32_MAX;  // the number of no rule

  struct Entry {
    TimeMs time;
    uint32_t revision;
    uint32_t first_route;  // into the routes of its day
    uint32_t at;           // its place in its day
    uint16_t routes;
    bool withdrawn;
  };
  struct NumberedRoute {
    uint32_t number;
    Hash128 key;
  };

  // Null: not known. Valid until the next put().
  const Entry* find(uint64_t uid) const {
    const auto it = entries_.find(uid);
    return it == entries_.end() ? nullptr : &it->second;
  }
  void fetch(uint64_t uid) const { entries_.prefetch(uid); }
  std::span<const NumberedRoute> routes(const Entry& entry) const;
  // Takes in an event, or replaces what is known of it; its routes are those added until the next put(). False: it was
  // known.
  bool put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn);
  void add_route(uint32_t number, const Hash128& key);
  void erase(uint64_t uid);
  // All of days that ended before `horizon`; cheap when there are none.
  void forget_before(TimeMs horizon);
  // All events, in the order of their days and places.
  void for_each(const std::function<void(uint64_t uid, const Entry&)>& f) const;
  bool empty() const { return days_.empty(); }
  size_t size() const { return entries_.size(); }
  size_t bytes() const;

  // What changed since the last call: first forgotten(day), then piece(day, number, bytes), which may be of such a day
  // again.
  struct Changes {
    std::function<void(int64_t day)> forgotten;
    std::function<void(int64_t day, uint32_t piece, std::string bytes)> piece;
  };
  void take_changed(const Changes& told);
  // The last take_changed() was not stored: the next one tells it again.
  void not_stored();
  // Pieces of one day in their order.
  Status load(int64_t day, uint32_t piece, std::string_view bytes);

 private:
  struct Day {
    std::vector<uint64_t> uids;  // by place; 0, or an event that is gone or has moved to another
    std::vector<NumberedRoute> routes;
    std::vector<bool> changed;  // by piece
    void touch(size_t at) {
      if (changed.size() <= at / kPiece) changed.resize(at / kPiece + 1);
      changed[at / kPiece] = true;
    }
  };
  struct IdentityHash {
    size_t operator()(uint64_t h) const { return h; }
  };
  Day& day_of(TimeMs time);
  std::string encode(const Day& day, int64_t number, size_t piece) const;

  absl::flat_hash_map<uint64_t, Entry, IdentityHash> entries_;
  std::map<int64_t, Day> days_;
  std::vector<int64_t> forgotten_;
  std::vector<int64_t> told_forgotten_;                    // by the last take_changed()
  std::vector<std::pair<int64_t, uint32_t>> told_pieces_;  // so too
  Day* last_day_ = nullptr;
  int64_t last_day_number_ = INT64_MIN;
  Entry* open_ = nullptr;  // valid until the next put()
  Day* open_day_ = nullptr;
};

}  // namespace tocsin::runtime
