#include "connectors/http/guard.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace tocsin::http {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

struct Authority {
  std::string host;  // lower case, without brackets
  std::string port;
};

// "name:port", "[::1]:port"; nothing when it is neither.
std::optional<Authority> parse_authority(std::string_view text) {
  Authority out;
  size_t end = 0;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    out.host = lower(text.substr(1, close - 1));
    end = close + 1;
  } else {
    end = std::min(text.find(':'), text.size());
    out.host = lower(text.substr(0, end));
    if (out.host.ends_with('.')) out.host.pop_back();
  }
  if (out.host.empty()) return std::nullopt;
  if (end == text.size()) return out;
  if (text[end] != ':') return std::nullopt;
  out.port = text.substr(end + 1);
  if (out.port.size() > 5 || !std::ranges::all_of(out.port, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  return out;
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

bool known_host(const std::string& host, std::span<const std::string> hosts) {
  if (host == "localhost" || is_address(host)) return true;
  return std::ranges::any_of(hosts, [&](const std::string& allowed) { return lower(allowed) == host; });
}

// An Origin is of this site when its authority is the request's own; the scheme's default port may be left out.
bool same_site(std::string_view origin, const Authority& host) {
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;  // "null" too
  const auto from = parse_authority(origin.substr(scheme_end + 3));
  if (!from) return false;
  const std::string usual = origin.starts_with("https") ? "443" : "80";
  const auto port = [&](const Authority& a) { return a.port.empty() ? usual : a.port; };
  return from->host == host.host && port(*from) == port(host);
}

}  // namespace

std::optional<Refusal> guard(const GuardedRequest& request, bool loopback, std::span<const std::string> hosts) {
  const auto host = parse_authority(request.host);
  if (!host) return Refusal{400, "The Host header is missing or is not a host name with an optional port."};
  if ((request.changes || loopback) && !known_host(host->host, hosts)) {
    return Refusal{421, "The host name " + printable(host->host) +
                            " is not known to this server: use its IP address or localhost, or add the name to "
                            "http.hosts in the configuration."};
  }
  if (!request.changes) return std::nullopt;
  if (!request.origin.empty() && !same_site(request.origin, *host)) {
    return Refusal{403,
                   "Requests that change something are taken from this server's own pages and from programs, "
                   "not from pages of " +
                       printable(request.origin) + "."};
  }
  if (request.fetch_site == "cross-site" || request.fetch_site == "same-site") {
    return Refusal{403, "Requests that change something are not taken from pages of another site."};
  }
  return std::nullopt;
}

}  // namespace tocsin::http
