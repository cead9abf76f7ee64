// The OpenAPI document, from the table of routes.
#include <set>

#include "base/json_writer.h"
#include "connectors/http/message.h"
#include "connectors/http/route.h"
#include "connectors/http/server.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kSchemas = R"({
"Problem":{"type":"object","required":["type","title","status","detail","instance"],"properties":{
"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
"instance":{"type":"string"}}},
"Alert":{"type":"object","required":["alert_id","rule","severity","status"],"properties":{
"alert_id":{"type":"string"},"seq":{"type":"integer"},"rule":{"type":"string"},"rule_version":{"type":"integer"},
"key":{"type":"string"},"severity":{"enum":["blue","yellow","orange","red"]},
"status":{"enum":["open","acknowledged","assigned","resolved","closed"]},
"opened_at":{"type":"string","format":"date-time"},"updated_at":{"type":"string","format":"date-time"},
"history":{"type":"array","items":{"type":"object"},"description":"CloudEvents, oldest first; of one alert only"}}},
"AlertPage":{"type":"object","required":["alerts","next","sequence"],"properties":{
"alerts":{"type":"array","items":{"$ref":"#/components/schemas/Alert"}},"next":{"type":["string","null"]},
"sequence":{"type":"integer","description":"Stream after this sequence to miss nothing"}}},
"Action":{"type":"object","required":["by"],"additionalProperties":false,"properties":{
"by":{"type":"string","maxLength":200},"to":{"type":"string","maxLength":200},
"note":{"type":"string","maxLength":4000},"outcome":{"enum":["true","false","duplicate"]}}},
"Silence":{"type":"object","required":["by","reason","until"],"additionalProperties":false,"properties":{
"by":{"type":"string","maxLength":200},"reason":{"type":"string","maxLength":2000},
"until":{"type":["string","integer"],"description":"RFC 3339 or epoch milliseconds, in event time"},
"rules":{"type":"array","maxItems":100,"items":{"type":"string"},"description":"any where missing"},
"area":{"type":"string","maxLength":200,"description":"code of an area, with all that lies under it"},
"severity":{"enum":["blue","yellow","orange","red"],"description":"the gravest that is silenced"}}},
"SilenceEnd":{"type":"object","required":["by"],"additionalProperties":false,"properties":{
"by":{"type":"string","maxLength":200}}},
"Silenced":{"type":"object","required":["accepted","silence"],"properties":{
"accepted":{"type":"integer"},"silence":{"type":"string"}}},
"Accepted":{"type":"object","required":["accepted","offset"],"properties":{
"accepted":{"type":"integer"},"offset":{"type":"integer"}}},
"Ingested":{"type":"object","required":["accepted","rejected","offset"],"properties":{
"accepted":{"type":"integer"},"rejected":{"type":"integer"},"offset":{"type":"integer"},
"faults":{"type":"array","items":{"type":"object","properties":{"index":{"type":"integer"},
"reason":{"type":"string"},"message":{"type":"string"}}}}}}})";

void append_reference(JsonWriter& json, std::string_view schema) {
  json.key("schema").begin_object();
  if (schema.empty()) {
    json.field("type", "object");
  } else {
    json.field("$ref", schema);
  }
  json.end_object();
}

void append_parameter(JsonWriter& json, std::string_view name, std::string_view in, std::string_view schema,
                      std::string_view description) {
  json.begin_object().field("name", name).field("in", in).key("required").boolean(in == "path");
  json.field("description", description).key("schema").raw(schema).end_object();
}

void append_parameters(JsonWriter& json, const Route& route) {
  json.key("parameters").begin_array();
  for (size_t at = route.pattern.find('{'); at != std::string_view::npos; at = route.pattern.find('{', at + 1)) {
    const std::string_view name = route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1);
    append_parameter(json, name, "path", R"({"type":"string"})", "The alert's id");
  }
  for (const Parameter& p : route.query) append_parameter(json, p.name, "query", p.schema, p.description);
  if (route.streams()) {
    append_parameter(json, "Last-Event-ID", "header", R"({"type":"integer","minimum":0})",
                     "The sequence after which to resume");
  }
  json.end_array();
}

void append_body(JsonWriter& json, const Route& route) {
  if (route.body == Body::kNone) return;
  json.key("requestBody").begin_object().key("required").boolean(true).key("content").begin_object();
  json.key("application/json").begin_object();
  if (route.body == Body::kJson) append_reference(json, route.body_schema);
  json.end_object();
  if (route.body == Body::kRecords) json.key("application/x-ndjson").begin_object().end_object();
  json.end_object().end_object();
}

void append_operation(JsonWriter& json, const Route& route) {
  json.key(route.method == "GET" ? "get" : "post").begin_object();
  json.field("operationId", route.operation).field("summary", route.summary);
  append_parameters(json, route);
  append_body(json, route);
  json.key("responses").begin_object().key(std::to_string(route.status)).begin_object();
  json.field("description", reason_phrase(route.status)).key("content").begin_object().key(route.media).begin_object();
  if (route.media == "application/json") append_reference(json, route.answer_schema);
  json.end_object().end_object().end_object();
  json.key("default").begin_object().field("description", "A problem document (RFC 9457)").key("content");
  json.begin_object().key("application/problem+json").begin_object();
  append_reference(json, "#/components/schemas/Problem");
  json.end_object().end_object().end_object().end_object().end_object();
}

}  // namespace

std::string openapi_json() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("openapi", "3.1.0").key("info").begin_object().field("title", "Tocsin");
  json.field("version", "1").end_object().key("paths").begin_object();
  std::set<std::string_view> done;
  for (const Route& route : routes()) {
    if (!route.documented || !done.insert(route.pattern).second) continue;
    json.key(route.pattern).begin_object();
    for (const Route& other : routes()) {
      if (other.pattern == route.pattern) append_operation(json, other);
    }
    json.end_object();
  }
  json.end_object().key("components").begin_object().key("schemas").raw(kSchemas).end_object().end_object();
  return out;
}

}  // namespace tocsin::http
