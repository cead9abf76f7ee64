// Rules over alerts, and policy, through the whole engine: the same for any shards, batches and restarts.

#include <sstream>

#include "fixture.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::kMinute;
using testing::kStart;

// Rules over events, rules over their alerts (one with events of its own), inhibition, groups and a silence.
constexpr char kOver[] = R"(
  - id: two-kinds
    kind: window
    from: [alerts]
    where: kind == "report" && category.under("alert")
    key: [area.town]
    within: 1h
    fire: distinct(category) >= 2
    severity: {orange: 'any(attrs["severity"] == "orange")', yellow: true}
    resolve: {quiet: 30m}
    summary: {zh: "{{count()}} 条告警", en: "{{count()}} alerts"}
  - id: still-raining
    kind: window
    from: [alerts, grid]
    where: '(source == "alerts" && attrs["type"] != "resolved") || category == "water.flooding.road"'
    key: [area.town]
    within: 15m
    fire: 'any(source == "alerts") && sum(source == "grid" ? 1 : 0) >= 2'
    severity: yellow
    resolve: {quiet: 20m}
  - id: unanswered
    kind: absence
    from: [alerts]
    key: ['attrs["alert"]']
    after: kind == "report"
    expect: 'attrs["type"] in ["resolved", "escalated"]' 
    within: 45m
policies:
  - group: [area.town, rule]
  - rules: [places]
    inhibited_by: [near, two-kinds]
  - rules: [near]
    silences:
      - {id: works, by: duty, reason: road works, from: "2024-06-10T07:00:00Z", until: "2024-06-10T12:00:00Z", area: "330282002"}
)";

std::string all_rules() { return std::string(testing::kRules) + kOver; }

struct Life {
  uint32_t shards = 1;
  size_t batch = 64;
  state::Store* store = nullptr;
  size_t checkpoint = 64u << 20;
  bool silences = true;
};

// Takes events from where the state is; ends after `commits` of them. Events at some places are a person's silence.
bool live(const std::vector<Event>& events, const Life& life, int commits, std::string& out) {
  Engine::Options options;
  options.shards = life.shards;
  options.checkpoint_bytes = life.checkpoint;
  auto engine = Engine::open(options, testing::rules(all_rules()), life.store, testing::recompile);
  EXPECT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  const auto commit = [&] {
    auto done = (*engine)->commit();
    ASSERT_TRUE(done) << done.error().message;
    for (const Outgoing& o : *done) out.append(o.muted ? "m " : "  ").append(o.json).push_back('\n');
    --commits;
  };
  const uint64_t from = (*engine)->next_offset(p);
  std::string why;
  for (size_t i = from == UINT64_MAX ? 0 : from; i < events.size(); ++i) {
    if (commits == 0) return false;
    if (life.silences && i % 101 == 50) {
      rule::Silence s;
      s.id = "s" + std::to_string(i);
      s.by = "duty";
      s.until = events[i].occurred_at + 90 * kMinute;
      s.at_most = detect::Severity::kYellow;
      if (i % 2 == 0) s.rules = {"places", "two-kinds"};
      EXPECT_TRUE((*engine)->silence(s, p, i + 1, why)) << why;
    } else if (life.silences && i % 101 == 90 && i % 3 == 0) {
      (*engine)->unsilence("s" + std::to_string(i - 40), events[i].occurred_at, p, i + 1, why);
    } else {
      (*engine)->accept(events[i], p, i + 1, kNoTime);
    }
    if ((*engine)->pending_events() >= life.batch) commit();
  }
  commit();
  (*engine)->advance_to((*engine)->greatest_event_time() + 24 * 60 * kMinute);
  commit();
  return true;
}

std::string published(const std::vector<Event>& events, const Life& life) {
  std::string out;
  EXPECT_TRUE(live(events, life, -1, out));
  return out;
}

size_t count(const std::string& in, const std::string& what) {
  size_t n = 0;
  for (size_t at = 0; (at = in.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

TEST(Alerts, RulesOverThemAndPolicyAreTheSameForAnyShardsAndBatches) {
  std::string all;
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1200);
    const std::string reference = published(events, {});
    for (const Life life : {Life{1, 1}, Life{1, 100000}, Life{2, 64}, Life{8, 7}, Life{8, 1000}}) {
      EXPECT_EQ(published(events, life), reference)
          << "seed " << seed << ", shards " << life.shards << ", batch " << life.batch;
    }
    all += reference;
  }
  // The streams exercise all of it.
  for (const char* rule : {"two-kinds", "still-raining", "unanswered"}) {
    EXPECT_GT(count(all, "alert.opened\",\"subject\":\"" + std::string(rule)), 3u) << rule;
  }
  EXPECT_GT(count(all, "\"inhibited_by\":["), 3u);
  EXPECT_GT(count(all, "\"silenced_by\":["), 3u);
  EXPECT_GT(count(all, "\"reason\":\"unsilenced\""), 3u);
  EXPECT_GT(count(all, "\"reason\":\"uninhibited\""), 0u);
  EXPECT_GT(count(all, "\"group\":\"330282001/places\""), 3u);
}

TEST(Alerts, CrashesLoseAndDoubleNothing) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 900);
    const std::string reference = published(events, {});
    const auto store = state::make_memory_store();
    std::mt19937 random(seed);
    std::string out;
    bool done = false;
    for (int i = 0; !done && i < 200; ++i) {
      const Life life{1 + static_cast<uint32_t>(random() % 4), 37, store.get(), 2000 + random() % 6000};
      done = live(events, life, 1 + static_cast<int>(random() % 5), out);
    }
    ASSERT_TRUE(done);
    EXPECT_EQ(out, reference) << "seed " << seed;
  }
}

// Each alert's transitions count 1, 2, 3 …, whoever tells them.
TEST(Alerts, EachTransitionHasItsOwnNumber) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    Feed feed;
    const std::string out = published(testing::stream(feed, seed, 1200), {});
    std::map<std::string, int> last;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) {
      const size_t begin = line.find("\"id\":\"") + 6, slash = line.find('/', begin);
      const std::string id = line.substr(begin, slash - begin);
      const int seq = std::stoi(line.substr(slash + 1));
      EXPECT_EQ(seq, ++last[id]) << line;
      EXPECT_NE(line.find("\"alert_id\":\"" + id + "\",\"seq\":" + std::to_string(seq) + ","), std::string::npos);
    }
  }
}

// An action on an alert that the same batch has opened, as in a replay of a whole log.
TEST(Alerts, AnActionReachesAnAlertOfItsOwnBatch) {
  std::string told[2];
  for (const bool one_batch : {false, true}) {
    Feed feed;
    const auto store = state::make_memory_store();
    auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
    ASSERT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (int i = 0; i < 3; ++i) {
      (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
    }
    static std::string id;
    if (!one_batch) {
      auto opened = (*engine)->commit();
      ASSERT_TRUE(opened);
      ASSERT_FALSE(opened->empty());
      id = opened->front().alert_id;
    }
    alert::Action close;
    close.kind = alert::ActionKind::kClose;
    close.alert_id = id;
    close.outcome = "true";
    close.at = kStart + kMinute;
    EXPECT_TRUE((*engine)->act(close, p, 4, kNoTime));
    ASSERT_TRUE((*engine)->commit());
    ASSERT_TRUE((*engine)->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) { told[one_batch].append(o.json); }));
  }
  EXPECT_EQ(told[0], told[1]);
  EXPECT_EQ(count(told[1], "alert.closed"), 1u);
}

}  // namespace
}  // namespace tocsin::runtime
