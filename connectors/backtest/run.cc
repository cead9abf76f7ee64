#include "connectors/backtest/run.h"

#include <algorithm>

#include "rule/variants.h"

namespace tocsin::backtest {

double Ran::days() const {
  constexpr double kDay = 24.0 * 3600 * 1000;
  if (first == kNoTime) return 1;
  return std::max(1.0, static_cast<double>(last - first) / kDay);
}

uint64_t matches_of(const Trial& trial, const Ran& ran, const Column& column) {
  const auto& rules = trial.rules->rules();
  const auto is_its = [&](const rule::Rule& r) {
    if (r.id == column.id || r.variants == nullptr) return r.id == column.id;
    const auto& family = r.variants->rules;  // they share their rows, which are counted once
    return std::ranges::find(family, column.id, &rule::Rule::id) != family.end();
  };
  const auto index = static_cast<size_t>(std::ranges::find_if(rules, is_its) - rules.begin());
  return index < ran.counters.size() ? ran.counters[index].matches : 0;
}

Result<Ran> run(const Trial& trial, const Log& log, const Labels* labels, const RunOptions& options) {
  runtime::Engine::Options engine_options;
  engine_options.shards = options.shards;
  engine_options.zone = options.zone;
  auto engine = runtime::Engine::open(engine_options, trial.rules, nullptr, nullptr);
  if (!engine) return engine.error();
  Collector collector(trial.columns, labels, options.keep_events, options.keep_words);
  runtime::Publisher publisher(**engine);
  publisher.add(collector, runtime::Takes::kAll);
  runtime::Pipeline pipeline(**engine, publisher, runtime::Pipeline::Options{}, nullptr);
  Ran out;
  pipeline.pace = [&out](TimeMs t) { out.first = out.first == kNoTime ? t : std::min(out.first, t); };
  pipeline.add(*log.source, log.decoder);
  if (auto s = pipeline.open(); !s) return s.error();
  if (log.before_reading) {
    if (auto s = log.before_reading(); !s) return s.error();
  }
  for (;;) {
    auto state = pipeline.step();
    if (!state) return state.error();
    if (*state == runtime::Pipeline::State::kEnd) break;
    if (options.go_on && !options.go_on((*engine)->progress().totals.read)) {
      out.stopped = true;
      return out;
    }
  }
  if (auto s = pipeline.finish(0); !s) return s.error();
  if (const std::string fault = publisher.fault(); !fault.empty()) return internal(fault);
  out.stories = collector.take();
  out.last = (*engine)->greatest_event_time();
  out.totals = (*engine)->progress().totals;
  out.counters = (*engine)->rule_counters();
  out.damage = pipeline.damage();
  out.rejection = pipeline.first_rejection();
  return out;
}

}  // namespace tocsin::backtest
