// A threshold is edited while the engine runs: what is kept is judged by the new one at once, and nothing else changes.
#include <algorithm>
#include <set>

#include "fixture.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::kMinute;
using testing::kStart;

std::string with(const std::string& from, const std::string& to) {
  std::string text = testing::kRules;
  text.replace(text.find(from), from.size(), to);
  return text;
}

struct Service {
  std::unique_ptr<state::Store> store = state::make_memory_store();
  std::unique_ptr<Engine> engine;
  uint32_t partition = 0;
  uint64_t offset = 0;

  explicit Service(const std::string& text, uint32_t shards = 1) {
    Engine::Options options;
    options.shards = shards;
    auto opened = Engine::open(options, testing::rules(text), store.get(), testing::recompile);
    EXPECT_TRUE(opened);
    engine = std::move(*opened);
    partition = engine->add_partition("test", 10 * kMinute);
  }
  void take(const Event& event) { engine->accept(event, partition, ++offset, kNoTime); }
  void commit() { ASSERT_TRUE(engine->commit()); }
  // Transitions told so far, from `from`.
  std::vector<std::string> told(uint64_t from = 1) const {
    std::vector<std::string> out;
    EXPECT_TRUE(engine->read_outbox(from, SIZE_MAX, [&](const Outgoing& o) { out.emplace_back(o.json); }));
    return out;
  }
  // Rule and key of what is open.
  std::set<std::string> open() const {
    std::set<std::string> out;
    AlertFilter filter;
    filter.status = {alert::AlertStatus::kOpen, alert::AlertStatus::kAcknowledged, alert::AlertStatus::kAssigned};
    bool more = false;
    for (const AlertLine& line : engine->book().list(filter, 10'000, nullptr, more)) {
      out.insert(line.rule_id + "/" + std::to_string(line.key.hi));
    }
    return out;
  }
};

TEST(Rejudge, ALowerThresholdOpensAtOnceAndAHigherOneResolves) {
  Feed feed;
  Service service(with("{n: 3}", "{n: 4}"));
  for (int i = 0; i < 3; ++i) service.take(feed.report("r" + std::to_string(i), kStart + i * kMinute, i * 100));
  service.commit();
  ASSERT_TRUE(service.open().empty());
  ASSERT_TRUE(service.engine->swap_rules(testing::rules(with("{n: 3}", "{n: 2}"))));
  auto told = service.told();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("tocsin.alert.opened"), std::string::npos) << told[0];
  EXPECT_NE(told[0].find("\"reason\":\"rule\""), std::string::npos) << told[0];
  EXPECT_NE(told[0].find("\"total\":3"), std::string::npos) << told[0];
  ASSERT_TRUE(service.engine->swap_rules(testing::rules(with("{n: 3}", "{n: 9}"))));
  told = service.told();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[1].find("tocsin.alert.resolved"), std::string::npos) << told[1];
  EXPECT_NE(told[1].find("\"reason\":\"rule\""), std::string::npos) << told[1];
  EXPECT_TRUE(service.open().empty());
}

TEST(Rejudge, ASeverityThatIsAnotherNowAmendsTheAlert) {
  Feed feed;
  Service service(testing::kRules);
  for (int i = 0; i < 3; ++i) service.take(feed.report("r" + std::to_string(i), kStart + i * kMinute, i * 100));
  service.commit();
  ASSERT_EQ(service.told().size(), 1u);
  ASSERT_TRUE(service.engine->swap_rules(testing::rules(with("distinct(place) >= 5", "distinct(place) >= 3"))));
  const auto told = service.told();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_NE(told[1].find("tocsin.alert.amended"), std::string::npos) << told[1];
  EXPECT_NE(told[1].find("\"severity\":\"orange\""), std::string::npos) << told[1];
}

TEST(Rejudge, ATextOrNothingChangedTellsNothing) {
  Feed feed;
  Service service(testing::kRules);
  for (const Event& e : testing::stream(feed, 3, 400)) service.take(e);
  service.commit();
  const auto before = service.told();
  const auto open = service.open();
  ASSERT_TRUE(service.engine->swap_rules(testing::rules(with("{{distinct(place)}} 处", "共 {{distinct(place)}} 处"))));
  // Another condition that judges the same: all keys are looked at, and none differs.
  ASSERT_TRUE(
      service.engine->swap_rules(testing::rules(with("distinct(place) >= params.n", "params.n <= distinct(place)"))));
  EXPECT_EQ(service.told(), before);
  EXPECT_EQ(service.open(), open);
}

// Whatever came before: right after the edit, what is open is what would be open had the rule always been so. Only an
// alert that opened under the old condition, on rows of which some have gone since, cannot be judged again and stays.
TEST(Rejudge, OpensWhatTheNewRuleWouldHaveOpen) {
  int stayed = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 300);
    const std::string edited = with("{n: 3}", seed % 2 == 0 ? "{n: 2}" : "{n: 5}");
    Service changed(testing::kRules, 1 + seed % 3), always(edited);
    for (const Event& e : events) {
      changed.take(e);
      always.take(e);
    }
    changed.commit();
    always.commit();
    const std::set<std::string> before = changed.open();
    ASSERT_TRUE(changed.engine->swap_rules(testing::rules(edited)));
    const std::set<std::string> open = changed.open(), expected = always.open();
    EXPECT_TRUE(std::ranges::includes(open, expected)) << "seed " << seed;
    for (const std::string& alert : open) {
      if (expected.contains(alert)) continue;
      EXPECT_TRUE(before.contains(alert)) << "seed " << seed << ": " << alert << " would not be open";
      ++stayed;
    }
    // The state goes on from there as one: a restart, and the rest of the day.
    Engine::Options options;
    auto again = Engine::open(options, testing::rules(edited), changed.store.get(), testing::recompile);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ((*again)->state_keys(), changed.engine->state_keys());
  }
  EXPECT_LE(stayed, 2);
}

}  // namespace
}  // namespace tocsin::runtime
