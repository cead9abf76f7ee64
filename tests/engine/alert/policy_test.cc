// Policy against a brute force over random transitions, cut anywhere, restarted anywhere; and what its texts say.
#include "alert/policy.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "base/json_writer.h"
#include "rule/rule_set.h"

namespace tocsin::alert {
namespace {

constexpr DurationMs kMinute = 60'000;
constexpr TimeMs kStart = 1'718'000'000'000;

constexpr char kRules[] = R"(rules:
  - {id: outage, kind: window, from: [grid, visit], key: [source], within: 1h, fire: count() >= 1, inhibits: [late]}
  - {id: storm, kind: window, from: [grid], within: 1h, fire: count() >= 1, group: [severity]}
  - {id: flood, kind: window, from: [grid], within: 1h, fire: count() >= 1, inhibited_by: [storm, flood]}
  - {id: late, kind: window, from: [visit], within: 1h, fire: count() >= 1}
policies:
  - rules: [flood, late]
    group: [area.town, rule]
)";

std::shared_ptr<const rule::RuleSet> rules(const std::string& text = kRules) {
  std::vector<rule::Diagnostic> faults;
  const rule::SourceFile file{"test.yaml", text};
  auto set = rule::RuleSet::load({&file, 1}, {}, faults);
  for (const auto& f : faults) ADD_FAILURE() << rule::render(f, rule::Language::kEnglish, false);
  return set;
}

enum RuleAt : uint16_t { kOutage, kStorm, kFlood, kLate };
constexpr const char* kIds[] = {"outage", "storm", "flood", "late"};

// One alert's life as its key would tell it.
struct Life {
  uint16_t rule = 0;
  std::string id, source;
  std::string town, village;
  uint32_t seq = 0;
  bool live = false;
};

Transition tell(Life& life, TransitionType type, detect::Severity severity, TimeMs time, TimeMs watermark,
                uint64_t position) {
  Transition t;
  t.tag = {watermark, 0, position, 0, life.rule, {life.rule, 1}, 0};
  t.type = type;
  t.alert_id = life.id;
  t.seq = ++life.seq;
  t.rule = life.rule;
  t.severity = severity;
  t.status = type == TransitionType::kResolved ? AlertStatus::kResolved : AlertStatus::kOpen;
  life.live = t.status == AlertStatus::kOpen;
  t.time = time;
  t.city = life.town.empty() ? "" : "330282";
  t.town = life.town;
  t.village = life.village;
  JsonWriter w(t.json);
  w.begin_object().field("specversion", "1.0").field("id", t.alert_id + "/" + std::to_string(t.seq));
  w.field("type", "tocsin.alert." + std::string(name_of(type))).field("time", format_time(time));
  w.key("data").begin_object().field("alert_id", t.alert_id).field("seq", int64_t{t.seq}).field("rule", kIds[t.rule]);
  w.key("key").begin_array();
  if (!life.source.empty()) w.string(life.source);
  w.end_array().field("updated_at", format_time(time)).field("reason", "matched").field("by", "somebody");
  w.end_object().end_object();
  return t;
}

// What a telling is expected to be.
struct Expected {
  std::string id, type, reason;
  uint32_t seq = 0;
  std::vector<std::string> inhibited_by, silenced_by;
  bool muted = false;
  bool operator==(const Expected&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Expected& e) {
  out << e.id << "/" << e.seq << " " << e.type << " " << e.reason << (e.muted ? " muted" : "") << " inhibited_by";
  for (const auto& i : e.inhibited_by) out << " " << i;
  out << " silenced_by";
  for (const auto& i : e.silenced_by) out << " " << i;
  return out;
}

std::vector<std::string> names(simdjson::dom::element data, const char* key) {
  std::vector<std::string> out;
  simdjson::dom::array list;
  if (data[key].get(list) != simdjson::SUCCESS) return out;
  for (const auto item : list) out.emplace_back(std::string_view(item));
  return out;
}

Expected read(const Transition& t) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(t.json).get(root), simdjson::SUCCESS) << t.json;
  const simdjson::dom::element data = root["data"];
  EXPECT_EQ(int64_t(data["seq"]), int64_t{t.seq});
  EXPECT_EQ(std::string_view(root["id"]), t.alert_id + "/" + std::to_string(t.seq));
  const std::string_view full = root["type"];
  const std::string type(full.substr(13));
  EXPECT_EQ(type, name_of(t.type));
  return {t.alert_id,
          type,
          std::string(std::string_view(data["reason"])),
          t.seq,
          names(data, "inhibited_by"),
          names(data, "silenced_by"),
          t.muted};
}

// The same from the whole history at each step: no state but the lists of what has happened.
class BruteForce {
 public:
  struct Seen {
    Transition t;
    std::string source;
  };
  std::vector<Expected> out;
  std::vector<rule::Silence> silences;  // standing

  void transition(const Transition& t, const std::string& source) {
    expire(t.tag.time);
    const bool ends = t.status == AlertStatus::kResolved;
    Expected e{t.alert_id, std::string(name_of(t.type)), "matched", t.seq + added_[t.alert_id], {}, {}, false};
    marks(t, t.time, e);
    e.muted = !(e.inhibited_by.empty() && e.silenced_by.empty()) && !(ends && told_[t.alert_id]);
    told_[t.alert_id] = told_[t.alert_id] || (e.inhibited_by.empty() && e.silenced_by.empty());
    out.push_back(e);
    if (ends) told_[t.alert_id] = true;  // it is forgotten; who asks again had better be told
    marked_.erase(t.alert_id);
    live_.erase(t.alert_id);
    if (!ends) {
      live_[t.alert_id] = {t, source};
      if (!e.inhibited_by.empty() || !e.silenced_by.empty()) marked_.insert(t.alert_id);
    } else if (t.rule != kLate) {
      again(t.time, "uninhibited");
    }
  }
  void expire(TimeMs watermark) {
    for (;;) {
      auto first = silences.end();
      for (auto it = silences.begin(); it != silences.end(); ++it) {
        if (it->until < watermark && (first == silences.end() || it->until < first->until)) first = it;
      }
      if (first == silences.end()) return;
      const TimeMs until = first->until;
      silences.erase(first);
      again(until, "unsilenced");
    }
  }
  void end_silence(const std::string& id, TimeMs at) {
    std::erase_if(silences, [&](const auto& s) { return s.id == id; });
    again(at, "unsilenced");
  }

 private:
  void marks(const Transition& t, TimeMs time, Expected& e) const {
    for (const uint16_t rule : {kOutage, kStorm, kFlood}) {
      for (const auto& [id, s] : live_) {
        const bool meant = t.rule == kLate ? rule == kOutage : t.rule == kFlood && rule != kOutage;
        if (s.t.rule != rule || !meant || id == t.alert_id) continue;
        if (!s.t.town.empty() && s.t.town != t.town) continue;
        if (!s.t.village.empty() && s.t.village != t.village) continue;
        if (!s.source.empty() && s.source != (t.rule == kLate ? "visit" : "grid")) continue;
        if (e.inhibited_by.size() < Policy::kMaxNamed) e.inhibited_by.push_back(id);
      }
    }
    for (const auto& s : silences) {
      if (time >= s.until || t.severity > s.at_most) continue;
      if (!s.rules.empty() && s.rules[0] != kIds[t.rule]) continue;
      if (!s.area.empty() && !t.town.starts_with(s.area) && !t.village.starts_with(s.area)) continue;
      e.silenced_by.push_back(s.id);
    }
  }
  void again(TimeMs time, const std::string& reason) {
    for (const std::string& id : std::set<std::string>(marked_)) {
      const Transition& t = live_.at(id).t;
      Expected e{id, "updated", reason, 0, {}, {}, false};
      marks(t, std::max(time, last_[id] > 0 ? last_[id] : t.time), e);
      if (!e.inhibited_by.empty() || !e.silenced_by.empty()) continue;
      e.seq = t.seq + ++added_[id];
      told_[id] = true;
      marked_.erase(id);
      out.push_back(e);
    }
  }
  std::map<std::string, Seen> live_;
  std::set<std::string> marked_;
  std::map<std::string, uint32_t> added_;
  std::map<std::string, TimeMs> last_;
  std::map<std::string, bool> told_;
};

// A policy that goes on from what was written of it.
std::unique_ptr<Policy> restart(Policy& policy, std::map<std::string, std::string>& kept,
                                const std::shared_ptr<const rule::RuleSet>& set, TimeMs watermark) {
  policy.take_changed([&](const std::string& key, std::string bytes) {
    if (bytes.empty()) {
      kept.erase(key);
    } else {
      kept[key] = std::move(bytes);
    }
  });
  auto next = std::make_unique<Policy>(set);
  for (const auto& [key, bytes] : kept) EXPECT_TRUE(next->load(key, bytes));
  next->check_at(watermark);
  return next;
}

TEST(Policy, EqualsABruteForceOverRandomTransitions) {
  const auto set = rules();
  size_t retold = 0, inhibited = 0, silenced = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    std::mt19937_64 rng(seed);
    const auto upto = [&](int n) { return static_cast<int>(rng() % static_cast<uint64_t>(n)); };
    auto policy = std::make_unique<Policy>(set);
    std::map<std::string, std::string> kept;
    BruteForce force;
    std::vector<Transition> got, stretch;
    std::vector<Life> lives;
    TimeMs now = kStart;
    const auto flush = [&](TimeMs watermark) {
      policy->apply(stretch, watermark);
      for (Transition& t : stretch) got.push_back(std::move(t));
      stretch.clear();
      if (upto(3) == 0) policy = restart(*policy, kept, set, watermark);
    };
    for (int i = 0; i < 80; ++i) {
      now += upto(4) * kMinute;
      const int what = upto(12);
      if (what == 0) {
        flush(now);
        force.expire(now);
        rule::Silence s;
        s.id = "s" + std::to_string(i);
        s.until = now + upto(60) * kMinute;
        if (upto(2) == 0) s.rules = {kIds[upto(4)]};
        if (upto(2) == 0) s.area = "33028200" + std::to_string(upto(2));
        if (upto(2) == 0) s.at_most = detect::Severity::kYellow;
        EXPECT_TRUE(policy->silence(s));
        force.silences.push_back(s);
        std::sort(force.silences.begin(), force.silences.end(), [](auto& a, auto& b) { return a.id < b.id; });
      } else if (what == 1 && !force.silences.empty()) {
        flush(now);
        force.expire(now);
        if (force.silences.empty()) continue;
        const std::string id = force.silences[rng() % force.silences.size()].id;
        EXPECT_TRUE(policy->unsilence(id, now, now, got));
        force.end_silence(id, now);
      } else {
        if (lives.size() < 8 || upto(6) == 0) {
          Life life;
          life.rule = static_cast<uint16_t>(upto(4));
          life.id = std::string(kIds[life.rule]) + "-" + std::to_string(lives.size());
          if (life.rule == kOutage) life.source = upto(2) == 0 ? "grid" : "visit";
          if (upto(4) != 0) life.town = "33028200" + std::to_string(upto(2));
          if (!life.town.empty() && upto(2) == 0) life.village = life.town + "00" + std::to_string(upto(2));
          lives.push_back(life);
        }
        Life& life = lives[rng() % lives.size()];
        const bool ends = life.live && upto(3) == 0;
        const auto type = ends            ? TransitionType::kResolved
                          : life.live     ? TransitionType::kUpdated
                          : life.seq == 0 ? TransitionType::kOpened
                                          : TransitionType::kReopened;
        const Transition t =
            tell(life, type, static_cast<detect::Severity>(1 + upto(4)), now, now, static_cast<uint64_t>(i) + 1);
        stretch.push_back(t);
        force.transition(t, life.source);
        if (upto(5) == 0) {
          flush(now);
          force.expire(now);
        }
      }
    }
    flush(now + 1000 * kMinute);
    force.expire(now + 1000 * kMinute);
    std::vector<Expected> seen;
    for (const Transition& t : got) seen.push_back(read(t));
    for (size_t i = 0; i < std::min(seen.size(), force.out.size()); ++i) {
      ASSERT_EQ(seen[i], force.out[i]) << "seed " << seed << ", telling " << i;
    }
    ASSERT_EQ(seen.size(), force.out.size()) << "seed " << seed;
    for (const Expected& e : seen) {
      retold += e.reason != "matched" ? 1 : 0;
      inhibited += !e.inhibited_by.empty() ? 1 : 0;
      silenced += !e.silenced_by.empty() ? 1 : 0;
    }
  }
  EXPECT_GT(retold, 500u);
  EXPECT_GT(inhibited, 1000u);
  EXPECT_GT(silenced, 1000u);
}

TEST(Policy, WhatIsToldAgainIsTheAlertAsItWas) {
  Policy policy(rules());
  rule::Silence s;
  s.id = "works";
  s.until = kStart + 30 * kMinute;
  ASSERT_TRUE(policy.silence(s));
  Life life{kFlood, "flood-1", "", "330282001", "", 0, false};
  std::vector<Transition> stream = {tell(life, TransitionType::kOpened, detect::Severity::kRed, kStart, kStart, 1)};
  policy.apply(stream, kStart);
  ASSERT_EQ(stream.size(), 1u);
  EXPECT_TRUE(stream[0].muted);
  EXPECT_NE(stream[0].json.find(R"("by":"somebody","group":"330282001/flood","silenced_by":["works"]}})"),
            std::string::npos)
      << stream[0].json;
  stream.clear();
  policy.apply(stream, kStart + 30 * kMinute);
  EXPECT_TRUE(stream.empty()) << "a silence ends when the watermark is past its end";
  policy.apply(stream, kStart + 30 * kMinute + 1);
  ASSERT_EQ(stream.size(), 1u);
  EXPECT_FALSE(stream[0].muted);
  EXPECT_EQ(stream[0].json,
            R"({"specversion":"1.0","id":"flood-1/2","type":"tocsin.alert.updated","time":"2024-06-10T06:43:20Z",)"
            R"("data":{"alert_id":"flood-1","seq":2,"rule":"flood","key":[],"updated_at":"2024-06-10T06:43:20Z",)"
            R"("reason":"unsilenced","group":"330282001/flood"}})");
}

TEST(Policy, RulesWithoutPolicyPassUntouched) {
  Policy policy(rules("rules:\n  - {id: r, kind: window, from: [grid], within: 1h, fire: count() >= 1}\n"));
  Life life{0, "r-1", "", "330282001", "", 0, false};
  std::vector<Transition> stream = {tell(life, TransitionType::kOpened, detect::Severity::kRed, kStart, kStart, 1)};
  const std::string before = stream[0].json;
  policy.apply(stream, kStart);
  ASSERT_EQ(stream.size(), 1u);
  EXPECT_EQ(stream[0].json, before);
  size_t written = 0;
  policy.take_changed([&](const std::string&, std::string) { ++written; });
  EXPECT_EQ(written, 0u);
}

TEST(Policy, ThereIsABoundOnSilences) {
  Policy policy(rules());
  for (size_t i = 0; i < Policy::kMaxSilences; ++i) {
    rule::Silence s;
    s.id = "s" + std::to_string(i);
    ASSERT_TRUE(policy.silence(s));
  }
  rule::Silence more;
  more.id = "one more";
  EXPECT_FALSE(policy.silence(more));
  std::vector<Transition> out;
  EXPECT_FALSE(policy.unsilence("none", kStart, kStart, out));
}

// Rules that go, with their silences: what they kept still is told.
TEST(Policy, OtherRulesTakeOverAlertsAndSilences) {
  std::string text = kRules;
  text += "  - silences: [{id: works, by: duty, reason: works, until: \"2025-01-01T00:00:00Z\"}]\n";
  Policy before(rules(text));
  Life life{kFlood, "flood-1", "", "330282001", "", 0, false};
  std::vector<Transition> stream = {tell(life, TransitionType::kOpened, detect::Severity::kRed, kStart, kStart, 1)};
  before.apply(stream, kStart);
  ASSERT_TRUE(stream[0].muted);
  Policy after(rules(), before, kStart);
  stream.clear();
  after.apply(stream, kStart + kMinute);
  ASSERT_EQ(stream.size(), 1u);
  EXPECT_EQ(stream[0].time, kStart);
  EXPECT_EQ(read(stream[0]).reason, "unsilenced");
}

TEST(Policy, ForeignBytesAreRefused) {
  Policy policy(rules());
  Life life{kStorm, "storm-1", "", "330282001", "", 0, false};
  std::vector<Transition> stream = {tell(life, TransitionType::kOpened, detect::Severity::kRed, kStart, kStart, 1)};
  policy.apply(stream, kStart);
  policy.take_changed([&](const std::string& key, const std::string& bytes) {
    for (size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(Policy(rules()).load(key, std::string_view(bytes).substr(0, n)));
    }
  });
}

}  // namespace
}  // namespace tocsin::alert
