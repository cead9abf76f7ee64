// What runs beside the engine's thread, and what is fetched ahead of its turn: the write of a commit, the timers.
#include <algorithm>

#include "fixture.h"
#include "full_store.h"
#include "runtime/publisher.h"
#include "runtime/timer_queue.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::FullStore;
using testing::kMinute;
using testing::kStart;

TEST(TimerQueue, PopsInOrderWhateverIsPushedMeanwhile) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    TimerQueue queue;
    std::vector<Timer> model;
    TimeMs now = 1'700'000'000'000;
    const TimeMs spread = TimeMs{1} << (5 + random() % 32);
    for (int i = 0; i < 300; ++i) {
      const TimeMs behind = static_cast<TimeMs>(random() % 1000);
      const Timer t{now - behind + static_cast<TimeMs>(random() % static_cast<uint64_t>(spread)),
                    static_cast<uint16_t>(random() % 3),
                    {random() % 4, random() % 4}};
      queue.push(t);
      model.push_back(t);
      if (random() % 3 != 0) continue;
      now += static_cast<TimeMs>(random() % static_cast<uint64_t>(spread));
      Timer popped{};
      while (queue.pop(now, popped)) {
        const auto least = std::min_element(model.begin(), model.end());
        ASSERT_NE(least, model.end());
        ASSERT_EQ(popped, *least);
        ASSERT_LT(popped.deadline, now);
        model.erase(least);
        if (random() % 4 != 0) continue;  // what fires sets another, perhaps in the past
        const Timer again{now + static_cast<TimeMs>(random() % 2000) - 1000, 1, {random() % 4, 9}};
        queue.push(again);
        model.push_back(again);
      }
      ASSERT_TRUE(std::none_of(model.begin(), model.end(), [&](const Timer& m) { return m.deadline < now; }));
      ASSERT_EQ(queue.size(), model.size());
    }
  }
}

// What an engine with overlapping writes publishes, given events and restarts every `life` of them (0: none).
std::string overlapped(const std::vector<Event>& events, state::Store& store, size_t life) {
  std::string out;
  uint64_t told = 0;
  size_t at = 0;
  while (true) {
    Engine::Options options;
    options.overlap = true;
    options.checkpoint_bytes = 20'000;
    auto engine = Engine::open(options, testing::rules(), &store, testing::recompile);
    if (!engine) return "error: " + engine.error().message;
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    const auto tell = [&](const Outgoing& o) {
      if (o.sequence <= told) return;
      EXPECT_EQ(o.sequence, told + 1);
      EXPECT_LE(o.sequence, (*engine)->outbox()) << "told before it was durable";
      told = o.sequence;
      out.append(o.json).push_back('\n');
    };
    EXPECT_TRUE((*engine)->read_outbox(told + 1, 1 << 20, tell).is_ok());
    at = (*engine)->has_history(p) ? (*engine)->next_offset(p) : 0;
    const size_t stop = life == 0 ? events.size() : std::min(events.size(), at + life);
    const auto commit = [&] {
      auto done = (*engine)->commit();
      ASSERT_TRUE(done);
      for (const Outgoing& o : *done) tell(o);
    };
    for (; at < stop; ++at) {
      (*engine)->accept(events[at], p, at + 1, kNoTime);
      if ((*engine)->pending_events() >= 16) commit();
    }
    if (at < events.size()) continue;  // dies with a write under way and events that no commit has
    (*engine)->advance_to((*engine)->greatest_event_time() + 24 * 60 * kMinute);
    commit();
    while ((*engine)->under_way()) commit();
    return out;
  }
}

TEST(Overlap, TellsTheSameTransitionsOnceTheyAreDurable) {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1500);
    const std::string expected = testing::published(events, {});
    ASSERT_GT(expected.size(), 1000u);
    const auto store = state::make_memory_store();
    EXPECT_EQ(overlapped(events, *store, 0), expected);
    const auto other = state::make_memory_store();
    EXPECT_EQ(overlapped(events, *other, 40 + seed * 37), expected);
  }
}

TEST(Overlap, AFailedWriteIsToldByTheNextCommit) {
  Feed feed;
  const auto memory = state::make_memory_store();
  FullStore store(*memory);
  Engine::Options options;
  options.overlap = true;
  auto engine = Engine::open(options, testing::rules(), &store, testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  store.full = true;
  (*engine)->accept(feed.report("a", kStart, 1), p, 1, kNoTime);
  ASSERT_TRUE((*engine)->commit());
  ASSERT_TRUE((*engine)->under_way());
  const auto next = (*engine)->commit();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, Code::kExhausted);
}

}  // namespace
}  // namespace tocsin::runtime
