// The buckets that hold against a brute-force oracle that knows all events and computes every figure anew by sums.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "detect/baseline.h"
#include "expr/event_env.h"

namespace tocsin::detect {
namespace {

constexpr DurationMs kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;

std::shared_ptr<const expr::Program> compile(const std::string& text) {
  expr::Env env;
  for (const KindValue& v : kind_values(RuleKind::kBaseline)) {
    env.variable(std::string(v.name), expr::Type::of(v.type));
  }
  expr::Faults faults;
  auto program = expr::compile(text, env, faults);
  for (const auto& f : faults) ADD_FAILURE() << text << ": " << f.en;
  return program;
}

struct Sample {
  uint64_t uid = 0;
  TimeMs time = 0;
  uint32_t roles = kMember;
  int64_t value = 0;
};

// The figures of a bucket, by definition.
struct Figures {
  bool known = false;
  double observed = NAN, expected = NAN, p = -1;
  double n = 0;
};

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

class Oracle {
 public:
  explicit Oracle(const Plan& plan) : plan_(plan), span_(plan.within.amount / plan.every) {}
  std::map<uint64_t, Sample> samples;
  int64_t newest = INT64_MIN;  // bucket that ever had an event

  int64_t bucket_of(TimeMs t) const {
    return static_cast<int64_t>(
        std::floor(static_cast<double>(t + plan_.zone.offset(t)) / static_cast<double>(plan_.every)));
  }

  using Buckets = std::map<int64_t, std::vector<const Sample*>>;
  Buckets buckets() const {
    Buckets by;
    for (const auto& [uid, s] : samples) by[bucket_of(s.time)].push_back(&s);
    return by;
  }

  Figures figures(int64_t bucket, const Buckets& by) const {
    const int64_t history = plan_.history / plan_.every, begin = bucket - span_ + 1;
    int64_t from = INT64_MAX;
    for (const auto& [b, list] : by) {
      const bool counts =
          plan_.measure != Measure::kRatio ||
          std::any_of(list.begin(), list.end(), [](const Sample* s) { return (s->roles & kDenominator) != 0; });
      if (b < begin - history || !counts) continue;
      from = b > begin - history ? b + 1 : b;
      break;
    }
    const int64_t step = plan_.hour_of_week ? 7 * kDay / plan_.every : span_;
    const int64_t all = history / step;
    std::vector<std::pair<int64_t, int64_t>> spans;  // [from, to)
    for (int64_t j = 1; j <= all && bucket - j * step - span_ + 1 >= from; ++j) {
      spans.push_back({bucket - j * step - span_ + 1, bucket - j * step + 1});
    }
    const auto known = static_cast<int64_t>(spans.size());
    Figures f;
    f.known = known >= 2 && known * 2 >= all;
    if (!plan_.hour_of_week && plan_.measure != Measure::kCount) {
      const int64_t first = std::max(from, begin - history);
      f.known = first < begin && (begin - first) * 2 >= history;
      spans = {{first, begin}};
    }
    const auto gather = [&](int64_t a, int64_t b) {
      std::vector<const Sample*> out;
      for (auto it = by.lower_bound(a); it != by.end() && it->first < b; ++it) {
        out.insert(out.end(), it->second.begin(), it->second.end());
      }
      return out;
    };
    const auto now = gather(begin, bucket + 1);
    if (plan_.measure == Measure::kCount) count(f, now, spans, by, bucket, gather);
    if (plan_.measure == Measure::kRatio) ratio(f, now, spans, gather);
    if (plan_.measure == Measure::kAverage) average(f, now, spans, gather);
    return f;
  }

 private:
  template <typename Gather>
  void count(Figures& f, const std::vector<const Sample*>& now, const std::vector<std::pair<int64_t, int64_t>>& spans,
             const std::map<int64_t, std::vector<const Sample*>>& by, int64_t bucket, Gather&& gather) const {
    f.observed = f.n = static_cast<double>(now.size());
    if (!f.known) return;
    const auto m = static_cast<double>(spans.size());
    double sum = 0;
    std::vector<double> x;
    for (const auto& [a, b] : spans) x.push_back(static_cast<double>(gather(a, b).size()));
    for (const double v : x) sum += v;
    f.expected = (sum + 0.5) / m;
    double spread = 0, mean = sum / m;
    for (const double v : x) spread += (v - sum / m) * (v - sum / m);
    if (plan_.hour_of_week && span_ == 1) {  // pooled over the hours of the week
      const int64_t week = 7 * kDay / plan_.every;
      spread = mean = 0;
      for (int64_t cell = 1; cell <= week; ++cell) {
        double cell_sum = 0, squares = 0;
        for (int64_t j = 0; j < static_cast<int64_t>(m); ++j) {
          const auto it = by.find(bucket - cell - j * week);
          const double v = it == by.end() ? 0 : static_cast<double>(it->second.size());
          cell_sum += v;
          squares += v * v;
        }
        spread += squares - cell_sum * cell_sum / m;
        mean += cell_sum / m;
      }
    }
    const double phi = mean > 0 && m > 1 ? std::max(1.0, spread / (m - 1) / mean) : 1;
    const double r = f.expected / (phi * (1 + 1 / m) - 1), q = r / (r + f.expected);
    double below = 0;  // P(Y < observed)
    double at = 0;
    for (int y = 0; y <= static_cast<int>(f.observed); ++y) {
      below += at;
      at = std::exp(std::lgamma(y + r) - std::lgamma(r) - std::lgamma(y + 1.0) + r * std::log(q) + y * std::log1p(-q));
    }
    f.p = f.observed > f.expected ? 1 - below : below + at;
  }

  template <typename Gather>
  void ratio(Figures& f, const std::vector<const Sample*>& now, const std::vector<std::pair<int64_t, int64_t>>& spans,
             Gather&& gather) const {
    double a = 0, b = 0, rest = 0, a0 = 0, b0 = 0, rest0 = 0;
    const auto add = [](const std::vector<const Sample*>& list, double& x, double& y, double& z) {
      for (const Sample* s : list) {
        x += (s->roles & kNumerator) != 0;
        y += (s->roles & kDenominator) != 0;
        z += s->roles == kDenominator;
      }
    };
    add(now, a, b, rest);
    for (const auto& [from, to] : spans) add(gather(from, to), a0, b0, rest0);
    f.n = b;
    if (b > 0) f.observed = a / b;
    if (f.known && b0 > 0) f.expected = a0 / b0;
    const double drawn = a + rest, hits = a + a0, all = drawn + a0 + rest0;
    if (std::isnan(f.observed) || std::isnan(f.expected) || drawn == 0 || drawn == all) return;
    f.p = 0;
    for (double k = std::max(0.0, hits + drawn - all); k <= std::min(hits, drawn); ++k) {
      if (f.observed > f.expected ? k < a : k > a) continue;
      f.p += std::exp(log_choose(hits, k) + log_choose(all - hits, drawn - k) - log_choose(all, drawn));
    }
  }

  template <typename Gather>
  void average(Figures& f, const std::vector<const Sample*>& now, const std::vector<std::pair<int64_t, int64_t>>& spans,
               Gather&& gather) const {
    const auto mean = [](const std::vector<const Sample*>& list) {
      double sum = 0;
      for (const Sample* s : list) sum += static_cast<double>(s->value);
      return sum / static_cast<double>(list.size());
    };
    f.n = static_cast<double>(now.size());
    if (!now.empty()) f.observed = mean(now);
    std::vector<const Sample*> before;
    for (const auto& [from, to] : spans) {
      const auto part = gather(from, to);
      before.insert(before.end(), part.begin(), part.end());
    }
    if (f.known && !before.empty()) f.expected = mean(before);
  }

  const Plan& plan_;
  const int64_t span_;
};

struct Case {
  Plan plan;
  std::function<bool(const Figures&)> fire;  // plan.fire, for the oracle
};

Case random_case(std::mt19937_64& rng) {
  Case c;
  Plan& p = c.plan;
  p.kind = RuleKind::kBaseline;
  constexpr DurationMs kEvery[] = {6 * kHour, 12 * kHour, kDay};
  p.every = kEvery[rng() % 3];
  p.hour_of_week = rng() % 2 == 0;
  const auto spans = static_cast<int64_t>(rng() % 2 == 0 ? 1 : 1 + rng() % 3);
  p.within = {Span::Unit::kPlain, spans * p.every};
  p.history = p.hour_of_week ? static_cast<int64_t>(2 + rng() % 2) * 7 * kDay
                             : p.within.amount * static_cast<int64_t>(2 + rng() % 8);
  p.zone = *TimeZone::load(rng() % 2 == 0 ? "Asia/Shanghai" : "America/New_York");
  p.lateness = static_cast<DurationMs>(rng() % 3 == 0 ? 0 : rng() % (20 * 60)) * kMinute;
  p.measure = static_cast<Measure>(rng() % 3);
  p.quiet = 1000 * kDay;
  switch (p.measure) {
    case Measure::kCount:
      if (rng() % 2 == 0) {
        p.rises_only = true;
        p.fire = compile("observed > expected && observed >= 3.0 && p < 0.05");
        c.fire = [](const Figures& f) { return f.observed > f.expected && f.observed >= 3 && f.p < 0.05; };
      } else {
        p.fire = compile("p < 0.05");
        c.fire = [](const Figures& f) { return f.p >= 0 && f.p < 0.05; };
      }
      break;
    case Measure::kRatio:
      p.fire = compile("n >= 3 && p < 0.10037");
      c.fire = [](const Figures& f) { return f.n >= 3 && f.p >= 0 && f.p < 0.10037; };
      break;
    case Measure::kAverage:
      p.cells = 1;
      p.measure_cell = 0;
      p.fire = compile("n >= 2 && observed < expected - 0.5");
      c.fire = [](const Figures& f) { return f.n >= 2 && f.observed < f.expected - 0.5; };
  }
  p.severity = {{Severity::kYellow, nullptr}};
  return c;
}

// A shard of one key, the detector alone.
class Bench : public FindingSink {
 public:
  explicit Bench(const Plan& plan) : oracle(plan), plan_(plan), detector_(std::make_unique<Baseline>(plan)) {}
  void on(const Finding& f) override {
    if (f.kind == Finding::Kind::kGone) alive.erase(f.episode);
    if (f.kind == Finding::Kind::kHolds) alive.insert(f.episode), fired = f.time;
  }
  void pass(TimeMs to) {
    watermark = std::max(watermark, to);
    while (detector_->next_deadline() < watermark) {
      const TimeMs due = detector_->next_deadline();
      detector_->advance(due, *this, arena_);
      ASSERT_GT(detector_->next_deadline(), due);
    }
  }
  void add(const Sample& s) {
    most_ = std::max(most_, s.time);
    pass(most_ - plan_.lateness);
    oracle.samples[s.uid] = s;
    oracle.newest = std::max(oracle.newest, oracle.bucket_of(s.time));
    const expr::Value cell = expr::Value::integer(s.value);
    Row row = row_of(s, cell);
    detector_->add(row, *this, arena_);
    pass(watermark);
  }
  void take_back(uint64_t uid, bool withdrawn, const Sample* instead) {
    Row cause;
    cause.uid = uid;
    cause.time = watermark;
    cause.watermark = watermark;
    cause.was = oracle.samples.at(uid).time;
    oracle.samples.erase(uid);
    detector_->retract(uid, withdrawn, cause, *this, arena_);
    if (instead != nullptr) return add(*instead);
    if (!withdrawn) detector_->settle(*this, arena_);
    pass(watermark);
  }
  // The plan's condition was edited.
  void rejudge() {
    fired = kNoTime;
    detector_->rejudge(watermark, *this, arena_);
    pass(watermark);
  }
  void cut() {
    std::string bytes;
    Writer out(bytes);
    detector_->encode(out);
    auto again = std::make_unique<Baseline>(plan_);
    Reader in(bytes);
    ASSERT_TRUE(again->decode(in));
    std::string twice;
    Writer out2(twice);
    again->encode(out2);
    ASSERT_EQ(bytes, twice);
    ASSERT_EQ(again->next_deadline(), detector_->next_deadline());
    detector_ = std::move(again);
  }
  std::vector<double> values() {
    std::vector<double> out;
    Description d;
    arena_.reset();
    detector_->describe(*alive.begin(), d, arena_);
    for (const expr::Value& v : d.values) {
      out.push_back(v.is(expr::Tag::kDouble) ? v.d : v.is(expr::Tag::kInt) ? static_cast<double>(v.i) : NAN);
    }
    return out;
  }

  Oracle oracle;
  std::set<uint32_t> alive;
  TimeMs fired = kNoTime;  // since the last look
  TimeMs watermark = kNoTime;

 private:
  Row row_of(const Sample& s, const expr::Value& cell) const {
    Row row;
    row.uid = s.uid;
    row.time = s.time;
    row.watermark = watermark;
    row.roles = s.roles;
    row.source = "grid";
    row.id = "e";
    if (plan_.cells > 0) row.cells = {&cell, 1};
    return row;
  }
  const Plan& plan_;
  std::unique_ptr<Baseline> detector_;
  Arena arena_{4096};
  TimeMs most_ = kNoTime;
};

std::string account(const Case& c, uint64_t seed, int64_t held, int64_t newest) {
  const Plan& p = c.plan;
  return "seed " + std::to_string(seed) + " measure " + std::to_string(static_cast<int>(p.measure)) + " every " +
         std::to_string(p.every / kHour) + "h within " + std::to_string(p.within.amount / kHour) + "h history " +
         std::to_string(p.history / kHour) + "h weekly " + std::to_string(p.hour_of_week) + " rises " +
         std::to_string(p.rises_only) + " lateness " + std::to_string(p.lateness / kMinute) + "m held " +
         std::to_string(held) + " newest " + std::to_string(newest);
}

// What the detector must say now; `held`: the latest bucket that holds. `edited`: the condition was another until now;
// what is judged again then lies behind the newest bucket, not behind the watermark's.
void check(Bench& bench, const Case& c, uint64_t seed, size_t& some, bool edited = false) {
  const Plan& p = c.plan;
  const LocalBuckets buckets(p.every, p.zone);
  const TimeMs judged = bench.watermark - 1;
  const int64_t newest = std::max(buckets.at(judged), bench.oracle.newest);
  const int64_t recent = p.within.amount / p.every + (p.lateness + kDay) / p.every + 2;
  std::optional<int64_t> held;
  Figures want;
  const auto by = bench.oracle.buckets();
  const int64_t oldest = (edited ? newest : buckets.at(judged)) - recent;
  for (int64_t b = newest; b >= oldest && !held; --b) {
    const bool closed = buckets.begin(b + 1) <= judged;
    if (!closed && (p.measure != Measure::kCount || b > bench.oracle.newest)) continue;
    const Figures f = bench.oracle.figures(b, by);
    if (!f.known || !c.fire(f) || (!closed && f.observed <= f.expected)) continue;
    held = b;
    want = f;
  }
  const bool old = bench.fired != kNoTime && buckets.at(bench.fired - 1) < buckets.at(judged) - recent;
  ASSERT_TRUE(held || bench.fired == kNoTime || old) << account(c, seed, held.value_or(-1), newest);
  bench.fired = kNoTime;
  if (!held) return;  // older ones may stand, or not
  ++some;
  ASSERT_EQ(bench.alive.size(), 1U) << account(c, seed, held.value_or(-1), newest);
  const auto got = bench.values();
  ASSERT_NEAR(got[0], want.observed, 1e-9) << account(c, seed, held.value_or(-1), newest);
  ASSERT_NEAR(got[1], want.expected, 1e-9) << account(c, seed, held.value_or(-1), newest);
  if (want.p >= 0) {
    ASSERT_NEAR(got[2], want.p, 1e-7) << account(c, seed, held.value_or(-1), newest);
  }
  ASSERT_EQ(got[4], want.n) << account(c, seed, held.value_or(-1), newest);
}

std::vector<Sample> random_stream(std::mt19937_64& rng, const Plan& plan) {
  std::vector<std::pair<TimeMs, Sample>> arrivals;
  TimeMs t = 1'709'251'200'000 + static_cast<TimeMs>(rng() % 30) * kDay;  // from March 2024 on: a clock change
  const auto pace = static_cast<int64_t>(2 + rng() % 8);
  const TimeMs end = t + plan.history + plan.within.amount + 6 * kDay;
  for (; t < end; t += static_cast<int64_t>(rng() % static_cast<uint64_t>(pace * 120)) * kMinute) {
    for (size_t n = rng() % 12 == 0 ? 2 + rng() % 6 : 1; n > 0; --n) {
      Sample s;
      s.uid = rng();
      s.time = t + static_cast<int64_t>(rng() % 90) * kMinute;
      s.roles = plan.measure == Measure::kRatio ? 1 + static_cast<uint32_t>(rng() % 3) : kMember;
      s.value = static_cast<int64_t>(rng() % 5);
      const auto delay = plan.lateness == 0 ? 0 : static_cast<int64_t>(rng() % static_cast<uint64_t>(plan.lateness));
      arrivals.push_back({s.time + delay, s});
    }
    if (rng() % 25 == 0) t += static_cast<int64_t>(rng() % 3) * kDay;
  }
  std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Sample> out;
  for (const auto& [at, s] : arrivals) out.push_back(s);
  return out;
}

void run(uint64_t seed, bool corrections, size_t& some) {
  std::mt19937_64 rng(seed);
  const Case c = random_case(rng);
  Bench bench(c.plan);
  std::vector<uint64_t> uids;
  for (const Sample& s : random_stream(rng, c.plan)) {
    if (s.time < bench.watermark) continue;  // late: the router keeps it back
    ASSERT_NO_FATAL_FAILURE(bench.add(s));
    uids.push_back(s.uid);
    if (bench.fired != kNoTime) {
      ASSERT_NO_FATAL_FAILURE(check(bench, c, seed, some));
    }
    if (rng() % 9 == 0) {
      ASSERT_NO_FATAL_FAILURE(bench.cut());
    }
    if (corrections && rng() % 8 == 0) {
      const size_t i = uids.size() - 1 - rng() % std::min<size_t>(uids.size(), 6);
      Sample changed = bench.oracle.samples.at(uids[i]);
      if (changed.time < bench.watermark - kDay) continue;
      const uint64_t what = rng() % 4;
      if (what <= 1) {
        bench.take_back(uids[i], what == 0, nullptr);
        uids.erase(uids.begin() + static_cast<ptrdiff_t>(i));
      } else {
        if (what == 2)
          changed.time = std::max(changed.time - static_cast<int64_t>(rng() % 600) * kMinute, bench.watermark - kDay);
        changed.roles = c.plan.measure == Measure::kRatio ? 1 + static_cast<uint32_t>(rng() % 3) : kMember;
        bench.take_back(uids[i], false, &changed);
      }
    }
    if (rng() % 3 == 0 || bench.fired != kNoTime) {
      ASSERT_NO_FATAL_FAILURE(check(bench, c, seed, some));
    }
  }
}

TEST(BaselineProperty, HoldsWhereTheOracleDoes) {
  size_t some = 0;
  for (uint64_t seed = 0; seed < 1200; ++seed) {
    ASSERT_NO_FATAL_FAILURE(run(seed, false, some));
  }
  EXPECT_GT(some, 2000U);
}

TEST(BaselineProperty, WhatIsTakenBackLeavesWhatTheRestMeans) {
  size_t some = 0;
  for (uint64_t seed = 5000; seed < 6200; ++seed) {
    ASSERT_NO_FATAL_FAILURE(run(seed, true, some));
  }
  EXPECT_GT(some, 2000U);
}

// The same rule with a threshold that more, or fewer, buckets reach.
void edit(Case& c, bool strict) {
  Plan& p = c.plan;
  switch (p.measure) {
    case Measure::kCount: {
      const double least = strict ? 5 : 2, most = strict ? 0.01 : 0.20037;
      const std::string text = "p < " + std::to_string(most);
      const bool rises = p.rises_only;
      p.fire = compile(rises ? "observed > expected && observed >= " + std::to_string(least) + " && " + text : text);
      c.fire = [=](const Figures& f) {
        return f.p >= 0 && f.p < most && (!rises || (f.observed > f.expected && f.observed >= least));
      };
      return;
    }
    case Measure::kRatio: {
      const double most = strict ? 0.02037 : 0.30037;
      p.fire = compile("n >= 3 && p < " + std::to_string(most));
      c.fire = [=](const Figures& f) { return f.n >= 3 && f.p >= 0 && f.p < most; };
      return;
    }
    case Measure::kAverage: {
      const double below = strict ? 1.03 : 0.13;
      p.fire = compile("n >= 2 && observed < expected - " + std::to_string(below));
      c.fire = [=](const Figures& f) { return f.n >= 2 && f.observed < f.expected - below; };
      return;
    }
  }
}

// Right after an edit the detector says what it would had the condition always been the new one, as far back as
// verdicts are kept; an episode that stands on older ones stays.
TEST(BaselineProperty, AnEditJudgesWhatIsKeptByTheNewCondition) {
  size_t some = 0, begun = 0, ended = 0;
  for (uint64_t seed = 9000; seed < 9800; ++seed) {
    std::mt19937_64 rng(seed);
    Case c = random_case(rng);
    Bench bench(c.plan);
    for (const Sample& s : random_stream(rng, c.plan)) {
      if (s.time < bench.watermark) continue;
      ASSERT_NO_FATAL_FAILURE(bench.add(s));
      if (rng() % 10 != 0) continue;
      edit(c, rng() % 2 == 0);
      const std::set<uint32_t> before = bench.alive;
      ASSERT_NO_FATAL_FAILURE(bench.rejudge());
      begun += before.empty() && !bench.alive.empty() ? 1 : 0;
      ended += !before.empty() && bench.alive.empty() ? 1 : 0;
      ASSERT_NO_FATAL_FAILURE(check(bench, c, seed, some, true));
      if (rng() % 3 == 0) {
        ASSERT_NO_FATAL_FAILURE(bench.cut());
      }
    }
  }
  EXPECT_GT(some, 500U);
  EXPECT_GT(begun, 50U);
  EXPECT_GT(ended, 50U);
}

}  // namespace
}  // namespace tocsin::detect
