// The engine's promises: one order for any number of shards and any batch size; nothing lost or doubled by a crash at
// any commit; revisions and withdrawals taken back; rules exchanged without losing the state of those that stay.
#include "runtime/engine.h"

#include "fixture.h"
#include "full_store.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::FullStore;
using testing::kMinute;
using testing::kStart;
using testing::published;

TEST(Engine, PublishesTheSameForAnyShardsAndBatches) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1500);
    const std::string reference = published(events, {1, 64});
    EXPECT_GT(std::ranges::count(reference, '\n'), 20) << "the stream must ring alerts";
    for (const testing::Run run : {testing::Run{1, 1}, {1, 100000}, {2, 64}, {8, 7}, {8, 1000}}) {
      EXPECT_EQ(published(events, run), reference)
          << "seed " << seed << ", shards " << run.shards << ", batch " << run.batch;
    }
  }
}

// One life of the engine over a store: takes up to `commits` batches and is then dropped without a farewell.
std::string live(state::Store& store, const std::vector<Event>& events, uint32_t shards, int commits, size_t checkpoint,
                 bool& done) {
  Engine::Options options;
  options.shards = shards;
  options.checkpoint_bytes = checkpoint;
  auto engine = Engine::open(options, testing::rules(), &store, testing::recompile);
  EXPECT_TRUE(engine) << engine.error().message;
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  std::string out;
  const auto commit = [&] {
    auto made = (*engine)->commit();
    ASSERT_TRUE(made) << made.error().message;
    for (const Outgoing& o : *made) out.append(o.json).push_back('\n');
    --commits;
  };
  const uint64_t from = (*engine)->next_offset(p);
  for (size_t i = from == UINT64_MAX ? 0 : from; i < events.size(); ++i) {
    if (commits == 0) return out;
    (*engine)->accept(events[i], p, i + 1, kNoTime);
    if ((*engine)->pending_events() >= 37) commit();
  }
  (*engine)->advance_to((*engine)->greatest_event_time() + 24 * 60 * kMinute);
  commit();
  done = true;
  return out;
}

TEST(Engine, CrashesLoseAndDoubleNothing) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 1200);
    const std::string reference = published(events, {1, 64});
    const auto store = state::make_memory_store();
    std::mt19937 random(seed);
    std::string out;
    bool done = false;
    for (int life = 0; !done && life < 200; ++life) {
      const uint32_t shards = 1 + random() % 4;
      out += live(*store, events, shards, 1 + static_cast<int>(random() % 5), 2000 + random() % 6000, done);
    }
    ASSERT_TRUE(done);
    EXPECT_EQ(out, reference) << "seed " << seed;
  }
}

TEST(Engine, TheStoredOutboxHoldsEachTransitionOnceInOrder) {
  Feed feed;
  const auto events = testing::stream(feed, 3, 800);
  const auto store = state::make_memory_store();
  bool done = false;
  const std::string out = live(*store, events, 2, 1000, 5000, done);
  ASSERT_TRUE(done);
  auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
  ASSERT_TRUE(engine);
  std::string stored;
  uint64_t last = 0;
  ASSERT_TRUE((*engine)->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) {
    EXPECT_EQ(o.sequence, ++last);
    stored.append(o.json).push_back('\n');
  }));
  EXPECT_EQ(stored, out);
}

TEST(Engine, ARevisionReplacesAndAWithdrawalTakesBack) {
  Feed feed;
  auto engine = Engine::open({}, testing::rules(), nullptr, testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  uint64_t offset = 0;
  const auto take = [&](const Event& e) { return (*engine)->accept(e, p, ++offset, kNoTime); };
  Event b = feed.report("b", kStart + kMinute, 2);
  EXPECT_EQ(take(feed.report("a", kStart, 1)), Outcome::kAccepted);
  EXPECT_EQ(take(b), Outcome::kAccepted);
  EXPECT_EQ(take(b), Outcome::kDuplicate);
  EXPECT_EQ(take(feed.report("c", kStart + 2 * kMinute, 3)), Outcome::kAccepted);
  auto opened = (*engine)->commit();
  ASSERT_TRUE(opened);
  EXPECT_EQ((*engine)->progress().totals.opened, 2u);  // by place, and as a cluster
  b.kind = EventKind::kWithdrawal;
  b.revision = 1;
  EXPECT_EQ(take(b), Outcome::kAccepted);
  ASSERT_TRUE((*engine)->commit());
  EXPECT_EQ((*engine)->progress().totals.resolved, 2u);
  b.kind = EventKind::kReport;
  b.revision = 0;
  EXPECT_EQ(take(b), Outcome::kDuplicate) << "the lower revision comes too late";
}

TEST(Engine, AnEventBehindTheWatermarkIsLateAndCounted) {
  Feed feed;
  auto engine = Engine::open({}, testing::rules(), nullptr, testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  (*engine)->accept(feed.report("a", kStart, 1), p, 1, kNoTime);
  EXPECT_EQ((*engine)->accept(feed.report("b", kStart - 10 * kMinute, 1), p, 2, kNoTime), Outcome::kAccepted);
  EXPECT_EQ((*engine)->accept(feed.report("c", kStart - 10 * kMinute - 1, 1), p, 3, kNoTime), Outcome::kLate);
  EXPECT_EQ((*engine)->progress().totals.late, 1u);
}

TEST(Engine, AFullDiskHoldsTheBatchBackAndLosesNothing) {
  Feed feed;
  const auto memory = state::make_memory_store();
  FullStore store(*memory);
  auto engine = Engine::open({}, testing::rules(), &store, testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  for (int i = 0; i < 3; ++i) {
    (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
  }
  store.full = true;
  auto refused = (*engine)->commit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kExhausted);
  EXPECT_FALSE((*engine)->commit());
  store.full = false;
  auto made = (*engine)->commit();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->size(), 2u);
  auto next = (*engine)->commit();
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->empty());
  auto again = Engine::open({}, testing::rules(), &store, testing::recompile);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->progress().totals.accepted, 3u);
  EXPECT_EQ((*again)->progress().outbox, 2u);
}

TEST(Engine, OtherRulesTakeOverTheStateOfThoseThatStayTheSame) {
  Feed feed;
  const auto store = state::make_memory_store();
  auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  (*engine)->accept(feed.report("a", kStart, 1), p, 1, kNoTime);
  (*engine)->accept(feed.report("b", kStart + 1, 2), p, 2, kNoTime);
  std::string text = testing::kRules;
  text.insert(text.find("{{distinct(place)}} 处"), "共 ");
  text.replace(text.find("within: 20m"), 11, "within: 21m");  // another identity: it begins anew
  const auto changed = testing::rules(text);
  ASSERT_NE(changed, nullptr);
  ASSERT_TRUE((*engine)->swap_rules(changed));
  (*engine)->accept(feed.report("c", kStart + 2, 3), p, 3, kNoTime);
  auto out = (*engine)->commit();
  ASSERT_TRUE(out);
  ASSERT_EQ(out->size(), 1u);
  EXPECT_NE(out->front().json.find("共 3 处"), std::string_view::npos);
  auto again = Engine::open({}, changed, store.get(), testing::recompile);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->state_keys(), (*engine)->state_keys());
}

// An edit that leaves the identity alone (a threshold) is another set: what was committed under the old one is
// recovered under the old one.
TEST(Engine, AThresholdEditedAfterACrashDoesNotRewriteThePast) {
  Feed feed;
  const auto store = state::make_memory_store();
  {
    auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
    ASSERT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (int i = 0; i < 3; ++i) {
      (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
    }
    ASSERT_TRUE((*engine)->commit());  // no checkpoint: only the delta is there
  }
  std::string text = testing::kRules;
  text.replace(text.find("{n: 3}"), 6, "{n: 9}");
  auto engine = Engine::open({}, testing::rules(text), store.get(), testing::recompile);
  ASSERT_TRUE(engine) << engine.error().message;
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  (*engine)->accept(feed.report("later", kStart + 300 * kMinute, 8, 2), p, 4, kNoTime);
  ASSERT_TRUE((*engine)->commit());
  EXPECT_EQ((*engine)->progress().totals.opened, 2u);
  EXPECT_EQ((*engine)->progress().totals.resolved, 2u)
      << "the alert opened under the old threshold ends with the edit or with its quiet time";
}

TEST(Engine, AlertsOfARuleThatGoesAreResolved) {
  Feed feed;
  const auto store = state::make_memory_store();
  auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  for (int i = 0; i < 3; ++i) {
    (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
  }
  ASSERT_TRUE((*engine)->commit());
  std::string text = testing::kRules;
  text.replace(text.find("id: near"), 8, "id: nigh");
  ASSERT_TRUE((*engine)->swap_rules(testing::rules(text)));
  EXPECT_EQ((*engine)->progress().totals.resolved, 1u);
  std::vector<std::string> told;
  ASSERT_TRUE((*engine)->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) { told.emplace_back(o.json); }));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_NE(told.back().find("\"reason\":\"rule\""), std::string::npos);
  bool more = false;
  AlertFilter open;
  open.status = {alert::AlertStatus::kOpen};
  EXPECT_EQ((*engine)->book().list(open, 10, nullptr, more).size(), 1u) << "the other rule's alert stays as it was";
}

// Rules that could not be put in force have not been: nothing is told of them, and all goes on as if they had not come.
TEST(Engine, ASwapThatTheDiskRefusesLeavesTheOldRulesAtWork) {
  Feed feed;
  const auto events = testing::stream(feed, 5, 600);
  std::string text = testing::kRules;
  text.replace(text.find("id: near"), 8, "id: nigh");
  text.replace(text.find("n: 3"), 4, "n: 4");
  const auto other = testing::rules(text);
  const auto run = [&](bool trying) {
    const auto memory = state::make_memory_store();
    FullStore store(*memory);
    auto engine = Engine::open({}, testing::rules(), &store, testing::recompile);
    EXPECT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (size_t i = 0; i < events.size(); ++i) {
      (*engine)->accept(events[i], p, i + 1, kNoTime);
      if (i % 50 != 49) continue;
      EXPECT_TRUE((*engine)->commit());
      if (!trying) continue;
      store.room = 0;  // the commit before the swap has nothing to write; the swap has
      const Status refused = (*engine)->swap_rules(other);
      EXPECT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Code::kExhausted);
      EXPECT_EQ((*engine)->rules().rules()[1].id, "near");
      store.room = SIZE_MAX;
    }
    EXPECT_TRUE((*engine)->commit());
    std::string out;
    EXPECT_TRUE((*engine)->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) { out.append(o.json).push_back('\n'); }));
    auto again = Engine::open({}, testing::rules(), &store, testing::recompile);
    EXPECT_TRUE(again);
    EXPECT_EQ((*again)->state_keys(), (*engine)->state_keys());
    EXPECT_EQ((*again)->progress().totals.transitions, (*engine)->progress().totals.transitions);
    return out;
  };
  const std::string undisturbed = run(false);
  EXPECT_GT(std::ranges::count(undisturbed, '\n'), 10);
  EXPECT_EQ(run(true), undisturbed);
}

// Ended alerts are listed for their time and no longer, with their histories; those that are open stay.
TEST(Engine, EndedAlertsGoWithACheckpointOnceTheirTimeIsOver) {
  Feed feed;
  const auto store = state::make_memory_store();
  Engine::Options options;
  options.keep_ended = 10LL * 24 * 60 * kMinute;
  const auto count = [&](std::string_view from, std::string_view to) {
    size_t n = 0;
    EXPECT_TRUE(store->scan(state::Table::kAlerts, from, to, [&](auto, auto) { return ++n > 0; }));
    return n;
  };
  const auto life = [&](TimeMs start, const std::string& name, uint64_t offset) {
    auto engine = Engine::open(options, testing::rules(), store.get(), testing::recompile);
    ASSERT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (int i = 0; i < 3; ++i) {
      (*engine)->accept(feed.report(name + std::to_string(i), start + i, i), p, ++offset, kNoTime);
    }
    (*engine)->advance_to(start + 24 * 60 * kMinute);
    (*engine)->request_checkpoint();
    ASSERT_TRUE((*engine)->commit());
    EXPECT_EQ((*engine)->book().size(), count("a/", "a0"));
  };
  life(kStart, "first", 0);
  EXPECT_EQ(count("a/", "a0"), 2u);
  EXPECT_EQ(count("h/", "h0"), 4u);
  life(kStart + options.keep_ended - 24 * 60 * kMinute, "second", 3);
  EXPECT_EQ(count("a/", "a0"), 4u);
  life(kStart + options.keep_ended + 24 * 60 * kMinute, "third", 6);
  EXPECT_EQ(count("a/", "a0"), 4u) << "the first two are gone, with their histories";
  EXPECT_EQ(count("h/", "h0"), 8u);
  options.max_ended = 3;
  life(kStart + options.keep_ended + 48 * 60 * kMinute, "fourth", 9);
  options.max_ended = 1;
  life(kStart + options.keep_ended + 72 * 60 * kMinute, "fifth", 12);
  EXPECT_EQ(count("a/", "a0"), 3u) << "the one that is left, and the two that this checkpoint itself ended";
}

// A resolved alert takes a person's word long after its events are gone, also in another life of the engine.
TEST(Engine, AnAlertIsClosedLongAfterItWasResolved) {
  Feed feed;
  const auto store = state::make_memory_store();
  std::string id;
  {
    auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
    ASSERT_TRUE(engine);
    const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
    for (int i = 0; i < 3; ++i) {
      (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
    }
    (*engine)->advance_to(kStart + 20LL * 24 * 60 * kMinute);
    auto told = (*engine)->commit();
    ASSERT_TRUE(told);
    ASSERT_EQ(told->size(), 4u);
    id = told->front().alert_id;
  }
  auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t people = (*engine)->add_partition("actions", 0);
  (*engine)->set_idle(people, true);
  alert::Action close;
  close.kind = alert::ActionKind::kClose;
  close.alert_id = id;
  close.outcome = "true";
  close.at = kStart + 21LL * 24 * 60 * kMinute;
  EXPECT_TRUE((*engine)->act(close, people, 1, kNoTime));
  auto told = (*engine)->commit();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1u);
  EXPECT_NE(told->front().json.find("tocsin.alert.closed"), std::string_view::npos);
  EXPECT_NE(told->front().json.find("\"en\":\"3 places\""), std::string_view::npos) << told->front().json;
}

TEST(Engine, ActionsReachTheirAlertAndUnknownOnesAreRefused) {
  Feed feed;
  const auto store = state::make_memory_store();
  auto engine = Engine::open({}, testing::rules(), store.get(), testing::recompile);
  ASSERT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  const uint32_t people = (*engine)->add_partition("actions", 0);
  (*engine)->set_idle(people, true);
  for (int i = 0; i < 3; ++i) {
    (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
  }
  auto opened = (*engine)->commit();
  ASSERT_TRUE(opened);
  ASSERT_FALSE(opened->empty());
  alert::Action action;
  action.kind = alert::ActionKind::kAcknowledge;
  action.alert_id = opened->front().alert_id;
  action.by = "duty-1";
  action.at = kStart + kMinute;
  EXPECT_TRUE((*engine)->act(action, people, 1, kStart));
  auto told = (*engine)->commit();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->size(), 1u);
  EXPECT_NE(told->front().json.find("tocsin.alert.acknowledged"), std::string_view::npos);
  AlertLine line;
  ASSERT_TRUE((*engine)->book().find(action.alert_id, line));
  EXPECT_EQ(line.status, alert::AlertStatus::kAcknowledged);
  action.alert_id = "places-0000-0000";
  EXPECT_FALSE((*engine)->act(action, people, 2, kStart));
}

}  // namespace
}  // namespace tocsin::runtime
