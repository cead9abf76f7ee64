#include "connectors/http/session.h"

#include <algorithm>
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
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// The HTTP date of now.
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  const size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
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
  request_.gone = std::make_shared<std::atomic<bool>>(false);
  request_.body = std::make_shared<const std::string>();
  route_ = nullptr;
  ++number_;
  answered_ = unread_ = keep_alive_ = head_ = timed_out_ = false;
  if (ended_) return stop();
  awaiting_ = watching_;
  if (watching_ && buffer_.size() > 0) return end_watch();
  if (buffer_.size() > 0) return read_header();
  deadline_.set(serving_.options.idle_timeout, [self = self()] { self->stop(); });
  if (watching_) return;
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
  request_.languages = header(field::accept_language);
  if (route_->takes_long) watch_for_close();
  const Options& options = serving_.options;
  deadline_.set(route_->takes_long ? options.long_answer_timeout : options.answer_timeout, [self = self()] {
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

// Where an answer takes long: whoever waited for it may have gone away, and it need not be made. Only reading tells, as
// under TLS what lies on the wire may be the word that it ends. What else comes is of the next requests, and kept for
// them, up to what the buffer holds; nobody reads beyond that.
void Session::watch_for_close() {
  const size_t room = std::min(kFirstPiece, buffer_.max_size() - buffer_.size());
  if (room == 0) return;
  watching_ = true;
  socket_.async_read_some(buffer_.prepare(room), [self = self()](const ErrorCode& error, size_t size) {
    self->watching_ = false;
    if (self->closed_) return;
    self->buffer_.commit(size);
    if (std::exchange(self->awaiting_, false)) {
      const bool told_to_end = error == net::error::operation_aborted && self->buffer_.size() > 0;
      self->deadline_.clear();
      return error && !told_to_end ? self->stop() : self->read_header();
    }
    self->ended_ = static_cast<bool>(error);
    if (self->answered_) return;
    if (!error) return self->watch_for_close();
    self->request_.gone->store(true);
    self->stop();
  });
}

// The next request lies in the buffer, and the reading that watches would wait for what comes after it.
void Session::end_watch() {
  socket_.cancel();
  deadline_.set(kAgainMs, [self = self()] { self->end_watch(); });
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
  const size_t open = serving_.counters.streams, most = serving_.options.max_streams;
  if (open >= most) {
    return send(problem(unavailable("As many streams as are served at once are open."), request_.instance));
  }
  Reader reader{request_.view(), request_.who.open ? request_.from : request_.who.name, request_.who.until,
                request_.who.session};
  if (serving_.hub.streams_of(reader.account) >= most - open) {
    return send(
        problem(exhausted("This account (without accounts: this address) reads as many streams as are left for all "
                          "others: close one, as of another window, and try again."),
                request_.instance));
  }
  ++serving_.counters.requests[route_->upgrades() ? 101 : 200];
  deadline_.clear();
  closed_ = true;
  reader.view.shadow = request_.param(kShadow) == "true";
  if (!route_->upgrades()) return serving_.hub.serve(std::move(socket_), after, std::move(reader));
  serving_.hub.serve(std::move(socket_), after, std::move(reader), parser_->release());
}

void Session::send(Response response) {
  if (closed_ || answered_) return;
  answered_ = true;
  request_.gone->store(true);
  spare(response);
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
  if (response.status != 304) reply.content_length(response.body.size());
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
