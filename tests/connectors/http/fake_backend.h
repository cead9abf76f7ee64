#pragma once
// A backend in memory: an outbox that a test commits to from its own thread, alerts, and completions that can be held.
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "connectors/http/backend.h"
#include "connectors/metrics/metrics.h"

namespace tocsin::http {

class FakeBackend : public Backend {
 public:
  // --- what a test does to it, from any thread
  // Commits a transition, tells the listener; answers its sequence.
  uint64_t commit(std::string json, bool shadow = false) { return commit(StreamItem{0, shadow, std::move(json)}); }
  uint64_t commit(StreamItem item) {
    uint64_t sequence = 0;
    {
      std::lock_guard lock(mutex_);
      sequence = item.sequence = ++head_;
      outbox_.push_back(std::move(item));
    }
    std::lock_guard lock(listener_mutex_);
    if (listener_) listener_(sequence);
    return sequence;
  }
  // Commits {"n":sequence}.
  uint64_t commit_numbered(bool shadow = false) {
    uint64_t next = 0;
    {
      std::lock_guard lock(mutex_);
      next = head_ + 1;
    }
    return commit("{\"n\":" + std::to_string(next) + "}", shadow);
  }
  // The silences are others; tells the listener.
  void change_silences() {
    uint64_t head = 0;
    {
      std::lock_guard lock(mutex_);
      ++silences_;
      head = head_;
    }
    std::lock_guard lock(listener_mutex_);
    if (listener_) listener_(head);
  }
  // Keeps only the newest `keep` transitions.
  void trim(size_t keep) {
    std::lock_guard lock(mutex_);
    while (outbox_.size() > keep) outbox_.pop_front();
  }
  void put_alert(const std::string& id, AlertDetail detail, const std::string& village = {}) {
    std::lock_guard lock(mutex_);
    alerts_[id] = std::move(detail);
    if (!village.empty()) areas_[id] = {village.substr(0, 6), village.substr(0, 9), village, ""};
  }
  // From now on completions wait for release().
  void hold() {
    std::lock_guard lock(mutex_);
    holding_ = true;
  }
  // Runs what was held, on another thread, and stops holding.
  void release() {
    std::vector<std::function<void()>> held;
    {
      std::lock_guard lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    std::thread([&] {
      for (const auto& task : held) task();
    }).join();
  }
  void wait_for_held(size_t n) {
    std::unique_lock lock(mutex_);
    held_changed_.wait(lock, [&] { return held_.size() >= n; });
  }
  // What the next calls answer instead.
  void fail_with(std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }

  // --- what a test looks at
  AlertQuery last_query() {
    std::lock_guard lock(mutex_);
    return query_;
  }
  std::vector<std::string> ingested() {
    std::lock_guard lock(mutex_);
    return ingested_;
  }
  std::string feed() {
    std::lock_guard lock(mutex_);
    return feed_;
  }
  std::vector<alert::Action> actions() {
    std::lock_guard lock(mutex_);
    return actions_;
  }
  std::vector<AuditEntry> audited() {
    std::lock_guard lock(mutex_);
    return audited_;
  }
  bool is_healthy = true;
  std::vector<Check> checks = {{"state", true, ""}};
  ReloadResult reload_result = {true, 3, "[]"};
  bool throws = false;

  // --- the port
  Result<AlertPage> alerts(const AlertQuery& query) override {
    std::lock_guard lock(mutex_);
    query_ = query;
    if (throws) throw std::runtime_error("broken");
    if (failure_) return *failure_;
    AlertPage page;
    page.sequence = head_;
    for (const auto& [id, detail] : alerts_) {
      if (areas_[id].under(query.scope)) page.alerts.push_back(detail.latest);
    }
    if (page.alerts.size() > query.limit) {
      page.alerts.resize(query.limit);
      page.next = "more";
    }
    return page;
  }
  void many_alerts(AlertQuery query, Completion<AlertPage> done) override {
    auto page = alerts(query);
    finish([done = std::move(done), page = std::move(page)] { done(page); });
  }
  void alert(std::string id, const View& view, uint32_t before, Completion<AlertDetail> done) override {
    Result<AlertDetail> answer = not_found("There is no such alert.");
    {
      std::lock_guard lock(mutex_);
      before_ = before;
      if (shown(id, view)) answer = alerts_[id];
    }
    finish([done = std::move(done), answer = std::move(answer)] { done(answer); });
  }
  uint32_t before() {
    std::lock_guard lock(mutex_);
    return before_;
  }
  void evidence(std::string id, const View& view, Completion<std::string> done) override {
    Result<std::string> answer = not_found("There is no such alert.");
    {
      std::lock_guard lock(mutex_);
      const auto it = evidence_.find(id);
      if (shown(id, view)) {
        answer = it != evidence_.end()
                     ? it->second
                     : std::string(R"({"alert_id":"x","total":1,"events":[{"source":"grid","id":"1"}]})");
      }
    }
    finish([done = std::move(done), answer] { done(answer); });
  }
  void related(std::string id, const View& view, Completion<std::string> done) override {
    std::lock_guard lock(mutex_);
    if (!shown(id, view)) return done(not_found("There is no such alert."));
    done(std::string(R"({"alerts":[],"cases":[]})"));
  }
  std::map<std::string, SeverityCounts> open_by_area(std::string_view area, const View&) override {
    std::lock_guard lock(mutex_);
    asked_area_ = area;
    return counts_;
  }
  void put_counts(std::map<std::string, SeverityCounts> counts) {
    std::lock_guard lock(mutex_);
    counts_ = std::move(counts);
  }
  Result<std::string> rule(std::string_view id) override {
    if (id != "r") return not_found("There is no such rule.");
    return std::string(R"({"id":"r","text":"rules: []","params":[]})");
  }
  void check_rules(RuleText text, Completion<std::string> done) override {
    {
      std::lock_guard lock(mutex_);
      checked_ = text;
    }
    finish([done = std::move(done)] { done(std::string(R"({"faults":0,"diagnostics":[]})")); });
  }
  void backtest(BacktestRequest request, Completion<std::string> done) override {
    {
      std::lock_guard lock(mutex_);
      tried_ = request;
    }
    finish([done = std::move(done)] { done(std::string(R"({"results":[]})")); });
  }
  void scorecard(score::CardQuestion question, score::NameOf, Completion<std::string> done) override {
    {
      std::lock_guard lock(mutex_);
      carded_ = std::move(question);
    }
    finish([done = std::move(done)] { done(std::string(R"({"rows":[],"next":null,"total":{}})")); });
  }
  void places(score::PlacesQuestion question, score::NameOf, Completion<std::string> done) override {
    {
      std::lock_guard lock(mutex_);
      placed_ = std::move(question);
    }
    finish([done = std::move(done)] { done(std::string(R"({"places":[]})")); });
  }
  score::CardQuestion carded() {
    std::lock_guard lock(mutex_);
    return carded_;
  }
  score::PlacesQuestion placed() {
    std::lock_guard lock(mutex_);
    return placed_;
  }
  RuleText checked() {
    std::lock_guard lock(mutex_);
    return checked_;
  }
  BacktestRequest tried() {
    std::lock_guard lock(mutex_);
    return tried_;
  }
  std::string status(const View&) override { return R"("uptime_seconds":1,"sources":[])"; }
  void put_evidence(const std::string& id, std::string json) {
    std::lock_guard lock(mutex_);
    evidence_[id] = std::move(json);
  }
  void put_rules(std::string json) {
    std::lock_guard lock(mutex_);
    rules_ = std::move(json);
  }
  Result<std::string> rules() override {
    std::lock_guard lock(mutex_);
    return rules_;
  }
  Result<StreamPage> transitions_after(uint64_t after, size_t max, size_t max_bytes) override {
    std::lock_guard lock(mutex_);
    StreamPage page;
    page.head = head_;
    page.oldest = head_ + 1 - outbox_.size();
    page.silences = silences_;
    size_t bytes = 0;
    for (uint64_t s = std::max(after + 1, page.oldest); s <= head_ && page.items.size() < max; ++s) {
      if (!page.items.empty() && bytes > max_bytes) break;
      page.items.push_back(outbox_[s - page.oldest]);
      bytes += page.items.back().json.size();
    }
    return page;
  }
  void set_listener(std::function<void(uint64_t)> listener) override {
    std::lock_guard lock(listener_mutex_);
    listener_ = std::move(listener);
  }
  void ingest(IngestBatch batch, Completion<IngestResult> done) override {
    IngestResult result;
    std::optional<Error> failure;
    {
      std::lock_guard lock(mutex_);
      feed_ = batch.feed;
      failure = failure_;
      for (size_t i = 0; i < batch.records.size() && !failure; ++i) {
        if (batch.records[i].starts_with('{')) {
          ingested_.emplace_back(batch.records[i]);
          ++result.accepted;
        } else {
          ++result.rejected;
          result.faults.push_back({i, "malformed", "not an object"});
        }
      }
      result.offset = ingested_.size();
    }
    finish([done = std::move(done), result, failure] { failure ? done(*failure) : done(result); });
  }
  void act(alert::Action action, const View& view, Completion<uint64_t> done) override {
    uint64_t offset = 0;
    {
      std::lock_guard lock(mutex_);
      if (!shown(action.alert_id, view)) return done(not_found("There is no such alert."));
      actions_.push_back(std::move(action));
      offset = actions_.size();
    }
    finish([done = std::move(done), offset] { done(offset); });
  }
  Result<std::string> silences(const View&) override { return std::string(R"([{"id":"s-1"}])"); }
  void silence(rule::Silence silence, Completion<std::string> done) override {
    {
      std::lock_guard lock(mutex_);
      silenced_.push_back(std::move(silence));
    }
    finish([done = std::move(done)] { done(std::string("s-1")); });
  }
  void expire_silence(std::string id, std::string by, const View& view, Completion<uint64_t> done) override {
    if (id != "s-1" || by.empty() || !view.area.empty()) return done(not_found("There is no such silence."));
    done(uint64_t{7});
  }
  std::vector<rule::Silence> silenced() {
    std::lock_guard lock(mutex_);
    return silenced_;
  }
  void audit(AuditEntry entry, Completion<uint64_t> done) override {
    uint64_t number = 0;
    {
      std::lock_guard lock(mutex_);
      audited_.push_back(std::move(entry));
      number = audited_.size();
    }
    std::thread([&] { audit_fails ? done(unavailable("the disk is full")) : done(number); }).join();
  }
  std::atomic<bool> audit_fails = false;
  Result<std::string> audit_log(uint64_t after, size_t limit) override {
    return "{\"entries\":[],\"next\":" + std::to_string(after + limit) + "}";
  }
  void reload(Completion<ReloadResult> done) override { done(reload_result); }
  bool healthy() override { return is_healthy; }
  std::vector<Check> readiness() override { return checks; }

 private:
  bool shown(std::string_view id, const View& view) {
    const std::string key(id);
    return alerts_.contains(key) && areas_[key].under(view.area);
  }
  // Runs it on a thread of its own, or keeps it.
  void finish(std::function<void()> task) {
    {
      std::lock_guard lock(mutex_);
      if (holding_) {
        held_.push_back(std::move(task));
        held_changed_.notify_all();
        return;
      }
    }
    std::thread(std::move(task)).join();
  }

  std::mutex mutex_;
  std::condition_variable held_changed_;
  std::mutex listener_mutex_;
  std::function<void(uint64_t)> listener_;
  uint64_t head_ = 0, silences_ = 0;
  std::deque<StreamItem> outbox_;
  std::map<std::string, AlertDetail> alerts_;
  std::map<std::string, AreaCodes> areas_;
  std::map<std::string, std::string> evidence_;
  std::vector<AuditEntry> audited_;
  std::map<std::string, SeverityCounts> counts_;
  std::string asked_area_;
  score::CardQuestion carded_;
  score::PlacesQuestion placed_;
  RuleText checked_;
  BacktestRequest tried_;
  std::string rules_ = "[]";
  AlertQuery query_;
  uint32_t before_ = 0;
  std::string feed_;
  std::vector<std::string> ingested_;
  std::vector<alert::Action> actions_;
  std::vector<rule::Silence> silenced_;
  std::optional<Error> failure_;
  bool holding_ = false;
  std::vector<std::function<void()>> held_;
};

class FakeMetrics : public metrics::MetricsSource {
 public:
  metrics::MetricsSnapshot snapshot() const override {
    metrics::MetricsSnapshot s;
    s.version = "test";
    return s;
  }
};

}  // namespace tocsin::http
