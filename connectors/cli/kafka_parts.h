#pragma once
// Kafka sources and sinks from the config.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "connectors/cli/config.h"
#include "connectors/metrics/metrics.h"
#include "runtime/ports.h"

namespace tocsin::cli {

// librdkafka's own lines, to the service's log. `level` as in syslog.
void log_kafka_line(int level, std::string_view message);
// `known`: partitions that the state has read; with them the source opens while no broker answers.
Result<std::unique_ptr<runtime::Source>> make_kafka_source(const Settings& common, const SourceConfig& source,
                                                           const std::vector<std::string>& known);
// `instance`: identity of the state directory; sequences are counted under it.
Result<std::unique_ptr<runtime::Sink>> make_kafka_sink(const Settings& common, const AlertsConfig& alerts,
                                                       const std::string& instance);
// Writes payloads to a topic and answers once all in-sync replicas have them.
using Append = std::function<Result<uint64_t>(std::span<const std::string_view> payloads)>;
Result<Append> make_kafka_append(const Settings& common, const std::string& topic);
// Reads one record by its place ("topic/3", offset) with the settings of a config; the records' views live as long as
// the source that is answered.
Result<std::unique_ptr<runtime::Source>> read_kafka_record(const std::string& config_path, const std::string& partition,
                                                           uint64_t offset, std::vector<runtime::Record>& out);
// What is wrong with the brokers that are read, for people, the first that a source has to say; empty: all is well.
// Nothing: no source is Kafka's. For any thread.
std::optional<std::string> kafka_trouble(const std::vector<std::unique_ptr<runtime::Source>>& sources);
// What is wrong with the broker of one sink; empty: all is well, or it is none of Kafka's. For any thread.
std::string kafka_trouble(const runtime::Sink& sink);
// Lag of every Kafka partition among the sources.
std::vector<metrics::PartitionMetrics> kafka_partition_metrics(
    const std::vector<std::unique_ptr<runtime::Source>>& sources);
// Whether broker and topics that the config names answer, a line each; nothing where it names no Kafka.
std::vector<std::pair<std::string, Status>> check_kafka(const Config& config);

}  // namespace tocsin::cli
