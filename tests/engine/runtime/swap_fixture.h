#pragma once
// Changes of rules while an engine runs: rules of every kind in two versions, an engine over a store that is opened
// again and again, the warm-up of what begins, and what must hold of everything that was told.
#include <map>
#include <string>
#include <vector>

#include "fixture.h"

namespace tocsin::runtime::testing {

// All kinds; `edit` says which version.
inline std::string rules_of(bool edited) {
  const auto pick = [&](const char* before, const char* after) { return std::string(edited ? after : before); };
  std::string text = "rules:\n";
  const auto rule = [&](const std::string& id, const std::string& body) {
    text += "  - id: " + id + "\n    name: " + id + "\n    owner: town\n    from: [grid]\n" + body + "    summary: \"" +
            id + "\"\n";
  };
  rule("places",
       "    kind: window\n    where: kind == \"report\"\n    key: [area.town]\n    within: " + pick("30m", "50m") +
           "\n    fire: distinct(place) >= 3\n    severity: {orange: distinct(place) >= 5, yellow: true}\n"
           "    resolve: {quiet: 40m}\n");
  rule("held",
       "    kind: window\n    where: kind == \"report\"\n    key: [area.town]\n    within: " + pick("20m", "25m") +
           "\n    for: 5m\n    fire: count() >= 2\n    severity: yellow\n    resolve: {quiet: 30m}\n");
  rule("near",
       "    kind: cluster\n    where: kind == \"report\" && has(location)\n    radius: " + pick("500m", "900m") +
           "\n    within: 20m\n    fire: distinct(place) >= 3\n    severity: yellow\n    resolve: {quiet: 1h}\n");
  rule("alike", "    kind: similar\n    where: kind == \"report\"\n    within: " + pick("30m", "45m") +
                    "\n    same: place_same\n    fire: count() >= 3\n    severity: yellow\n    resolve: {quiet: 1h}\n");
  rule("overdue",
       "    kind: absence\n    key: [case]\n    after: kind == \"transition\" && stage == \"accepted\"\n"
       "    expect: kind == \"transition\" && stage == \"closed\"\n    within: " +
           pick("25m", "40m") + "\n    severity: {orange: elapsed >= 2.0, yellow: elapsed >= 1.0}\n");
  rule("steps",
       "    kind: sequence\n    where: kind == \"transition\"\n    key: [case]\n    within: " + pick("1h", "2h") +
           "\n    steps:\n      - opened: stage == \"accepted\"\n      - ended: stage == \"closed\"\n"
           "      - again: stage == \"accepted\"\n    severity: yellow\n    resolve: {quiet: 1h}\n");
  rule("still", "    kind: silence\n    where: kind == \"report\"\n    key: [area.town]\n    history: " +
                    pick("7d", "8d") + "\n    fire: gap >= duration(\"45m\")\n    severity: yellow\n");
  rule("rise",
       "    kind: baseline\n    where: kind == \"report\"\n    key: [area.town]\n    every: 1h\n    within: 1h\n"
       "    against: {previous: " +
           pick("7d", "9d") + "}\n    fire: observed >= 5 && observed > expected\n    resolve: {quiet: 2h}\n" +
           "    severity: yellow\n");
  rule("untouched",
       "    kind: window\n    where: kind == \"report\"\n    key: [place]\n    within: 40m\n"
       "    fire: count() >= 2\n    severity: yellow\n    resolve: {quiet: 40m}\n");
  if (edited) {
    rule("fresh",
         "    kind: window\n    where: kind == \"report\"\n    key: [place]\n    within: 2h\n"
         "    fire: count() >= 3\n    severity: yellow\n    resolve: {quiet: 1h}\n");
  }
  return text;
}

struct Live {
  std::unique_ptr<state::Store> store = state::make_memory_store();
  std::unique_ptr<Engine> engine;
  uint32_t partition = 0;
  uint64_t offset = 0;
  const uint32_t shards;
  const uint64_t commit_each;  // events; 0: by the test alone

  Live(std::shared_ptr<const rule::RuleSet> rules, uint32_t n, uint64_t each = 17) : shards(n), commit_each(each) {
    open(std::move(rules));
  }
  void open(std::shared_ptr<const rule::RuleSet> rules) {
    engine.reset();
    Engine::Options options;
    options.shards = shards;
    auto opened = Engine::open(options, std::move(rules), store.get(), testing::recompile);
    ASSERT_TRUE(opened) << opened.error().message;
    engine = std::move(*opened);
    partition = engine->add_partition("test", 10 * kMinute);
  }
  void take(const Event& event) {
    engine->accept(event, partition, ++offset, kNoTime);
    if (commit_each != 0 && offset % commit_each == 0) commit();
  }
  void commit() { ASSERT_TRUE(engine->commit()); }
  std::vector<std::string> told(uint64_t from = 1) const {
    std::vector<std::string> out;
    EXPECT_TRUE(engine->read_outbox(from, SIZE_MAX, [&](const Outgoing& o) { out.emplace_back(o.json); }));
    return out;
  }
};

// An engine over what has to be warmed up, given the same events.
inline std::unique_ptr<Engine> warmed(const Live& live, const rule::RuleSet& rules, std::span<const Event> events,
                                      uint32_t shards) {
  Engine::Options options;
  options.shards = shards;
  auto warm = Engine::open(options, live.engine->to_warm_up(rules), nullptr, {});
  EXPECT_TRUE(warm);
  const uint32_t p = (*warm)->add_partition("test", 10 * kMinute);
  (*warm)->hold_time_at(live.engine->watermark());
  for (size_t i = 0; i < events.size(); ++i) {
    (*warm)->accept(events[i], p, i + 1, kNoTime);
    if (i % 23 == 0) {
      EXPECT_TRUE((*warm)->commit());
    }
  }
  EXPECT_TRUE((*warm)->commit());
  return std::move(*warm);
}

inline std::string field(const std::string& json, const std::string& name) {
  const std::string mark = "\"" + name + "\":";
  const size_t at = json.find(mark) + mark.size();
  const bool quoted = json[at] == '"';
  return json.substr(at + quoted, json.find_first_of(quoted ? "\"" : ",}", at + quoted) - at - quoted);
}

// Each alert's sequence counts 1, 2, 3 …; it opens once and only what has ended reopens.
inline void expect_one_life_each(const std::vector<std::string>& told, const std::string& where) {
  std::map<std::string, int> seq;
  std::map<std::string, bool> open;
  for (const std::string& json : told) {
    const std::string id = field(json, "alert_id");
    EXPECT_EQ(field(json, "seq"), std::to_string(++seq[id])) << where << ": " << json;
    const std::string type = field(json, "type").substr(std::string("tocsin.alert.").size());
    const bool opens = type == "opened" || type == "reopened";
    if (opens) {
      EXPECT_EQ(type == "opened", seq[id] == 1) << where << ": " << json;
      EXPECT_FALSE(open[id]) << where << ": " << json;
      open[id] = true;
    } else if (type == "resolved") {
      EXPECT_TRUE(open[id]) << where << ": " << json;
      open[id] = false;
    }
  }
}

}  // namespace tocsin::runtime::testing
