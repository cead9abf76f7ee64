// The runtime's small parts: index of seen events, watermark, delta, progress, alert book.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "runtime/alert_book.h"
#include "runtime/delta.h"
#include "runtime/progress.h"
#include "runtime/seen.h"
#include "runtime/watermark.h"

namespace tocsin::runtime {
namespace {

constexpr TimeMs kDay = 86'400'000;

std::vector<Route> routes_of(const Seen& seen, uint64_t uid) {
  std::vector<Route> out;
  seen.routes(uid, out);
  return out;
}
std::vector<uint16_t> rules_of(const Seen& seen, uint64_t uid) {
  std::vector<uint16_t> out;
  for (const Route& r : routes_of(seen, uid)) out.push_back(r.rule);
  std::sort(out.begin(), out.end());
  return out;
}

// A store of what it tells.
struct Stored {
  std::map<std::string, std::string> pieces;
  void take(Seen& seen) {
    const Seen::Changes changes = seen.take_changed();
    for (const auto& [begin, end] : changes.gone) pieces.erase(pieces.lower_bound(begin), pieces.lower_bound(end));
    for (const auto& [name, bytes] : changes.pieces) pieces[name] = bytes;
  }
  Seen load() const {
    Seen seen;
    for (const auto& [name, bytes] : pieces) EXPECT_TRUE(seen.load(name, bytes));
    return seen;
  }
};

void expect_same(const Seen& a, const Seen& b, uint64_t uids) {
  ASSERT_EQ(a.size(), b.size());
  for (uint64_t uid = 0; uid < uids; ++uid) {
    const auto* x = a.find(uid);
    const auto* y = b.find(uid);
    ASSERT_EQ(x == nullptr, y == nullptr) << uid;
    if (x == nullptr) continue;
    EXPECT_EQ(x->revision, y->revision);
    EXPECT_EQ(x->time, y->time);
    EXPECT_EQ(x->withdrawn, y->withdrawn);
    const auto mine = routes_of(a, uid), theirs = routes_of(b, uid);
    ASSERT_EQ(mine.size(), theirs.size()) << uid;
    for (size_t i = 0; i < mine.size(); ++i) {
      EXPECT_EQ(mine[i].rule, theirs[i].rule);
      EXPECT_EQ(mine[i].key, theirs[i].key);
    }
  }
}

void put_some(Seen& seen, std::mt19937_64& random, int day, size_t rules, uint64_t uids) {
  seen.put(random() % uids, day * kDay + static_cast<TimeMs>(random() % kDay), random() % 9, random() % 2 == 0);
  for (uint64_t r = random() % 3; r > 0; --r) {
    seen.add_route(static_cast<uint16_t>(random() % rules), {r, random()});
  }
}

TEST(Seen, RemembersRevisionAndRoutesUntilTheHorizon) {
  Seen seen;
  seen.put(1, 10 * kDay + 5, 3, false);
  seen.add_route(2, {1, 1});
  seen.add_route(4, {2, 2});
  ASSERT_NE(seen.find(1), nullptr);
  EXPECT_EQ(seen.find(1)->revision, 3u);
  EXPECT_EQ(rules_of(seen, 1), (std::vector<uint16_t>{2, 4}));
  seen.forget_before(10 * kDay + 5);
  EXPECT_NE(seen.find(1), nullptr) << "its day is not over";
  seen.forget_before(11 * kDay);
  EXPECT_EQ(seen.find(1), nullptr);
}

TEST(Seen, AnEventThatMovesToAnotherDayIsForgottenWithThatDay) {
  Seen seen;
  seen.put(1, 10 * kDay, 0, false);
  seen.put(1, 12 * kDay, 1, false);
  seen.forget_before(11 * kDay);
  ASSERT_NE(seen.find(1), nullptr);
  EXPECT_EQ(seen.find(1)->revision, 1u);
}

TEST(Seen, ChangedPiecesCarryItOver) {
  std::mt19937_64 random(1);
  Seen seen;
  Stored stored;
  constexpr uint64_t kUids = 8 * SeenDays::kPiece;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 3000; ++i) put_some(seen, random, round / 5 + static_cast<int>(random() % 3), 3, kUids);
    seen.forget_before((round / 5 - 2) * kDay);
    if (round % 7 == 3) {
      (void)seen.take_changed();  // a disk that is full
      seen.not_stored();
    }
    stored.take(seen);
    if (round % 15 == 14) expect_same(seen, stored.load(), kUids);
    if (round % 9 == 8) seen = stored.load();  // a crash: places in a day are closed up
  }
  EXPECT_GT(stored.pieces.size(), 8u);
}

TEST(Seen, WritesWhatChangedOfADay) {
  Seen seen;
  for (uint64_t uid = 1; uid <= 10 * SeenDays::kPiece; ++uid) seen.put(uid, kDay, 0, false);
  EXPECT_EQ(seen.take_changed().pieces.size(), 10u);
  seen.put(1, kDay, 1, false);
  seen.put(20 * SeenDays::kPiece, kDay, 0, false);
  EXPECT_EQ(seen.take_changed().pieces.size(), 2u);
  EXPECT_TRUE(seen.take_changed().pieces.empty());
}

// Rules come, go and come again at other places; some are warmed up, and some of those changes fail.
TEST(Seen, RoutesFollowTheirRulesThroughChanges) {
  constexpr uint64_t kUids = 400;
  size_t folded = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    Seen seen;
    Stored stored;
    std::vector<int> names{1, 2, 3};  // of the rules in force
    int next_name = 4;
    std::map<uint64_t, std::vector<int>> routes;  // of each event, by name; those of rules that are gone too
    const auto put = [&](Seen& to, bool known) {
      const uint64_t uid = 1 + random() % kUids;
      std::vector<int> to_names;
      to.put(uid, static_cast<TimeMs>(random() % 3) * kDay, 0, false);
      for (size_t r = 0; r < names.size(); ++r) {
        if (random() % 2 == 0) continue;
        to.add_route(static_cast<uint16_t>(r), {r, uid});
        to_names.push_back(names[r]);
      }
      if (known) routes[uid] = to_names;
    };
    const auto check = [&](const Seen& of) {
      ASSERT_EQ(of.size(), routes.size());
      for (const auto& [uid, expected] : routes) {
        std::vector<int> got, still;
        for (const uint16_t r : rules_of(of, uid)) got.push_back(names[r]);
        for (const int name : expected) {
          if (std::ranges::find(names, name) != names.end()) still.push_back(name);
        }
        std::sort(got.begin(), got.end());
        std::sort(still.begin(), still.end());
        ASSERT_EQ(got, still) << "seed " << seed << ", event " << uid;
      }
    };
    for (int change = 0; change < 14; ++change) {
      for (int i = 0; i < 50; ++i) put(seen, true);
      if (random() % 2 == 0) stored.take(seen);
      // The new rules: some of the old ones in another order, and some that begin.
      std::vector<int> after = names;
      std::shuffle(after.begin(), after.end(), random);
      if (after.size() > 2) after.pop_back();
      const size_t kept = after.size();
      std::vector<int> map;  // of the warm rules
      for (uint64_t n = 1 + random() % 2; n > 0; --n) {
        map.push_back(static_cast<int>(after.size()));
        after.push_back(next_name++);
      }
      std::vector<int> heirs;
      for (const int name : names) {
        const auto at = std::find(after.begin(), after.begin() + static_cast<std::ptrdiff_t>(kept), name);
        heirs.push_back(at - after.begin() == static_cast<std::ptrdiff_t>(kept) ? -1
                                                                                : static_cast<int>(at - after.begin()));
      }
      Seen warm;
      std::map<uint64_t, std::vector<int>> brought;
      for (uint64_t uid = 1; uid <= kUids + 20; ++uid) {  // some of which are not known here
        if (random() % 3 != 0) continue;
        warm.put(uid, kDay, 0, false);
        brought[uid];
        for (size_t r = 0; r < map.size(); ++r) {
          if (random() % 2 == 0) continue;
          warm.add_route(static_cast<uint16_t>(r), {100 + r, uid});
          brought[uid].push_back(after[static_cast<size_t>(map[r])]);
        }
      }
      auto former = seen.renumber(heirs, after.size());
      const auto entered = seen.absorb(std::move(warm), map);
      if (random() % 3 == 0) {  // it could not be written
        (void)seen.take_changed();
        seen.not_stored();
        seen.take_back(entered);
        seen.restore(std::move(former));
        check(seen);
        continue;
      }
      names = after;
      for (const auto& [uid, more] : brought) {
        auto& known = routes[uid];
        known.insert(known.end(), more.begin(), more.end());
      }
      stored.take(seen);
      const size_t layers = seen.layers();
      seen.fold();
      folded += layers - seen.layers();
      EXPECT_LE(seen.layers(), Seen::kLayers);
      check(seen);
      check(stored.load());
      if (random() % 3 == 0) seen = stored.load();  // a crash
    }
    stored.take(seen);
    check(stored.load());
    seen.forget_before(4 * kDay);
    EXPECT_EQ(seen.size(), 0u);
    seen.fold();
    stored.take(seen);
    EXPECT_EQ(stored.load().size(), 0u);
    EXPECT_EQ(seen.layers(), 0u);
  }
  EXPECT_GT(folded, 3u);
}

// What was warmed up has seen every event of its span, and few of them concern it.
TEST(Seen, WhatWasWarmedUpCostsWhatItsRulesWereGiven) {
  constexpr uint64_t kUids = 30'000, kOneOf = 100;
  Seen seen;
  for (uint64_t uid = 1; uid <= kUids; ++uid) seen.put(uid, kDay, 0, false);
  const size_t alone = seen.bytes();
  Stored stored;
  for (size_t change = 0; change < Seen::kLayers; ++change) {
    const std::vector<int> heirs(1, 0), map{1, -1};
    (void)seen.renumber(heirs, 2);
    Seen warm;
    for (uint64_t uid = 1; uid <= kUids + 1; ++uid) {
      warm.put(uid, kDay, 0, false);
      if (uid % kOneOf == 0) warm.add_route(0, {change, uid});
      if (uid % 2 == 0) warm.add_route(1, {change, uid});  // of a rule that is none of those in force
    }
    const auto entered = seen.absorb(std::move(warm), map);
    EXPECT_EQ(entered.size(), change == 0 ? 1U : 0U);
    ASSERT_NE(seen.find(kUids + 1), nullptr);  // a duplicate from now on
    EXPECT_TRUE(routes_of(seen, 1).empty());
    ASSERT_EQ(routes_of(seen, kOneOf).size(), 1U);  // those of the rule before it are gone with it
    EXPECT_EQ(routes_of(seen, kOneOf)[0].key, (Hash128{change, kOneOf}));
    stored.take(seen);
    seen.fold();
  }
  EXPECT_EQ(seen.layers(), Seen::kLayers);
  EXPECT_LT(seen.bytes(), alone + alone / 2);
  expect_same(seen, stored.load(), kUids + 2);
}

TEST(Seen, PiecesThatDoNotDecodeAreAFault) {
  Seen seen;
  EXPECT_FALSE(seen.load("short", ""));
  Seen other;
  other.put(1, 3 * kDay, 0, false);
  const auto pieces = other.take_changed().pieces;
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_FALSE(seen.load(pieces[0].first, "short"));
  EXPECT_FALSE(Seen().load("n", "\xff"));
}

TEST(Watermark, IsTheLeastOfThePartitionsThatAreNotIdleAndNeverGoesBack) {
  Watermark w;
  const uint32_t a = w.add(10);
  const uint32_t b = w.add(0);
  EXPECT_EQ(w.observe(a, 100), kNoTime) << "b has not spoken";
  EXPECT_EQ(w.observe(b, 50), 50);
  EXPECT_EQ(w.observe(b, 200), 90);
  EXPECT_EQ(w.observe(a, 40), 90);
  w.set_idle(a, true);
  EXPECT_EQ(w.recompute(), 200);
  EXPECT_EQ(w.observe(a, 150), 200) << "it never goes back";
  w.follow_clock(a, 400);
  EXPECT_EQ(w.recompute(), 200);
  w.follow_clock(b, 400);
  EXPECT_EQ(w.recompute(), 390);
  EXPECT_EQ(w.advance_to(1000), 1000);
}

TEST(Delta, ReadsBackWhatWasWritten) {
  std::string bytes;
  DeltaWriter w(bytes);
  w.seen(11, -5, 7);
  detect::Row row;
  row.rule = 300;
  row.key = {1, 2};
  row.key_text = "[\"k\"]";
  row.uid = 99;
  row.time = 1234;
  row.position = 5;
  row.watermark = 1000;
  row.source = "grid";
  row.id = "e1";
  const expr::Value cells[] = {expr::Value::string("x"), expr::Value::integer(4)};
  row.cells = cells;
  w.row(row);
  w.retract(300, {1, 2}, 99, true, row);
  alert::Action action;
  action.alert_id = "a";
  action.by = "me";
  w.action(2, {3, 4}, {action, 8, 900});
  w.time(2000);
  DeltaReader in(bytes);
  DeltaOp op;
  Arena arena;
  ASSERT_TRUE(in.next(op));
  EXPECT_EQ(op.uid, 11u);
  EXPECT_EQ(op.time, -5);
  ASSERT_TRUE(in.next(op));
  EXPECT_EQ(op.rule, 300);
  Reader body(op.body);
  const detect::Row back = detect::decode_row(body, arena);
  EXPECT_EQ(back.id, "e1");
  EXPECT_EQ(back.cells[1].i, 4);
  ASSERT_TRUE(in.next(op));
  EXPECT_TRUE(decode_retraction(op.body, arena).withdrawn);
  ASSERT_TRUE(in.next(op));
  EXPECT_EQ(decode_action(op.body).action.by, "me");
  ASSERT_TRUE(in.next(op));
  EXPECT_EQ(op.time, 2000);
  EXPECT_FALSE(in.next(op));
  EXPECT_TRUE(in.ok());
}

TEST(Delta, CorruptBytesAreNotRead) {
  DeltaReader in("\xff\xff");
  DeltaOp op;
  EXPECT_FALSE(in.next(op));
  EXPECT_FALSE(in.ok());
}

TEST(Progress, ReadsBackWhatWasWritten) {
  Progress p;
  p.commit = 7;
  p.watermark = kNoTime;
  p.totals.late = 3;
  p.partitions["a/0"] = {UINT64_MAX, kNoTime};
  p.sources["grid"].rejected["malformed"] = 2;
  p.sinks["file"] = 9;
  std::string bytes;
  Writer w(bytes);
  p.encode(w);
  auto back = Progress::decode(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->commit, 7u);
  EXPECT_EQ(back->watermark, kNoTime);
  EXPECT_EQ(back->totals.late, 3u);
  EXPECT_EQ(back->partitions["a/0"].next_offset, UINT64_MAX);
  EXPECT_EQ(back->sources["grid"].rejected["malformed"], 2u);
  EXPECT_EQ(back->sinks["file"], 9u);
  EXPECT_FALSE(Progress::decode(std::string_view(bytes).substr(0, bytes.size() - 1)));
}

TEST(AlertBook, PagesNewestFirstAndCountsOpenOnes) {
  AlertBook book;
  for (int i = 0; i < 25; ++i) {
    AlertLine l;
    l.alert_id = "a" + std::to_string(i);
    l.rule_id = i % 2 == 0 ? "x" : "y";
    l.town = i % 5 == 0 ? "330282004" : "330282005";
    l.opened_at = i;
    l.severity = detect::Severity::kYellow;
    book.put(l);
  }
  AlertFilter filter;
  filter.rule = "x";
  bool more = false;
  std::vector<std::string> ids;
  AlertBook::Place place;
  for (;;) {
    const auto page = book.list(filter, 4, ids.empty() ? nullptr : &place, more);
    for (const AlertLine& l : page) ids.push_back(l.alert_id);
    if (!more) break;
    place = {page.back().opened_at, page.back().alert_id};
  }
  ASSERT_EQ(ids.size(), 13u);
  EXPECT_EQ(ids.front(), "a24");
  EXPECT_EQ(ids.back(), "a0");
  filter = {};
  filter.area = "330282004";
  EXPECT_EQ(book.list(filter, 100, nullptr, more).size(), 5u);
}

TEST(AlertBook, CountsOpenAlertsAndHowLongTheyWait) {
  AlertBook book;
  const auto put = [&](const std::string& id, TimeMs opened_at, alert::AlertStatus status, bool shadow = false) {
    AlertLine l;
    l.alert_id = id;
    l.rule_id = "x";
    l.opened_at = opened_at;
    l.severity = detect::Severity::kYellow;
    l.status = status;
    l.shadow = shadow;
    book.put(l);
  };
  const auto count = [&] { return book.open_counts().at({"x", detect::Severity::kYellow}); };
  using enum alert::AlertStatus;
  for (const TimeMs t : {10, 20, 20, 30}) put("a" + std::to_string(t) + std::to_string(book.size()), t, kOpen);
  put("tried", 1, kOpen, true);  // a rule in shadow: open, but nobody is to answer it
  EXPECT_EQ(count().open, 5u);
  EXPECT_EQ(count().waiting, 4u);
  EXPECT_EQ(count().longest_waiting, 10);
  const std::vector<TimeMs> times = {10, 11, 21, 100};
  EXPECT_EQ(book.opened_before(detect::Severity::kYellow, times), (std::vector<uint64_t>{0, 1, 3, 4}));
  EXPECT_EQ(book.opened_before(detect::Severity::kRed, times), (std::vector<uint64_t>{0, 0, 0, 0}));
  put("a100", 10, kAcknowledged);
  EXPECT_EQ(count().open, 5u);
  EXPECT_EQ(count().waiting, 3u);
  EXPECT_EQ(count().longest_waiting, 20);
  put("a100", 10, kResolved);
  put("a201", 20, kResolved);
  book.erase("a202");
  put("a303", 30, kAcknowledged);
  EXPECT_EQ(count().open, 2u);
  EXPECT_EQ(count().waiting, 0u);
  EXPECT_EQ(count().longest_waiting, kNoTime);
  EXPECT_EQ(book.opened_before(detect::Severity::kYellow, times), (std::vector<uint64_t>{0, 0, 0, 1}));
}

// Against brute force: alerts come, change their state and area and go; every filter answers what a plain scan does.
TEST(AlertBook, FiltersByAreaAndStateAsAScanDoes) {
  AlertBook book;
  std::map<std::string, AlertLine> model;
  std::mt19937 random(7);
  const auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  const std::vector<std::string> towns = {"330282101", "330282102", "330283001"};
  const std::vector<std::string> filters = {"",          "33",           "330282",        "330282101", "330283001",
                                            "330282999", "330282101003", "330282101003g", "g2",        "33028210"};
  for (int step = 0; step < 4000; ++step) {
    AlertLine l;
    l.alert_id = "a" + std::to_string(pick(300));
    if (pick(10) == 0) {
      book.erase(l.alert_id);
      model.erase(l.alert_id);
      continue;
    }
    l.rule_id = "r";
    l.opened_at = static_cast<TimeMs>(pick(50));
    l.updated_at = step;
    l.status = static_cast<alert::AlertStatus>(pick(5));
    l.shadow = pick(8) == 0;
    if (pick(9) != 0) l.town = towns[pick(3)];
    l.city = l.town.empty() ? "330282" : l.town.substr(0, 6);
    if (!l.town.empty() && pick(3) != 0) l.village = l.town + "00" + std::to_string(pick(4));
    if (!l.village.empty() && pick(2) != 0) l.grid = pick(2) == 0 ? l.village + "g" : "g" + std::to_string(pick(30));
    model[l.alert_id] = l;
    book.put(l);
    if (step % 20 != 0) continue;
    AlertFilter f;
    f.area = filters[pick(filters.size())];
    f.scope = filters[pick(filters.size())];
    if (pick(2) == 0) f.status = {static_cast<alert::AlertStatus>(pick(5)), static_cast<alert::AlertStatus>(pick(5))};
    f.shadow = pick(2) == 0;
    if (pick(3) == 0) f.since = 10, f.until = 40;
    std::vector<const AlertLine*> expected;
    for (const auto& [id, m] : model) {
      // Codes of digits are prefixes; a grid's, and what is no level of codes, names itself alone.
      const bool prefix = f.area.size() <= 12 && f.area != "33028210" && !f.area.starts_with("g");
      const bool begins = std::ranges::any_of(std::array{m.city, m.town, m.village, m.grid}, [&](const std::string& c) {
        return prefix ? c.starts_with(f.area) : c == f.area;
      });
      const bool state = f.status.empty() || std::ranges::find(f.status, m.status) != f.status.end();
      const bool time = m.opened_at >= f.since && m.opened_at < f.until;
      if (begins && state && time && m.under(f.scope) && (f.shadow || !m.shadow)) expected.push_back(&m);
    }
    std::ranges::sort(expected, [](const AlertLine* a, const AlertLine* b) {
      return std::tie(a->opened_at, a->alert_id) > std::tie(b->opened_at, b->alert_id);
    });
    std::vector<std::string> got, wanted;
    for (const AlertLine* m : expected) wanted.push_back(m->alert_id);
    bool more = true;
    AlertBook::Place place;
    while (more) {
      const auto page = book.list(f, 7, got.empty() ? nullptr : &place, more);
      for (const AlertLine& m : page) got.push_back(m.alert_id);
      if (more) place = {page.back().opened_at, page.back().alert_id};
    }
    ASSERT_EQ(got, wanted) << "area " << f.area << " scope " << f.scope << " step " << step;
    size_t seen = 0;
    book.each(f, [&](const AlertLine&) { return ++seen < 9; });
    ASSERT_EQ(seen, std::min<size_t>(expected.size(), 9));
  }
}

TEST(AlertBook, WhatAnAlertLiesUnder) {
  AlertLine l;
  l.city = "330282";
  EXPECT_TRUE(l.under("")) << "the whole";
  EXPECT_TRUE(l.under("330282"));
  EXPECT_FALSE(l.under("330282101")) << "it has grown over the towns";
  l.town = "330282101", l.village = "330282101005", l.grid = "g1";
  EXPECT_TRUE(l.under("330282101005"));
  EXPECT_TRUE(l.under("g1"));
  EXPECT_FALSE(l.under("g")) << "a grid's name is no prefix";
  EXPECT_FALSE(l.under("3302821")) << "no level of area codes";
  EXPECT_TRUE(l.under("3302"));
}

}  // namespace
}  // namespace tocsin::runtime
