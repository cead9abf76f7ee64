#pragma once
// Protects a server without tokens from the browser of the person in front of it: other sites may neither send it
// requests (cross-site forgery) nor read it through a name of theirs that points here (DNS rebinding). Pure functions.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "connectors/http/message.h"

namespace tocsin::http {

struct GuardedRequest {
  bool changes = false;                       // a method that changes something
  std::string_view host, origin, fetch_site;  // the headers; empty: absent
};

// The refusal, or nothing. `loopback`: the server listens on a loopback address, where no request has a reason to name
// an unknown host. IP addresses and localhost are always good hosts: no foreign name can be made to look like them.
struct Refusal {
  int status;  // 400 no or bad Host, 421 unknown host, 403 another site
  std::string detail;
};
std::optional<Refusal> guard(const GuardedRequest& request, bool loopback, std::span<const std::string> hosts);

}  // namespace tocsin::http
