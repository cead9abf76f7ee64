#pragma once
// One HTTP POST, with TLS verified, bounded in time and in what is read of the answer.
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin::delivery {

struct Request {
  std::vector<std::string> urls;     // the same to each: one that takes it is enough
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
};

struct Reply {
  int status = 0;              // 0: nobody answered
  std::string reason;          // for people: why nobody did, or the answer's first words
  DurationMs retry_after = 0;  // what the answer asked for; 0: nothing
};

struct PostOptions {
  DurationMs timeout = 10'000;  // of one attempt, connecting included
  std::string ca_file = {};     // PEM; empty: the system's authorities
};

// "http://host:port/path" or https; kInvalid says what is wrong. A user and password in it are refused: they would show
// in logs.
Status check_url(const std::string& url);

// Used by one thread; connections are kept. Follows no redirect. A proxy is taken from the environment (https_proxy …).
class Poster {
 public:
  explicit Poster(PostOptions options);
  ~Poster();
  // Returns early, with status 0, when `stop` becomes true.
  Reply post(const std::string& url, const std::vector<std::string>& headers, const std::string& body,
             const std::atomic<bool>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::delivery
