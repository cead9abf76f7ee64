#pragma once
// Other rules for the running service: compiled, those that begin warmed up from the log while the service goes on, a
// checkpoint taken, and swapped in between two batches. One at a time; who asks for a reload meanwhile gets the next
// one. A set with faults, or one that cannot be swapped in, leaves the rules in force that were.
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "connectors/cli/files.h"
#include "connectors/cli/rule_warm_up.h"
#include "connectors/http/backend.h"
#include "runtime/engine.h"

namespace tocsin::cli {

using MakeWarmUp = std::function<std::unique_ptr<RuleWarmUp>(std::shared_ptr<const rule::RuleSet>)>;

// One line of the service's log, and a warning of each rule that begins anew or knows less of the past than it asks
// for.
void tell_warm_up(const RuleWarmUp& warm_up, const rule::RuleSet& rules, std::vector<rule::Diagnostic>& out);

class Reloader {
 public:
  struct Parts {
    runtime::Engine& engine;
    RuleInputs inputs;
    MakeWarmUp warm_up;                                       // null result: rules that begin do so anew
    std::function<void(const http::ReloadResult&)> finished;  // on the engine's thread
  };
  explicit Reloader(Parts parts) : parts_(std::move(parts)) {}
  // Requests that wait are dropped, and a warm-up is cancelled.
  ~Reloader() = default;

  // Thread-safe; `done` is called on the engine's thread.
  void request(http::Completion<http::ReloadResult> done);
  // On the engine's thread, between batches: begins a reload, goes on with what has begun, or does nothing. `signalled`
  // is a request without an answer; it is taken when a reload begins.
  void step(std::atomic<bool>& signalled);
  // Likewise: goes over to rules that are compiled already, by the same steps as a reload of the files. `over`: how it
  // ended, and for how long the engine has waited. Not while busy().
  using Over = std::function<void(const Status& status, uint64_t paused_ns)>;
  void bring(std::shared_ptr<const rule::RuleSet> rules, Over over);
  // Likewise: something has begun and is not over.
  bool busy() const { return reload_.has_value(); }

 private:
  struct Reload {
    std::shared_ptr<const rule::RuleSet> rules;
    std::vector<rule::Diagnostic> diagnostics;
    Over over;
    std::unique_ptr<RuleWarmUp> warm_up;
    bool prepared = false;  // the checkpoint before the swap was asked for
    // Steady nanoseconds: for how long the engine has waited for the reload, and since when it does.
    uint64_t paused = 0, step_began = 0;
  };
  void begin();
  void go_over_to(std::shared_ptr<const rule::RuleSet> rules);
  void prepare();
  void go_on();
  void end(const Status& status);
  void answer(const Status& status, uint64_t paused_ns,
              const std::vector<http::Completion<http::ReloadResult>>& requests);

  const Parts parts_;
  std::mutex mutex_;
  std::vector<http::Completion<http::ReloadResult>> requests_;  // guarded by mutex_
  std::optional<Reload> reload_;
};

}  // namespace tocsin::cli
