// What a session makes of a request's header, and of the answer before it is sent.
#include <algorithm>
#include <boost/beast/websocket/rfc6455.hpp>
#include <utility>

#include "connectors/http/guard.h"
#include "connectors/http/gzip.h"
#include "connectors/http/session.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr size_t kLeastGzip = 1024;  // bytes of a body
constexpr size_t kKeySize = 24;      // Sec-WebSocket-Key: 16 bytes in base64

// "application/json; charset=utf-8" → "application/json".
std::string media_type(std::string_view content_type) {
  std::string out(content_type.substr(0, content_type.find(';')));
  while (!out.empty() && (out.back() == ' ' || out.back() == '\t')) out.pop_back();
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
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
  request_.who = serving_.api.gate().who(header(field::authorization), header(field::cookie), unix_seconds());
  Denial denial = deny(route.access, request_.who);
  if (denial.status == 0 && request_.param(kShadow) == "true" && !request_.who.may_see_shadow()) {
    denial = {403, "What rules in shadow say is for planners."};
  }
  if (denial.status == 0) return std::nullopt;
  if (route.audited() && request_.who.signed_in) {
    AuditEntry entry = audit_entry();
    entry.result = denial.status;
    serving_.api.backend().audit(std::move(entry), [](const Result<uint64_t>&) {});
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
  auto audited = [&api = serving_.api, entry = audit_entry(), deliver = std::move(deliver),
                  once = std::make_shared<bool>(false)](Response response) {
    if (std::exchange(*once, true)) return;
    AuditEntry done = entry;
    done.result = response.status;
    if (!response.about.empty()) done.target = response.about;
    api.backend().audit(std::move(done),
                        api.completion<uint64_t>([deliver, response](const Result<uint64_t>&) { deliver(response); }));
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
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(response.headers, [&](const auto& h) { return h.first == name; });
  };
  if (reads && !route_->streams() && !has("ETag")) {
    response.headers.emplace_back("ETag", entity_tag(response.body));
    response.headers.emplace_back("Cache-Control", "private, no-cache");
  }
  const auto tag = std::ranges::find(response.headers, "ETag", [](const auto& h) { return h.first; });
  if (reads && tag != response.headers.end() && names_tag(header(field::if_none_match), tag->second)) {
    response.status = 304;
    response.body.clear();
    return;
  }
  if (response.body.size() <= kLeastGzip || has("Content-Encoding")) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts_gzip(header(field::accept_encoding))) return;
  std::string smaller = gzip(response.body);
  if (smaller.empty()) return;
  response.body = std::move(smaller);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace tocsin::http
