// A rule's identity is edited while the engine runs, and the new version is warmed up from the log: from the swap on it
// is what it would have been had it read that part of the log from the beginning; what people knew of goes on.
#include <algorithm>
#include <map>
#include <set>

#include "alert/record.h"
#include "full_store.h"
#include "runtime/warm_up.h"
#include "swap_fixture.h"

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

// The keys of rules as the store has them after a checkpoint, without what people were told: by rule and key, the
// records of alerts and the detector's own bytes.
struct Kept {
  std::map<std::string, std::string> records;   // by alert id; living or ended
  std::map<std::string, std::string> numbered;  // with the numbers of their episodes
  std::set<std::string> filed;
  std::string detector;
};
std::map<std::string, Kept> keys_of(Live& live) {
  live.engine->request_checkpoint();
  live.commit();
  std::map<std::string, Kept> out;
  EXPECT_TRUE(live.store->scan(state::Table::kState, "", "", [&](std::string_view key, std::string_view value) {
    Reader in(value);
    (void)in.u8();
    (void)in.u8();
    (void)in.str();
    if (in.flag()) {
      (void)in.fixed64();
      (void)in.varint();
      (void)in.zigzag();
    }
    Kept kept;
    for (const bool filed : {false, true}) {
      for (uint64_t n = in.varint(); n > 0; --n) {
        alert::Record r = alert::decode_record(in);
        if (filed) {
          kept.filed.insert(r.id);
          continue;
        }
        r.seq = 0;
        r.updated_at = r.opened_at = r.standing.told_at = 0;
        r.standing.told_total = 0;
        r.said = {};  // as of the last telling, and so is where it is
        r.city.clear(), r.town.clear(), r.village.clear(), r.grid.clear();
        r.has_location = false;
        r.before_evidence = 0;
        r.opened_source.clear();
        r.opened_id.clear();
        for (auto* list : {&kept.numbered, &kept.records}) {
          Writer w((*list)[r.id]);
          alert::encode(w, r);
          r.episode = 0;
        }
      }
    }
    kept.detector = value.substr(value.size() - in.remaining());
    out[std::string(key)] = std::move(kept);
    return true;
  }));
  return out;
}

std::string rule_of(const std::string& key) { return key.substr(0, key.find('\0')); }

// What `live` keeps for the rules that were warmed up is what `always` does. Keys that only hold what the rule's former
// version has left are none of these.
void expect_same_keys(Live& live, Live& always, const std::string& where, size_t& compared) {
  auto mine = keys_of(live), theirs = keys_of(always);
  std::erase_if(mine, [](const auto& k) { return rule_of(k.first) == "untouched"; });
  std::erase_if(theirs, [](const auto& k) { return rule_of(k.first) == "untouched"; });
  for (const auto& [key, kept] : theirs) {
    ASSERT_TRUE(mine.contains(key)) << where << ": a key of " << rule_of(key) << " is missing";
    EXPECT_EQ(mine[key].records, kept.records) << where << ": " << rule_of(key);
    // What a former version has left keeps a key that would have gone and come again, and episodes are numbered on.
    if (mine[key].filed != kept.filed) continue;
    EXPECT_EQ(mine[key].numbered, kept.numbered) << where << ": " << rule_of(key);
    EXPECT_EQ(mine[key].detector, kept.detector) << where << ": " << rule_of(key);
    ++compared;
  }
  for (const auto& [key, kept] : mine) {
    EXPECT_TRUE(theirs.contains(key) || kept.records.empty()) << where << ": a key of " << rule_of(key);
  }
}

// Alerts of the rules that were warmed up: id, what happened, when, how grave.
std::vector<std::string> story(const std::vector<std::string>& told) {
  std::vector<std::string> out;
  for (const std::string& json : told) {
    if (field(json, "rule") == "untouched") continue;
    std::string type = field(json, "type").substr(std::string("tocsin.alert.").size());
    if (type == "updated" || type == "amended") continue;  // when an alert was told before decides of these
    if (type == "reopened") type = "opened";
    out.push_back(field(json, "alert_id") + " " + type + " " + field(json, "time") + " " + field(json, "severity"));
  }
  return out;
}

// Events of which no later one concerns an earlier than the first.
std::vector<Event> own_span(const std::vector<Event>& events, size_t begin) {
  std::set<std::string> before;
  for (size_t i = 0; i < begin; ++i) before.insert(std::string(events[i].id));
  std::vector<Event> out(events.begin(), events.begin() + static_cast<ptrdiff_t>(begin));
  for (size_t i = begin; i < events.size(); ++i) {
    if (!before.contains(std::string(events[i].id))) out.push_back(events[i]);
  }
  return out;
}

// Ten days of a report an hour, before the stream: a past for silence and baseline.
std::vector<Event> past(Feed& feed) {
  std::vector<Event> out;
  for (int hour = 240; hour > 0; --hour) {
    for (const int town : {1, 2}) {
      out.push_back(feed.report("h" + std::to_string(hour) + "-" + std::to_string(town),
                                kStart - hour * 60 * kMinute + town, 50 + hour % 7, town));
    }
  }
  return out;
}

TEST(SwapWarm, IsFromThenOnWhatItWouldHaveBeen) {
  size_t opened = 0, amended = 0, resolved = 0, reopened = 0, compared = 0;
  std::set<std::string> rules;  // of which something is told at the swap
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const std::string where = "seed " + std::to_string(seed);
    Feed feed;
    std::mt19937 random(seed);
    auto events = testing::stream(feed, seed, 240);
    const size_t begin = seed % 2 == 0 ? 0 : random() % 60;
    size_t least = begin;  // where the swap may be
    if (seed % 4 == 0) {
      auto all = past(feed);
      least = all.size();
      all.insert(all.end(), events.begin(), events.end());
      events = std::move(all);
    }
    events = own_span(events, begin);
    const size_t at = least + random() % (events.size() - least);
    const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
    const uint32_t shards[] = {1, 2, 8};
    Live live(before, shards[seed % 3]), always(after, 1);
    for (size_t i = 0; i < at; ++i) live.take(events[i]);
    live.commit();
    for (size_t i = begin; i < at; ++i) always.take(events[i]);
    always.commit();
    const auto warm = warmed(live, *after, std::span(events).subspan(begin, at - begin), shards[(seed + 1) % 3]);
    const uint64_t mine = live.engine->outbox(), theirs = always.engine->outbox();
    ASSERT_TRUE(live.engine->swap_rules(after, warm.get())) << where;
    const uint64_t swapped = live.engine->outbox();
    if (seed % 4 == 3) live.open(after);  // it crashed before anything else was stored
    if (seed % 3 != 0) expect_same_keys(live, always, where + " at the swap", compared);
    for (size_t i = at; i < events.size(); ++i) {
      if (random() % 40 == 0) {  // it crashes, whether there was a checkpoint since or not
        live.commit();
        live.open(after);
      }
      live.take(events[i]);
      always.take(events[i]);
    }
    live.commit();
    always.commit();
    expect_same_keys(live, always, where + " at the end", compared);
    EXPECT_EQ(story(live.told(swapped + 1)), story(always.told(theirs + 1))) << where;
    expect_one_life_each(live.told(), where);
    for (const std::string& json : live.told(mine + 1)) {
      if (field(json, "reason") != "rule") continue;
      rules.insert(field(json, "rule"));
      const std::string type = field(json, "type");
      opened += type.ends_with(".opened"), amended += type.ends_with(".amended");
      resolved += type.ends_with(".resolved"), reopened += type.ends_with(".reopened");
    }
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_EQ(rules.size(), 9u) << ::testing::PrintToString(rules);
  EXPECT_GT(compared, 1000u);
  EXPECT_GT(opened, 30u);
  EXPECT_GT(amended, 30u);
  EXPECT_GT(resolved, 15u);
  EXPECT_GT(reopened, 2u);
}

// One change after another, there and back, with crashes and checkpoints between them or none.
TEST(SwapWarm, ChangesFollowEachOther) {
  size_t compared = 0;
  for (uint32_t seed = 0; seed < 16; ++seed) {
    const std::string where = "seed " + std::to_string(seed);
    Feed feed;
    std::mt19937 random(seed);
    const auto events = testing::stream(feed, seed, 240);
    const std::shared_ptr<const rule::RuleSet> sets[] = {testing::rules(rules_of(false)),
                                                         testing::rules(rules_of(true))};
    Live live(sets[0], 1 + seed % 3), always(sets[seed % 2], 1);
    size_t now = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      const bool last = i + 1 == events.size() && now != seed % 2;
      if (random() % 30 == 0 || last) {
        live.commit();
        now = 1 - now;
        const auto warm = warmed(live, *sets[now], std::span(events).first(i), 1 + static_cast<uint32_t>(random() % 3));
        ASSERT_TRUE(live.engine->swap_rules(sets[now], warm.get())) << where;
        if (random() % 3 == 0) live.open(sets[now]);
        if (random() % 3 == 0) live.engine->request_checkpoint();
      }
      live.take(events[i]);
      always.take(events[i]);
    }
    live.commit();
    always.commit();
    if (seed % 3 == 0) live.open(sets[now]);
    expect_same_keys(live, always, where, compared);
    expect_one_life_each(live.told(), where);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(compared, 50u);
}

TEST(SwapWarm, IsTheSameForAnyShards) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 240);
    const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
    std::vector<std::string> first;
    for (const uint32_t shards : {1u, 2u, 8u}) {
      Live live(before, shards);
      for (size_t i = 0; i < 150; ++i) live.take(events[i]);
      live.commit();
      const auto warm = warmed(live, *after, std::span(events).first(150), 1 + shards % 3);
      ASSERT_TRUE(live.engine->swap_rules(after, warm.get()));
      for (size_t i = 150; i < events.size(); ++i) live.take(events[i]);
      live.commit();
      if (shards == 1) first = live.told();
      EXPECT_EQ(live.told(), first) << "seed " << seed << ", " << shards << " shards";
    }
  }
}

// The other rules do not notice, whether the swap succeeds or the disk is full.
TEST(SwapWarm, OtherRulesDoNotNotice) {
  const auto others = [](const std::vector<std::string>& told) {
    std::vector<std::string> out;
    for (const std::string& json : told) {
      if (field(json, "rule") == "untouched") out.push_back(json);
    }
    return out;
  };
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 240);
    const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
    Live live(before, 2), alone(before, 2);
    for (size_t i = 0; i < 150; ++i) {
      live.take(events[i]);
      alone.take(events[i]);
    }
    live.commit();
    alone.commit();
    const auto warm = warmed(live, *after, std::span(events).first(150), 1);
    ASSERT_TRUE(live.engine->swap_rules(after, warm.get()));
    for (size_t i = 150; i < events.size(); ++i) {
      live.take(events[i]);
      alone.take(events[i]);
    }
    live.commit();
    alone.commit();
    EXPECT_EQ(others(live.told()), others(alone.told())) << "seed " << seed;
  }
}

TEST(SwapWarm, AFullDiskLeavesTheOldRulesWithAllTheirState) {
  for (uint32_t seed = 0; seed < 8; ++seed) {
    Feed feed;
    const auto events = testing::stream(feed, seed, 240);
    const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
    const auto under = state::make_memory_store();
    Live live(before, 2), alone(before, 2);
    auto full = std::make_unique<testing::FullStore>(*under);
    testing::FullStore& disk = *full;
    live.engine.reset();
    live.store = std::move(full);
    live.open(before);
    for (size_t i = 0; i < 150; ++i) {
      live.take(events[i]);
      alone.take(events[i]);
    }
    live.commit();
    alone.commit();
    const auto warm = warmed(live, *after, std::span(events).first(150), 1);
    disk.full = true;
    EXPECT_FALSE(live.engine->swap_rules(after, warm.get()));
    disk.full = false;
    for (size_t i = 150; i < events.size(); ++i) {
      live.take(events[i]);
      alone.take(events[i]);
    }
    live.commit();
    alone.commit();
    EXPECT_EQ(live.told(), alone.told()) << "seed " << seed;
  }
}

// A revision that comes after the swap takes back what the warm-up put in, a repetition changes nothing.
void expect_later_corrections_to_find_it(bool crash) {
  Feed feed;
  const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
  Live live(before, 1);
  std::vector<Event> events;
  for (int i = 0; i < 3; ++i) events.push_back(feed.report("r" + std::to_string(i), kStart + i * kMinute, 7));
  for (const Event& e : events) live.take(e);
  live.commit();
  const auto warm = warmed(live, *after, events, 1);
  ASSERT_TRUE(live.engine->swap_rules(after, warm.get()));
  const auto of_fresh = [&] {
    std::vector<std::string> out;
    for (const std::string& json : live.told()) {
      if (field(json, "rule") == "fresh") out.push_back(field(json, "type").substr(13) + " " + field(json, "reason"));
    }
    return out;
  };
  ASSERT_EQ(of_fresh(), (std::vector<std::string>{"opened rule"}));
  if (crash) live.open(after);
  live.take(events[1]);
  live.commit();
  EXPECT_EQ(of_fresh().size(), 1u);
  Event gone = events[1];
  gone.kind = EventKind::kWithdrawal;
  live.take(gone);
  live.commit();
  EXPECT_EQ(of_fresh(), (std::vector<std::string>{"opened rule", "resolved withdrawn"}));
}

TEST(SwapWarm, LaterRevisionsWithdrawalsAndRepetitionsMeanWhatWasWarmedUp) {
  expect_later_corrections_to_find_it(false);
  expect_later_corrections_to_find_it(true);
}

// The rule's mode is edited together with what it looks back on.
TEST(SwapWarm, WhatGoesToAnotherStreamEndsInTheFormer) {
  Feed feed;
  std::string text = rules_of(true);
  text.replace(text.find("  - id: places\n"), 15, "  - id: places\n    mode: shadow\n");
  const auto before = testing::rules(rules_of(false)), after = testing::rules(text);
  Live live(before, 1);
  std::vector<Event> events;
  for (int i = 0; i < 3; ++i) events.push_back(feed.report("r" + std::to_string(i), kStart + i * kMinute, i * 50));
  for (const Event& e : events) live.take(e);
  live.commit();
  const auto of_places = [&] {
    std::vector<std::string> out;
    EXPECT_TRUE(live.engine->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) {
      const std::string json(o.json);
      if (field(json, "rule") != "places") return;
      out.push_back(field(json, "type").substr(13) + " " + field(json, "seq") + (o.shadow ? " in shadow" : ""));
    }));
    return out;
  };
  ASSERT_EQ(of_places(), (std::vector<std::string>{"opened 1"}));
  auto warm = warmed(live, *after, events, 1);
  ASSERT_TRUE(live.engine->swap_rules(after, warm.get()));
  ASSERT_EQ(of_places(), (std::vector<std::string>{"opened 1", "resolved 2", "opened 3 in shadow"}));
  warm = warmed(live, *before, events, 1);
  ASSERT_TRUE(live.engine->swap_rules(before, warm.get()));
  EXPECT_EQ(of_places(), (std::vector<std::string>{"opened 1", "resolved 2", "opened 3 in shadow",
                                                   "resolved 4 in shadow", "opened 5"}));
}

TEST(SwapWarm, WhatIsNotTheRuleIsRefused) {
  const auto before = testing::rules(rules_of(false)), after = testing::rules(rules_of(true));
  Live live(before, 1);
  const auto wrong = Engine::open({}, before, nullptr, {});
  ASSERT_TRUE(wrong);
  const Status s = live.engine->swap_rules(after, wrong->get());
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().message, "what was warmed up is not the rule places");
  EXPECT_EQ(live.engine->rules().rules().size(), before->rules().size());
  EXPECT_EQ(live.engine->to_warm_up(*before), nullptr);
}

}  // namespace
}  // namespace tocsin::runtime
