// A threshold is edited while the engine runs: what is kept is judged by the new one at once, and nothing else changes.
#include <algorithm>
#include <map>
#include <set>

#include "swap_fixture.h"

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

struct Service : testing::Live {
  explicit Service(const std::string& text, uint32_t n = 1) : Live(testing::rules(text), n, 0) {}
  void open(const std::string& text) { Live::open(testing::rules(text)); }
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

// The edits of a rule's mode. Alerts of rules in shadow have a stream of their own.
std::string in_mode(std::string text, const std::string& id, const std::string& mode) {
  const std::string head = "  - id: " + id + "\n";
  return text.insert(text.find(head) + head.size(), "    mode: " + mode + "\n");
}

struct Told {
  std::string id, type, rule;
  uint32_t seq = 0;
  bool shadow = false, lives = false;
};
std::string field(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":";
  const size_t at = json.find(mark) + mark.size();
  const bool quoted = json[at] == '"';
  return json.substr(at + quoted, json.find_first_of(quoted ? "\"" : ",}", at + quoted) - at - quoted);
}
std::vector<Told> streams(const Service& service) {
  std::vector<Told> out;
  EXPECT_TRUE(service.engine->read_outbox(1, SIZE_MAX, [&](const Outgoing& o) {
    const std::string json(o.json);
    out.push_back({field(json, "alert_id"), field(json, "type").substr(13), field(json, "rule"),
                   static_cast<uint32_t>(std::stoul(field(json, "seq"))), o.shadow, field(json, "status") == "open"});
  }));
  return out;
}
std::vector<std::string> texts(const std::vector<Told>& told) {
  std::vector<std::string> out;
  for (const Told& t : told) out.push_back(t.type + " " + std::to_string(t.seq) + (t.shadow ? " in shadow" : ""));
  return out;
}

TEST(Rejudge, AnAlertGoesToTheOtherStreamWithTheMode) {
  Feed feed;
  Service service(testing::kRules);
  const std::string shadow = in_mode(testing::kRules, "places", "shadow");
  const auto report = [&](int i) {
    service.take(feed.report("r" + std::to_string(i), kStart + i * kMinute, i * 100));
    service.commit();
  };
  for (int i = 0; i < 3; ++i) report(i);
  ASSERT_TRUE(service.engine->swap_rules(testing::rules(shadow)));
  const auto told = service.told();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(field(told[1], "reason"), "rule") << told[1];
  EXPECT_EQ(field(told[1], "status"), "resolved") << told[1];
  EXPECT_EQ(field(told[2], "reason"), "rule") << told[2];
  EXPECT_EQ(field(told[2], "status"), "open") << told[2];
  service.open(shadow);  // it crashed
  report(3);
  report(4);  // orange
  ASSERT_TRUE(service.engine->swap_rules(testing::rules()));
  service.take(feed.stage("s", kStart + 10 * 60 * kMinute, "c", Stage::kClosed));  // it is quiet
  service.commit();
  EXPECT_EQ(texts(streams(service)),
            (std::vector<std::string>{"opened 1", "resolved 2", "opened 3 in shadow", "escalated 4 in shadow",
                                      "resolved 5 in shadow", "opened 6", "resolved 7"}));
}

// What is told of an alert that has ended goes where it was known.
TEST(Rejudge, AnAlertThatHasEndedStaysInItsStreamUntilItOpensAgain) {
  for (const bool reopens : {false, true}) {
    Feed feed;
    Service service(in_mode(testing::kRules, "places", "shadow"));
    const auto report = [&](int minute) {
      const std::string id = "r" + std::to_string(minute);
      service.take(feed.report(id, kStart + minute * kMinute, minute * 100));
      service.commit();
    };
    for (const int minute : {0, 1, 2, 60}) report(minute);
    ASSERT_EQ(texts(streams(service)), (std::vector<std::string>{"opened 1 in shadow", "resolved 2 in shadow"}));
    ASSERT_TRUE(service.engine->swap_rules(testing::rules()));
    ASSERT_EQ(streams(service).size(), 2u);
    std::vector<std::string> expected{"opened 1 in shadow", "resolved 2 in shadow"};
    if (reopens) {
      for (const int minute : {61, 62}) report(minute);
      expected.emplace_back("opened 3");
    } else {
      alert::Action close;
      close.alert_id = streams(service)[0].id;
      close.kind = alert::ActionKind::kClose;
      close.outcome = "true";
      close.by = "planner";
      close.at = kStart + 61 * kMinute;
      ASSERT_TRUE(service.engine->act(close, service.partition, ++service.offset, kNoTime));
      service.commit();
      expected.emplace_back("closed 3 in shadow");
    }
    EXPECT_EQ(texts(streams(service)), expected);
  }
}

// Whatever is edited together, and whenever it crashes: in each stream an alert is opened before anything else is said
// of it, it ends before it opens again, and in the end it is open in the stream of its rule's mode alone.
TEST(Rejudge, EachStreamIsWholeWhateverIsEdited) {
  size_t moved = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    Feed feed;
    std::mt19937 random(seed);
    const auto events = testing::stream(feed, seed, 300);
    const auto edited = [&](std::set<std::string>& in_shadow) {
      std::string text = with("{n: 3}", random() % 2 == 0 ? "{n: 2}" : "{n: 4}");
      if (random() % 4 == 0) text.replace(text.find("within: 20m"), 11, "within: 25m");  // begins anew
      in_shadow.clear();
      for (const char* id : {"places", "near", "overdue"}) {
        if (random() % 2 == 0) continue;
        text = in_mode(text, id, "shadow");
        in_shadow.insert(id);
      }
      return text;
    };
    std::set<std::string> in_shadow;
    std::string text = edited(in_shadow);
    Service service(text, 1 + seed % 3);
    for (const Event& e : events) {
      service.take(e);
      if (random() % 9 == 0) service.commit();
      if (random() % 40 != 0) continue;
      text = edited(in_shadow);
      ASSERT_TRUE(service.engine->swap_rules(testing::rules(text)));
      if (random() % 2 == 0) service.open(text);
      if (random() % 3 == 0) service.engine->request_checkpoint();
    }
    service.commit();
    std::map<std::string, uint32_t> seq;
    std::map<std::pair<std::string, bool>, bool> open, heard;
    std::map<std::string, std::string> rule;
    for (const Told& t : streams(service)) {
      const std::pair<std::string, bool> here{t.id, t.shadow};
      const std::string where = "seed " + std::to_string(seed) + ": " + t.rule + " " + texts({t})[0];
      EXPECT_EQ(t.seq, ++seq[t.id]) << where;
      const bool opens = t.type == "opened" || t.type == "reopened";
      if (opens) {
        EXPECT_FALSE(open[here]) << where;
        EXPECT_TRUE(t.type == "opened" || heard[here]) << where;
        moved += heard.contains({t.id, !t.shadow});
      } else {
        EXPECT_TRUE(heard[here]) << where;
        EXPECT_TRUE(t.type == "amended" || open[here]) << where;
      }
      heard[here] = true;
      open[here] = t.lives;
      rule[t.id] = t.rule;
    }
    std::set<std::string> ids;
    for (const auto& [here, is_open] : open) {
      if (!is_open) continue;
      EXPECT_EQ(here.second, in_shadow.contains(rule[here.first])) << "seed " << seed << ": " << rule[here.first];
      EXPECT_TRUE(ids.insert(here.first).second) << "open in both streams";
    }
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(moved, 100u);
}

}  // namespace
}  // namespace tocsin::runtime
