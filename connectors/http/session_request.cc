// What a session makes of a request's header, and of the answer before it is sent.
#include <algorithm>
#include <boost/beast/websocket/rfc6455.hpp>
#include <utility>

#include "connectors/http/guard.h"
#include "connectors/http/gzip.h"
#include "connectors/http/header_text.h"
#include "connectors/http/session.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr size_t kKeySize = 24;  // Sec-WebSocket-Key: 16 bytes in base64

// "application/json; charset=utf-8" → "application/json".
std::string media_type(std::string_view content_type) {
  std::string out(trimmed(content_type.substr(0, content_type.find(';'))));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// An entry that cannot be written is logged by the backend and counted here, and what was done is answered as done: it
// is done, and an action or a silence stands with who did it in its own record. A service that no longer let people
// acknowledge alarms because its audit log fails would be the greater harm.
void audit(Serving& serving, AuditEntry entry, std::function<void()> then) {
  const auto kept = [&counters = serving.counters, then = std::move(then)](const Result<uint64_t>& number) {
    if (!number) ++counters.audit_lost;
    then();
  };
  serving.api.backend().audit(std::move(entry), serving.api.completion<uint64_t>(kept));
}

Response too_many_tries(std::string_view instance) {
  Response response =
      problem(429, "There is no such token, and there were many tries: the next ones are not listed.", instance);
  response.headers.emplace_back("Retry-After", "60");
  return response;
}

bool is_lines(std::string_view media) {
  return media == "application/x-ndjson" || media == "application/ndjson" || media == "application/jsonl";
}

}  // namespace

std::string_view Session::header(field name) const { return view(parser_->get()[name]); }

std::optional<Response> Session::refuse(const Match& found) {
  const bool changes = found.route == nullptr || found.route->changes() || found.route->upgrades();
  const GuardedRequest guarded{changes, header(field::host), header(field::origin),
                               view(parser_->get()["Sec-Fetch-Site"])};
  if (const auto refusal = guard(guarded, serving_.loopback, serving_.options.hosts)) {
    return bad(refusal->status, refusal->detail);
  }
  if (found.route == nullptr && found.allow.empty()) return bad(404, "There is nothing at this path.");
  if (found.route == nullptr) {
    Response response = bad(405, "This path takes " + found.allow + ".");
    response.headers.emplace_back("Allow", found.allow);
    return response;
  }
  if (auto refusal = refuse_asker(*found.route)) return refusal;
  if (const std::string fault = wrong_parameter(*found.route, request_); !fault.empty()) return bad(400, fault);
  return refuse_body(*found.route);
}

// Who asks, and whether they may. What is refused to somebody who signed in stands in the audit log.
std::optional<Response> Session::refuse_asker(const Route& route) {
  request_.who = serving_.api.who(header(field::authorization), header(field::cookie));
  Denial denial = deny(route.access, request_.who);
  if (denial.status == 0 && request_.param(kShadow) == "true" && !request_.who.may_see_shadow()) {
    denial = {403, "What rules in shadow say is for planners."};
  }
  if (denial.status == 0) return std::nullopt;
  if (route.audited() && request_.who.signed_in) {
    AuditEntry entry = audit_entry();
    entry.result = denial.status;
    audit(serving_, std::move(entry), [] {});
  }
  Response response = bad(denial.status, denial.detail);
  if (denial.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

AuditEntry Session::audit_entry() const {
  AuditEntry entry;
  entry.name = request_.who.name;
  if (request_.who.signed_in && !request_.who.open) entry.role = name_of(request_.who.role);
  entry.from = request_.from;
  entry.what = route_->operation;
  if (!request_.captured.empty()) entry.target = request_.captured[0];
  return entry;
}

std::optional<Response> Session::refuse_body(const Route& route) {
  const Options& options = serving_.options;
  const size_t limit = route.body == Body::kRecords ? options.max_body
                       : route.body == Body::kRules ? options.max_rules_body
                                                    : options.max_action_body;
  const auto length = parser_->content_length();
  if (length && *length > limit) {
    return bad(413,
               "The body has " + std::to_string(*length) + " bytes; at most " + std::to_string(limit) + " are taken.");
  }
  parser_->body_limit(limit);
  if (route.body == Body::kNone) return std::nullopt;
  const std::string media = media_type(header(field::content_type));
  request_.lines = is_lines(media);
  if (media != "application/json" && !(route.body == Body::kRecords && request_.lines)) {
    return bad(415, route.body == Body::kRecords ? "Send application/json or application/x-ndjson."
                                                 : "Send application/json.");
  }
  if (route.body != Body::kRecords) return std::nullopt;
  if (serving_.ingests >= options.max_ingests) {
    return problem(exhausted("As many ingests as are taken at once are under way: send this one again later."),
                   request_.instance);
  }
  ++serving_.ingests;
  ingesting_ = true;
  return std::nullopt;
}

// Answers the request at hand. What people did is on disk in the audit log before they are told that it is done.
Responder Session::responder() {
  std::function<void(Response)> deliver = [weak = std::weak_ptr(self()), number = number_](Response response) {
    const auto session = weak.lock();
    if (session && session->number_ == number && !session->answered_) session->send(std::move(response));
  };
  if (!route_->audited()) return Responder(request_.instance, std::move(deliver));
  auto audited = [&serving = serving_, entry = audit_entry(), stranger = !request_.who.signed_in,
                  instance = request_.instance, deliver = std::move(deliver),
                  once = std::make_shared<bool>(false)](Response response) {
    if (std::exchange(*once, true)) return;
    if (stranger && response.status == 401) ++serving.counters.sign_in_failures;
    if (stranger && response.about.empty() && !serving.api.strangers().take(entry.from, unix_seconds())) {
      ++serving.counters.audit_unlisted;
      return deliver(response.status == 401 ? too_many_tries(instance) : std::move(response));
    }
    AuditEntry done = entry;
    done.result = response.status;
    if (!response.about.empty()) done.target = response.about;
    audit(serving, std::move(done), [deliver, response] { deliver(response); });
  };
  return Responder(request_.instance, std::move(audited));
}

// The handshake of a WebSocket, without which its path answers a problem. Browsers send other sites' pages' cookies
// along and do not keep them from reading: the origin is looked at as for a request that changes something (refuse()).
std::optional<Response> Session::refuse_upgrade() {
  const auto& message = parser_->get();
  if (beast::websocket::is_upgrade(message) && header(field::sec_websocket_version) == "13" &&
      header(field::sec_websocket_key).size() == kKeySize) {
    return std::nullopt;
  }
  Response response = bad(426, "This path speaks WebSocket: send its handshake, or read /api/v1/stream.");
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  return response;
}

// What need not be sent is not: a body that the client has, and of a long one what gzip takes away.
void Session::spare(Response& response) const {
  const bool reads = route_ != nullptr && route_->method == "GET" && response.status == 200;
  if (reads && !route_->streams()) tag(response);
  const auto tagged = std::ranges::find(response.headers, "ETag", [](const auto& h) { return h.first; });
  if (reads && tagged != response.headers.end() && names_tag(header(field::if_none_match), tagged->second)) {
    response.status = 304;
    response.body.clear();
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Content-Encoding"; });
    return;
  }
  squeeze(response, header(field::accept_encoding));
}

}  // namespace tocsin::http
