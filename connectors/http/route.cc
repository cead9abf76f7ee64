#include "connectors/http/route.h"

#include <algorithm>

#include "connectors/http/api.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kText = R"({"type":"string"})";
constexpr std::string_view kTime = R"({"type":"string","format":"date-time"})";
constexpr std::string_view kFlag = R"({"type":"boolean","default":false})";
constexpr std::string_view kShadowHelp = "Also alerts of rules in shadow mode";

std::vector<Parameter> list_parameters() {
  return {
      {"status", kText, "Any of open, acknowledged, assigned, resolved, closed; several with commas"},
      {"severity", kText, "Any of blue, yellow, orange, red; several with commas"},
      {"rule", kText, "Rule id"},
      {"area", kText, "Area code: alerts of this area and of all that lies under it"},
      {"owner", kText, "Who owns the alert"},
      {"since", kTime, "Opened at or after this time (RFC 3339, or epoch milliseconds)"},
      {"until", kTime, "Opened before this time"},
      {kShadow, kFlag, kShadowHelp},
      {"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Alerts a page"},
      {"cursor", kText, "From `next` of the page before"},
  };
}

std::vector<Parameter> stream_parameters() {
  return {
      {kAfter, R"({"type":"integer","minimum":0})",
       "Resume after this sequence, as with the Last-Event-ID header, which goes before it; 0: all that is kept. "
       "Without either the stream starts now"},
      {kShadow, kFlag, kShadowHelp},
  };
}

Route get(std::string_view pattern, std::string_view operation, std::string_view summary,
          void (*handle)(Api&, const Request&, Responder)) {
  return {.method = "GET", .pattern = pattern, .operation = operation, .summary = summary, .handle = handle};
}

Route act(std::string_view pattern, std::string_view operation, std::string_view summary,
          void (*handle)(Api&, const Request&, Responder)) {
  return {.method = "POST",
          .pattern = pattern,
          .operation = operation,
          .summary = summary,
          .handle = handle,
          .body = Body::kJson,
          .body_schema = "#/components/schemas/Action",
          .status = 202,
          .answer_schema = "#/components/schemas/Accepted"};
}

Route with_body(Route route, std::string_view schema) {
  route.body_schema = schema;
  return route;
}

Route page_part(std::string_view pattern, std::string_view operation, void (*handle)(Api&, const Request&, Responder)) {
  Route route = get(pattern, operation, "", handle);
  route.documented = false;
  return route;
}

Route answering(Route route, std::string_view schema) {
  route.answer_schema = schema;
  return route;
}

std::vector<Route> make_routes() {
  Route list = answering(get("/api/v1/alerts", "listAlerts", "Alerts, newest first", list_alerts),
                         "#/components/schemas/AlertPage");
  list.query = list_parameters();
  Route stream = get("/api/v1/stream", "streamAlerts",
                     "Transitions as they are committed, as server-sent events (`id` is the sequence, `event` is "
                     "`alert`, or `gap` where history was no longer kept)",
                     nullptr);
  stream.query = stream_parameters();
  stream.media = "text/event-stream";
  Route metrics = get("/metrics", "metrics", "Metrics in the Prometheus text format", metrics_text);
  metrics.media = "text/plain";
  Route ingest_route{.method = "POST",
                     .pattern = "/api/v1/events",
                     .operation = "ingest",
                     .summary = "Takes in events: one, an array, or NDJSON; answered when they are in the log",
                     .handle = ingest,
                     .query = {{"feed", kText,
                                "The feed whose mapping reads the records; without it they are "
                                "canonical events"}},
                     .body = Body::kRecords,
                     .status = 202,
                     .answer_schema = "#/components/schemas/Ingested"};
  Route silence_route = with_body(act("/api/v1/silences", "createSilence",
                                      "Keeps the alerts of some rules, an area or up to a severity from disturbing "
                                      "people until a time (event time); they are marked, not lost",
                                      silence),
                                  "#/components/schemas/Silence");
  silence_route.answer_schema = "#/components/schemas/Silenced";
  Route reload_route{.method = "POST",
                     .pattern = "/-/reload",
                     .operation = "reload",
                     .summary = "Reads the rules again; faulty rules leave the old ones in force",
                     .handle = reload};
  return {
      list,
      answering(get("/api/v1/alerts/{id}", "getAlert", "One alert: its latest state and its history", one_alert),
                "#/components/schemas/Alert"),
      get("/api/v1/alerts/{id}/evidence", "getEvidence", "The events that an alert stands on", evidence),
      act("/api/v1/alerts/{id}/acknowledge", "acknowledgeAlert", "Says that somebody has seen it", acknowledge),
      act("/api/v1/alerts/{id}/assign", "assignAlert", "Hands it to somebody (`to`)", assign),
      act("/api/v1/alerts/{id}/comment", "commentAlert", "Adds a `note`", comment),
      act("/api/v1/alerts/{id}/close", "closeAlert", "Closes it with an `outcome`", close),
      stream,
      get("/api/v1/silences", "listSilences", "The silences that have not ended", silences),
      silence_route,
      with_body(act("/api/v1/silences/{id}/expire", "expireSilence", "Ends a silence now", expire_silence),
                "#/components/schemas/SilenceEnd"),
      get("/api/v1/rules", "listRules", "The rules in force", rules),
      ingest_route,
      get("/openapi.json", "openapi", "This document", openapi),
      metrics,
      get("/-/healthy", "healthy", "Whether the process is of use", healthy),
      get("/-/ready", "ready", "Whether all that it needs is there, by check", ready),
      reload_route,
      page_part("/", "page", page),
      page_part("/assets/{name}", "consoleAsset", console_asset),
      page_part("/page.js", "pageScript", page_script),
      page_part("/page.css", "pageStyle", page_style),
      page_part("/icon.svg", "pageIcon", page_icon),
  };
}

bool fits(std::string_view pattern, const std::vector<std::string>& segments, std::vector<std::string>& captured) {
  captured.clear();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!pattern.starts_with('/')) return false;
    pattern.remove_prefix(1);
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(part.size());
    if (part.starts_with('{')) {
      if (segments[i].empty()) return false;
      captured.push_back(segments[i]);
    } else if (part != segments[i]) {
      return false;
    }
  }
  return pattern.empty();
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> kRoutes = make_routes();
  return kRoutes;
}

Match match(std::string_view method, const std::vector<std::string>& segments) {
  Match out;
  std::vector<std::string> captured;
  for (const Route& route : routes()) {
    if (!fits(route.pattern, segments, captured)) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      out.route = &route;
      out.captured = std::move(captured);
      return out;
    }
    if (!out.allow.empty()) out.allow.append(", ");
    out.allow.append(route.method);
    if (route.method == "GET") out.allow.append(", HEAD");
  }
  return out;
}

std::string unknown_parameter(const Route& route, const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (std::ranges::any_of(route.query, [&](const Parameter& p) { return p.name == name; })) continue;
    std::string out = "There is no query parameter '" + printable(name) + "' here";
    for (size_t i = 0; i < route.query.size(); ++i) {
      out.append(i == 0 ? "; there are: " : ", ").append(route.query[i].name);
    }
    return out.append(".");
  }
  return {};
}

}  // namespace tocsin::http
