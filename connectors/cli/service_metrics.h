#pragma once
// The service's figures for /metrics: the engine's thread refreshes a snapshot a few times a second, any thread reads
// it.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/metrics/metrics.h"
#include "runtime/pipeline.h"
#include "state/log.h"

namespace tocsin::cli {

class TopicTables;

// What the figures are read from; all of it outlives the metrics.
struct MeasuredParts {
  const runtime::Engine& engine;
  const runtime::Publisher& publisher;
  const runtime::Pipeline& pipeline;
  const std::vector<std::unique_ptr<runtime::Source>>& sources;
  const std::vector<std::unique_ptr<runtime::Sink>>& sinks;
  const state::Log& log;
  const std::string& state_directory;
  const TopicTables& tables;
  bool uses_kafka = false;
  bool follow_clock = true;  // alerts age by the clock; else by event time
};

class ServiceMetrics final : public metrics::MetricsSource {
 public:
  metrics::MetricsSnapshot snapshot() const override;
  // From the engine's thread after a commit. Does nothing when the last refresh is younger than a quarter second, or
  // than fifty times what it took: at most one fiftieth of the thread's time goes into it, however many rules there
  // are.
  void refresh(const MeasuredParts& parts, TimeMs now);
  // The outcome of a reload of the rules; an applied one is also when those in force were read.
  void set_reload(bool success, TimeMs now);

 private:
  void count_slowly(const MeasuredParts& parts, TimeMs now, metrics::MetricsSnapshot& s);
  void note_reads(TimeMs now, std::vector<metrics::SourceMetrics>& sources);
  mutable std::mutex mutex_;
  metrics::MetricsSnapshot snapshot_;
  TimeMs committed_ = 0, reloaded_ = 0;
  bool reload_success_ = true;
  // Of the engine's thread alone.
  TimeMs next_refresh_ = 0, next_count_ = 0;
  struct Read {
    uint64_t count = 0;
    TimeMs at = 0;
  };
  std::map<std::string, Read> reads_;  // by source: when its count last changed
};

}  // namespace tocsin::cli
