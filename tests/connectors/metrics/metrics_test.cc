#include "connectors/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace tocsin::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

MetricsSnapshot sample() {
  MetricsSnapshot s;
  SourceMetrics grid;
  grid.source = "grid";
  grid.read = 12;
  grid.late = 2;
  grid.rejected = {{"malformed", 3}, {"oversized", 1}};
  grid.watermark_lag_seconds = 1.5;
  grid.last_read_seconds = 1'700'000'000.25;
  s.sources = {grid};
  PartitionMetrics known;
  known.topic = "grid.events";
  known.partition = 3;
  known.lag_records = 7;
  PartitionMetrics unknown;
  unknown.topic = "police.events";
  s.partitions = {known, unknown};
  RuleMetrics rule;
  rule.rule = "waterlogging-cluster";
  rule.matches = 9;
  rule.open[static_cast<size_t>(detect::Severity::kRed)] = {2, 1, 90.5};
  rule.transitions[static_cast<size_t>(alert::TransitionType::kOpened)] = 4;
  s.rules = {rule};
  LatencyHistogram commit;
  commit.record_ms(3);
  commit.record_ms(200'000);
  s.commit = commit.snapshot();
  s.sinks = {{"kafka:alerts", 7, true}, {"webhook:desk", 9, false, 3, 1, 130.5}};
  s.logs = {{"ingest", 4096}};
  s.open_by_age[static_cast<size_t>(detect::Severity::kRed)] = {0, 1, 0, 0, 1};
  s.version = "0.1.0";
  s.revision = "abc";
  s.http.requests = {{200, 5}, {404, 1}};
  return s;
}

TEST(Metrics, Exposition) {
  const std::string text = exposition(sample());
  for (const char* line : {
           "tocsin_events_read_total{source=\"grid\"} 12\n",
           "tocsin_events_rejected_total{source=\"grid\",reason=\"oversized\"} 1\n",
           "tocsin_watermark_lag_seconds{source=\"grid\"} 1.5\n",
           "tocsin_consumer_lag_records{topic=\"grid.events\",partition=\"3\"} 7\n",
           "tocsin_last_read_timestamp_seconds{source=\"grid\"} 1700000000.25\n",
           "tocsin_alerts_open{rule=\"waterlogging-cluster\",severity=\"red\"} 2\n",
           "tocsin_alerts_unacknowledged{rule=\"waterlogging-cluster\",severity=\"red\"} 1\n",
           "tocsin_alerts_unacknowledged_longest_seconds{rule=\"waterlogging-cluster\",severity=\"red\"} 90.5\n",
           "tocsin_alerts_open_by_age{severity=\"red\",age=\"1h\"} 1\n",
           "tocsin_alerts_open_by_age{severity=\"red\",age=\"older\"} 1\n",
           "tocsin_alerts_open_by_age{severity=\"blue\",age=\"15m\"} 0\n",
           "tocsin_sink_up{sink=\"webhook:desk\"} 0\n",
           "tocsin_sink_depth{sink=\"kafka:alerts\"} 7\n",
           "tocsin_sink_waiting_seconds{sink=\"webhook:desk\"} 130.5\n",
           "tocsin_sink_waiting_seconds{sink=\"kafka:alerts\"} 0\n",
           "tocsin_sink_failures_total{sink=\"webhook:desk\"} 3\n",
           "tocsin_sink_refused_total{sink=\"webhook:desk\"} 1\n",
           "tocsin_log_bytes{topic=\"ingest\"} 4096\n",
           "tocsin_alerts_open{rule=\"waterlogging-cluster\",severity=\"blue\"} 0\n",
           "tocsin_alert_transitions_total{rule=\"waterlogging-cluster\",type=\"opened\"} 4\n",
           "tocsin_commit_seconds_bucket{le=\"0.002\"} 0\n",
           "tocsin_commit_seconds_bucket{le=\"0.005\"} 1\n",
           "tocsin_commit_seconds_bucket{le=\"+Inf\"} 2\n",
           "tocsin_commit_seconds_count 2\n",
           "tocsin_reload_success 1\n",
           "tocsin_http_requests_total{status=\"404\"} 1\n",
           "tocsin_build_info{version=\"0.1.0\",revision=\"abc\"} 1\n",
           "# TYPE tocsin_commit_seconds histogram\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

// A lag of 0 where nothing is known misleads; the sample is absent.
TEST(Metrics, UnknownIsAbsent) {
  const std::string text = exposition(sample());
  EXPECT_THAT(text, Not(HasSubstr("police.events")));
  EXPECT_THAT(text, Not(HasSubstr("tocsin_state_bytes ")));
  EXPECT_THAT(text, Not(HasSubstr("tocsin_kafka_up ")));
  EXPECT_THAT(text, Not(HasSubstr("unacknowledged_longest_seconds{rule=\"waterlogging-cluster\",severity=\"blue\"}")));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

// Ones, twos and fives of each decade; the last is +Inf and holds all.
TEST(Metrics, BucketsOfAHistogram) {
  LatencyHistogram latency;
  for (const int64_t ms : {1, 2, 3, 40, 900, 99'000, 500'000}) latency.record_ms(ms);
  MetricsSnapshot s;
  s.alert_latency = latency.snapshot();
  std::istringstream lines(exposition(s));
  std::vector<std::string> buckets;
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kStart = "tocsin_alert_latency_seconds_bucket{le=\"";
    if (line.starts_with(kStart)) buckets.push_back(line.substr(kStart.size()));
  }
  EXPECT_THAT(buckets, testing::ElementsAre("0.001\"} 1", "0.002\"} 2", "0.005\"} 3", "0.01\"} 3", "0.02\"} 3",
                                            "0.05\"} 4", "0.1\"} 4", "0.2\"} 4", "0.5\"} 4", "1\"} 5", "2\"} 5",
                                            "5\"} 5", "10\"} 5", "20\"} 5", "50\"} 5", "100\"} 6", "+Inf\"} 7"));
  for (const Metric& m : table()) {
    const size_t n = bounds_of(m).size();
    if (m.kind == Kind::kHistogram) {
      EXPECT_TRUE(n >= 10 && n <= 20) << m.name << " has " << n;
    } else {
      EXPECT_EQ(n, 0u) << m.name;
    }
  }
}

TEST(Metrics, TableFollowsTheConventions) {
  const std::regex name("tocsin_[a-z_]+");
  const std::set<std::string_view> allowed = {"source", "reason", "topic", "partition", "rule",     "severity", "type",
                                              "status", "sink",   "age",   "version",   "revision", "table"};
  std::set<std::string_view> seen;
  for (const Metric& m : table()) {
    EXPECT_TRUE(std::regex_match(std::string(m.name), name)) << m.name;
    EXPECT_TRUE(seen.insert(m.name).second) << m.name;
    EXPECT_EQ(m.kind == Kind::kCounter, m.name.ends_with("_total")) << m.name;
    EXPECT_TRUE(m.name.find(m.unit) != std::string_view::npos) << m.name;
    EXPECT_FALSE(m.help.empty()) << m.name;
    EXPECT_FALSE(m.help_zh.empty()) << m.name;
    EXPECT_EQ(m.help.find('|'), std::string_view::npos) << m.name;  // it stands in a table of Markdown
    EXPECT_EQ(m.kind == Kind::kHistogram, m.buckets.most > 0) << m.name;
    for (const auto label : m.labels) EXPECT_TRUE(allowed.contains(label)) << label;
  }
}

TEST(Metrics, TheContractsMetricsAreThere) {
  std::set<std::string_view> names;
  for (const Metric& m : table()) names.insert(m.name);
  for (const char* wanted : {"tocsin_events_read_total",
                             "tocsin_events_rejected_total",
                             "tocsin_events_duplicate_total",
                             "tocsin_events_late_total",
                             "tocsin_watermark_lag_seconds",
                             "tocsin_consumer_lag_records",
                             "tocsin_consumer_lag_seconds",
                             "tocsin_rule_matches_total",
                             "tocsin_rule_errors_total",
                             "tocsin_rule_eval_seconds",
                             "tocsin_alerts_open",
                             "tocsin_alert_transitions_total",
                             "tocsin_alert_latency_seconds",
                             "tocsin_state_keys",
                             "tocsin_state_bytes",
                             "tocsin_commit_seconds",
                             "tocsin_commit_age_seconds",
                             "tocsin_outbox_depth",
                             "tocsin_reload_success",
                             "tocsin_build_info"}) {
    EXPECT_TRUE(names.contains(wanted)) << wanted;
  }
}

TEST(Metrics, MarkdownHasARowForEach) {
  const std::string text = markdown();
  std::istringstream lines(text);
  size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with("| `tocsin_") ? 1 : 0;
  EXPECT_EQ(count, table().size());
  EXPECT_THAT(text, HasSubstr("| `tocsin_events_rejected_total` | counter |  | `source`, `reason` |"));
  EXPECT_THAT(text, HasSubstr("| 最近一次重新读取规则已生效为 1，否则为 0。 |\n"));
}

}  // namespace
}  // namespace tocsin::metrics
