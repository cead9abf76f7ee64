// What one event costs before the engine sees it: canonical JSON with two identities to tokenise and a text to mask, in
// the order of the contract and in another one; the same re-read from our own log; and a CSV row through a feed.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "connectors/feed/feed.h"
#include "event/event_reader.h"
#include "event/mask.h"

namespace tocsin {
namespace {

constexpr size_t kRecords = 1000;  // a batch: the arena is reset after it

std::string in_order(size_t i) {
  const std::string n = std::to_string(100000 + i);
  return R"({"id":"grid-2024-)" + n + R"(","source":"grid","kind":"report","case":"C)" + n +
         R"(","occurred_at":"2024-07-01T08:30:00.250+08:00","category":"water.flooding.road","grade":2,"area":{"city":"330282","town":"330282004","village":"330282004201","grid":"G)" +
         n + R"("},"location":{"lon":121.241)" + n + R"(,"lat":30.170)" + n + R"(,"crs":"wgs84"},"reporter":"张三)" +
         n + R"(","respondent":"李四)" + n +
         R"(","text":"道路积水约半米，车辆无法通行，请尽快处理","flags":["trapped"],"values":{"depth_cm":45.5}})";
}

std::string out_of_order(size_t i) {
  const std::string n = std::to_string(100000 + i);
  return R"({"text":"道路积水约半米，车辆无法通行，请尽快处理","respondent":"李四)" + n + R"(","reporter":"张三)" + n +
         R"(","location":{"lat":30.170)" + n + R"(,"lon":121.241)" + n +
         R"(},"area":{"village":"330282004201","grid":"G)" + n +
         R"("},"grade":2,"category":"water.flooding.road","occurred_at":1719793800250,"kind":"report","source":"grid","id":"grid-2024-)" +
         n + R"(","values":{"depth_cm":45.5},"flags":["trapped"],"case":"C)" + n + R"("})";
}

IntakeOptions intake(bool trusted) {
  IntakeOptions o;
  o.privacy_key = "a secret of the benchmark";
  o.trusted = trusted;
  return o;
}

void read(benchmark::State& state, std::string (*make)(size_t), bool trusted) {
  std::vector<std::string> records;
  size_t bytes = 0;
  for (size_t i = 0; i < kRecords; ++i) bytes += records.emplace_back(make(i)).size();
  EventReader reader(intake(trusted));
  Arena arena;
  Event e;
  Refusal why;
  for (auto _ : state) {
    arena.reset();
    for (const std::string& r : records) {
      if (!reader.read(r, arena, e, why)) return state.SkipWithError(why.message.c_str());
      benchmark::DoNotOptimize(e);
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}
BENCHMARK_CAPTURE(read, canonical, in_order, false);
BENCHMARK_CAPTURE(read, other_order, out_of_order, false);
BENCHMARK_CAPTURE(read, trusted, in_order, true);

void token(benchmark::State& state) {
  const Tokenizer tokenizer("a secret of the benchmark");
  char out[Tokenizer::kTokenBytes];
  for (auto _ : state) {
    tokenizer.write_token("张三123456", out);
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(token);

void mask(benchmark::State& state, const char* text) {
  Arena arena;
  for (auto _ : state) {
    arena.reset();
    benchmark::DoNotOptimize(mask_text(text, arena));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(mask, no_digits, "道路积水约半米，车辆无法通行，请尽快处理，附近有学校和医院，老人较多");
BENCHMARK_CAPTURE(mask, phone, "道路积水约30厘米，联系人张先生，电话13812345678，车牌浙B12345，请尽快处理");

constexpr char kFeed[] = R"(feed:
  format: csv
  time_zone: Asia/Shanghai
  crs: wgs84
  tables: {category: {"0301": water.flooding.road, "0302": water.drainage}}
  fields:
    id: row.id
    kind: '"report"'
    occurred_at: row.time
    category: lookup("category", row.code)
    area: {town: row.town}
    location: {lon: row.lon, lat: row.lat}
    reporter: row.reporter
    text: row.title + "\n" + row.text
    flags: {trapped: row.text.contains("被困")}
    values: {depth_cm: row.depth}
    attrs: {address: row.address}
)";

void csv_feed(benchmark::State& state) {
  std::vector<rule::Diagnostic> faults;
  const auto feed = feed::load_feed(kFeed, "bench.yaml", faults);
  if (feed == nullptr) return state.SkipWithError("the feed does not load");
  feed::DecoderOptions options;
  options.intake = intake(false);
  const auto decoder = feed::make_decoder(feed, options);
  if (!decoder->set_header("id,time,code,town,lon,lat,reporter,title,text,depth,address"))
    return state.SkipWithError("header");
  std::vector<std::string> rows;
  for (size_t i = 0; i < kRecords; ++i) {
    const std::string n = std::to_string(100000 + i);
    rows.push_back("G" + n + ",2024-07-01 08:30:00,0301,330282004,121.241" + n + ",30.170" + n + ",张三" + n +
                   ",道路积水,\"道路积水约半米，车辆无法通行，有人被困\",45.5,三北大街1号\n");
  }
  Arena arena;
  Event e;
  runtime::Rejection why;
  for (auto _ : state) {
    arena.reset();
    for (const std::string& r : rows) {
      if (!decoder->decode(r, arena, e, why)) return state.SkipWithError(why.message.c_str());
      benchmark::DoNotOptimize(e);
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
}
BENCHMARK(csv_feed);

}  // namespace
}  // namespace tocsin

BENCHMARK_MAIN();
