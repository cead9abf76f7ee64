// Obligations against a brute-force oracle that counts unpaused time step by step.
#include <algorithm>

#include "fixture.h"

namespace tocsin::testing {
namespace {

using detect::kAfter;
using detect::kExpect;
using detect::kPause;
using detect::kUnpause;
using detect::Severity;

constexpr DurationMs kStep = kMinute / 2;  // all times are multiples of it

struct Obligation {
  std::string label, start, worst;
  TimeMs answered = kNever;  // kNever: open
  bool operator<(const Obligation& o) const {
    return std::tie(label, start, worst, answered) < std::tie(o.label, o.start, o.worst, o.answered);
  }
  bool operator==(const Obligation&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Obligation& o) {
  return out << o.label << " " << o.start << " " << o.worst << " answered "
             << (o.answered == kNever ? -1 : (o.answered - kStart) / kMinute);
}

RuleSpec spec_of(DurationMs within, DurationMs lateness) {
  RuleSpec spec;
  spec.kind = detect::RuleKind::kAbsence;
  spec.within = within;
  spec.lateness = lateness;
  spec.quiet = spec.reopen = within;
  spec.severity = {{Severity::kOrange, "overdue >= duration('30m')"},
                   {Severity::kYellow, "elapsed >= 1.0"},
                   {Severity::kBlue, "elapsed >= 0.5"}};
  return spec;
}

rule::Rule rule_of(DurationMs within, DurationMs lateness) {
  rule::Rule rule = make_rule(spec_of(within, lateness));
  rule.plan.elapsed_marks = {0.5, 1.0};
  rule.plan.overdue_marks = {30 * kMinute};
  return rule;
}

// What was owed and not there in time, over the rows that there are in the end.
std::vector<Obligation> oracle(std::vector<Event> rows, DurationMs within) {
  std::sort(rows.begin(), rows.end(),
            [](const Event& a, const Event& b) { return std::tie(a.time, a.uid) < std::tie(b.time, b.uid); });
  const TimeMs horizon = rows.empty() ? kStart : rows.back().time + 20 * within;
  struct Pending {
    TimeMs answered;
    uint64_t by;
  };
  std::map<std::string, Pending> pending;
  std::vector<Obligation> out;
  for (const Event& start : rows) {
    if ((start.roles & kAfter) == 0) continue;
    const auto it = pending.find(start.label);
    const bool stands = it != pending.end() && (it->second.answered > start.time ||
                                                (it->second.answered == start.time && it->second.by != start.uid));
    if (stands) continue;
    Pending mine{kNever, 0};
    for (const Event& e : rows) {
      if ((e.roles & kExpect) == 0 || e.time < start.time || e.uid == start.uid) continue;
      mine = {e.time, e.uid};
      break;
    }
    pending[start.label] = mine;
    DurationMs passed = 0, over = 0;
    bool paused = false, due = false;
    std::string worst;
    for (TimeMs t = start.time; t < std::min(mine.answered, horizon); t += kStep) {
      if (due ? over >= 30 * kMinute : false) worst = "orange";
      if (!due && passed >= within) {
        due = true;
        over = 0;
        worst = "yellow";
      }
      if (worst.empty() && passed * 2 >= within) worst = "blue";
      for (const Event& e : rows) {
        if (e.time != t || e.uid == start.uid) continue;
        if ((e.roles & kUnpause) != 0 && paused) {
          paused = false;
        } else if ((e.roles & kPause) != 0 && !paused) {
          paused = true;
        }
      }
      if (!paused) passed += kStep;
      over += kStep;
    }
    if (!worst.empty()) out.push_back({start.label, start.id, worst, mine.answered});
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<Obligation> alerts(const Driver& d) {
  std::vector<Obligation> out;
  for (const auto& [id, f] : d.fates()) {
    if (f.void_episode()) continue;
    EXPECT_EQ(f.members.size(), 1u);
    const bool open = f.status == "open";
    EXPECT_TRUE(open || f.reason == "stage") << id << f.reason;
    out.push_back({f.key, f.members.empty() ? "" : *f.members.begin(), f.worst, open ? kNever : f.ended});
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct Stream {
  DurationMs within, lateness;
  std::vector<Event> rows;
};

Stream random_stream(std::mt19937_64& rng, bool pauses) {
  Stream out;
  out.within = static_cast<DurationMs>(10 + rng() % 100) * kMinute;
  out.lateness = static_cast<DurationMs>(rng() % 3 == 0 ? 0 : rng() % 90) * kMinute;
  TimeMs t = kStart;
  std::vector<std::pair<TimeMs, Event>> arrivals;
  for (size_t i = 0, n = 3 + rng() % 15; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % 80) * kMinute;
    Event e = event(rng() % 1'000'000'007, t);
    static constexpr uint32_t kRoles[] = {kAfter, kAfter, kExpect, kAfter | kExpect, kPause, kUnpause};
    e.roles = kRoles[rng() % (pauses ? 6 : 4)];
    e.label = rng() % 2 == 0 ? R"(["case","x"])" : R"(["case","y"])";
    const auto delay = static_cast<DurationMs>(out.lateness == 0 ? 0 : rng() % static_cast<uint64_t>(out.lateness));
    arrivals.emplace_back(e.time + delay, e);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, e] : arrivals) out.rows.push_back(std::move(e));
  return out;
}

// What happened, for a failure's message.
std::string account(const std::vector<Event>& rows, const Stream& s, const Driver& d) {
  std::string out =
      "within " + std::to_string(s.within / kMinute) + " lateness " + std::to_string(s.lateness / kMinute);
  for (const Event& e : rows) {
    out += "\n  " + std::to_string((e.time - kStart) / kMinute) + " " + e.id + " " + e.label + " roles " +
           std::to_string(e.roles);
  }
  for (const std::string& line : d.story()) out += "\n  told " + line;
  return out;
}

TEST(AbsenceProperty, ArrivalOrderChangesNoVerdict) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 rng(seed);
    const Stream s = random_stream(rng, seed % 2 == 0);
    const rule::Rule rule = rule_of(s.within, s.lateness);
    Driver d(rule, s.lateness, R"(["case"])");
    for (const Event& e : s.rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(alerts(d), oracle(s.rows, s.within)) << "seed " << seed << "\n" << account(s.rows, s, d);
  }
}

TEST(AbsenceProperty, WhatIsTakenBackLeavesWhatTheRestMeans) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 rng(seed);
    Stream s = random_stream(rng, seed % 2 == 0);
    s.lateness += 60 * kMinute;
    const rule::Rule rule = rule_of(s.within, s.lateness);
    Driver d(rule, s.lateness, R"(["case"])");
    std::vector<Event> now;
    for (const Event& e : s.rows) {
      d.add(e);
      now.push_back(e);
      if (rng() % 3 != 0) continue;
      const size_t i = rng() % now.size();
      if (now[i].time < d.watermark) continue;
      if (rng() % 2 == 0) {
        d.withdraw(now[i].uid, now[i].time);
        now.erase(now.begin() + static_cast<ptrdiff_t>(i));
      } else {
        d.revise(now[i]);
      }
    }
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(alerts(d), oracle(now, s.within)) << "seed " << seed << "\n" << account(now, s, d);
  }
}

TEST(AbsenceProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      const Stream s = random_stream(rng, true);
      const rule::Rule rule = rule_of(s.within, s.lateness);
      Driver d(rule, s.lateness, R"(["case"])");
      if (cutting) d.cut_now = [&] { return cuts() % 3 == 0; };
      for (const Event& e : s.rows) {
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
