#include "connectors/http/session.h"

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <charconv>
#include <ctime>
#include <exception>
#include <utility>

#include "connectors/http/guard.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr DurationMs kAgainMs = 50;      // a reading that was told to stop is told again
constexpr DurationMs kLingerMs = 2'000;  // for a refused client to read the refusal
constexpr size_t kFirstPiece = 4096;     // of a request
constexpr size_t kMaxDiscard = size_t{32} << 20;
constexpr size_t kKeySize = 24;  // Sec-WebSocket-Key: 16 bytes in base64
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string_view view(beast::string_view s) { return {s.data(), s.size()}; }

// The HTTP date of now.
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

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

bool is_peer_gone(const boost::system::error_code& error) {
  return error == beast::http::error::end_of_stream || error == beast::http::error::partial_message ||
         error == net::error::eof || error.category() == boost::system::system_category();
}

}  // namespace

Session::Session(tcp::socket socket, Serving& serving)
    : serving_(serving),
      socket_(std::move(socket), serving.tls),
      deadline_(socket_.get_executor()),
      buffer_(serving.options.max_header + (size_t{64} << 10)) {
  ErrorCode ignored;
  socket_.tcp_layer().set_option(tcp::no_delay(true), ignored);
}

Session::~Session() {
  release();
  serving_.connections.remove(this);
}

void Session::start() {
  serving_.connections.add(shared_from_this());
  if (socket_.secure()) return handshake();
  await_request();
}

void Session::handshake() {
  limit_reading(serving_.options.header_timeout);
  socket_.async_handshake([self = self()](const ErrorCode& error) {
    self->deadline_.clear();
    if (error || self->closed_) return self->stop();
    self->await_request();
  });
}

void Session::stop() {
  if (closed_) return;
  closed_ = true;
  deadline_.clear();
  socket_.close();
}

void Session::release() {
  if (ingesting_) --serving_.ingests;
  ingesting_ = false;
}

// Ends the read in progress at a deadline: the operation then completes with an error, and timed_out_ says why. A
// cancel can fall between two reads of one operation, so it is repeated until the operation has ended.
void Session::limit_reading(DurationMs after) {
  deadline_.set(after, [self = self()] {
    self->timed_out_ = true;
    self->socket_.cancel();
    self->limit_reading(kAgainMs);
  });
}

void Session::await_request() {
  if (closed_) return;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(serving_.options.max_header));
  parser_->body_limit(UINT64_MAX);  // until the route is known (none is taken for 0 in Boost 1.74)
  request_ = {};
  request_.instance = "/";
  request_.from = socket_.peer();
  request_.secure = socket_.secure();
  request_.body = std::make_shared<const std::string>();
  route_ = nullptr;
  ++number_;
  answered_ = unread_ = keep_alive_ = head_ = timed_out_ = false;
  if (buffer_.size() > 0) return read_header();
  deadline_.set(serving_.options.idle_timeout, [self = self()] { self->stop(); });
  socket_.async_read_some(buffer_.prepare(kFirstPiece), [self = self()](const ErrorCode& error, size_t size) {
    if (error || self->closed_) return self->stop();
    self->buffer_.commit(size);
    self->read_header();
  });
}

void Session::read_header() {
  limit_reading(serving_.options.header_timeout);
  beast::http::async_read_header(socket_, buffer_, *parser_, [self = self()](const ErrorCode& error, size_t) {
    self->deadline_.clear();
    if (!self->closed_) self->on_header(error);
  });
}

void Session::on_header(ErrorCode error) {
  if (!error) return take_request();
  unread_ = true;
  if (timed_out_) return send(bad(408, "The request's header did not arrive in time."));
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow) {
    return send(
        bad(431, "The request's header is larger than " + std::to_string(serving_.options.max_header) + " bytes."));
  }
  if (error == beast::http::error::bad_version) return send(bad(505, "HTTP/1.1 and HTTP/1.0 are spoken here."));
  if (is_peer_gone(error)) return stop();
  send(bad(400, "This is not an HTTP request: " + error.message() + "."));
}

std::string_view Session::header(field name) const { return view(parser_->get()[name]); }

// The header is read: finds the route and what is wrong with the request, before its body.
void Session::take_request() {
  const auto& message = parser_->get();
  const std::string_view target = view(message.target());
  keep_alive_ = parser_->keep_alive();
  head_ = message.method() == beast::http::verb::head;
  unread_ = !parser_->is_done();
  if (target.starts_with('/')) request_.instance = printable(target.substr(0, target.find('?')));

  auto parsed = parse_target(target);
  if (!parsed) return send(bad(400, "The request's target is not a path with well-formed escapes in UTF-8."));
  request_.query = std::move(parsed->query);
  Match found = match(view(message.method_string()), parsed->segments);
  request_.captured = std::move(found.captured);
  request_.encodings = header(field::accept_encoding);
  route_ = found.route;
  if (auto refusal = refuse(found)) return send(*std::move(refusal));
  if (route_->streams()) return start_stream();
  expect_body();
}

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
  if (const std::string fault = unknown_parameter(*found.route, request_); !fault.empty()) return bad(400, fault);
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
  const size_t limit = route.body == Body::kRecords ? options.max_body : options.max_action_body;
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

void Session::expect_body() {
  if (parser_->is_done()) return dispatch();
  if (!beast::iequals(parser_->get()[field::expect], "100-continue")) return read_body();
  limit_reading(serving_.options.write_timeout);
  net::async_write(socket_, net::buffer(kContinue.data(), kContinue.size()),
                   [self = self()](const ErrorCode& error, size_t) {
                     self->deadline_.clear();
                     if (error || self->closed_) return self->stop();
                     self->read_body();
                   });
}

void Session::read_body() {
  limit_reading(serving_.options.body_timeout);
  beast::http::async_read(socket_, buffer_, *parser_, [self = self()](const ErrorCode& error, size_t) {
    self->deadline_.clear();
    if (!self->closed_) self->on_body(error);
  });
}

void Session::on_body(ErrorCode error) {
  if (!error) {
    unread_ = false;
    return dispatch();
  }
  if (timed_out_) return send(bad(408, "The request's body did not arrive in time."));
  if (error == beast::http::error::body_limit) return send(bad(413, "The body is larger than this path takes."));
  if (is_peer_gone(error)) return stop();
  send(bad(400, "The body is not as its header announced: " + error.message() + "."));
}

void Session::dispatch() {
  request_.body = std::make_shared<const std::string>(std::move(parser_->get().body()));
  deadline_.set(serving_.options.answer_timeout, [self = self()] {
    self->send(
        problem(unavailable("The service did not answer in time. What was sent may still be taken in; sending it "
                            "again does no harm."),
                self->request_.instance));
  });
  const Responder answer = responder();
  try {
    route_->handle(serving_.api, request_, answer);
  } catch (const std::exception& e) {
    answer.problem(500, "The request could not be handled: " + printable(e.what()) + ".");
  }
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

void Session::start_stream() {
  std::string_view after_text = view(parser_->get()["Last-Event-ID"]);
  if (after_text.empty()) after_text = request_.param(kAfter);
  uint64_t after = serving_.hub.head();
  if (!after_text.empty()) {
    const char* end = after_text.data() + after_text.size();
    const auto read = std::from_chars(after_text.data(), end, after);
    if (read.ec != std::errc() || read.ptr != end || after > INT64_MAX) {
      return send(bad(400, "Last-Event-ID (or after) must be the id of an event of this stream, a number."));
    }
  }
  if (unread_) return send(bad(400, "The stream takes no body."));
  if (route_->upgrades()) {
    if (auto refusal = refuse_upgrade()) return send(*std::move(refusal));
  } else if (head_) {
    return send({200, "text/event-stream", {}, {}});
  }
  if (serving_.counters.streams >= serving_.options.max_streams) {
    return send(problem(unavailable("As many streams as are served at once are open."), request_.instance));
  }
  ++serving_.counters.requests[route_->upgrades() ? 101 : 200];
  deadline_.clear();
  closed_ = true;
  View view = request_.view();
  view.shadow = request_.param(kShadow) == "true";
  if (!route_->upgrades()) return serving_.hub.serve(std::move(socket_), after, std::move(view));
  serving_.hub.serve(std::move(socket_), after, std::move(view), parser_->release());
}

void Session::send(Response response) {
  if (closed_ || answered_) return;
  answered_ = true;
  release();
  ++serving_.counters.requests[response.status];
  if (unread_) keep_alive_ = false;
  reply_.emplace();
  Reply& reply = *reply_;
  reply.result(static_cast<unsigned>(response.status));
  const std::string_view reason = reason_phrase(response.status);
  reply.reason({reason.data(), reason.size()});
  reply.set(field::server, "tocsin");
  reply.set(field::date, http_date());
  reply.set(field::content_type, response.content_type);
  reply.set(field::cache_control, "no-store");
  reply.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) reply.set(name, value);
  reply.keep_alive(keep_alive_);
  reply.content_length(response.body.size());
  if (!head_) reply.body() = std::move(response.body);
  deadline_.set(serving_.options.write_timeout, [self = self()] { self->stop(); });
  beast::http::async_write(socket_, reply, [self = self()](const ErrorCode& error, size_t) { self->on_sent(error); });
}

void Session::on_sent(ErrorCode error) {
  deadline_.clear();
  reply_.reset();
  if (error || closed_) return stop();
  if (keep_alive_) return await_request();
  if (unread_) return linger();
  stop();
}

// Closing with unread bytes in the socket would reset the connection and lose the answer on its way: says that nothing
// more comes, then reads on for a moment.
void Session::linger() {
  socket_.finish();
  deadline_.set(kLingerMs, [self = self()] { self->stop(); });
  buffer_.clear();
  discard();
}

void Session::discard() {
  buffer_.clear();
  socket_.async_read_some(buffer_.prepare(size_t{16} << 10), [self = self()](const ErrorCode& error, size_t n) {
    self->discarded_ += n;
    if (error || self->closed_ || self->discarded_ > kMaxDiscard) return self->stop();
    self->discard();
  });
}

}  // namespace tocsin::http
