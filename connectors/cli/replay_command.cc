// tocsin replay: the engine over files, in event time, to the end of the input.
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/check_names.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/progress_line.h"
#include "connectors/cli/speed.h"
#include "connectors/file/file_sink.h"
#include "connectors/file/file_source.h"
#include "runtime/pipeline.h"

namespace tocsin::cli {
namespace {

struct ReplayOptions {
  RuleInputs rules;
  std::vector<std::string> inputs, areas;
  std::string feed, alerts, state, speed = "max", until, format = "text", lateness = "10m";
  uint32_t shards = 1;
  size_t batch = 8192, checkpoint_mib = 64;
  bool no_sync = false, score = false;
};

volatile std::sig_atomic_t interrupted = 0;

void print_summary(const runtime::Engine& engine, double seconds, uint64_t read_now, bool json) {
  const runtime::Totals& t = engine.progress().totals;
  const double rate = seconds > 0 ? static_cast<double>(read_now) / seconds : 0;
  uint64_t errors = 0;
  for (const runtime::RuleCounters& c : engine.rule_counters()) errors += c.errors;
  if (json) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    const std::pair<std::string_view, uint64_t> counts[] = {{"events_read", t.read},
                                                            {"accepted", t.accepted},
                                                            {"rejected", t.rejected},
                                                            {"duplicate", t.duplicate},
                                                            {"late", t.late},
                                                            {"skipped", t.skipped},
                                                            {"alerts_opened", t.opened},
                                                            {"alerts_resolved", t.resolved},
                                                            {"transitions", t.transitions},
                                                            {"rules", engine.rules().rules().size()},
                                                            {"state_keys", engine.state_keys()},
                                                            {"rule_errors", errors}};
    for (const auto& [name, n] : counts) w.key(name).unsigned_integer(n);
    w.key("seconds").number(seconds).key("events_per_second").number(std::floor(rate)).end_object();
    std::cout << out << '\n';
    return;
  }
  const auto n = [](uint64_t count) { return std::to_string(count); };
  const std::string rules = n(engine.rules().rules().size()), keys = n(engine.state_keys());
  std::cout << say(n(t.read) + " events read: " + n(t.accepted) + " accepted, " + n(t.rejected) + " rejected, " +
                       n(t.duplicate) + " duplicate, " + n(t.late) + " late\n",
                   "读入 " + n(t.read) + " 条事件：接受 " + n(t.accepted) + "，拒绝 " + n(t.rejected) + "，重复 " +
                       n(t.duplicate) + "，迟到 " + n(t.late) + "\n")
            << say(n(t.opened) + " alerts opened, " + n(t.resolved) + " resolved, " + n(t.transitions) +
                       " transitions, by " + rules + " rules; " + keys + " keys in state\n",
                   "告警：开始 " + n(t.opened) + "，解除 " + n(t.resolved) + "，变化 " + n(t.transitions) + " 次；" +
                       rules + " 条规则，状态中 " + keys + " 个键\n");
  std::cout.precision(3);
  std::cout << seconds << say(" s, ", " 秒，") << static_cast<uint64_t>(rate) << say(" events/s", " 条/秒") << '\n';
  for (size_t i = 0; i < engine.rule_counters().size(); ++i) {
    const runtime::RuleCounters& c = engine.rule_counters()[i];
    if (c.errors == 0) continue;
    std::cerr << unjudged(engine.rules().rules()[i].id, c.errors, c.last_error) << '\n';
  }
}

Result<runtime::Pipeline::Options> pipeline_options(const ReplayOptions& o, const TimeZone& zone) {
  runtime::Pipeline::Options options;
  options.batch_events = o.batch;
  if (!o.until.empty()) {
    const auto t = parse_time(o.until, zone);
    if (!t) return invalid("--until: \"" + o.until + "\" is not an RFC 3339 time");
    options.until = *t;
  }
  return options;
}

int run_pipeline(const ReplayOptions& o, runtime::Engine& engine, FileInput& input, runtime::Publisher& publisher,
                 runtime::Pipeline::Options options) {
  auto speed = parse_speed(o.speed);
  if (!speed) return fail(speed.error());
  if (*speed > 0) options.batch_events = 1;
  runtime::Pipeline pipeline(engine, publisher, options, nullptr);
  Pace pace(*speed);
  if (*speed > 0) {
    pipeline.pace = [&](TimeMs t) {
      if (pace.ahead(t)) pace.wait(t);
    };
  }
  pipeline.add(input.source(), [&](uint32_t partition) { return input.decoder(partition); });
  if (auto s = pipeline.open(); !s) return fail(s.error());
  if (auto s = input.read_headers(); !s) return fail(s.error());
  const uint64_t already = engine.progress().totals.read;
  const uint64_t start = steady_ns();
  {
    ProgressLine line(input.source());
    for (;;) {
      auto state = pipeline.step();
      if (!state) return fail(state.error());
      if (*state == runtime::Pipeline::State::kEnd || interrupted != 0) break;
      line.show(engine.progress().totals.read - already);
    }
    const Status s = interrupted != 0 ? pipeline.stop(30'000) : pipeline.finish(30'000);
    if (!s) return fail(s.error());
  }
  const runtime::Totals& totals = engine.progress().totals;
  if (interrupted == 0 && pipeline.damage().empty() && totals.read + totals.skipped == 0) {
    return fail(kUsage, "there is no record in the input" + std::string(o.until.empty() ? "" : " up to --until"),
                "输入中没有记录" + std::string(o.until.empty() ? "" : "（--until 之前）"));
  }
  const double seconds = static_cast<double>(steady_ns() - start) / 1e9;
  print_summary(engine, seconds, engine.progress().totals.read - already, o.format == "json");
  std::set<std::string> fed;
  for (const auto& [source, of] : engine.progress().sources) {
    uint64_t taken = of.read;
    for (const auto& [reason, n] : of.rejected) taken -= std::min(taken, n);
    if (taken > 0) fed.insert(source);  // what could not be read is of no source
  }
  for (const std::string& gap : source_gaps(engine.rules(), fed, false))
    std::cerr << say("note: ", "注：") << gap << '\n';
  for (const std::string& d : pipeline.damage()) std::cerr << say("tocsin: error: ", "tocsin: 错误：") << d << '\n';
  if (interrupted != 0) return kCannotGoOn;
  return pipeline.damage().empty() ? kWell : kFound;
}

// Places in the state are kept by a file's name: the same file twice would be one partition read twice.
const std::string* named_twice(const std::vector<std::string>& paths) {
  for (auto it = paths.begin(); it != paths.end(); ++it) {
    if (std::find(paths.begin(), it, *it) != it) return &*it;
  }
  return nullptr;
}

int replay(const ReplayOptions& o) {
  if (const std::string* twice = named_twice(o.inputs))
    return fail(kUsage, *twice + " is named twice", *twice + " 给了两次");
  RuleInputs inputs = o.rules;
  auto zone = TimeZone::load(inputs.zone);
  if (!zone) return fail(zone.error());
  auto lateness = parse_duration(o.lateness);
  if (!lateness) return fail(lateness.error());
  auto input = FileInput::open(
      o.inputs, {.feed = o.feed, .zone = *zone, .lateness = *lateness, .key = privacy_key_or_trial(), .areas = o.areas},
      false);
  if (!input) return fail(input.error());
  inputs.lateness = (*input)->decoder(0)->lateness();
  auto rules = load_rules(inputs);
  if (!rules) return fail(rules.error());
  auto load = load_options(inputs);
  if (!load) return fail(load.error());

  std::unique_ptr<state::Store> store;
  if (!o.state.empty()) {
    auto opened = state::open_rocksdb(o.state);
    if (!opened) return fail(opened.error());
    store = std::move(*opened);
  }
  runtime::Engine::Options options;
  options.shards = o.shards;
  options.zone = *zone;
  options.sync = !o.no_sync;
  options.overlap = true;
  options.score = o.score;
  options.checkpoint_bytes = o.checkpoint_mib << 20;
  auto engine = runtime::Engine::open(options, *rules, store.get(), recompile(*load));
  if (!engine) return fail(engine.error());
  runtime::Publisher publisher(**engine);
  std::unique_ptr<file::FileSink> sink;
  if (!o.alerts.empty()) {
    auto made = file::FileSink::open({.path = o.alerts, .fresh = (*engine)->progress().outbox == 0});
    if (!made) return fail(made.error());
    sink = std::move(*made);
    publisher.add(*sink, runtime::Takes::kAll);
  }
  auto pipeline = pipeline_options(o, *zone);
  if (!pipeline) return fail(pipeline.error());
  return run_pipeline(o, **engine, **input, publisher, *pipeline);
}

}  // namespace

void add_replay(Command& app, int& exit_code) {
  auto* command =
      app.add_subcommand("replay", "Run the rules over files, in event time, to the end", "按事件时间在文件上跑完规则");
  auto o = std::make_shared<ReplayOptions>();
  command->add_option("--rules", o->rules.paths, "rule files and folders")->required();
  command->add_option("--input", o->inputs, "files: plain, gzip or zstd; - is standard input")->required();
  command->add_option("--feed", o->feed, "how records become events: a name or a file (default: canonical events)");
  command->add_option("--alerts", o->alerts, "write one CloudEvent a line here; - is standard output");
  command->add_option("--state", o->state, "keep state in this directory and go on where it stands");
  command->add_option("--shards", o->shards, "threads that judge")->between(1, 64)->capture_default_str();
  command->add_option("--speed", o->speed, "max, or a multiple of real time such as 60x")->capture_default_str();
  command->add_option("--until", o->until, "leave out what is later, and let time go on to here");
  command->add_option("--calendar", o->rules.calendar, "calendar of working time: a name or a file");
  command->add_option("--areas", o->areas, "CSV files of area codes: codes of their cities must exist");
  command->add_option("--zone", o->rules.zone, "civil time zone")->capture_default_str();
  command->add_option("--lateness", o->lateness, "allowed lateness of canonical events (feeds have their own)")
      ->capture_default_str();
  command->add_option("--batch", o->batch, "events a commit, at most")->between(1, 1'000'000)->capture_default_str();
  command->add_option("--checkpoint-mib", o->checkpoint_mib, "deltas between checkpoints")->between(1, 4096);
  command->add_flag("--no-sync", o->no_sync,
                    "do not wait for the disk (a crash of the machine may lose the last commits)");
  command->add_flag("--score", o->score, "keep scorecards with the state (`tocsin scorecard --state`)");
  add_format(*command, o->format);
  command->callback([o, &exit_code] {
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    exit_code = replay(*o);
  });
}

}  // namespace tocsin::cli
