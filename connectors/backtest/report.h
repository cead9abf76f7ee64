#pragma once
// What a run would have meant for people: how many alerts, where, how early, how right. Pure: stories and labels in,
// figures out.
//
// An alert *hits* a label when it is of the rule that the label names, opens (or reopens) at a time in [from, until],
// and shares an event with it, or has its key, or, where the label names no event, lies in the area that its key names.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "connectors/backtest/labels.h"
#include "connectors/backtest/story.h"

namespace tocsin::backtest {

// A label that no alert hits, and the alert of its rule that came nearest.
struct Miss {
  uint32_t label = 0;     // index in Labels::all()
  TimeMs near = kNoTime;  // an alert on the same matter that opened outside [from, until]; kNoTime: there is none
};

struct Accuracy {
  uint64_t labels = 0, found = 0;  // that say true; those hit by an alert
  std::vector<Miss> missed;        // labels - found of them
  uint64_t hits = 0;               // alerts that hit a label that says true or duplicate
  uint64_t denied = 0;             // alerts that hit none of these, but one that says false
  uint64_t alerts = 0;             // all of the rule
  double false_a_day = 0;          // (alerts - hits) / days
  std::vector<DurationMs> leads;   // of each label found: until - the first opening that hits it; ascending
  // Shares of 1; NaN where there is nothing to divide by, or where no label is meant for the rule.
  double precision() const;
  double recall() const;
  // Nearest rank; 0 without leads. The 90th percentile is what nine in ten labels do not exceed.
  DurationMs lead(double share) const;
};

struct Figures {
  uint64_t alerts = 0;    // opened, and told; a reopening is not another
  uint64_t reopened = 0;  // reopenings
  uint64_t open = 0;      // still open at the end
  uint64_t merged = 0;    // ended as a part of an elder one
  uint64_t muted = 0;     // not counted above: a silence or another rule's alert kept them from people throughout
  uint64_t transitions = 0;
  double a_day = 0;
  std::array<uint64_t, 5> by_severity{};    // by the worst that it was
  std::map<std::string, uint64_t> by_town;  // by code; empty: of no single town
  DurationMs median_open = 0;               // of those that ended: end - opening; 0: none
  Accuracy accuracy;                        // where there are labels
};

struct Report {
  bool labelled = false;
  double days = 1;
  std::vector<Figures> columns;                      // as Trial::columns
  std::map<std::string, uint64_t> labels_elsewhere;  // labels by rules that did not run
};

// `labels` may be null.
Report report(const std::vector<Column>& columns, const std::vector<Story>& stories, double days, const Labels* labels);

}  // namespace tocsin::backtest
