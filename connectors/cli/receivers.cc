#include "connectors/cli/receivers.h"

#include <algorithm>

#include "base/log_level.h"
#include "connectors/alertmanager/alertmanager.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/log.h"
#include "connectors/file/file_sink.h"
#include "connectors/webhook/webhook.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostRecalled = 10'000;  // open alerts that an Alertmanager is told of anew

void log_line(int level, std::string_view message) {
  if (level <= log_level::kError)
    log::error({message});
  else if (level == log_level::kWarning)
    log::warn({message});
  else
    log::info({message});
}

delivery::CourierOptions courier_options(const AlertsConfig& c, const std::string& kind) {
  delivery::CourierOptions o;
  o.name = kind + ":" + c.target;
  o.post.timeout = c.timeout;
  o.post.ca_file = c.ca_file;
  o.group_wait = c.group_wait;
  o.group_most = static_cast<size_t>(c.group_most);
  o.log = log_line;
  return o;
}

// The latest transition of each open alert that a sink of this kind (in force or shadow) takes.
alertmanager::Recall recall_open(const runtime::Engine& engine, bool shadow) {
  return [&engine, shadow](const std::function<void(const runtime::Outgoing&)>& f) -> Status {
    runtime::AlertFilter open;
    open.status = {alert::AlertStatus::kOpen, alert::AlertStatus::kAcknowledged, alert::AlertStatus::kAssigned};
    open.shadow = shadow;
    bool more = false;
    for (const auto& line : engine.book().list(open, kMostRecalled, nullptr, more)) {
      if (line.shadow != shadow) continue;
      const Status read = engine.read_outbox(line.sequence, 1, [&](const runtime::Outgoing& o) {
        if (o.sequence == line.sequence) f(o);  // else it is older than the history reaches
      });
      if (!read) return read;
    }
    return {};
  };
}

template <typename T>
Result<std::unique_ptr<runtime::Sink>> as_sink(Result<std::unique_ptr<T>> made, const AlertsConfig& c) {
  if (!made) return invalid("alerts: " + c.target + ": " + made.error().message);
  return std::unique_ptr<runtime::Sink>(std::move(*made));
}

}  // namespace

Result<std::unique_ptr<runtime::Sink>> make_receiver(const AlertsConfig& c, const ReceiverParts& parts) {
  switch (c.kind) {
    case AlertsConfig::Kind::kKafka:
      return make_kafka_sink(parts.kafka, c, parts.instance);
    case AlertsConfig::Kind::kFile: {
      auto made = file::FileSink::open({.path = c.target, .fresh = false, .name = "file:" + c.target});
      if (!made) return made.error();
      return std::unique_ptr<runtime::Sink>(std::move(*made));
    }
    case AlertsConfig::Kind::kWebhook: {
      webhook::WebhookOptions o;
      o.url = c.urls.front();
      o.secret = c.secret;
      o.headers = c.headers;
      o.courier = courier_options(c, "webhook");
      return as_sink(webhook::make_webhook(std::move(o), parts.clock), c);
    }
    case AlertsConfig::Kind::kAlertmanager: {
      alertmanager::AlertmanagerOptions o;
      o.urls = c.urls;
      o.console = c.console;
      o.headers = c.headers;
      o.resend = c.resend;
      o.recall = recall_open(parts.engine, c.shadow);
      o.courier = courier_options(c, "alertmanager");
      return as_sink(alertmanager::make_alertmanager(std::move(o), parts.clock), c);
    }
  }
  return internal("a receiver of alerts of no kind");
}

std::vector<std::pair<std::string, Status>> check_receivers(const Config& config) {
  std::vector<std::pair<std::string, Status>> out;
  for (const AlertsConfig& c : config.alerts) {
    const std::string kind = c.kind == AlertsConfig::Kind::kWebhook ? "webhook " : "alertmanager ";
    for (const std::string& url : c.urls) {
      out.emplace_back(kind + c.target, delivery::knock(url, {.timeout = c.timeout, .ca_file = c.ca_file}));
    }
  }
  return out;
}

std::string receivers_trouble(const std::vector<std::unique_ptr<runtime::Sink>>& sinks) {
  for (const auto& sink : sinks) {
    if (const std::string kafka = kafka_trouble(*sink); !kafka.empty()) return std::string(sink->name()) + ": " + kafka;
    const auto* courier = dynamic_cast<const delivery::Courier*>(sink.get());
    if (courier == nullptr) continue;
    const delivery::CourierStats stats = courier->stats();
    if (!stats.wrong_door) continue;
    return std::string(sink->name()) + " " + stats.trouble + ": mend its address or rights; what waits is then sent";
  }
  return {};
}

std::string trouble_of(const std::vector<std::unique_ptr<runtime::Sink>>& sinks, const std::string& name) {
  const auto sink = std::ranges::find_if(sinks, [&](const auto& s) { return s->name() == name; });
  if (sink == sinks.end()) return {};
  const auto* courier = dynamic_cast<const delivery::Courier*>(sink->get());
  return courier == nullptr ? kafka_trouble(**sink) : courier->stats().trouble;
}

void add_courier_figures(const std::vector<std::unique_ptr<runtime::Sink>>& sinks,
                         std::vector<metrics::SinkMetrics>& out) {
  for (const auto& sink : sinks) {
    const auto* courier = dynamic_cast<const delivery::Courier*>(sink.get());
    if (courier == nullptr) continue;
    const auto it = std::ranges::find(out, sink->name(), &metrics::SinkMetrics::sink);
    if (it == out.end()) continue;
    const delivery::CourierStats stats = courier->stats();
    it->up = it->up && !stats.wrong_door;
    it->failed = static_cast<double>(stats.failed);
    it->refused = static_cast<double>(stats.refused);
  }
}

}  // namespace tocsin::cli
