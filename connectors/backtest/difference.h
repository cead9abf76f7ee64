#pragma once
// Two versions of rules over the same log, alert by alert. Two alerts of a rule are one when they have the same id, or
// else rest on a common event. What nobody was told of (Story::muted) is no alert here, as in the report's counts.
#include <string>
#include <vector>

#include "connectors/backtest/story.h"

namespace tocsin::backtest {

struct Pair {
  std::string rule;
  const Story* here = nullptr;   // null: the version at hand does not raise it
  const Story* there = nullptr;  // null: the other version does not
  // Of a pair: what differs.
  bool opening = false, severity = false, ending = false;
  bool same() const { return here != nullptr && there != nullptr && !opening && !severity && !ending; }
};

struct RuleDifference {
  std::string rule;
  uint64_t here = 0, there = 0;  // alerts that somebody was told of
  uint64_t same = 0, changed = 0, only_here = 0, only_there = 0;
};

struct Difference {
  std::vector<RuleDifference> rules;  // by id
  std::vector<Pair> pairs;            // those that are not the same, by time of opening
};

// Pairs point into the stories, which must have been gathered with their events.
Difference compare(const std::vector<Column>& here_columns, const std::vector<Story>& here,
                   const std::vector<Column>& there_columns, const std::vector<Story>& there);

}  // namespace tocsin::backtest
