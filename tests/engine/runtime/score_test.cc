// Scorecards within the engine: the same bytes for any shards and batches, across crashes at any commit, changes of
// rules, and writes that fail.
#include "fixture.h"
#include "full_store.h"
#include "runtime/stored_score.h"
#include "score/asking.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::FullStore;
using testing::kMinute;

std::string no_name(std::string_view) { return {}; }

std::string told(const score::Keeper& keeper) {
  std::string out;
  for (const score::Tier tier : {score::Tier::kCity, score::Tier::kTown}) {
    score::CardQuestion q;
    q.cut.tier = tier;
    q.usual_days = 0;
    const auto answer = score::answer(keeper, q, no_name);
    EXPECT_TRUE(answer) << answer.error().message;
    out += *answer + "\n";
  }
  score::PlacesQuestion places;
  places.cut.least_days = 1;
  places.usual_days = 0;
  return out + *score::answer(keeper, places, no_name);
}

// The pieces as they lie in the store, but for the head, which holds the number of the commit.
std::string stored(const state::Store& store) {
  std::string out;
  EXPECT_TRUE(
      store.scan(state::Table::kMeta, kScorePieces, kScorePiecesEnd, [&](std::string_view key, std::string_view v) {
        if (!key.ends_with("head")) out.append(key).append("=").append(v).append("\n");
        return true;
      }));
  return out;
}

Engine::Options options(uint32_t shards, size_t checkpoint = 64u << 20) {
  Engine::Options o;
  o.shards = shards;
  o.checkpoint_bytes = checkpoint;
  o.score = true;
  return o;
}

struct Took {
  std::string told, stored;
};

void finish(Engine& engine) {
  if (engine.greatest_event_time() != kNoTime) engine.advance_to(engine.greatest_event_time() + 24 * 60 * kMinute);
  ASSERT_TRUE(engine.commit());
  engine.request_checkpoint();
  ASSERT_TRUE(engine.commit());
}

Took whole(const std::vector<Event>& events, uint32_t shards, size_t batch) {
  const auto store = state::make_memory_store();
  auto engine = Engine::open(options(shards), testing::rules(), store.get(), testing::recompile);
  EXPECT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  for (size_t i = 0; i < events.size(); ++i) {
    (*engine)->accept(events[i], p, i + 1, kNoTime);
    if ((*engine)->pending_events() < batch) continue;
    EXPECT_TRUE((*engine)->commit());
  }
  finish(**engine);
  return {told(*(*engine)->score()), stored(*store)};
}

TEST(EngineScore, TheSameForAnyShardsAndBatches) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1500);
    const Took reference = whole(events, 1, 64);
    EXPECT_NE(reference.told.find("\"alerts\":[\""), std::string::npos) << "some place must name its alerts";
    for (const auto& [shards, batch] : {std::pair<uint32_t, size_t>{1, 1}, {1, 100'000}, {3, 64}, {8, 7}}) {
      const Took took = whole(events, shards, batch);
      EXPECT_TRUE(took.told == reference.told) << "seed " << seed << ", shards " << shards << ", batch " << batch;
      EXPECT_TRUE(took.stored == reference.stored) << "seed " << seed << ", shards " << shards << ", batch " << batch;
    }
  }
}

TEST(EngineScore, CrashesLoseAndDoubleNothing) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1200);
    const Took reference = whole(events, 1, 64);
    const auto store = state::make_memory_store();
    std::mt19937 random(seed);
    size_t at = 0;
    for (int life = 0; at < events.size(); ++life) {
      auto engine = Engine::open(options(1 + random() % 4, 3000 + random() % 9000), testing::rules(), store.get(),
                                 testing::recompile);
      ASSERT_TRUE(engine) << engine.error().message;
      const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
      const uint64_t next = (*engine)->next_offset(p);
      at = next == UINT64_MAX ? 0 : next;
      for (size_t commits = 1 + random() % 5; commits > 0 && at < events.size(); ++at) {
        (*engine)->accept(events[at], p, at + 1, kNoTime);
        if ((*engine)->pending_events() < 37 || --commits == 0) continue;
        ASSERT_TRUE((*engine)->commit());
      }
      if (at == events.size()) {
        finish(**engine);
        EXPECT_TRUE(told(*(*engine)->score()) == reference.told) << "seed " << seed;
      }
    }
    EXPECT_TRUE(stored(*store) == reference.stored) << "seed " << seed;
    // Beside it, without the engine.
    const auto beside = read_score(*store);
    ASSERT_TRUE(beside) << beside.error().message;
    EXPECT_TRUE(told(**beside) == reference.told);
  }
}

TEST(EngineScore, AStateThatKeepsThemKeepsThem) {
  Feed feed;
  const auto events = testing::stream(feed, 5, 400);
  const auto store = state::make_memory_store();
  for (const bool score : {true, false}) {
    Engine::Options o = options(1);
    o.score = score;
    auto engine = Engine::open(o, testing::rules(), store.get(), testing::recompile);
    ASSERT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    const size_t from = score ? 0 : 200;
    for (size_t i = from; i < from + 200; ++i) (*engine)->accept(events[i], p, i + 1, kNoTime);
    score ? static_cast<void>((*engine)->request_checkpoint()) : finish(**engine);
    ASSERT_TRUE((*engine)->commit());
  }
  EXPECT_TRUE(told(**read_score(*store)) == whole(events, 1, 64).told);
}

TEST(EngineScore, WithoutThemNothingIsKept) {
  Feed feed;
  const auto store = state::make_memory_store();
  Engine::Options o = options(1);
  o.score = false;
  auto engine = Engine::open(o, testing::rules(), store.get(), testing::recompile);
  EXPECT_EQ((*engine)->score(), nullptr);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  (*engine)->accept(feed.report("a", testing::kStart, 1), p, 1, kNoTime);
  finish(**engine);
  EXPECT_TRUE(stored(*store).empty());
  EXPECT_EQ(read_score(*store).error().code, Code::kNotFound);
}

std::string without_clusters() {
  std::string text = testing::kRules;
  const size_t at = text.find("  - id: near"), end = text.find("  - id: overdue");
  return text.erase(at, end - at);
}

TEST(EngineScore, AFullDiskAndAChangeOfRulesThatFailsChangeNothing) {
  Feed feed;
  const auto events = testing::stream(feed, 2, 800);
  const auto run = [&](int failures) {
    const auto memory = state::make_memory_store();
    FullStore store(*memory);
    auto engine = Engine::open(options(2), testing::rules(), &store, testing::recompile);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (size_t i = 0; i < events.size(); ++i) {
      (*engine)->accept(events[i], p, i + 1, kNoTime);
      if (i % 50 == 49) {
        store.failures = i % 100 == 99 ? failures : 0;
        for (int tries = 0; !(*engine)->commit(); ++tries) EXPECT_LT(tries, failures);
      }
      if (i == 399) {
        store.failures = failures;
        const auto rules = testing::rules(without_clusters());
        for (int tries = 0; !(*engine)->swap_rules(rules); ++tries) EXPECT_LT(tries, failures);
      }
    }
    finish(**engine);
    const std::string all = told(*(*engine)->score());
    EXPECT_TRUE(told(**read_score(store)) == all);
    return all;
  };
  EXPECT_TRUE(run(2) == run(0));
}

// What was to be forgotten when a change of rules could not be written is forgotten with the next checkpoint.
TEST(EngineScore, AChangeOfRulesThatFailsLeavesNothingBehind) {
  Feed feed;
  auto events = testing::stream(feed, 3, 400);
  const auto run = [&](bool trying) {
    const auto memory = state::make_memory_store();
    FullStore store(*memory);
    auto engine = Engine::open(options(2), testing::rules(), &store, testing::recompile);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (size_t i = 0; i < events.size(); ++i) (*engine)->accept(events[i], p, i + 1, kNoTime);
    (*engine)->request_checkpoint();
    EXPECT_TRUE((*engine)->commit());
    // Five hundred days later all of it is past its time.
    const TimeMs later = testing::kStart + 500LL * 24 * 60 * kMinute;
    (*engine)->accept(feed.report("later", later, 1), p, events.size() + 1, kNoTime);
    EXPECT_TRUE((*engine)->commit());
    if (trying) {
      store.failures = 1;
      EXPECT_FALSE((*engine)->swap_rules(testing::rules(without_clusters())));
    }
    finish(**engine);
    std::vector<std::string> names;
    EXPECT_TRUE(memory->scan(state::Table::kMeta, "", "", [&](std::string_view key, std::string_view) {
      names.emplace_back(key);
      return true;
    }));
    return std::pair(names, stored(*memory));
  };
  const auto undisturbed = run(false), disturbed = run(true);
  EXPECT_EQ(disturbed.first, undisturbed.first);
  EXPECT_TRUE(disturbed.second == undisturbed.second);
}

TEST(EngineScore, ACrashRightAfterAChangeOfRulesLosesNothing) {
  Feed feed;
  const auto events = testing::stream(feed, 7, 600);
  const auto run = [&](bool crash) {
    const auto store = state::make_memory_store();
    auto engine = Engine::open(options(1), testing::rules(), store.get(), testing::recompile);
    uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (size_t i = 0; i < events.size(); ++i) {
      (*engine)->accept(events[i], p, i + 1, kNoTime);
      if (i != 300) continue;
      EXPECT_TRUE((*engine)->swap_rules(testing::rules(without_clusters())));
      if (!crash) continue;
      engine = Engine::open(options(1), testing::rules(without_clusters()), store.get(), testing::recompile);
      p = (*engine)->add_partition("test", 10 * kMinute);
    }
    finish(**engine);
    return told(*(*engine)->score());
  };
  EXPECT_TRUE(run(true) == run(false));
}

}  // namespace
}  // namespace tocsin::runtime
