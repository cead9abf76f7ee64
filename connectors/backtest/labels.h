#pragma once
// What really was: planted risks of a simulated feed, or outcomes that people gave to alerts. One JSON object a line:
//
//   {"risk": "waterlogging-cluster", "key": …, "from": TIME, "until": TIME, "events": [ids], "severity": …}
//
// `rule` (or, without it, `risk`) is the id of the rule meant for it. `from` and `until` bound the time in which the
// rule's alert must open. `outcome`: "true" (the default), "false" (the rule must not have raised it), "duplicate" (an
// alert on it is no false one, and its absence no miss). Other fields are left alone.
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "time/format.h"

namespace tocsin::backtest {

enum class Truth : uint8_t { kTrue, kFalse, kDuplicate };

struct Label {
  std::string rule, key;
  TimeMs from = 0, until = 0;
  std::vector<std::string> events;
  std::string severity;
  Truth truth = Truth::kTrue;
  size_t line = 0;  // of the file, from 1
};

class Labels {
 public:
  // Lines of a labels file; `path` is for messages. kInvalid names the first line that is no label. At most 1,000,000.
  static Result<Labels> parse(std::string_view text, const std::string& path, const TimeZone& zone);
  const std::vector<Label>& all() const { return all_; }
  // Appends the indices of the rule's labels that hold the event.
  void of_event(std::string_view rule, std::string_view event, std::vector<uint32_t>& out) const;
  // The rule's labels whose key reads as `key` does: parts joined by "|".
  void of_key(std::string_view rule, std::string_view key, std::vector<uint32_t>& out) const;
  // The rule's labels that name no event and whose key is this area's code.
  void of_area(std::string_view rule, std::string_view area, std::vector<uint32_t>& out) const;

 private:
  using Index = std::unordered_multimap<std::string, uint32_t>;
  static void look_up(const Index& index, std::string_view rule, std::string_view what, std::vector<uint32_t>& out);
  std::vector<Label> all_;
  Index by_event_, by_key_, by_area_;
};

}  // namespace tocsin::backtest
