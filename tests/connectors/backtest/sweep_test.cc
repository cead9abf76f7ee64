// A sweep is what its values are alone: the same transitions, byte by byte, on random streams with disorder, late
// events, revisions and withdrawals; cut and restored anywhere.
#include "connectors/backtest/sweep.h"

#include <gmock/gmock.h>

#include <array>
#include <regex>

#include "connectors/backtest/run.h"
#include "rule/variants.h"
#include "runtime/router.h"
#include "runtime/shard.h"
#include "tests/engine/runtime/fixture.h"
#include "tests/engine/runtime/text_source.h"

namespace tocsin::backtest {
namespace {

using runtime::testing::Feed;
using runtime::testing::kMinute;
using runtime::testing::kStart;
using runtime::testing::stream;

constexpr char kWindow[] = R"(rules:
  - id: r
    kind: window
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 30m
    params: {n: {default: 3, by: area.town, override: {"330282001": 2}}, top: 5, back: 2}
    fire: distinct(place) >= params.n
    severity: {orange: distinct(place) >= params.top, yellow: true}
    resolve: {quiet: 40m, when: count() < params.back}
    summary: {en: "{{distinct(place)}} of {{params.n}}"}
)";
constexpr char kCluster[] = R"(rules:
  - id: r
    kind: cluster
    from: [grid]
    where: kind == "report" && has(location)
    radius: 500m
    within: 20m
    params: {n: 3}
    fire: distinct(place) >= params.n
    severity: {red: distinct(place) >= params.n + 3, yellow: true}
    resolve: {quiet: 1h}
    summary: "{{places}} places"
)";
constexpr char kAbsence[] = R"(rules:
  - id: r
    kind: absence
    from: [grid]
    key: [case]
    after: kind == "transition" && stage == "accepted"
    expect: kind == "transition" && stage == "closed"
    within: 25m
    params: {share: 1.0, grave: 30m}
    severity: {orange: overdue >= params.grave, yellow: elapsed >= params.share}
    summary: "overdue {{elapsed:1}}"
)";
constexpr char kWhere[] = R"(rules:
  - id: r
    kind: window
    from: [grid]
    where: kind == "report" && place != params.not
    key: [area.town]
    within: 30m
    params: {not: p1}
    fire: distinct(place) >= 3
    severity: yellow
    resolve: {quiet: 40m}
    summary: "{{distinct(place)}}"
)";

constexpr char kSequence[] = R"(rules:
  - id: r
    kind: sequence
    from: [grid]
    key: [case]
    within: 2h
    steps:
      - taken: stage == "accepted"
      - done: stage == "closed"
    params: {n: 3}
    severity: {red: count() >= params.n, yellow: true}
    resolve: {quiet: 1h}
    summary: "{{count()}}"
)";
constexpr char kSimilar[] = R"(rules:
  - id: r
    kind: similar
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 2h
    params: {n: 3}
    same: place_same && category_same
    fire: count() >= params.n
    severity: {orange: count() >= params.n + 3, yellow: true}
    resolve: {quiet: 2h}
    summary: "{{count()}}"
)";
constexpr char kSilence[] = R"(rules:
  - id: r
    kind: silence
    from: [grid]
    where: kind == "report"
    key: [area.town]
    history: 28d
    params: {p: 0.01, least: 20m}
    fire: p < params.p && gap >= params.least
    severity: blue
    summary: "{{gap:duration}}"
)";
constexpr char kBaseline[] = R"(rules:
  - id: r
    kind: baseline
    from: [grid]
    where: kind == "report"
    key: [area.town]
    every: 1h
    against: {previous: 7d}
    params: {least: 5, p: 0.05}
    fire: observed >= params.least && observed > expected && p < params.p
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{observed:0}}"
)";

rule::LoadOptions load_options() {
  rule::LoadOptions options;
  options.lateness = 10 * kMinute;
  return options;
}

Trial sweep_of(const std::string& text, const std::string& set) {
  const rule::SourceFile file{"test.yaml", text};
  std::vector<rule::Diagnostic> faults;
  auto request = parse_sweep(set);
  EXPECT_TRUE(request) << request.error().message;
  auto trial = sweep({&file, 1}, load_options(), *request, faults);
  for (const auto& f : faults) {
    if (f.level == rule::Diagnostic::Level::kError) ADD_FAILURE() << rule::render(f, rule::Language::kEnglish, false);
  }
  EXPECT_TRUE(trial) << trial.error().message;
  return *trial;
}

std::vector<std::string> published(const std::shared_ptr<const rule::RuleSet>& rules, const std::vector<Event>& events,
                                   uint32_t shards) {
  runtime::Engine::Options options;
  options.shards = shards;
  auto engine = runtime::Engine::open(options, rules, nullptr, nullptr);
  EXPECT_TRUE(engine);
  const uint32_t p = (*engine)->add_partition("test", 10 * kMinute);
  std::vector<std::string> out;
  const auto commit = [&] {
    auto done = (*engine)->commit();
    ASSERT_TRUE(done);
    for (const runtime::Outgoing& o : *done) out.emplace_back(o.json);
  };
  for (size_t i = 0; i < events.size(); ++i) {
    (*engine)->accept(events[i], p, i + 1, kNoTime);
    if ((*engine)->pending_events() >= 50) commit();
  }
  commit();
  (*engine)->advance_to((*engine)->greatest_event_time() + 60 * 24 * 60 * kMinute);
  commit();
  return out;
}

std::string replace_all(std::string s, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = s.find(what, at)) != std::string::npos; at += with.size()) s.replace(at, what.size(), with);
  return s;
}

// What a sweep's run says of one column, under the rule's own id.
std::vector<std::string> of_column(const std::vector<std::string>& all, const Column& c) {
  std::vector<std::string> out;
  for (const std::string& json : all) {
    if (json.find("\"rule\":\"" + c.id + "\"") != std::string::npos) out.push_back(replace_all(json, c.id, c.rule));
  }
  return out;
}

// Six weeks in which three towns report by the hour, with bursts and days of silence.
std::vector<Event> weeks(Feed& feed, uint32_t seed) {
  std::mt19937 random(seed);
  const auto upto = [&](int k) { return static_cast<int>(random() % static_cast<uint32_t>(k)); };
  std::vector<Event> out;
  std::array<int, 3> silent{};
  for (int hour = 0; hour < 42 * 24; ++hour) {
    const TimeMs now = kStart + hour * 60 * kMinute;
    std::vector<Event> these;
    for (int town = 0; town < 3; ++town) {
      int& left = silent[static_cast<size_t>(town)];
      if (left == 0 && hour > 20 * 24 && upto(150) == 0) left = 10 + upto(40);
      if (left > 0) {
        --left;
        continue;
      }
      for (int n = upto(40) == 0 ? 4 + upto(12) : upto(3); n > 0; --n) {
        these.push_back(
            feed.report("w" + std::to_string(out.size() + these.size()), now + upto(60) * kMinute, upto(9), town));
      }
    }
    std::sort(these.begin(), these.end(), [](const Event& a, const Event& b) {
      return a.occurred_at / (8 * kMinute) < b.occurred_at / (8 * kMinute);
    });
    for (Event& e : these) {
      if (!out.empty() && upto(40) == 0) {
        Event again =
            out[out.size() - 1 - static_cast<size_t>(upto(static_cast<int>(std::min<size_t>(out.size(), 30))))];
        again.revision += 1;
        if (upto(2) == 0) again.kind = EventKind::kWithdrawal;
        out.push_back(again);
      }
      out.push_back(std::move(e));
    }
  }
  return out;
}

struct Case {
  const char* name;
  const char* text;
  const char* set;
  bool shared;
  bool slow = false;  // it needs weeks
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class Sweep : public ::testing::TestWithParam<Case> {};

TEST_P(Sweep, EachValueIsWhatItIsAlone) {
  const Case& c = GetParam();
  const Trial all = sweep_of(c.text, c.set);
  EXPECT_EQ(all.shared, c.shared);
  const std::regex hashes("r-[0-9a-f]{16}-[0-9a-f]{16}");
  size_t told = 0;
  for (uint32_t seed = 0; seed < (c.slow ? 4u : 40u); ++seed) {
    Feed feed;
    const auto events = c.slow ? weeks(feed, seed) : stream(feed, seed, 250);
    const auto together = published(all.rules, events, 1 + seed % 3);
    size_t sorted = 0;
    for (const Column& column : all.columns) {
      const Trial one = sweep_of(c.text, all.param + "=" + column.value);
      auto alone = published(one.rules, events, 1);
      auto here = of_column(together, column);
      if (!c.shared) {  // keys hash under another id
        for (auto* lines : {&alone, &here}) {
          for (std::string& line : *lines) line = std::regex_replace(line, hashes, "r");
          std::sort(lines->begin(), lines->end());
        }
      }
      ASSERT_EQ(here, alone) << all.param << " = " << column.value << ", seed " << seed;
      sorted += here.size();
    }
    EXPECT_EQ(sorted, together.size());
    told += sorted;
  }
  EXPECT_GT(told, c.slow ? 50u : 500u) << "the streams ring too seldom to show anything";
}

INSTANTIATE_TEST_SUITE_P(Kinds, Sweep,
                         ::testing::Values(Case{"window", kWindow, "r.n=1,2,3,4,5,6,9", true},
                                           Case{"window_severity", kWindow, "r.top=2,3,4,5,6", true},
                                           Case{"window_resolve", kWindow, "r.back=1,2,3", false},
                                           Case{"cluster", kCluster, "r.n=1,2,3,4,5,6", true},
                                           Case{"absence", kAbsence, "r.share=0.4,0.8,1,1.5,3,8", true},
                                           Case{"absence_marks", kAbsence, "r.grave=10m,30m,2h", true},
                                           Case{"sequence", kSequence, "r.n=2,3,4,5,8", true},
                                           Case{"similar", kSimilar, "r.n=1,2,3,4,6", true},
                                           Case{"silence", kSilence, "r.least=2h,8h,14h,1d", true, true},
                                           Case{"silence_p", kSilence, "r.p=0.1,0.01,0.001", true, true},
                                           Case{"baseline", kBaseline, "r.least=2,5,8,12", true, true},
                                           Case{"where", kWhere, "r.not=p1,p2,p3", false}),
                         [](const auto& c) { return std::string(c.param.name); });

// Drives one shard; at each cut every key is encoded and goes on in a new shard.
std::vector<std::string> driven(const Trial& trial, const std::vector<Event>& events, bool cut) {
  runtime::Router router(trial.rules, {});
  router.watermark().add(10 * kMinute);
  auto shard = std::make_unique<runtime::Shard>(trial.rules, TimeZone::utc(), 0, 1);
  std::vector<std::string> out;
  for (size_t i = 0; i < events.size(); ++i) {
    std::string delta;
    router.route(events[i], 0, delta);
    router.close(delta);
    EXPECT_TRUE(shard->apply(delta));
    for (const auto& t : shard->transitions()) out.push_back(t.json);
    shard->transitions().clear();
    if (!cut || i % 7 != 0) continue;
    auto next = std::make_unique<runtime::Shard>(trial.rules, TimeZone::utc(), 0, 1);
    shard->for_each([&](const runtime::Shard::Held& held) {
      if (held.state == nullptr) return;
      std::string bytes, again;
      Writer w(bytes), w2(again);
      held.state->encode(w);
      auto decoded = alert::decode_key_state(trial.rules->rules()[held.rule], held.key, bytes);
      ASSERT_TRUE(decoded) << decoded.error().message;
      (*decoded)->encode(w2);
      EXPECT_EQ(bytes, again);
      ASSERT_TRUE(next->load(held.rule, held.key, bytes));
    });
    shard = std::move(next);
  }
  return out;
}

TEST(SweepState, GoesOnFromItsBytes) {
  for (const char* text : {kWindow, kCluster, kAbsence}) {
    const Trial trial = sweep_of(text, text == kAbsence ? "r.share=0.4,1,2" : "r.n=1,2,3,5");
    for (uint32_t seed = 100; seed < 110; ++seed) {
      Feed feed;
      const auto events = stream(feed, seed, 300);
      ASSERT_EQ(driven(trial, events, true), driven(trial, events, false)) << "seed " << seed;
    }
  }
}

TEST(SweepState, OneStateForValuesThatNeverFire) {
  const Trial trial = sweep_of(kWindow, "r.n=50,51,52,53,54,55,56,57,58,59");
  const Trial one = sweep_of(kWindow, "r.n=50");
  Feed feed;
  const auto events = stream(feed, 7, 2000);
  const auto state = [&](const Trial& t) {
    runtime::Router router(t.rules, {});
    router.watermark().add(10 * kMinute);
    runtime::Shard shard(t.rules, TimeZone::utc(), 0, 1);
    for (const Event& e : events) {
      std::string delta;
      router.route(e, 0, delta);
      EXPECT_TRUE(shard.apply(delta));
    }
    return shard.bytes();
  };
  // Rows once, and what was said since the last snapshot.
  EXPECT_LT(state(trial), 4 * state(one) + 64 * 1024);
}

TEST(SweepRequest, IsRead) {
  auto r = parse_sweep("waterlogging-cluster.places=2, 3,5");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->rule, "waterlogging-cluster");
  EXPECT_EQ(r->param, "places");
  EXPECT_EQ(r->values, (std::vector<std::string>{"2", "3", "5"}));
}

TEST(SweepRequest, SaysWhatIsWrong) {
  const auto why = [](const std::string& text) {
    auto r = parse_sweep(text);
    return r ? std::string("none") : r.error().message;
  };
  EXPECT_THAT(why("r.n"), ::testing::HasSubstr("there is no `=`"));
  EXPECT_THAT(why("n=3"), ::testing::HasSubstr("no `.` between rule and param"));
  EXPECT_THAT(why("n=3.5"), ::testing::HasSubstr("no `.` between rule and param"));
  EXPECT_THAT(why(".n=3"), ::testing::HasSubstr("the rule or the param is missing"));
  EXPECT_THAT(why("r.n=3,,4"), ::testing::HasSubstr("a value is empty"));
  EXPECT_THAT(why("r.n="), ::testing::HasSubstr("a value is empty"));
  EXPECT_THAT(why("r.n=3,4,3"), ::testing::HasSubstr("the value 3 is there twice"));
  std::string many = "r.n=0";
  for (int i = 1; i < 64; ++i) many += "," + std::to_string(i);
  EXPECT_EQ(why(many), "none");
  EXPECT_THAT(why(many + ",64"), ::testing::HasSubstr("at most 64 values"));
}

std::string fault(const std::string& set, const char* text = kWindow) {
  const rule::SourceFile file{"test.yaml", text};
  std::vector<rule::Diagnostic> faults;
  auto trial = sweep({&file, 1}, load_options(), *parse_sweep(set), faults);
  EXPECT_FALSE(trial);
  std::string out;
  for (const auto& f : faults) out += rule::render(f, rule::Language::kEnglish, false);
  return out;
}

TEST(SweepRequest, FaultsAreOfTheOptionAndNotOfTheFile) {
  EXPECT_EQ(fault("rr.n=3"), "--set: error: there is no rule `rr` [unknown-rule]\n      hint: did you mean `r`?\n");
  EXPECT_EQ(
      fault("waters.n=3"),
      "--set: error: there is no rule `waters` [unknown-rule]\n      hint: write RULE.PARAM; the rules are `r`\n");
  EXPECT_EQ(fault("r.tpo=3"),
            "--set: error: there is no param `r.tpo` [unknown-param]\n      hint: did you mean `top`?\n");
  EXPECT_EQ(fault("r.radius=3"),
            "--set: error: there is no param `r.radius` [unknown-param]\n"
            "      hint: write RULE.PARAM; the rule's params are `n`, `top`, `back`\n");
  EXPECT_EQ(fault("r.n=3,many"), "--set: error: `r.n` is a whole number, as 3, not `many` [type-mismatch]\n");
  EXPECT_EQ(fault("r.n=2.5"), "--set: error: `r.n` is a whole number, as 3, not `2.5` [type-mismatch]\n");
  EXPECT_EQ(fault("r.grave=30", kAbsence), "--set: error: `r.grave` is a duration, as 48h, not `30` [type-mismatch]\n");
  EXPECT_EQ(fault("r.share=half", kAbsence),
            "--set: error: `r.share` is a number, as 0.8, not `half` [type-mismatch]\n");
}

// What each column's rule looked at, over reports of one town from five places in turn.
std::vector<uint64_t> matched(const Trial& trial) {
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) {
    lines.push_back("e" + std::to_string(i) + " " + std::to_string(i) + " " + std::to_string(i % 5));
  }
  runtime::testing::TextSource source({lines});
  runtime::testing::LineDecoder decoder;
  const auto ran = run(trial, {&source, [&](uint32_t) { return &decoder; }, {}}, nullptr, {});
  EXPECT_TRUE(ran) << ran.error().message;
  std::vector<uint64_t> out;
  for (const Column& c : trial.columns) out.push_back(matches_of(trial, *ran, c));
  return out;
}

TEST(SweepRun, CountsWhatEachValueLookedAt) {
  EXPECT_EQ(matched(sweep_of(kWindow, "r.n=50")), (std::vector<uint64_t>{20}));
  EXPECT_EQ(matched(sweep_of(kWindow, "r.n=2,50,60")), (std::vector<uint64_t>{20, 20, 20})) << "of one state";
  EXPECT_EQ(matched(sweep_of(kWhere, "r.not=p1,p7")), (std::vector<uint64_t>{16, 20})) << "rules of their own";
}

constexpr char kDependent[] = R"(rules:
  - id: outage
    kind: window
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 20m
    fire: count() >= 3
    severity: yellow
    resolve: {quiet: 40m}
    inhibits: [r]
    summary: "{{count()}}"
  - id: r
    kind: window
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 30m
    params: {n: 2}
    fire: distinct(place) >= params.n
    severity: {orange: distinct(place) >= 4, yellow: true}
    resolve: {quiet: 40m}
    summary: "{{distinct(place)}}"
  - id: over
    kind: window
    from: [alerts]
    where: kind == "report"
    key: [area.town]
    within: 1h
    fire: count() >= 2
    severity: yellow
    resolve: {quiet: 30m}
    summary: "{{count()}}"
  - id: over-all
    kind: window
    from: [grid]
    where: kind == "report"
    key: [area.town]
    within: 30m
    fire: count() >= 4
    severity: yellow
    resolve: {quiet: 40m}
    inhibited_by: [over]
    summary: "{{count()}}"
policies:
  - rules: [r]
    silences:
      - {id: works, by: duty, reason: road works, from: "2024-06-10T07:00:00Z", until: "2024-06-10T12:00:00Z", area: "330282002"}
)";

std::vector<std::string> of_rule(const Trial& trial, const std::vector<Event>& events, const std::string& rule) {
  std::vector<std::string> out;
  for (const std::string& json : published(trial.rules, events, 2)) {
    if (json.find("\"alert_id\":\"" + rule + "-") != std::string::npos) out.push_back(json);
  }
  return out;
}

TEST(Only, ARuleAloneIsWhatItIsAmongTheOthers) {
  const rule::SourceFile file{"test.yaml", kDependent};
  std::vector<rule::Diagnostic> faults;
  const Trial all = trial_of(rule::RuleSet::load({&file, 1}, load_options(), faults));
  ASSERT_NE(all.rules, nullptr) << (faults.empty() ? "" : faults[0].en);
  using Names = std::vector<std::string>;
  const std::vector<std::pair<std::string, Names>> cases = {
      {"outage", {}},
      {"r", {"outage"}},
      {"over", {"outage", "r", "over-all"}},
      {"over-all", {"outage", "r", "over"}}};  // what inhibits it reads alerts
  for (const auto& [id, helpers] : cases) {
    const Trial one = only(all, id);
    ASSERT_EQ(one.columns.size(), 1u) << id;
    EXPECT_EQ(one.columns[0].id, id);
    EXPECT_EQ(one.helpers, helpers) << id;
    size_t told = 0, silenced = 0, inhibited = 0;
    for (uint32_t seed = 0; seed < 10; ++seed) {
      Feed feed;
      const auto events = stream(feed, seed, 250);
      const auto alone = of_rule(one, events, id), among = of_rule(all, events, id);
      ASSERT_EQ(alone.size(), among.size()) << id << ", seed " << seed;
      for (size_t i = 0; i < alone.size(); ++i)
        ASSERT_EQ(alone[i], among[i]) << id << ", seed " << seed << ", at " << i;
      told += alone.size();
      for (const std::string& json : alone) {
        silenced += json.find("works") != std::string::npos ? 1 : 0;
        inhibited += json.find("outage") != std::string::npos ? 1 : 0;
      }
    }
    EXPECT_GT(told, 20u) << id << " rings too seldom to show anything";
    if (id != "r") continue;
    EXPECT_GT(silenced, 0u);
    EXPECT_GT(inhibited, 0u);
  }
  const Names two = {"r", "over", "none"};
  const Trial pair = only(all, two);
  EXPECT_EQ(pair.columns.size(), 2u);
  EXPECT_EQ(pair.helpers, (Names{"outage", "over-all"}));
  EXPECT_TRUE(only(all, "none").columns.empty());
}

}  // namespace
}  // namespace tocsin::backtest
