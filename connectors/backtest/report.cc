#include "connectors/backtest/report.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::backtest {
namespace {

double share(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(part) / static_cast<double>(whole);
}

void count(const Story& s, Figures& f) {
  ++f.alerts;
  f.reopened += s.openings.size() - 1;
  f.transitions += s.transitions;
  if (s.ended_at == kNoTime) ++f.open;
  if (s.reason == "merged" && s.ended_at != kNoTime) ++f.merged;
  ++f.by_severity[static_cast<size_t>(s.worst)];
  ++f.by_town[s.town];
}

// The first opening in the label's time, or kNoTime.
TimeMs hit(const Story& s, const Label& label) {
  const auto in = [&](TimeMs t) { return label.from <= t && t <= label.until; };
  const auto it = std::find_if(s.openings.begin(), s.openings.end(), in);
  return it == s.openings.end() ? kNoTime : *it;
}

// What is known of one label while the stories are gone through.
struct Seen {
  TimeMs hit_at = kNoTime;  // the earliest opening that hits it
  TimeMs near = kNoTime;
};

// The labels of one column against its stories.
class Judge {
 public:
  Judge(const Labels& labels, Figures& figures) : labels_(labels.all()), a_(figures.accuracy) {}

  void take(const Story& s) {
    bool right = false, denied = false;
    for (const uint32_t i : s.labels) {
      const Label& label = labels_[i];
      const TimeMs at = hit(s, label);
      Seen& seen = seen_[i];
      if (at == kNoTime) {
        if (seen.near == kNoTime || distance(s.opened_at(), label) < distance(seen.near, label))
          seen.near = s.opened_at();
        continue;
      }
      if (seen.hit_at == kNoTime || at < seen.hit_at) seen.hit_at = at;
      (label.truth == Truth::kFalse ? denied : right) = true;
    }
    if (right) ++a_.hits;
    if (denied && !right) ++a_.denied;
  }

  void finish(const std::string& rule, double days) {
    for (uint32_t i = 0; i < labels_.size(); ++i) {
      const Label& label = labels_[i];
      if (label.rule != rule || label.truth != Truth::kTrue) continue;
      ++a_.labels;
      const auto it = seen_.find(i);
      if (it == seen_.end() || it->second.hit_at == kNoTime) {
        a_.missed.push_back({i, it == seen_.end() ? kNoTime : it->second.near});
        continue;
      }
      ++a_.found;
      a_.leads.push_back(label.until - it->second.hit_at);
    }
    std::sort(a_.leads.begin(), a_.leads.end());
    a_.false_a_day = static_cast<double>(a_.alerts - a_.hits) / days;
  }

 private:
  static TimeMs distance(TimeMs t, const Label& label) {
    return t < label.from ? label.from - t : std::max<TimeMs>(0, t - label.until);
  }
  const std::vector<Label>& labels_;
  Accuracy& a_;
  std::map<uint32_t, Seen> seen_;
};

}  // namespace

double Accuracy::precision() const {
  const bool judged = labels > 0 || hits > 0 || denied > 0;  // else no label speaks of the rule at all
  return share(judged ? hits : 0, judged ? alerts : 0);
}
double Accuracy::recall() const { return share(found, labels); }

DurationMs Accuracy::lead(double at) const {
  if (leads.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(at * static_cast<double>(leads.size())));
  return leads[std::clamp<size_t>(rank, 1, leads.size()) - 1];
}

Report report(const std::vector<Column>& columns, const std::vector<Story>& stories, double days,
              const Labels* labels) {
  Report out;
  out.labelled = labels != nullptr;
  out.days = days;
  out.columns.resize(columns.size());
  std::vector<std::vector<DurationMs>> lengths(columns.size());
  for (const Story& s : stories) {
    if (s.muted) {
      ++out.columns[s.column].muted;
      continue;
    }
    count(s, out.columns[s.column]);
    if (s.ended_at != kNoTime) lengths[s.column].push_back(s.ended_at - s.opened_at());
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    Figures& f = out.columns[i];
    f.a_day = static_cast<double>(f.alerts) / days;
    f.accuracy.alerts = f.alerts;
    std::sort(lengths[i].begin(), lengths[i].end());
    if (!lengths[i].empty()) f.median_open = lengths[i][(lengths[i].size() - 1) / 2];
  }
  if (labels == nullptr) return out;
  std::vector<Judge> judges;
  for (Figures& f : out.columns) judges.emplace_back(*labels, f);
  for (const Story& s : stories) {
    if (!s.muted) judges[s.column].take(s);
  }
  for (size_t i = 0; i < columns.size(); ++i) judges[i].finish(columns[i].rule, days);
  for (const Label& label : labels->all()) {
    const bool here =
        std::any_of(columns.begin(), columns.end(), [&](const Column& c) { return c.rule == label.rule; });
    if (!here) ++out.labels_elsewhere[label.rule];
  }
  return out;
}

}  // namespace tocsin::backtest
