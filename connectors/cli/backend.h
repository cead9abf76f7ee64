#pragma once
// The HTTP server's port over the running service: reads the store and the alert book, writes to the embedded log, and
// hands what belongs to the engine's thread over to it.
#include <atomic>
#include <map>
#include <mutex>

#include "connectors/cli/audit_log.h"
#include "connectors/cli/event_index.h"
#include "connectors/cli/ingest.h"
#include "connectors/cli/rule_desk.h"
#include "connectors/cli/service_status.h"
#include "connectors/cli/worker.h"
#include "connectors/http/backend.h"
#include "runtime/engine.h"
#include "state/log.h"
#include "time/format.h"

namespace tocsin::cli {

// What people and pages need to know of rules: a JSON array, an object a rule.
std::string rules_json(const rule::RuleSet& rules);

class ServiceBackend final : public http::Backend {
 public:
  struct Parts {
    const runtime::Engine& engine;  // only book() and the stored outbox are read from here
    const state::Store& store;
    state::Log& log;
    Ingest& ingest;
    AuditLog& audit;
    const Clock& clock;
    std::function<void(http::Completion<http::ReloadResult>)> reload;  // hands over to the engine's thread
    std::function<std::vector<http::Check>()> readiness;
    RuleDesk& desk;
    const ServiceStatus& status;
    Lanes& lanes;                     // for what takes longer than the HTTP thread may be held up
    TimeZone zone = TimeZone::utc();  // in which people are told a time
    bool follow_clock = true;         // Config::follow_clock
  };
  explicit ServiceBackend(Parts parts);

  Result<http::AlertPage> alerts(const http::AlertQuery& query) override;
  void many_alerts(http::AlertQuery query, http::Completion<http::AlertPage> done) override;
  void alert(std::string id, const http::View& view, uint32_t before,
             http::Completion<http::AlertDetail> done) override;
  void evidence(std::string id, const http::View& view, http::Completion<std::string> done) override;
  void related(std::string id, const http::View& view, http::Completion<std::string> done) override;
  std::map<std::string, http::SeverityCounts> open_by_area(std::string_view area, const http::View& view) override;
  Result<std::string> rules() override;
  Result<std::string> rule(std::string_view id) override;
  void check_rules(http::RuleText text, http::Completion<std::string> done) override;
  void backtest(http::BacktestRequest request, http::Completion<std::string> done) override;
  void scorecard(score::CardQuestion question, score::NameOf name_of_area, http::Completion<std::string> done) override;
  void places(score::PlacesQuestion question, score::NameOf name_of_area, http::Completion<std::string> done) override;
  Result<http::StreamPage> transitions_after(uint64_t after, size_t max, size_t max_bytes) override;
  void set_listener(std::function<void(uint64_t head)> listener) override;
  void ingest(http::IngestBatch batch, http::Completion<http::IngestResult> done) override;
  void act(alert::Action action, const http::View& view, http::Completion<uint64_t> done) override;
  Result<std::string> silences(const http::View& view) override;
  void silence(rule::Silence silence, http::Completion<std::string> done) override;
  void expire_silence(std::string id, std::string by, const http::View& view, http::Completion<uint64_t> done) override;
  void audit(http::AuditEntry entry, http::Completion<uint64_t> done) override;
  Result<std::string> audit_log(uint64_t after, size_t limit) override;
  void reload(http::Completion<http::ReloadResult> done) override;
  std::string status(const http::View& view) override;
  bool healthy() override { return true; }
  std::vector<http::Check> readiness() override;

  // From the engine's thread, after each commit and each change of rules.
  void committed(uint64_t head);
  void set_rules(std::shared_ptr<const rule::RuleSet> rules);
  void set_silences(const std::map<std::string, rule::Silence>& silences);

 private:
  bool find(std::string_view id, const http::View& view, runtime::AlertLine& out) const;
  Result<http::StreamItem> transition(uint64_t sequence) const;
  Result<std::string> latest_json(std::string_view alert_id, const http::View& view) const;
  Result<http::AlertDetail> alert_now(const std::string& id, const http::View& view, uint32_t before) const;
  Result<std::string> evidence_now(const std::string& id, const http::View& view);
  Result<std::string> related_now(const std::string& id, const http::View& view);
  std::vector<runtime::AlertLine> candidates(const runtime::AlertLine& line, const http::View& view) const;
  void append(std::string record, TimeMs at, http::Completion<uint64_t> done);
  Parts parts_;
  std::atomic<uint64_t> head_{0};
  std::mutex mutex_;
  std::function<void(uint64_t)> listener_;
  std::string rules_json_ = "[]";
  std::shared_ptr<const rule::RuleSet> rules_;
  Status may_silence(const rule::Silence& silence);
  std::map<std::string, rule::Silence> silences_;
  std::atomic<uint64_t> silences_changed_{0};  // StreamPage::silences
  struct Coming {
    std::string by;
    TimeMs at;
  };
  std::map<std::string, Coming> coming_;  // silences on their way through the log, by id
  EventIndex events_;                     // of Lanes::context alone
};

// Outcomes that people gave to alerts, as lines of labels for a backtest (connectors/backtest/labels.h): the alert's
// key and evidence, from a day before it opened to the last event that it rests on, or an hour after its opening.
std::string outcome_labels(const runtime::Engine& engine, const state::Store& store);

// The `data` object of a CloudEvent, which stands last in it.
std::string_view cloud_event_data(std::string_view json);

// An alert as the store has it: its line, and the whole CloudEvent of its latest transition. kNotFound: no longer
// there.
struct StoredAlert {
  runtime::AlertLine line;
  std::string json;
};
Result<StoredAlert> stored_alert(const state::Store& store, std::string_view alert_id);

// Runs the task on a lane and completes with what it answers; kExhausted when as much as may is waiting there.
template <typename T>
void on_lane(Worker& lane, std::function<Result<T>()> task, http::Completion<T> done) {
  const bool taken = lane.submit([task = std::move(task), done](bool cancelled) {
    done(cancelled ? Result<T>(unavailable("the service is stopping")) : task());
  });
  if (!taken) done(exhausted("as much as can be done at once is waiting; try again in a moment"));
}

}  // namespace tocsin::cli
