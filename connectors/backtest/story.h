#pragma once
// What a run raised, alert by alert, gathered from its transitions as they are published.
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/backtest/labels.h"
#include "connectors/backtest/sweep.h"
#include "detect/plan.h"
#include "runtime/ports.h"

namespace tocsin::backtest {

struct Story {
  uint32_t column = 0;
  std::string alert_id;          // as when the rule runs alone
  std::string key;               // parts joined by "|"
  std::vector<TimeMs> openings;  // opened, then each time that it reopened; ascending, never empty
  TimeMs ended_at = kNoTime;     // kNoTime: still open
  std::string reason;            // of its last transition
  detect::Severity worst = detect::Severity::kNone;
  std::string town;    // code; empty: it is not of one town
  std::string area;    // code of the smallest area that it is of, grids left out; may be empty
  std::string zh, en;  // its latest summary; only where words are kept
  uint32_t transitions = 0;
  size_t evidence = 0;  // events that it rests on, at most
  bool shadow = false;
  bool muted = true;             // nobody was told of it: silenced or inhibited throughout
  std::vector<uint64_t> events;  // hashes of source and id, ascending; only where they are kept
  std::vector<uint32_t> labels;  // of its rule, with which it shares an event, the key or the area; ascending
  TimeMs opened_at() const { return openings.front(); }
};

// Takes every transition; keeps one story an alert.
class Collector final : public runtime::Sink {
 public:
  // `columns` and `labels` (may be null) must outlive it. `keep_events`: for comparing two runs; `keep_words`: for
  // listing the alerts.
  Collector(const std::vector<Column>& columns, const Labels* labels, bool keep_events, bool keep_words = false);
  std::string_view name() const override { return "backtest"; }
  Result<uint64_t> resume(uint64_t floor) override { return floor; }
  Status publish(std::span<const runtime::Outgoing> batch) override;
  uint64_t delivered() const override { return delivered_; }
  Status flush(DurationMs) override { return {}; }

  // In the order in which they opened. After the run; leaves it empty.
  std::vector<Story> take();

 private:
  Status tell(const runtime::Outgoing& o);
  const std::vector<Column>& columns_;
  const Labels* const labels_;
  const bool keep_events_, keep_words_;
  std::unordered_map<std::string, uint32_t> column_of_;
  std::unordered_map<std::string, uint32_t> by_id_;
  std::vector<Story> stories_;
  uint64_t delivered_ = 0;
  struct Parser;
  std::shared_ptr<Parser> parser_;
  std::vector<uint32_t> found_;
};

}  // namespace tocsin::backtest
