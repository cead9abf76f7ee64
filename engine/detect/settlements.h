#pragma once
// What settled cases, and what undid it: of each case, what was said of it and when. Two things are asked of it:
// whether a case stood settled when a later report of the same matter came, and since when it is settled for good.
//
// The last word counts: of the entries in a span of time the latest in the order of (time, uid). Arrival plays no part.
// Plain data of one key, owned by the kind that links reports; one thread.
#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include "base/status.h"
#include "detect/packed_row.h"

namespace tocsin::detect {

class Settlements {
 public:
  struct Said {
    Position position;
    bool settled = false;  // false: undone
  };
  // Precondition: matter_case is not 0, and nothing of the same uid is there.
  void put(uint64_t matter_case, Said said);
  // The case that the event of `uid` spoke of, and when; 0: it spoke of none.
  uint64_t find(uint64_t uid, TimeMs& time) const;
  void erase(uint64_t uid);
  // Whether the last word in [from, until) is that the case is settled.
  bool settled(uint64_t matter_case, TimeMs from, TimeMs until) const;
  // Of the words in [from, until]: the time from which on all say that it is settled; kNoTime: the last does not.
  TimeMs settled_since(uint64_t matter_case, TimeMs from, TimeMs until) const;
  // Forgets what was said before `time`.
  void expire(TimeMs time);
  // Forgets the earliest `n`; the time of the last of them, kNoTime where there was none.
  TimeMs drop(size_t n);
  size_t size() const { return cases_.size(); }
  bool empty() const { return cases_.empty(); }
  TimeMs oldest() const;  // kNever: there is none
  void encode(Writer& out) const;
  Status decode(Reader& in);
  size_t bytes() const;

 private:
  using List = absl::InlinedVector<Said, 2>;  // by position
  absl::flat_hash_map<uint64_t, List> by_case_;
  absl::flat_hash_map<uint64_t, uint64_t> cases_;  // by uid
};

}  // namespace tocsin::detect
