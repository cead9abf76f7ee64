// What an alert stands on and what stands near it: read from the store and the embedded log, on the worker's thread.
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "base/json_writer.h"
#include "connectors/cli/backend.h"
#include "event/coordinates.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

using simdjson::dom::element;

constexpr size_t kMostRelated = 20;
constexpr size_t kMostCandidates = 2000;
constexpr size_t kMostOutcomes = 100'000;
constexpr DurationMs kNearInTime = 24LL * 3600 * 1000;
constexpr double kNearM = 500;
// What is told of an event, where the log still has it: no tokens of people.
constexpr std::string_view kTold[] = {"kind",  "case", "category", "grade", "stage", "area",         "location",
                                      "place", "duty", "people",   "text",  "flags", "satisfaction", "values"};

std::string text_of(element e, std::string_view pointer) {
  std::string_view text;
  return e.at_pointer({pointer.data(), pointer.size()}).get(text) == simdjson::SUCCESS ? std::string(text)
                                                                                       : std::string();
}

// The alert's reference to an event, with what the log knows of it.
void append_event(JsonWriter& w, element reference, const std::optional<std::string>& kept) {
  w.begin_object();
  for (const auto& [name, value] : simdjson::dom::object(reference)) w.key(name).raw(simdjson::minify(value));
  simdjson::dom::parser parser;
  element event;
  if (kept && parser.parse(*kept).get(event) == simdjson::SUCCESS) {
    for (const std::string_view name : kTold) {
      if (element value; event[name].get(value) == simdjson::SUCCESS) w.key(name).raw(simdjson::minify(value));
    }
  }
  w.end_object();
}

struct Place {
  double lon = 0, lat = 0;
  bool known = false;
};
Place place_of(element data) {
  Place p;
  p.known = data["location"]["lon"].get(p.lon) == simdjson::SUCCESS &&
            data["location"]["lat"].get(p.lat) == simdjson::SUCCESS;
  return p;
}

std::string minified(element data, const char* name) {
  element value;
  return data[name].get(value) == simdjson::SUCCESS ? simdjson::minify(value) : std::string();
}

}  // namespace

void ServiceBackend::scorecard(score::CardQuestion question, score::NameOf name_of_area,
                               http::Completion<std::string> done) {
  const score::Keeper* keeper = parts_.engine.score();
  if (keeper == nullptr) return done(unavailable("this service keeps no scorecards"));
  on_lane<std::string>(
      parts_.lanes.figures,
      [keeper, question = std::move(question), names = std::move(name_of_area)] {
        return score::answer(*keeper, question, names);
      },
      std::move(done));
}

void ServiceBackend::places(score::PlacesQuestion question, score::NameOf name_of_area,
                            http::Completion<std::string> done) {
  const score::Keeper* keeper = parts_.engine.score();
  if (keeper == nullptr) return done(unavailable("this service keeps no scorecards"));
  on_lane<std::string>(
      parts_.lanes.figures,
      [keeper, question = std::move(question), names = std::move(name_of_area)] {
        return score::answer(*keeper, question, names);
      },
      std::move(done));
}

void ServiceBackend::evidence(std::string id, const http::View& view, http::Completion<std::string> done) {
  on_lane<std::string>(
      parts_.lanes.context, [this, id = std::move(id), view] { return evidence_now(id, view); }, std::move(done));
}

void ServiceBackend::related(std::string id, const http::View& view, http::Completion<std::string> done) {
  on_lane<std::string>(
      parts_.lanes.context, [this, id = std::move(id), view] { return related_now(id, view); }, std::move(done));
}

Result<std::string> ServiceBackend::evidence_now(const std::string& id, const http::View& view) {
  runtime::AlertLine line;
  if (!find(id, view, line)) return not_found("there is no alert " + id);
  auto latest = latest_json(id, view);
  if (!latest) return latest.error();
  simdjson::dom::parser parser;
  element event, found;
  simdjson::dom::array events;
  if (parser.parse(*latest).get(event) != simdjson::SUCCESS ||
      event["data"]["evidence"].get(found) != simdjson::SUCCESS || found["events"].get(events) != simdjson::SUCCESS) {
    return corrupt("the stored alert " + id + " does not parse");
  }
  events_.catch_up();
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("alert_id", id).key("total").raw(minified(found, "total")).key("events").begin_array();
  for (const element reference : events) {
    append_event(w, reference, events_.find(text_of(reference, "/source"), text_of(reference, "/id")));
  }
  w.end_array().end_object();
  return out;
}

// Of the same key at any time, and of the same city within a day.
std::vector<runtime::AlertLine> ServiceBackend::candidates(const runtime::AlertLine& line,
                                                           const http::View& view) const {
  std::vector<runtime::AlertLine> out;
  runtime::AlertFilter filter;
  filter.scope = view.area;
  filter.shadow = view.shadow;
  filter.area = line.city;
  const auto take = [&](const runtime::AlertLine& l) {
    const bool near = std::abs(l.opened_at - line.opened_at) <= kNearInTime;
    const bool same_key = l.rule_id == line.rule_id && l.key == line.key;
    if (l.alert_id != line.alert_id && (near || same_key)) out.push_back(l);
    return out.size() < kMostCandidates;
  };
  parts_.engine.book().each(filter, take);
  return out;
}

Result<std::string> ServiceBackend::related_now(const std::string& id, const http::View& view) {
  runtime::AlertLine line;
  if (!find(id, view, line)) return not_found("there is no alert " + id);
  auto latest = latest_json(id, view);
  if (!latest) return latest.error();
  simdjson::dom::parser parser, other_parser;
  element data;
  if (parser.parse(*latest)["data"].get(data) != simdjson::SUCCESS) return corrupt("the stored alert does not parse");
  events_.catch_up();
  std::map<std::string, uint64_t> cases;
  std::set<std::string> evidence;
  const auto each_event = [](element of, auto&& f) {
    simdjson::dom::array events;
    if (of["evidence"]["events"].get(events) != simdjson::SUCCESS) return;
    for (const element e : events) f(text_of(e, "/source"), text_of(e, "/id"));
  };
  each_event(data, [&](const std::string& source, const std::string& event) {
    evidence.insert(source + "/" + event);
    simdjson::dom::parser event_parser;
    const auto kept = events_.find(source, event);
    if (!kept) return;
    if (const std::string of = text_of(event_parser.parse(*kept), "/case"); !of.empty()) ++cases[of];
  });
  const std::string key = minified(data, "key");
  const Place here = place_of(data);

  std::vector<std::string> by_rank[3];  // of the same case, of the same key, near
  for (const runtime::AlertLine& other : candidates(line, view)) {
    const auto json = latest_json(other.alert_id, view);
    element there;
    if (!json || other_parser.parse(*json)["data"].get(there) != simdjson::SUCCESS) continue;
    bool same_case = false;
    simdjson::dom::array parts;
    if (there["key"].get(parts) == simdjson::SUCCESS) {
      for (const element part : parts) {
        std::string_view text;
        same_case = same_case || (part.get(text) == simdjson::SUCCESS && cases.contains(std::string(text)));
      }
    }
    each_event(there, [&](const std::string& source, const std::string& event) {
      same_case = same_case || evidence.contains(source + "/" + event);
    });
    const Place place = place_of(there);
    const bool close = here.known && place.known && distance_m({here.lon, here.lat}, {place.lon, place.lat}) <= kNearM;
    const bool village = !line.village.empty() && line.village == other.village;
    const bool same_key = key != "[]" && minified(there, "key") == key;  // a cluster has none
    if (!same_case && !same_key && !close && !village) continue;
    const std::string_view relation = same_case ? "case" : same_key ? "key" : "near";
    std::string text(cloud_event_data(*json));
    text.insert(1, "\"relation\":\"" + std::string(relation) + "\",");
    by_rank[same_case ? 0 : same_key ? 1 : 2].push_back(std::move(text));
  }
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("alerts").begin_array();
  size_t told = 0;
  for (const auto& rank : by_rank) {
    for (size_t i = 0; i < rank.size() && told < kMostRelated; ++i, ++told) w.raw(rank[i]);
  }
  w.end_array().key("cases").begin_array();
  for (const auto& [name, events] : cases) {
    w.begin_object().field("case", name).key("events").unsigned_integer(events).end_object();
  }
  w.end_array().end_object();
  return out;
}

std::string outcome_labels(const runtime::Engine& engine, const state::Store& store) {
  std::vector<runtime::AlertLine> closed;
  runtime::AlertFilter filter;
  filter.status = {alert::AlertStatus::kClosed};
  engine.book().each(filter, [&](const runtime::AlertLine& l) {
    closed.push_back(l);
    return closed.size() < kMostOutcomes;
  });
  std::string out;
  simdjson::dom::parser parser;
  for (const runtime::AlertLine& l : closed) {
    const auto stored = stored_alert(store, l.alert_id);
    element data;
    if (!stored || parser.parse(stored->json)["data"].get(data) != simdjson::SUCCESS) continue;
    const std::string outcome = text_of(data, "/outcome");
    if (outcome.empty()) continue;
    const auto last = parse_time(text_of(data, "/last_event_at"), TimeZone::utc());
    const TimeMs until = std::max(l.opened_at + kHourMs, last ? *last : l.opened_at);
    JsonWriter w(out);
    w.begin_object().field("rule", l.rule_id).key("key").raw(minified(data, "key"));
    w.field("from", format_time(l.opened_at - kNearInTime)).field("until", format_time(until));
    w.field("outcome", outcome).key("events").begin_array();
    simdjson::dom::array events;
    if (data["evidence"]["events"].get(events) == simdjson::SUCCESS) {
      for (const element e : events) w.string(text_of(e, "/id"));
    }
    w.end_array().end_object();
    out += '\n';
  }
  return out;
}

}  // namespace tocsin::cli
