#pragma once
// Groups of linked events by all pairs: what clusters and matters are compared with in the property tests.
#include <algorithm>
#include <ostream>

#include "fixture.h"

namespace tocsin::testing {

struct Episode {
  std::set<std::string> members;
  std::string worst;
  TimeMs ended = 0;
  bool operator<(const Episode& o) const {
    return std::tie(members, worst, ended) < std::tie(o.members, o.worst, o.ended);
  }
  bool operator==(const Episode&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Episode& e) {
  for (const auto& m : e.members) out << m << " ";
  return out << e.worst << " ended " << (e.ended - kStart) / kMinute;
}

// Severity by size: orange from 9 members, yellow from 5, else blue.
// near(i, j): rows i and j are linked and within the span of each other; least: of rows, or of distinct values of cell
// 0, that make an event dense.
struct LinkedSetting {
  DurationMs within = 0, quiet = 0;
  int least = 1;
  bool distinct = false;
};

template <typename Near>
bool is_dense(const std::vector<Event>& rows, size_t i, const LinkedSetting& s, Near&& near) {
  for (const Event& end : rows) {
    if (end.time < rows[i].time || end.time > rows[i].time + s.within) continue;
    size_t count = 0;
    std::set<std::string> values;
    for (size_t j = 0; j < rows.size(); ++j) {
      if (rows[j].time > end.time || rows[j].time < end.time - s.within || !near(i, j)) continue;
      ++count;
      if (rows[j].cells[0].is(expr::Tag::kString)) values.insert(std::string(rows[j].cells[0].str()));
    }
    if (static_cast<int>(s.distinct ? values.size() : count) >= s.least) return true;
  }
  return false;
}

// end(members, last): when the episode of these rows, with its latest at `last`, is over.
template <typename Near, typename End>
std::vector<Episode> linked_oracle(const std::vector<Event>& rows, const LinkedSetting& s, Near&& near, End&& end) {
  std::vector<int> chain(rows.size(), -1);
  std::vector<uint8_t> dense;
  for (size_t i = 0; i < rows.size(); ++i) dense.push_back(is_dense(rows, i, s, near) ? 1 : 0);
  std::vector<Episode> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (dense[i] == 0 || chain[i] >= 0) continue;
    std::vector<size_t> todo{i};
    chain[i] = static_cast<int>(i);
    Episode e;
    std::set<size_t> members;
    TimeMs last = kNoTime;
    for (size_t k = 0; k < todo.size(); ++k) {
      for (size_t j = 0; j < rows.size(); ++j) {
        if (!near(todo[k], j)) continue;
        e.members.insert(rows[j].id);
        members.insert(j);
        last = std::max(last, rows[j].time);
        if (dense[j] != 0 && chain[j] < 0) {
          chain[j] = static_cast<int>(i);
          todo.push_back(j);
        }
      }
    }
    e.ended = end(members, last);
    e.worst = e.members.size() >= 9 ? "orange" : e.members.size() >= 5 ? "yellow" : "blue";
    out.push_back(e);
  }
  std::sort(out.begin(), out.end());
  return out;
}

template <typename Near>
std::vector<Episode> linked_oracle(const std::vector<Event>& rows, const LinkedSetting& s, Near&& near) {
  return linked_oracle(rows, s, near, [&](const std::set<size_t>&, TimeMs last) { return last + s.quiet; });
}

inline std::vector<Episode> episodes(const Driver& d) {
  std::vector<Episode> out;
  for (const auto& [id, f] : d.fates()) {
    if (f.void_episode()) continue;
    EXPECT_EQ(f.status, "resolved") << id;
    out.push_back({f.members, f.worst, f.ended});
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The rule that the oracle's severities and settings mean; cell 0 is what is counted distinctly.
inline RuleSpec linked_spec(detect::RuleKind kind, const LinkedSetting& s, DurationMs lateness) {
  using detect::AggregateOp;
  using detect::Severity;
  RuleSpec spec;
  spec.kind = kind;
  spec.within = s.within;
  spec.quiet = spec.reopen = s.quiet;
  spec.lateness = lateness;
  spec.cells = 1;
  spec.aggregates = {{AggregateOp::kCount, -1, "count()"}, {AggregateOp::kDistinct, 0, "distinct(reporter)"}};
  spec.fire = std::string(s.distinct ? "a1" : "a0") + " >= " + std::to_string(s.least);
  spec.severity = {{Severity::kOrange, "a0 >= 9"}, {Severity::kYellow, "a0 >= 5"}, {Severity::kBlue, "true"}};
  return spec;
}

}  // namespace tocsin::testing
