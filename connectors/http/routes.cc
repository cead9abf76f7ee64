// The one table of routes.
#include "connectors/http/api.h"
#include "connectors/http/route.h"

namespace tocsin::http {
namespace {

using Reach = Access::Reach;

constexpr Access kAnyone = Access::anyone();
constexpr Access kReads(Role::kViewer, Reach::kScoped);
constexpr Access kReadsPlaceless(Role::kViewer, Reach::kPlaceless);
constexpr Access kReadsWhole(Role::kViewer, Reach::kWhole);
constexpr Access kPlans(Role::kPlanner, Reach::kPlaceless);
constexpr Access kPlansWhole(Role::kPlanner, Reach::kWhole);
constexpr Access kActs(Role::kOfficer, Reach::kScoped);
constexpr Access kAdministers(Role::kAdmin, Reach::kWhole);

constexpr std::string_view kText = R"({"type":"string"})";
// An empty value restricts nothing, as a form sends it.
constexpr std::string_view kTime =
    R"({"type":"string","pattern":"^([0-9]{4}-[0-9]{2}-[0-9]{2}.*|-?[0-9]{9,18})?$","examples":["2026-06-01T08:00:00+08:00"]})";
constexpr std::string_view kStates =
    R"({"type":"string","pattern":"^((open|acknowledged|assigned|resolved|closed)(,|$))*$"})";
constexpr std::string_view kSeverities = R"({"type":"string","pattern":"^((blue|yellow|orange|red)(,|$))*$"})";
constexpr std::string_view kFlag = R"({"type":"boolean","default":false})";
constexpr std::string_view kSequence = R"({"type":"integer","minimum":0,"maximum":9223372036854775807})";
constexpr std::string_view kShadowHelp = "Also alerts of rules in shadow mode (planners)";

std::vector<Parameter> list_parameters() {
  return {
      {"status", kStates, "Any of open, acknowledged, assigned, resolved, closed; several with commas"},
      {"severity", kSeverities, "Any of blue, yellow, orange, red; several with commas"},
      {"rule", kText, "Rule id"},
      {"area", kText,
       "Area code: alerts of this area and of all that lies under it; 404 where the account or the table of areas has "
       "no "
       "such area"},
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
      {kAfter, kSequence,
       "Resume after this sequence, as with the Last-Event-ID header, which goes before it; 0: all that is kept. "
       "Without either the stream starts now"},
      {kShadow, kFlag, kShadowHelp},
  };
}

Route get(Access access, std::string_view pattern, std::string_view operation, std::string_view summary, Handler handle,
          std::string_view schema = {}, std::vector<Parameter> query = {}) {
  return {.access = access,
          .method = "GET",
          .pattern = pattern,
          .operation = operation,
          .summary = summary,
          .handle = handle,
          .query = std::move(query),
          .answer_schema = schema};
}

struct Bodies {
  std::string_view asked, answered;
  int status = 202;
};

Route post(Access access, std::string_view pattern, std::string_view operation, std::string_view summary,
           Handler handle, Bodies bodies) {
  return {.access = access,
          .method = "POST",
          .pattern = pattern,
          .operation = operation,
          .summary = summary,
          .handle = handle,
          .body = bodies.asked.empty() ? Body::kNone : Body::kJson,
          .body_schema = bodies.asked,
          .status = bodies.status,
          .answer_schema = bodies.answered};
}

Route page_part(std::string_view pattern, std::string_view operation, Handler handle) {
  Route route = get(kAnyone, pattern, operation, "", handle);
  route.documented = false;
  return route;
}

Route streaming(std::string_view pattern, std::string_view operation, std::string_view summary,
                std::string_view media) {
  Route route = get(kReads, pattern, operation, summary, nullptr, {}, stream_parameters());
  route.media = media;
  return route;
}

Route as_text(Route route) {
  route.media = "text/plain";
  return route;
}

Route unaudited(Route route) {
  route.silent = true;
  return route;
}

Route ingest_route() {
  return unaudited(
      {.access = kAdministers,
       .method = "POST",
       .pattern = "/api/v1/events",
       .operation = "ingest",
       .summary = "Takes in events: one, an array, or NDJSON; answered when they are in the log",
       .handle = ingest,
       .query = {{"feed", kText, "The feed whose mapping reads the records; without it they are canonical events"}},
       .body = Body::kRecords,
       .status = 202,
       .answer_schema = "#/components/schemas/Ingested"});
}

void add_alerts(std::vector<Route>& t) {
  const auto action = [](std::string_view schema) { return Bodies{schema, "#/components/schemas/Accepted"}; };
  t.push_back(get(kReads, "/api/v1/alerts", "listAlerts", "Alerts, newest first", list_alerts,
                  "#/components/schemas/AlertPage", list_parameters()));
  t.push_back(get(kReads, "/api/v1/alerts/{id}", "getAlert", "One alert: its latest state and its history", one_alert,
                  "#/components/schemas/Alert",
                  {{"before", R"({"type":"integer","minimum":1,"maximum":4294967295})",
                    "The history before the transition of this number (seq): for more of it `earlier` + 1"}}));
  t.push_back(get(kReads, "/api/v1/alerts/{id}/evidence", "getEvidence", "The events that an alert stands on", evidence,
                  "#/components/schemas/Evidence"));
  t.push_back(get(kReads, "/api/v1/alerts/{id}/related", "getRelated",
                  "Alerts of the same case or key, or near in place and time, and the cases that it stands on", related,
                  "#/components/schemas/Related"));
  t.push_back(post(kActs, "/api/v1/alerts/{id}/acknowledge", "acknowledgeAlert", "Says that somebody has seen it",
                   acknowledge, action("#/components/schemas/Acknowledge")));
  t.push_back(post(kActs, "/api/v1/alerts/{id}/assign", "assignAlert", "Hands it to somebody (`to`)", assign,
                   action("#/components/schemas/Assign")));
  t.push_back(post(kActs, "/api/v1/alerts/{id}/comment", "commentAlert", "Adds a `note`", comment,
                   action("#/components/schemas/Comment")));
  t.push_back(post(kActs, "/api/v1/alerts/{id}/close", "closeAlert", "Closes it with an `outcome`", close,
                   action("#/components/schemas/Close")));
}

void add_silences(std::vector<Route>& t) {
  t.push_back(get(kReads, "/api/v1/silences", "listSilences", "The silences that have not ended", silences,
                  "#/components/schemas/SilenceList"));
  t.push_back(post(kActs, "/api/v1/silences", "createSilence",
                   "Keeps the alerts of some rules, an area or up to a severity from disturbing people until a time "
                   "(event time); they are marked, not lost",
                   silence, {"#/components/schemas/Silence", "#/components/schemas/Silenced"}));
  t.push_back(post(kActs, "/api/v1/silences/{id}/expire", "expireSilence", "Ends a silence now", expire_silence,
                   {"#/components/schemas/SilenceEnd", "#/components/schemas/Accepted"}));
}

Route as_geojson(Route route) {
  route.media = kGeoJson;
  return route;
}

void add_map(std::vector<Route>& t) {
  std::vector<Parameter> filters = list_parameters();
  std::erase_if(filters, [](const Parameter& p) { return p.name == "limit" || p.name == "cursor"; });
  t.push_back(get(
      kReads, "/api/v1/areas", "listAreas", "The areas under one, with their open alerts", areas,
      "#/components/schemas/AreaList",
      {{"under", kText,
        "Area code; without it the cities, or the account's own area; 404 where the account or the table of areas has "
        "no such area"}}));
  t.push_back(as_geojson(get(kReads, "/api/v1/map", "getMap", "Open alerts as GeoJSON, at most 5000", map,
                             "#/components/schemas/Map", std::move(filters))));
  t.push_back(
      as_geojson(get(kReadsPlaceless, "/api/v1/map/boundaries", "getBoundaries",
                     "The areas' borders as the centre has given them (`properties.code`), GeoJSON", boundaries)));
}

void add_scorecards(std::vector<Route>& t) {
  constexpr std::string_view kDay = R"({"type":"string","format":"date"})";
  const Parameter area{
      "area", kText,
      "Area code: this area and what lies under it; without it all, or the account's own; 404 where the "
      "account or the table of areas has no such area"};
  const Parameter from{"from", kDay,
                       "First day, in the service's zone; without it a month (of places: a quarter) before `to`"};
  const Parameter to{"to", kDay, "Last day, included; without it the last that time has come to"};
  const Parameter category{"category", kText, "Only this category and what lies under it"};
  t.push_back(get(
      kReads, "/api/v1/scorecard", "getScorecard",
      "How areas or posts did over a span of days, beside the span before and a year before, ranked", scorecard,
      "#/components/schemas/Scorecard",
      {area,
       {"tier", R"({"enum":["city","town","village","grid","duty"]})",
        "What the rows are; without it the tier below the area; of everything the towns"},
       from,
       to,
       {"channel", kText, "Only what this source reported"},
       category,
       {"sort",
        R"({"enum":["disposal_rate","on_time_rate","reopened_rate","repeat_rate","response","closing","satisfaction","events","first_reports"],"default":"disposal_rate"})",
        "What the rows are ranked by, the best first"},
       {"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Rows a page"},
       {"cursor", kText, "From `next` of the page before"}}));
  t.push_back(get(kReads, "/api/v1/scorecard/places", "getScorecardPlaces",
                  "Places that flood, or complain, again and again", scorecard_places, "#/components/schemas/PlaceList",
                  {area,
                   from,
                   to,
                   category,
                   {"days", R"({"type":"integer","minimum":1,"maximum":366,"default":2})", "On at least so many days"},
                   {"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":50})", "At most so many"}}));
}

void add_rules(std::vector<Route>& t) {
  t.push_back(
      get(kReadsPlaceless, "/api/v1/rules", "listRules", "The rules in force", rules, "#/components/schemas/RuleList"));
  t.push_back(get(kPlans, "/api/v1/rules/{id}", "getRule", "One rule: the text of its file, its params", one_rule,
                  "#/components/schemas/Rule"));
  Route check = unaudited(post(kPlans, "/api/v1/rules/check", "checkRules", "Faults of a rule file's text", check_rules,
                               {"#/components/schemas/RuleText", "#/components/schemas/Checked", 200}));
  check.body = Body::kRules;
  t.push_back(check);
  Route trial = post(kPlansWhole, "/api/v1/rules/backtest", "backtestRules",
                     "What rules, or each value of a param, would have raised on past events", backtest,
                     {"#/components/schemas/BacktestRequest", "#/components/schemas/Backtest", 200});
  trial.body = Body::kRules;
  trial.takes_long = true;
  t.push_back(trial);
}

void add_session(std::vector<Route>& t) {
  t.push_back(
      get(kAnyone, "/api/v1/session", "getSession", "Who is signed in", session, "#/components/schemas/Session"));
  t.push_back(post(kAnyone, "/api/v1/session", "signIn", "Takes a token and sets the session's cookie", sign_in,
                   {"#/components/schemas/SignIn", "#/components/schemas/Session", 200}));
  t.push_back(post(kAnyone, "/api/v1/session/end", "signOut",
                   "Ends the session and the streams that it opened; clears its cookie", sign_out,
                   {"", "#/components/schemas/Session", 200}));
}

void add_service(std::vector<Route>& t) {
  t.push_back(ingest_route());
  t.push_back(get(kReads, "/api/v1/status", "getStatus", "What the service is doing: sources, rules, shards, commits",
                  status, "#/components/schemas/ServiceStatus"));
  t.push_back(get(kAdministers, "/api/v1/audit", "listAudit", "What people did, oldest first", audit_log,
                  "#/components/schemas/AuditPage",
                  {{kAfter, kSequence, "Entries after this number; from `next` of the page before"},
                   {"limit", R"({"type":"integer","minimum":1,"maximum":1000,"default":100})", "Entries a page"}}));
  t.push_back(get(kAnyone, "/openapi.json", "openapi", "This document", openapi));
  t.push_back(as_text(get(kReadsWhole, "/metrics", "metrics", "Metrics in the Prometheus text format", metrics_text)));
  t.push_back(
      get(kAnyone, "/-/healthy", "healthy", "Whether the process is of use", healthy, "#/components/schemas/Healthy"));
  t.push_back(get(kAnyone, "/-/ready", "ready",
                  "Whether all that it needs is there, by check (200 and `degraded` where only something beside it is "
                  "not); why not, for those who have signed in",
                  ready, "#/components/schemas/Ready"));
  t.push_back(post(kAdministers, "/-/reload", "reload",
                   "Reads the rules again; faulty rules leave the old ones in force", reload,
                   {"", "#/components/schemas/Reloaded", 200}));
}

std::vector<Route> make_routes() {
  std::vector<Route> table;
  add_alerts(table);
  table.push_back(
      streaming("/api/v1/stream", "streamAlerts",
                "Transitions as they are committed, as server-sent events (`id` is the sequence; `event` is "
                "`alert`; `left` where an alert's area has grown beyond the asker's; `silences` where the silences "
                "are others than before: read them again; or `gap` where history was no longer kept). An `id` "
                "without data says how far the stream has come",
                "text/event-stream"));
  table.push_back(
      streaming("/api/v1/ws", "webSocket",
                "The same on a WebSocket: a text message an event, {id, event, data}; the first is `hello`, and "
                "`heartbeat` says how far the stream has come",
                kWebSocket));
  add_silences(table);
  add_map(table);
  add_scorecards(table);
  add_rules(table);
  add_session(table);
  add_service(table);
  table.push_back(page_part("/", "page", page));
  table.push_back(page_part("/assets/{name}", "consoleAsset", console_asset));
  table.push_back(page_part("/page.js", "pageScript", page_script));
  table.push_back(page_part("/page.css", "pageStyle", page_style));
  table.push_back(page_part("/icon.svg", "pageIcon", page_icon));
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> kRoutes = make_routes();
  return kRoutes;
}

}  // namespace tocsin::http
