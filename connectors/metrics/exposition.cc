// A snapshot in Prometheus' text format, and the table as Markdown.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "connectors/metrics/rows.h"

namespace tocsin::metrics {
namespace {

constexpr double kNsPerSecond = 1e9;

// 1, 2 and 5 of a decade, of what a histogram keeps.
bool is_told(const Metric& metric, uint64_t bound_ns) {
  const double seconds = static_cast<double>(bound_ns) / kNsPerSecond;
  if (seconds < metric.buckets.least * 0.999 || seconds > metric.buckets.most * 1.001) return false;
  while (bound_ns >= 100 && bound_ns % 10 == 0) bound_ns /= 10;
  return bound_ns == 10 || bound_ns == 20 || bound_ns == 50;
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

}  // namespace

void Samples::add(double value, const Labels& labels) {
  if (std::isnan(value)) return;
  prometheus::ClientMetric& sample = append(labels);
  (metric_.kind == Kind::kCounter ? sample.counter.value : sample.gauge.value) = value;
}

void Samples::add(const HistogramSnapshot& histogram) {
  prometheus::ClientMetric& sample = append({});
  sample.histogram.sample_count = histogram.count;
  sample.histogram.sample_sum = static_cast<double>(histogram.sum_ns) / kNsPerSecond;
  uint64_t cumulative = 0;
  for (size_t i = 0; i < histogram::kBounds; ++i) {
    cumulative += histogram.buckets[i];
    const uint64_t bound = histogram::kBoundsNs[i];
    if (is_told(metric_, bound)) {
      sample.histogram.bucket.push_back({cumulative, static_cast<double>(bound) / kNsPerSecond});
    }
  }
  sample.histogram.bucket.push_back({histogram.count, std::numeric_limits<double>::infinity()});
}

prometheus::ClientMetric& Samples::append(const Labels& labels) {
  prometheus::ClientMetric& sample = family_.metric.emplace_back();
  for (size_t i = 0; i < labels.size(); ++i) {
    sample.label.push_back({std::string(metric_.labels[i]), labels[i]});
  }
  return sample;
}

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

std::vector<double> bounds_of(const Metric& metric) {
  std::vector<double> out;
  for (const uint64_t bound : histogram::kBoundsNs) {
    if (is_told(metric, bound)) out.push_back(static_cast<double>(bound) / kNsPerSecond);
  }
  return out;
}

std::string exposition(const MetricsSnapshot& snapshot) {
  std::vector<prometheus::MetricFamily> families;
  for (const Row& row : rows()) {
    prometheus::MetricFamily family;
    family.name = row.metric.name;
    family.help = row.metric.help;
    family.type = type_of(row.metric.kind);
    Samples samples(row.metric, family);
    row.fill(snapshot, samples);
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::string markdown() {
  std::string out =
      "# Metrics 指标\n\n"
      "`GET /metrics` in the Prometheus text format. Written by `tocsin schema metrics` from the program's own table; "
      "a "
      "test\nfails when this page differs from it. A metric that nobody knows yet is absent, never 0. No label holds a "
      "person, an\naddress or a case.\n\n"
      "由程序自身的表生成（`tocsin schema metrics`），与表不一致时测试失败。尚不知道的指标不出现，不以 0 "
      "充数。标签中没有人员、地址和案件。\n\n"
      "| metric 指标 | type 类型 | unit 单位 | labels 标签 | meaning | 含义 |\n|---|---|---|---|---|---|\n";
  for (const Metric& metric : table()) {
    out.append("| `").append(metric.name).append("` | ").append(name_of(metric.kind)).append(" | ");
    out.append(metric.unit).append(" | ");
    for (size_t i = 0; i < metric.labels.size(); ++i) {
      out.append(i == 0 ? "`" : ", `").append(metric.labels[i]).append("`");
    }
    out.append(" | ").append(metric.help).append(" | ").append(metric.help_zh).append(" |\n");
  }
  return out;
}

}  // namespace tocsin::metrics
