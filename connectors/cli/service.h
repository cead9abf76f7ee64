#pragma once
// `tocsin run`: puts store, log, sources, engine, sinks, HTTP and metrics together, runs the engine's loop on the
// calling thread until it is told to stop, and reloads rules without stopping.
#include <atomic>
#include <memory>
#include <string>

#include "base/status.h"
#include "connectors/cli/config.h"

namespace tocsin::cli {

class Service {
 public:
  // Opens everything that the config names; the first thing that fails is the error (what, where, what to do).
  static Result<std::unique_ptr<Service>> open(const Config& config);
  ~Service();
  // Until stop(); a clean stop ends with a checkpoint. An error is one that the service cannot go on with.
  Status run();
  // From a signal handler or any thread.
  void stop() { stopping_ = true; }
  void reload() { reloading_ = true; }
  uint16_t port() const;

 private:
  Service();
  class Impl;
  std::unique_ptr<Impl> impl_;
  std::atomic<bool> stopping_{false}, reloading_{false};
};

}  // namespace tocsin::cli
