#pragma once
// The table of routes: from it come dispatch, the answers for what is not in it, the check of query parameters, and the
// OpenAPI document.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/access.h"
#include "connectors/http/message.h"

namespace tocsin::http {

class Api;
inline constexpr std::string_view kGeoJson = "application/geo+json";
inline constexpr std::string_view kWebSocket = "websocket";  // Route::media of a WebSocket
using Handler = void (*)(Api&, const Request&, Responder);

struct Parameter {
  std::string_view name;
  std::string_view schema;  // JSON Schema of the value, as text
  std::string_view description;
};

enum class Body : uint8_t {
  kNone,    // not looked at
  kJson,    // application/json, at most Options::max_action_body
  kRules,   // application/json, at most Options::max_rules_body
  kRecords  // application/json or application/x-ndjson, at most Options::max_body; one of Options::max_ingests
};

struct Route {
  Access access;             // who may; a route without it does not compile
  std::string_view method;   // "GET" (answers HEAD too) or "POST"
  std::string_view pattern;  // segments, "{name}" captures one
  std::string_view operation;
  std::string_view summary;
  Handler handle = nullptr;  // null: a stream
  std::vector<Parameter> query = {};
  Body body = Body::kNone;
  std::string_view body_schema = {};  // "#/components/schemas/…" or empty
  int status = 200;                   // when all is well
  std::string_view media = "application/json";
  std::string_view answer_schema = {};  // "#/components/schemas/…" or empty
  bool documented = true;               // false: the page and its parts
  bool takes_long = false;              // Options::long_answer_timeout; ends when the client goes
  bool silent = false;                  // a POST that leaves nothing behind, or is a program's: not in the audit log

  bool changes() const { return method == "POST"; }
  bool audited() const { return changes() && !silent; }
  bool streams() const { return handle == nullptr; }
  bool upgrades() const { return streams() && media == kWebSocket; }
};

std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;  // null: see allow
  std::vector<std::string> captured;
  std::string allow;  // methods of this path, "GET, HEAD"; empty: no such path
};
Match match(std::string_view method, const std::vector<std::string>& segments);

// What is wrong with the query parameters, as far as the table tells: one that the route does not have (told with those
// that it has), one that stands there twice, a flag that is none, a date that is empty; empty: nothing.
std::string wrong_parameter(const Route& route, const Request& request);

// Query parameters that handlers share.
inline constexpr std::string_view kAfter = "after";
inline constexpr std::string_view kShadow = "shadow";

}  // namespace tocsin::http
