// A pool of shards: what is told when keys are ended, and when that fails.
#include "runtime/shard_pool.h"

#include "fixture.h"
#include "runtime/router.h"

namespace tocsin::runtime {
namespace {

using testing::kMinute;
using testing::kStart;

// A key whose bytes nobody can read.
class BrokenKey final : public alert::KeyState {
 public:
  void add(const detect::Row&, alert::Context&) override {}
  void retract(uint64_t, bool, const detect::Row&, alert::Context&) override {}
  void act(const alert::Action&, alert::Context&) override {}
  std::vector<alert::Record> end(TimeMs, const GoesOn&, alert::Context&) override { return {}; }
  void adopt(std::vector<alert::Record>, TimeMs, alert::Context&) override {}
  bool lives(std::string_view) const override { return false; }
  void rejudge(TimeMs, alert::Context&) override {}
  void leave_stream(TimeMs, alert::Context&) override {}
  void enter_stream(TimeMs, alert::Context&) override {}
  void advance(TimeMs, alert::Context&) override {}
  TimeMs next_deadline() const override { return kNever; }
  bool has_alerts() const override { return true; }
  bool empty() const override { return false; }
  void encode(Writer& out) const override { out.u8(0xff); }
  size_t bytes() const override { return sizeof(*this); }
  std::string_view key_text() const override { return "[]"; }
};

TEST(ShardPool, WhatCouldNotBeEndedTellsNothing) {
  for (const uint32_t shards : {1U, 4U}) {
    const auto rules = testing::rules();
    ShardPool pool(rules, TimeZone::utc(), shards);
    Router router(rules, {});
    const uint32_t partition = router.watermark().add(0, kNoTime);
    testing::Feed feed;
    std::string delta;
    for (int i = 0; i < 40; ++i) {
      (void)router.route(feed.report("r" + std::to_string(i), kStart + i * kMinute / 4, i, 1 + i % 3), partition,
                         delta);
    }
    router.close(delta);
    std::vector<alert::Transition> told;
    ASSERT_TRUE(pool.apply(delta, told));
    ASSERT_FALSE(told.empty());
    const auto every = [](uint16_t, const Hash128&) { return true; };
    const auto none = [](uint16_t, const Hash128&, std::string_view) { return false; };
    const auto end = [&](std::vector<alert::Transition>& out) {
      std::vector<Shard::Left> left;
      return pool.end_keys(every, none, kStart, router.position(), left, out);
    };
    told.clear();
    ASSERT_TRUE(end(told));
    ASSERT_FALSE(told.empty());  // there is something to tell before the broken key's turn
    const Hash128 last{UINT64_MAX, UINT64_MAX};
    const auto rule = static_cast<uint16_t>(rules->rules().size() - 1);
    pool.owner(rule, last).take_in(rule, last, std::make_unique<BrokenKey>());
    told.clear();
    EXPECT_FALSE(end(told));
    EXPECT_TRUE(told.empty());
    pool.take_changes(told);
    EXPECT_TRUE(told.empty()) << "with " << shards << " shards, the next batch would tell it";
  }
}

}  // namespace
}  // namespace tocsin::runtime
