// The OpenAPI document, from the table of routes.
#include <set>

#include "base/json_writer.h"
#include "connectors/http/message.h"
#include "connectors/http/route.h"
#include "connectors/http/schemas.h"
#include "connectors/http/server.h"

namespace tocsin::http {
namespace {

constexpr std::string_view kSecurity =
    R"({"token":{"type":"http","scheme":"bearer"},"session":{"type":"apiKey","in":"cookie","name":"tocsin_session"}})";

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
    append_parameter(json, name, "path", R"({"type":"string","minLength":1})", "As the list of them tells it");
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
  if (route.body != Body::kRecords) append_reference(json, route.body_schema);
  json.end_object();
  if (route.body == Body::kRecords) json.key("application/x-ndjson").begin_object().end_object();
  json.end_object().end_object();
}

void append_operation(JsonWriter& json, const Route& route) {
  json.key(route.method == "GET" ? "get" : "post").begin_object();
  json.field("operationId", route.operation).field("summary", route.summary);
  append_parameters(json, route);
  append_body(json, route);
  json.key("security").begin_array();
  for (const std::string_view scheme : {"token", "session"}) {
    if (!route.access.open()) json.begin_object().key(scheme).begin_array().end_array().end_object();
  }
  json.end_array().field("x-role", route.access.open() ? "anyone" : name_of(route.access.least()));
  json.key("responses").begin_object();
  const int status = route.upgrades() ? 101 : route.status;
  json.key(std::to_string(status)).begin_object().field("description", reason_phrase(status));
  if (!route.upgrades()) {
    json.key("content").begin_object().key(route.media).begin_object();
    if (route.media == "application/json" || route.media == kGeoJson) append_reference(json, route.answer_schema);
    json.end_object().end_object();
  }
  json.end_object().key("default").begin_object().field("description", "A problem document (RFC 9457)").key("content");
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
  json.end_object().key("components").begin_object().key("schemas").raw(kSchemas);
  json.key("securitySchemes").raw(kSecurity).end_object().end_object();
  return out;
}

}  // namespace tocsin::http
