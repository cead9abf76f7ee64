// Sequences against a brute-force oracle that tries every subsequence: thousands of random streams, in order, shuffled
// within the lateness, with withdrawals and revisions, cut and restored anywhere.
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

// Rows have a weapon (true or false) and a number.
struct Setting {
  std::vector<detect::Step> steps;
  DurationMs within, quiet, reopen, lateness;
  int least;  // events of the matches; 0: no `fire`
  int named;  // the step whose number the severity reads
};

std::vector<size_t> positive_steps(const Setting& s) {
  std::vector<size_t> out;
  for (size_t i = 0; i < s.steps.size(); ++i) {
    if (!s.steps[i].negated) out.push_back(i);
  }
  return out;
}

RuleSpec spec_of(const Setting& s) {
  RuleSpec spec;
  spec.kind = detect::RuleKind::kSequence;
  spec.steps = s.steps;
  spec.within = s.within;
  spec.quiet = s.quiet;
  spec.reopen = s.reopen;
  spec.lateness = s.lateness;
  spec.cells = 2;
  spec.aggregates = {{AggregateOp::kCount, -1, "count()"},
                     {AggregateOp::kAny, 0, "any(weapon)"},
                     {AggregateOp::kStep, 1, "step.number", s.named}};
  if (s.least > 0) spec.fire = "a0 >= " + std::to_string(s.least);
  spec.severity = {{Severity::kRed, "a1"}, {Severity::kOrange, "a2 % 3 == 0"}, {Severity::kYellow, "true"}};
  return spec;
}

// ---- the rule's meaning, word by word, over the rows that there are in the end

class Oracle {
 public:
  Oracle(std::vector<Event> rows, const Setting& s) : rows_(std::move(rows)), s_(s), positive_(positive_steps(s)) {
    std::sort(rows_.begin(), rows_.end(),
              [](const Event& a, const Event& b) { return std::tie(a.time, a.uid) < std::tie(b.time, b.uid); });
    std::vector<size_t> chosen;
    choose(chosen, 0);
  }

  std::vector<Episode> episodes() {
    for (size_t i = 0; i < rows_.size(); ++i) {
      const std::string severity = verdict(i);
      if (!awaits()) {
        const bool positive = std::any_of(positive_.begin(), positive_.end(), [&](size_t p) { return has(i, p); });
        happens(i, rows_[i].time, severity, positive);
        continue;
      }
      // An answer in time would have made the verdict void, so the deadline comes before the next one.
      if (has(i, s_.steps.size() - 1)) answer(rows_[i].time);
      if (!severity.empty()) happens(i, rows_[i].time + s_.within, severity, true);
    }
    close(kNever);
    std::sort(out_.begin(), out_.end());
    return out_;
  }

 private:
  bool awaits() const { return s_.steps.back().negated; }
  bool has(size_t row, size_t step) const { return (rows_[row].roles >> step & 1) != 0; }

  // Every subsequence that fulfils the steps.
  void choose(std::vector<size_t>& chosen, size_t from) {
    if (chosen.size() == positive_.size()) {
      if (rows_[chosen.back()].time - rows_[chosen.front()].time > s_.within) return;
      std::vector<size_t> reversed(chosen.rbegin(), chosen.rend());
      auto& latest = latest_[chosen.back()];
      latest = std::max(latest, reversed);
      members_[chosen.back()].insert(chosen.begin(), chosen.end());
      return;
    }
    for (size_t i = from; i < rows_.size(); ++i) {
      if (!has(i, positive_[chosen.size()])) continue;
      if (!chosen.empty() && forbidden(chosen.back(), i, positive_[chosen.size() - 1], positive_[chosen.size()]))
        continue;
      chosen.push_back(i);
      choose(chosen, i + 1);
      chosen.pop_back();
    }
  }
  bool forbidden(size_t a, size_t b, size_t step_a, size_t step_b) const {
    for (size_t r = a + 1; r < b; ++r) {
      for (size_t step = step_a + 1; step < step_b; ++step) {
        if (has(r, step)) return true;
      }
    }
    return false;
  }

  // The severity where a match ends and the rule fires; empty: it does not.
  std::string verdict(size_t i) const {
    const auto found = members_.find(i);
    if (found == members_.end()) return {};
    if (static_cast<int>(found->second.size()) < s_.least) return {};
    for (size_t r = i + 1; awaits() && r < rows_.size(); ++r) {
      if (has(r, s_.steps.size() - 1) && rows_[r].time <= rows_[i].time + s_.within) return {};
    }
    for (const size_t m : found->second) {
      if (rows_[m].cells[0].b) return "red";
    }
    const size_t at = static_cast<size_t>(std::find(positive_.begin(), positive_.end(), static_cast<size_t>(s_.named)) -
                                          positive_.begin());
    const size_t row = latest_.at(i)[positive_.size() - 1 - at];
    return rows_[row].cells[1].i % 3 == 0 ? "orange" : "yellow";
  }
  void close(TimeMs now) {
    if (!open_ || now <= last_ + s_.quiet) return;
    open_ = false;
    ended_ = out_.back().ended = last_ + s_.quiet;
  }
  void happens(size_t row, TimeMs time, const std::string& severity, bool positive) {
    close(time);
    if (!severity.empty()) {
      if (!open_ && (ended_ == kNoTime || time > ended_ + s_.reopen)) out_.push_back({{}, "yellow", 0});
      open_ = true;
      for (const size_t m : members_.at(row)) out_.back().members.insert(rows_[m].id);
      const auto rank = [](const std::string& x) { return x == "red" ? 2 : x == "orange" ? 1 : 0; };
      if (rank(severity) > rank(out_.back().worst)) out_.back().worst = severity;
    }
    if (open_ && positive) last_ = time;
  }
  void answer(TimeMs time) {
    close(time);
    if (!open_) return;
    open_ = false;
    ended_ = out_.back().ended = time;
  }

  std::vector<Event> rows_;
  const Setting& s_;
  const std::vector<size_t> positive_;
  std::map<size_t, std::set<size_t>> members_;    // by the row that completes: all that have a part
  std::map<size_t, std::vector<size_t>> latest_;  // and the latest match, from its last row back
  std::vector<Episode> out_;
  bool open_ = false;
  TimeMs last_ = kNoTime, ended_ = kNoTime;
};

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

Event random_row(std::mt19937_64& rng, TimeMs time, const Setting& s) {
  Event e = event(rng() % 1'000'000'007, time,
                  {Value::boolean(rng() % 10 == 0), Value::integer(static_cast<int64_t>(rng() % 9))});
  e.roles = 0;
  for (size_t i = 0; i < s.steps.size(); ++i) {
    if (rng() % (s.steps[i].negated ? 6 : 3) == 0) e.roles |= 1U << i;
  }
  if (e.roles == 0) e.roles = 1U << (rng() % s.steps.size());
  return e;
}

std::vector<Event> random_rows(std::mt19937_64& rng, size_t n, const Setting& s) {
  std::vector<Event> rows;
  TimeMs t = kStart;
  for (size_t i = 0; i < n; ++i) {
    t += static_cast<DurationMs>(rng() % 6 == 0 ? rng() % 200 : rng() % 15) * kMinute;
    rows.push_back(random_row(rng, t, s));
  }
  return rows;
}

Setting random_setting(std::mt19937_64& rng) {
  Setting s;
  const size_t positive = 1 + rng() % 4;
  for (size_t i = 0; i < positive; ++i) {
    s.steps.push_back({"s" + std::to_string(i), false});
    while (i + 1 < positive && rng() % 3 == 0) s.steps.push_back({"", true});
  }
  if (positive == 1 || rng() % 3 == 0) s.steps.push_back({"", true});
  s.within = static_cast<DurationMs>(10 + rng() % 90) * kMinute;
  s.quiet = static_cast<DurationMs>(5 + rng() % 120) * kMinute;
  s.reopen = rng() % 2 == 0 ? s.quiet : static_cast<DurationMs>(rng() % 60) * kMinute;
  s.lateness = static_cast<DurationMs>(rng() % 90) * kMinute;
  s.least = rng() % 2 == 0 ? 0 : static_cast<int>(positive + rng() % 3);
  const std::vector<size_t> named = positive_steps(s);
  s.named = static_cast<int>(named[rng() % named.size()]);
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

// What happened, for a failure's message.
std::string account(const std::vector<Event>& rows, const Setting& s, const Driver& d) {
  std::string out = "steps ";
  for (const detect::Step& step : s.steps) out += step.negated ? "-" : "+";
  out += " within " + std::to_string(s.within / kMinute) + " quiet " + std::to_string(s.quiet / kMinute) + " reopen " +
         std::to_string(s.reopen / kMinute) + " lateness " + std::to_string(s.lateness / kMinute) + " least " +
         std::to_string(s.least) + " named " + std::to_string(s.named);
  for (const Event& e : rows) {
    out += "\n  " + std::to_string((e.time - kStart) / kMinute) + " " + e.id + " roles ";
    for (size_t i = 0; i < s.steps.size(); ++i) out += (e.roles >> i & 1) != 0 ? "x" : ".";
    out += e.cells[0].b ? " weapon " : " ";
    out += std::to_string(e.cells[1].i);
  }
  for (const Told& t : d.told) {
    out += "\n  told " + t.alert.substr(t.alert.size() - 4) + " " + t.type + "@" +
           std::to_string((t.time - kStart) / kMinute) + " " + t.severity + " " + t.reason + " worst " + t.worst + ":";
    for (const std::string& m : t.members) out += " " + m;
  }
  return out;
}

TEST(SequenceProperty, StreamsInOrderHaveTheEpisodesOfTheDefinition) {
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 rng(seed);
    const Setting s = random_setting(rng);
    const rule::Rule rule = make_rule(spec_of(s));
    const std::vector<Event> rows = random_rows(rng, 3 + rng() % 15, s);
    Driver d(rule, s.lateness);
    for (const Event& e : rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), Oracle(rows, s).episodes()) << "seed " << seed << "\n" << account(rows, s, d);
    ASSERT_TRUE(d.state->empty()) << "seed " << seed;
  }
}

TEST(SequenceProperty, ArrivalOrderWithinTheLatenessChangesNoEpisode) {
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::mt19937_64 rng(seed);
    const Setting s = random_setting(rng);
    const rule::Rule rule = make_rule(spec_of(s));
    std::vector<Event> rows = random_rows(rng, 3 + rng() % 15, s);
    shuffle(rows, s.lateness, rng);
    Driver d(rule, s.lateness);
    for (const Event& e : rows) d.add(e);
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), Oracle(rows, s).episodes()) << "seed " << seed << "\n" << account(rows, s, d);
    ASSERT_TRUE(d.state->empty()) << "seed " << seed;
  }
}

TEST(SequenceProperty, WhatIsTakenBackOrReplacedLeavesWhatTheRestMeans) {
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::mt19937_64 rng(seed);
    Setting s = random_setting(rng);
    s.lateness += 30 * kMinute;
    const rule::Rule rule = make_rule(spec_of(s));
    std::vector<Event> rows = random_rows(rng, 3 + rng() % 15, s);
    shuffle(rows, s.lateness, rng);
    Driver d(rule, s.lateness);
    std::vector<Event> now;
    for (const Event& e : rows) {
      d.add(e);
      now.push_back(e);
      if (rng() % 3 != 0) continue;
      const size_t i = rng() % now.size();
      if (now[i].time < d.watermark) continue;  // an alert on it may be over and forgotten
      if (rng() % 2 == 0) {
        d.withdraw(now[i].uid, now[i].time);
        now.erase(now.begin() + static_cast<ptrdiff_t>(i));
      } else {
        const Event fresh = random_row(rng, now[i].time, s);
        now[i].cells = fresh.cells;
        now[i].roles = fresh.roles;
        d.revise(now[i], true);
      }
    }
    d.pass(kStart + 1000 * kDay);
    ASSERT_EQ(episodes(d), Oracle(now, s).episodes()) << "seed " << seed << "\n" << account(now, s, d);
  }
}

TEST(SequenceProperty, ARunThatIsCutAnywhereGoesOnTheSame) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const auto run = [&](bool cutting) {
      std::mt19937_64 rng(seed), cuts(seed + 1);
      const Setting s = random_setting(rng);
      RuleSpec spec = spec_of(s);
      if (!s.steps.back().negated && seed % 2 == 0) {
        spec.resolve_when = "a2 == null && a0 >= 2";
        spec.keep = seed % 4 == 0 ? 10 * kMinute : 0;
      }
      const rule::Rule rule = make_rule(spec);
      std::vector<Event> rows = random_rows(rng, 40, s);
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
