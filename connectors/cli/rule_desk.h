#pragma once
// The rule desk behind the API: faults of a text that somebody is writing, and what rules would have raised on past
// events, each on a thread of its own beside the engine.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "connectors/backtest/telling.h"
#include "connectors/cli/config.h"
#include "connectors/cli/files.h"
#include "connectors/cli/worker.h"
#include "connectors/http/backend.h"
#include "event/area_table.h"
#include "rule/vocabulary.h"
#include "state/log.h"

namespace tocsin::cli {

class RuleDesk {
 public:
  struct Setup {
    RuleInputs inputs;  // of the rules in force
    TimeZone zone = TimeZone::utc();
    std::string key;  // of the identity tokens
    std::vector<std::string> known_sources, areas;
    BacktestConfig backtest;
    const state::Log& log;
    // Outcomes that people gave, as lines of labels. From any thread.
    std::function<std::string()> outcomes;
  };
  RuleDesk(Setup setup, Worker& worker);
  ~RuleDesk();

  // From the engine's thread, after each change of rules.
  void set_rules(std::shared_ptr<const rule::RuleSet> rules);
  // See http::Backend. From any thread.
  void check(http::RuleText text, http::Completion<std::string> done);
  void backtest(http::BacktestRequest request, http::Completion<std::string> done);

 private:
  std::shared_ptr<const rule::RuleSet> rules() const;
  Result<std::string> check_now(const http::RuleText& text) const;
  void check_with_others(const rule::SourceFile& file, const rule::LoadOptions& load,
                         std::vector<rule::Diagnostic>& found) const;
  Result<std::string> run(const http::BacktestRequest& request) const;
  Result<backtest::Trial> trial(const http::BacktestRequest& request, const rule::LoadOptions& options) const;
  Result<backtest::Ran> run_once(const backtest::Trial& trial, const http::BacktestRequest& request,
                                 const backtest::Labels* labels, bool keep_events) const;
  Result<std::optional<backtest::Labels>> labels() const;
  Result<rule::LoadOptions> options() const;

  const Setup setup_;
  Worker& worker_;
  AreaTable area_names_;
  std::shared_ptr<const rule::Vocabulary> vocabulary_;
  mutable std::mutex mutex_;
  std::shared_ptr<const rule::RuleSet> rules_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};
  Worker trials_;  // last: its task uses the rest
};

}  // namespace tocsin::cli
