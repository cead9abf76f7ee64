// Rules that are taken out and come again: their alerts go on, and no number of a transition is given twice. And
// changes of rules whose write the disk took though it had reported an error.
#include <algorithm>

#include "runtime/estates.h"
#include "swap_fixture.h"
#include "tests/engine/state/passing_store.h"

namespace tocsin::runtime {
namespace {

using testing::expect_one_life_each;
using testing::Feed;
using testing::field;
using testing::kMinute;
using testing::kStart;
using testing::Live;
using testing::rules_of;
using testing::warmed;

constexpr DurationMs kDay = 24 * 60 * kMinute;

// Of all rules the one that no version edits.
std::string untouched_alone() {
  const std::string all = rules_of(false);
  return "rules:\n" + all.substr(all.find("  - id: untouched"));
}

std::vector<Event> three_reports(Feed& feed) {
  std::vector<Event> out;
  for (int i = 0; i < 3; ++i) out.push_back(feed.report("r" + std::to_string(i), kStart + i * kMinute, i));
  return out;
}

std::vector<std::string> told_of(const Live& live, const std::string& rule) {
  std::vector<std::string> out;
  for (const std::string& json : live.told()) {
    if (field(json, "rule") == rule) out.push_back(field(json, "type").substr(13) + " " + field(json, "seq"));
  }
  return out;
}

void go_over(Live& live, const std::shared_ptr<const rule::RuleSet>& rules, std::span<const Event> seen) {
  const auto begins = live.engine->to_warm_up(*rules);
  const auto warm = begins == nullptr ? nullptr : warmed(live, *rules, seen, 1);
  ASSERT_TRUE(live.engine->swap_rules(rules, warm.get()));
}

TEST(SwapAgain, ARuleThatWasTakenOutGoesOnWithItsAlerts) {
  size_t reopened = 0;
  for (uint32_t seed = 0; seed < 24; ++seed) {
    const std::string where = "seed " + std::to_string(seed);
    Feed feed;
    std::mt19937 random(seed);
    const auto events = testing::stream(feed, seed, 240);
    const std::shared_ptr<const rule::RuleSet> sets[] = {
        testing::rules(rules_of(false)), testing::rules(untouched_alone()), testing::rules(rules_of(true))};
    Live live(sets[0], 1 + seed % 3);
    size_t now = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      if (random() % 25 == 0) {
        live.commit();
        now = (now + 1 + random() % 2) % 3;
        if (random() % 4 == 0) {  // anew: nothing is warmed up
          ASSERT_TRUE(live.engine->swap_rules(sets[now])) << where;
        } else {
          go_over(live, sets[now], std::span(events).first(i));
        }
        if (random() % 3 == 0) live.open(sets[now]);
        if (random() % 3 == 0) live.engine->request_checkpoint();
      }
      live.take(events[i]);
    }
    live.commit();
    expect_one_life_each(live.told(), where);
    for (const std::string& json : live.told()) {
      reopened += field(json, "type").ends_with(".reopened") && field(json, "reason") == "rule";
    }
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(reopened, 20u);
}

// Whoever dealt with an alert is not called again because a rule was taken out and put back.
TEST(SwapAgain, APersonsClosingOutlastsIt) {
  Feed feed;
  const auto all = testing::rules(rules_of(false)), none = testing::rules(untouched_alone());
  const auto events = three_reports(feed);
  for (const bool crash : {false, true}) {
    Live live(all, 2);
    for (const Event& e : events) live.take(e);
    live.commit();
    ASSERT_EQ(told_of(live, "places"), (std::vector<std::string>{"opened 1"}));
    alert::Action close;
    close.kind = alert::ActionKind::kClose;
    for (const std::string& json : live.told()) {
      if (field(json, "rule") == "places") close.alert_id = field(json, "alert_id");
    }
    close.by = "officer";
    close.at = kStart + 5 * kMinute;
    ASSERT_TRUE(live.engine->act(close, live.partition, ++live.offset, kNoTime));
    live.commit();
    go_over(live, none, events);
    if (crash) live.open(none);
    go_over(live, all, events);
    EXPECT_EQ(told_of(live, "places"), (std::vector<std::string>{"opened 1", "closed 2"}));
    // And the others open again.
    EXPECT_EQ(told_of(live, "near"), (std::vector<std::string>{"opened 1", "resolved 2", "reopened 3"}));
  }
}

size_t pieces_in(const state::Store& store) {
  size_t n = 0;
  EXPECT_TRUE(store.scan(state::Table::kMeta, "left/", "left0", [&](auto, auto) {
    ++n;
    return true;
  }));
  return n;
}

TEST(SwapAgain, WhatWasLeftIsKeptAsLongAsItsAlertsAreListed) {
  Feed feed;
  const auto all = testing::rules(rules_of(false)), none = testing::rules(untouched_alone());
  Live live(all, 1);
  for (const Event& e : three_reports(feed)) live.take(e);
  live.commit();
  EXPECT_EQ(pieces_in(*live.store), 0U);
  go_over(live, none, {});
  EXPECT_GE(pieces_in(*live.store), 2U);
  const auto pass = [&](int day) {
    live.take(feed.report("day" + std::to_string(day), kStart + day * kDay, 7));
    live.engine->request_checkpoint();
    live.commit();
  };
  pass(399);
  live.open(none);
  EXPECT_GE(pieces_in(*live.store), 2U);
  pass(401);
  EXPECT_EQ(pieces_in(*live.store), 0U);
}

TEST(Estates, AreBoundedAndTheOneThatWouldGoFirstGoes) {
  const auto store = state::make_memory_store();
  Estates estates;
  const auto leave = [&](const std::string& rule, TimeMs until, size_t megabytes) {
    state::Batch batch;
    std::vector<Shard::Left> left;
    for (uint64_t i = 0; i < megabytes; ++i) {
      alert::Record r;
      r.seq = 3;
      r.said.evidence.assign(1u << 20, 'e');
      left.push_back({0, {megabytes - i, i}, "[]", {r}});
    }
    left.push_back({0, {0, 0}, "[]", {alert::Record()}});  // that nobody was told of
    estates.leave(rule, std::move(left), until, batch);
    EXPECT_TRUE(store->write(batch, true));
  };
  leave("a", 300, 30);
  leave("b", 100, 20);
  EXPECT_EQ(estates.size(), 2U);
  leave("c", 200, 30);
  EXPECT_FALSE(estates.has("b"));
  leave("too much", 400, 65);
  EXPECT_TRUE(estates.has("a") || !estates.has("too much"));
  leave("a little", 50, 1);
  Estates loaded;
  ASSERT_TRUE(loaded.load(*store));
  for (const char* rule : {"a", "b", "c", "too much", "a little"}) EXPECT_EQ(loaded.has(rule), estates.has(rule));
  std::vector<Shard::Left> left;
  state::Batch batch;
  ASSERT_TRUE(loaded.inherit("a little", 7, *store, left, batch));
  ASSERT_TRUE(store->write(batch, true));
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].rule, 7);
  EXPECT_EQ(left[0].alerts.at(0).seq, 3U);
  EXPECT_FALSE(loaded.has("a little"));
  batch.clear();
  loaded.pass(1000, batch);
  ASSERT_TRUE(store->write(batch, true));
  EXPECT_EQ(pieces_in(*store), 0U);
  batch.clear();
  batch.puts.push_back({state::Table::kMeta, std::string("left/x\0", 7) + state::big_endian(0), "\xff\xff"});
  ASSERT_TRUE(store->write(batch, true));
  EXPECT_FALSE(Estates().load(*store));
}

// Keeps all writes in order, also those that it reports as failed: what lies on the disk after a crash.
class Journal final : public test::PassingStore {
 public:
  bool refuses = false;
  Status write(const state::Batch& batch, bool sync) override {
    writes_.push_back(batch);
    return refuses ? exhausted("the disk is full") : seen_->write(batch, sync);
  }
  void crash() {
    seen_ = state::make_memory_store();
    for (const state::Batch& b : writes_) EXPECT_TRUE(seen_->write(b, true));
  }

 private:
  state::Store& under() const override { return *seen_; }
  std::unique_ptr<state::Store> seen_ = state::make_memory_store();
  std::vector<state::Batch> writes_;
};

struct OnJournal {
  Live live;
  Journal& disk;
  OnJournal(const std::shared_ptr<const rule::RuleSet>& rules, uint32_t shards, Journal* journal = new Journal)
      : live(rules, shards), disk(*journal) {
    live.engine.reset();
    live.store.reset(journal);
    live.open(rules);
  }
  void commit() {
    live.commit();  // perhaps only the batch that was refused
    live.commit();
  }
  void crash(const std::shared_ptr<const rule::RuleSet>& rules) {
    live.engine.reset();
    disk.crash();
    live.open(rules);
  }
};

// Once anything else was written, what the disk took of a change that was reported as failed is of no effect.
TEST(SwapAgain, AFailedChangeThatTurnsUpAfterACrashIsTakenBack) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Feed feed;
    std::mt19937 random(seed);
    const auto events = testing::stream(feed, seed, 240);
    const std::shared_ptr<const rule::RuleSet> sets[] = {
        testing::rules(rules_of(false)), testing::rules(untouched_alone()), testing::rules(rules_of(true))};
    const auto& in_force = sets[seed % 2 == 0 ? 0 : 2];
    OnJournal broken(in_force, 1 + seed % 3);
    Live alone(in_force, 1 + seed % 3);
    size_t failed = 0, crashes = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      if (random() % 12 == 0) {
        broken.commit();
        const auto& other = sets[random() % 3];
        if (other != in_force) {
          const auto begins = broken.live.engine->to_warm_up(*other);
          const auto warm = begins == nullptr ? nullptr : warmed(broken.live, *other, std::span(events).first(i), 1);
          broken.disk.refuses = true;
          EXPECT_FALSE(broken.live.engine->swap_rules(other, warm.get()));
          if (random() % 2 == 0) {
            EXPECT_FALSE(broken.live.engine->swap_rules(other));
          }
          broken.disk.refuses = false;
          ++failed;
        }
      }
      broken.live.take(events[i]);
      alone.take(events[i]);
      if (random() % 20 == 0) {
        broken.commit();
        broken.crash(in_force);
        ++crashes;
      }
    }
    broken.commit();
    alone.commit();
    EXPECT_GT(failed * crashes, 0U) << "seed " << seed;
    EXPECT_EQ(broken.live.told(), alone.told()) << "seed " << seed;
    for (Live* live : {&broken.live, &alone}) {
      live->engine->request_checkpoint();
      live->commit();
    }
    broken.crash(in_force);
    for (const state::Table table : {state::Table::kState, state::Table::kAlerts, state::Table::kOutbox}) {
      std::map<std::string, std::string> mine, theirs;
      const auto read = [&](const Live& live, auto& out) {
        return live.store->scan(table, "", "", [&](std::string_view key, std::string_view value) {
          out[std::string(key)] = value;
          return true;
        });
      };
      ASSERT_TRUE(read(broken.live, mine));
      ASSERT_TRUE(read(alone, theirs));
      EXPECT_TRUE(mine == theirs) << "seed " << seed << ", table " << static_cast<int>(table);
    }
    if (::testing::Test::HasFailure()) return;
  }
}

// Nothing was written after it: the change has happened, whole.
TEST(SwapAgain, AFailedChangeThatTurnsUpAtOnceHasHappened) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 240);
    const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
    OnJournal broken(before, 2);
    Live fine(before, 2);
    for (size_t i = 0; i < 150; ++i) {
      broken.live.take(events[i]);
      fine.take(events[i]);
    }
    broken.commit();
    fine.commit();
    const auto warm = warmed(broken.live, *after, std::span(events).first(150), 1);
    broken.disk.refuses = true;
    EXPECT_FALSE(broken.live.engine->swap_rules(after, warm.get()));
    broken.disk.refuses = false;
    broken.crash(after);
    go_over(fine, after, std::span(events).first(150));
    for (size_t i = 150; i < events.size(); ++i) {
      broken.live.take(events[i]);
      fine.take(events[i]);
    }
    broken.commit();
    fine.commit();
    EXPECT_EQ(broken.live.told(), fine.told()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin::runtime
