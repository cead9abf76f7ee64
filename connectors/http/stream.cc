#include "connectors/http/stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/json_writer.h"

namespace tocsin::http {
namespace {

using ErrorCode = boost::system::error_code;

constexpr size_t kPiece = size_t{64} << 10;  // written at once
constexpr int kSendBuffer = 128 << 10;       // in the kernel, a reader: bounds what slow ones cost
constexpr DurationMs kRetryMs = 1'000;
constexpr size_t kTurns = 4;  // readers of the store, each a piece, before others are served again
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: tocsin\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n";

std::string gap_json(const StreamReader::Gap& gap) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("after").unsigned_integer(gap.after).key("resumed_at").unsigned_integer(gap.resumed_at);
  json.field("reason", gap.after > gap.resumed_at
                           ? "The sequence is ahead of this service's: its state was begun anew. Read the alerts again."
                           : "The history that is kept begins later. Read the alerts again.");
  json.end_object();
  return out;
}

void bound_send_buffer(Socket& socket) {
  ErrorCode ignored;
  socket.tcp_layer().set_option(net::socket_base::send_buffer_size(kSendBuffer), ignored);
}

}  // namespace

void StreamHub::committed() {
  if (stopped_) return;
  bool more = false;
  const Status status = tail_.pump(more);
  if (!status) return retry_.set(kRetryMs, [this] { committed(); });
  for (const auto& stream : live()) stream->wake();
  if (more) net::post(executor_, [this] { committed(); });
}

// Held, so that none goes from the table while they are called.
std::vector<std::shared_ptr<StreamConnection>> StreamHub::live() const {
  std::vector<std::shared_ptr<StreamConnection>> live;
  live.reserve(streams_.size());
  for (const auto& [key, weak] : streams_) {
    if (auto stream = weak.lock()) live.push_back(std::move(stream));
  }
  return live;
}

void StreamHub::end_with_sessions() {
  for (const auto& stream : live()) {
    if (stream->over()) stream->stop();
  }
}

size_t StreamHub::streams_of(const std::string& account) const {
  const auto it = by_account_.find(account);
  return it == by_account_.end() ? 0 : it->second;
}

void StreamHub::serve(Socket socket, uint64_t after, Reader reader) {
  enter(std::make_shared<SseConnection>(std::move(socket), *this, after, std::move(reader)));
}

void StreamHub::serve(Socket socket, uint64_t after, Reader reader, UpgradeRequest request) {
  enter(std::make_shared<WebSocketConnection>(std::move(socket), *this, after, std::move(reader), std::move(request)));
}

void StreamHub::await_turn(const std::shared_ptr<StreamConnection>& stream) {
  if (stopped_) return;
  turns_.push_back(stream);
  if (turns_.size() == 1) net::post(executor_, [this] { give_turns(); });
}

// What is posted anew comes after all that waits by then.
void StreamHub::give_turns() {
  std::vector<std::weak_ptr<StreamConnection>> now;
  while (!turns_.empty() && now.size() < kTurns) {
    now.push_back(std::move(turns_.front()));
    turns_.pop_front();
  }
  if (!turns_.empty()) net::post(executor_, [this] { give_turns(); });
  for (const auto& weak : now) {
    if (const auto stream = weak.lock()) stream->take_turn();
  }
}

void StreamHub::enter(const std::shared_ptr<StreamConnection>& stream) {
  connections_.add(stream);
  streams_[stream.get()] = stream;
  ++counters_.streams;
  ++by_account_[stream->account()];
  stream->start();
}

void StreamHub::leave(StreamConnection* stream) {
  streams_.erase(stream);
  connections_.remove(stream);
  --counters_.streams;
  if (const auto it = by_account_.find(stream->account()); --it->second == 0) by_account_.erase(it);
}

void StreamHub::stop() {
  stopped_ = true;
  turns_.clear();
  retry_.clear();
}

StreamConnection::~StreamConnection() { hub_.leave(this); }

void StreamConnection::wake() {
  if (closed_) return;
  if (reader_.behind()) return cut();
  if (!writing_ && !reading_) advance();
}

void StreamConnection::await_turn() {
  reading_ = true;  // no wake in between
  wait_for_more();
  hub_.await_turn(self());
}

void StreamConnection::take_turn() {
  reading_ = false;
  if (!closed_ && !writing_) read_on();
}

// Whose session is over is cut off: who comes back must sign in.
void StreamConnection::advance() {
  if (over()) return stop();
  if (reading_) return;
  reader_.catches_up() ? await_turn() : read_on();
}

// That the silences are others goes before what has come: what is marked looks different from there on.
void StreamConnection::read_on() {
  frames_.clear();
  if (const uint64_t now = hub_.tail().silences(); silences_ != now) {
    silences_ = now;
    return send_event("silences", "{}");
  }
  StreamReader::Gap gap;
  const auto step = reader_.next(kPiece, frames_, gap);
  if (!step) return stop();  // the store cannot be read; the reader comes back
  switch (*step) {
    case StreamReader::Step::kFrames:
      return send_frames();
    case StreamReader::Step::kGap:
      return send_event("gap", gap_json(gap));
    case StreamReader::Step::kNothing:
      return wait_for_more();
    case StreamReader::Step::kBehind:
      return cut();
    case StreamReader::Step::kContinue:
      return await_turn();
  }
}

void StreamConnection::sending() {
  writing_ = true;
  awaits_heartbeat_ = false;
  timer_.set(hub_.options().write_timeout, [self = self()] { self->cut(); });
}

void StreamConnection::sent(const ErrorCode& error) {
  writing_ = false;
  if (error || closed_) return stop();
  advance();
}

// What others are told, and this reader is not, does not put its heartbeat off.
void StreamConnection::wait_for_more() {
  if (awaits_heartbeat_) return;
  awaits_heartbeat_ = true;
  timer_.set(hub_.options().heartbeat, [self = self()] {
    if (self->over()) return self->stop();
    if (!self->closed_) self->send_heartbeat();
  });
}

void StreamConnection::cut() {
  if (!closed_) ++hub_.counters().streams_cut;
  stop();
}

void StreamConnection::stop() {
  if (closed_) return;
  closed_ = true;
  timer_.clear();
  close();
}

void SseConnection::start() {
  bound_send_buffer(socket_);
  watch_for_close();
  // An id without data sets where the reader resumes, also when nothing has come by then, and dispatches no event.
  write(std::string(kHead) + "retry: 2000\nid: " + std::to_string(cursor()) + "\n\n: connected\n\n");
}

void SseConnection::send_frames() {
  buffers_.clear();
  for (const FramePtr& frame : frames()) buffers_.push_back(net::buffer(frame->sse()));
  write_buffers();
}

void SseConnection::send_heartbeat() { write("id: " + std::to_string(cursor()) + "\n: heartbeat\n\n"); }

void SseConnection::send_event(std::string_view event, const std::string& json) {
  write("id: " + std::to_string(cursor()) + "\nevent: " + std::string(event) + "\ndata: " + json + "\n\n");
}

void SseConnection::write(std::string text) {
  text_ = std::move(text);
  buffers_.assign(1, net::buffer(text_));
  write_buffers();
}

void SseConnection::write_buffers() {
  sending();
  net::async_write(socket_, buffers_, [self = self(), this](const ErrorCode& error, size_t) { sent(error); });
}

// What a reader sends is not looked at; that it goes away is.
void SseConnection::watch_for_close() {
  socket_.async_read_some(net::buffer(ignored_), [self = self(), this](const ErrorCode& error, size_t) {
    if (error || closed()) return stop();
    watch_for_close();
  });
}

void WebSocketConnection::start() {
  bound_send_buffer(socket_.next_layer());
  socket_.set_option(boost::beast::websocket::stream_base::decorator(
      [](boost::beast::websocket::response_type& response) { response.set("Server", "tocsin"); }));
  socket_.read_message_max(ignored_.max_size());
  socket_.auto_fragment(false);
  socket_.text(true);
  sending();
  socket_.async_accept(request_, [self = own()](const ErrorCode& error) {
    if (error || self->closed()) return self->stop();
    self->watch_for_close();
    self->send_event("hello", "{\"sequence\":" + std::to_string(self->cursor()) + "}");
  });
}

void WebSocketConnection::send_frames() {
  next_ = 0;
  next_frame();
}

void WebSocketConnection::next_frame() {
  const Frame& frame = *frames()[next_++];
  told_ = frame.sequence();
  text_.clear();
  text_.append("{\"id\":").append(std::to_string(frame.sequence())).append(",\"event\":\"").append(frame.event());
  text_.append("\",\"data\":").append(frame.data()).append("}");
  write(net::buffer(text_));
}

void WebSocketConnection::send_event(std::string_view event, const std::string& json) {
  next_ = frames().size();
  told_ = cursor();
  text_ = "{\"id\":" + std::to_string(cursor()) + ",\"event\":\"" + std::string(event) + "\",\"data\":" + json + "}";
  write(net::buffer(text_));
}

void WebSocketConnection::write(const net::const_buffer& buffer) {
  sending();
  socket_.async_write(buffer, [self = own()](const ErrorCode& error, size_t) {
    if (error || self->closed() || self->next_ >= self->frames().size()) return self->sent(error);
    self->next_frame();
  });
}

// Pages do not see pings: where the reader has come farther than it knows, it is told.
void WebSocketConnection::send_heartbeat() {
  if (cursor() != told_) return send_event("heartbeat", "{\"sequence\":" + std::to_string(cursor()) + "}");
  next_ = frames().size();
  sending();
  socket_.async_ping({}, [self = own()](const ErrorCode& error) { self->sent(error); });
}

// Messages of the reader are not looked at; pings are answered and a close is seen by reading.
void WebSocketConnection::watch_for_close() {
  socket_.async_read(ignored_, [self = own()](const ErrorCode& error, size_t) {
    if (error || self->closed()) return self->stop();
    self->ignored_.clear();
    self->watch_for_close();
  });
}

}  // namespace tocsin::http
