// Where alerts lie: areas with their counts, and the map.
#include <simdjson.h>

#include "base/json_writer.h"
#include "connectors/http/api.h"
#include "connectors/http/route.h"
#include "event/area_table.h"

namespace tocsin::http {
namespace {

constexpr size_t kMaxFeatures = 5000;

std::string_view level_of(std::string_view code) {
  if (!is_level_code(code)) return "grid";
  return code.size() == 6 ? "city" : code.size() == 9 ? "town" : "village";
}

// The length of the codes one level below an area; 0: below are grids, which have no names.
size_t length_below(std::string_view area) {
  return area.empty() ? 6 : area.size() == 6 ? 9 : area.size() == 9 ? 12 : 0;
}

void append_area(JsonWriter& json, const Api& api, std::string_view code, const SeverityCounts& counts) {
  const auto name = api.area_names().find(code);
  json.begin_object().field("code", code).field("name", name == api.area_names().end() ? "" : name->second);
  json.field("level", level_of(code)).key("alerts").begin_object();
  for (size_t s = counts.size(); s-- > 1;) {
    json.key(detect::name_of(static_cast<detect::Severity>(s))).unsigned_integer(counts[s]);
  }
  json.end_object().end_object();
}

// The asker's own area, as a whole.
SeverityCounts sum(const std::map<std::string, SeverityCounts>& parts) {
  SeverityCounts out{};
  for (const auto& [code, counts] : parts) {
    for (size_t s = 0; s < counts.size(); ++s) out[s] += counts[s];
  }
  return out;
}

using simdjson::dom::element;

void append_member(JsonWriter& json, element alert, const char* name) {
  element value;
  if (alert[name].get(value) == simdjson::SUCCESS) json.key(name).raw(simdjson::minify(value));
}

void append_point(JsonWriter& json, double lon, double lat) { json.begin_array().number(lon).number(lat).end_array(); }

// One alert as a GeoJSON feature: a cluster as the polygon around it, another as a point; without geometry where it has
// no place.
void append_feature(JsonWriter& json, element alert) {
  element location, ring;
  double lon = 0, lat = 0;
  const bool placed = alert["location"].get(location) == simdjson::SUCCESS &&
                      location["lon"].get(lon) == simdjson::SUCCESS && location["lat"].get(lat) == simdjson::SUCCESS;
  const bool ringed = placed && location["ring"].get(ring) == simdjson::SUCCESS;
  json.begin_object().field("type", "Feature").key("geometry");
  if (!placed) {
    json.null();
  } else if (ringed) {
    json.begin_object().field("type", "Polygon").key("coordinates").begin_array().raw(simdjson::minify(ring));
    json.end_array().end_object();
  } else {
    json.begin_object().field("type", "Point").key("coordinates");
    append_point(json, lon, lat);
    json.end_object();
  }
  json.key("properties").begin_object();
  for (const char* name :
       {"alert_id", "rule", "name", "severity", "status", "summary", "area", "opened_at", "updated_at"}) {
    append_member(json, alert, name);
  }
  int64_t total = 0;
  if (alert["evidence"]["total"].get(total) == simdjson::SUCCESS) json.key("total").integer(total);
  if (placed) {
    json.key("center");
    append_point(json, lon, lat);
  }
  json.end_object().end_object();
}

std::string geojson(const AlertPage& page) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("type", "FeatureCollection").key("features").begin_array();
  simdjson::dom::parser parser;
  for (const std::string& alert : page.alerts) {
    element parsed;
    if (parser.parse(alert).get(parsed) == simdjson::SUCCESS) append_feature(json, parsed);
  }
  json.end_array().key("truncated").boolean(!page.next.empty());
  json.key("sequence").unsigned_integer(page.sequence).end_object();
  return body;
}

}  // namespace

void areas(Api& api, const Request& request, Responder answer) {
  const View view = request.view();
  const auto asked = asked_area(api, request, "under");
  if (!asked) return answer.fail(asked.error());
  const std::string& under = *asked;
  std::map<std::string, SeverityCounts> found;
  if (under.empty() && !view.area.empty()) {
    found[view.area] = sum(api.backend().open_by_area(view.area, view));
  } else {
    found = api.backend().open_by_area(under, view);
    found.erase("");
    const size_t length = length_below(under);
    for (auto it = api.area_names().lower_bound(under); it != api.area_names().end(); ++it) {
      if (!it->first.starts_with(under)) break;
      if (it->first.size() == length) found.try_emplace(it->first);
    }
  }
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("areas").begin_array();
  for (const auto& [code, counts] : found) append_area(json, api, code, counts);
  json.end_array().end_object();
  answer.json(std::move(body));
}

void map(Api& api, const Request& request, Responder answer) {
  auto query = read_query(api, request);
  if (!query) return answer.fail(query.error());
  if (query->status.empty()) {
    query->status = {alert::AlertStatus::kOpen, alert::AlertStatus::kAcknowledged, alert::AlertStatus::kAssigned};
  }
  query->limit = kMaxFeatures;
  const Completion<Response> done = passing_whole(api, answer);
  // On a thread of the backend's: thousands of alerts are much to read, write and make small.
  api.backend().many_alerts(*std::move(query), [done, encodings = request.encodings](Result<AlertPage> page) {
    if (!page) return done(page.error());
    done(whole(kGeoJson, geojson(*page), encodings));
  });
}

void boundaries(Api& api, const Request& request, Responder answer) {
  if (api.boundaries().empty()) {
    return answer.problem(404, "This service has no boundaries: name a GeoJSON file as http.boundaries in its config.");
  }
  answer(api.boundaries().answer(request.encodings));
}

// What the backend tells, with what the server knows itself.
void status(Api& api, const Request& request, Responder answer) {
  std::string body = "{" + api.backend().status(request.view());
  const auto checks = api.backend().readiness();
  std::string more;
  JsonWriter json(more);
  json.begin_object().key("streams").unsigned_integer(api.streams()).key("ready");
  json.boolean(readiness_of(checks) != Readiness::kNot).key("checks").begin_array();
  for (const Check& c : checks) {
    json.begin_object().field("name", c.name).key("ok").boolean(c.ok).field("reason", c.reason).end_object();
  }
  json.end_array().end_object();
  if (body.size() > 1) body += ",";
  answer.json(body.append(more, 1));
}

}  // namespace tocsin::http
