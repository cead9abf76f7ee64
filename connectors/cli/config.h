#pragma once
// The configuration of `tocsin run`: what is read, where state lies, who is told. `tocsin schema config` and the reader
// come from the same table of keys; deploy/README.md explains it with examples.
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "connectors/http/access.h"
#include "rule/diagnostic.h"

namespace tocsin::cli {

using Settings = std::map<std::string, std::string>;  // librdkafka's own names

struct SourceConfig {
  enum class Kind { kIngest, kKafka, kFile } kind = Kind::kIngest;
  std::string feed;                 // a name or a file; empty: canonical events
  std::vector<std::string> topics;  // kKafka
  std::vector<std::string> paths;   // kFile
  bool follow = false;              // kFile: goes on with what is appended
  Settings settings;                // kKafka: over the common ones
};

struct AlertsConfig {
  enum class Kind { kKafka, kFile, kWebhook, kAlertmanager } kind = Kind::kFile;
  std::string target;   // topic, path or name
  bool shadow = false;  // takes the alerts of rules in shadow, and only those
  Settings settings;    // kKafka
  // kWebhook (one url), kAlertmanager
  std::vector<std::string> urls;
  std::vector<std::string> headers;  // "Name: value"
  DurationMs timeout = 10'000;
  std::string ca_file;
  std::string secret;  // kWebhook
  DurationMs group_wait = 0;
  int64_t group_most = 100;
  DurationMs resend = 60'000;  // kAlertmanager
  std::string console;
};

// What the rule desk tries rules on; without input, the embedded log.
struct BacktestConfig {
  std::vector<std::string> input;  // files
  std::string feed;                // a name or a file; empty: canonical events
  std::string labels;              // what really was, a file; or empty
};

struct Config {
  std::string path;   // where it was read from
  std::string state;  // directory
  std::string zone = "Asia/Shanghai";
  bool follow_clock = true;  // `time: clock`; false: `time: log`
  int64_t shards = 1;
  std::vector<std::string> rules;
  std::string calendar;
  std::vector<std::string> known_sources;  // `accept`: source names of canonical events; empty: any
  std::vector<std::string> areas;          // CSV files of the area codes that exist
  Settings kafka;                          // common to all sources and sinks
  std::vector<SourceConfig> sources;
  std::vector<AlertsConfig> alerts;
  bool http = true;
  std::string http_address = "127.0.0.1";
  int64_t http_port = 8080;
  std::vector<std::string> http_hosts;
  std::vector<http::Account> http_tokens;
  std::string http_certificate, http_key;  // of TLS, PEM files; empty: plain
  std::string http_boundaries;             // a GeoJSON file of the areas' borders; or empty
  BacktestConfig backtest;
  std::string ingest_topic;  // with Kafka: ingest goes to this topic; empty: to the embedded log
  // limits
  int64_t batch_events = 8192;
  int64_t checkpoint_mib = 64;
  DurationMs lateness = 600'000;  // of canonical events; feeds have their own
  DurationMs idle_after = 30'000;
  DurationMs log_retain = 400 * kDayMs;  // no shorter than what a rule looks back on
  int64_t log_retain_mib = 4096;
  DurationMs warm_up = 60'000;        // so long a rule that begins may be warmed up from the log; 0: it begins anew
  DurationMs table_refresh = 10'000;  // another version of a topic's table at most so often
  DurationMs keep_ended = 400 * kDayMs;
  int64_t max_ended = 200'000;
};

// How far back the log goes that rules are fed from, as far as the config says it: 0 where it does not (Kafka, files).
DurationMs log_keeps(const Config& config);

// ${VAR}, ${VAR:-default} and ${VAR:?message} in values, looked up by `lookup` (empty optional: not set).
using Lookup = std::function<std::optional<std::string>(const std::string&)>;
Lookup environment();
// All faults at once; nullopt when there is an error among them.
std::optional<Config> parse_config(const std::string& text, const std::string& path,
                                   std::vector<rule::Diagnostic>& diagnostics, const Lookup& lookup = environment());
std::string config_json_schema();

}  // namespace tocsin::cli
