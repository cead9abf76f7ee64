#include "connectors/cli/service_metrics.h"

#include <algorithm>

#include "connectors/cli/clocks.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/version.h"

namespace tocsin::cli {
namespace {
constexpr DurationMs kRefresh = 250;
constexpr DurationMs kCountBytes = 10'000;  // walking all keys is not for every refresh

std::vector<metrics::RuleMetrics> rule_metrics(const runtime::Engine& engine) {
  std::vector<metrics::RuleMetrics> out;
  const auto& rules = engine.rules().rules();
  const auto keys = engine.keys_by_rule();
  const auto open = engine.book().open_counts();
  for (size_t i = 0; i < rules.size(); ++i) {
    metrics::RuleMetrics m;
    m.rule = rules[i].id;
    m.matches = engine.rule_counters()[i].matches;
    m.errors = engine.rule_counters()[i].errors;
    m.state_keys = keys[i];
    for (size_t s = 0; s < metrics::kSeverities; ++s) {
      const auto it = open.find({rules[i].id, static_cast<detect::Severity>(s)});
      if (it != open.end()) m.open[s] = it->second;
    }
    for (size_t t = 0; t < metrics::kTransitionTypes; ++t) {
      m.transitions[t] = engine.transitions_of(static_cast<uint16_t>(i), static_cast<alert::TransitionType>(t));
    }
    out.push_back(std::move(m));
  }
  return out;
}

std::vector<metrics::SourceMetrics> source_metrics(const runtime::Engine& engine, TimeMs now) {
  std::vector<metrics::SourceMetrics> out;
  const TimeMs watermark = engine.watermark();
  for (const auto& [name, s] : engine.progress().sources) {
    metrics::SourceMetrics m;
    m.source = name;
    m.read = s.read;
    m.late = s.late;
    m.rejected.assign(s.rejected.begin(), s.rejected.end());
    if (watermark != kNoTime) m.watermark_lag_seconds = static_cast<double>(now - watermark) / 1e3;
    out.push_back(std::move(m));
  }
  return out;
}

}  // namespace

metrics::MetricsSnapshot ServiceMetrics::snapshot() const {
  const std::lock_guard lock(mutex_);
  metrics::MetricsSnapshot s = snapshot_;
  if (committed_ != 0)
    s.commit_age_seconds = static_cast<double>(std::max<TimeMs>(SystemClock().now() - committed_, 0)) / 1e3;
  return s;
}

void ServiceMetrics::set_reload(bool success) {
  const std::lock_guard lock(mutex_);
  reload_success_ = snapshot_.reload_success = success;
}

void ServiceMetrics::refresh(const runtime::Engine& engine, const runtime::Publisher& publisher,
                             const runtime::Pipeline& pipeline,
                             const std::vector<std::unique_ptr<runtime::Source>>& sources, TimeMs now) {
  {
    const std::lock_guard lock(mutex_);
    committed_ = now;
  }
  if (now - refreshed_ < kRefresh) return;
  refreshed_ = now;
  metrics::MetricsSnapshot s;
  s.sources = source_metrics(engine, now);
  s.partitions = kafka_partition_metrics(sources);
  s.rules = rule_metrics(engine);
  s.duplicate = engine.progress().totals.duplicate;
  s.alert_latency = publisher.latency().snapshot();
  s.commit = pipeline.commit_latency().snapshot();
  s.rule_eval = pipeline.eval_latency().snapshot();
  s.outbox_depth = static_cast<double>(publisher.depth());
  s.shards = static_cast<double>(engine.shards());
  s.version = kVersion;
  s.revision = "unknown";
  const bool count = now - counted_ >= kCountBytes;
  if (count) counted_ = now;
  s.state_bytes = count ? static_cast<double>(engine.state_bytes()) : snapshot_.state_bytes;
  const std::lock_guard lock(mutex_);
  s.reload_success = reload_success_;
  snapshot_ = std::move(s);
}

}  // namespace tocsin::cli
