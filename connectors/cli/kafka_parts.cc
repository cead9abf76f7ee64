#include "connectors/cli/kafka_parts.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "base/log_level.h"
#include "connectors/cli/broker_probe.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/files.h"
#include "connectors/cli/log.h"
#include "connectors/kafka/kafka_sink.h"
#include "connectors/kafka/kafka_source.h"
#include "connectors/kafka/topic_writer.h"

namespace tocsin::cli {
namespace {

Settings merged(const Settings& common, const Settings& own) {
  Settings all = own;
  all.insert(common.begin(), common.end());
  return all;
}

}  // namespace

void log_kafka_line(int level, std::string_view message) {
  if (level <= log_level::kError)
    log::error({"kafka ", message});
  else if (level == log_level::kWarning)
    log::warn({"kafka ", message});
  else
    log::debug({"kafka ", message});
}

Result<std::unique_ptr<runtime::Source>> make_kafka_source(const Settings& common, const SourceConfig& source,
                                                           const std::vector<std::string>& known) {
  kafka::KafkaSourceOptions o;
  o.settings = merged(common, source.settings);
  o.topics = source.topics;
  o.log = log_kafka_line;
  for (const std::string& name : known) {
    for (const std::string& topic : o.topics) {
      if (name.starts_with(topic + "/")) o.known_partitions.push_back(name);
    }
  }
  auto opened = kafka::KafkaSource::open(std::move(o));
  if (!opened) return opened.error();
  return std::unique_ptr<runtime::Source>(std::move(*opened));
}

Result<std::unique_ptr<runtime::Sink>> make_kafka_sink(const Settings& common, const AlertsConfig& alerts,
                                                       const std::string& instance) {
  kafka::KafkaSinkOptions o;
  o.settings = merged(common, alerts.settings);
  o.topic = alerts.target;
  o.instance = instance;
  o.name = "kafka:" + alerts.target;
  o.log = log_kafka_line;
  auto opened = kafka::KafkaSink::open(std::move(o));
  if (!opened) return opened.error();
  return std::unique_ptr<runtime::Sink>(std::move(*opened));
}

Result<Append> make_kafka_append(const Settings& common, const std::string& topic) {
  kafka::TopicWriterOptions o;
  o.settings = common;
  o.topic = topic;
  o.log = log_kafka_line;
  auto opened = kafka::KafkaTopicWriter::open(std::move(o));
  if (!opened) return opened.error();
  std::shared_ptr<kafka::KafkaTopicWriter> writer = std::move(*opened);
  return Append([writer](std::span<const std::string_view> payloads) -> Result<uint64_t> {
    std::vector<kafka::KeyedRecord> records;
    for (const std::string_view p : payloads) records.push_back({{}, p});
    auto done = std::make_shared<std::promise<Status>>();
    auto answer = done->get_future();
    if (auto s = writer->write(records, [done](Status written) { done->set_value(std::move(written)); }); !s)
      return s.error();
    const Status s = answer.get();
    if (!s) return s.error();
    return uint64_t{0};  // Kafka's offsets are a partition's own
  });
}

Result<std::unique_ptr<runtime::Source>> read_kafka_record(const std::string& config_path, const std::string& partition,
                                                           uint64_t offset, std::vector<runtime::Record>& out) {
  if (config_path.empty())
    return invalid("it came by Kafka: name the service's config with --config, for the broker's settings");
  auto text = read_text(config_path);
  if (!text) return text.error();
  std::vector<rule::Diagnostic> diagnostics;
  const auto config = parse_config(*text, config_path, diagnostics);
  print(diagnostics);
  if (!config) return invalid(config_path + " cannot be used");
  SourceConfig source;
  const std::string topic = partition.substr(0, partition.rfind('/'));
  for (const SourceConfig& s : config->sources) {
    if (std::ranges::find(s.topics, topic) != s.topics.end()) source.settings = s.settings;
  }
  source.topics = {topic};
  auto kafka = make_kafka_source(config->kafka, source, {});
  if (!kafka) return kafka.error();
  const auto names = (*kafka)->partitions();
  std::vector<uint64_t> offsets(names.size(), UINT64_MAX);
  uint32_t wanted = 0;
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (names[i] == partition) offsets[wanted = i] = offset;
  }
  if (auto s = (*kafka)->seek(offsets); !s) return s.error();
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (i != wanted) (*kafka)->hold(i, true);
  }
  // The others' first batches may lie before it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (out.empty() && std::chrono::steady_clock::now() < deadline) {
    auto polled = (*kafka)->poll(1'000, 200, out);
    if (!polled) return polled.error();
    std::erase_if(out, [&](const runtime::Record& r) { return r.partition != wanted || r.offset != offset; });
  }
  return kafka;
}

std::optional<std::string> kafka_trouble(const std::vector<std::unique_ptr<runtime::Source>>& sources) {
  std::optional<std::string> out;
  for (const auto& source : sources) {
    const auto* kafka = dynamic_cast<const kafka::KafkaSource*>(source.get());
    if (kafka != nullptr && (!out || out->empty())) out = kafka->health();
  }
  return out;
}

std::string kafka_trouble(const runtime::Sink& sink) {
  const auto* kafka = dynamic_cast<const kafka::KafkaSink*>(&sink);
  return kafka == nullptr ? std::string() : kafka->health();
}

std::vector<metrics::PartitionMetrics> kafka_partition_metrics(
    const std::vector<std::unique_ptr<runtime::Source>>& sources) {
  std::vector<metrics::PartitionMetrics> out;
  const TimeMs now = SystemClock().now();
  for (const auto& source : sources) {
    const auto* kafka = dynamic_cast<const kafka::KafkaSource*>(source.get());
    if (kafka == nullptr) continue;
    for (const kafka::PartitionStats& s : kafka->stats()) {
      metrics::PartitionMetrics m;
      m.topic = s.topic;
      m.partition = static_cast<uint32_t>(s.partition);
      // A lag of 0 where nobody knows would look like health.
      if (s.end_known) m.lag_records = static_cast<double>(s.lag_records);
      const bool age_known = s.lag_records == 0 || s.last_timestamp != kNoTime;
      if (s.end_known && age_known) m.lag_seconds = static_cast<double>(s.lag_ms(now)) / 1e3;
      out.push_back(std::move(m));
    }
  }
  return out;
}

std::vector<std::pair<std::string, Status>> check_kafka(const Config& config) {
  std::vector<std::pair<std::string, Status>> out;
  const auto check = [&](std::string name, const SourceConfig& s) {
    for (const std::string& t : s.topics) name += " " + t;
    const auto own = s.settings.find("bootstrap.servers"), common = config.kafka.find("bootstrap.servers");
    const std::string brokers = own != s.settings.end()        ? own->second
                                : common != config.kafka.end() ? common->second
                                                               : std::string();
    if (auto answers = some_broker_answers(brokers); !answers) {
      out.emplace_back(std::move(name), answers);
      return;
    }
    auto source = make_kafka_source(config.kafka, s, {});
    out.emplace_back(std::move(name), source ? Status() : Status(source.error()));
  };
  for (const SourceConfig& s : config.sources) {
    if (s.kind == SourceConfig::Kind::kKafka) check("kafka source", s);
  }
  for (const std::string& topic : table_topics(config.rules)) {
    SourceConfig s;
    s.topics = {topic};
    check("kafka table", s);
  }
  return out;
}

}  // namespace tocsin::cli
