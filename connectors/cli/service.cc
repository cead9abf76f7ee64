#include "connectors/cli/service.h"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <random>
#include <thread>

#include "connectors/cli/backend.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/files.h"
#include "connectors/cli/inputs.h"
#include "connectors/cli/kafka_parts.h"
#include "connectors/cli/log.h"
#include "connectors/cli/receiver_watch.h"
#include "connectors/cli/receivers.h"
#include "connectors/cli/recovery_log.h"
#include "connectors/cli/reloader.h"
#include "connectors/cli/service_metrics.h"
#include "connectors/cli/topic_tables.h"
#include "connectors/http/server.h"
#include "runtime/pipeline.h"
#include "runtime/stored_rules.h"

namespace tocsin::cli {

namespace {
constexpr char kInstance[] = "instance";
constexpr size_t kLookUpsWaiting = 64;
}  // namespace

class Service::Impl {
 public:
  explicit Impl(const Config& config) : config_(config) {}
  Status open();
  Status run(std::atomic<bool>& stopping, std::atomic<bool>& reloading);
  uint16_t port() const { return server_ == nullptr ? 0 : server_->port(); }
  // Whether open() made the state's directory: nothing of worth is in it until run().
  bool made_state() const { return made_state_; }

 private:
  Status open_store();
  std::vector<rule::SourceFile> stored_rules();
  Status open_rules();
  Status open_state();
  runtime::Engine::Options engine_options() const;
  Inputs::Of inputs_of(const runtime::Progress& progress, bool second) const;
  Status add_sinks();
  Status open_instance();
  Result<std::string> kept_random(const std::string& name);
  Status open_ingest();
  Status open_http();
  RuleInputs rule_inputs() const;
  runtime::Pipeline::Options reading() const;
  std::unique_ptr<RuleWarmUp> warm_up(const runtime::Engine& live, std::shared_ptr<const rule::RuleSet> rules) const;
  std::unique_ptr<runtime::Engine> warm_up_at_start(const runtime::Engine& recovered, const rule::RuleSet& rules) const;
  void open_reloader();
  void rules_changed();
  void step_tables();
  void retain_logs(TimeMs now);
  std::vector<http::Check> readiness();

  const Config config_;
  SystemClock clock_;
  std::string key_, instance_;
  bool made_state_ = false;
  TimeZone zone_ = TimeZone::utc();
  std::shared_ptr<const rule::RuleSet> rules_;
  rule::LoadOptions load_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<TopicTables> tables_;
  std::unique_ptr<state::Log> log_;
  std::unique_ptr<runtime::Engine> engine_;
  std::unique_ptr<runtime::Publisher> publisher_;
  std::unique_ptr<runtime::Pipeline> pipeline_;
  std::unique_ptr<Inputs> inputs_;
  std::vector<std::unique_ptr<runtime::Sink>> sinks_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<RuleDesk> desk_;
  std::unique_ptr<ServiceStatus> status_;
  std::unique_ptr<ServiceBackend> backend_;
  std::unique_ptr<Lanes> lanes_;  // their tasks use the desk and the backend
  ServiceMetrics metrics_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<http::Server> server_;

  std::mutex mutex_;
  std::atomic<bool> loop_runs_{false};
  size_t told_damage_ = 0;
  std::string trouble_;  // guarded by mutex_: why the loop does not get on
  ReceiverWatch receivers_;
};

RuleInputs Service::Impl::rule_inputs() const {
  RuleInputs inputs;
  inputs.paths = config_.rules;
  inputs.calendar = config_.calendar;
  inputs.zone = config_.zone;
  inputs.lateness = config_.lateness;
  inputs.log_keeps = log_keeps(config_);
  inputs.rows = [tables = tables_.get()](const rule::SourceFile& declaration) { return tables->rows_of(declaration); };
  return inputs;
}

Status Service::Impl::open_store() {
  if (store_ != nullptr) return {};
  std::error_code ec;
  const bool made = std::filesystem::create_directories(config_.state, ec);
  if (ec) return invalid("state: the directory " + config_.state + " cannot be made: " + ec.message());
  auto store = state::open_rocksdb(config_.state);
  if (!store) return store.error();
  store_ = std::move(*store);
  made_state_ = made;  // not where another start was quicker: then it is that one's
  return {};
}

// What the state was written under; nothing where it cannot be read, which opening it will tell.
std::vector<rule::SourceFile> Service::Impl::stored_rules() {
  if (!open_store()) return {};
  const auto bytes = store_->get(state::Table::kMeta, runtime::kRulesKey);
  auto stored = bytes ? runtime::decode_rules(*bytes) : Result<runtime::StoredRules>(bytes.error());
  return stored ? std::move(stored->files) : std::vector<rule::SourceFile>();
}

Status Service::Impl::open_rules() {
  auto zone = TimeZone::load(config_.zone);
  if (!zone) return zone.error();
  zone_ = *zone;
  auto key = privacy_key();
  if (!key) return key.error();
  key_ = *key;
  tables_ = std::make_unique<TopicTables>(
      TopicTables::Of{config_.kafka, zone_, config_.table_refresh, [this] { return stored_rules(); }});
  auto rules = load_rules(rule_inputs());
  if (!rules) return rules.error();
  rules_ = *rules;
  bool open = false;
  const std::set<std::string> fed = fed_by(config_, open);
  for (const std::string& gap : source_gaps(*rules_, fed, open)) log::warn({"sources ", gap});
  return {};
}

runtime::Engine::Options Service::Impl::engine_options() const {
  runtime::Engine::Options options;
  options.shards = static_cast<uint32_t>(config_.shards);
  options.zone = zone_;
  return options;
}

Status Service::Impl::open_state() {
  if (auto s = open_store(); !s) return s;
  if (auto s = check_key(*store_, key_, config_.state); !s) return s;
  state::LogOptions log_options;
  log_options.retain = config_.log_retain;
  log_options.retain_of[kAuditTopic] = kAuditKept;
  log_options.retain_bytes = static_cast<uint64_t>(config_.log_retain_mib) << 20;
  auto log = state::Log::open(*store_, {kIngestTopic, kActionsTopic, kAuditTopic}, log_options);
  if (!log) return log.error();
  log_ = std::move(*log);
  runtime::Engine::Options options = engine_options();
  options.score = true;
  options.ticker = steady_ns;
  options.checkpoint_bytes = static_cast<size_t>(config_.checkpoint_mib) << 20;
  options.keep_ended = config_.keep_ended;
  options.max_ended = static_cast<size_t>(config_.max_ended);
  auto load = load_options(rule_inputs());
  if (!load) return load.error();
  load_ = *load;
  const auto warm_up = [this](const runtime::Engine& recovered, const rule::RuleSet& rules) {
    return warm_up_at_start(recovered, rules);
  };
  const auto told = std::make_shared<RecoveryLog>(clock_, [](const std::string& line) { log::info({line}); });
  options.recovering = [told](std::string_view part, uint64_t done, uint64_t of) { told->tell(part, done, of); };
  auto engine = runtime::Engine::open(options, rules_, store_.get(), recompile(*load), warm_up);
  if (!engine) return engine.error();
  engine_ = std::move(*engine);
  return {};
}

Inputs::Of Service::Impl::inputs_of(const runtime::Progress& progress, bool second) const {
  std::vector<std::string> known;
  for (const auto& [name, p] : progress.partitions) known.push_back(name);
  return {config_, zone_, key_, *log_, std::move(known), second};
}

runtime::Pipeline::Options Service::Impl::reading() const {
  runtime::Pipeline::Options options;
  options.batch_events = static_cast<size_t>(config_.batch_events);
  if (!config_.follow_clock) options.future = INT64_MAX / 4;
  return options;
}

std::unique_ptr<RuleWarmUp> Service::Impl::warm_up(const runtime::Engine& live,
                                                   std::shared_ptr<const rule::RuleSet> rules) const {
  if (config_.warm_up <= 0) return nullptr;
  runtime::Pipeline::Options options = reading();
  options.future_of_log = true;
  return std::make_unique<RuleWarmUp>(
      RuleWarmUp::Of{inputs_of(live.progress(), true), engine_options(), options, clock_.now(), config_.warm_up},
      std::move(rules), runtime::standpoint_of(live));
}

// The rules on disk are others than those that the state was written under.
std::unique_ptr<runtime::Engine> Service::Impl::warm_up_at_start(const runtime::Engine& recovered,
                                                                 const rule::RuleSet& rules) const {
  const auto fresh = recovered.to_warm_up(rules);
  const auto warming = fresh == nullptr ? nullptr : warm_up(recovered, fresh);
  if (warming == nullptr) return nullptr;
  warming->run();
  auto warm = warming->finish(recovered);
  std::vector<rule::Diagnostic> warnings;
  tell_warm_up(*warming, *fresh, warnings);
  print(warnings);
  return warm;
}

void Service::Impl::rules_changed() {
  rules_ = engine_->rules_ptr();
  if (backend_ == nullptr) return;
  backend_->set_rules(rules_);
  desk_->set_rules(rules_);
}

void Service::Impl::step_tables() {
  auto rules = tables_->step(engine_->rules(), load_);
  if (rules == nullptr) return;
  reloader_->bring(std::move(rules), [this](const Status& status, uint64_t paused_ns) {
    tables_->brought(status, paused_ns);
    if (status) rules_changed();
  });
}

void Service::Impl::open_reloader() {
  reloader_ = std::make_unique<Reloader>(Reloader::Parts{
      *engine_, rule_inputs(),
      [this](std::shared_ptr<const rule::RuleSet> rules) { return warm_up(*engine_, std::move(rules)); },
      [this](const http::ReloadResult& result) {
        if (result.applied) {
          rules_changed();
          tables_->reloaded(*rules_);
        }
        metrics_.set_reload(result.applied, clock_.now());
      }});
}

Status Service::Impl::add_sinks() {
  for (const AlertsConfig& a : config_.alerts) {
    auto sink = make_receiver(a, {config_.kafka, instance_, *engine_, clock_});
    if (!sink) return sink.error();
    sinks_.push_back(std::move(*sink));
    publisher_->add(*sinks_.back(), a.shadow ? runtime::Takes::kShadow : runtime::Takes::kInForce);
  }
  return {};
}

// Made once with the state directory, 64 bits in hexadecimal a part.
Result<std::string> Service::Impl::kept_random(const std::string& name) {
  auto stored = store_->get(state::Table::kMeta, name);
  if (stored || stored.error().code != Code::kNotFound) return stored;
  std::random_device random;
  std::string made;
  for (int i = 0; i < (name == kInstance ? 1 : 4); ++i) made += hex(uint64_t{random()} << 32 | random());
  state::Batch batch;
  batch.puts.push_back({state::Table::kMeta, name, made});
  if (auto s = store_->write(batch, true); !s) return s.error();
  return made;
}

// Kafka sinks count their sequences under it.
Status Service::Impl::open_instance() {
  auto made = kept_random(kInstance);
  if (!made) return made.error();
  instance_ = *std::move(made);
  return {};
}

Status Service::Impl::open_ingest() {
  Ingest::Append append = [this](std::span<const std::string_view> payloads) {
    return log_->append(kIngestTopic, payloads, clock_.now());
  };
  if (std::ranges::none_of(config_.sources,
                           [](const SourceConfig& s) { return s.kind == SourceConfig::Kind::kIngest; })) {
    // What nobody reads must not be answered as taken.
    append = [](std::span<const std::string_view>) -> Result<uint64_t> {
      return conflict("this service has no ingest source; add `- ingest: {}` to the sources of its config");
    };
  }
  if (!config_.ingest_topic.empty()) {
    auto kafka = make_kafka_append(config_.kafka, config_.ingest_topic);
    if (!kafka) return kafka.error();
    append = std::move(*kafka);
  }
  ingest_ = std::make_unique<Ingest>(
      [this](const std::string& feed) {
        return make_decoder({feed, zone_, config_.lateness, key_, config_.known_sources, false, config_.areas});
      },
      std::move(append));
  return {};
}

Status Service::Impl::open_http() {
  if (auto s = open_ingest(); !s) return s;
  audit_ = std::make_unique<AuditLog>(*log_, clock_);
  lanes_ = std::make_unique<Lanes>(kLookUpsWaiting);
  status_ = std::make_unique<ServiceStatus>(clock_.now());
  desk_ = std::make_unique<RuleDesk>(RuleDesk::Setup{.inputs = rule_inputs(),
                                                     .zone = zone_,
                                                     .key = key_,
                                                     .known_sources = config_.known_sources,
                                                     .areas = config_.areas,
                                                     .backtest = config_.backtest,
                                                     .log = *log_,
                                                     .outcomes = [this] { return outcome_labels(*engine_, *store_); }},
                                     lanes_->looks);
  desk_->set_rules(rules_);
  backend_ = std::make_unique<ServiceBackend>(ServiceBackend::Parts{
      .engine = *engine_,
      .store = *store_,
      .log = *log_,
      .ingest = *ingest_,
      .audit = *audit_,
      .clock = clock_,
      .reload = [this](http::Completion<http::ReloadResult> done) { reloader_->request(std::move(done)); },
      .readiness = [this] { return readiness(); },
      .desk = *desk_,
      .status = *status_,
      .lanes = *lanes_,
      .zone = zone_,
      .follow_clock = config_.follow_clock});
  backend_->set_rules(rules_);
  backend_->set_silences(engine_->policy().silences());
  backend_->committed(engine_->progress().outbox);
  http::Options options;
  options.answer_timeout += config_.warm_up;  // a reload is answered after it
  options.address = config_.http_address;
  options.port = static_cast<uint16_t>(config_.http_port);
  options.hosts = config_.http_hosts;
  options.zone = config_.zone;
  options.area_names = area_names_json(config_.areas);
  if (!config_.http_boundaries.empty()) {
    auto text = read_text(config_.http_boundaries);
    if (!text) return invalid("http.boundaries: " + text.error().message);
    options.boundaries = *std::move(text);
  }
  options.certificate = config_.http_certificate;
  options.key = config_.http_key;
  options.accounts = config_.http_tokens;
  if (!options.accounts.empty()) {
    auto key = kept_random("http.session_key");
    if (!key) return key.error();
    options.session_key = *std::move(key);
  }
  server_ = std::make_unique<http::Server>(*backend_, metrics_, options);
  return server_->start();
}

Status Service::Impl::open() {
  if (auto s = open_rules(); !s) return s;
  if (auto s = open_state(); !s) return s;
  if (auto s = open_instance(); !s) return s;
  publisher_ = std::make_unique<runtime::Publisher>(*engine_);
  runtime::Pipeline::Options options = reading();
  options.idle_after = config_.follow_clock ? config_.idle_after : INT64_MAX / 4;
  pipeline_ = std::make_unique<runtime::Pipeline>(*engine_, *publisher_, options, &clock_);
  pipeline_->ticker = steady_ns;
  auto inputs = Inputs::open(inputs_of(engine_->progress(), false));
  if (!inputs) return inputs.error();
  inputs_ = std::move(*inputs);
  for (const auto& input : inputs_->inputs()) pipeline_->add(*input.source, input.decoder);
  pipeline_->add(inputs_->add_actions(*log_), [](uint32_t) { return nullptr; });
  if (auto s = add_sinks(); !s) return s;
  if (auto s = pipeline_->open(); !s) {
    // A log that no longer reaches back to the state is no fault of the config, which kNotFound would mean to the
    // caller.
    return s.error().code == Code::kNotFound ? unavailable(s.error().message) : s;
  }
  if (auto s = inputs_->read_headers(); !s) return s;
  open_reloader();
  if (config_.http) {
    if (auto s = open_http(); !s) return s;
  }
  pipeline_->after_commit = [this] {
    if (backend_ != nullptr) {
      backend_->set_silences(engine_->policy().silences());
      backend_->committed(engine_->progress().outbox);
      status_->refresh(*engine_, *publisher_, *pipeline_, inputs_->sources(), *log_, clock_.now());
    }
    metrics_.refresh({*engine_, *publisher_, *pipeline_, inputs_->sources(), sinks_, *log_, config_.state, *tables_,
                      !config_.kafka.empty(), config_.follow_clock},
                     clock_.now());
  };
  return keep_key(*store_, key_);  // last: a start that failed decides nothing
}

// What the service cannot work without, then what is only worse without it (deploy/README.md, "Watching it").
std::vector<http::Check> Service::Impl::readiness() {
  using For = http::Check::For;
  std::vector<http::Check> checks;
  const auto add = [&](std::string name, For what, std::string trouble) {
    const bool ok = trouble.empty();
    checks.push_back({std::move(name), ok, std::move(trouble), what});
  };
  add("engine", For::kNeeded, loop_runs_ ? "" : "the engine's loop has not started or has ended");
  std::string trouble;
  {
    const std::lock_guard lock(mutex_);
    trouble = trouble_;
  }
  add("commits", For::kNeeded, trouble);
  if (auto kafka = kafka_trouble(inputs_->sources())) add("kafka", For::kNeeded, *std::move(kafka));
  if (!tables_->figures().empty()) add("tables", For::kSide, tables_->health());
  if (!sinks_.empty()) add("receivers", For::kSide, receivers_.trouble(sinks_));
  return checks;
}

// Drops what is old from the embedded log, never what the engine has not committed yet.
void Service::Impl::retain_logs(TimeMs now) {
  for (const std::string topic : {kIngestTopic, kActionsTopic, kAuditTopic}) {
    const auto it = engine_->progress().partitions.find("log/" + topic);
    const uint64_t next = it == engine_->progress().partitions.end() ? UINT64_MAX : it->second.next_offset;
    const uint64_t keep_from = topic == kAuditTopic ? UINT64_MAX : next == UINT64_MAX ? 0 : next;
    if (auto r = log_->retain(topic, now, keep_from); !r) {
      log::warn({"log topic=", topic, " retention=failed reason=\"", r.error().message, "\""});
    }
  }
}

Status Service::Impl::run(std::atomic<bool>& stopping, std::atomic<bool>& reloading) {
  loop_runs_ = true;
  tables_->started();
  log::info({"start rules=", std::to_string(rules_->rules().size()), " shards=", std::to_string(config_.shards),
             " state=", config_.state, " http=", config_.http_address, ":", std::to_string(port())});
  TimeMs retained = 0;
  Status result;
  while (!stopping && result.is_ok()) {
    reloader_->step(reloading);
    if (!reloader_->busy()) step_tables();
    auto state = pipeline_->step();
    const bool full = !state && state.error().code == Code::kExhausted;
    {
      const std::lock_guard lock(mutex_);
      if (full && trouble_.empty()) log::error({"commit result=refused reason=\"", state.error().message, "\""});
      trouble_ = full ? state.error().message : std::string();
    }
    receivers_.look(*publisher_, sinks_, clock_.now());
    if (full) {
      std::this_thread::sleep_for(std::chrono::seconds(1));  // nothing is lost: the batch is kept and tried again
    } else if (!state) {
      result = state.error();
    } else if (*state == runtime::Pipeline::State::kEnd) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (const TimeMs now = clock_.now(); now - retained > 60'000) {
      retained = now;
      retain_logs(now);
      for (; told_damage_ < pipeline_->damage().size(); ++told_damage_) {
        log::error({"source damage=\"", pipeline_->damage()[told_damage_], "\""});
      }
    }
  }
  tables_->end();
  if (server_ != nullptr) server_->stop();
  reloader_.reset();
  ingest_.reset();
  lanes_.reset();  // their tasks use the desk
  desk_.reset();
  audit_.reset();
  Status stopped = result ? pipeline_->stop(10'000) : Status();
  if (!stopped && stopped.error().code == Code::kUnavailable) {  // nothing is lost: the next start goes on with it
    log::warn({"stop receivers=behind reason=\"", stopped.error().message, "\""});
    stopped = {};
  }
  loop_runs_ = false;
  if (result && !stopped) result = stopped;
  log::info({"stop events=", std::to_string(engine_->progress().totals.read),
             " transitions=", std::to_string(engine_->progress().totals.transitions),
             " result=", result ? "clean" : result.error().message});
  return result;
}

Service::Service() = default;
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::open(const Config& config) {
  std::unique_ptr<Service> service(new Service());
  service->impl_ = std::make_unique<Impl>(config);
  if (auto s = service->impl_->open(); !s) {
    const bool made = service->impl_->made_state();
    service.reset();
    std::error_code ec;
    if (made) std::filesystem::remove_all(config.state, ec);  // as it was before
    return s.error();
  }
  return service;
}

Status Service::run() { return impl_->run(stopping_, reloading_); }
uint16_t Service::port() const { return impl_->port(); }

}  // namespace tocsin::cli
