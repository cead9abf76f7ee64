#include "connectors/metrics/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>

namespace tocsin::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = std::vector<std::string>;

// Adds samples to one family; label values in the order of the metric's label names.
class Samples {
 public:
  Samples(const Metric& metric, MetricFamily& family) : metric_(metric), family_(family) {}

  void add(double value, const Labels& labels = {}) {
    if (std::isnan(value)) return;
    ClientMetric& sample = append(labels);
    (metric_.kind == Kind::kCounter ? sample.counter.value : sample.gauge.value) = value;
  }
  void add(uint64_t value, const Labels& labels = {}) { add(static_cast<double>(value), labels); }

  void add(const HistogramSnapshot& histogram) {
    ClientMetric& sample = append({});
    sample.histogram.sample_count = histogram.count;
    sample.histogram.sample_sum = static_cast<double>(histogram.sum_ns) / 1e9;
    uint64_t cumulative = 0;
    for (size_t i = 0; i < histogram::kBounds; ++i) {
      cumulative += histogram.buckets[i];
      sample.histogram.bucket.push_back({cumulative, static_cast<double>(histogram::kBoundsNs[i]) / 1e9});
    }
    sample.histogram.bucket.push_back({histogram.count, std::numeric_limits<double>::infinity()});
  }

 private:
  ClientMetric& append(const Labels& labels) {
    ClientMetric& sample = family_.metric.emplace_back();
    for (size_t i = 0; i < labels.size(); ++i) {
      sample.label.push_back({std::string(metric_.labels[i]), labels[i]});
    }
    return sample;
  }
  const Metric& metric_;
  MetricFamily& family_;
};

void add_rejected(const MetricsSnapshot& s, Samples& out) {
  for (const auto& source : s.sources) {
    for (const auto& [reason, count] : source.rejected) out.add(count, {source.source, reason});
  }
}

void add_open(const MetricsSnapshot& s, Samples& out) {
  for (const auto& rule : s.rules) {
    for (size_t i = 1; i < kSeverities; ++i) {  // 0 is kNone: no alert has it
      out.add(rule.open[i], {rule.rule, std::string(detect::name_of(static_cast<detect::Severity>(i)))});
    }
  }
}

void add_transitions(const MetricsSnapshot& s, Samples& out) {
  for (const auto& rule : s.rules) {
    for (size_t i = 0; i < kTransitionTypes; ++i) {
      out.add(rule.transitions[i], {rule.rule, std::string(alert::name_of(static_cast<alert::TransitionType>(i)))});
    }
  }
}

// A metric and how its samples come from a snapshot.
struct Row {
  Metric metric;
  void (*fill)(const MetricsSnapshot&, Samples&);
};

template <auto Member>
void one(const MetricsSnapshot& s, Samples& out) {
  out.add(s.*Member);
}
template <auto Member>
void per_source(const MetricsSnapshot& s, Samples& out) {
  for (const auto& source : s.sources) out.add(source.*Member, {source.source});
}
template <auto Member>
void per_partition(const MetricsSnapshot& s, Samples& out) {
  for (const auto& part : s.partitions) out.add(part.*Member, {part.topic, std::to_string(part.partition)});
}
template <auto Member>
void per_rule(const MetricsSnapshot& s, Samples& out) {
  for (const auto& rule : s.rules) out.add(rule.*Member, {rule.rule});
}
template <auto Member>
void http(const MetricsSnapshot& s, Samples& out) {
  out.add(s.http.*Member);
}

const std::vector<Row>& rows() {
  using S = MetricsSnapshot;
  static const std::vector<Row> kRows = {
      {{"tocsin_events_read_total",
        Kind::kCounter,
        "",
        {"source"},
        "Records read from each source's log, good or bad."},
       per_source<&SourceMetrics::read>},
      {{"tocsin_events_rejected_total",
        Kind::kCounter,
        "",
        {"source", "reason"},
        "Records that could not be read as events and went to the dead letters, by reason."},
       add_rejected},
      {{"tocsin_events_duplicate_total",
        Kind::kCounter,
        "",
        {},
        "Events seen before in the same or a higher revision; they changed nothing."},
       one<&S::duplicate>},
      {{"tocsin_events_late_total",
        Kind::kCounter,
        "",
        {"source"},
        "Events older than the watermark when they came: kept as late records, open no alert."},
       per_source<&SourceMetrics::late>},
      {{"tocsin_watermark_lag_seconds",
        Kind::kGauge,
        "seconds",
        {"source"},
        "The clock less the source's watermark: how far behind now the source's event time is."},
       per_source<&SourceMetrics::watermark_lag_seconds>},
      {{"tocsin_consumer_lag_records",
        Kind::kGauge,
        "records",
        {"topic", "partition"},
        "Records in the log that are not yet taken in; absent while unknown."},
       per_partition<&PartitionMetrics::lag_records>},
      {{"tocsin_consumer_lag_seconds",
        Kind::kGauge,
        "seconds",
        {"topic", "partition"},
        "Age of the oldest record that is not yet taken in; 0 at the head of the log, absent while unknown."},
       per_partition<&PartitionMetrics::lag_seconds>},
      {{"tocsin_rule_matches_total", Kind::kCounter, "", {"rule"}, "Events that a rule's where accepted."},
       per_rule<&RuleMetrics::matches>},
      {{"tocsin_rule_errors_total", Kind::kCounter, "", {"rule"}, "Evaluations of a rule that ended in an error."},
       per_rule<&RuleMetrics::errors>},
      {{"tocsin_rule_eval_seconds", Kind::kHistogram, "seconds", {}, "Time to apply one batch of rows to the rules."},
       one<&S::rule_eval>},
      {{"tocsin_alerts_open",
        Kind::kGauge,
        "",
        {"rule", "severity"},
        "Alerts that are neither resolved nor closed, by severity."},
       add_open},
      {{"tocsin_alert_transitions_total", Kind::kCounter, "", {"rule", "type"}, "Transitions of alerts, by type."},
       add_transitions},
      {{"tocsin_alert_latency_seconds",
        Kind::kHistogram,
        "seconds",
        {},
        "From the log's timestamp of the record that caused a transition to its publication."},
       one<&S::alert_latency>},
      {{"tocsin_state_keys", Kind::kGauge, "", {"rule"}, "Keys (places, cases, areas) that a rule remembers."},
       per_rule<&RuleMetrics::state_keys>},
      {{"tocsin_state_bytes", Kind::kGauge, "bytes", {}, "Memory of all rules' state."}, one<&S::state_bytes>},
      {{"tocsin_commit_seconds", Kind::kHistogram, "seconds", {}, "Time of one durable commit."}, one<&S::commit>},
      {{"tocsin_commit_age_seconds", Kind::kGauge, "seconds", {}, "Time since the last commit."},
       one<&S::commit_age_seconds>},
      {{"tocsin_outbox_depth", Kind::kGauge, "", {}, "Transitions committed but not yet delivered to every sink."},
       one<&S::outbox_depth>},
      {{"tocsin_reload_success", Kind::kGauge, "", {}, "1 when the last reload of the rules was applied, else 0."},
       [](const S& s, Samples& out) { out.add(uint64_t{s.reload_success}); }},
      {{"tocsin_shards", Kind::kGauge, "", {}, "Shards that the rules' keys are dealt out to."}, one<&S::shards>},
      {{"tocsin_http_requests_total", Kind::kCounter, "", {"status"}, "HTTP requests answered, by status code."},
       [](const S& s, Samples& out) {
         for (const auto& [status, count] : s.http.requests) out.add(count, {std::to_string(status)});
       }},
      {{"tocsin_http_connections", Kind::kGauge, "", {}, "Open HTTP connections, event streams among them."},
       http<&HttpMetrics::connections>},
      {{"tocsin_http_streams", Kind::kGauge, "", {}, "Open event streams."}, http<&HttpMetrics::streams>},
      {{"tocsin_http_streams_cut_total",
        Kind::kCounter,
        "",
        {},
        "Event streams cut off because their reader was too slow; it may resume."},
       http<&HttpMetrics::streams_cut>},
      {{"tocsin_build_info", Kind::kGauge, "", {"version", "revision"}, "Always 1; the labels say what runs."},
       [](const S& s, Samples& out) {
         out.add(uint64_t{1}, {s.version, s.revision});
       }},
  };
  return kRows;
}

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return prometheus::MetricType::Counter;
    case Kind::kGauge:
      return prometheus::MetricType::Gauge;
    case Kind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// A snapshot as prometheus-cpp collects it.
class SnapshotCollectable : public prometheus::Collectable {
 public:
  explicit SnapshotCollectable(const MetricsSnapshot& snapshot) : snapshot_(snapshot) {}
  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> families;
    for (const Row& row : rows()) {
      MetricFamily family;
      family.name = row.metric.name;
      family.help = row.metric.help;
      family.type = type_of(row.metric.kind);
      Samples samples(row.metric, family);
      row.fill(snapshot_, samples);
      if (!family.metric.empty()) families.push_back(std::move(family));
    }
    return families;
  }

 private:
  const MetricsSnapshot& snapshot_;
};

}  // namespace

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "counter";
    case Kind::kGauge:
      return "gauge";
    case Kind::kHistogram:
      return "histogram";
  }
  return "";
}

const std::vector<Metric>& table() {
  static const std::vector<Metric> kTable = [] {
    std::vector<Metric> all;
    for (const Row& row : rows()) all.push_back(row.metric);
    return all;
  }();
  return kTable;
}

std::string exposition(const MetricsSnapshot& snapshot) {
  return prometheus::TextSerializer().Serialize(SnapshotCollectable(snapshot).Collect());
}

std::string markdown() {
  std::string out = "| metric | type | unit | labels | meaning |\n|---|---|---|---|---|\n";
  for (const Metric& metric : table()) {
    out.append("| `").append(metric.name).append("` | ").append(name_of(metric.kind)).append(" | ");
    out.append(metric.unit).append(" | ");
    for (size_t i = 0; i < metric.labels.size(); ++i) {
      out.append(i == 0 ? "`" : ", `").append(metric.labels[i]).append("`");
    }
    out.append(" | ").append(metric.help).append(" |\n");
  }
  return out;
}

}  // namespace tocsin::metrics
