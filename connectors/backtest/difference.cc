#include "connectors/backtest/difference.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace tocsin::backtest {
namespace {

TimeMs opening_of(const Pair& p) { return (p.here != nullptr ? p.here : p.there)->opened_at(); }

Pair pair_of(const std::string& rule, const Story* here, const Story* there) {
  Pair p{rule, here, there};
  if (here == nullptr || there == nullptr) return p;
  p.opening = here->openings != there->openings;
  p.severity = here->worst != there->worst;
  p.ending = here->ended_at != there->ended_at;
  return p;
}

// The stories of one rule in the two versions.
struct Sides {
  std::vector<const Story*> here, there;
};

void match(const std::string& rule, const Sides& sides, std::vector<Pair>& out) {
  std::unordered_map<std::string_view, size_t> by_id;
  std::unordered_multimap<uint64_t, size_t> by_event;
  for (size_t i = 0; i < sides.there.size(); ++i) by_id.emplace(sides.there[i]->alert_id, i);
  std::vector<const Story*> twin(sides.here.size(), nullptr);
  std::vector<bool> taken(sides.there.size(), false);
  for (size_t i = 0; i < sides.here.size(); ++i) {
    const auto it = by_id.find(sides.here[i]->alert_id);
    if (it == by_id.end()) continue;
    twin[i] = sides.there[it->second];
    taken[it->second] = true;
  }
  for (size_t i = 0; i < sides.there.size(); ++i) {
    if (taken[i]) continue;
    for (const uint64_t event : sides.there[i]->events) by_event.emplace(event, i);
  }
  for (size_t i = 0; i < sides.here.size(); ++i) {
    if (twin[i] == nullptr) {
      size_t best = sides.there.size();
      for (const uint64_t event : sides.here[i]->events) {
        const auto [from, to] = by_event.equal_range(event);
        for (auto it = from; it != to; ++it) {
          if (!taken[it->second]) best = std::min(best, it->second);
        }
      }
      if (best < sides.there.size()) {
        twin[i] = sides.there[best];
        taken[best] = true;
      }
    }
    out.push_back(pair_of(rule, sides.here[i], twin[i]));
  }
  for (size_t i = 0; i < sides.there.size(); ++i) {
    if (!taken[i]) out.push_back(pair_of(rule, nullptr, sides.there[i]));
  }
}

}  // namespace

Difference compare(const std::vector<Column>& here_columns, const std::vector<Story>& here,
                   const std::vector<Column>& there_columns, const std::vector<Story>& there) {
  std::map<std::string, Sides> by_rule;
  for (const Column& c : here_columns) by_rule[c.rule];
  for (const Column& c : there_columns) by_rule[c.rule];
  for (const Story& s : here) {
    if (!s.muted) by_rule[here_columns[s.column].rule].here.push_back(&s);
  }
  for (const Story& s : there) {
    if (!s.muted) by_rule[there_columns[s.column].rule].there.push_back(&s);
  }
  Difference out;
  for (const auto& [rule, sides] : by_rule) {
    std::vector<Pair> pairs;
    match(rule, sides, pairs);
    RuleDifference d{rule, sides.here.size(), sides.there.size()};
    for (Pair& p : pairs) {
      ++(p.same() ? d.same : p.here == nullptr ? d.only_there : p.there == nullptr ? d.only_here : d.changed);
      if (!p.same()) out.pairs.push_back(std::move(p));
    }
    out.rules.push_back(std::move(d));
  }
  std::stable_sort(out.pairs.begin(), out.pairs.end(),
                   [](const Pair& a, const Pair& b) { return opening_of(a) < opening_of(b); });
  return out;
}

}  // namespace tocsin::backtest
