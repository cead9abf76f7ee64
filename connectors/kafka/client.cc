#include "connectors/kafka/client.h"

#include <algorithm>
#include <array>

namespace tocsin::kafka {
namespace {

bool is_secret(std::string_view name) {
  for (const std::string_view part : {"password", "secret", ".key", "token", "oauthbearer.config", "pem"}) {
    if (name.find(part) != std::string_view::npos && !name.ends_with(".location")) return true;
  }
  return false;
}

Callbacks& callbacks_of(void* opaque) { return *static_cast<Callbacks*>(opaque); }

void on_log(const rd_kafka_t* client, int level, const char*, const char* message) {
  auto& callbacks = callbacks_of(rd_kafka_opaque(client));
  if (callbacks.log) callbacks.log(level, message);
}

void on_error(rd_kafka_t* client, int code, const char* reason, void* opaque) {
  auto& callbacks = callbacks_of(opaque);
  auto error = static_cast<rd_kafka_resp_err_t>(code);
  std::array<char, 512> text{};
  if (error == RD_KAFKA_RESP_ERR__FATAL) {
    error = rd_kafka_fatal_error(client, text.data(), text.size());
    reason = text.data();
    if (callbacks.error) callbacks.error(RD_KAFKA_RESP_ERR__FATAL, reason);
    return;
  }
  if (callbacks.error) callbacks.error(error, reason);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& callbacks = callbacks_of(opaque);
  if (callbacks.delivery) callbacks.delivery(*message);
}

Status set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> text{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) == RD_KAFKA_CONF_OK) return {};
  if (is_secret(name)) return invalid("Kafka setting " + name + " is not accepted (its value is not shown)");
  return invalid("Kafka setting " + name + ": " + text.data());
}

Status set_all(rd_kafka_conf_t* conf, const ClientOptions& options) {
  for (const auto& [name, value] : options.defaults) {
    if (options.user.contains(name)) continue;
    if (Status s = set(conf, name, value); !s) return s;
  }
  for (const auto& [name, value] : options.user) {
    const auto fixed = options.fixed.find(name);
    if (fixed != options.fixed.end() && fixed->second != value) {
      return invalid("Kafka setting " + name + " must be " + fixed->second + ": Tocsin relies on it");
    }
    if (Status s = set(conf, name, value); !s) return s;
  }
  for (const auto& [name, value] : options.fixed) {
    if (Status s = set(conf, name, value); !s) return s;
  }
  return {};
}

}  // namespace

Settings redacted(const Settings& settings) {
  Settings shown = settings;
  for (auto& [name, value] : shown) {
    if (is_secret(name)) value = "***";
  }
  return shown;
}

Result<Handle<rd_kafka_t>> make_client(rd_kafka_type_t type, const ClientOptions& options) {
  if (!options.user.contains("bootstrap.servers") && !options.user.contains("metadata.broker.list")) {
    return invalid("Kafka setting bootstrap.servers is missing: name a broker, host:port");
  }
  Handle<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  if (Status s = set_all(conf.get(), options); !s) return s.error();
  rd_kafka_conf_set_opaque(conf.get(), options.callbacks);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  std::array<char, 512> text{};
  Handle<rd_kafka_t> client(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!client) return invalid(std::string("the Kafka client does not start: ") + text.data());
  (void)conf.release();  // the client owns it now
  return client;
}

std::string describe(rd_kafka_resp_err_t code) { return rd_kafka_err2str(code); }

Result<int32_t> count_partitions(rd_kafka_t* client, const std::string& topic, int wait_ms) {
  const Handle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  if (!handle) return invalid("topic name " + topic + " is not possible");
  const rd_kafka_metadata_t* got = nullptr;
  const auto error = rd_kafka_metadata(client, 0, handle.get(), &got, wait_ms);
  const Handle<const rd_kafka_metadata_t> metadata(got);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("no Kafka broker answers: " + describe(error));
  if (metadata->topic_cnt != 1) return internal("Kafka's metadata name another number of topics than was asked for");
  const auto& t = metadata->topics[0];
  switch (t.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
      return t.partition_cnt;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return not_found("topic " + topic + " does not exist on the broker; create it, or correct its name");
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return invalid("not allowed to read topic " + topic + ": " + describe(t.err));
    default:
      return unavailable("topic " + topic + ": " + describe(t.err));
  }
}

}  // namespace tocsin::kafka
