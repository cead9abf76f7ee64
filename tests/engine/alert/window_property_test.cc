// Windows against a brute-force oracle: the episodes of thousands of random streams, in order, shuffled within the
// lateness, with withdrawals and revisions, cut and restored anywhere.
#include <algorithm>

#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::AggregateOp;
using detect::Severity;
using expr::Value;

struct Episode {
  std::set<std::string> members;
  std::string worst;
  TimeMs ended = 0;
  bool operator<(const Episode& o) const {
    return std::tie(members, worst, ended) < std::tie(o.members, o.worst, o.ended);
  }
  bool operator==(const Episode&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Episode& e) {
  for (const auto& m : e.members) out << m << " ";
  return out << e.worst << " ended " << (e.ended - kStart) / kMinute;
}

// Rows have a place (text) and an amount (number).
struct Setting {
  DurationMs within, quiet, reopen, lateness;
  int least;  // count at least, or distinct places at least
  bool distinct;
};

RuleSpec spec_of(const Setting& s) {
  RuleSpec spec;
  spec.within = s.within;
  spec.quiet = s.quiet;
  spec.reopen = s.reopen;
  spec.lateness = s.lateness;
  spec.cells = 2;
  spec.aggregates = {{AggregateOp::kCount, -1, "count()"},
                     {AggregateOp::kDistinct, 0, "distinct(place)"},
                     {AggregateOp::kSum, 1, "sum(amount)"}};
  spec.fire = std::string(s.distinct ? "a1" : "a0") + " >= " + std::to_string(s.least);
  spec.severity = {{Severity::kRed, "a2 >= 20.0"}, {Severity::kOrange, "a0 >= 6"}, {Severity::kYellow, "true"}};
  return spec;
}

// The rule's meaning, word by word, over the rows that there are in the end.
std::vector<Episode> oracle(std::vector<Event> rows, const Setting& s) {
  std::sort(rows.begin(), rows.end(),
            [](const Event& a, const Event& b) { return std::tie(a.time, a.uid) < std::tie(b.time, b.uid); });
  std::vector<Episode> out;
  TimeMs last = kNoTime;
  bool open = false;
  for (const Event& e : rows) {
    std::vector<const Event*> window;
    std::set<std::string> places;
    int64_t tenths = 0;  // the rule's sums are exact, so the oracle's are too
    for (const Event& r : rows) {
      if (r.time < e.time - s.within || r.time > e.time) continue;
      window.push_back(&r);
      if (!r.cells[0].is(expr::Tag::kNull)) places.insert(std::string(r.cells[0].str()));
      tenths += std::llround(r.cells[1].d * 10);
    }
    const bool holds = static_cast<int>(s.distinct ? places.size() : window.size()) >= s.least;
    if (open && e.time > last + s.quiet) open = false;
    if (holds) {
      if (!open && (last == kNoTime || e.time > last + s.quiet + s.reopen)) out.push_back({{}, "yellow", 0});
      open = true;
      Episode& ep = out.back();
      for (const Event* r : window) ep.members.insert(r->id);
      const std::string severity = tenths >= 200 ? "red" : window.size() >= 6 ? "orange" : "yellow";
      const auto rank = [](const std::string& x) { return x == "red" ? 2 : x == "orange" ? 1 : 0; };
      if (rank(severity) > rank(ep.worst)) ep.worst = severity;
    }
    if (!open) continue;
    last = e.time;
    out.back().ended = last + s.quiet;
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Episode> episodes(const Driver& d) {
  std::vector<Episode> out;
  for (const auto& [id, f] : d.fates()) {
    if (f.void_episode()) continue;
    EXPECT_EQ(f.status, "resolved") << id;
    out.push_back({f.members, f.worst, f.ended});
  }
  std::sort(out.begin(), out.end());
  return out;
}

const char* const kPlaces[] = {"a", "b", "c", "d"};

std::vector<Event> random_rows(std::mt19937_64& rng, size_t n) {
  std::vector<Event> rows;
  TimeMs t = kStart;
  for (size_t i = 0; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % 4 == 0 ? rng() % 300 : rng() % 30) * kMinute / 2;
    const Value place = rng() % 8 == 0 ? Value() : Value::string(kPlaces[rng() % 4]);
    rows.push_back(event(rng() % 1'000'000'007, t, {place, Value::number(static_cast<double>(rng() % 60) / 10)}));
  }
  return rows;
}

Setting random_setting(std::mt19937_64& rng) {
  Setting s;
  s.within = static_cast<DurationMs>(10 + rng() % 90) * kMinute;
  s.quiet = static_cast<DurationMs>(5 + rng() % 120) * kMinute;
  s.reopen = rng() % 2 == 0 ? s.quiet : static_cast<DurationMs>(rng() % 60) * kMinute;
  s.lateness = static_cast<DurationMs>(rng() % 90) * kMinute;
  s.least = static_cast<int>(1 + rng() % 4);
  s.distinct = rng() % 2 == 0;
  return s;
}

// Moves each row back in the order of arrival by less than the lateness.
void shuffle(std::vector<Event>& rows, DurationMs lateness, std::mt19937_64& rng) {
  std::vector<std::pair<TimeMs, size_t>> order;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto delay = static_cast<DurationMs>(lateness == 0 ? 0 : rng() % static_cast<uint64_t>(lateness));
    order.emplace_back(rows[i].time + delay, i);
  }
  std::sort(order.begin(), order.end());
  std::vector<Event> out;
  for (const auto& [at, i] : order) out.push_back(rows[i]);
  rows = std::move(out);
}

TEST(WindowProperty, StreamsInOrderHaveTheEpisodesOfTheDefinition) {
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    std::mt19937_64 rng(seed);
    const Setting s = random_setting(rng);
    const rule::Rule rule = make_rule(spec_of(s));
    const std::vector<Event> rows = random_rows(rng, 5 + rng() % 40);
    Driver d(rule, s.lateness);
    for (const Event& e : rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(rows, s)) << "seed " << seed;
    ASSERT_TRUE(d.state->empty()) << "seed " << seed;
  }
}

TEST(WindowProperty, ArrivalOrderWithinTheLatenessChangesNoEpisode) {
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    const Setting s = random_setting(rng);
    const rule::Rule rule = make_rule(spec_of(s));
    std::vector<Event> rows = random_rows(rng, 5 + rng() % 40);
    shuffle(rows, s.lateness, rng);
    Driver d(rule, s.lateness);
    for (const Event& e : rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(rows, s)) << "seed " << seed;
  }
}

TEST(WindowProperty, WhatIsTakenBackOrReplacedLeavesWhatTheRestMeans) {
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    Setting s = random_setting(rng);
    s.lateness += 30 * kMinute;
    const rule::Rule rule = make_rule(spec_of(s));
    std::vector<Event> rows = random_rows(rng, 5 + rng() % 40);
    shuffle(rows, s.lateness, rng);
    Driver d(rule, s.lateness);
    std::vector<Event> now;
    for (const Event& e : rows) {
      d.add(e);
      now.push_back(e);
      if (rng() % 5 != 0) continue;
      const size_t i = rng() % now.size();
      if (now[i].time < d.watermark) continue;  // an alert on it may be over and forgotten
      if (rng() % 2 == 0) {
        d.withdraw(now[i].uid, now[i].time);
        now.erase(now.begin() + static_cast<ptrdiff_t>(i));
      } else {
        now[i].cells[0] = Value::string(kPlaces[rng() % 4]);
        now[i].cells[1] = Value::number(static_cast<double>(rng() % 60) / 10);
        d.revise(now[i], true);
      }
    }
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(now, s)) << "seed " << seed;
  }
}

TEST(WindowProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      Setting s = random_setting(rng);
      const rule::Rule rule = make_rule(spec_of(s));
      std::vector<Event> rows = random_rows(rng, 40);
      shuffle(rows, s.lateness, rng);
      Driver d(rule, s.lateness);
      if (cutting) d.cut_now = [&] { return cuts() % 3 == 0; };
      for (const Event& e : rows) {
        d.add(e);
        if (rng() % 6 == 0) d.revise(e, rng() % 3 != 0);
        if (rng() % 9 == 0) d.withdraw(e.uid, e.time);
      }
      d.pass(kStart + 1000 * kDay);
      std::string all;
      for (const Told& t : d.told) all += t.json + "\n";
      return all;
    };
    ASSERT_EQ(run(false), run(true)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin::testing
