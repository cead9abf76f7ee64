#include "connectors/cli/service_status.h"

#include <algorithm>

#include "base/json_writer.h"
#include "connectors/cli/ingest.h"
#include "connectors/cli/kafka_parts.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

constexpr DurationMs kStatusRefresh = 500;
constexpr DurationMs kSpan = 10'000;        // of rates and shares
constexpr DurationMs kCountBytes = 10'000;  // walking all keys is not for every refresh
// Decoders of records that name their own source.
bool reads_any(std::string_view decoder) { return decoder == "canonical" || decoder == "ingest"; }

double seconds(DurationMs d) { return static_cast<double>(d) / 1e3; }

void number_or_null(JsonWriter& w, std::string_view name, double v) {
  w.key(name);
  v < 0 ? w.null() : w.number(v);
}

void count_or_null(JsonWriter& w, std::string_view name, uint64_t n, bool told) {
  w.key(name);
  told ? w.unsigned_integer(n) : w.null();
}

void time_or_null(JsonWriter& w, std::string_view name, TimeMs t) {
  w.key(name);
  t == kNoTime ? w.null() : w.string(format_time(t));
}

// Of one partition of the embedded log: what is not taken in yet, and how long its first record has waited.
void log_lag(const state::Log& log, uint64_t next, TimeMs now, SourceStatus& out) {
  const uint64_t end = log.end_offset(kIngestTopic);
  const uint64_t at = next == UINT64_MAX ? log.begin_offset(kIngestTopic) : next;
  out.lag_records = std::max(out.lag_records, 0.0) + static_cast<double>(end > at ? end - at : 0);
  double waited = 0;
  static_cast<void>(log.read(kIngestTopic, std::min(at, end), 1, [&](const state::LogRecord& r) {
    waited = std::max(0.0, seconds(now - r.timestamp));
    return false;
  }));
  out.lag_seconds = std::max(out.lag_seconds, waited);
}

void kafka_lag(const std::vector<metrics::PartitionMetrics>& kafka, const std::string& partition, SourceStatus& out) {
  for (const metrics::PartitionMetrics& p : kafka) {
    if (p.topic + "/" + std::to_string(p.partition) != partition) continue;
    if (p.lag_records >= 0) out.lag_records = std::max(out.lag_records, 0.0) + p.lag_records;
    if (p.lag_seconds >= 0) out.lag_seconds = std::max(out.lag_seconds, p.lag_seconds);
  }
}

}  // namespace

void ServiceStatus::sample(const runtime::Engine& engine, TimeMs now) {
  Sample s;
  s.at = now;
  for (const auto& [name, totals] : engine.progress().sources) s.read[name] = totals.read;
  for (const auto& load : engine.shard_loads()) s.busy_ns.push_back(load.busy_ns);
  samples_.push_back(std::move(s));
  while (samples_.size() > 2 && samples_[1].at <= now - kSpan) samples_.pop_front();
}

// A source's lag is that of its partitions; records that name their own source share theirs.
std::vector<SourceStatus> ServiceStatus::source_status(const runtime::Engine& engine, const runtime::Pipeline& pipeline,
                                                       const std::vector<std::unique_ptr<runtime::Source>>& sources,
                                                       const state::Log& log, TimeMs now) const {
  std::vector<SourceStatus> out;
  const auto kafka = kafka_partition_metrics(sources);
  const auto lanes = pipeline.lanes();
  const Sample& first = samples_.front();
  const double span = seconds(now - first.at);
  for (const auto& [name, totals] : engine.progress().sources) {
    SourceStatus s;
    s.source = name;
    s.read = totals.read, s.duplicate = totals.duplicate, s.late = totals.late;
    for (const auto& [reason, n] : totals.rejected) s.rejected += n;
    s.last_event_at = totals.greatest;
    const auto then = first.read.find(name);
    if (span > 0 && then != first.read.end()) s.rate = static_cast<double>(totals.read - then->second) / span;
    for (const auto& lane : lanes) {
      if (lane.source != name && !reads_any(lane.source)) continue;
      ++s.partitions;
      const auto progress = engine.progress().partitions.find(lane.partition);
      if (lane.partition == std::string("log/") + kIngestTopic && progress != engine.progress().partitions.end()) {
        log_lag(log, progress->second.next_offset, now, s);
      } else {
        kafka_lag(kafka, lane.partition, s);
      }
    }
    out.push_back(std::move(s));
  }
  return out;
}

void ServiceStatus::refresh(const runtime::Engine& engine, const runtime::Publisher& publisher,
                            const runtime::Pipeline& pipeline,
                            const std::vector<std::unique_ptr<runtime::Source>>& sources, const state::Log& log,
                            TimeMs now) {
  {
    const std::lock_guard lock(mutex_);
    snapshot_.committed = now;
  }
  if (now - refreshed_ < kStatusRefresh) return;
  refreshed_ = now;
  sample(engine, now);
  Snapshot s;
  s.sources = source_status(engine, pipeline, sources, log, now);
  const auto keys = engine.keys_by_rule();
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto& counters = engine.rule_counters()[i];
    const rule::Rule& rule = engine.rules().rules()[i];
    s.rules.push_back({rule.id, counters.matches, counters.errors, keys[i], rule.mode == rule::Mode::kShadow});
  }
  const Sample& first = samples_.front();
  const auto loads = engine.shard_loads();
  for (size_t i = 0; i < loads.size(); ++i) {
    const uint64_t before = i < first.busy_ns.size() && first.busy_ns[i] <= loads[i].busy_ns ? first.busy_ns[i] : 0;
    const double span = static_cast<double>(std::max<DurationMs>(now - first.at, 1)) * 1e6;
    s.shards.push_back({loads[i].keys, std::min(1.0, static_cast<double>(loads[i].busy_ns - before) / span)});
  }
  s.watermark = engine.watermark();
  s.committed = now;
  const uint64_t p99 = engine.write_latency().snapshot().quantile_ns(0.99);
  if (p99 > 0 && p99 != UINT64_MAX) s.commit_p99 = static_cast<double>(p99) / 1e9;
  s.outbox_depth = publisher.depth();
  const bool count = now - counted_ >= kCountBytes;
  if (count) counted_ = now;
  s.state_bytes = count ? engine.state_bytes() : snapshot_.state_bytes;
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(s);
}

TimeMs ServiceStatus::watermark() const {
  const std::lock_guard lock(mutex_);
  return snapshot_.watermark;
}

std::string ServiceStatus::json(const std::map<std::string, uint64_t>& open, const http::View& view, TimeMs now) const {
  const std::lock_guard lock(mutex_);
  // What was of the last ten seconds is of others by now.
  const bool silent = snapshot_.committed == kNoTime || now - snapshot_.committed > kSpan;
  const bool all = view.area.empty();
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("uptime_seconds").integer((now - started_) / 1000).key("sources").begin_array();
  for (const SourceStatus& s : snapshot_.sources) {
    w.begin_object().field("source", s.source);
    count_or_null(w, "partitions", s.partitions, all);
    count_or_null(w, "read", s.read, all);
    count_or_null(w, "rejected", s.rejected, all);
    count_or_null(w, "duplicate", s.duplicate, all);
    count_or_null(w, "late", s.late, all);
    number_or_null(w, "rate", !all ? -1 : silent ? 0 : s.rate);
    time_or_null(w, "watermark", snapshot_.watermark);
    number_or_null(w, "watermark_lag_seconds",
                   snapshot_.watermark == kNoTime ? -1 : std::max(0.0, seconds(now - snapshot_.watermark)));
    number_or_null(w, "lag_records", all ? s.lag_records : -1);
    number_or_null(w, "lag_seconds", s.lag_seconds);
    time_or_null(w, "last_event_at", s.last_event_at);
    w.end_object();
  }
  w.end_array().key("rules").begin_array();
  for (const RuleStatus& r : snapshot_.rules) {
    if (r.shadow && !view.shadow) continue;
    const auto n = open.find(r.id);
    w.begin_object().field("id", r.id);
    count_or_null(w, "matches", r.matches, all);
    count_or_null(w, "errors", r.errors, all);
    count_or_null(w, "state_keys", r.state_keys, all);
    w.key("open").unsigned_integer(n == open.end() ? 0 : n->second).end_object();
  }
  w.end_array().key("shards").begin_array();
  for (size_t i = 0; all && i < snapshot_.shards.size(); ++i) {
    w.begin_object().key("shard").unsigned_integer(i).key("keys").unsigned_integer(snapshot_.shards[i].keys);
    w.key("busy").number(silent ? 0 : snapshot_.shards[i].busy).end_object();
  }
  w.end_array().key("commit").begin_object();
  number_or_null(w, "seconds_p99", snapshot_.commit_p99);
  number_or_null(w, "age_seconds",
                 snapshot_.committed == kNoTime ? -1 : std::max(0.0, seconds(now - snapshot_.committed)));
  w.end_object();
  count_or_null(w, "outbox_depth", snapshot_.outbox_depth, all);
  count_or_null(w, "state_bytes", snapshot_.state_bytes, all);
  w.end_object();
  return out.substr(1, out.size() - 2);
}

}  // namespace tocsin::cli
