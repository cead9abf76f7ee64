#include "connectors/http/stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "base/json_writer.h"

namespace tocsin::http {
namespace {

constexpr size_t kPiece = size_t{64} << 10;  // written at once
constexpr int kSendBuffer = 128 << 10;       // in the kernel, a reader: bounds what slow ones cost
constexpr DurationMs kRetryMs = 1'000;
constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nServer: tocsin\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\n";

std::string gap_event(const StreamReader::Gap& gap) {
  std::string out = "id: " + std::to_string(gap.resumed_at) + "\nevent: gap\ndata: ";
  JsonWriter json(out);
  json.begin_object().key("after").unsigned_integer(gap.after).key("resumed_at").unsigned_integer(gap.resumed_at);
  json.field("reason", gap.after > gap.resumed_at
                           ? "The sequence is ahead of this service's: its state was begun anew. Read the alerts again."
                           : "The history that is kept begins later. Read the alerts again.");
  json.end_object();
  return out.append("\n\n");
}

}  // namespace

void StreamHub::committed() {
  if (stopped_) return;
  bool more = false;
  const Status status = tail_.pump(more);
  if (!status) return retry_.set(kRetryMs, [this] { committed(); });
  std::vector<std::shared_ptr<StreamConnection>> live;
  live.reserve(streams_.size());
  for (const auto& [key, weak] : streams_) {
    if (auto stream = weak.lock()) live.push_back(std::move(stream));
  }
  for (const auto& stream : live) stream->wake();
  if (more) net::post(executor_, [this] { committed(); });
}

void StreamHub::serve(tcp::socket socket, uint64_t after, bool shadow) {
  const auto stream = std::make_shared<StreamConnection>(std::move(socket), *this, connections_, after, shadow);
  connections_.add(stream);
  streams_[stream.get()] = stream;
  ++counters_.streams;
  stream->start();
}

void StreamHub::leave(StreamConnection* stream) {
  streams_.erase(stream);
  --counters_.streams;
}

void StreamHub::stop() {
  stopped_ = true;
  retry_.clear();
}

StreamConnection::~StreamConnection() {
  hub_.leave(this);
  connections_.remove(this);
}

void StreamConnection::start() {
  boost::system::error_code ignored;
  socket_.set_option(net::socket_base::send_buffer_size(kSendBuffer), ignored);
  watch_for_close();
  // An id without data sets where the reader resumes, also when nothing has come by then, and dispatches no event.
  write(std::string(kHead) + "retry: 2000\nid: " + std::to_string(reader_.cursor()) + "\n\n: connected\n\n");
}

void StreamConnection::wake() {
  if (closed_) return;
  if (reader_.behind()) return cut();
  if (!writing_) advance();
}

void StreamConnection::advance() {
  frames_.clear();
  StreamReader::Gap gap;
  const auto step = reader_.next(kPiece, frames_, gap);
  if (!step) return stop();  // the store cannot be read; the reader comes back
  switch (*step) {
    case StreamReader::Step::kFrames:
      return write({});
    case StreamReader::Step::kGap:
      return write(gap_event(gap));
    case StreamReader::Step::kNothing:
      return wait_for_more();
    case StreamReader::Step::kBehind:
      return cut();
    case StreamReader::Step::kContinue:
      writing_ = true;  // no wake in between
      return net::post(socket_.get_executor(), [self = self()] {
        self->writing_ = false;
        if (!self->closed_) self->advance();
      });
  }
}

void StreamConnection::write(std::string text) {
  writing_ = true;
  text_ = std::move(text);
  buffers_.clear();
  if (!text_.empty()) buffers_.push_back(net::buffer(text_));
  for (const FramePtr& frame : frames_) buffers_.push_back(net::buffer(frame->sse()));
  timer_.set(hub_.options().write_timeout, [self = self()] { self->cut(); });
  net::async_write(socket_, buffers_, [self = self()](const boost::system::error_code& error, size_t) {
    self->writing_ = false;
    if (error || self->closed_) return self->stop();
    self->advance();
  });
}

void StreamConnection::wait_for_more() {
  timer_.set(hub_.options().heartbeat, [self = self()] {
    if (!self->closed_ && !self->writing_) self->write(": heartbeat\n\n");
  });
}

// What a reader sends is not looked at; that it goes away is.
void StreamConnection::watch_for_close() {
  socket_.async_read_some(net::buffer(ignored_), [self = self()](const boost::system::error_code& error, size_t) {
    if (error || self->closed_) return self->stop();
    self->watch_for_close();
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
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace tocsin::http
