#include "connectors/cli/backend.h"

#include <simdjson.h>

#include "base/json_writer.h"
#include "connectors/cli/version.h"

namespace tocsin::cli {
namespace {

http::AreaCodes codes_of(const runtime::SharedArea& a) {
  return {std::string(a.city), std::string(a.town), std::string(a.village), std::string(a.grid)};
}

// For entries of a program that kept no areas beside the text.
http::AreaCodes codes_in(std::string_view json) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element area;
  if (parser.parse(json.data(), json.size())["data"]["area"].get(area) != simdjson::SUCCESS) return {};
  const auto code = [&](std::string_view level) {
    std::string_view text;
    return area[level].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
  };
  return {code("city"), code("town"), code("village"), code("grid")};
}

http::StreamItem item_of(uint64_t sequence, std::string_view bytes) {
  const runtime::OutboxEntry e = runtime::decode_outbox(bytes);
  http::StreamItem item;
  item.sequence = sequence;
  item.shadow = e.shadow;
  item.json = e.json;
  item.alert_id = e.alert_id;
  item.area = e.placed ? codes_of(e.area) : codes_in(e.json);
  item.before = e.placed ? codes_of(e.before) : item.area;
  return item;
}

}  // namespace

std::string_view cloud_event_data(std::string_view json) {
  constexpr std::string_view kKey = ",\"data\":";
  const size_t at = json.find(kKey);
  if (at == std::string_view::npos || json.size() < at + kKey.size() + 1) return "{}";
  return json.substr(at + kKey.size(), json.size() - at - kKey.size() - 1);
}

ServiceBackend::ServiceBackend(Parts parts) : parts_(std::move(parts)), events_(parts_.log) {}

Result<http::StreamItem> ServiceBackend::transition(uint64_t sequence) const {
  auto bytes = parts_.store.get(state::Table::kOutbox, state::big_endian(sequence));
  if (!bytes) return bytes.error();
  return item_of(sequence, *bytes);
}

Result<StoredAlert> stored_alert(const state::Store& store, std::string_view alert_id) {
  auto bytes = store.get(state::Table::kAlerts, runtime::latest_key(alert_id));
  if (!bytes && bytes.error().code == Code::kNotFound) return not_found("there is no alert " + std::string(alert_id));
  if (!bytes) return bytes.error();
  Reader in(*bytes);
  StoredAlert alert;
  alert.line = runtime::decode_alert_line(in);
  alert.json = in.str();
  if (!in.ok()) return corrupt("the stored alert " + std::string(alert_id) + " does not decode");
  return alert;
}

// The store is a commit ahead of the book: what the book has just shown may have left the view, or be gone.
Result<std::string> ServiceBackend::latest_json(std::string_view alert_id, const http::View& view) const {
  auto alert = stored_alert(parts_.store, alert_id);
  if (!alert) return alert.error();
  if (!alert->line.under(view.area) || (alert->line.shadow && !view.shadow)) {
    return not_found("there is no alert " + std::string(alert_id));
  }
  return std::move(alert->json);
}

Result<http::StreamPage> ServiceBackend::transitions_after(uint64_t after, size_t max, size_t max_bytes) {
  http::StreamPage page;
  page.head = head_.load();
  page.oldest = page.head + 1;
  page.silences = silences_changed_.load();
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
                          bytes += page.items.emplace_back(item_of(sequence, value)).json.size();
                          return page.items.size() < max && bytes < max_bytes;
                        });
  if (!s) return s.error();
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
  JsonWriter(out).begin_object().field("version", kVersion).field("time", parts_.follow_clock ? "clock" : "log");
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
