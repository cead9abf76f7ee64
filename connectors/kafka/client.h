#pragma once
// What source, sink and writer have in common: librdkafka's handles, settings from the config, and what its errors
// mean.
#include <librdkafka/rdkafka.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tocsin::kafka {

// librdkafka's settings by their own names ("bootstrap.servers", "security.protocol", "sasl.password", …).
using Settings = std::map<std::string, std::string>;
// librdkafka's own messages; called from its threads. `level` as in syslog, 0 to 7.
using LogFunction = std::function<void(int level, std::string_view message)>;

// The settings as they may be shown: passwords, keys and tokens are "***".
Settings redacted(const Settings& settings);

inline constexpr int kAskMs = 2'000;  // how long a question to the brokers may take
inline constexpr int kServeMs = 50;   // how long one call waits for callbacks

struct Deleter {
  void operator()(rd_kafka_t* p) const { rd_kafka_destroy(p); }
  void operator()(rd_kafka_conf_t* p) const { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const { rd_kafka_topic_partition_list_destroy(p); }
  void operator()(rd_kafka_message_t* p) const { rd_kafka_message_destroy(p); }
  void operator()(const rd_kafka_metadata_t* p) const { rd_kafka_metadata_destroy(p); }
  void operator()(rd_kafka_error_t* p) const { rd_kafka_error_destroy(p); }
};
template <typename T>
using Handle = std::unique_ptr<T, Deleter>;

// What librdkafka calls back. Must outlive the client.
struct Callbacks {
  LogFunction log;                                                   // from any thread
  std::function<void(rd_kafka_resp_err_t, std::string_view)> error;  // from the thread that polls
  std::function<void(const rd_kafka_message_t&)> delivery;           // likewise
};

struct ClientOptions {
  Settings defaults;  // the user's settings come over these
  Settings user;
  Settings fixed;  // and may not contradict these
  Callbacks* callbacks = nullptr;
};

// kInvalid: a setting is unknown, has a wrong value, or is one of `fixed` (the message names it, never a secret's
// value).
Result<Handle<rd_kafka_t>> make_client(rd_kafka_type_t type, const ClientOptions& options);

std::string describe(rd_kafka_resp_err_t code);  // "Local: Broker transport failure"

// Partitions of the topic. kUnavailable: no broker answers within `wait_ms`; kNotFound: there is no such topic;
// kInvalid: not allowed to see it.
Result<int32_t> count_partitions(rd_kafka_t* client, const std::string& topic, int wait_ms);

}  // namespace tocsin::kafka
