#pragma once
// Reference tables whose rows come from Kafka topics, for the running service: where the rules ask for such a table,
// its topic is read whole and followed from then on (connectors/kafka/topic_table.h); what changes comes into force as
// another version of the table, between two batches.
//
// A version is the rule set in force, compiled from its own texts with the new rows: files edited on disk meanwhile
// wait for a reload. It goes the way of one (reloader.h), so that rows lie with the state, and a restart or a replay
// judges by those that were in force.
//
// A table that the rules in force do not have (they were reloaded without it, or a reload with it was refused) is let
// go of; nobody waits for its thread.
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/cli/config.h"
#include "connectors/kafka/topic_table.h"
#include "connectors/metrics/metrics.h"
#include "rule/rule_set.h"

namespace tocsin::cli {

class TopicTables {
 public:
  struct Of {
    Settings settings;  // the config's `kafka`
    TimeZone zone = TimeZone::utc();
    DurationMs refresh = 10'000;  // another version of a table at most so often
    // The texts that lie with the state, asked for once: their rows stand in for a topic that cannot be read.
    std::function<std::vector<rule::SourceFile>()> stored;
    // For so long a table is followed after it was asked for, though the rules in force do not have it: a topic that
    // takes long to read is there for the next attempt to reload.
    DurationMs kept = 60'000;
  };
  explicit TopicTables(Of of) : of_(std::move(of)) {}
  // end(), and waits for all threads together.
  ~TopicTables() { end(); }

  // The rows of a table that names a topic. The first time the topic is read whole: that is waited for, at the start
  // for a minute, later, when the engine waits, for two seconds. The error names table, file, topic and reason. Any
  // thread.
  Result<rule::SourceFile> rows_of(const rule::SourceFile& declaration);
  // From here on the engine runs.
  void started() { patience_ = kLater; }
  // On the engine's thread, between batches, while nothing is reloaded. Rules to go over to: those in force, with newer
  // rows; null: there are none. brought() is to follow.
  std::shared_ptr<const rule::RuleSet> step(const rule::RuleSet& in_force, const rule::LoadOptions& load);
  // How that ended, and for how long the engine has waited.
  void brought(const Status& status, uint64_t paused_ns);
  // Likewise: a reload was applied, other tables may be in force.
  void reloaded(const rule::RuleSet& in_force);
  // Nothing is followed any more. Returns at once.
  void end();

  // Any thread. Empty: all is well.
  std::string health() const;
  std::vector<metrics::TableMetrics> figures() const;

 private:
  static constexpr DurationMs kAtStart = 60'000, kLater = 2'000;
  struct Followed {
    std::shared_ptr<kafka::TopicTable> table;
    uint64_t asked = 0;  // when rows_of() last was, steady nanoseconds
  };
  Result<std::shared_ptr<kafka::TopicTable>> follow(const rule::SourceFile& declaration);
  kafka::TopicTable::Text stored_rows(const rule::SourceFile& declaration);
  std::optional<std::vector<rule::SourceFile>> newer(const rule::RuleSet& rules);
  void let_go(const rule::RuleSet& in_force, DurationMs kept);

  const Of of_;
  std::atomic<DurationMs> patience_{kAtStart};
  mutable std::mutex mutex_;
  std::map<std::string, Followed> tables_;               // by declaration; guarded by mutex_
  std::optional<std::vector<rule::SourceFile>> stored_;  // likewise
  std::string trouble_;                                  // likewise: why newer rows are not in force
  // Of the engine's thread.
  std::vector<std::shared_ptr<kafka::TopicTable>> leaving_;  // told to end; kept until their threads have
  std::map<std::string, kafka::TopicTable::Text> looked_at_;
  uint64_t not_before_ = 0, tended_ = 0;  // steady nanoseconds
  uint64_t compiling_ = 0;                // what it took for the version under way
};

}  // namespace tocsin::cli
