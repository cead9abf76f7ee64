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

// Where several patterns fit, the one that captures least is the path's: /rules/check is none of /rules/{id}.
Match match(std::string_view method, const std::vector<std::string>& segments) {
  Match out;
  std::vector<std::string> captured;
  std::string_view pattern;
  size_t least = SIZE_MAX;
  for (const Route& route : routes()) {
    if (!fits(route.pattern, segments, captured) || captured.size() >= least) continue;
    pattern = route.pattern;
    least = captured.size();
    out.captured = captured;
  }
  if (pattern.empty()) return out;
  for (const Route& route : routes()) {
    if (route.pattern != pattern) continue;
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      out.route = &route;
      return out;
    }
    if (!out.allow.empty()) out.allow.append(", ");
    out.allow.append(route.method);
    if (route.method == "GET") out.allow.append(", HEAD");
  }
  return out;
}

std::string wrong_parameter(const Route& route, const Request& request) {
  for (size_t i = 0; i < request.query.size(); ++i) {
    const auto& [name, value] = request.query[i];
    const auto same = [&name = name](const auto& other) { return other.first == name; };
    if (std::any_of(request.query.begin(), request.query.begin() + static_cast<std::ptrdiff_t>(i), same)) {
      return "The query parameter '" + printable(name) + "' stands there twice.";
    }
    if (name == kShadow && !value.empty() && value != "true" && value != "false") {
      return "shadow must be true or false.";
    }
    const auto known = std::ranges::find(route.query, std::string_view(name), &Parameter::name);
    if (known != route.query.end() && value.empty() && known->schema.find("\"format\"") != std::string_view::npos) {
      return name + " is empty: give it a value, or leave it out.";
    }
    if (known != route.query.end()) continue;
    std::string out = "There is no query parameter '" + printable(name) + "' here";
    for (size_t k = 0; k < route.query.size(); ++k) {
      out.append(k == 0 ? "; there are: " : ", ").append(route.query[k].name);
    }
    return out.append(".");
  }
  return {};
}

}  // namespace tocsin::http
