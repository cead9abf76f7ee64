// Signing in and out, and the log of what people did.
#include <simdjson.h>

#include <charconv>
#include <ctime>

#include "base/json_writer.h"
#include "connectors/http/api.h"
#include "connectors/http/route.h"

namespace tocsin::http {
namespace {

std::string session_json(const Api& api, const Who& who) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("open").boolean(who.open).key("signed_in").boolean(who.signed_in);
  json.field("name", who.name).field("role", who.signed_in ? name_of(who.role) : "").field("area", who.area);
  const auto name = api.area_names().find(who.area);
  json.field("area_name", name == api.area_names().end() ? "" : name->second).end_object();
  return out;
}

// The token of {"token": "…"}, and nothing else.
Result<std::string> read_token(const std::string& body) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  std::string_view token;
  if (parser.parse(body).get_object().get(object) != simdjson::SUCCESS || object.size() != 1 ||
      object["token"].get_string().get(token) != simdjson::SUCCESS) {
    return invalid("The body must be a JSON object with token alone, a string.");
  }
  return std::string(token);
}

}  // namespace

int64_t unix_seconds() { return std::time(nullptr); }

std::string read_number(const Request& request, std::string_view name, uint64_t least, uint64_t most, uint64_t& out) {
  const std::string_view text = request.param(name);
  if (text.empty()) return {};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size() && out >= least && out <= most) return {};
  return std::string(name) + " must be a number from " + std::to_string(least) + " to " + std::to_string(most) + ".";
}

Who Api::who(std::string_view authorization, std::string_view cookie) const {
  Who who = gate_.who(authorization, cookie, unix_seconds());
  return sessions_.ended(who.session) ? Who() : who;
}

void Api::end_session(const Who& who) { sessions_.end(who.session, who.until, unix_seconds()); }

// Asked by pages before they ask anything else: an answer, not a refusal, for those who have not signed in.
void session(Api& api, const Request& request, Responder answer) { answer.json(session_json(api, request.who)); }

void sign_in(Api& api, const Request& request, Responder answer) {
  const auto token = read_token(*request.body);
  if (!token) return answer.fail(token.error());
  const Who who = api.gate().by_token(*token);
  if (!who.signed_in) return answer.problem(401, "There is no such token.");
  Response response{200, "application/json", session_json(api, who)};
  response.about = who.name;
  if (!who.open) {
    response.headers.emplace_back("Set-Cookie", api.gate().issue(*token, unix_seconds(), request.secure));
  }
  answer(std::move(response));
}

void sign_out(Api& api, const Request& request, Responder answer) {
  Who nobody;
  if (request.who.open) nobody = request.who;
  api.end_session(request.who);
  Response response{200, "application/json", session_json(api, nobody)};
  response.headers.emplace_back("Set-Cookie", Gate::expire(request.secure));
  answer(std::move(response));
}

void audit_log(Api& api, const Request& request, Responder answer) {
  uint64_t after = 0, limit = 100;
  std::string fault = read_number(request, kAfter, 0, INT64_MAX, after);
  if (fault.empty()) fault = read_number(request, "limit", 1, 1000, limit);
  if (!fault.empty()) return answer.problem(400, fault);
  auto page = api.backend().audit_log(after, limit);
  if (!page) return answer.fail(page.error());
  answer.json(*std::move(page));
}

}  // namespace tocsin::http
