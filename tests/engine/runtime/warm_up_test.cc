// Warming up reads a part of the log and comes to stand exactly where the engine in force does, its time never ahead.
#include "runtime/warm_up.h"

#include "text_source.h"

namespace tocsin::runtime {
namespace {

using testing::kMinute;
using testing::kStart;
using testing::LineDecoder;
using testing::TextSource;

struct Desk {
  LineDecoder decoder;
  std::unique_ptr<WarmUp> warm;
  void open(Source& source, const Standpoint& at, Pipeline::Options reading = {}) {
    auto opened = WarmUp::open({}, testing::rules(), reading, {{&source, [&](uint32_t) { return &decoder; }}}, 0, at);
    ASSERT_TRUE(opened) << opened.error().message;
    warm = std::move(*opened);
  }
  void run() {
    for (int i = 0; i < 10'000 && !warm->reached(); ++i) ASSERT_TRUE(warm->step());
    ASSERT_TRUE(warm->reached());
  }
};

std::vector<std::vector<std::string>> texts(std::mt19937& random, size_t parts) {
  std::vector<std::vector<std::string>> out(parts);
  for (int minute = 0; minute < 300; ++minute) {
    const size_t p = random() % parts;
    out[p].push_back("e" + std::to_string(minute) + " " + std::to_string(minute) + " " + std::to_string(random() % 5));
  }
  return out;
}

TEST(WarmUp, ComesToStandWhereTheOtherStandsInAnyStretches) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    const size_t parts = 1 + random() % 3;
    const auto all = texts(random, parts);
    TextSource source(all, true, 1 + random() % 9);
    // The engine in force has read so many of each, as a merge by time would.
    const auto stand = [&](int minute) {
      Standpoint at;
      for (size_t p = 0; p < parts; ++p) {
        uint64_t n = 0;
        while (n < all[p].size() && std::stoi(all[p][n].substr(all[p][n].find(' '))) < minute) ++n;
        if (n > 0) at.next_offsets["text/" + std::to_string(p)] = n;
      }
      at.watermark = kStart + (minute - 20) * kMinute;
      return at;
    };
    Desk desk;
    Standpoint at = stand(100);
    desk.open(source, at, {.batch_events = 1 + random() % 40});
    for (const int minute : {100, 101, 180, 300}) {
      at = stand(minute);
      desk.warm->move_on(at);
      desk.run();
      EXPECT_EQ(standpoint_of(desk.warm->engine()).next_offsets, at.next_offsets) << seed;
      EXPECT_EQ(desk.warm->engine().progress().totals.read, static_cast<uint64_t>(minute)) << seed;
      EXPECT_EQ(desk.warm->engine().progress().totals.late, 0u) << seed;
      EXPECT_LE(desk.warm->engine().watermark(), at.watermark) << seed;
      EXPECT_EQ(desk.warm->left(), 0u);
    }
    EXPECT_EQ(desk.warm->back_to(), kStart);
  }
}

// What the engine in force may still take in must not be late: it waits for a quiet partition, and so time waits here.
TEST(WarmUp, TimeStaysBehindTheEngineInForce) {
  TextSource source({{"a 0 1", "b 200 2"}, {"c 5 3", "d 10 4"}}, true);
  Desk desk;
  desk.open(source, {{{"text/0", 2}, {"text/1", 1}}, kStart - 5 * kMinute});
  desk.run();
  EXPECT_EQ(desk.warm->engine().watermark(), kStart - 5 * kMinute);
  desk.warm->move_on({{{"text/0", 2}, {"text/1", 2}}, kStart});
  desk.run();
  EXPECT_EQ(desk.warm->engine().progress().totals.late, 0u);
  EXPECT_EQ(desk.warm->engine().progress().totals.accepted, 4u);
}

// A partition whose part was read to its end lets time go on; when there is more of it, time waits for it again.
TEST(WarmUp, APartThatIsMovedOnIsWaitedFor) {
  TextSource source({{"a 0 1", "d 300 4"}, {"b 200 2", "e 201 5", "c 20 3"}}, true);
  Desk desk;
  desk.open(source, {{{"text/0", 1}, {"text/1", 1}}, kStart - 10 * kMinute});
  desk.run();
  // In the engine in force c came before d, while the first partition held time back.
  desk.warm->move_on({{{"text/0", 2}, {"text/1", 3}}, kStart + 190 * kMinute});
  desk.run();
  EXPECT_EQ(desk.warm->engine().progress().totals.late, 0u);
  EXPECT_EQ(desk.warm->engine().progress().totals.accepted, 5u);
  EXPECT_EQ(desk.warm->engine().watermark(), kStart + 190 * kMinute);
}

TEST(WarmUp, WhatTheServiceRefusedAsFutureIsNotTakenIn) {
  for (const bool of_log : {false, true}) {
    TextSource source({{"a 0 1", "b 200 2", "c 30 3"}}, true);  // the log took all at minute 0
    Desk desk;
    desk.open(source, {{{"text/0", 3}}, kStart}, {.future_of_log = of_log});
    desk.run();
    EXPECT_EQ(desk.warm->engine().progress().totals.accepted, of_log ? 2u : 3u);
  }
}

TEST(WarmUp, WhereNothingWasReadYetNothingIsRead) {
  TextSource source({{"a 0 1"}, {"b 5 2"}}, true);
  Desk desk;
  desk.open(source, {{{"text/1", 1}}, kStart});
  desk.run();
  EXPECT_EQ(desk.warm->engine().progress().totals.read, 1u);
}

}  // namespace
}  // namespace tocsin::runtime
