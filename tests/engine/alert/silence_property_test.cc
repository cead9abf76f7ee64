// Silences against a brute-force oracle that knows all events and computes the model anew for each silence.
#include <algorithm>
#include <cmath>

#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::Severity;

constexpr double kFire = 0.01, kGrave = 0.0005;
constexpr DurationMs kFloor = 5 * kHour;

rule::Rule rule_of(int days, DurationMs lateness) {
  RuleSpec s;
  s.kind = detect::RuleKind::kSilence;
  s.fire = "p < 0.01 && gap >= duration('5h')";
  s.severity = {{Severity::kOrange, "p < 0.0005"}, {Severity::kYellow, "true"}};
  s.quiet = s.reopen = 0;
  s.lateness = lateness;
  rule::Rule r = make_rule(s);
  r.plan.history = days * kDay;
  r.plan.gap_marks = {kFloor, kFloor + 1};
  r.plan.p_marks = {kGrave, kFire};
  r.plan.zone = *TimeZone::load("Asia/Shanghai");
  return r;
}

struct Past {
  const TimeZone zone = *TimeZone::load("Asia/Shanghai");
  int64_t day_of(TimeMs t) const { return (t + zone.offset(t)) / kDay; }
  static int weekday(int64_t day) { return weekday_of(day) - 1; }
};

// "", "yellow" or "orange": the verdict on a silence from `last` to `as_of`.
std::string verdict(const std::vector<TimeMs>& events, TimeMs last, TimeMs as_of, int days) {
  static const Past past;
  const int64_t today = past.day_of(last);
  std::map<int64_t, std::array<double, 24>> counts;
  for (const TimeMs t : events) {
    const int64_t day = past.day_of(t);
    if (day >= today - days && day < today)
      counts[day][static_cast<size_t>((t + past.zone.offset(t)) / kHour % 24)] += 1;
  }
  if (counts.empty()) return "";
  int64_t from = counts.begin()->first;
  if (from > today - days) ++from;
  const auto known = static_cast<double>(today - from);
  double n = 0;
  std::array<double, 7> on{}, such{}, day_factor{};
  std::array<double, 24> at{}, hour_factor{};
  for (int64_t day = from; day < today; ++day) {
    such[static_cast<size_t>(Past::weekday(day))] += 1;
    for (size_t h = 0; h < 24; ++h) {
      const double c = counts.count(day) > 0 ? counts[day][h] : 0;
      n += c;
      on[static_cast<size_t>(Past::weekday(day))] += c;
      at[h] += c;
    }
  }
  if (from >= today || n < 8 || known < 7 || known * 4 < days) return "";
  for (size_t w = 0; w < 7; ++w) day_factor[w] = (on[w] + 1) / (such[w] * n / known + 1);
  for (size_t h = 0; h < 24; ++h) hour_factor[h] = (at[h] + 1) * 24 / (n + 24);
  double span = 0;
  for (int64_t day = from; day < today; ++day) span += day_factor[static_cast<size_t>(Past::weekday(day))];
  double dispersion = 1;
  if (known >= 14) {
    double x2 = 0;
    for (int64_t day = from; day < today; ++day) {
      double seen = 0;
      for (size_t h = 0; h < 24; ++h) seen += counts.count(day) > 0 ? counts[day][h] : 0;
      const double expected = n * day_factor[static_cast<size_t>(Past::weekday(day))] / span;
      x2 += std::pow(seen - expected, 2) / expected;
    }
    dispersion = std::max(1.0, x2 / (known - 7));
  }
  double passed = 0;  // in days
  const DurationMs offset = past.zone.offset(last);
  for (TimeMs t = last; t < as_of;) {  // hour by hour
    const TimeMs end = std::min(as_of, (t + offset) / kHour * kHour + kHour - offset);
    passed += day_factor[static_cast<size_t>(Past::weekday((t + offset) / kDay))] *
              hour_factor[static_cast<size_t>((t + offset) / kHour % 24)] * static_cast<double>(end - t) /
              static_cast<double>(kDay);
    t = end;
  }
  const double p = std::pow(1 + passed / span, -(n / dispersion + 0.5));
  if (p >= kFire || as_of - last < kFloor) return "";
  return p < kGrave ? "orange" : "yellow";
}

struct Quiet {
  std::string start, worst;
  TimeMs ended = kNever;  // kNever: open
  bool operator<(const Quiet& o) const { return std::tie(start, worst, ended) < std::tie(o.start, o.worst, o.ended); }
  bool operator==(const Quiet&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Quiet& q) {
  return out << q.start << " " << q.worst << " ended " << (q.ended == kNever ? -1 : (q.ended - kStart) / kMinute);
}

// Those that end after `from`, as of `now`.
std::vector<Quiet> oracle(std::vector<Event> rows, int days, TimeMs now, TimeMs from = kNoTime) {
  std::sort(rows.begin(), rows.end(),
            [](const Event& a, const Event& b) { return std::tie(a.time, a.uid) < std::tie(b.time, b.uid); });
  std::vector<TimeMs> times;
  for (const Event& e : rows) times.push_back(e.time);
  std::vector<Quiet> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const TimeMs end = i + 1 < rows.size() ? rows[i + 1].time : kNever;
    const TimeMs until = std::min(end - 1, now - 1);
    if (until <= rows[i].time || end <= from) continue;
    const std::string worst = verdict(times, rows[i].time, until, days);
    if (!worst.empty()) out.push_back({rows[i].id, worst, end});
  }
  std::sort(out.begin(), out.end());
  return out;
}

// What a silence comes to by its end.
std::string worst_of(const std::vector<Event>& rows, int days, const Quiet& q) {
  for (const Quiet& whole : oracle(rows, days, q.ended, q.ended - 1)) {
    if (whole.start == q.start) return whole.worst;
  }
  return "";
}

struct Stream {
  int days;
  DurationMs lateness;
  std::vector<Event> rows;  // as they arrive
};

Stream random_stream(std::mt19937_64& rng) {
  Stream out;
  out.days = static_cast<int>(7 + rng() % 20);
  out.lateness = static_cast<DurationMs>(rng() % 3 == 0 ? 0 : rng() % (30 * 60)) * kMinute;
  const uint64_t pace = 2 + rng() % 20;  // hours
  const bool office = rng() % 3 == 0;
  TimeMs t = kStart;
  std::vector<std::pair<TimeMs, Event>> arrivals;
  for (size_t i = 0, n = 20 + rng() % 60; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % (pace * 120)) * kMinute;
    if (rng() % 15 == 0) t += static_cast<DurationMs>(rng() % 20) * 8 * kHour;
    if (rng() % 6 == 0) t -= t % kHour;
    if (office) t = t / kDay * kDay + (t % kDay) / 3;
    Event e = event(rng() % 1'000'000'007, t);
    const auto delay = static_cast<DurationMs>(out.lateness == 0 ? 0 : rng() % static_cast<uint64_t>(out.lateness));
    arrivals.emplace_back(e.time + delay, e);
    if (office) t += kDay / 2;
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, e] : arrivals) out.rows.push_back(std::move(e));
  return out;
}

std::string account(const std::vector<Event>& rows, const Driver& d) {
  std::string out;
  for (const Event& e : rows) out += "\n  " + std::to_string((e.time - kStart) / kMinute) + " " + e.id;
  for (const std::string& line : d.story()) out += "\n  told " + line;
  return out;
}

TEST(SilenceProperty, ArrivalOrderChangesNoVerdict) {
  size_t some = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 rng(seed);
    const Stream s = random_stream(rng);
    const rule::Rule rule = rule_of(s.days, s.lateness);
    Driver d(rule, s.lateness);
    for (const Event& e : s.rows) d.add(e);
    d.pass(d.watermark + s.lateness + static_cast<DurationMs>(rng() % 40) * kDay);
    std::vector<Quiet> got;
    for (const auto& [id, f] : d.fates()) {
      EXPECT_TRUE(f.status == "open" || f.reason == "recovered") << f.reason;
      got.push_back({f.opened_by, f.worst, f.status == "open" ? kNever : f.ended});
    }
    std::sort(got.begin(), got.end());
    const auto want = oracle(s.rows, s.days, d.watermark);
    some += want.size();
    ASSERT_EQ(got, want) << "seed " << seed << " days " << s.days << account(s.rows, d);
  }
  EXPECT_GT(some, 2000U);
}

// At each instant the alert that is open is what all events known by then mean.
TEST(SilenceProperty, WhatIsTakenBackLeavesWhatTheRestMeans) {
  size_t checked = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::mt19937_64 rng(seed);
    const Stream s = random_stream(rng);
    const rule::Rule rule = rule_of(s.days, s.lateness);
    Driver d(rule, s.lateness);
    std::vector<Event> now;
    int taken = 0;
    const auto check = [&](const std::string& what) {
      std::vector<Quiet> want, got;
      for (const Quiet& q : oracle(now, s.days, d.watermark, d.watermark)) {
        const bool ahead = q.ended != kNever && q.ended > d.watermark;  // an end that is known, with marks before it
        if (q.ended == kNever || (ahead && q.worst != worst_of(now, s.days, q))) want.push_back({q.start, q.worst});
      }
      std::map<std::string, Told> last;
      for (const Told& t : d.told) last[t.alert] = t;
      for (const auto& [id, t] : last) {
        if (t.status == "open") got.push_back({t.members.empty() ? "?" : t.members[0], t.severity, kNever});
      }
      ASSERT_EQ(got, want) << "seed " << seed << " days " << s.days << " after " << what << " at "
                           << (d.watermark - kStart) / kMinute << account(now, d);
      checked += want.size();
    };
    for (const Event& e : s.rows) {
      if (e.time < d.watermark) continue;
      d.add(e);
      now.push_back(e);
      if (rng() % 4 == 0) d.pass(d.watermark + static_cast<DurationMs>(rng() % 20 * (rng() % 20)) * kHour);
      ASSERT_NO_FATAL_FAILURE(check("add"));
      if (rng() % 6 != 0 || taken >= 6) continue;
      const size_t i = rng() % 2 == 0 ? now.size() - 1 : rng() % now.size();
      Event changed = now[i];
      switch (rng() % 3) {
        case 0:
          d.withdraw(now[i].uid, now[i].time);
          now.erase(now.begin() + static_cast<ptrdiff_t>(i));
          ++taken;
          break;
        case 1:
          d.revise(changed);
          break;
        default:
          changed.time -= static_cast<DurationMs>(rng() % 600) * kMinute;
          d.revise(changed);
          now[i] = changed;
      }
      ASSERT_NO_FATAL_FAILURE(check("correction"));
    }
  }
  EXPECT_GT(checked, 1000U);
}

TEST(SilenceProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      const Stream s = random_stream(rng);
      const rule::Rule rule = rule_of(s.days, s.lateness);
      Driver d(rule, s.lateness);
      if (cutting) d.cut_now = [&] { return cuts() % 3 == 0; };
      for (const Event& e : s.rows) {
        d.add(e);  // some of them late
        if (rng() % 5 == 0) d.pass(d.watermark + static_cast<DurationMs>(rng() % 60) * kHour);
        const bool known = d.times.count(e.uid) > 0;
        if (known && rng() % 6 == 0) d.revise(e, rng() % 3 != 0);
        if (d.times.count(e.uid) > 0 && rng() % 9 == 0) d.withdraw(e.uid, e.time);
      }
      d.pass(d.watermark + 500 * kDay);
      std::string all;
      for (const Told& t : d.told) all += t.json + "\n";
      return all;
    };
    ASSERT_EQ(run(false), run(true)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tocsin::testing
