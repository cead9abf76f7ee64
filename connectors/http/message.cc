#include "connectors/http/message.h"

#include <simdjson.h>

#include <array>

#include "base/json_writer.h"

namespace tocsin::http {
namespace {

struct StatusRow {
  int status;
  std::string_view phrase;
  std::string_view slug;   // the problem's type
  std::string_view title;  // for people; empty: the phrase
};
constexpr std::array kStatuses = {
    StatusRow{101, "Switching Protocols", "", ""},
    StatusRow{200, "OK", "", ""},
    StatusRow{202, "Accepted", "", ""},
    StatusRow{304, "Not Modified", "", ""},
    StatusRow{400, "Bad Request", "bad-request", "The request cannot be understood"},
    StatusRow{401, "Unauthorized", "sign-in", "Signing in is needed"},
    StatusRow{403, "Forbidden", "forbidden", "Refused"},
    StatusRow{404, "Not Found", "not-found", ""},
    StatusRow{405, "Method Not Allowed", "method-not-allowed", ""},
    StatusRow{408, "Request Timeout", "too-slow", "The request took too long to arrive"},
    StatusRow{409, "Conflict", "conflict", "The state does not allow this"},
    StatusRow{413, "Payload Too Large", "too-large", "The body is too large"},
    StatusRow{415, "Unsupported Media Type", "media-type", ""},
    StatusRow{421, "Misdirected Request", "unknown-host", "Refused: the host name is not this server's"},
    StatusRow{422, "Unprocessable Content", "rules-faulty", "The rules have faults"},
    StatusRow{426, "Upgrade Required", "upgrade-required", "A WebSocket handshake is needed"},
    StatusRow{429, "Too Many Requests", "busy", "Too much at once: send again later"},
    StatusRow{431, "Request Header Fields Too Large", "header-too-large", ""},
    StatusRow{500, "Internal Server Error", "internal", "A fault of the service"},
    StatusRow{503, "Service Unavailable", "unavailable", "Not available now: try again later"},
    StatusRow{505, "HTTP Version Not Supported", "http-version", ""},
};

const StatusRow& row_of(int status) {
  for (const auto& row : kStatuses) {
    if (row.status == status) return row;
  }
  static constexpr StatusRow kOther{0, "Unknown", "other", ""};
  return kOther;
}

int status_of(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kExhausted:
      return 429;
    case Code::kUnavailable:
      return 503;
    case Code::kCorrupt:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Percent-decodes; '+' is a space in a query. False: a bad escape, a NUL, or not UTF-8.
bool decode(std::string_view in, bool query, std::string& out) {
  for (size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '%') {
      const int hi = i + 2 < in.size() ? hex_digit(in[i + 1]) : -1;
      const int lo = i + 2 < in.size() ? hex_digit(in[i + 2]) : -1;
      if (hi < 0 || lo < 0) return false;
      c = static_cast<char>(hi * 16 + lo);
      i += 2;
    } else if (query && c == '+') {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return simdjson::validate_utf8(out.data(), out.size());
}

// Calls f with each piece of `s` between separators; false as soon as f is.
template <typename F>
bool split(std::string_view s, char separator, F&& f) {
  while (true) {
    const size_t at = s.find(separator);
    if (!f(s.substr(0, at))) return false;
    if (at == std::string_view::npos) return true;
    s.remove_prefix(at + 1);
  }
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return std::nullopt;
  const size_t mark = target.find('?');
  Target out;
  const bool path_good = split(target.substr(1, mark == std::string_view::npos ? mark : mark - 1), '/',
                               [&](std::string_view s) { return decode(s, false, out.segments.emplace_back()); });
  if (!path_good) return std::nullopt;
  if (mark == std::string_view::npos) return out;
  const bool query_good = split(target.substr(mark + 1), '&', [&](std::string_view pair) {
    if (pair.empty()) return true;
    const size_t equals = pair.find('=');
    auto& [name, value] = out.query.emplace_back();
    return decode(pair.substr(0, equals), true, name) &&
           (equals == std::string_view::npos || decode(pair.substr(equals + 1), true, value));
  });
  if (!query_good) return std::nullopt;
  return out;
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

std::string_view reason_phrase(int status) { return row_of(status).phrase; }

Response problem(int status, std::string_view detail, std::string_view instance, std::string_view extra) {
  const StatusRow& row = row_of(status);
  Response response{status, "application/problem+json", {}, {}};
  JsonWriter json(response.body);
  json.begin_object().field("type", std::string("urn:tocsin:problem:").append(row.slug));
  json.field("title", row.title.empty() ? row.phrase : row.title).field("status", int64_t{status});
  json.field("detail", detail).field("instance", instance);
  if (!extra.empty()) response.body.append(",").append(extra);
  json.end_object();
  return response;
}

Response problem(const Error& error, std::string_view instance) {
  Response response = problem(status_of(error.code), error.message, instance);
  if (error.code == Code::kExhausted) response.headers.emplace_back("Retry-After", "1");
  if (error.code == Code::kUnavailable) response.headers.emplace_back("Retry-After", "5");
  return response;
}

void Responder::json(std::string body, int status) const { send_({status, "application/json", std::move(body), {}}); }
void Responder::json_about(std::string about, std::string body, int status) const {
  send_({status, "application/json", std::move(body), {}, std::move(about)});
}
void Responder::problem(int status, std::string_view detail, std::string_view extra) const {
  send_(http::problem(status, detail, instance_, extra));
}
void Responder::fail(const Error& error) const { send_(http::problem(error, instance_)); }

std::string printable(std::string_view s) {
  std::string out(s.substr(0, 200));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

}  // namespace tocsin::http
