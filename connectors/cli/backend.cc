#include "connectors/cli/backend.h"

#include <charconv>
#include <map>

#include "alert/lifecycle.h"
#include "base/json_writer.h"
#include "event/mask.h"
#include "rule/yaml_file.h"
#include "runtime/pipeline.h"
#include "runtime/silence_record.h"
#include "simdjson.h"

namespace tocsin::cli {
namespace {

// "<opened_at>.<alert id>": where the next page starts. The id part is looked up, so that a forged one is refused.
std::string cursor_of(const runtime::AlertLine& line) { return std::to_string(line.opened_at) + "." + line.alert_id; }

bool parse_cursor(const std::string& cursor, runtime::AlertBook::Place& out) {
  const char* end = cursor.data() + cursor.size();
  const auto r = std::from_chars(cursor.data(), end, out.opened_at);
  if (r.ec != std::errc() || r.ptr == end || *r.ptr != '.') return false;
  out.alert_id.assign(r.ptr + 1, end);
  return true;
}

// The text of each rule's `fire`, by id: a compiled rule keeps no text.
std::map<std::string, std::string> fires_of(const rule::RuleSet& rules) {
  std::map<std::string, std::string> out;
  std::vector<rule::Diagnostic> ignored;  // the files have been compiled
  for (const rule::SourceFile& file : rules.files()) {
    const auto document = rule::yaml::Document::parse(file.path, file.text, ignored);
    const rule::yaml::Node* list = document == nullptr ? nullptr : document->root().find("rules");
    if (list == nullptr) continue;
    for (const rule::yaml::Node& node : list->items) {
      const rule::yaml::Node *id = node.find("id"), *fire = node.find("fire");
      if (id != nullptr && fire != nullptr && fire->is_scalar()) out[id->value] = fire->value;
    }
  }
  return out;
}

std::string rule_json(const rule::Rule& r, const std::map<std::string, std::string>& fires) {
  static constexpr std::string_view kModes[] = {"active", "shadow", "off"};
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("id", r.id).key("version").integer(r.version);
  w.key("name").begin_object().field("zh", r.name.zh).field("en", r.name.en).end_object();
  w.field("owner", r.owner)
      .field("mode", kModes[static_cast<size_t>(r.mode)])
      .field("kind", detect::name_of(r.plan.kind));
  w.key("from").begin_array();
  for (const std::string& s : r.from) w.string(s);
  w.end_array();
  if (const auto fire = fires.find(r.id); fire != fires.end()) w.field("fire", fire->second);
  w.field("file", r.file).key("line").integer(r.line).end_object();
  return out;
}

}  // namespace

std::string_view cloud_event_data(std::string_view json) {
  constexpr std::string_view kKey = ",\"data\":";
  const size_t at = json.find(kKey);
  if (at == std::string_view::npos || json.size() < at + kKey.size() + 1) return "{}";
  return json.substr(at + kKey.size(), json.size() - at - kKey.size() - 1);
}

ServiceBackend::ServiceBackend(Parts parts) : parts_(std::move(parts)) {}

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

Result<http::AlertPage> ServiceBackend::alerts(const http::AlertQuery& q) {
  http::AlertPage page;
  page.sequence = head_.load();
  runtime::AlertFilter filter{q.status, q.severity, q.rule, q.area, q.owner, q.since, q.until, q.shadow};
  runtime::AlertBook::Place place;
  runtime::AlertLine known;
  if (!q.cursor.empty() && (!parse_cursor(q.cursor, place) || !parts_.engine.book().find(place.alert_id, known))) {
    return invalid("the cursor is not one that this service gave out");
  }
  bool more = false;
  const auto lines = parts_.engine.book().list(filter, q.limit, q.cursor.empty() ? nullptr : &place, more);
  for (const runtime::AlertLine& line : lines) {
    auto json = latest_json(line.alert_id);
    if (!json) return json.error();
    page.alerts.emplace_back(cloud_event_data(*json));
  }
  if (more) page.next = cursor_of(lines.back());
  return page;
}

Result<http::AlertDetail> ServiceBackend::alert(std::string_view id) {
  runtime::AlertLine line;
  if (!parts_.engine.book().find(id, line)) return not_found("there is no alert " + std::string(id));
  http::AlertDetail detail;
  auto latest = latest_json(id);
  if (!latest) return latest.error();
  detail.latest = cloud_event_data(*latest);
  const std::string begin = runtime::history_key(id, 0);
  const std::string end = runtime::history_key(id, UINT32_MAX);
  std::vector<uint64_t> sequences;
  const Status s = parts_.store.scan(state::Table::kAlerts, begin, end, [&](std::string_view, std::string_view value) {
    sequences.push_back(state::from_big_endian(value));
    return sequences.size() < 10'000;
  });
  if (!s) return s.error();
  for (const uint64_t sequence : sequences) {
    auto json = transition_json(sequence);
    if (json) detail.history.push_back(std::move(*json));
  }
  return detail;
}

Result<std::string> ServiceBackend::evidence(std::string_view id) {
  runtime::AlertLine line;
  if (!parts_.engine.book().find(id, line)) return not_found("there is no alert " + std::string(id));
  auto latest = latest_json(id);
  if (!latest) return latest.error();
  simdjson::dom::parser parser;
  simdjson::dom::element event, found;
  if (parser.parse(*latest).get(event) != simdjson::SUCCESS ||
      event["data"]["evidence"].get(found) != simdjson::SUCCESS) {
    return corrupt("the stored alert " + std::string(id) + " does not parse");
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("alert_id", id);
  for (const auto& [key, value] : simdjson::dom::object(found)) w.key(key).raw(simdjson::minify(value));
  w.end_object();
  return out;
}

Result<std::string> ServiceBackend::rules() {
  const std::lock_guard lock(mutex_);
  return rules_json_;
}

void ServiceBackend::set_rules(const rule::RuleSet& rules) {
  const std::map<std::string, std::string> fires = fires_of(rules);
  std::string json;
  JsonWriter w(json);
  w.begin_array();
  for (const rule::Rule& r : rules.rules()) w.raw(rule_json(r, fires));
  w.end_array();
  const std::lock_guard lock(mutex_);
  rules_json_ = std::move(json);
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
                          page.items.push_back({sequence, e.shadow, std::string(e.json)});
                          bytes += e.json.size();
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

void ServiceBackend::act(alert::Action action, http::Completion<uint64_t> done) {
  runtime::AlertLine line;
  if (!parts_.engine.book().find(action.alert_id, line)) return done(not_found("there is no alert " + action.alert_id));
  if (line.status == alert::AlertStatus::kClosed && action.kind != alert::ActionKind::kComment) {
    return done(conflict("the alert is closed"));
  }
  if (!line.is_open() && line.updated_at + alert::kFiledFor < parts_.engine.book().latest()) {
    return done(conflict("the alert ended more than 30 days ago; nothing more can be done to it"));
  }
  Arena arena(1024);
  action.note = mask_text(action.note, arena);
  action.at = parts_.clock.now();
  const std::string record = runtime::action_record(action);
  const std::string_view payloads[] = {record};
  auto offset = parts_.log.append(kActionsTopic, payloads, action.at);
  done(offset ? Result<uint64_t>(*offset) : Result<uint64_t>(offset.error()));
}

Result<std::string> ServiceBackend::silences() {
  const std::lock_guard lock(mutex_);
  std::string out;
  JsonWriter w(out);
  w.begin_array();
  for (const auto& [id, s] : silences_) w.raw(runtime::silence_json(s));
  w.end_array();
  return out;
}

void ServiceBackend::silence(rule::Silence silence, http::Completion<std::string> done) {
  Arena arena(1024);
  silence.reason = mask_text(silence.reason, arena);
  runtime::SilenceRecord record{false, std::move(silence), parts_.clock.now()};
  record.silence.id = "s-" + hex(hash64(runtime::silence_record(record)));
  const std::string text = runtime::silence_record(record);
  const std::string_view payloads[] = {text};
  auto offset = parts_.log.append(kActionsTopic, payloads, record.at);
  done(offset ? Result<std::string>(record.silence.id) : Result<std::string>(offset.error()));
}

void ServiceBackend::expire_silence(std::string id, std::string by, http::Completion<uint64_t> done) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = silences_.find(id);
    if (it == silences_.end()) return done(not_found("there is no silence " + id));
    if (it->second.in_file) return done(conflict("the silence stands in a file of the rules; change it there"));
  }
  runtime::SilenceRecord record{true, {}, parts_.clock.now()};
  record.silence.id = std::move(id);
  record.silence.by = std::move(by);
  const std::string text = runtime::silence_record(record);
  const std::string_view payloads[] = {text};
  auto offset = parts_.log.append(kActionsTopic, payloads, record.at);
  done(offset ? Result<uint64_t>(*offset) : Result<uint64_t>(offset.error()));
}

void ServiceBackend::set_silences(const std::map<std::string, rule::Silence>& silences) {
  const std::lock_guard lock(mutex_);
  if (silences_ != silences) silences_ = silences;
}

void ServiceBackend::reload(http::Completion<http::ReloadResult> done) { parts_.reload(std::move(done)); }

std::vector<http::Check> ServiceBackend::readiness() { return parts_.readiness(); }

}  // namespace tocsin::cli
