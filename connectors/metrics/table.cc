// The table of metrics: the one place where their names, types, units, labels and meanings stand.
#include "connectors/metrics/rows.h"

namespace tocsin::metrics {
namespace {

using S = MetricsSnapshot;

std::string name_of(size_t severity) { return std::string(detect::name_of(static_cast<detect::Severity>(severity))); }

template <auto Member>
void one(const S& s, Samples& out) {
  out.add(s.*Member);
}
template <auto Part, auto Member>
void of(const S& s, Samples& out) {
  out.add(s.*Part.*Member);
}
template <auto Member>
void per_source(const S& s, Samples& out) {
  for (const auto& source : s.sources) out.add(source.*Member, {source.source});
}
template <auto Member>
void per_partition(const S& s, Samples& out) {
  for (const auto& part : s.partitions) out.add(part.*Member, {part.topic, std::to_string(part.partition)});
}
template <auto Member>
void per_rule(const S& s, Samples& out) {
  for (const auto& rule : s.rules) out.add(rule.*Member, {rule.rule});
}
template <auto Member>
void per_severity(const S& s, Samples& out) {
  for (const auto& rule : s.rules) {
    for (size_t i = 1; i < kSeverities; ++i) out.add(rule.open[i].*Member, {rule.rule, name_of(i)});  // 0 is kNone
  }
}
void by_age(const S& s, Samples& out) {
  for (size_t i = 1; i < kSeverities; ++i) {
    for (size_t a = 0; a < kAges.size(); ++a) out.add(s.open_by_age[i][a], {name_of(i), std::string(kAges[a].name)});
  }
}
void rejected(const S& s, Samples& out) {
  for (const auto& source : s.sources) {
    for (const auto& [reason, count] : source.rejected) out.add(count, {source.source, reason});
  }
}
void transitions(const S& s, Samples& out) {
  for (const auto& rule : s.rules) {
    for (size_t i = 0; i < kTransitionTypes; ++i) {
      out.add(rule.transitions[i], {rule.rule, std::string(alert::name_of(static_cast<alert::TransitionType>(i)))});
    }
  }
}
void sinks_up(const S& s, Samples& out) {
  for (const auto& sink : s.sinks) out.add(uint64_t{sink.up}, {sink.sink});
}
void sinks_depth(const S& s, Samples& out) {
  for (const auto& sink : s.sinks) out.add(sink.depth, {sink.sink});
}
void sinks_waiting(const S& s, Samples& out) {
  for (const auto& sink : s.sinks) out.add(sink.waiting_seconds, {sink.sink});
}
void sinks_failed(const S& s, Samples& out) {
  for (const auto& sink : s.sinks) out.add(sink.failed, {sink.sink});
}
void sinks_refused(const S& s, Samples& out) {
  for (const auto& sink : s.sinks) out.add(sink.refused, {sink.sink});
}
void logs(const S& s, Samples& out) {
  for (const auto& log : s.logs) out.add(log.bytes, {log.topic});
}
template <auto Member>
void per_table(const S& s, Samples& out) {
  for (const auto& table : s.tables) out.add(table.*Member, {table.table});
}
void requests(const S& s, Samples& out) {
  for (const auto& [status, count] : s.http.requests) out.add(count, {std::to_string(status)});
}
void build(const S& s, Samples& out) { out.add(uint64_t{1}, {s.version, s.revision}); }
void reload(const S& s, Samples& out) { out.add(uint64_t{s.reload_success}); }

constexpr auto kCounter = Kind::kCounter;
constexpr auto kGauge = Kind::kGauge;
constexpr auto kHistogram = Kind::kHistogram;

// What comes in.
std::vector<Row> input_rows() {
  return {
      {{"tocsin_events_read_total",
        kCounter,
        "",
        {"source"},
        "Records read from each source's log, good or bad.",
        "从各来源日志读入的记录数，无论好坏。"},
       per_source<&SourceMetrics::read>},
      {{"tocsin_events_rejected_total",
        kCounter,
        "",
        {"source", "reason"},
        "Records that could not be read as events and went to the dead letters, by reason.",
        "无法读作事件、进入死信的记录数，按原因分。"},
       rejected},
      {{"tocsin_events_duplicate_total",
        kCounter,
        "",
        {},
        "Events seen before in the same or a higher revision; they changed nothing.",
        "已有同一或更高修订号、因而未产生影响的重复事件数。"},
       one<&S::duplicate>},
      {{"tocsin_events_late_total",
        kCounter,
        "",
        {"source"},
        "Events older than the watermark when they came: kept as late records, open no alert.",
        "到达时已早于水位线的事件数：留作迟到记录，不触发告警。"},
       per_source<&SourceMetrics::late>},
      {{"tocsin_last_read_timestamp_seconds",
        kGauge,
        "seconds",
        {"source"},
        "When a record of the source was last read, since the epoch; the start of the service until one is.",
        "最近一次读到该来源记录的时刻（纪元秒）；尚未读到时为服务启动时刻。"},
       per_source<&SourceMetrics::last_read_seconds>},
      {{"tocsin_watermark_lag_seconds",
        kGauge,
        "seconds",
        {"source"},
        "The clock less the source's watermark: how far behind now the source's event time is.",
        "当前时钟减去该来源水位线：其事件时间落后于现在多少。"},
       per_source<&SourceMetrics::watermark_lag_seconds>},
      {{"tocsin_consumer_lag_records",
        kGauge,
        "records",
        {"topic", "partition"},
        "Records in the log that are not yet taken in; absent while unknown.",
        "日志中尚未读入的记录数；未知时不出现。"},
       per_partition<&PartitionMetrics::lag_records>},
      {{"tocsin_consumer_lag_seconds",
        kGauge,
        "seconds",
        {"topic", "partition"},
        "Age of the record at which reading stands, by the log's clock; 0 at the log's head, absent while unknown.",
        "当前读取位置的记录已有多久（按日志时间）；读到末尾为 0，未知时不出现。"},
       per_partition<&PartitionMetrics::lag_seconds>},
      {{"tocsin_kafka_up",
        kGauge,
        "",
        {},
        "1 while brokers answer, else 0; absent where no Kafka is used.",
        "Kafka 代理有应答为 1，否则为 0；不使用 Kafka 时不出现。"},
       one<&S::kafka_up>},
      {{"tocsin_log_bytes",
        kGauge,
        "bytes",
        {"topic"},
        "What the embedded log keeps of each topic.",
        "内嵌日志各主题所保留的字节数。"},
       logs},
  };
}

// What is judged, and what comes of it.
std::vector<Row> alert_rows() {
  return {
      {{"tocsin_rule_matches_total",
        kCounter,
        "",
        {"rule"},
        "Events that a rule's where accepted.",
        "满足规则 where 条件的事件数。"},
       per_rule<&RuleMetrics::matches>},
      {{"tocsin_rule_errors_total",
        kCounter,
        "",
        {"rule"},
        "Evaluations of a rule that ended in an error.",
        "规则求值出错的次数。"},
       per_rule<&RuleMetrics::errors>},
      {{"tocsin_rule_eval_seconds",
        kHistogram,
        "seconds",
        {},
        "Time to put one event to the rules (conditions, keys, values); every 64th event is measured.",
        "把一条事件交各规则判断（条件、键、取值）所用时间；每 64 条测一次。",
        {1e-6, 0.1}},
       one<&S::rule_eval>},
      {{"tocsin_judge_seconds",
        kHistogram,
        "seconds",
        {},
        "Time in which the shards judge one batch: detectors, alerts, rules over alerts.",
        "各分片判断一批事件所用时间：检测、告警、告警之上的规则。",
        {1e-4, 10}},
       one<&S::judge>},
      {{"tocsin_alerts_open",
        kGauge,
        "",
        {"rule", "severity"},
        "Alerts that are neither resolved nor closed, by severity.",
        "尚未解除或关闭的告警数，按级别分。"},
       per_severity<&RuleMetrics::Open::open>},
      {{"tocsin_alerts_open_by_age",
        kGauge,
        "",
        {"severity", "age"},
        "Open alerts by how long ago (event time) they opened: up to 15m, 1h, 4h, 1d, older; not of rules in shadow.",
        "未结告警按已开时长（事件时间）分：15m、1h、4h、1d 以内及更久；不含影子规则。"},
       by_age},
      {{"tocsin_alerts_unacknowledged",
        kGauge,
        "",
        {"rule", "severity"},
        "Open alerts that nobody has acknowledged; not of rules in shadow.",
        "无人确认的未结告警数；不含影子规则。"},
       per_severity<&RuleMetrics::Open::unacknowledged>},
      {{"tocsin_alerts_unacknowledged_longest_seconds",
        kGauge,
        "seconds",
        {"rule", "severity"},
        "How long ago (event time) the eldest unacknowledged alert opened; absent when there is none.",
        "最久未确认的告警已开多久（事件时间）；没有时不出现。"},
       per_severity<&RuleMetrics::Open::longest_seconds>},
      {{"tocsin_alert_transitions_total",
        kCounter,
        "",
        {"rule", "type"},
        "Transitions of alerts, by type.",
        "告警状态变化次数，按类型分。"},
       transitions},
      {{"tocsin_alert_latency_seconds",
        kHistogram,
        "seconds",
        {},
        "From the log's timestamp of the record that caused a transition to its publication.",
        "从引起变化的记录进入日志到变化发布的时间。",
        {1e-3, 100}},
       one<&S::alert_latency>},
  };
}

// What is kept, and what goes out.
std::vector<Row> output_rows() {
  return {
      {{"tocsin_state_keys",
        kGauge,
        "",
        {"rule"},
        "Keys (places, cases, areas) that a rule remembers.",
        "规则所记的键（地点、事件、区域）的个数。"},
       per_rule<&RuleMetrics::state_keys>},
      {{"tocsin_state_bytes", kGauge, "bytes", {}, "Memory of all rules' state.", "全部规则状态所占内存。"},
       one<&S::state_bytes>},
      {{"tocsin_state_disk_bytes", kGauge, "bytes", {}, "Size of the state directory.", "状态目录的大小。"},
       of<&S::disk, &DiskMetrics::state_bytes>},
      {{"tocsin_disk_free_bytes",
        kGauge,
        "bytes",
        {},
        "Free on the file system of the state directory.",
        "状态目录所在文件系统的可用空间。"},
       of<&S::disk, &DiskMetrics::free_bytes>},
      {{"tocsin_disk_size_bytes",
        kGauge,
        "bytes",
        {},
        "Size of the file system of the state directory.",
        "状态目录所在文件系统的总容量。"},
       of<&S::disk, &DiskMetrics::size_bytes>},
      {{"tocsin_commit_seconds",
        kHistogram,
        "seconds",
        {},
        "Time of one durable commit, the write to disk alone.",
        "一次持久提交（写盘）所用时间。",
        {1e-4, 100}},
       one<&S::commit>},
      {{"tocsin_commit_age_seconds",
        kGauge,
        "seconds",
        {},
        "Time since the last commit; a service with nothing to do commits all the same.",
        "距上次提交的时间；无事可做时也照常提交。"},
       one<&S::commit_age_seconds>},
      {{"tocsin_outbox_depth",
        kGauge,
        "",
        {},
        "Transitions committed but not yet delivered to every receiver.",
        "已提交、但尚未送达每个去处的变化数。"},
       one<&S::outbox_depth>},
      {{"tocsin_sink_depth",
        kGauge,
        "",
        {"sink"},
        "Transitions committed but not yet delivered to this receiver.",
        "已提交、但尚未送达该去处的变化数。"},
       sinks_depth},
      {{"tocsin_sink_waiting_seconds",
        kGauge,
        "seconds",
        {"sink"},
        "How long the oldest change that this receiver has not taken has been committed, counted from the start where "
        "it is older; 0: none waits.",
        "该去处尚未收下的最早一条变化自提交起已等待的时间（早于启动的从启动起算）；无积压时为 0。"},
       sinks_waiting},
      {{"tocsin_sink_up",
        kGauge,
        "",
        {"sink"},
        "0 when the receiver takes nothing because of a fault that trying again does not mend (no such address, no "
        "right); "
        "else 1.",
        "去处因重试无法恢复的故障（地址不存在、无权限等）收不到告警时为 0，否则为 1。"},
       sinks_up},
      {{"tocsin_sink_failures_total",
        kCounter,
        "",
        {"sink"},
        "Attempts to reach a webhook or an Alertmanager that did not succeed; they are made again.",
        "送往 webhook 或 Alertmanager 未成功的次数；会重试。"},
       sinks_failed},
      {{"tocsin_sink_refused_total",
        kCounter,
        "",
        {"sink"},
        "Transitions that a webhook or an Alertmanager refused (400, 413, 415, 422) and that were given up; the log "
        "names "
        "them.",
        "被 webhook 或 Alertmanager 拒绝（400、413、415、422）而放弃的变化数；日志会列出。"},
       sinks_refused},
      {{"tocsin_reload_success",
        kGauge,
        "",
        {},
        "1 when the last reload of the rules was applied, else 0.",
        "最近一次重新读取规则已生效为 1，否则为 0。"},
       reload},
      {{"tocsin_reload_timestamp_seconds",
        kGauge,
        "seconds",
        {},
        "When the rules in force were read, since the epoch.",
        "现行规则读入的时刻（纪元秒）。"},
       one<&S::reloaded_seconds>},
      {{"tocsin_table_rows",
        kGauge,
        "",
        {"table"},
        "Rows of a reference table that comes from a Kafka topic, as read so far.",
        "来自 Kafka 主题的参照表已读入的行数。"},
       per_table<&TableMetrics::rows>},
      {{"tocsin_table_rejected_total",
        kCounter,
        "",
        {"table"},
        "Records of a table's topic that do not fit the table; their rows stay as they were, the log names them.",
        "不符合参照表声明的主题记录数；原行不变，日志会列出。"},
       per_table<&TableMetrics::rejected>},
  };
}

// The program itself.
std::vector<Row> program_rows() {
  return {
      {{"tocsin_shards", kGauge, "", {}, "Shards that the rules' keys are dealt out to.", "分担规则键的分片数。"},
       one<&S::shards>},
      {{"tocsin_process_cpu_seconds_total",
        kCounter,
        "seconds",
        {},
        "Processor time of the process.",
        "进程所用处理器时间。"},
       of<&S::process, &ProcessMetrics::cpu_seconds>},
      {{"tocsin_process_resident_bytes", kGauge, "bytes", {}, "Memory of the process in RAM.", "进程占用的物理内存。"},
       of<&S::process, &ProcessMetrics::resident_bytes>},
      {{"tocsin_process_open_files",
        kGauge,
        "",
        {},
        "Open file descriptors, sockets among them.",
        "已打开的文件描述符数（含套接字）。"},
       of<&S::process, &ProcessMetrics::open_files>},
      {{"tocsin_start_timestamp_seconds",
        kGauge,
        "seconds",
        {},
        "When the service started, since the epoch.",
        "服务启动的时刻（纪元秒）。"},
       of<&S::process, &ProcessMetrics::start_seconds>},
      {{"tocsin_http_requests_total",
        kCounter,
        "",
        {"status"},
        "HTTP requests answered, by status code.",
        "已应答的 HTTP 请求数，按状态码分。"},
       requests},
      {{"tocsin_http_connections",
        kGauge,
        "",
        {},
        "Open HTTP connections, event streams among them.",
        "打开的 HTTP 连接数（含事件流）。"},
       of<&S::http, &HttpMetrics::connections>},
      {{"tocsin_http_streams", kGauge, "", {}, "Open event streams.", "打开的事件流数。"},
       of<&S::http, &HttpMetrics::streams>},
      {{"tocsin_http_streams_cut_total",
        kCounter,
        "",
        {},
        "Event streams cut off because their reader was too slow; it may resume.",
        "因读取过慢而被切断的事件流数；可以续读。"},
       of<&S::http, &HttpMetrics::streams_cut>},
      {{"tocsin_http_sign_in_failures_total", kCounter, "", {}, "Tokens that are none.", "无效令牌的登录次数。"},
       of<&S::http, &HttpMetrics::sign_in_failures>},
      {{"tocsin_audit_unlisted_total",
        kCounter,
        "",
        {},
        "Requests of people who have not signed in, left out of the audit log because there were too many.",
        "未登录者的请求过多、未再记入审计日志的次数。"},
       of<&S::http, &HttpMetrics::audit_unlisted>},
      {{"tocsin_audit_lost_total",
        kCounter,
        "",
        {},
        "Entries that could not be written to the audit log; the service's log names them.",
        "未能写入审计日志的条数；服务日志会列出。"},
       of<&S::http, &HttpMetrics::audit_lost>},
      {{"tocsin_build_info",
        kGauge,
        "",
        {"version", "revision"},
        "Always 1; the labels say what runs.",
        "恒为 1；标签说明运行的是哪个版本。"},
       build},
  };
}

}  // namespace

const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = [] {
    std::vector<Row> all;
    for (auto&& part : {input_rows(), alert_rows(), output_rows(), program_rows()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kRows;
}

}  // namespace tocsin::metrics
