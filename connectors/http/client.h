#pragma once
// A small blocking HTTP/1.1 client for the commands that talk to a running service on the same machine or network,
// plain or under TLS (whose certificate must be one that this machine trusts, or that SSL_CERT_FILE names); one request
// at a time on a kept connection.
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tocsin::http {

struct Answer {
  int status = 0;
  std::string body;
};

class Client {
 public:
  // "http://127.0.0.1:8080", "https://…". kInvalid: not such an address.
  static Result<Client> parse(const std::string& url);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();
  // Sent with every request; empty: none.
  void set_token(std::string token);

  // kUnavailable: nobody answers there. A kept connection that was closed meanwhile is opened again, once.
  Result<Answer> get(const std::string& target);
  Result<Answer> post(const std::string& target, std::string_view content_type, std::string_view body);
  // Reads a server-sent event stream until `event` is false or the stream ends: event(id, data).
  Status stream(const std::string& target, const std::string& last_id,
                const std::function<bool(std::string_view id, std::string_view data)>& event);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
