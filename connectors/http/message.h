#pragma once
// A request as handlers see it, a response as they give it, and problem documents (RFC 9457). No sockets here.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "connectors/http/access.h"
#include "connectors/http/backend.h"

namespace tocsin::http {

// The path's segments are decoded; so are the names and values of the query.
struct Target {
  std::vector<std::string> segments;  // "/a/b" → a, b; "/" → one empty segment
  std::vector<std::pair<std::string, std::string>> query;
};
// Reads an origin-form or absolute-form request target. Bad escapes, NUL and bytes that are not UTF-8 give nothing.
std::optional<Target> parse_target(std::string_view target);

struct Request {
  std::string instance;               // the path as sent, printable: for problem documents
  std::vector<std::string> captured;  // the pattern's {…} in order
  std::vector<std::pair<std::string, std::string>> query;
  std::shared_ptr<const std::string> body;  // never null
  bool lines = false;                       // the body is NDJSON by its content type
  std::string encodings;                    // Accept-Encoding
  Who who;                                  // who asks; may do what the route asks
  std::string from;                         // address of the other end
  std::string languages;                    // Accept-Language
  bool secure = false;                      // over TLS
  std::shared_ptr<std::atomic<bool>> gone;  // becomes true when nobody waits for the answer any more

  // The value of a query parameter, or empty.
  std::string_view param(std::string_view name) const;
  // What the asker may see.
  View view() const { return {who.area, who.may_see_shadow()}; }
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string about = {};  // for the audit log: what was made, or who signed in; empty: what the path names
};

// "Not Found" for 404.
std::string_view reason_phrase(int status);
// `extra`: further members, "\"name\":value,…", or empty.
Response problem(int status, std::string_view detail, std::string_view instance, std::string_view extra = {});
// By the error's code, as connectors/http/backend.h says; with Retry-After where trying again may help.
Response problem(const Error& error, std::string_view instance);

// How a handler answers: once, on the server's thread. Copies answer the same request; a second answer is dropped, and
// so is one that comes after the connection is gone.
class Responder {
 public:
  Responder(std::string instance, std::function<void(Response)> send)
      : instance_(std::move(instance)), send_(std::move(send)) {}
  void operator()(Response response) const { send_(std::move(response)); }
  void json(std::string body, int status = 200) const;
  // The same, for the audit log about `about`.
  void json_about(std::string about, std::string body, int status = 200) const;
  void problem(int status, std::string_view detail, std::string_view extra = {}) const;
  void fail(const Error& error) const;

 private:
  std::string instance_;
  std::function<void(Response)> send_;
};

// `s` cut to a length that fits a message, with everything but printable ASCII as '?'.
std::string printable(std::string_view s);

}  // namespace tocsin::http
