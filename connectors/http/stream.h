#pragma once
// The connections that read the stream, as server-sent events or on a WebSocket, and the hub that wakes them after each
// commit.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "connectors/http/api.h"
#include "connectors/http/connection.h"
#include "connectors/http/socket.h"
#include "connectors/http/stream_feed.h"

namespace tocsin::http {

class StreamConnection;
using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

// For whom a stream is.
struct Reader {
  View view;
  std::string account;        // or the address, where there are no accounts: of each so many streams are served
  int64_t until = INT64_MAX;  // Unix seconds at which the session ends, and the stream with it
  std::string session;        // Who::session: the stream ends with it also before its time
};

class StreamHub {
 public:
  StreamHub(Backend& backend, const Options& options, Connections& connections, Counters& counters,
            const EndedSessions& sessions, const net::any_io_executor& executor)
      : options_(options),
        connections_(connections),
        counters_(counters),
        sessions_(sessions),
        tail_(backend, options.stream_buffer),
        retry_(executor),
        executor_(executor) {}
  // Before the first reader.
  Status open() { return tail_.open(); }
  // Something was committed: takes it in and wakes the readers.
  void committed();
  uint64_t head() const { return tail_.head(); }
  // Streams of this account, or address, that are open.
  size_t streams_of(const std::string& account) const;
  // Serves the stream on a socket whose request was read: everything after `after` that the view shows, then live.
  void serve(Socket socket, uint64_t after, Reader reader);
  // The same on a WebSocket, which `request` asks for.
  void serve(Socket socket, uint64_t after, Reader reader, UpgradeRequest request);
  // Calls the stream's take_turn() soon. A few are called at a time, so that readers who catch up, each from the store,
  // do not keep requests waiting for all of them.
  void await_turn(const std::shared_ptr<StreamConnection>& stream);
  // Sessions were ended: so are the streams that they opened, at once.
  void end_with_sessions();
  void stop();

  const Options& options() const { return options_; }
  const EndedSessions& sessions() const { return sessions_; }
  const StreamTail& tail() const { return tail_; }
  Counters& counters() { return counters_; }
  Connections& connections() { return connections_; }
  void leave(StreamConnection* stream);

 private:
  void enter(const std::shared_ptr<StreamConnection>& stream);
  void give_turns();
  std::vector<std::shared_ptr<StreamConnection>> live() const;
  const Options& options_;
  Connections& connections_;
  Counters& counters_;
  const EndedSessions& sessions_;
  StreamTail tail_;
  Deadline retry_;  // after the outbox could not be read
  net::any_io_executor executor_;
  std::unordered_map<StreamConnection*, std::weak_ptr<StreamConnection>> streams_;
  std::unordered_map<std::string, size_t> by_account_;
  std::deque<std::weak_ptr<StreamConnection>> turns_;
  bool stopped_ = false;
};

// One reader. What it is sent, and when, is decided here; how it is put into bytes, in the two kinds below.
class StreamConnection : public Connection {
 public:
  StreamConnection(StreamHub& hub, const net::any_io_executor& executor, uint64_t after, Reader reader)
      : hub_(hub),
        timer_(executor),
        reader_(hub.tail(), after, std::move(reader.view)),
        account_(std::move(reader.account)),
        session_(std::move(reader.session)),
        until_(reader.until),
        silences_(hub.tail().silences()) {}
  ~StreamConnection() override;
  virtual void start() = 0;
  // The tail has grown.
  void wake();
  // May read on, after StreamHub::await_turn().
  void take_turn();
  const std::string& account() const { return account_; }
  // The session that opened it has ended: its time is up, or somebody signed out.
  bool over() const { return unix_seconds() >= until_ || hub_.sessions().ended(session_); }
  void stop() override;

 protected:
  std::shared_ptr<StreamConnection> self() { return std::static_pointer_cast<StreamConnection>(shared_from_this()); }
  // To put frames_ into bytes and send them; then calls sent().
  virtual void send_frames() = 0;
  // The same with what keeps a silent stream alive and says how far it has come (a reader of a part of the county may
  // see nothing for long), and with one event of its own.
  virtual void send_heartbeat() = 0;
  virtual void send_event(std::string_view event, const std::string& json) = 0;
  virtual void close() = 0;

  StreamHub& hub() { return hub_; }
  bool closed() const { return closed_; }
  uint64_t cursor() const { return reader_.cursor(); }
  const std::vector<FramePtr>& frames() const { return frames_; }
  // A write begins: the reader is cut off when it does not take it in time.
  void sending();
  void sent(const boost::system::error_code& error);

 private:
  void advance();
  void read_on();
  void await_turn();
  void wait_for_more();
  void cut();

  StreamHub& hub_;
  Deadline timer_;  // of the write in flight, or of the next heartbeat, which is due so long after the last write
  StreamReader reader_;
  const std::string account_, session_;
  const int64_t until_;
  uint64_t silences_;             // StreamTail::silences(), as the reader knows it
  std::vector<FramePtr> frames_;  // being written
  bool writing_ = false;
  bool reading_ = false;  // waits for its turn: to read the outbox, or on, as what it read held nothing for it
  bool awaits_heartbeat_ = false;
  bool closed_ = false;
};

// Server-sent events.
class SseConnection final : public StreamConnection {
 public:
  SseConnection(Socket socket, StreamHub& hub, uint64_t after, Reader reader)
      : StreamConnection(hub, socket.get_executor(), after, std::move(reader)), socket_(std::move(socket)) {}
  void start() override;

 private:
  void send_frames() override;
  void send_heartbeat() override;
  void send_event(std::string_view event, const std::string& json) override;
  void close() override { socket_.close(); }
  void write(std::string text);
  void write_buffers();
  void watch_for_close();

  Socket socket_;
  std::string text_;  // being written
  std::vector<net::const_buffer> buffers_;
  char ignored_[256];
};

// A WebSocket: one text message an event, {"id": N, "event": "alert", "data": {…}}.
class WebSocketConnection final : public StreamConnection {
 public:
  WebSocketConnection(Socket socket, StreamHub& hub, uint64_t after, Reader reader, UpgradeRequest request)
      : StreamConnection(hub, socket.get_executor(), after, std::move(reader)),
        socket_(std::move(socket)),
        request_(std::move(request)) {}
  void start() override;

 private:
  std::shared_ptr<WebSocketConnection> own() { return std::static_pointer_cast<WebSocketConnection>(self()); }
  void send_frames() override;
  void send_heartbeat() override;
  void send_event(std::string_view event, const std::string& json) override;
  void close() override { socket_.next_layer().close(); }
  void write(const net::const_buffer& buffer);
  void next_frame();
  void watch_for_close();

  boost::beast::websocket::stream<Socket, false> socket_;
  UpgradeRequest request_;
  boost::beast::flat_buffer ignored_{4096};
  std::string text_;   // being written
  size_t next_ = 0;    // of frames()
  uint64_t told_ = 0;  // the last id that was sent
};

}  // namespace tocsin::http
