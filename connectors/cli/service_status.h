#pragma once
// How the service is doing, for people who watch it: the engine's thread refreshes a snapshot a few times a second, the
// HTTP thread reads it.
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/http/backend.h"
#include "runtime/pipeline.h"
#include "state/log.h"

namespace tocsin::cli {

struct SourceStatus {
  std::string source;
  size_t partitions = 0;
  uint64_t read = 0, rejected = 0, duplicate = 0, late = 0;
  double rate = 0;  // events a second over the last ten
  TimeMs last_event_at = kNoTime;
  double lag_records = -1, lag_seconds = -1;  // negative: unknown
};
struct RuleStatus {
  std::string id;
  uint64_t matches = 0, errors = 0, state_keys = 0;
  bool shadow = false;
};
struct ShardStatus {
  size_t keys = 0;
  double busy = 0;  // share of the last ten seconds
};

class ServiceStatus {
 public:
  explicit ServiceStatus(TimeMs started) : started_(started) {}
  // From the engine's thread after a commit; does nothing when the last refresh is younger than half a second.
  void refresh(const runtime::Engine& engine, const runtime::Publisher& publisher, const runtime::Pipeline& pipeline,
               const std::vector<std::unique_ptr<runtime::Source>>& sources, const state::Log& log, TimeMs now);
  // Up to when events have come, as of the last refresh; kNoTime: none has. Any thread.
  TimeMs watermark() const;
  // Members of a JSON object, without braces: uptime_seconds, sources, rules, shards, commit, outbox_depth,
  // state_bytes. `open`: alerts that are open, by rule. Who sees an area alone is told how fresh the sources are, but
  // no counts, which are of the whole county: they are null, and there are no shards. Rules in shadow are told to those
  // who see their alerts.
  std::string json(const std::map<std::string, uint64_t>& open, const http::View& view, TimeMs now) const;

 private:
  struct Sample {
    TimeMs at = 0;
    std::map<std::string, uint64_t> read;
    std::vector<uint64_t> busy_ns;
  };
  struct Snapshot {
    std::vector<SourceStatus> sources;
    std::vector<RuleStatus> rules;
    std::vector<ShardStatus> shards;
    TimeMs watermark = kNoTime, committed = kNoTime;
    double commit_p99 = -1;
    uint64_t outbox_depth = 0, state_bytes = 0;
  };
  void sample(const runtime::Engine& engine, TimeMs now);
  std::vector<SourceStatus> source_status(const runtime::Engine& engine, const runtime::Pipeline& pipeline,
                                          const std::vector<std::unique_ptr<runtime::Source>>& sources,
                                          const state::Log& log, TimeMs now) const;
  const TimeMs started_;
  mutable std::mutex mutex_;
  Snapshot snapshot_;           // guarded by mutex_
  std::deque<Sample> samples_;  // of the last ten seconds; the engine's thread's
  TimeMs refreshed_ = 0, counted_ = 0;
};

}  // namespace tocsin::cli
