#pragma once
// What Tocsin measures of itself: one table of metrics, from which the exposition, its help texts and the documentation
// come; and the port through which the running parts hand in their figures. Labels are names of rules, sources, topics,
// partitions and small fixed sets: never a person, an address or a case.
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/transition.h"
#include "base/histogram.h"
#include "detect/plan.h"

namespace tocsin::metrics {

// A gauge that nobody knows yet: the sample is left out rather than shown as 0.
inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
inline constexpr size_t kSeverities = static_cast<size_t>(detect::Severity::kRed) + 1;
inline constexpr size_t kTransitionTypes = static_cast<size_t>(alert::TransitionType::kAmended) + 1;

struct SourceMetrics {
  std::string source;
  uint64_t read = 0;
  uint64_t late = 0;
  std::vector<std::pair<std::string, uint64_t>> rejected;  // by reason (runtime::Rejection::reason)
  double watermark_lag_seconds = kUnknown;                 // the clock less the watermark
};
struct PartitionMetrics {
  std::string topic;
  uint32_t partition = 0;
  double lag_records = kUnknown;
  double lag_seconds = kUnknown;
};
struct RuleMetrics {
  std::string rule;
  uint64_t matches = 0;
  uint64_t errors = 0;
  uint64_t state_keys = 0;
  std::array<uint64_t, kSeverities> open{};              // alerts now open, by detect::Severity
  std::array<uint64_t, kTransitionTypes> transitions{};  // by alert::TransitionType
};
struct HttpMetrics {
  std::vector<std::pair<int, uint64_t>> requests;  // by status code
  uint64_t connections = 0;
  uint64_t streams = 0;
  uint64_t streams_cut = 0;  // readers that were too slow
};
struct MetricsSnapshot {
  std::vector<SourceMetrics> sources;
  std::vector<PartitionMetrics> partitions;
  std::vector<RuleMetrics> rules;
  uint64_t duplicate = 0;
  HistogramSnapshot rule_eval;
  HistogramSnapshot alert_latency;
  HistogramSnapshot commit;
  double commit_age_seconds = kUnknown;
  double state_bytes = kUnknown;
  double outbox_depth = kUnknown;
  bool reload_success = true;  // of the last reload
  double shards = kUnknown;
  std::string version;  // build_info
  std::string revision;
  HttpMetrics http;  // filled by the HTTP server
};

// Port: thread-safe.
class MetricsSource {
 public:
  virtual ~MetricsSource() = default;
  virtual MetricsSnapshot snapshot() const = 0;
};

enum class Kind : uint8_t { kCounter, kGauge, kHistogram };
std::string_view name_of(Kind kind);
// One row of the table.
struct Metric {
  std::string_view name;  // full, with prefix and unit: tocsin_events_read_total
  Kind kind;
  std::string_view unit;  // "seconds" "bytes" "records" or empty: a plain number
  std::vector<std::string_view> labels;
  std::string_view help;
};
// The documented table, in the order of exposition.
const std::vector<Metric>& table();

// Prometheus text format 0.0.4.
std::string exposition(const MetricsSnapshot& snapshot);
// The table for the documentation, as Markdown.
std::string markdown();

}  // namespace tocsin::metrics
