#include "connectors/http/route.h"

#include <algorithm>
namespace tocsin::http {
namespace {

bool fits(std::string_view pattern, const std::vector<std::string>& segments, std::vector<std::string>& captured) {
  captured.clear();
  for (size_t i = 0; i < segments.size(); ++i) {
    if (!pattern.starts_with('/')) return false;
    pattern.remove_prefix(1);
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(part.size());
    if (part.starts_with('{')) {
      if (segments[i].empty()) return false;
      captured.push_back(segments[i]);
    } else if (part != segments[i]) {
      return false;
    }
  }
  return pattern.empty();
}

}  // namespace

Match match(std::string_view method, const std::vector<std::string>& segments) {
  Match out;
  std::vector<std::string> captured;
  for (const Route& route : routes()) {
    if (!fits(route.pattern, segments, captured)) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      out.route = &route;
      out.captured = std::move(captured);
      return out;
    }
    if (!out.allow.empty()) out.allow.append(", ");
    out.allow.append(route.method);
    if (route.method == "GET") out.allow.append(", HEAD");
  }
  return out;
}

std::string unknown_parameter(const Route& route, const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (std::ranges::any_of(route.query, [&](const Parameter& p) { return p.name == name; })) continue;
    std::string out = "There is no query parameter '" + printable(name) + "' here";
    for (size_t i = 0; i < route.query.size(); ++i) {
      out.append(i == 0 ? "; there are: " : ", ").append(route.query[i].name);
    }
    return out.append(".");
  }
  return {};
}

}  // namespace tocsin::http
