#pragma once
// Alerts to any HTTP receiver: CloudEvents 1.0 in structured mode, one a request or a batch, signed as Standard
// Webhooks says.
//
// Delivery is at least once and in order. A receiver drops a second copy by the `id` of each CloudEvent (alert_id/seq);
// a request that is tried again has the same `webhook-id`.
#include <memory>
#include <string>
#include <vector>

#include "connectors/delivery/courier.h"

namespace tocsin::webhook {

struct WebhookOptions {
  std::string url;
  // HMAC-SHA-256 key of the signature: any text, or "whsec_" and base64; empty: requests are not signed.
  std::string secret;
  std::vector<std::string> headers;  // more of them, "Authorization: Bearer …"
  delivery::CourierOptions courier;
};

// kInvalid: the address or the secret is none. `clock` must outlive the sink.
Result<std::unique_ptr<delivery::Courier>> make_webhook(WebhookOptions options, const Clock& clock);

}  // namespace tocsin::webhook
