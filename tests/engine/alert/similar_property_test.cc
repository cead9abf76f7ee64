// Matters against a brute-force oracle: `same` by all pairs, cut where the earlier one's case was settled, density and
// chains as for clusters, over thousands of random streams and random conditions. The detector searches an index; a
// pair that it missed would show here.
#include <algorithm>
#include <deque>

#include "event/likeness.h"
#include "linked_oracle.h"

namespace tocsin::testing {
namespace {

using detect::Same;
using expr::Value;

// Cells as engine/rule makes them: what is compared, then fingerprint and headline.
enum Cell : int { kReporter, kPlace, kCase, kCategory, kPrint, kHeadline, kCells };

struct Setting : LinkedSetting {
  DurationMs lateness = 0;
  Same same;
};

rule::Rule rule_of(const Setting& s) {
  RuleSpec spec = linked_spec(detect::RuleKind::kSimilar, s, s.lateness);
  spec.cells = kCells;
  rule::Rule rule = make_rule(spec);
  rule.plan.same = s.same;
  return rule;
}

bool same_value(const Event& a, const Event& b, Cell cell) {
  return a.cells[cell].is(expr::Tag::kString) && b.cells[cell].is(expr::Tag::kString) &&
         a.cells[cell].str() == b.cells[cell].str();
}

// What was said of an event's case in [from, until), or [from, until], in order; the last word counts.
std::vector<const Event*> words_on(const std::vector<Event>& rows, const Event& e, TimeMs until, bool inclusive) {
  std::vector<const Event*> out;
  for (const Event& w : rows) {
    const bool within = w.time >= e.time && (w.time < until || (inclusive && w.time == until));
    const bool own = e.cells[kCase].is(expr::Tag::kString) ? same_value(w, e, kCase) : w.uid == e.uid;
    if ((w.roles & (detect::kSettles | detect::kUnsettles)) != 0 && own && within) out.push_back(&w);
  }
  std::sort(out.begin(), out.end(),
            [](const Event* a, const Event* b) { return std::tie(a->time, a->uid) < std::tie(b->time, b->uid); });
  return out;
}

bool settles(const Event& e) { return (e.roles & detect::kUnsettles) == 0; }

// Since when the case has been settled, of what was said by `until`; kNoTime: it is not.
TimeMs settled_at(const std::vector<Event>& rows, const Event& e, TimeMs until) {
  TimeMs at = kNoTime;
  const std::vector<const Event*> words = words_on(rows, e, until, true);
  for (auto w = words.rbegin(); w != words.rend() && settles(**w); ++w) at = (*w)->time;
  return at;
}

std::vector<Episode> oracle(const std::vector<Event>& all, const Setting& s) {
  std::vector<Event> rows;
  for (const Event& e : all) {
    if ((e.roles & detect::kMember) != 0) rows.push_back(e);
  }
  const auto end = [&](const std::set<size_t>& members, TimeMs last) {
    TimeMs ended = kNoTime;
    for (size_t i : members) {
      const TimeMs at = settled_at(all, rows[i], last + s.quiet);
      if (at == kNoTime) return last + s.quiet;
      ended = std::max(ended, at);
    }
    return ended;
  };
  const auto near = [&](size_t i, size_t j) {
    const Event &a = rows[i], &b = rows[j];
    if (std::abs(a.time - b.time) > s.within) return false;
    if (i == j) return true;
    const Event &first = a.time <= b.time ? a : b, &second = a.time <= b.time ? b : a;
    const std::vector<const Event*> words = words_on(all, first, second.time, false);
    if (!words.empty() && settles(*words.back())) return false;
    const unsigned facts = (same_value(a, b, kReporter) ? Same::kReporter : 0) |
                           (same_value(a, b, kPlace) ? Same::kPlace : 0) | (same_value(a, b, kCase) ? Same::kCase : 0) |
                           (same_value(a, b, kCategory) ? Same::kCategory : 0);
    const double alike = likeness(Fingerprint(a.cells[kPrint].str()), Fingerprint(b.cells[kPrint].str()));
    return alike >= s.same.least[facts];
  };
  return linked_oracle(rows, s, near, end);
}

// Any table of thresholds, as long as unrelated events need some likeness.
Same random_same(std::mt19937_64& rng) {
  static constexpr double kLeast[] = {0, 0.1, 0.2, 0.35, 0.5, 0.7, 1, Same::kNever, Same::kNever};
  Same same;
  same.reporter = kReporter;
  same.place = kPlace;
  same.matter_case = kCase;
  same.category = kCategory;
  same.fingerprint = kPrint;
  same.headline = kHeadline;
  same.settles = rng() % 3 != 0;
  for (unsigned facts = 0; facts < Same::kFacts; ++facts) {
    const bool related = (facts & (Same::kReporter | Same::kPlace | Same::kCase)) != 0;
    same.least[facts] = related ? kLeast[rng() % 9] : kLeast[2 + rng() % 7];
  }
  return same;
}

struct Stream {
  Setting setting;
  std::vector<Event> rows;
  std::deque<std::string> texts;  // what the rows' cells point to
};

void set_text(Event& e, Stream& stream, std::mt19937_64& rng) {
  static constexpr std::string_view kPieces[] = {"桥下积水", "高压电线",    "月亮路",         "油烟扰民",
                                                 "夜间施工", "路灯昏暗",    "捆绑车位",       "公交改道",
                                                 "消防通道", "broken pump", "flooded street", "水压不足"};
  std::string text;
  for (size_t n = rng() % 6; n > 0; --n) text += std::string(kPieces[rng() % 12]) + "，";
  Arena arena(1024);
  stream.texts.emplace_back(fingerprint(text, arena));
  e.cells[kPrint] = Value::string(stream.texts.back());
  stream.texts.emplace_back(headline(text));
  e.cells[kHeadline] = Value::string(stream.texts.back());
}

Value one_of(std::mt19937_64& rng, std::initializer_list<const char*> values) {
  const size_t i = rng() % (values.size() + 1);
  return i == values.size() ? Value() : Value::string(values.begin()[i]);
}

void set_values(Event& e, const Same& same, std::mt19937_64& rng) {
  static constexpr uint32_t kRoles[] = {
      detect::kMember,  detect::kMember,  detect::kMember,    detect::kMember | detect::kSettles,
      detect::kSettles, detect::kSettles, detect::kUnsettles, detect::kSettles | detect::kUnsettles};
  e.roles = same.settles ? kRoles[rng() % 8] : detect::kMember;
  e.cells[kReporter] = one_of(rng, {"p", "q", "r", "s", "t", "u", "v", "w"});
  e.cells[kPlace] = one_of(rng, {"bridge", "gate", "school", "square", "quay", "lane"});
  e.cells[kCase] = one_of(rng, {"c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"});
  e.cells[kCategory] = one_of(rng, {"water", "noise", "city"});
}

Stream random_stream(std::mt19937_64& rng) {
  Stream out;
  Setting& s = out.setting;
  s.within = static_cast<DurationMs>(10 + rng() % 60) * kMinute;
  s.quiet = s.within + static_cast<DurationMs>(rng() % 60) * kMinute;
  s.lateness = static_cast<DurationMs>(rng() % 3 == 0 ? 0 : rng() % 60) * kMinute;
  s.least = static_cast<int>(1 + rng() % 4);
  s.distinct = rng() % 2 == 0;
  s.same = random_same(rng);
  TimeMs t = kStart;
  std::vector<std::pair<TimeMs, Event>> arrivals;
  for (size_t i = 0, n = 5 + rng() % 40; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % 15) * kMinute;
    Event e = event(rng() % 1'000'000'007 * 64 + i, t, std::vector<Value>(kCells));
    set_values(e, s.same, rng);
    set_text(e, out, rng);
    const auto delay = static_cast<DurationMs>(s.lateness == 0 ? 0 : rng() % static_cast<uint64_t>(s.lateness));
    arrivals.emplace_back(e.time + delay, e);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, e] : arrivals) out.rows.push_back(std::move(e));
  return out;
}

TEST(SimilarProperty, ArrivalOrderChangesNoMatter) {
  size_t episodes_seen = 0, settled = 0;
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    const Stream stream = random_stream(rng);
    const rule::Rule rule = rule_of(stream.setting);
    Driver d(rule, stream.setting.lateness);
    for (const Event& e : stream.rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    const auto want = oracle(stream.rows, stream.setting);
    ASSERT_EQ(episodes(d), want) << "seed " << seed;
    ASSERT_TRUE(d.state->empty()) << "seed " << seed;
    episodes_seen += want.size();
    for (const Told& t : d.told) settled += t.type == "resolved" && t.reason == "recovered" ? 1 : 0;
  }
  EXPECT_GT(episodes_seen, 5000U);
  EXPECT_GT(settled, 1000U);
}

TEST(SimilarProperty, WhatIsTakenBackOrRewordedLeavesWhatTheRestMeans) {
  size_t splits = 0, merges = 0, reopened = 0;
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    Stream stream = random_stream(rng);
    stream.setting.lateness += 40 * kMinute;
    const rule::Rule rule = rule_of(stream.setting);
    Driver d(rule, stream.setting.lateness);
    std::vector<Event> now;
    for (const Event& e : stream.rows) {
      d.add(e);
      now.push_back(e);
      if (rng() % 4 != 0) continue;
      const size_t i = rng() % now.size();
      if (now[i].time < d.watermark) continue;
      if (rng() % 2 == 0) {
        d.withdraw(now[i].uid, now[i].time);
        now.erase(now.begin() + static_cast<ptrdiff_t>(i));
      } else {
        set_values(now[i], stream.setting.same, rng);
        set_text(now[i], stream, rng);
        d.revise(now[i]);
      }
    }
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(now, stream.setting)) << "seed " << seed;
    for (const Told& t : d.told) {
      splits += t.type == "opened" && t.reason == "split" ? 1 : 0;
      merges += t.reason == "merged" ? 1 : 0;
      reopened += t.type == "reopened" ? 1 : 0;
    }
  }
  EXPECT_GT(splits, 10U);
  EXPECT_GT(merges, 100U);
  EXPECT_GT(reopened, 50U);
}

TEST(SimilarProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  uint64_t dropped = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      const Stream stream = random_stream(rng);
      rule::Rule rule = rule_of(stream.setting);
      if (seed % 2 != 0) rule.plan.max_rows_per_key = 4 + seed % 11;  // at the bound too
      Driver d(rule, stream.setting.lateness);
      if (cutting) d.cut_now = [&] { return cuts() % 3 == 0; };
      for (const Event& e : stream.rows) {
        d.add(e);
        if (rng() % 6 == 0) d.revise(e, rng() % 3 != 0);
        if (rng() % 9 == 0) d.withdraw(e.uid, e.time);
      }
      dropped += d.state->dropped();
      d.pass(kStart + 1000 * kDay);
      std::string all;
      for (const Told& t : d.told) all += t.json + "\n";
      return all;
    };
    ASSERT_EQ(run(false), run(true)) << "seed " << seed;
  }
  EXPECT_GT(dropped, 1000U);
}

TEST(Similar, AtTheBoundTheOldestGoAndAreCounted) {
  std::mt19937_64 rng(5);
  Stream stream = random_stream(rng);
  Setting& s = stream.setting;
  s.same = Same{};
  s.same.reporter = kReporter;
  s.same.fingerprint = kPrint;
  s.same.least[0] = 0.4;
  s.within = s.quiet = kDay;
  s.least = 1000;
  s.distinct = false;
  rule::Rule rule = rule_of(s);
  rule.plan.max_rows_per_key = 100;
  Driver d(rule, 0);
  for (uint64_t i = 0; i < 1000; ++i) {
    Event e = event(i + 1, kStart + static_cast<TimeMs>(i) * 1000, std::vector<Value>(kCells));
    set_values(e, s.same, rng);
    set_text(e, stream, rng);
    d.add(e);
  }
  EXPECT_GE(d.state->dropped(), 895U);
  EXPECT_LE(d.state->dropped(), 905U);
  EXPECT_LT(d.state->bytes(), 400'000U);
}

TEST(Similar, TellsHeadlineAndLikenessOfTheMatter) {
  Stream stream;
  Setting s;
  s.within = s.quiet = kDay;
  s.least = 3;
  s.same.fingerprint = kPrint;
  s.same.headline = kHeadline;
  s.same.least[0] = s.same.least[Same::kCategory] = 0.3;
  const rule::Rule rule = rule_of(s);
  Driver d(rule, 0);
  uint64_t uid = 0;
  for (const char* const text : {"月亮路高压电线杆紧挨小区", "月亮路架设高压电线", "月亮路高压电线入地"}) {
    ++uid;
    Event e = event(uid, kStart + static_cast<TimeMs>(uid) * kMinute, std::vector<Value>(kCells));
    Arena arena(1024);
    stream.texts.emplace_back(fingerprint(text, arena));
    e.cells[kPrint] = Value::string(stream.texts.back());
    e.cells[kHeadline] = Value::string(text);
    d.add(e);
  }
  ASSERT_EQ(d.told.size(), 1U);
  EXPECT_EQ(d.told[0].type, "opened");
  EXPECT_EQ(d.told[0].members.size(), 3U);
}

}  // namespace
}  // namespace tocsin::testing
