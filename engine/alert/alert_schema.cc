#include "alert/alert_schema.h"

#include "alert/transition.h"
#include "base/json_writer.h"

namespace tocsin::alert {
namespace {

struct Part {
  std::string_view name, type, doc;
};
// The data of a CloudEvent, in the order of cloud_event.cc; a test holds each published alert against it.
constexpr Part kData[] = {{"alert_id", "string", "rule, key and first event: the same log gives the same id"},
                          {"seq", "integer", "1, 2, 3 … within the alert"},
                          {"rule", "string", "id of the rule"},
                          {"rule_version", "integer", "version of the rule"},
                          {"name", "object", "the rule's name, zh and en"},
                          {"key", "array", "values of the rule's key; empty without one"},
                          {"severity", "string", "now"},
                          {"worst", "string", "the worst so far"},
                          {"status", "string", "now"},
                          {"opened_at", "string", "time of the event whose arrival opened it"},
                          {"opened_by", "object", "source and id of that event"},
                          {"updated_at", "string", "event time of this transition"},
                          {"last_event_at", "string", "latest matching event"},
                          {"reason", "string", "of this transition"},
                          {"merged_into", "string", "alert that goes on in its place"},
                          {"area", "object", "codes that all evidence shares: city, town, village, grid"},
                          {"location", "object", "lon and lat (WGS-84), ring: the hull of a cluster"},
                          {"values", "object", "the aggregates that the conditions used"},
                          {"params", "object", "parameters in force"},
                          {"evidence", "object", "total, and at most 100 events: source, id, occurred_at"},
                          {"summary", "object", "zh and en"},
                          {"advice", "object", "zh and en"},
                          {"owner", "string", "tier that owns the matter"}};
// What stands there only when there is something to say.
constexpr Part kSometimes[] = {{"assigned_to", "string", "to whom a person has given it"},
                               {"outcome", "string", "true, false or duplicate; closed ones"},
                               {"by", "string", "who has acted"},
                               {"to", "string", "to whom, with this transition"},
                               {"note", "string", "a person's word"},
                               {"before", "object", "amended: what it said before"},
                               {"after", "object", "amended: what it says now"},
                               {"group", "string", "values of the rule's group"},
                               {"inhibited_by", "array", "living alerts that keep it still, at most 10"},
                               {"silenced_by", "array", "silences that keep it still"}};

void names(JsonWriter& w, std::string_view key, auto last, auto first) {
  w.key(key).begin_array();
  for (auto i = static_cast<int>(first); i <= static_cast<int>(last); ++i)
    w.string(name_of(static_cast<decltype(last)>(i)));
  w.end_array();
}

bool nullable(std::string_view name) { return name == "merged_into" || name == "location" || name == "last_event_at"; }

void part(JsonWriter& w, const Part& p) {
  w.key(p.name).begin_object().field("description", p.doc).key("type");
  if (nullable(p.name))
    w.begin_array().string(p.type).string("null").end_array();
  else
    w.string(p.type);
  if (p.name == "severity" || p.name == "worst") names(w, "enum", detect::Severity::kRed, detect::Severity::kBlue);
  if (p.name == "status") names(w, "enum", AlertStatus::kClosed, AlertStatus::kOpen);
  if (p.type == "string" && p.name.ends_with("_at")) w.field("format", "date-time");
  w.end_object();
}

}  // namespace

std::string alert_json_schema() {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema").field("title", "Tocsin alert");
  w.field("description", "CloudEvents 1.0, structured JSON: one transition of one alert").field("type", "object");
  w.key("required").begin_array();
  for (const std::string_view name : {"specversion", "id", "source", "type", "subject", "time", "data"}) w.string(name);
  w.end_array().key("properties").begin_object();
  w.key("specversion").begin_object().field("const", "1.0").end_object();
  for (const std::string_view name : {"id", "source", "subject"})
    w.key(name).begin_object().field("type", "string").end_object();
  w.key("time").begin_object().field("type", "string").field("format", "date-time").end_object();
  w.key("type").begin_object().key("enum").begin_array();
  for (int i = 0; i <= static_cast<int>(TransitionType::kAmended); ++i) {
    w.string("tocsin.alert." + std::string(name_of(static_cast<TransitionType>(i))));
  }
  w.end_array().end_object();
  w.key("data").begin_object().field("type", "object").key("required").begin_array();
  for (const Part& p : kData) w.string(p.name);
  w.end_array().key("properties").begin_object();
  for (const Part& p : kData) part(w, p);
  for (const Part& p : kSometimes) part(w, p);
  w.end_object().end_object().end_object().end_object();
  return out;
}

}  // namespace tocsin::alert
