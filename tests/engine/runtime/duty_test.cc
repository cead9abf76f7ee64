// absence over a population against a brute-force oracle; restarts, reloads of the table and of the calendar.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "fixture.h"
#include "runtime/engine.h"

namespace tocsin::runtime {
namespace {

using rule::SourceFile;
using testing::Feed;
using testing::kMinute;

constexpr DurationMs kHour = 60 * kMinute, kDay = 24 * kHour, kLateness = 6 * kHour;
constexpr TimeMs kFrom = 1'719'800'000'000;

struct Population {
  std::string every = "day";
  int visits = 1, calls = 1;
  std::string first = "0.75";    // the share of the period at which the alert begins
  std::vector<std::string> red;  // the owners
};

std::string rows_of(const std::vector<std::string>& red) {
  std::string csv = "post,care,duty,town\ngreen-1,green,d1,330282004\n";
  for (const std::string& post : red) csv += post + ",red,d-" + post + ",330282002\n";
  return csv;
}

std::vector<SourceFile> files(const Population& p) {
  const std::string rules =
      "rules:\n  - id: owed\n    kind: absence\n    from: [visit]\n    where: kind in [\"visit\", \"call\"]\n"
      "    each: {table: posts, where: row.care == \"red\", every: " +
      p.every +
      "}\n    key: [row.duty]\n    expect:\n      visits: {of: kind == \"visit\" && duty == row.post, at_least: " +
      std::to_string(p.visits) +
      "}\n      calls: {of: kind == \"call\" && duty == row.post, at_least: " + std::to_string(p.calls) +
      "}\n    severity: {red: elapsed >= 1.0 && visits == 0, orange: 'overdue >= duration(\"7h\")', yellow: elapsed >= "
      "1.0, "
      "blue: elapsed >= " +
      p.first + "}\n    summary: '{{row.duty}} {{visits}} {{calls}}'\n";
  return {
      {"r.yaml", rules},
      {"posts.yaml",
       "table:\n  name: posts\n  file: posts.csv\n  key: post\n  columns: {post: string, care: string, duty: string, "
       "town: area}\n",
       SourceFile::Kind::kTable},
      {"posts.csv", rows_of(p.red), SourceFile::Kind::kRows, "posts.yaml"}};
}

Result<std::shared_ptr<const rule::RuleSet>> compile(std::span<const SourceFile> all) {
  rule::LoadOptions options;
  options.zone = *TimeZone::load("Asia/Shanghai");
  options.lateness = kLateness;
  std::vector<rule::Diagnostic> faults;
  auto set = rule::RuleSet::load(all, options, faults);
  for (const auto& f : faults) ADD_FAILURE() << rule::render(f, rule::Language::kEnglish, false);
  if (set == nullptr) return invalid("faults");
  return set;
}

Event event(Feed& feed, int id, TimeMs time, EventKind kind, const std::string& post) {
  Event e;
  e.id = feed.text("e" + std::to_string(id));
  e.source = "visit";
  e.kind = kind;
  e.occurred_at = time;
  e.category = "people.care";
  e.duty = feed.text(post);
  return e;
}

// ---- the oracle: every period of every owner, from all events at once

struct Mark {
  TimeMs at;
  std::string severity;
};

struct Truth {
  const Population& population;
  const std::vector<Event>& events;
  TimeMs first;  // time that is known first
  TimeMs end;    // how far it goes
  Periods periods = *Periods::parse(population.every, *TimeZone::load("Asia/Shanghai"));

  std::vector<TimeMs> times(const std::string& post, EventKind kind, TimeMs from, TimeMs to) const {
    std::vector<TimeMs> out;
    for (const Event& e : events) {
      if (e.kind == kind && e.duty == post && e.occurred_at >= from && e.occurred_at <= to)
        out.push_back(e.occurred_at);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  void obligation(const std::string& post, TimeMs start, std::vector<std::string>& out, bool& live) const {
    const TimeMs due = periods.next(start), given_up = periods.next(due);
    const auto visits = times(post, EventKind::kVisit, start, given_up);
    const auto calls = times(post, EventKind::kCall, start, given_up);
    TimeMs met = kNever;
    if (static_cast<int>(visits.size()) >= population.visits && static_cast<int>(calls.size()) >= population.calls) {
      met = std::max(visits[static_cast<size_t>(population.visits) - 1],
                     calls[static_cast<size_t>(population.calls) - 1]);
    }
    std::string severity;
    const auto tell = [&](TimeMs at, const std::string& type, const std::string& s) {
      out.push_back(post + " " + format_time(at) + " " + type + " " + s);
    };
    for (const TimeMs mark : {start + (due - start) * 3 / 4, due, due + 7 * kHour}) {
      if (mark >= met || mark >= end || mark >= given_up) continue;
      const bool visited = !times(post, EventKind::kVisit, start, mark).empty();
      const std::string now = mark < due ? "blue" : !visited ? "red" : mark > due ? "orange" : "yellow";
      const auto rank = [](const std::string& s) { return std::string("byor").find(s[0]); };
      if (severity.empty()) tell(mark, "opened", now);
      if (!severity.empty() && now != severity)
        tell(mark, rank(now) > rank(severity) ? "escalated" : "deescalated", now);
      severity = now;
    }
    live = false;
    if (severity.empty()) return;
    if (met != kNever) return tell(met, "resolved", "stage");
    if (given_up < end) return tell(given_up, "resolved", "deadline");
    live = true;
  }

  std::vector<std::string> episodes(std::set<std::string>* live = nullptr) const {
    std::vector<std::string> out;
    for (const std::string& post : population.red) {
      for (TimeMs start = periods.first_from(first); start < end; start = periods.next(start)) {
        bool lives = false;
        obligation(post, start, out, lives);
        if (lives && live != nullptr) live->insert(post + " " + format_time(periods.next(start)));
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }
};

std::string field(const std::string& json, const std::string& name) {
  const std::string key = "\"" + name + "\":\"";
  const size_t at = json.find(key);
  return at == std::string::npos ? "" : json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size());
}

std::string post_of(const std::string& json) {
  const size_t at = json.find("\"key\":[");
  const size_t comma = json.find(',', at), end = json.find(']', at);
  return json.substr(comma + 2, end - comma - 3);
}

// What was told, by owner and time. Where what was owed came twice, the earlier one later, the first answer is amended:
// only what it was amended to counts.
std::vector<std::string> told(const std::string& lines) {
  std::vector<std::string> out;
  std::map<std::string, size_t> resolved;  // by alert
  std::istringstream in(lines);
  for (std::string json; std::getline(in, json);) {
    const std::string type = field(json, "type").substr(13), id = field(json, "alert_id");
    const std::string begin = post_of(json) + " " + field(json, "time") + " ";
    const auto answered = resolved.find(id);
    if (type == "amended" && answered != resolved.end() && field(json, "status") == "resolved") {
      out[answered->second] = begin + "resolved stage";
      continue;
    }
    if (type == "resolved") resolved[id] = out.size();
    out.push_back(begin + type + " " + field(json, type == "resolved" ? "reason" : "severity"));
  }
  std::sort(out.begin(), out.end());
  return out;
}

struct How {
  uint32_t shards = 1;
  size_t batch = 64;
  int crash_every = 0;  // commits; 0: never
  size_t checkpoint = 3000;
};

std::string run(const std::shared_ptr<const rule::RuleSet>& rules, const std::vector<Event>& events, TimeMs end,
                How how) {
  Engine::Options options;
  options.shards = how.shards;
  options.checkpoint_bytes = how.checkpoint;
  const auto store = how.crash_every > 0 ? state::make_memory_store() : nullptr;
  std::string out;
  for (bool done = false; !done;) {
    auto engine = Engine::open(options, rules, store.get(), compile);
    if (!engine) return "error: " + engine.error().message;
    const uint32_t p = (*engine)->add_partition("test", kLateness);
    int commits = 0;
    const auto commit = [&] {
      auto made = (*engine)->commit();
      ASSERT_TRUE(made);
      for (const Outgoing& o : *made) out.append(o.json).push_back('\n');
      ++commits;
    };
    const uint64_t from = (*engine)->next_offset(p);
    size_t i = from == UINT64_MAX ? 0 : from;
    for (; i < events.size() && (how.crash_every == 0 || commits < how.crash_every); ++i) {
      (*engine)->accept(events[i], p, i + 1, kNoTime);
      if ((*engine)->pending_events() >= how.batch) commit();
    }
    if (i < events.size()) continue;  // a crash: what was not committed comes again
    (*engine)->advance_to(end);
    commit();
    done = true;
  }
  return out;
}

class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}
  int upto(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

 private:
  std::mt19937 random_;
};

Population population_of(Random& random) {
  static constexpr const char* kEvery[] = {"day", "day", "2d", "3d", "week", "month"};
  Population p;
  p.every = kEvery[random.upto(6)];
  p.visits = 1 + random.upto(2);
  p.calls = 1 + random.upto(2);
  for (int i = random.upto(4); i >= 0; --i) p.red.push_back("p" + std::to_string(i));
  return p;
}

// Events in and out of order within the lateness; the period decides how far apart.
std::vector<Event> stream_of(Feed& feed, Random& random, const Population& p, int n) {
  const Periods periods = *Periods::parse(p.every, TimeZone::utc());
  const auto step = static_cast<int>(periods.longest() / kMinute / 3);
  std::vector<Event> out;
  TimeMs now = kFrom;
  for (int i = 0; i < n; ++i) {
    now += random.upto(step) * kMinute;
    const TimeMs t = now - (i > 0 ? random.upto(static_cast<int>(kLateness / kMinute)) * kMinute : 0);
    const std::string post = random.upto(8) == 0 ? "green-1" : "p" + std::to_string(random.upto(5));
    out.push_back(event(feed, i, t, random.upto(2) == 0 ? EventKind::kVisit : EventKind::kCall, post));
  }
  return out;
}

TEST(Duties, EpisodesAreTheOracles) {
  size_t alerts = 0;
  for (uint32_t seed = 1; seed <= 150; ++seed) {
    Random random(seed);
    const Population p = population_of(random);
    const auto rules = compile(files(p));
    ASSERT_TRUE(rules);
    for (int round = 0; round < 12; ++round) {
      Feed feed;
      const auto events = stream_of(feed, random, p, 1 + random.upto(30));
      TimeMs last = 0;
      for (const Event& e : events) last = std::max(last, e.occurred_at);
      const TimeMs end = last + random.upto(40) * kDay;
      const Truth truth{p, events, events[0].occurred_at - kLateness, end};
      const auto expected = truth.episodes();
      const How how{1 + static_cast<uint32_t>(random.upto(3)), 1 + static_cast<size_t>(random.upto(9))};
      const auto got = told(run(*rules, events, end, how));
      std::vector<std::string> amiss;
      std::ranges::set_symmetric_difference(got, expected, std::back_inserter(amiss));
      ASSERT_THAT(amiss, ::testing::IsEmpty()) << "seed " << seed << " round " << round << " every " << p.every;
      alerts += expected.size();
    }
  }
  EXPECT_GT(alerts, 5000u);
}

// Revisions (the event was another post's), withdrawals and late uploads: what stands at the end follows from the
// events that stand at the end, whatever shards, batches and crashes.
TEST(Duties, CorrectionsEndWhereTheTruthDoes) {
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    Random random(seed + 1000);
    const Population p = population_of(random);
    const auto rules = compile(files(p));
    ASSERT_TRUE(rules);
    Feed feed;
    std::vector<Event> events = stream_of(feed, random, p, 10 + random.upto(40));
    std::map<std::string, Event> standing;
    std::vector<Event> log;
    for (const Event& e : events) {
      log.push_back(e);
      standing[std::string(e.id)] = e;
      if (random.upto(3) != 0) continue;
      auto& old = std::next(standing.begin(), random.upto(static_cast<int>(standing.size())))->second;
      if (old.kind == EventKind::kWithdrawal) continue;
      old.revision += 1;
      if (random.upto(2) == 0) old.kind = EventKind::kWithdrawal;
      if (old.kind != EventKind::kWithdrawal) old.duty = feed.text("p" + std::to_string(random.upto(5)));
      log.push_back(old);
    }
    TimeMs last = 0;
    for (const Event& e : events) last = std::max(last, e.occurred_at);
    const TimeMs end = last + random.upto(5) * kDay;
    std::vector<Event> final;
    for (const auto& [id, e] : standing) final.push_back(e);
    std::set<std::string> live;
    Truth{p, final, events[0].occurred_at - kLateness, end}.episodes(&live);
    const std::string reference = run(*rules, log, end, {1, 64});
    std::map<std::string, std::string> status;
    std::istringstream in(reference);
    for (std::string json; std::getline(in, json);) {
      status[post_of(json) + " " + field(json, "due_at")] = field(json, "status");
    }
    std::set<std::string> open;
    for (const auto& [key, s] : status) {
      if (s == "open") open.insert(key);
    }
    ASSERT_EQ(open, live) << "seed " << seed << " every " << p.every;
    for (const How how : {How{1, 1}, {3, 7}, {2, 5, 3}, {1, 4, 1, 200}, {4, 9, 2, 100000}}) {
      ASSERT_EQ(run(*rules, log, end, how), reference)
          << "seed " << seed << " shards " << how.shards << " batch " << how.batch << " crash " << how.crash_every;
    }
  }
}

// ---- by hand

class Desk {
 public:
  explicit Desk(const Population& p, state::Store* store = nullptr) : Desk(files(p), store) {}
  explicit Desk(const std::vector<SourceFile>& all, state::Store* store = nullptr) {
    auto rules = compile(all);
    EXPECT_TRUE(rules);
    auto opened = Engine::open({}, *rules, store, compile);
    EXPECT_TRUE(opened) << opened.error().message;
    engine = std::move(*opened);
    partition = engine->add_partition("test", 0);
  }
  std::string take(const Event& e) {
    engine->accept(e, partition, ++offset, kNoTime);
    return commit();
  }
  std::string until(TimeMs t) {
    engine->advance_to(t);
    return commit();
  }
  std::string commit() {
    auto made = engine->commit();
    EXPECT_TRUE(made);
    std::string out;
    for (const Outgoing& o : *made) out.append(o.json).push_back('\n');
    return out;
  }
  void swap(const std::vector<SourceFile>& all) {
    auto rules = compile(all);
    ASSERT_TRUE(rules);
    ASSERT_TRUE(engine->swap_rules(*rules));
  }
  std::unique_ptr<Engine> engine;
  uint32_t partition = 0;
  uint64_t offset = 0;
};

TimeMs at(const char* text) { return *parse_time(text, *TimeZone::load("Asia/Shanghai")); }

TEST(Duties, AlertsNameThePostAndTheRowAndNobodyElse) {
  Feed feed;
  Desk desk(Population{.every = "month", .red = {"p1"}});
  desk.take(event(feed, 1, at("2024-06-20T10:00"), EventKind::kCall, "someone"));
  const std::string opened = desk.until(at("2024-07-24T18:00:01"));
  EXPECT_EQ(told(opened), (std::vector<std::string>{"p1 2024-07-23T22:00:00Z opened blue"}))  // three quarters of July
      << opened;
  EXPECT_NE(opened.find(R"("key":["d-p1","p1"])"), std::string::npos) << opened;
  EXPECT_NE(opened.find(R"("opened_by":{"source":"table:posts","id":"p1"})"), std::string::npos) << opened;
  EXPECT_NE(opened.find(R"("area":{"city":"330282","town":"330282002"})"), std::string::npos) << opened;
  EXPECT_NE(opened.find(R"("visits":0,"calls":0)"), std::string::npos) << opened;
  EXPECT_NE(opened.find(R"("evidence":{"total":0,"events":[]})"), std::string::npos) << opened;
  EXPECT_NE(opened.find("d-p1 0 0"), std::string::npos) << opened;
}

TEST(Duties, TheFirstPeriodIsTheFirstThatBeginsAfterTimeDoes) {
  Feed feed;
  Desk desk(Population{.every = "month", .red = {"p1"}});
  desk.take(event(feed, 1, at("2024-06-02T00:00"), EventKind::kCall, "someone"));
  EXPECT_EQ(desk.until(at("2024-07-20")), "") << "of June the engine has not seen all";
}

TEST(Duties, ALateUploadAmends) {
  Feed feed;
  Desk desk(Population{.every = "day", .calls = 1, .red = {"p1"}});
  desk.take(event(feed, 1, at("2024-06-30T12:00"), EventKind::kCall, "someone"));
  desk.take(event(feed, 2, at("2024-07-01T08:00"), EventKind::kCall, "p1"));
  EXPECT_EQ(told(desk.until(at("2024-07-01T20:00"))).size(), 1u);
  const std::string amended = desk.take(event(feed, 3, at("2024-07-01T10:00"), EventKind::kVisit, "p1"));
  EXPECT_EQ(field(amended, "type"), "tocsin.alert.amended") << amended;
  EXPECT_EQ(field(amended, "reason"), "late");
  EXPECT_EQ(field(amended, "status"), "resolved");
  EXPECT_EQ(desk.take(event(feed, 3, at("2024-07-01T10:00"), EventKind::kVisit, "p1")), "") << "the same again";
}

TEST(Duties, AWithdrawnVisitIsOwedAgain) {
  Feed feed;
  Desk desk(Population{.every = "day", .calls = 1, .red = {"p1"}});
  desk.take(event(feed, 1, at("2024-06-30T12:00"), EventKind::kCall, "someone"));
  desk.take(event(feed, 2, at("2024-07-01T08:00"), EventKind::kCall, "p1"));
  Event visit = event(feed, 3, at("2024-07-01T10:00"), EventKind::kVisit, "p1");
  desk.take(visit);
  EXPECT_EQ(desk.until(at("2024-07-01T20:00")), "");
  visit.kind = EventKind::kWithdrawal;
  visit.revision = 1;
  const auto owed = told(desk.take(visit));
  ASSERT_EQ(owed.size(), 1u);
  EXPECT_EQ(owed[0], "p1 2024-07-01T10:00:00Z opened blue");
}

TEST(Duties, ARowThatLeavesIsOwedNothingAndOneThatComesIsOwedFromTheNextPeriod) {
  Feed feed;
  Population p{.every = "day", .red = {"p1", "p2"}};
  Desk desk(p);
  desk.take(event(feed, 1, at("2024-06-30T12:00"), EventKind::kCall, "someone"));
  EXPECT_EQ(told(desk.until(at("2024-07-01T20:00"))).size(), 2u);
  p.red = {"p2", "p3"};
  desk.swap(files(p));
  EXPECT_EQ(desk.engine->progress().totals.resolved, 1u) << "p1 has left the table";
  EXPECT_EQ(told(desk.until(at("2024-07-02T01:00"))),
            (std::vector<std::string>{"p2 2024-07-01T16:00:00Z escalated red"}));
  const auto next = told(desk.until(at("2024-07-02T20:00")));
  EXPECT_EQ(next,
            (std::vector<std::string>{"p2 2024-07-02T10:00:00Z opened blue", "p3 2024-07-02T10:00:00Z opened blue"}));
}

// ---- the first rung is edited

std::map<std::string, std::string> open_in(const Desk& desk) {
  AlertFilter filter;
  filter.status = kOpenStates;
  bool more = false;
  std::map<std::string, std::string> out;
  for (const AlertLine& line : desk.engine->book().list(filter, 10'000, nullptr, more)) {
    out[line.alert_id] = detect::name_of(line.severity);
  }
  return out;
}

// Whenever it is moved, by however much: from then on those alerts are open that were open had it always stood there,
// and no alert is told twice of one edit.
TEST(Duties, AMovedRungJudgesWhatIsOwedAtOnce) {
  size_t moved = 0, compared = 0;
  for (uint32_t seed = 1; seed <= 120; ++seed) {
    Random random(seed + 3000);
    Population p = population_of(random), edited = p;
    edited.first = random.upto(2) == 0 ? "0.5" : "0.9";
    const auto changed_store = state::make_memory_store(), always_store = state::make_memory_store();
    Desk changed(p, changed_store.get()), always(edited, always_store.get());
    Feed feed;
    const std::vector<Event> events = stream_of(feed, random, p, 10 + random.upto(40));
    const auto at_edit = static_cast<size_t>(random.upto(static_cast<int>(events.size())));
    TimeMs now = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      changed.take(events[i]);
      always.take(events[i]);
      now = std::max(now, events[i].occurred_at);
      if (i != at_edit) continue;
      now += random.upto(3) * kDay;
      changed.until(now);
      always.until(now);
      const auto before = open_in(changed);
      const uint64_t told_before = changed.engine->progress().totals.transitions;
      changed.swap(files(edited));
      const uint64_t told = changed.engine->progress().totals.transitions - told_before;
      const auto after = open_in(changed);
      std::set<std::string> either;
      for (const auto& alerts : {before, after}) {
        for (const auto& [id, severity] : alerts) either.insert(id);
      }
      EXPECT_LE(told, either.size()) << "seed " << seed;
      moved += before != after ? 1 : 0;
      ASSERT_EQ(after, open_in(always)) << "seed " << seed << " every " << p.every << " to " << edited.first;
      for (Desk* desk : {&changed, &always}) desk->until(now + 1);  // marks before what has been answered
      ASSERT_EQ(open_in(changed), open_in(always)) << "seed " << seed << " every " << p.every << " to " << edited.first;
    }
    for (const TimeMs later : {now + kDay, now + 20 * kDay}) {
      changed.until(later);
      always.until(later);
      ASSERT_EQ(open_in(changed), open_in(always)) << "seed " << seed << " every " << p.every << " to " << edited.first;
      compared += open_in(always).size();
    }
  }
  EXPECT_GT(moved, 5u);
  EXPECT_GT(compared, 100u);
}

// A table that changes while the engine is down: what was written under the old one is read under the old one.
TEST(Duties, ACrashRecoversUnderTheTableOfThatTime) {
  Feed feed;
  const auto store = state::make_memory_store();
  Population p{.every = "day", .red = {"p1"}};
  {
    Desk desk(p, store.get());
    desk.take(event(feed, 1, at("2024-06-30T12:00"), EventKind::kCall, "someone"));
    desk.take(event(feed, 2, at("2024-07-01T09:00"), EventKind::kVisit, "p1"));
    EXPECT_EQ(told(desk.until(at("2024-07-01T20:00"))).size(), 1u);
  }
  p.red = {"p1", "p2"};
  Desk desk(p, store.get());
  desk.offset = 2;
  EXPECT_EQ(desk.engine->progress().totals.resolved, 0u);
  const auto call = told(desk.take(event(feed, 3, at("2024-07-01T21:00"), EventKind::kCall, "p1")));
  EXPECT_EQ(call, (std::vector<std::string>{"p1 2024-07-01T13:00:00Z resolved stage"}));
  EXPECT_EQ(told(desk.until(at("2024-07-02T20:00"))).size(), 2u) << "both owe the next day";
}

// The same for the calendar: 1wd of the deltas before the crash is that of the calendar before it.
TEST(Engine, ACrashRecoversUnderTheCalendarOfThatTime) {
  const auto with = [](const char* calendar) {
    return std::vector<SourceFile>{{"r.yaml",
                                    "rules:\n  - id: owed\n    kind: absence\n    from: [grid]\n    key: [case]\n    "
                                    "after: stage == \"accepted\"\n    "
                                    "expect: stage == \"closed\"\n    within: 1wd\n    summary: '{{due_at}}'\n"},
                                   {"cn.yaml", calendar, SourceFile::Kind::kCalendar, "cn"}};
  };
  const auto open = with("calendar:\n  time_zone: Asia/Shanghai\n");
  const auto holiday = with("calendar:\n  time_zone: Asia/Shanghai\n  holidays: [2024-07-02..2024-07-05]\n");
  Feed feed;
  const Event accepted = feed.stage("a", at("2024-07-01T10:00"), "c1", Stage::kAccepted);
  const Event later = feed.stage("b", at("2024-07-02T11:00"), "c2", Stage::kAccepted);
  std::string expected, got;
  {
    Desk desk(open);
    desk.take(accepted);
    expected = desk.take(later);
    EXPECT_EQ(std::ranges::count(expected, '\n'), 1) << "a working day has passed";
  }
  const auto store = state::make_memory_store();
  {
    Desk desk(open, store.get());
    desk.take(accepted);
    got = desk.take(later);
  }
  EXPECT_EQ(got, expected);
  Desk desk(holiday,
            store.get());  // recovery goes through the deltas: no transition of theirs may differ or be missing
  EXPECT_EQ(desk.engine->progress().totals.opened, 1u);
  EXPECT_EQ(desk.engine->book().size(), 1u);
  const std::string resolved = desk.take(feed.stage("c", at("2024-07-02T12:00"), "c1", Stage::kClosed));
  EXPECT_EQ(field(resolved, "type"), "tocsin.alert.resolved") << resolved;
}

}  // namespace
}  // namespace tocsin::runtime
