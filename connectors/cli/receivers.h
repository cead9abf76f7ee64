#pragma once
// The sinks of a service, from its config, and what they have to tell of themselves.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/cli/config.h"
#include "connectors/delivery/courier.h"
#include "connectors/metrics/metrics.h"
#include "runtime/engine.h"

namespace tocsin::cli {

struct ReceiverParts {
  const Settings& kafka;          // common settings
  const std::string& instance;    // identity of the state directory
  const runtime::Engine& engine;  // what is open is read from it when the service starts
  const Clock& clock;             // outlives the sinks
};
Result<std::unique_ptr<runtime::Sink>> make_receiver(const AlertsConfig& config, const ReceiverParts& parts);

// Whether the doors that a config names are there, a line each; nothing is sent.
std::vector<std::pair<std::string, Status>> check_receivers(const Config& config);

// Why alerts do not reach one that they are told to, the first that has something to say: Kafka's broker, or a webhook
// or an Alertmanager that takes nothing until somebody mends its address or rights. Empty: all is well. From any
// thread.
std::string receivers_trouble(const std::vector<std::unique_ptr<runtime::Sink>>& sinks);

// What the sink of this name last met, for people: why its broker or its door took nothing. Empty: nothing, or it has
// nothing to say. From any thread.
std::string trouble_of(const std::vector<std::unique_ptr<runtime::Sink>>& sinks, const std::string& name);

// Of each sink that knocks at a door; those that do not are passed over.
void add_courier_figures(const std::vector<std::unique_ptr<runtime::Sink>>& sinks,
                         std::vector<metrics::SinkMetrics>& out);

}  // namespace tocsin::cli
