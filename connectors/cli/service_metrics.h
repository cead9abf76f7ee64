#pragma once
// The service's figures for /metrics: the engine's thread refreshes a snapshot a few times a second, any thread reads
// it.
#include <memory>
#include <mutex>
#include <vector>

#include "connectors/metrics/metrics.h"
#include "runtime/pipeline.h"

namespace tocsin::cli {

class ServiceMetrics final : public metrics::MetricsSource {
 public:
  metrics::MetricsSnapshot snapshot() const override;
  // From the engine's thread after a commit; does nothing when the last refresh is younger than a quarter second.
  void refresh(const runtime::Engine& engine, const runtime::Publisher& publisher, const runtime::Pipeline& pipeline,
               const std::vector<std::unique_ptr<runtime::Source>>& sources, TimeMs now);
  void set_reload(bool success);

 private:
  mutable std::mutex mutex_;
  metrics::MetricsSnapshot snapshot_;
  TimeMs refreshed_ = 0, counted_ = 0, committed_ = 0;
  bool reload_success_ = true;
};

}  // namespace tocsin::cli
