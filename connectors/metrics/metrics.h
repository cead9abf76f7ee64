#pragma once
// What Tocsin measures of itself: one table of metrics, from which the exposition, its help texts and deploy/metrics.md
// come; and the port through which the running parts hand in their figures. Labels are names of rules, sources, topics,
// partitions, receivers and small fixed sets: never a person, an address or a case.
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
// Classes of age of open alerts: up to so many seconds, and older.
struct AgeClass {
  std::string_view name;  // the label
  int64_t seconds;        // up to
};
inline constexpr std::array<AgeClass, 5> kAges = {
    {{"15m", 900}, {"1h", 3600}, {"4h", 14'400}, {"1d", 86'400}, {"older", INT64_MAX}}};

struct SourceMetrics {
  std::string source;
  uint64_t read = 0;
  uint64_t late = 0;
  std::vector<std::pair<std::string, uint64_t>> rejected;  // by reason (runtime::Rejection::reason)
  double last_read_seconds = kUnknown;                     // since the epoch
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
  struct Open {
    uint64_t open = 0;
    uint64_t unacknowledged = 0;
    double longest_seconds = kUnknown;  // how long the eldest unacknowledged one has been open
  };
  std::array<Open, kSeverities> open{};                  // by detect::Severity
  std::array<uint64_t, kTransitionTypes> transitions{};  // by alert::TransitionType
};
struct SinkMetrics {
  std::string sink;
  uint64_t depth = 0;
  bool up = true;                                // false: it takes nothing until somebody mends something
  double failed = kUnknown, refused = kUnknown;  // attempts, messages; of those that knock at a door
  double waiting_seconds = 0;                    // of the oldest change that it has not taken; 0: there is none
};
struct TableMetrics {
  std::string table;
  uint64_t rows = 0;
  uint64_t rejected = 0;
};
struct LogMetrics {
  std::string topic;
  double bytes = kUnknown;
};
// Of the process and the machine that it runs on.
struct ProcessMetrics {
  double start_seconds = kUnknown;  // since the epoch
  double cpu_seconds = kUnknown;
  double resident_bytes = kUnknown;
  double open_files = kUnknown;
};
struct DiskMetrics {
  double state_bytes = kUnknown;  // of the state directory
  double free_bytes = kUnknown;   // of its file system, for this user
  double size_bytes = kUnknown;
};
struct HttpMetrics {
  std::vector<std::pair<int, uint64_t>> requests;  // by status code
  uint64_t connections = 0;
  uint64_t streams = 0;
  uint64_t streams_cut = 0;  // readers that were too slow
  uint64_t sign_in_failures = 0;
  uint64_t audit_unlisted = 0;  // of strangers, past the limit
  uint64_t audit_lost = 0;      // could not be written
};
struct MetricsSnapshot {
  std::vector<SourceMetrics> sources;
  std::vector<PartitionMetrics> partitions;
  std::vector<RuleMetrics> rules;
  std::vector<SinkMetrics> sinks;
  std::vector<LogMetrics> logs;
  std::vector<TableMetrics> tables;                                           // of topics
  std::array<std::array<uint64_t, kAges.size()>, kSeverities> open_by_age{};  // not cumulative
  uint64_t duplicate = 0;
  HistogramSnapshot rule_eval;
  HistogramSnapshot judge;
  HistogramSnapshot alert_latency;
  HistogramSnapshot commit;
  double commit_age_seconds = kUnknown;
  double state_bytes = kUnknown;
  double outbox_depth = kUnknown;
  double kafka_up = kUnknown;          // 1 or 0; unknown: no Kafka is used
  bool reload_success = true;          // of the last reload
  double reloaded_seconds = kUnknown;  // since the epoch: the last that was applied, or the start
  double shards = kUnknown;
  DiskMetrics disk;
  ProcessMetrics process;
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
// The buckets of a histogram that are told: 1, 2 and 5 of each decade in [least, most] (seconds).
struct Buckets {
  double least = 0, most = 0;
};
// One row of the table.
struct Metric {
  std::string_view name;  // full, with prefix and unit: tocsin_events_read_total
  Kind kind;
  std::string_view unit;  // "seconds" "bytes" "records" or empty: a plain number
  std::vector<std::string_view> labels;
  std::string_view help, help_zh;
  Buckets buckets = {};  // kHistogram
};
// The documented table, in the order of exposition.
const std::vector<Metric>& table();
// Upper bounds of a histogram's buckets in seconds, ascending; without +Inf.
std::vector<double> bounds_of(const Metric& metric);

// Prometheus text format 0.0.4.
std::string exposition(const MetricsSnapshot& snapshot);
// The table for the documentation, as Markdown: deploy/metrics.md.
std::string markdown();

}  // namespace tocsin::metrics
