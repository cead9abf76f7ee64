#pragma once
// One HTTP/1.1 connection: reads requests one after another, finds their routes, answers.
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "connectors/http/api.h"
#include "connectors/http/connection.h"
#include "connectors/http/route.h"
#include "connectors/http/socket.h"
#include "connectors/http/stream.h"

namespace tocsin::http {

inline std::string_view view(boost::beast::string_view s) { return {s.data(), s.size()}; }

// What all sessions of a server share. Outlives them.
struct Serving {
  const Options& options;
  Api& api;
  StreamHub& hub;
  Connections& connections;
  Counters& counters;
  net::ssl::context* tls = nullptr;  // null: plain
  bool loopback = true;              // listens on a loopback address
  size_t ingests = 0;                // in flight
};

class Session final : public Connection {
 public:
  Session(tcp::socket socket, Serving& serving);
  ~Session() override;
  void start();
  void stop() override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Reply = boost::beast::http::response<boost::beast::http::string_body>;
  using ErrorCode = boost::system::error_code;

  std::shared_ptr<Session> self() { return std::static_pointer_cast<Session>(shared_from_this()); }
  void handshake();
  void await_request();
  void read_header();
  void on_header(ErrorCode error);
  void take_request();
  std::optional<Response> refuse(const Match& match);
  std::optional<Response> refuse_asker(const Route& route);
  std::optional<Response> refuse_body(const Route& route);
  void expect_body();
  void read_body();
  void on_body(ErrorCode error);
  void dispatch();
  void watch_for_close();
  void end_watch();
  Responder responder();
  AuditEntry audit_entry() const;
  std::optional<Response> refuse_upgrade();
  void start_stream();
  void send(Response response);
  void spare(Response& response) const;
  void on_sent(ErrorCode error);
  void linger();
  void discard();
  void limit_reading(DurationMs after);
  void release();

  std::string_view header(boost::beast::http::field name) const;
  Response bad(int status, std::string_view detail) const { return problem(status, detail, request_.instance); }

  Serving& serving_;
  Socket socket_;
  Deadline deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Reply> reply_;
  Request request_;
  const Route* route_ = nullptr;
  uint64_t number_ = 0;  // of the request on this connection: a late answer finds another
  size_t discarded_ = 0;
  bool answered_ = false;
  bool unread_ = false;  // the request has a body that was not read: the connection cannot go on
  bool keep_alive_ = false;
  bool head_ = false;
  bool timed_out_ = false;
  bool ingesting_ = false;  // holds one of Options::max_ingests
  bool watching_ = false;   // a read is under way beside the making of an answer; it ends with the next request
  bool awaiting_ = false;   // … whose bytes it brings
  bool ended_ = false;      // … or it told that there is none
  bool closed_ = false;
};

}  // namespace tocsin::http
