#include "connectors/cli/service_metrics.h"

#include <algorithm>
#include <unordered_map>

#include "connectors/cli/clocks.h"
#include "connectors/cli/ingest.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/machine_figures.h"
#include "connectors/cli/receivers.h"
#include "connectors/cli/topic_tables.h"
#include "connectors/cli/version.h"
#include "connectors/file/embedded_source.h"

namespace tocsin::cli {
namespace {
constexpr DurationMs kMetricsRefresh = 250;
constexpr DurationMs kCount = 5'000;  // walking all keys and files is not for every refresh
constexpr DurationMs kShare = 50;     // of the thread's time, one part in so many
constexpr std::string_view kCanonical = "canonical", kIngest = "ingest";

double to_seconds(DurationMs ms) { return static_cast<double>(ms) / 1e3; }

// Time by which alerts age.
TimeMs alerts_now(const MeasuredParts& parts, TimeMs now) {
  return parts.follow_clock ? now : parts.engine.greatest_event_time();
}

std::vector<metrics::RuleMetrics> rule_metrics(const runtime::Engine& engine, TimeMs now) {
  const auto& rules = engine.rules().rules();
  std::vector<metrics::RuleMetrics> out(rules.size());
  const auto keys = engine.keys_by_rule();
  std::unordered_map<std::string_view, size_t> index;
  for (size_t i = 0; i < rules.size(); ++i) {
    metrics::RuleMetrics& m = out[i];
    m.rule = rules[i].id;
    index.emplace(rules[i].id, i);
    m.matches = engine.rule_counters()[i].matches;
    m.errors = engine.rule_counters()[i].errors;
    m.state_keys = keys[i];
    for (size_t t = 0; t < metrics::kTransitionTypes; ++t) {
      m.transitions[t] = engine.transitions_of(static_cast<uint16_t>(i), static_cast<alert::TransitionType>(t));
    }
  }
  for (const auto& [of, count] : engine.book().open_counts()) {
    const auto it = index.find(of.first);
    if (it == index.end()) continue;
    metrics::RuleMetrics::Open& open = out[it->second].open[static_cast<size_t>(of.second)];
    open.open = count.open;
    open.unacknowledged = count.waiting;
    if (count.longest_waiting != kNoTime && now != kNoTime) {
      open.longest_seconds = to_seconds(std::max<DurationMs>(now - count.longest_waiting, 0));
    }
  }
  return out;
}

// The watermark of each source's partitions, the least of them. Canonical events carry their source's name themselves:
// their partitions count for every source that has none of its own, under kCanonical.
std::map<std::string, TimeMs, std::less<>> source_watermarks(const runtime::Pipeline& pipeline) {
  std::map<std::string, TimeMs, std::less<>> out;
  for (const auto& lane : pipeline.lanes()) {
    if (lane.actions) continue;
    const bool canonical = lane.source == kIngest || lane.source == kCanonical;
    const auto it = out.emplace(canonical ? kCanonical : lane.source, kNever).first;
    if (lane.watermark != kNoTime) it->second = std::min(it->second, lane.watermark);
  }
  return out;
}

std::vector<metrics::SourceMetrics> source_metrics(const MeasuredParts& parts, TimeMs now) {
  const auto watermarks = source_watermarks(parts.pipeline);
  auto totals = parts.engine.progress().sources;
  for (const auto& [name, watermark] : watermarks) {
    if (name != kCanonical) totals.try_emplace(name);  // a feed that has brought nothing yet is there with 0
  }
  std::vector<metrics::SourceMetrics> out;
  for (const auto& [name, s] : totals) {
    metrics::SourceMetrics& m = out.emplace_back();
    m.source = name;
    m.read = s.read;
    m.late = s.late;
    m.rejected.assign(s.rejected.begin(), s.rejected.end());
    auto it = watermarks.find(name);
    if (it == watermarks.end()) it = watermarks.find(kCanonical);
    if (it != watermarks.end() && it->second != kNever) m.watermark_lag_seconds = to_seconds(now - it->second);
  }
  return out;
}

std::vector<metrics::PartitionMetrics> partition_metrics(const MeasuredParts& parts, TimeMs now) {
  auto out = kafka_partition_metrics(parts.sources);
  for (const auto& source : parts.sources) {
    const auto* embedded = dynamic_cast<const file::EmbeddedSource*>(source.get());
    if (embedded == nullptr) continue;
    const auto lag = embedded->lag(now);
    metrics::PartitionMetrics& m = out.emplace_back();
    m.topic = embedded->partitions().front();
    m.lag_records = static_cast<double>(lag.records);
    m.lag_seconds = to_seconds(lag.age);
  }
  return out;
}

std::array<std::array<uint64_t, metrics::kAges.size()>, metrics::kSeverities> open_by_age(
    const runtime::AlertBook& book, TimeMs now) {
  std::array<std::array<uint64_t, metrics::kAges.size()>, metrics::kSeverities> out{};
  if (now == kNoTime) return out;
  std::vector<TimeMs> edges = {kNever};  // younger than the first class's end: all that opened before kNever
  for (size_t a = 0; a + 1 < metrics::kAges.size(); ++a) edges.push_back(now - metrics::kAges[a].seconds * 1000);
  for (size_t i = 1; i < metrics::kSeverities; ++i) {
    const auto before = book.opened_before(static_cast<detect::Severity>(i), edges);
    for (size_t a = 0; a < out[i].size(); ++a) out[i][a] = before[a] - (a + 1 < before.size() ? before[a + 1] : 0);
  }
  return out;
}

}  // namespace

metrics::MetricsSnapshot ServiceMetrics::snapshot() const {
  metrics::MetricsSnapshot s;
  {
    const std::lock_guard lock(mutex_);
    s = snapshot_;
    if (committed_ != 0) s.commit_age_seconds = to_seconds(std::max<TimeMs>(SystemClock().now() - committed_, 0));
  }
  s.process = process_figures();
  if (std::isnan(s.reloaded_seconds)) s.reloaded_seconds = s.process.start_seconds;
  return s;
}

void ServiceMetrics::set_reload(bool success, TimeMs now) {
  const std::lock_guard lock(mutex_);
  reload_success_ = snapshot_.reload_success = success;
  if (!success) return;
  reloaded_ = now;
  snapshot_.reloaded_seconds = to_seconds(now);
}

// When each source's count of records last changed.
void ServiceMetrics::note_reads(TimeMs now, std::vector<metrics::SourceMetrics>& sources) {
  for (metrics::SourceMetrics& source : sources) {
    const auto [it, fresh] = reads_.try_emplace(source.source);
    if (fresh || it->second.count != source.read) it->second = {source.read, now};
    source.last_read_seconds = to_seconds(it->second.at);
  }
}

void ServiceMetrics::count_slowly(const MeasuredParts& parts, TimeMs now, metrics::MetricsSnapshot& s) {
  if (now < next_count_ && next_count_ - now <= kCount * kShare) {  // and a clock that went back stops nothing
    s.state_bytes = snapshot_.state_bytes;
    s.disk = snapshot_.disk;
    s.open_by_age = snapshot_.open_by_age;
    return;
  }
  const uint64_t begin = steady_ns();
  s.state_bytes = static_cast<double>(parts.engine.state_bytes());
  s.disk = disk_figures(parts.state_directory);
  s.open_by_age = open_by_age(parts.engine.book(), alerts_now(parts, now));
  const auto took = static_cast<DurationMs>((steady_ns() - begin) / 1'000'000);
  next_count_ = now + std::min(std::max(kCount, took * kShare), kCount * kShare);
}

void ServiceMetrics::refresh(const MeasuredParts& parts, TimeMs now) {
  {
    const std::lock_guard lock(mutex_);
    committed_ = now;
  }
  if (now < next_refresh_ && next_refresh_ - now <= kMetricsRefresh * kShare) return;
  const uint64_t begin = steady_ns();
  metrics::MetricsSnapshot s;
  s.sources = source_metrics(parts, now);
  note_reads(now, s.sources);
  s.partitions = partition_metrics(parts, now);
  s.rules = rule_metrics(parts.engine, alerts_now(parts, now));
  for (const auto& sink : parts.publisher.sinks(now)) {
    metrics::SinkMetrics& m = s.sinks.emplace_back();
    m.sink = sink.name;
    m.depth = sink.depth;
    m.up = !sink.stopped;
    m.waiting_seconds = to_seconds(sink.waiting);
  }
  add_courier_figures(parts.sinks, s.sinks);
  for (const std::string topic : {kIngestTopic, kActionsTopic}) {
    s.logs.push_back({topic, static_cast<double>(parts.log.bytes(topic))});
  }
  s.tables = parts.tables.figures();
  s.duplicate = parts.engine.progress().totals.duplicate;
  s.alert_latency = parts.publisher.latency().snapshot();
  s.commit = parts.engine.write_latency().snapshot();
  s.judge = parts.engine.judge_latency().snapshot();
  s.rule_eval = parts.pipeline.eval_latency().snapshot();
  s.outbox_depth = static_cast<double>(parts.publisher.depth());
  if (parts.uses_kafka) {
    const bool reads = kafka_trouble(parts.sources).value_or("").empty();
    const bool tells = std::ranges::all_of(parts.sinks, [](const auto& sink) { return kafka_trouble(*sink).empty(); });
    s.kafka_up = reads && tells ? 1 : 0;
  }
  s.shards = static_cast<double>(parts.engine.shards());
  s.version = kVersion;
  s.revision = kRevision;
  count_slowly(parts, now, s);
  const std::lock_guard lock(mutex_);
  s.reload_success = reload_success_;
  if (reloaded_ != 0) s.reloaded_seconds = to_seconds(reloaded_);
  snapshot_ = std::move(s);
  const auto took = static_cast<DurationMs>((steady_ns() - begin) / 1'000'000);
  next_refresh_ = now + std::min(std::max(kMetricsRefresh, took * kShare), kMetricsRefresh * kShare);
}

}  // namespace tocsin::cli
