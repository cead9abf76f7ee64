#include "connectors/cli/backend.h"

#include <simdjson.h>

#include "base/json_writer.h"
#include "connectors/cli/version.h"

namespace tocsin::cli {
namespace {

http::AreaCodes codes_of(const simdjson::dom::element& data) {
  const auto code = [&](std::string_view level) {
    std::string_view text;
    return data["area"][level].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
  };
  return {code("city"), code("town"), code("village"), code("grid")};
}

}  // namespace

std::string_view cloud_event_data(std::string_view json) {
  constexpr std::string_view kKey = ",\"data\":";
  const size_t at = json.find(kKey);
  if (at == std::string_view::npos || json.size() < at + kKey.size() + 1) return "{}";
  return json.substr(at + kKey.size(), json.size() - at - kKey.size() - 1);
}

ServiceBackend::ServiceBackend(Parts parts) : parts_(std::move(parts)), events_(parts_.log) {}

Result<std::string> ServiceBackend::transition_json(uint64_t sequence) const {
  auto bytes = parts_.store.get(state::Table::kOutbox, state::big_endian(sequence));
  if (!bytes) {
    if (bytes.error().code == Code::kNotFound)
      return not_found("this transition is older than the history that is kept");
    return bytes.error();
  }
  return std::string(runtime::decode_outbox(*bytes).json);
}

Result<std::string> ServiceBackend::latest_json(std::string_view alert_id) const {
  auto bytes = parts_.store.get(state::Table::kAlerts, runtime::latest_key(alert_id));
  if (!bytes) return bytes.error();
  Reader in(*bytes);
  (void)runtime::decode_alert_line(in);
  std::string json(in.str());
  if (!in.ok()) return corrupt("the stored alert " + std::string(alert_id) + " does not decode");
  return json;
}

// Where the alert lies, and where it lay at its transition before this one.
void ServiceBackend::place(http::StreamItem& item) const {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element data;
  int64_t seq = 0;
  if (parser.parse(item.json)["data"].get(data) != simdjson::SUCCESS) return;
  item.area = codes_of(data);
  if (data["seq"].get(seq) != simdjson::SUCCESS || seq < 2) return;
  const auto key = runtime::history_key(item.alert_id, static_cast<uint32_t>(seq - 1));
  const auto at = parts_.store.get(state::Table::kAlerts, key);
  if (!at) return;
  const auto before = transition_json(state::from_big_endian(*at));
  if (before && parser.parse(*before)["data"].get(data) == simdjson::SUCCESS) item.before = codes_of(data);
}

Result<http::StreamPage> ServiceBackend::transitions_after(uint64_t after, size_t max, size_t max_bytes) {
  http::StreamPage page;
  page.head = head_.load();
  page.oldest = page.head + 1;
  size_t bytes = 0;
  Status s = parts_.store.scan(state::Table::kOutbox, "", "", [&](std::string_view key, std::string_view) {
    page.oldest = state::from_big_endian(key);
    return false;
  });
  if (!s) return s.error();
  s = parts_.store.scan(state::Table::kOutbox, state::big_endian(after + 1), "",
                        [&](std::string_view key, std::string_view value) {
                          const uint64_t sequence = state::from_big_endian(key);
                          if (sequence > page.head) return false;
                          const runtime::OutboxEntry e = runtime::decode_outbox(value);
                          http::StreamItem& item = page.items.emplace_back();
                          item.sequence = sequence;
                          item.shadow = e.shadow;
                          item.json = e.json;
                          item.alert_id = e.alert_id;
                          bytes += e.json.size();
                          return page.items.size() < max && bytes < max_bytes;
                        });
  if (!s) return s.error();
  if (parts_.scoped) {
    for (http::StreamItem& item : page.items) place(item);
  }
  return page;
}

void ServiceBackend::set_listener(std::function<void(uint64_t)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void ServiceBackend::committed(uint64_t head) {
  if (head_.exchange(head) == head) return;
  const std::lock_guard lock(mutex_);
  if (listener_) listener_(head);
}

void ServiceBackend::ingest(http::IngestBatch batch, http::Completion<http::IngestResult> done) {
  parts_.ingest.submit(std::move(batch), std::move(done));
}

void ServiceBackend::reload(http::Completion<http::ReloadResult> done) { parts_.reload(std::move(done)); }

std::string ServiceBackend::status(const http::View& view) {
  std::map<std::string, uint64_t> open;
  runtime::AlertFilter filter;
  filter.status = runtime::kOpenStates;
  filter.scope = view.area;
  filter.shadow = view.shadow;
  parts_.engine.book().each(filter, [&](const runtime::AlertLine& line) { return ++open[line.rule_id] > 0; });
  std::string out;
  JsonWriter(out).begin_object().field("version", kVersion);
  return out.substr(1) + "," + parts_.status.json(open, view, parts_.clock.now());
}

void ServiceBackend::check_rules(http::RuleText text, http::Completion<std::string> done) {
  parts_.desk.check(std::move(text), std::move(done));
}

void ServiceBackend::backtest(http::BacktestRequest request, http::Completion<std::string> done) {
  parts_.desk.backtest(std::move(request), std::move(done));
}

std::vector<http::Check> ServiceBackend::readiness() { return parts_.readiness(); }

}  // namespace tocsin::cli
