#include "connectors/cli/config.h"

#include <algorithm>
#include <cstdlib>

#include "base/json_writer.h"
#include "connectors/cli/config_alerts.h"
#include "connectors/http/server.h"
#include "rule/yaml_file.h"

namespace tocsin::cli {
namespace {

using rule::yaml::Fields;
using rule::yaml::Node;
using rule::yaml::Reader;

struct Key {
  std::string_view name, type, doc;
};
// One table a map: reader and schema come from it.
constexpr Key kTop[] = {
    {"state", "string", "directory of the state; one service each"},
    {"zone", "string", "civil time zone of rules and pages (IANA name)"},
    {"time", "string", "clock: quiet sources follow the clock; log: only events move time"},
    {"shards", "integer", "threads that judge, 1 to 64"},
    {"rules", "array", "rule files and folders"},
    {"calendar", "string", "calendar of working time: a name in rules/calendars, or a file"},
    {"accept", "array", "source names that canonical events may carry; omitted: any"},
    {"areas", "array", "CSV files of area codes (rules/areas): a code of their cities must be among them"},
    {"kafka", "object", "librdkafka settings common to all sources and sinks"},
    {"sources", "array", "what is read: ingest, kafka or file, each with an optional feed"},
    {"alerts", "array", "who is told: kafka (topic), file (path), webhook (url) or alertmanager (urls)"},
    {"http", "object",
     "API, stream, page and metrics: address, port, hosts, tokens (name, sha256, role, area), tls (certificate, key), "
     "boundaries (a GeoJSON file); off: false"},
    {"backtest", "object", "what the rule desk tries rules on: input (files), feed, labels; omitted: the embedded log"},
    {"limits", "object",
     "bounds: batch_events, checkpoint_mib, lateness, idle_after, log_retain, log_retain_mib, keep_ended, max_ended, "
     "warm_up, table_refresh"}};
constexpr std::string_view kSourceKeys[] = {"ingest", "kafka", "file", "feed"};
constexpr std::string_view kKafkaSourceKeys[] = {"topics", "settings"};
constexpr std::string_view kFileSourceKeys[] = {"paths", "follow"};
constexpr std::string_view kIngestKeys[] = {"topic"};
constexpr std::string_view kHttpKeys[] = {"address", "port", "hosts", "tokens", "tls", "boundaries"};
constexpr std::string_view kTokenKeys[] = {"name", "sha256", "role", "area"};
constexpr std::string_view kTlsKeys[] = {"certificate", "key"};
constexpr std::string_view kBacktestKeys[] = {"input", "feed", "labels"};
constexpr size_t kMaxTokens = 1000;
constexpr std::string_view kLimitKeys[] = {"batch_events", "checkpoint_mib", "lateness",   "idle_after",
                                           "log_retain",   "log_retain_mib", "keep_ended", "max_ended",
                                           "warm_up",      "table_refresh"};

std::vector<std::string_view> names_of(std::span<const Key> keys) {
  std::vector<std::string_view> names;
  for (const Key& k : keys) names.push_back(k.name);
  return names;
}

// The value of one ${…} reference.
Result<std::string> reference(std::string_view body, const Lookup& lookup) {
  const size_t colon = body.find(':');
  const std::string name(body.substr(0, colon));
  const auto value = lookup(name);
  if (value && !value->empty()) return *value;
  if (colon == std::string_view::npos) {
    if (value) return *value;
    return invalid("the environment variable " + name + " is not set; set it, or write ${" + name + ":-default}");
  }
  const char op = colon + 1 < body.size() ? body[colon + 1] : '\0';
  const std::string rest(body.substr(std::min(body.size(), colon + 2)));
  if (op == '-') return rest;
  if (op == '?') return invalid(name + ": " + rest);
  return invalid("${" + std::string(body) + "}: after the colon stands - with a default or ? with a message");
}

Result<std::string> expand(std::string_view text, const Lookup& lookup) {
  std::string out;
  size_t at = 0;
  for (size_t open; (open = text.find("${", at)) != std::string_view::npos;) {
    out += text.substr(at, open - at);
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return invalid("${ without its }");
    auto value = reference(text.substr(open + 2, close - open - 2), lookup);
    if (!value) return value.error();
    out += *value;
    at = close + 1;
  }
  out += text.substr(at);
  return out;
}

class ConfigReader {
 public:
  ConfigReader(const Reader& read, Config& config) : read_(read), config_(config) {}

  void top(const Node& root) {
    const auto names = names_of(kTop);
    const Fields f(read_, root, names, "a config");
    if (f.require("state") != nullptr) f.read("state", config_.state);
    f.read("zone", config_.zone);
    if (const Node* n = f.get("zone"); n != nullptr && !TimeZone::load(config_.zone)) {
      fault(*n, "unknown-zone", "there is no time zone \"" + config_.zone + "\"",
            "没有名为 \"" + config_.zone + "\" 的时区");
    }
    if (const Node* n = f.get("time")) {
      static constexpr std::string_view kTimes[] = {"clock", "log"};
      size_t i = 0;
      if (read_.read_choice(*n, kTimes, i)) config_.follow_clock = i == 0;
    }
    integer(f, "shards", 1, 64, config_.shards);
    if (f.require("rules") != nullptr) f.read("rules", config_.rules);
    f.read("calendar", config_.calendar);
    f.read("accept", config_.known_sources);
    f.read("areas", config_.areas);
    if (const Node* n = f.get("kafka")) read_settings(read_, *n, config_.kafka);
    if (const Node* n = f.require("sources")) list(*n, [&](const Node& item) { source(item); });
    if (const Node* n = f.get("alerts"))
      list(*n, [&](const Node& item) { read_receiver(read_, item, config_.alerts); });
    if (const Node* n = f.get("http")) http(*n);
    if (const Node* n = f.get("backtest")) backtest(*n);
    if (const Node* n = f.get("limits")) limits(*n);
  }

 private:
  void fault(const Node& n, std::string code, std::string en, std::string zh) {
    read_.fault(n, {std::move(code), std::move(en), std::move(zh), "", ""});
  }
  template <typename F>
  void list(const Node& n, F&& each) {
    if (!read_.expect_list(n, "a list")) return;
    for (const Node& item : n.items) each(item);
  }
  void integer(const Fields& f, std::string_view key, int64_t least, int64_t most, int64_t& out) {
    if (const Node* n = f.get(key)) read_.read_integer(*n, least, most, out);
  }
  void duration(const Fields& f, std::string_view key, DurationMs& out) {
    if (const Node* n = f.get(key)) read_.read_duration(*n, out);
  }
  void source(const Node& item) {
    const Fields f(read_, item, kSourceKeys, "a source");
    const int kinds = (f.get("ingest") != nullptr) + (f.get("kafka") != nullptr) + (f.get("file") != nullptr);
    if (kinds != 1) {
      fault(item, "source-kind", "a source is exactly one of ingest, kafka and file",
            "数据源须是 ingest、kafka、file 三者之一");
      return;
    }
    SourceConfig s;
    f.read("feed", s.feed);
    if (const Node* n = f.get("ingest"); n != nullptr && n->kind != Node::Kind::kNull) {
      const Fields g(read_, *n, kIngestKeys, "ingest");
      g.read("topic", config_.ingest_topic);
    }
    if (const Node* n = f.get("kafka")) {
      s.kind = SourceConfig::Kind::kKafka;
      const Fields g(read_, *n, kKafkaSourceKeys, "a Kafka source");
      if (g.require("topics") != nullptr) g.read("topics", s.topics);
      if (const Node* m = g.get("settings")) read_settings(read_, *m, s.settings);
    }
    if (const Node* n = f.get("file")) {
      s.kind = SourceConfig::Kind::kFile;
      const Fields g(read_, *n, kFileSourceKeys, "a file source");
      if (g.require("paths") != nullptr) g.read("paths", s.paths);
      g.read("follow", s.follow);
    }
    config_.sources.push_back(std::move(s));
  }

  void http(const Node& n) {
    if (bool on = true; n.is_scalar() && n.plain && n.value == "false") {
      on = false;
      config_.http = on;
      return;
    }
    const Fields f(read_, n, kHttpKeys, "http");
    f.read("address", config_.http_address);
    integer(f, "port", 0, 65535, config_.http_port);
    f.read("hosts", config_.http_hosts);
    f.read("boundaries", config_.http_boundaries);
    if (const Node* m = f.get("tokens")) {
      list(*m, [&](const Node& item) { token(item); });
      if (m->items.size() > kMaxTokens) {
        fault(*m, "too-many", "at most 1000 tokens may be named", "最多可列 1000 个令牌");
      }
    }
    if (const Node* m = f.get("tls")) {
      const Fields g(read_, *m, kTlsKeys, "tls");
      if (g.require("certificate") != nullptr) g.read("certificate", config_.http_certificate);
      if (g.require("key") != nullptr) g.read("key", config_.http_key);
    }
    if (const Node* m = f.get("address")) {
      const Status s = http::check_address(config_.http_address, !config_.http_tokens.empty());
      if (!s)
        fault(*m, "http-address", s.error().message,
              "http.address 须为 IP 地址；未配置 http.tokens 时只能是本机地址 127.0.0.1");
    }
  }

  void token(const Node& item) {
    const Fields f(read_, item, kTokenKeys, "a token");
    http::Account a;
    if (f.require("name") != nullptr) f.read("name", a.name);
    if (f.require("sha256") != nullptr) f.read("sha256", a.sha256);
    const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (const Node* n = f.get("sha256");
        n != nullptr && (a.sha256.size() != 64 || !std::ranges::all_of(a.sha256, digit))) {
      fault(*n, "token-hash",
            "sha256 is the token's SHA-256 in 64 lower-case hexadecimal digits: printf %s TOKEN | sha256sum",
            "sha256 为令牌的 SHA-256，64 位小写十六进制：printf %s 令牌 | sha256sum");
    } else if (n != nullptr &&
               std::ranges::find(config_.http_tokens, a.sha256, &http::Account::sha256) != config_.http_tokens.end()) {
      fault(*n, "token-twice", "another token has this hash", "已有令牌使用此散列值");
    }
    if (const Node* n = f.require("role")) {
      static constexpr std::string_view kRoles[] = {"viewer", "officer", "planner", "admin"};
      size_t i = 0;
      if (read_.read_choice(*n, kRoles, i)) a.role = static_cast<http::Role>(i);
    }
    f.read("area", a.area);
    config_.http_tokens.push_back(std::move(a));
  }

  void backtest(const Node& n) {
    const Fields f(read_, n, kBacktestKeys, "backtest");
    f.read("input", config_.backtest.input);
    f.read("feed", config_.backtest.feed);
    f.read("labels", config_.backtest.labels);
  }

  void limits(const Node& n) {
    const Fields f(read_, n, kLimitKeys, "limits");
    integer(f, "batch_events", 1, 1'000'000, config_.batch_events);
    integer(f, "checkpoint_mib", 1, 4096, config_.checkpoint_mib);
    integer(f, "log_retain_mib", 1, 1 << 20, config_.log_retain_mib);
    duration(f, "lateness", config_.lateness);
    duration(f, "idle_after", config_.idle_after);
    duration(f, "log_retain", config_.log_retain);
    duration(f, "warm_up", config_.warm_up);
    duration(f, "table_refresh", config_.table_refresh);
    duration(f, "keep_ended", config_.keep_ended);
    integer(f, "max_ended", 1, 100'000'000, config_.max_ended);
  }

  const Reader& read_;
  Config& config_;
};

void schema_of(JsonWriter& w, std::string_view type, std::string_view doc) {
  w.begin_object().field("type", type).field("description", doc).end_object();
}

}  // namespace

DurationMs log_keeps(const Config& config) {
  const auto embedded = [&](const SourceConfig& s) {
    return s.kind == SourceConfig::Kind::kIngest && config.ingest_topic.empty();
  };
  return !config.sources.empty() && std::ranges::all_of(config.sources, embedded) ? config.log_retain : 0;
}

Lookup environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

std::optional<Config> parse_config(const std::string& text, const std::string& path,
                                   std::vector<rule::Diagnostic>& diagnostics, const Lookup& lookup) {
  const size_t before = diagnostics.size();
  const auto doc =
      rule::yaml::Document::parse(path, text, diagnostics, {}, [&](std::string_view s) { return expand(s, lookup); });
  if (doc == nullptr) return std::nullopt;
  Config config;
  config.path = path;
  const Reader read(*doc, diagnostics);
  ConfigReader(read, config).top(doc->root());
  for (size_t i = before; i < diagnostics.size(); ++i) {
    if (diagnostics[i].level == rule::Diagnostic::Level::kError) return std::nullopt;
  }
  return config;
}

std::string config_json_schema() {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema").field("title", "Tocsin config");
  w.field("type", "object").key("additionalProperties").boolean(false);
  w.key("required").begin_array().string("state").string("rules").string("sources").end_array();
  w.key("properties").begin_object();
  for (const Key& k : kTop) {
    w.key(k.name);
    if (k.name == "http") {
      w.begin_object().field("description", k.doc).end_object();
    } else if (k.name == "rules" || k.name == "accept" || k.name == "areas") {
      w.begin_object()
          .field("description", k.doc)
          .key("type")
          .begin_array()
          .string("array")
          .string("string")
          .end_array();
      w.end_object();
    } else {
      schema_of(w, k.type, k.doc);
    }
  }
  w.end_object().end_object();
  return out;
}

}  // namespace tocsin::cli
