#pragma once
// When the periods of rules with a population (`each`) begin. A function of time alone: of the first time that is known
// and of how far it has come, so every shard has the same. Owned by a shard.
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "rule/rule_set.h"

namespace tocsin::runtime {

class Duties {
 public:
  explicit Duties(const rule::RuleSet& rules);
  bool empty() const { return rules_.empty(); }
  // Time is known to have come to `now`: rules that have no next period yet begin with the first that does not begin
  // before.
  void begin(TimeMs now);
  struct Begun {
    uint16_t rule;
    TimeMs start;
  };
  // The earliest period that begins before `watermark` and has not been told, in the order of (start, rule); it is told
  // with this call.
  std::optional<Begun> next(TimeMs watermark);

  // By rule id, for the store. Rules that the bytes do not name stay as they are.
  void encode(Writer& out) const;
  Status decode(std::string_view bytes);

 private:
  struct Entry {
    uint16_t rule;
    std::string id;
    Periods every;
    TimeMs next = kNoTime;
  };
  std::vector<Entry> rules_;
};

}  // namespace tocsin::runtime
