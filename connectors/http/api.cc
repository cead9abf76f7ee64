#include "connectors/http/api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json_writer.h"
#include "connectors/http/records.h"
#include "connectors/http/route.h"
#include "event/area_table.h"
#include "time/format.h"

namespace tocsin::http {
namespace {

// Reads "a,b" into values of an enum by its names; the message of what is wrong, or empty.
template <typename Enum>
std::string parse_names(std::string_view text, Enum first, Enum last, std::vector<Enum>& out) {
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    std::string known;
    bool found = false;
    for (auto i = static_cast<int>(first); i <= static_cast<int>(last) && !found; ++i) {
      const auto value = static_cast<Enum>(i);
      found = name_of(value) == word;
      if (found) out.push_back(value);
      known.append(known.empty() ? "" : ", ").append(name_of(value));
    }
    if (!found) return "'" + printable(word) + "' is none of " + known + ".";
  }
  return {};
}

}  // namespace

std::string read_instant(std::string_view text, TimeMs& out) {
  if (text.empty()) return {};
  const char* end = text.data() + text.size();
  if (text.size() >= 9) {  // epoch milliseconds
    const auto read = std::from_chars(text.data(), end, out);
    if (read.ec == std::errc() && read.ptr == end) return {};
  }
  const auto time = parse_time(text, TimeZone::utc());
  if (!time) return "'" + printable(text) + "' is not a time: write 2024-07-01T08:30:00Z or epoch milliseconds.";
  out = *time;
  return {};
}

Result<std::string> asked_area(const Api& api, const Request& request, std::string_view name) {
  std::string area(request.param(name));
  const bool there = area.empty() || (lies_under(area, request.view().area) && knows_area(api.area_names(), area));
  if (!there) return not_found("There is no such area here.");
  return area;
}

Result<AlertQuery> read_query(const Api& api, const Request& request) {
  AlertQuery query;
  std::string fault =
      parse_names(request.param("status"), alert::AlertStatus::kOpen, alert::AlertStatus::kClosed, query.status);
  if (fault.empty()) {
    fault = parse_names(request.param("severity"), detect::Severity::kBlue, detect::Severity::kRed, query.severity);
  }
  if (fault.empty()) fault = read_instant(request.param("since"), query.since);
  if (fault.empty()) fault = read_instant(request.param("until"), query.until);
  uint64_t limit = query.limit;
  if (fault.empty()) fault = read_number(request, "limit", 1, 1000, limit);
  if (!fault.empty()) return invalid(std::move(fault));
  query.limit = limit;
  query.rule = request.param("rule");
  auto area = asked_area(api, request, "area");
  if (!area) return area.error();
  query.area = *std::move(area);
  query.owner = request.param("owner");
  query.cursor = request.param("cursor");
  query.shadow = request.param(kShadow) == "true";
  query.scope = request.who.area;
  return query;
}

namespace {

void append_array(JsonWriter& json, std::string_view name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.raw(value);
  json.end_array();
}

void append_faults(JsonWriter& json, const IngestResult& result) {
  json.key("faults").begin_array();
  for (const auto& fault : result.faults) {
    json.begin_object().key("index").unsigned_integer(fault.index).field("reason", fault.reason);
    json.field("message", fault.message).end_object();
  }
  json.end_array();
}

void answer_ingest(const Responder& answer, const Result<IngestResult>& result) {
  if (!result) return answer.fail(result.error());
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("accepted").unsigned_integer(result->accepted);
  json.key("rejected").unsigned_integer(result->rejected).key("offset").unsigned_integer(result->offset);
  if (result->rejected > 0) append_faults(json, *result);
  json.end_object();
  if (result->accepted > 0 || result->rejected == 0) return answer.json(std::move(body), 202);
  answer.problem(400, "None of the records could be read as an event; they are among the dead letters.",
                 std::string_view(body).substr(1, body.size() - 2));
}

void answer_reload(const Responder& answer, const Result<ReloadResult>& result) {
  if (!result) return answer.fail(result.error());
  std::string members;
  JsonWriter json(members);
  json.begin_object().key("rules").unsigned_integer(result->rules);
  json.key("diagnostics").raw(result->diagnostics.empty() ? "[]" : result->diagnostics).end_object();
  if (result->applied) return answer.json(std::move(members));
  answer.problem(422, "The rules have faults; those that ran before are still in force.",
                 std::string_view(members).substr(1, members.size() - 2));
}

}  // namespace

std::string Api::exposition() const {
  metrics::MetricsSnapshot snapshot = metrics_.snapshot();
  snapshot.http.requests.assign(counters_.requests.begin(), counters_.requests.end());
  snapshot.http.connections = counters_.connections;
  snapshot.http.streams = counters_.streams;
  snapshot.http.streams_cut = counters_.streams_cut;
  snapshot.http.sign_in_failures = counters_.sign_in_failures;
  snapshot.http.audit_unlisted = counters_.audit_unlisted;
  snapshot.http.audit_lost = counters_.audit_lost;
  return metrics::exposition(snapshot);
}

void list_alerts(Api& api, const Request& request, Responder answer) {
  const auto query = read_query(api, request);
  if (!query) return answer.fail(query.error());
  const auto page = api.backend().alerts(*query);
  if (!page) return answer.fail(page.error());
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  append_array(json, "alerts", page->alerts);
  json.key("next");
  page->next.empty() ? json.null() : json.string(page->next);
  json.key("sequence").unsigned_integer(page->sequence).end_object();
  answer.json(std::move(body));
}

namespace {

// The latest `data` with two more members, `history` and how much of it is not told.
std::string detail_json(const AlertDetail& detail) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  append_array(json, "history", detail.history);
  json.key("earlier").unsigned_integer(detail.earlier);
  const size_t members = detail.latest.find_first_not_of(" \t\r\n", detail.latest.find('{') + 1);
  if (members != std::string::npos && detail.latest[members] != '}') {
    body.append(",").append(detail.latest, members);  // with the closing brace
  } else {
    json.end_object();
  }
  return body;
}

}  // namespace

Completion<Response> passing_whole(const Api& api, const Responder& answer) {
  return api.completion<Response>([answer](Result<Response> response) {
    if (!response) return answer.fail(response.error());
    answer(*std::move(response));
  });
}

Response whole(std::string_view type, std::string body, std::string_view encodings) {
  Response response{200, std::string(type), std::move(body), {}};
  tag(response);
  squeeze(response, encodings);
  return response;
}

void one_alert(Api& api, const Request& request, Responder answer) {
  uint64_t before = UINT32_MAX;
  if (const std::string fault = read_number(request, "before", 1, UINT32_MAX, before); !fault.empty()) {
    return answer.problem(400, fault);
  }
  // On a thread of the backend's: a history is much to read, write and make small.
  api.backend().alert(request.captured[0], request.view(), static_cast<uint32_t>(before),
                      [done = passing_whole(api, answer), encodings = request.encodings](Result<AlertDetail> detail) {
                        if (!detail) return done(detail.error());
                        done(whole("application/json", detail_json(*detail), encodings));
                      });
}

// Hands on what the backend answers as it is.
Completion<std::string> passing_on(const Api& api, const Responder& answer) {
  return api.completion<std::string>([answer](Result<std::string> result) {
    if (!result) return answer.fail(result.error());
    answer.json(*std::move(result));
  });
}

void evidence(Api& api, const Request& request, Responder answer) {
  api.backend().evidence(request.captured[0], request.view(), passing_on(api, answer));
}

void related(Api& api, const Request& request, Responder answer) {
  api.backend().related(request.captured[0], request.view(), passing_on(api, answer));
}

void ingest(Api& api, const Request& request, Responder answer) {
  auto records = split_records(*request.body, request.lines, api.options().max_records);
  if (!records) {
    if (records.error().code == Code::kExhausted) return answer.problem(413, records.error().message);
    return answer.fail(records.error());
  }
  IngestBatch batch{request.body, *std::move(records), std::string(request.param("feed"))};
  api.backend().ingest(std::move(batch), api.completion<IngestResult>([answer](const Result<IngestResult>& result) {
    answer_ingest(answer, result);
  }));
}

void reload(Api& api, const Request&, Responder answer) {
  api.backend().reload(
      api.completion<ReloadResult>([answer](const Result<ReloadResult>& result) { answer_reload(answer, result); }));
}

void healthy(Api& api, const Request&, Responder answer) {
  if (!api.backend().healthy()) return answer.problem(503, "The service is not healthy; see its log.");
  answer.json(R"({"status":"ok"})");
}

Readiness readiness_of(const std::vector<Check>& checks) {
  Readiness out = Readiness::kReady;
  for (const Check& check : checks) {
    if (!check.ok) out = std::max(out, check.what == Check::For::kNeeded ? Readiness::kNot : Readiness::kDegraded);
  }
  return out;
}

// Why something is not ready names hosts and folders: that is for those who have signed in.
void ready(Api& api, const Request& request, Responder answer) {
  const auto checks = api.backend().readiness();
  const Readiness readiness = readiness_of(checks);
  std::string members, failing;
  JsonWriter json(members);
  json.begin_object().key("checks").begin_array();
  for (const Check& check : checks) {
    json.begin_object()
        .field("name", check.name)
        .key("ok")
        .boolean(check.ok)
        .field("reason", request.who.signed_in ? check.reason : "")
        .end_object();
    if (!check.ok && check.what == Check::For::kNeeded) failing += (failing.empty() ? "" : ", ") + check.name;
  }
  json.end_array();
  if (readiness != Readiness::kNot) {
    json.field("status", readiness == Readiness::kReady ? "ready" : "degraded").end_object();
    return answer.json(std::move(members));
  }
  answer.problem(503, "Not ready: " + failing + ".", std::string_view(members).substr(1));
}

void metrics_text(Api& api, const Request&, Responder answer) {
  answer({200, "text/plain; version=0.0.4; charset=utf-8", api.exposition(), {}});
}

void openapi(Api&, const Request&, Responder answer) { answer.json(openapi_json()); }

}  // namespace tocsin::http
