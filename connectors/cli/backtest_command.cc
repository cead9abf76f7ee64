// tocsin backtest: what rules, or each value of a param, would have raised on a log.
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>

#include "connectors/backtest/telling.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/format_option.h"
#include "connectors/cli/progress_line.h"
#include "rule/variants.h"

namespace tocsin::cli {
namespace {

struct BacktestOptions {
  RuleInputs rules;
  std::vector<std::string> inputs, against, areas;
  std::string feed, set, labels, format = "text", lateness = "10m";
  uint32_t shards = 1;
  bool list = false;  // the alerts too
  size_t listed = 20;
};

volatile std::sig_atomic_t interrupted = 0;

// What every run of this call has in common.
struct Setting {
  const BacktestOptions& options;
  TimeZone zone;
  DurationMs lateness = 0;
  std::optional<backtest::Labels> labels;
  const backtest::Labels* truth() const { return labels ? &*labels : nullptr; }
};

// Names of towns, for people: of the files given, else of all that Tocsin has. What cannot be read has no names.
AreaTable area_names(const std::vector<std::string>& given) {
  AreaTable out;
  for (const std::string& path : area_tables(given)) {
    const auto text = read_text(path);
    if (text) static_cast<void>(out.load_csv(*text, path).is_ok());
  }
  return out;
}

Result<std::unique_ptr<FileInput>> open_input(const Setting& s) {
  const DecoderRequest request{.feed = s.options.feed,
                               .zone = s.zone,
                               .lateness = s.lateness,
                               .key = privacy_key_or_trial(),
                               .areas = s.options.areas};
  return FileInput::open(s.options.inputs, request, false);
}

Result<backtest::Ran> run(const Setting& s, const backtest::Trial& trial, bool keep_events) {
  auto input = open_input(s);
  if (!input) return input.error();
  backtest::Log log;
  log.source = &(*input)->source();
  log.decoder = [&](uint32_t partition) { return (*input)->decoder(partition); };
  log.before_reading = [&] { return (*input)->read_headers(); };
  ProgressLine line((*input)->source());
  backtest::RunOptions options;
  options.zone = s.zone;
  options.shards = s.options.shards;
  options.keep_events = keep_events;
  options.keep_words = s.options.list;
  options.go_on = [&](uint64_t events) {
    line.show(events);
    return interrupted == 0;
  };
  auto ran = backtest::run(trial, log, s.truth(), options);
  if (!ran) return ran.error();
  if (ran->stopped) return unavailable("interrupted");
  if (!ran->rejection.empty()) {
    std::cerr << say("note: the first record that was rejected: ", "注：第一条被拒的记录：") << ran->rejection << '\n';
  }
  if (ran->totals.read + ran->totals.skipped == 0 && ran->damage.empty())
    return not_found("there is no record in the input");
  return ran;
}

// The rules below `paths`, or the swept one. Faults are printed.
Result<backtest::Trial> trial(const Setting& s, const std::vector<std::string>& paths,
                              const backtest::SweepRequest* request) {
  RuleInputs inputs = s.options.rules;
  inputs.paths = paths;
  inputs.lateness = s.lateness;
  auto rules = load_rules(inputs);
  if (!rules) return rules.error();
  if (request == nullptr) return backtest::trial_of(std::move(*rules));
  auto load = load_options(inputs);
  if (!load) return load.error();
  std::vector<rule::Diagnostic> diagnostics;
  auto swept = backtest::sweep((*rules)->files(), *load, *request, diagnostics);
  if (swept) return swept;
  print(diagnostics);
  // What is wrong was printed, at its place.
  if (swept.error().code != Code::kInvalid) return swept;
  return invalid(say(swept.error().message, "规则在 " + request->name() + " 的所给取值下无法编译"));
}

void print_notes(const backtest::Trial& trial, const backtest::Ran& ran) {
  for (size_t i = 0; i < ran.counters.size(); ++i) {
    const runtime::RuleCounters& c = ran.counters[i];
    if (c.errors == 0) continue;
    std::cerr << unjudged(trial.rules->rules()[i].id, c.errors, c.last_error) << '\n';
  }
  for (const std::string& d : ran.damage) std::cerr << say("tocsin: error: ", "tocsin: 错误：") << d << '\n';
}

int backtest_command(const BacktestOptions& o) {
  std::optional<backtest::SweepRequest> request;
  if (!o.set.empty()) {
    auto parsed = backtest::parse_sweep(o.set);
    if (!parsed) {
      return fail(kUsage, parsed.error().message,
                  "--set " + o.set +
                      "：无法读懂；请写 规则.参数=值1,值2,…，用半角逗号隔开，没有区间写法，值不空、不重复，最多 " +
                      std::to_string(rule::kMaxVariants) + " 个");
    }
    request = std::move(*parsed);
  }
  if (!o.against.empty() && request && request->values.size() > 1) {
    return fail(kUsage, "--against compares two versions: give --set one value with it",
                "--against 比较两个版本：--set 只能给一个值");
  }
  if (!o.against.empty() && std::ranges::find(o.inputs, "-") != o.inputs.end()) {
    return fail(kUsage, "--against reads the input twice, and standard input can be read only once: give a file",
                "--against 要读两遍输入，而标准输入只能读一遍：请给文件");
  }
  auto zone = TimeZone::load(o.rules.zone);
  if (!zone) return fail(zone.error());
  auto lateness = parse_duration(o.lateness);
  if (!lateness) return fail(lateness.error());
  Setting s{o, *zone, *lateness, {}};
  if (!o.labels.empty()) {
    auto text = read_text(o.labels);
    if (!text) return fail(text.error());
    auto labels = backtest::Labels::parse(*text, o.labels, s.zone);
    if (!labels) return fail(kUsage, labels.error().message, "标注无法使用：" + labels.error().message);
    s.labels = std::move(*labels);
  }
  if (!o.feed.empty()) {  // a feed has a lateness of its own, which is part of what a rule is
    auto input = open_input(s);
    if (!input) return fail(input.error());
    s.lateness = (*input)->decoder(0)->lateness();
  }
  auto here = trial(s, o.rules.paths, request ? &*request : nullptr);
  if (!here) return fail(here.error());
  std::optional<backtest::Trial> there;
  if (!o.against.empty()) {
    auto made = trial(s, o.against, nullptr);
    if (!made) return fail(made.error());
    there = std::move(*made);
    if (request) there = backtest::only(*there, request->rule);
  }
  auto ran = run(s, *here, there.has_value());
  if (!ran) return fail(ran.error());
  const backtest::Report report = backtest::report(here->columns, ran->stories, ran->days(), s.truth());
  const AreaTable areas = area_names(o.areas);
  backtest::Telling telling{*here, *ran, report, s.truth()};
  telling.areas = &areas;
  telling.zone = s.zone;
  telling.alerts = o.list;
  telling.listed = o.listed;
  std::optional<backtest::Ran> other;
  backtest::Difference difference;
  if (there) {
    auto second = run(s, *there, true);
    if (!second) return fail(second.error());
    other = std::move(*second);
    difference = backtest::compare(here->columns, ran->stories, there->columns, other->stories);
    telling.difference = &difference;
    for (const std::string& path : o.against) telling.against += (telling.against.empty() ? "" : " ") + path;
  }
  const size_t width = terminal_width(STDOUT_FILENO);
  std::cout << (o.format == "json" ? backtest::to_json(telling) + "\n"
                                   : backtest::to_text(telling, language(), width == 0 ? 80 : width));
  print_notes(*here, *ran);
  return ran->damage.empty() ? kWell : kFound;
}

}  // namespace

void add_backtest(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("backtest", "What rules, or each value of a param, would have raised on a log",
                                     "规则（或参数的各个取值）在历史数据上会报出什么");
  auto o = std::make_shared<BacktestOptions>();
  command->add_option("--rules", o->rules.paths, "rule files and folders")->required();
  command->add_option("--input", o->inputs, "files: plain, gzip or zstd; - is standard input")->required();
  command->add_option("--feed", o->feed, "how records become events: a name or a file (default: canonical events)");
  command->add_option("--set", o->set, "RULE.PARAM=A,B,C: this rule alone, under each value, in one pass");
  command->add_option("--labels", o->labels, "what really was, one JSON object a line, as simulate --labels writes it");
  command->add_option("--against", o->against, "another version of the rules: the difference, alert by alert");
  const Option* list = command
                           ->add_option("--list", o->listed,
                                        "list the alerts too; with a number, so many of them, of misses and of "
                                        "differences")
                           ->capture_default_str()
                           ->optional_value();
  command->add_option("--calendar", o->rules.calendar, "calendar of working time: a name or a file");
  command->add_option("--areas", o->areas, "CSV files of area codes: codes of their cities must exist");
  command->add_option("--zone", o->rules.zone, "civil time zone")->capture_default_str();
  command->add_option("--lateness", o->lateness, "allowed lateness of canonical events (feeds have their own)")
      ->capture_default_str();
  command->add_option("--shards", o->shards, "threads that judge")->between(1, 64)->capture_default_str();
  add_format(*command, o->format);
  command->callback([o, list, &exit_code] {
    o->list = list->given();
    std::signal(SIGINT, [](int) { interrupted = 1; });
    std::signal(SIGTERM, [](int) { interrupted = 1; });
    exit_code = backtest_command(*o);
  });
}

}  // namespace tocsin::cli
