// What a row costs a key: windows in order over many keys, windows over one large key, sequences, clusters in a storm,
// matters among many live texts.
//   build/release/benchmarks/detect_bench
#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <random>

#include "alert/key_state.h"
#include "event/likeness.h"

namespace {

using namespace tocsin;

struct Quiet : alert::Emitter {
  void emit(alert::Transition t) override { bytes += t.json.size(); }
  size_t bytes = 0;
};

rule::Rule rule_of(detect::RuleKind kind, DurationMs within, std::string_view fire) {
  rule::Rule r;
  r.id = "bench";
  detect::Plan& p = r.plan;
  p.kind = kind;
  p.within = {Span::Unit::kPlain, within};
  p.quiet = p.reopen = within;
  p.radius_m = 500;
  p.cells = 1;
  expr::Env env;
  detect::Aggregate count, distinct;
  count.text = "count()";
  distinct.op = detect::AggregateOp::kDistinct;
  distinct.cell = 0;
  distinct.text = "distinct(place)";
  p.aggregates = {count, distinct};
  env.variable("a0", expr::Type::of(expr::Type::Kind::kInt));
  env.variable("a1", expr::Type::of(expr::Type::Kind::kInt));
  expr::Faults faults;
  p.fire = expr::compile(fire, env, faults);
  p.severity = {{detect::Severity::kYellow, nullptr}};
  return r;
}

// Feeds `keys` keys with rows in order of time, one a second.
void feed(benchmark::State& bench, const rule::Rule& rule, size_t keys) {
  const size_t steps = rule.plan.steps.size();
  std::vector<std::unique_ptr<alert::KeyState>> states(keys);
  Quiet quiet;
  Arena arena;
  std::mt19937_64 rng(1);
  TimeMs now = 1'700'000'000'000;
  uint64_t uid = 0;
  for (auto _ : bench) {
    const size_t k = rng() % keys;
    if (states[k] == nullptr) states[k] = alert::make_key_state(rule, {k, k}, "[\"330282004\"]");
    const std::string place = "place-" + std::to_string(rng() % 1000);
    const expr::Value cell = expr::Value::string(place);
    detect::Row row;
    row.uid = ++uid * 0x9e3779b97f4a7c15u;
    row.time = now += 1000;
    row.watermark = now;
    row.source = "grid";
    row.id = "2023110000123456";
    row.city = "330282";
    row.town = "330282004";
    row.village = "330282004001";
    row.grid = "330282004001007";
    row.cells = {&cell, 1};
    if (steps > 0) row.roles = 1U << rng() % steps;
    arena.reset();
    alert::Context context{rule, 0, TimeZone::utc(), now, arena, quiet};
    states[k]->add(row, context);
    while (states[k]->next_deadline() < now) states[k]->advance(states[k]->next_deadline(), context);
  }
  bench.SetItemsProcessed(bench.iterations());
  size_t bytes = 0;
  for (const auto& s : states) bytes += s == nullptr ? 0 : s->bytes();
  bench.counters["bytes_per_key"] = static_cast<double>(bytes) / static_cast<double>(keys);
}

void windows(benchmark::State& bench, size_t keys, DurationMs within, std::string_view fire) {
  feed(bench, rule_of(detect::RuleKind::kWindow, within, fire), keys);
}

// Three steps, and one that must not come; every event is one of the four. `fire` judges the events of the matches.
void sequences(benchmark::State& bench, size_t keys, DurationMs within, std::string_view fire) {
  rule::Rule rule = rule_of(detect::RuleKind::kSequence, within, fire);
  rule.plan.steps = {{"a", false}, {"", true}, {"b", false}, {"c", false}};
  rule.plan.max_rows_per_key = 5000;
  feed(bench, rule, keys);
}

void BM_WindowManyKeys(benchmark::State& s) { windows(s, 100'000, 7 * 86'400'000, "a1 >= 20"); }
void BM_WindowManyKeysCount(benchmark::State& s) { windows(s, 100'000, 7 * 86'400'000, "a0 >= 20"); }
void BM_WindowFewKeys(benchmark::State& s) { windows(s, 500, 4'000'000, "a1 >= 20"); }
void BM_WindowHundredRows(benchmark::State& s) { windows(s, 1000, 100'000'000, "a1 >= 200"); }
void BM_WindowOneLargeKey(benchmark::State& s) { windows(s, 1, 50'000'000, "a1 >= 2000"); }
BENCHMARK(BM_WindowManyKeys)->Iterations(2'000'000);
BENCHMARK(BM_WindowManyKeysCount)->Iterations(2'000'000);
BENCHMARK(BM_WindowFewKeys);
BENCHMARK(BM_WindowHundredRows);
BENCHMARK(BM_WindowOneLargeKey);

// No match is judged to hold, so this is what a row costs by itself; then with alerts opening.
void BM_SequenceManyKeys(benchmark::State& s) { sequences(s, 100'000, 7 * 86'400'000, "a1 >= 1000"); }
void BM_SequenceHundredRows(benchmark::State& s) { sequences(s, 1000, 100'000'000, "a1 >= 1000"); }
void BM_SequenceHundredRowsHolding(benchmark::State& s) { sequences(s, 1000, 100'000'000, "a0 >= 3"); }
BENCHMARK(BM_SequenceManyKeys)->Iterations(2'000'000);
BENCHMARK(BM_SequenceHundredRows);
BENCHMARK(BM_SequenceHundredRowsHolding);

// Reports over a city of 20 km, `a_day` a day, and an hour's storm of ten times that.
void BM_Clusters(benchmark::State& bench) {
  const rule::Rule rule = rule_of(detect::RuleKind::kCluster, 3'600'000, "a1 >= 3");
  const auto a_day = static_cast<DurationMs>(bench.range(0));
  auto state = alert::make_key_state(rule, {1, 1}, "[]");
  Quiet quiet;
  Arena arena;
  std::mt19937_64 rng(1);
  TimeMs now = 1'700'000'000'000;
  uint64_t uid = 0;
  for (auto _ : bench) {
    now += static_cast<DurationMs>(rng() % static_cast<uint64_t>(2 * 86'400'000 / a_day));
    const std::string place = "place-" + std::to_string(rng() % 5000);
    const expr::Value cell = expr::Value::string(place);
    detect::Row row;
    row.uid = ++uid * 0x9e3779b97f4a7c15u;
    row.time = row.watermark = now;
    row.source = "grid";
    row.id = "2023110000123456";
    row.lon = 121.2 + static_cast<double>(rng() % 20000) / 96000;
    row.lat = 30.1 + static_cast<double>(rng() % 20000) / 111000;
    row.cells = {&cell, 1};
    arena.reset();
    alert::Context context{rule, 0, TimeZone::utc(), now, arena, quiet};
    state->add(row, context);
    while (state->next_deadline() < now) state->advance(state->next_deadline(), context);
  }
  bench.SetItemsProcessed(bench.iterations());
}
BENCHMARK(BM_Clusters)->Arg(1'500)->Arg(15'000)->Arg(150'000);

// Texts of 120 ideographs, few frequent and many rare; one in twenty is of a matter that others have too.
std::string a_text(std::mt19937_64& rng) {
  std::string out;
  const auto append = [&](std::mt19937_64& from, int n) {
    for (int i = 0; i < n; ++i) {
      const uint32_t c = 0x5000 + static_cast<uint32_t>(from() % (10 + from() % 2990));
      out += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    }
  };
  const bool shared = rng() % 20 == 0;
  if (shared) {
    std::mt19937_64 matter(rng() % 100);
    append(matter, 60);
  }
  append(rng, shared ? 60 : 120);
  return out;
}

void BM_Fingerprint(benchmark::State& bench) {
  std::mt19937_64 rng(1);
  std::vector<std::string> texts(1000);
  for (std::string& t : texts) t = a_text(rng);
  Arena arena;
  size_t i = 0;
  for (auto _ : bench) {
    benchmark::DoNotOptimize(fingerprint(texts[i++ % texts.size()], arena));
    arena.reset();
  }
  bench.SetItemsProcessed(bench.iterations());
}
BENCHMARK(BM_Fingerprint);

// One key with as many live texts as the argument says.
void BM_Similar(benchmark::State& bench) {
  const DurationMs within = bench.range(0) * 1000 / 2;  // rows live for two spans
  rule::Rule rule = rule_of(detect::RuleKind::kSimilar, within, "a1 >= 3");
  rule.plan.cells = 2;
  rule.plan.same.place = 0;
  rule.plan.same.fingerprint = 1;
  for (unsigned facts = 0; facts < detect::Same::kFacts; ++facts) {
    rule.plan.same.least[facts] = (facts & detect::Same::kPlace) != 0 ? 0.3 : 0.4;
  }
  auto state = alert::make_key_state(rule, {1, 1}, "[]");
  Quiet quiet;
  Arena arena;
  std::mt19937_64 rng(1);
  TimeMs now = 1'700'000'000'000;
  uint64_t uid = 0;
  std::vector<std::string> prints(20'000);
  for (std::string& p : prints) {
    p = fingerprint(a_text(rng), arena);
    arena.reset();
  }
  const auto add = [&] {
    now += 1000;
    const std::string place = "place-" + std::to_string(rng() % 5000);
    const std::array cells = {expr::Value::string(place), expr::Value::string(prints[uid % prints.size()])};
    detect::Row row;
    row.uid = ++uid * 0x9e3779b97f4a7c15u;
    row.time = row.watermark = now;
    row.source = "grid";
    row.id = "2023110000123456";
    row.cells = cells;
    arena.reset();
    alert::Context context{rule, 0, TimeZone::utc(), now, arena, quiet};
    state->add(row, context);
    while (state->next_deadline() < now) state->advance(state->next_deadline(), context);
  };
  for (int64_t i = 0; i < bench.range(0); ++i) add();
  for (auto _ : bench) add();
  bench.SetItemsProcessed(bench.iterations());
  bench.counters["bytes_per_row"] = static_cast<double>(state->bytes()) / static_cast<double>(bench.range(0));
}
BENCHMARK(BM_Similar)->Arg(1'000)->Arg(10'000)->Arg(50'000);

}  // namespace

BENCHMARK_MAIN();
