#pragma once
// What rules leave behind that are taken out of force: the alerts that people know of, by key. A rule that comes again
// takes them over (alert/takeover.h), so that an alert of a former id goes on where it ended and no number of a
// transition is given twice.
//
// Bounds: an estate is kept as long as its alerts are listed (Engine::Options::keep_ended); all together kMostBytes,
// past which those that would go first go. They lie in the store; memory holds a line a rule. One thread.
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/shard.h"
#include "state/store.h"

namespace tocsin::runtime {

class Estates {
 public:
  static constexpr size_t kMostBytes = 64u << 20;

  // What the store holds. kCorrupt: it does not decode.
  Status load(const state::Store& store);
  // A rule goes and leaves `left`; kept until time has come to `until`.
  void leave(std::string_view rule, std::vector<Shard::Left> left, TimeMs until, state::Batch& batch);
  bool has(std::string_view rule) const { return rules_.contains(rule); }
  // The rule comes again as `index`: what it left is appended to `left`, and is its own from now on.
  Status inherit(std::string_view rule, uint16_t index, const state::Store& store, std::vector<Shard::Left>& left,
                 state::Batch& batch);
  // Lets go what was kept until before `now`.
  void pass(TimeMs now, state::Batch& batch);
  size_t size() const { return rules_.size(); }

 private:
  struct Estate {
    TimeMs until = kNoTime;
    size_t bytes = 0;
  };
  using Rules = std::map<std::string, Estate, std::less<>>;
  Rules::iterator drop(Rules::iterator estate, state::Batch& batch);
  Rules rules_;
  size_t bytes_ = 0;
};

}  // namespace tocsin::runtime
