#pragma once
// A blocking client for tests, with raw access to the socket. Every read has a deadline, so that a test ends.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::http {

struct TestReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class TestClient {
 public:
  explicit TestClient(uint16_t port, int receive_buffer = 0) : socket_(io_), port_(port) {
    const boost::asio::ip::tcp::endpoint to(boost::asio::ip::address_v4::loopback(), port);
    socket_.open(to.protocol());
    if (receive_buffer > 0) socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer));
    socket_.connect(to);
    timeval limit{20, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  // False: the peer has closed.
  bool send(std::string_view bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::send(socket_.native_handle(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return false;
      done += static_cast<size_t>(n);
    }
    return true;
  }
  // More bytes into the buffer; false at the end (or the deadline).
  bool fill() {
    char piece[16384];
    const ssize_t n = ::recv(socket_.native_handle(), piece, sizeof piece, 0);
    if (n <= 0) return false;
    buffer_.append(piece, static_cast<size_t>(n));
    return true;
  }
  // Up to and without `end`, which is consumed; nothing at the end of the stream.
  std::optional<std::string> until(std::string_view end) {
    size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    std::string out = buffer_.substr(0, at);
    buffer_.erase(0, at + end.size());
    return out;
  }
  // Reads one response; `head`: without a body. Status 0: the connection ended.
  TestReply read_reply(bool head = false) {
    TestReply reply;
    const auto header = until("\r\n\r\n");
    if (!header) return reply;
    reply.status = std::stoi(header->substr(9, 3));
    size_t at = header->find("\r\n");
    while (at != std::string::npos) {
      const size_t begin = at + 2;
      at = header->find("\r\n", begin);
      const std::string line = header->substr(begin, at == std::string::npos ? at : at - begin);
      std::string name = line.substr(0, line.find(':'));
      for (char& c : name) c = static_cast<char>(tolower(c));
      reply.headers[name] = line.substr(line.find(':') + 2);
    }
    if (reply.status == 100) return read_reply(head);
    const size_t length = reply.headers.contains("content-length") ? std::stoul(reply.headers["content-length"]) : 0;
    if (head) return reply;
    while (buffer_.size() < length) {
      if (!fill()) return {};
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return reply;
  }
  TestReply request(std::string_view method, std::string_view target, std::string_view body = {},
                    const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\n";
    bool host = false, type = false;
    for (const auto& [name, value] : headers) {
      text += name + ": " + value + "\r\n";
      host |= name == "Host";
      type |= name == "Content-Type";
    }
    if (!host) text += "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n";
    if (!body.empty() || method == "POST") {
      if (!type) text += "Content-Type: application/json\r\n";
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    text += "\r\n";
    if (!send(text + std::string(body))) return {};
    return read_reply(method == "HEAD");
  }
  TestReply get(std::string_view target, const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    return request("GET", target, {}, headers);
  }
  TestReply post(std::string_view target, std::string_view body,
                 const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    return request("POST", target, body, headers);
  }
  // The connection is at its end: nothing more comes.
  bool closed() { return buffer_.empty() && !fill(); }
  void close() { socket_.close(); }
  // Closes with a reset, as a crash would.
  void reset() {
    socket_.set_option(boost::asio::socket_base::linger(true, 0));
    socket_.close();
  }
  std::string& buffer() { return buffer_; }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  uint16_t port_;
  std::string buffer_;
};

// One server-sent event.
struct Event {
  std::string id, type, data;
  bool comment = false;
};

// Opens the stream and reads events. `query`: "?after=3" or empty; `headers`: more of them, with their line ends.
class StreamClient {
 public:
  StreamClient(uint16_t port, std::string_view query, std::string_view last_event_id = {}, int receive_buffer = 0,
               std::string_view headers = {})
      : client_(port, receive_buffer) {
    std::string text = "GET /api/v1/stream" + std::string(query) + " HTTP/1.1\r\nHost: localhost\r\n";
    if (!last_event_id.empty()) text += "Last-Event-ID: " + std::string(last_event_id) + "\r\n";
    client_.send(text + std::string(headers) + "\r\n");
    header = client_.until("\r\n\r\n").value_or("");
  }
  // The next block, or nothing at the end.
  std::optional<Event> next() {
    const auto block = client_.until("\n\n");
    if (!block) return std::nullopt;
    Event event;
    size_t at = 0;
    while (at <= block->size()) {
      const size_t end = std::min(block->find('\n', at), block->size());
      const std::string line = block->substr(at, end - at);
      if (line.starts_with(":")) event.comment = true;
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.type = line.substr(7);
      if (line.starts_with("data: ")) event.data = line.substr(6);
      at = end + 1;
    }
    return event;
  }
  // The next event with data.
  std::optional<Event> next_event() {
    while (auto event = next()) {
      if (!event->data.empty()) return event;
    }
    return std::nullopt;
  }
  TestClient& client() { return client_; }
  std::string header;

 private:
  TestClient client_;
};

}  // namespace tocsin::http
