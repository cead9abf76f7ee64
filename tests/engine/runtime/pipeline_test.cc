// The loop around the engine: partitions merged by event time, backlogs waited for, rejected records kept, quiet
// partitions following the clock, sinks that push back.
#include "runtime/pipeline.h"

#include "event/event_writer.h"
#include "text_source.h"

namespace tocsin::runtime {
namespace {

using testing::kMinute;
using testing::kStart;
using testing::LineDecoder;
using testing::TextSource;

class ListSink final : public Sink {
 public:
  std::string_view name() const override { return "list"; }
  Result<uint64_t> resume(uint64_t floor) override { return std::max(floor, held); }
  Status publish(std::span<const Outgoing> batch) override {
    if (full) return exhausted("full");
    for (const Outgoing& o : batch) {
      EXPECT_EQ(o.sequence, held + 1) << "in order, without a hole";
      held = o.sequence;
      texts.emplace_back(o.json);
    }
    return {};
  }
  uint64_t delivered() const override { return held; }
  Status flush(DurationMs) override { return {}; }
  bool full = false;
  uint64_t held = 0;
  std::vector<std::string> texts;
};

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time; }
  TimeMs time = kStart;
};

struct Desk {
  explicit Desk(state::Store* store = nullptr, ShardPool::Ticker ticker = nullptr) {
    auto opened = Engine::open({.ticker = ticker}, testing::rules(), store, testing::recompile);
    EXPECT_TRUE(opened);
    engine = std::move(*opened);
    publisher = std::make_unique<Publisher>(*engine);
    publisher->add(sink, Takes::kInForce);
  }
  std::unique_ptr<Pipeline> pipeline(Source& source, Pipeline::Options options = {}, const Clock* clock = nullptr) {
    auto p = std::make_unique<Pipeline>(*engine, *publisher, options, clock);
    p->add(source, [&](uint32_t) { return &decoder; });
    const Status s = p->open();
    EXPECT_TRUE(s) << s.error().message;
    return p;
  }
  void replay(Source& source, Pipeline::Options options = {}) {
    auto p = pipeline(source, options);
    for (;;) {
      auto state = p->step();
      ASSERT_TRUE(state) << state.error().message;
      if (*state == Pipeline::State::kEnd) break;
    }
    ASSERT_TRUE(p->finish(1000));
  }
  LineDecoder decoder;
  ListSink sink;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Publisher> publisher;
};

// n reports, minute by minute, places in turns.
std::vector<std::string> lines(int n) {
  std::vector<std::string> out;
  for (int i = 0; i < n; ++i)
    out.push_back("e" + std::to_string(i) + " " + std::to_string(i) + " " + std::to_string(i % 7));
  return out;
}

TEST(Pipeline, SeveralPartitionsGiveWhatOneGives) {
  const auto all = lines(200);
  Desk one;
  TextSource single({all});
  one.replay(single);
  ASSERT_GT(one.sink.texts.size(), 3u);
  for (const size_t parts : {2u, 5u}) {
    for (const size_t page : {1u, 3u, 50u}) {
      std::vector<std::vector<std::string>> dealt(parts);
      for (size_t i = 0; i < all.size(); ++i) dealt[(i * 7 + i / 3) % parts].push_back(all[i]);
      Desk several;
      TextSource source(dealt, false, page);
      several.replay(source);
      EXPECT_EQ(several.sink.texts, one.sink.texts) << parts << " partitions, pages of " << page;
    }
  }
}

// Records of one minute, in several partitions, that one log took at one time: their names decide, wherever they stand.
TEST(Pipeline, OfOneTimeItDoesNotMatterWhoStandsInWhichPartition) {
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back("e" + std::to_string(1000 + i) + " " + std::to_string(i / 5) + " " + std::to_string(i % 7));
  }
  Desk one;
  TextSource single({all});
  one.replay(single);
  ASSERT_GT(one.sink.texts.size(), 3u);
  for (const size_t step : {1u, 2u, 3u}) {
    std::vector<std::vector<std::string>> dealt(4);
    for (size_t i = 0; i < all.size(); ++i) dealt[3 - (i * step + i / 4) % 4].push_back(all[i]);
    Desk several;
    TextSource source(dealt);
    several.replay(source);
    EXPECT_EQ(several.sink.texts, one.sink.texts) << "dealt by steps of " << step;
  }
}

TEST(Pipeline, UntilLeavesLaterEventsAloneAndLetsTimeGoOn) {
  Desk desk;
  TextSource source({{"a 0 1", "b 1 2", "c 2 3", "d 500 4"}});
  Pipeline::Options options;
  options.until = kStart + 200 * kMinute;
  desk.replay(source, options);
  EXPECT_EQ(desk.engine->progress().totals.accepted, 3u);
  EXPECT_EQ(desk.engine->progress().totals.resolved, 2u) << "quiet times passed";
  EXPECT_EQ(desk.engine->watermark(), options.until + 1);
}

TEST(Pipeline, RejectedRecordsAreKeptWithTheirPlaceAndStopNothing) {
  const auto store = state::make_memory_store();
  Desk desk(store.get());
  TextSource source({{"a 0 1", "nonsense", "skip", "b 1 2"}});
  desk.replay(source);
  const Totals& t = desk.engine->progress().totals;
  EXPECT_EQ(t.accepted, 2u);
  EXPECT_EQ(t.rejected, 1u);
  EXPECT_EQ(t.skipped, 1u);
  auto bytes = store->get(state::Table::kDead, state::big_endian(1));
  ASSERT_TRUE(bytes);
  auto letter = decode_dead_letter(*bytes);
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->offset, 1u);
  EXPECT_EQ(letter->reason, "malformed");
  EXPECT_EQ(letter->masked, "xxxxxxxx");
}

TEST(Pipeline, TheFirstRejectedRecordIsNamedWithItsPlaceAndWhy) {
  const auto first_of = [](const std::vector<std::string>& records) {
    Desk desk;
    TextSource source({records});
    const auto p = desk.pipeline(source);
    for (;;) {
      const auto state = p->step();
      EXPECT_TRUE(state);
      if (!state || *state == Pipeline::State::kEnd) return p->first_rejection();
    }
  };
  const std::string told = first_of({"a 0 1", "skip", "nonsense", "rubbish"});
  EXPECT_TRUE(told.ends_with(" offset 2: not ID MINUTE PLACE")) << told;
  EXPECT_EQ(first_of({"a 0 1", "skip"}), "");
}

TEST(Pipeline, ARunGoesOnWhereTheStateStands) {
  const auto all = lines(120);
  Desk whole;
  TextSource undisturbed({all});
  whole.replay(undisturbed);
  const auto store = state::make_memory_store();
  std::vector<std::string> got;
  uint64_t held = 0;
  for (int life = 0; life < 40; ++life) {
    Desk desk(store.get());
    desk.sink.held = held;
    TextSource source({all});
    Pipeline::Options options;
    options.batch_events = 5;
    auto p = desk.pipeline(source, options);
    bool ended = false;
    for (int step = 0; step < 3 && !ended; ++step) {
      auto state = p->step();
      ASSERT_TRUE(state);
      ended = *state == Pipeline::State::kEnd;
    }
    if (ended) {
      ASSERT_TRUE(p->finish(1000));
    }
    got.insert(got.end(), desk.sink.texts.begin(), desk.sink.texts.end());
    held = desk.sink.held;
    if (ended) break;
  }
  EXPECT_EQ(got, whole.sink.texts);
}

TEST(Pipeline, ASinkThatPushesBackGetsEverythingLater) {
  const auto store = state::make_memory_store();
  Desk desk(store.get());
  desk.sink.full = true;
  TextSource source({lines(60)}, true);
  HandClock clock;
  clock.time = kStart + 60 * kMinute;
  auto p = desk.pipeline(source, {}, &clock);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(p->step());
  EXPECT_TRUE(desk.sink.texts.empty());
  EXPECT_GT(desk.publisher->depth(), 0u);
  desk.sink.full = false;
  ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.sink.held, desk.engine->progress().outbox);
  EXPECT_EQ(desk.publisher->depth(), 0u);
}

TEST(Pipeline, TellsWhatItMeasures) {
  const auto store = state::make_memory_store();
  static uint64_t ns = 0;
  const auto ticker = +[] { return ns += 1000; };
  Desk desk(store.get(), ticker);
  TextSource source({lines(150), {}}, true);
  HandClock clock;
  const auto p = desk.pipeline(source, {.idle_after = 1'000'000'000}, &clock);
  p->ticker = ticker;
  clock.time = kStart + 1'000 * kMinute;
  EXPECT_EQ(p->lanes()[0].watermark, kNoTime);
  desk.sink.full = true;
  while (desk.engine->progress().totals.read < 150) ASSERT_TRUE(p->step());
  ASSERT_EQ(p->lanes().size(), 2u);
  EXPECT_EQ(p->lanes()[0].watermark, kStart + 149 * kMinute - desk.decoder.lateness());
  EXPECT_EQ(p->lanes()[1].watermark, kNoTime) << "it has had no event";
  EXPECT_FALSE(p->lanes()[0].actions);
  EXPECT_EQ(p->eval_latency().snapshot().count, 2u) << "every 64th";
  const uint64_t commits = desk.engine->progress().commit;
  EXPECT_EQ(desk.engine->write_latency().snapshot().count, commits);
  EXPECT_EQ(desk.engine->judge_latency().snapshot().count, commits);
  EXPECT_EQ(desk.engine->write_latency().snapshot().sum_ns, commits * 1000);
  ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.engine->write_latency().snapshot().count, commits) << "nothing to write is no commit";
  const auto sinks = desk.publisher->sinks();
  ASSERT_EQ(sinks.size(), 1u);
  EXPECT_EQ(sinks[0].name, "list");
  EXPECT_EQ(sinks[0].depth, desk.engine->outbox());
  EXPECT_GT(sinks[0].depth, 0u);
  EXPECT_FALSE(sinks[0].stopped);
  desk.sink.full = false;
  ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.publisher->sinks()[0].depth, 0u);
}

TEST(Pipeline, LiveAQuietPartitionFollowsTheClockSoThatDeadlinesFire) {
  Desk desk;
  TextSource source({{"a 0 1", "b 0 2", "c 0 3"}}, true);
  HandClock clock;
  Pipeline::Options options;
  options.idle_after = 5 * kMinute;
  auto p = desk.pipeline(source, options, &clock);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.engine->progress().totals.opened, 2u);
  EXPECT_EQ(desk.engine->progress().totals.resolved, 0u);
  clock.time += 3 * 60 * kMinute;  // nothing comes any more
  ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.engine->progress().totals.resolved, 2u);
}

TEST(Pipeline, LiveABacklogHoldsTimeBackEvenWhenTheClockIsFarAhead) {
  Desk desk;
  TextSource source({{"a 0 1", "b 0 2", "c 0 3"}, {"d 1 4", "e 2 5"}}, true);
  source.blocked = 1;  // the broker of this partition is slow
  HandClock clock;
  clock.time = kStart + 600 * kMinute;
  Pipeline::Options options;
  options.idle_after = 5 * kMinute;
  options.patience = 60 * kMinute;
  auto p = desk.pipeline(source, options, &clock);
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(p->step());
    clock.time += kMinute;
  }
  EXPECT_EQ(desk.engine->progress().totals.accepted, 0u) << "it waits for the slow partition";
  source.blocked = -1;
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.engine->progress().totals.accepted, 5u);
  EXPECT_EQ(desk.engine->progress().totals.late, 0u);
}

TEST(Pipeline, LiveAnEventAheadOfTheClockIsRefused) {
  Desk desk;
  TextSource source({{"a 0 1", "b 600 2", "c 1 3"}}, true);
  HandClock clock;
  auto p = desk.pipeline(source, {}, &clock);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(p->step());
  EXPECT_EQ(desk.engine->progress().totals.accepted, 2u);
  EXPECT_EQ(desk.engine->progress().sources.at("grid").rejected.at("time_in_future"), 1u);
}

}  // namespace
}  // namespace tocsin::runtime
