#pragma once
// Within this part: the table's rows, each a metric and how its samples come from a snapshot.
#include <span>
#include <string>
#include <vector>

#include "connectors/metrics/metrics.h"

namespace prometheus {
struct MetricFamily;
struct ClientMetric;
}  // namespace prometheus

namespace tocsin::metrics {

// Adds samples to one family; label values in the order of the metric's label names.
class Samples {
 public:
  using Labels = std::vector<std::string>;
  Samples(const Metric& metric, prometheus::MetricFamily& family) : metric_(metric), family_(family) {}

  // What is not known (NaN) is left out.
  void add(double value, const Labels& labels = {});
  void add(uint64_t value, const Labels& labels = {}) { add(static_cast<double>(value), labels); }
  void add(const HistogramSnapshot& histogram);

 private:
  prometheus::ClientMetric& append(const Labels& labels);
  const Metric& metric_;
  prometheus::MetricFamily& family_;
};

struct Row {
  Metric metric;
  void (*fill)(const MetricsSnapshot&, Samples&);
};
const std::vector<Row>& rows();

}  // namespace tocsin::metrics
