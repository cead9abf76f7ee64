// The runtime's small parts: index of seen events, watermark, delta, progress, alert book.
#include <gtest/gtest.h>

#include <random>

#include "runtime/alert_book.h"
#include "runtime/delta.h"
#include "runtime/progress.h"
#include "runtime/seen.h"
#include "runtime/watermark.h"

namespace tocsin::runtime {
namespace {

constexpr TimeMs kDay = 86'400'000;

TEST(Seen, RemembersRevisionAndRoutesUntilTheHorizon) {
  Seen seen;
  seen.put(1, 10 * kDay, 2, false);
  seen.add_route(3, {7, 8});
  seen.add_route(4, {9, 10});
  ASSERT_NE(seen.find(1), nullptr);
  EXPECT_EQ(seen.find(1)->revision, 2u);
  EXPECT_EQ(seen.routes(*seen.find(1)).size(), 2u);
  EXPECT_EQ(seen.routes(*seen.find(1))[1].rule, 4);
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

TEST(Seen, ChangedDaysCarryItOver) {
  std::mt19937_64 random(1);
  Seen seen;
  std::map<int64_t, std::string> stored;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 40; ++i) {
      seen.put(random() % 300, static_cast<TimeMs>((round / 5 + static_cast<int>(random() % 3)) * kDay), random() % 9,
               random() % 2 == 0);
      for (uint64_t r = random() % 3; r > 0; --r) seen.add_route(static_cast<uint16_t>(r), {r, random()});
    }
    seen.forget_before((round / 5 - 2) * kDay);
    std::vector<std::pair<int64_t, std::string>> changed;
    seen.take_changed(changed);
    for (auto& [day, bytes] : changed) {
      if (bytes.empty())
        stored.erase(day);
      else
        stored[day] = std::move(bytes);
    }
    Seen loaded;
    for (const auto& [day, bytes] : stored) ASSERT_TRUE(loaded.load_day(day, bytes));
    ASSERT_EQ(loaded.size(), seen.size());
    for (uint64_t uid = 0; uid < 300; ++uid) {
      const auto* a = seen.find(uid);
      const auto* b = loaded.find(uid);
      ASSERT_EQ(a == nullptr, b == nullptr);
      if (a == nullptr) continue;
      EXPECT_EQ(a->revision, b->revision);
      EXPECT_EQ(a->withdrawn, b->withdrawn);
      EXPECT_EQ(seen.routes(*a).size(), loaded.routes(*b).size());
    }
  }
}

TEST(Seen, DaysThatDoNotDecodeAreAFault) {
  Seen seen;
  EXPECT_FALSE(seen.load_day(3, "short"));
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
    if (!l.village.empty() && pick(2) != 0) l.grid = pick(2) == 0 ? l.village + "g" : "g" + std::to_string(pick(3));
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
      const bool begins = m.city.starts_with(f.area) || m.town.starts_with(f.area) ||
                          (!m.village.empty() && m.village.starts_with(f.area)) ||
                          (!m.grid.empty() && m.grid.starts_with(f.area));
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
