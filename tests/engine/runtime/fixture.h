#pragma once
// A small vocabulary for engine tests: rules from text, events from fields, an engine's whole output as text.
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

#include "rule/rule_set.h"
#include "runtime/engine.h"

namespace tocsin::runtime::testing {

inline constexpr TimeMs kStart = 1'718'000'000'000;
inline constexpr DurationMs kMinute = 60'000;

inline constexpr char kRules[] = R"(rules:
  - id: places
    version: 1
    name: {zh: 同地多报, en: Same place}
    owner: village
    kind: window
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 30m
    params: {n: 3}
    fire: distinct(place) >= params.n
    severity: {orange: distinct(place) >= 5, yellow: true}
    resolve: {quiet: 40m}
    summary: {zh: "{{distinct(place)}} 处", en: "{{distinct(place)}} places"}
  - id: near
    version: 1
    name: {zh: 聚集, en: Cluster}
    owner: town
    kind: cluster
    from: [grid]
    where: kind == "report" && has(location)
    radius: 500m
    within: 20m
    fire: distinct(place) >= 3
    severity: yellow
    resolve: {quiet: 1h}
    summary: {zh: "{{places}} 处", en: "{{places}} places"}
  - id: overdue
    version: 1
    name: {zh: 超期, en: Overdue}
    owner: town
    kind: absence
    from: [grid]
    key: [case]
    after: kind == "transition" && stage == "accepted"
    expect: kind == "transition" && stage == "closed"
    within: 25m
    severity: {orange: elapsed >= 2.0, yellow: elapsed >= 1.0}
    summary: {zh: "超期 {{elapsed:1}}", en: "overdue {{elapsed:1}}"}
)";

// One alert for each category, which grows beyond a town with its reports.
inline constexpr char kSpread[] = R"(rules:
  - id: spread
    kind: window
    from: [grid]
    where: kind == "report"
    key: [category]
    within: 1h
    fire: count() >= 1
    severity: {orange: count() >= 3, yellow: true}
    resolve: {quiet: 2h}
    summary: "{{count()}} reports"
)";

inline std::shared_ptr<const rule::RuleSet> rules(const std::string& text = kRules,
                                                  DurationMs lateness = 10 * kMinute) {
  rule::LoadOptions options;
  options.lateness = lateness;
  std::vector<rule::Diagnostic> faults;
  const rule::SourceFile file{"test.yaml", text};
  auto set = rule::RuleSet::load(std::span(&file, 1), options, faults);
  for (const auto& f : faults) {
    if (f.level == rule::Diagnostic::Level::kError) ADD_FAILURE() << rule::render(f, rule::Language::kEnglish, false);
  }
  return set;
}

inline Result<std::shared_ptr<const rule::RuleSet>> recompile(std::span<const rule::SourceFile> files) {
  rule::LoadOptions options;
  options.lateness = 10 * kMinute;
  std::vector<rule::Diagnostic> faults;
  auto set = rule::RuleSet::load(files, options, faults);
  if (set == nullptr) return invalid("the stored rules do not compile");
  return set;
}

// Owns the texts of its events.
class Feed {
 public:
  const std::string& text(std::string s) { return texts_.emplace_back(std::move(s)); }
  Event report(const std::string& id, TimeMs time, int place, int town = 1) {
    Event e;
    e.id = text(id);
    e.source = "grid";
    e.occurred_at = time;
    e.category = "water.flooding.road";
    e.place = text("p" + std::to_string(place));
    e.town = text("33028200" + std::to_string(town));
    e.city = "330282";
    e.lon = 121.24 + 0.003 * place;
    e.lat = 30.17 + 0.01 * town;
    return e;
  }
  Event stage(const std::string& id, TimeMs time, const std::string& of, Stage stage) {
    Event e;
    e.id = text(id);
    e.source = "grid";
    e.kind = EventKind::kTransition;
    e.occurred_at = time;
    e.category = "city.other";
    e.case_id = text(of);
    e.stage = stage;
    return e;
  }

 private:
  std::deque<std::string> texts_;
};

// A stream with bursts, small disorder, late events, revisions, withdrawals and duplicates.
inline std::vector<Event> stream(Feed& feed, uint32_t seed, int n) {
  std::mt19937 random(seed);
  const auto upto = [&](int k) { return static_cast<int>(random() % static_cast<uint32_t>(k)); };
  std::vector<Event> out;
  TimeMs now = kStart;
  for (int i = 0; i < n; ++i) {
    now += upto(10) == 0 ? (10 + upto(80)) * kMinute : upto(120) * 1000;
    TimeMs t = now - (upto(4) == 0 ? upto(8) * kMinute : 0);
    if (upto(30) == 0) t = now - (15 + upto(90)) * kMinute;  // late, beyond the lateness
    const int kind = upto(10);
    if (kind < 6) {
      out.push_back(feed.report("r" + std::to_string(i), t, upto(9), 1 + upto(3)));
    } else if (kind < 9) {
      out.push_back(feed.stage("s" + std::to_string(i), t, "c" + std::to_string(upto(20)),
                               upto(2) == 0 ? Stage::kAccepted : Stage::kClosed));
    } else if (!out.empty()) {
      Event again = out[static_cast<size_t>(upto(static_cast<int>(out.size())))];
      const int what = upto(3);
      if (what > 0) again.revision += 1;
      if (what == 2) again.kind = EventKind::kWithdrawal;
      out.push_back(again);
    }
  }
  return out;
}

struct Run {
  uint32_t shards = 1;
  size_t batch = 64;
};

// Everything the engine publishes for these events, a line each.
inline std::string published(const std::vector<Event>& events, Run run) {
  Engine::Options options;
  options.shards = run.shards;
  auto engine = Engine::open(options, rules(), nullptr, recompile);
  if (!engine) return "error: " + engine.error().message;
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  std::string out;
  const auto commit = [&] {
    auto done = (*engine)->commit();
    ASSERT_TRUE(done);
    for (const Outgoing& o : *done) out.append(o.json).push_back('\n');
  };
  for (size_t i = 0; i < events.size(); ++i) {
    (*engine)->accept(events[i], p, i + 1, kNoTime);
    if ((*engine)->pending_events() >= run.batch) commit();
  }
  commit();
  (*engine)->advance_to((*engine)->greatest_event_time() + 24 * 60 * kMinute);
  commit();
  return out;
}

}  // namespace tocsin::runtime::testing
