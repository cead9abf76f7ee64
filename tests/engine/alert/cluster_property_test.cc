// Clusters against a brute-force oracle: density, chains and reach by all pairs, over thousands of random streams, also
// across the date line and at a pole.
#include <algorithm>
#include <cmath>

#include "event/coordinates.h"
#include "linked_oracle.h"

namespace tocsin::testing {
namespace {

using expr::Value;

struct Setting : LinkedSetting {
  DurationMs lateness = 0;
  double radius = 0;
};

RuleSpec spec_of(const Setting& s) {
  RuleSpec spec = linked_spec(detect::RuleKind::kCluster, s, s.lateness);
  spec.radius = s.radius;
  return spec;
}

std::vector<Episode> oracle(const std::vector<Event>& rows, const Setting& s) {
  return linked_oracle(rows, s, [&](size_t i, size_t j) {
    const Event &a = rows[i], &b = rows[j];
    return std::abs(a.time - b.time) <= s.within && distance_m({a.lon, a.lat}, {b.lon, b.lat}) <= s.radius;
  });
}

const char* const kReporters[] = {"p", "q", "r", "s", "t"};

struct Stream {
  Setting setting;
  std::vector<Event> rows;
};

// Rows around one of three points, in an order of arrival within the lateness.
Stream random_stream(std::mt19937_64& rng) {
  Stream out;
  Setting& s = out.setting;
  s.within = static_cast<DurationMs>(10 + rng() % 60) * kMinute;
  s.quiet = s.within + static_cast<DurationMs>(rng() % 60) * kMinute;
  s.lateness = static_cast<DurationMs>(rng() % 3 == 0 ? 0 : rng() % 60) * kMinute;
  s.radius = 100 + static_cast<double>(rng() % 500);
  s.least = static_cast<int>(1 + rng() % 4);
  s.distinct = rng() % 2 == 0;
  static constexpr LonLat kBases[] = {{121.24, 30.17}, {179.9999, -16.5}, {12, 89.995}};
  const LonLat base = kBases[rng() % 3];
  TimeMs t = kStart;
  std::vector<std::pair<TimeMs, Event>> arrivals;
  for (size_t i = 0, n = 5 + rng() % 40; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % 15) * kMinute;
    Event e = event(rng() % 1'000'000'007, t, {Value::string(kReporters[rng() % 5])});
    const double north = static_cast<double>(rng() % 1800), east = static_cast<double>(rng() % 1800);
    e.lat = base.lat + north / 111195.0 * (base.lat > 89 ? 0.2 : 1);
    e.lon = base.lon + east / (111195.0 * std::cos(e.lat * 3.14159265358979 / 180));
    if (e.lon > 180) e.lon -= 360;
    const auto delay = static_cast<DurationMs>(s.lateness == 0 ? 0 : rng() % static_cast<uint64_t>(s.lateness));
    arrivals.emplace_back(e.time + delay, e);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, e] : arrivals) out.rows.push_back(std::move(e));
  return out;
}

TEST(ClusterProperty, ArrivalOrderChangesNoCluster) {
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    const Stream stream = random_stream(rng);
    const rule::Rule rule = make_rule(spec_of(stream.setting));
    Driver d(rule, stream.setting.lateness);
    for (const Event& e : stream.rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(stream.rows, stream.setting)) << "seed " << seed;
    ASSERT_TRUE(d.state->empty()) << "seed " << seed;
  }
}

TEST(ClusterProperty, WhatIsTakenBackOrMovedLeavesWhatTheRestMeans) {
  size_t splits = 0, merges = 0;
  for (uint64_t seed = 0; seed < 2500; ++seed) {
    std::mt19937_64 rng(seed);
    Stream stream = random_stream(rng);
    stream.setting.lateness += 40 * kMinute;
    const rule::Rule rule = make_rule(spec_of(stream.setting));
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
        const Event& there = now[rng() % now.size()];
        now[i].lon = there.lon;
        now[i].lat = there.lat;
        d.revise(now[i]);
      }
    }
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), oracle(now, stream.setting)) << "seed " << seed;
    for (const Told& t : d.told) {
      splits += t.type == "opened" && t.reason == "split" ? 1 : 0;
      merges += t.reason == "merged" ? 1 : 0;
    }
  }
  EXPECT_GT(splits, 10u);
  EXPECT_GT(merges, 100u);
}

TEST(ClusterProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  uint64_t dropped = 0;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      const Stream stream = random_stream(rng);
      rule::Rule rule = make_rule(spec_of(stream.setting));
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

}  // namespace
}  // namespace tocsin::testing
