// What is known of deliveries: stored also when there is nothing to commit, and how long what is not delivered waits.
#include "runtime/commit_times.h"
#include "runtime/pipeline.h"
#include "text_source.h"

namespace tocsin::runtime {
namespace {

using testing::kMinute;
using testing::kStart;
using testing::LineDecoder;
using testing::TextSource;

// Takes everything; delivers when it is told to.
class SlowSink final : public Sink {
 public:
  std::string_view name() const override { return "slow"; }
  Result<uint64_t> resume(uint64_t floor) override { return done = floor; }
  Status publish(std::span<const Outgoing> batch) override {
    taken = batch.back().sequence;
    return {};
  }
  uint64_t delivered() const override { return done; }
  Status flush(DurationMs) override { return done == taken ? Status() : unavailable("later"); }
  uint64_t taken = 0, done = 0;
};

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return time; }
  TimeMs time = kStart + kMinute;
};

struct Desk {
  explicit Desk(state::Store& store) {
    auto opened = Engine::open({}, testing::rules(), &store, testing::recompile);
    EXPECT_TRUE(opened);
    engine = std::move(*opened);
    publisher = std::make_unique<Publisher>(*engine);
    publisher->add(sink, Takes::kInForce);
    Pipeline::Options options;
    options.poll_wait = 0;
    options.idle_after = INT64_MAX / 4;  // `time: log`
    pipeline = std::make_unique<Pipeline>(*engine, *publisher, options, &clock);
    pipeline->add(source, [this](uint32_t) { return &decoder; });
    EXPECT_TRUE(pipeline->open());
  }
  void steps(int n) {
    for (int i = 0; i < n; ++i) ASSERT_TRUE(pipeline->step());
  }
  DurationMs waiting() const { return publisher->sinks(clock.time).front().waiting; }
  LineDecoder decoder;
  SlowSink sink;
  HandClock clock;
  TextSource source{{{"a 0 1", "b 0 2", "c 0 3"}}, true};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<Pipeline> pipeline;
};

uint64_t stored(state::Store& store) {
  const auto bytes = store.get(state::Table::kMeta, "progress");
  EXPECT_TRUE(bytes);
  auto progress = Progress::decode(*bytes);
  EXPECT_TRUE(progress);
  return progress->sinks["slow"];
}

TEST(Delivery, IsStoredWhenThereIsNothingToCommit) {
  const auto store = state::make_memory_store();
  Desk desk(*store);
  desk.steps(5);
  ASSERT_GT(desk.sink.taken, 0u);
  const uint64_t commits = desk.engine->progress().commit;
  EXPECT_EQ(stored(*store), 0u);
  desk.sink.done = desk.sink.taken;
  desk.clock.time += 2'000;
  desk.steps(1);
  EXPECT_EQ(desk.engine->progress().commit, commits) << "it is no commit";
  EXPECT_EQ(stored(*store), desk.sink.taken) << "a kill now tells nothing again";
}

TEST(Delivery, IsStoredAtMostOnceASecondWhenThereIsNothingToCommit) {
  const auto store = state::make_memory_store();
  Desk desk(*store);
  desk.steps(5);
  ASSERT_GT(desk.sink.taken, 1u);
  desk.clock.time += 2'000;
  desk.sink.done = 1;
  desk.steps(1);
  EXPECT_EQ(stored(*store), 1u);
  desk.sink.done = desk.sink.taken;
  desk.clock.time += 900;
  desk.steps(3);
  EXPECT_EQ(stored(*store), 1u);
  desk.clock.time += 100;
  desk.steps(1);
  EXPECT_EQ(stored(*store), desk.sink.taken);
}

TEST(Delivery, TheOldestThatIsNotDeliveredIsTimedFromItsCommit) {
  const auto store = state::make_memory_store();
  Desk desk(*store);
  EXPECT_EQ(desk.waiting(), 0);
  desk.steps(5);
  const uint64_t first = desk.sink.taken;
  desk.clock.time += 90'000;
  desk.steps(1);
  EXPECT_EQ(desk.waiting(), 90'000);
  for (const char* line : {"d 1 4", "e 1 5"}) desk.source.append(0, line);
  desk.steps(4);
  ASSERT_GT(desk.sink.taken, first);
  desk.clock.time += 30'000;
  desk.steps(1);
  EXPECT_EQ(desk.waiting(), 120'000) << "the oldest, not the last";
  desk.sink.done = first;
  desk.steps(1);
  EXPECT_EQ(desk.waiting(), 30'000);
  desk.sink.done = desk.sink.taken;
  desk.steps(1);
  EXPECT_EQ(desk.waiting(), 0);
  EXPECT_EQ(desk.publisher->sinks().front().depth, 0u);
}

TEST(Delivery, WhatWaitedBeforeARestartIsTimedFromTheStart) {
  const auto store = state::make_memory_store();
  { Desk(*store).steps(5); }
  Desk again(*store);
  again.steps(1);
  again.clock.time += 121'000;
  again.steps(1);
  EXPECT_EQ(again.waiting(), 121'000);
}

TEST(CommitTimes, AreBoundedAndNeverTooLate) {
  CommitTimes times;
  const uint64_t n = 5 * CommitTimes::kMost;
  for (uint64_t i = 1; i <= n; ++i) times.note(i, static_cast<TimeMs>(i) * 1'000);
  EXPECT_LE(times.size(), CommitTimes::kMost);
  for (uint64_t i = 1; i <= n; ++i) {
    const TimeMs at = times.of(i), truly = static_cast<TimeMs>(i) * 1'000;
    ASSERT_TRUE(at != kNoTime && at <= truly && truly - at <= 16'000) << i << " at " << at;
  }
  EXPECT_EQ(times.of(n + 1), kNoTime);
  times.forget(n - 1);
  EXPECT_LE(times.size(), 1u);
  EXPECT_NE(times.of(n), kNoTime);
  times.forget(n);
  times.note(n, 1);
  EXPECT_NE(times.of(n), 1) << "what is forgotten is not new";
}

}  // namespace
}  // namespace tocsin::runtime
