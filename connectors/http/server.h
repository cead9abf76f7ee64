#pragma once
// Tocsin's HTTP server: API, event stream, metrics and the plain page, on one thread of its own (Boost.Asio and Beast).
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "connectors/http/access.h"
#include "connectors/http/backend.h"
#include "connectors/metrics/metrics.h"

namespace tocsin::http {

// Every limit is a bound that a test drives to. Durations in milliseconds, sizes in bytes.
struct Options {
  std::string address = "127.0.0.1";  // an IP address; anything but loopback needs accounts
  uint16_t port = 8080;               // 0: any free one, see Server::port()
  // Host names (without port) under which browsers reach the server, beside localhost and IP addresses. Others are
  // refused (DNS rebinding): always for requests that change something, on a loopback address for every request.
  std::vector<std::string> hosts;
  // What a page needs to show times and places as the service means them; told with the rules, left out where empty.
  std::string zone;        // civil time zone
  std::string area_names;  // a JSON object: code → name
  std::string boundaries;  // a GeoJSON text of areas' borders, served as it is; or empty
  // Who may come in. Without accounts everybody who reaches the server may do all, and it listens on loopback alone.
  std::vector<Account> accounts;
  // TLS where they are given: PEM files of the certificate (with its chain) and of its key.
  std::string certificate, key;
  std::string session_key;  // secret bytes under which session cookies are signed; with accounts never empty

  size_t max_connections = 4096;
  // Event streams among them. One account (without accounts: one address) may hold as many as are left free, and so
  // half of them when it is alone; past it 429. (Dynamic thresholds: Choudhury and Hahne, IEEE/ACM Trans. Networking
  // 6(2), 1998.)
  size_t max_streams = 2048;
  size_t max_ingests = 8;              // ingest requests in flight, from their header on; past it 429
  size_t max_body = size_t{16} << 20;  // of an ingest; other bodies: max_action_body
  size_t max_records = 100'000;        // of one ingest
  size_t max_action_body = size_t{64} << 10;
  size_t max_rules_body = size_t{2} << 20;  // of a rule file to be checked or tried
  size_t max_header = size_t{16} << 10;
  size_t stream_buffer = size_t{4} << 20;  // live transitions kept for readers; one that falls behind is cut off

  DurationMs idle_timeout = 60'000;          // between requests of a kept connection
  DurationMs header_timeout = 10'000;        // from a request's first byte to the end of its header
  DurationMs body_timeout = 30'000;          // for the whole body
  DurationMs write_timeout = 20'000;         // for the client to take one response, or one piece of a stream
  DurationMs answer_timeout = 30'000;        // for the backend's completion; then 503
  DurationMs long_answer_timeout = 600'000;  // the same for routes that take long (a backtest)
  DurationMs heartbeat = 15'000;             // comment line on a silent stream
};

// kInvalid: `address` is no IP address, or another than loopback without accounts. Asked before a server listens, and
// where a configuration is checked.
Status check_address(const std::string& address, bool has_accounts);

class Server {
 public:
  // Nothing runs yet. `backend` and `metrics` must outlive the server.
  Server(Backend& backend, const metrics::MetricsSource& metrics, Options options);
  // Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds, listens and starts the thread. kConflict: the port is in use (which, and how to choose another);
  // kInvalid: not an IP address, or not one of this machine; or another than loopback without accounts. Once in the
  // life of a server.
  Status start();
  // Closes all connections and joins the thread; completions that come later do nothing. Idempotent; not from the
  // server's own thread.
  void stop();
  // The port that is listened on; after start().
  uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The API's description (OpenAPI 3.1), from the server's table of routes.
std::string openapi_json();

}  // namespace tocsin::http
