#pragma once
// Server-sent events: the connections that read the stream, and the hub that wakes them after each commit.
#include <memory>
#include <string>
#include <vector>

#include "connectors/http/api.h"
#include "connectors/http/connection.h"
#include "connectors/http/stream_feed.h"

namespace tocsin::http {

class StreamConnection;

class StreamHub {
 public:
  StreamHub(Backend& backend, const Options& options, Connections& connections, Counters& counters,
            const net::any_io_executor& executor)
      : options_(options),
        connections_(connections),
        counters_(counters),
        tail_(backend, options.stream_buffer),
        retry_(executor),
        executor_(executor) {}
  // Before the first reader.
  Status open() { return tail_.open(); }
  // Something was committed: takes it in and wakes the readers.
  void committed();
  uint64_t head() const { return tail_.head(); }
  // Serves the stream on a socket whose request was read: everything after `after`, then live.
  void serve(tcp::socket socket, uint64_t after, bool shadow);
  void stop();

  const Options& options() const { return options_; }
  const StreamTail& tail() const { return tail_; }
  Counters& counters() { return counters_; }
  void leave(StreamConnection* stream);

 private:
  const Options& options_;
  Connections& connections_;
  Counters& counters_;
  StreamTail tail_;
  Deadline retry_;  // after the outbox could not be read
  net::any_io_executor executor_;
  std::unordered_map<StreamConnection*, std::weak_ptr<StreamConnection>> streams_;
  bool stopped_ = false;
};

class StreamConnection final : public Connection {
 public:
  StreamConnection(tcp::socket socket, StreamHub& hub, Connections& connections, uint64_t after, bool shadow)
      : hub_(hub),
        connections_(connections),
        socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        reader_(hub.tail(), after, shadow) {}
  ~StreamConnection() override;
  void start();
  // The tail has grown.
  void wake();
  void stop() override;

 private:
  std::shared_ptr<StreamConnection> self() { return std::static_pointer_cast<StreamConnection>(shared_from_this()); }
  void advance();
  void write(std::string text);  // text, then frames_
  void wait_for_more();
  void watch_for_close();
  void cut();

  StreamHub& hub_;
  Connections& connections_;
  tcp::socket socket_;
  Deadline timer_;  // of the write in flight, or of the next heartbeat
  StreamReader reader_;
  std::vector<FramePtr> frames_;  // being written
  std::string text_;              // being written before them
  std::vector<net::const_buffer> buffers_;
  char ignored_[256];
  bool writing_ = false;
  bool closed_ = false;
};

}  // namespace tocsin::http
