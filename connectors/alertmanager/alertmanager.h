#pragma once
// Alerts to Prometheus' Alertmanager (API v2), which groups, routes and notifies.
//
// An alert is one of Alertmanager's, by its labels: alertname (the rule), alert_id, severity, owner, area codes. Texts
// are annotations. Alertmanager forgets what is not said again, so the open ones are, every `resend`; each is said to
// last four times as long. A change of any label ends the alert of the old ones. A muted alert is not told, and one
// that is muted while it stands is no longer said: it ends by itself.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connectors/delivery/courier.h"

namespace tocsin::alertmanager {

// Calls f with the latest transition of each open alert, also those that were muted.
using Recall = std::function<Status(const std::function<void(const runtime::Outgoing&)>& f)>;

struct AlertmanagerOptions {
  std::vector<std::string> urls;     // "http://host:9093", each of a cluster
  std::string console;               // where people look an alert up; empty: no link
  std::vector<std::string> headers;  // "Authorization: …"
  DurationMs resend = 60'000;
  size_t most_open = 10'000;  // that are said again; further ones are said once
  Recall recall;              // what is open when the service starts; empty: nothing
  delivery::CourierOptions courier;
};

// kInvalid: an address is none. `clock` must outlive the sink.
Result<std::unique_ptr<delivery::Courier>> make_alertmanager(AlertmanagerOptions options, const Clock& clock);

}  // namespace tocsin::alertmanager
