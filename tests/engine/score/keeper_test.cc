// What each figure means, one small life each, and what happens at the bounds.
#include "fixture.h"

namespace tocsin::score::testing {
namespace {

class KeeperTest : public ::testing::Test {
 protected:
  Feed feed;
  Keeper keeper{Options{}};
  Driver driver{keeper};
  void take(const Event& e) {
    driver.take(e);
    driver.close();
  }
};

TEST_F(KeeperTest, AReportThatIsDealtWithIsAMatterClosedOnTheSpot) {
  Event e = feed.report("a", kStart);
  e.stage = Stage::kClosed;
  e.grade = 2;
  take(e);
  const Figures f = total(keeper);
  EXPECT_EQ(f.opened, 1U);
  EXPECT_EQ(f.closed, 1U);
  EXPECT_EQ(f.on_spot, 1U);
  EXPECT_EQ(f.settled_at[2], 1U);
  EXPECT_EQ(f.closing.n, 0U) << "no clock ran";
}

TEST_F(KeeperTest, AReportOfNoCaseThatIsNotDealtWithIsNoMatter) {
  take(feed.report("a", kStart));
  EXPECT_EQ(total(keeper).reports, 1U);
  EXPECT_EQ(total(keeper).opened, 0U);
}

TEST_F(KeeperTest, AMatterGoesFromOpenToClosedToOpenAgain) {
  take(feed.report("a", kStart, "c"));
  take(feed.stage("b", kStart + kHour, "c", Stage::kAccepted));
  EXPECT_EQ(*total(keeper).disposal_rate(), 0);
  EXPECT_FALSE(total(keeper).reopened_rate().has_value());
  take(feed.stage("d", kStart + 5 * kHour, "c", Stage::kClosed));
  Figures f = total(keeper);
  EXPECT_EQ(*f.disposal_rate(), 1);
  EXPECT_NEAR(*f.response.median, 3600, 72);
  EXPECT_NEAR(*f.closing.median, 5 * 3600, 360);
  EXPECT_EQ(*f.reopened_rate(), 0);
  take(feed.stage("e", kStart + 9 * kHour, "c", Stage::kReopened));
  f = total(keeper);
  EXPECT_EQ(*f.disposal_rate(), 0);
  EXPECT_EQ(*f.reopened_rate(), 1);
  EXPECT_EQ(f.closing.n, 0U) << "the closing does not stand any more";
  take(feed.stage("f", kStart + 10 * kHour, "c", Stage::kClosed));
  EXPECT_NEAR(*total(keeper).closing.median, 36'000, 720);
}

TEST_F(KeeperTest, ACaseOfTwoChannelsIsAMatterOfBoth) {
  take(feed.report("a", kStart, "c"));
  take(feed.report("b", kStart + kHour, "c"));
  Event call = feed.event("police110", "p", EventKind::kReport, kStart + 2 * kHour);
  call.case_id = "c";
  take(call);
  EXPECT_EQ(total(keeper).reports, 3U);
  EXPECT_EQ(total(keeper).opened, 2U);
  take(feed.stage("d", kStart + kHour + 1, "c", Stage::kClosed));
  EXPECT_EQ(total(keeper).closed, 1U) << "the police's call came after the closing";
}

TEST_F(KeeperTest, ADeadlineIsMissedWhenTheHourIsOver) {
  take(feed.report("a", kStart, "c"));
  take(feed.stage("b", kStart, "c", Stage::kAccepted, kStart + 2 * kHour));
  driver.advance(kStart + 3 * kHour - 1);
  EXPECT_FALSE(total(keeper).on_time_rate().has_value());
  driver.advance(kStart + 3 * kHour);
  EXPECT_EQ(*total(keeper).on_time_rate(), 0);
  // The upload came late, the work did not.
  take(feed.stage("d", kStart + 2 * kHour, "c", Stage::kProcessing));
  EXPECT_EQ(*total(keeper).on_time_rate(), 1);
}

TEST_F(KeeperTest, SupervisionIsNoAnswer) {
  take(feed.report("a", kStart, "c"));
  take(feed.stage("b", kStart + 1, "c", Stage::kAccepted, kStart + kHour));
  take(feed.stage("d", kStart + 2, "c", Stage::kSupervised));
  driver.advance(kStart + 5 * kHour);
  EXPECT_EQ(*total(keeper).on_time_rate(), 0);
}

TEST_F(KeeperTest, DaysAreThoseOfTheZone) {
  Keeper here(Options{.zone = *TimeZone::load("Asia/Shanghai")});
  Driver d(here);
  d.take(feed.report("a", kStart + 15 * kHour + 59 * kMinute));  // 23:59 there
  d.take(feed.report("b", kStart + 16 * kHour));                 // midnight
  d.close();
  for (const int64_t day : {kFirstDay, kFirstDay + 1}) {
    EXPECT_EQ(card(here, {.from = day, .to = day}).total.now.reports, 1U) << day;
  }
}

TEST_F(KeeperTest, TheDayOfAClockChangeIsOneDay) {
  Keeper here(Options{.zone = *TimeZone::load("America/New_York")});
  Driver d(here);
  const TimeMs midnight = 1'762'056'000'000;  // 2025-11-02 00:00 there, 25 hours long
  for (const int hour : {0, 12, 24}) d.take(feed.report("r" + std::to_string(hour), midnight + hour * kHour));
  d.take(feed.report("next", midnight + 25 * kHour));
  d.close();
  const int64_t day = *parse_day("2025-11-02");
  EXPECT_EQ(card(here, {.from = day, .to = day}).total.now.reports, 3U);
}

TEST_F(KeeperTest, ALateEventCountsOnItsOwnDayAndADuplicateOfItDoesNot) {
  take(feed.report("now", kStart + 20 * kDay));
  take(feed.report("late", kStart));
  take(feed.report("late", kStart));
  EXPECT_EQ(card(keeper, {.from = kFirstDay, .to = kFirstDay}).total.now.reports, 1U);
  take(feed.report("older than is remembered", kStart + 20 * kDay - 10 * kMinute - EventBook::kKeep - kDay));
  const Card c = card(keeper);
  EXPECT_EQ(c.total.now.reports, 2U);
  EXPECT_EQ(c.too_old, 1U);
}

TEST_F(KeeperTest, ARevisionDatedBeforeWhatIsRememberedTakesBackWhatItRevises) {
  take(feed.report("now", kStart + 60 * kDay));
  take(feed.report("a", kStart + 59 * kDay));
  EXPECT_EQ(card(keeper).total.now.reports, 2U);
  Event past = feed.report("a", kStart);
  past.revision = 1;
  take(past);
  EXPECT_EQ(card(keeper).total.now.reports, 1U);
  EXPECT_EQ(card(keeper).too_old, 1U);
  take(feed.report("a", kStart + 59 * kDay));  // a repetition of what was revised
  EXPECT_EQ(card(keeper).total.now.reports, 1U);
  Event present = feed.report("a", kStart + 60 * kDay);
  present.revision = 2;
  take(present);
  EXPECT_EQ(card(keeper).total.now.reports, 2U);
}

TEST_F(KeeperTest, ACheckpointWritesThePiecesOfADayThatChanged) {
  const size_t n = 3 * EventBook::kPiece;
  for (size_t i = 0; i < n; ++i) take(feed.report("r" + std::to_string(i), kStart + static_cast<TimeMs>(i)));
  const auto written = [&] {
    size_t events = 0;
    keeper.take_changed(0, [&](const std::string& name, const std::string&) { events += name.starts_with("event/"); });
    return events;
  };
  EXPECT_EQ(written(), 3U);
  take(feed.report("one more", kStart + kHour));
  EXPECT_EQ(written(), 1U);
  EXPECT_EQ(written(), 0U);
  Keeper other{Options{}};
  load(other, pieces(keeper));
  EXPECT_EQ(card(other).total.now.reports, n + 1);
}

TEST_F(KeeperTest, AClosedCaseIsLetGoAndWhatItCountedForStays) {
  take(feed.report("a", kStart, "c"));
  take(feed.stage("b", kStart + kHour, "c", Stage::kClosed));
  driver.advance(kStart + 43 * kDay);
  EXPECT_FALSE(pieces(keeper).contains("case/" + std::to_string(1'000'000'000 + kFirstDay)));
  take(feed.stage("d", kStart + 43 * kDay, "c", Stage::kReopened));
  EXPECT_EQ(total(keeper).closed, 1U);
  EXPECT_EQ(total(keeper).reopened, 0U);
}

TEST_F(KeeperTest, AnOpenCaseIsKeptForHalfAYear) {
  take(feed.report("a", kStart, "c"));
  driver.advance(kStart + 179 * kDay);
  take(feed.stage("b", kStart + 179 * kDay, "c", Stage::kClosed));
  EXPECT_EQ(total(keeper).closed, 1U);
}

TEST_F(KeeperTest, ACaseOfTooManyEventsStopsCountingThem) {
  take(feed.report("a", kStart, "c"));
  for (size_t i = 0; i < CaseBook::kMostEvents + 10; ++i) {
    driver.take(feed.stage("s" + std::to_string(i), kStart + kHour, "c", Stage::kProcessing));
  }
  driver.take(feed.stage("end", kStart + 2 * kHour, "c", Stage::kClosed));
  driver.close();
  EXPECT_EQ(total(keeper).closed, 0U);
  EXPECT_EQ(total(keeper).opened, 1U);
}

TEST_F(KeeperTest, DaysPastTheBoundGo) {
  Keeper small(Options{.keep_days = 60});
  Driver d(small);
  d.take(feed.report("a", kStart));
  d.close();
  d.advance(kStart + 61 * kDay);
  EXPECT_EQ(total(small).reports, 0U);
}

TEST_F(KeeperTest, BrokenNotesAreRefused) {
  EXPECT_FALSE(keeper.apply("\xff"));
  EXPECT_FALSE(keeper.apply(std::string(1, '\x03')));
  Keeper other({});
  Driver d(other);
  d.take(feed.report("a", kStart));
  std::string notes = other.close({}, kStart, no_rule);
  EXPECT_FALSE(Keeper({}).apply(std::string_view(notes).substr(0, notes.size() / 2)));
  EXPECT_FALSE(keeper.load("nothing", ""));
  EXPECT_FALSE(keeper.load("head", ""));
}

// --- alerts ---------------------------------------------------------------------------------------------------

class AlertsTest : public KeeperTest {
 protected:
  alert::Transition transition(const std::string& id, alert::TransitionType type, TimeMs time) {
    alert::Transition t;
    t.alert_id = id;
    t.type = type;
    t.tag = {driver.watermark(), 0, driver.position(), 0, 0, {}, 0};
    t.severity = detect::Severity::kYellow;
    t.time = time;
    t.opened_at = kStart;
    t.town = "330282101";
    t.city = "330282";
    return t;
  }
  void tell(const alert::Transition& t) { driver.close(std::span(&t, 1)); }
};

TEST_F(AlertsTest, AnAlertCountsByItsWorstSeverityAndItsOutcome) {
  tell(transition("x", alert::TransitionType::kOpened, kStart));
  alert::Transition t = transition("x", alert::TransitionType::kEscalated, kStart + kHour);
  t.severity = detect::Severity::kRed;
  t.last_event = kStart + kHour;
  tell(t);
  t = transition("x", alert::TransitionType::kDeescalated, kStart + 2 * kHour);
  t.last_event = kStart + 3 * kHour;
  tell(t);
  EXPECT_EQ(total(keeper).alerts, (std::array<uint64_t, 4>{0, 0, 0, 1}));
  EXPECT_EQ(total(keeper).lead.n, 0U) << "nobody has said that it was true";
  t.type = alert::TransitionType::kClosed;
  t.outcome = "true";
  tell(t);
  const Figures f = total(keeper);
  EXPECT_EQ(f.alerts_true, 1U);
  EXPECT_EQ(f.alerts_opened(), 1U);
  EXPECT_NEAR(*f.lead.median, 3 * 3600, 216);
}

TEST_F(AlertsTest, WhatNobodyWasToldOfIsNotCounted) {
  alert::Transition t = transition("x", alert::TransitionType::kOpened, kStart);
  t.muted = true;
  tell(t);
  EXPECT_EQ(total(keeper).alerts_opened(), 0U);
  t.muted = false;
  t.type = alert::TransitionType::kUpdated;
  tell(t);
  EXPECT_EQ(total(keeper).alerts_opened(), 1U);
  alert::Transition shadow = transition("y", alert::TransitionType::kOpened, kStart);
  shadow.shadow = true;
  tell(shadow);
  EXPECT_EQ(total(keeper).alerts_opened(), 1U);
}

TEST_F(AlertsTest, TheFirstReportOfAConfirmedRiskIsCreditedToItsPostOnce) {
  Event first = feed.report("first", kStart), second = feed.report("second", kStart + kHour);
  first.duty = "post one";
  second.duty = "post two";
  take(first);
  take(second);
  for (const char* id : {"x", "y"}) {
    alert::Transition t = transition(id, alert::TransitionType::kOpened, kStart + kHour);
    t.members = {first.uid(), second.uid()};
    tell(t);
  }
  EXPECT_EQ(total(keeper).first_reports, 0U);
  for (const char* id : {"x", "y"}) {
    alert::Transition t = transition(id, alert::TransitionType::kClosed, kStart + 2 * kHour);
    t.outcome = "true";
    tell(t);
  }
  const Card c = card(keeper, {.tier = Tier::kDuty, .from = kFirstDay, .to = kFirstDay});
  for (const Row& r : c.rows) EXPECT_EQ(r.now.first_reports, r.key == "post one" ? 1U : 0U) << r.key;
  Event gone = first;
  gone.kind = EventKind::kWithdrawal;
  take(gone);
  EXPECT_EQ(total(keeper).first_reports, 0U);
}

TEST_F(AlertsTest, AFalseAlarmCreditsNobody) {
  Event first = feed.report("first", kStart);
  take(first);
  alert::Transition t = transition("x", alert::TransitionType::kOpened, kStart);
  t.members = {first.uid()};
  tell(t);
  t = transition("x", alert::TransitionType::kClosed, kStart);
  t.outcome = "false";
  tell(t);
  EXPECT_EQ(total(keeper).first_reports, 0U);
  EXPECT_EQ(total(keeper).alerts_false, 1U);
}

// --- trend, rank, places --------------------------------------------------------------------------------------

TEST_F(KeeperTest, TheTrendIsTheSpanBeforeAndTheSameDaysAYearBefore) {
  take(feed.report("old", kStart - 365 * kDay));
  for (int i = 0; i < 3; ++i) take(feed.report("before" + std::to_string(i), kStart - kDay));
  take(feed.report("now", kStart));
  const Card c = card(keeper, {.from = kFirstDay, .to = kFirstDay});
  EXPECT_EQ(c.total.now.reports, 1U);
  ASSERT_TRUE(c.total.before.has_value());
  EXPECT_EQ(c.total.before->reports, 3U);
  ASSERT_TRUE(c.total.year_before.has_value());
  EXPECT_EQ(c.total.year_before->reports, 1U);
  EXPECT_FALSE(card(keeper, {.from = kFirstDay - 300, .to = kFirstDay}).total.year_before.has_value())
      << "not all of it was counted";
}

TEST_F(KeeperTest, ALeapDayHasTheDayBeforeItAYearBefore) {
  const Cut cut{.from = *parse_day("2024-02-29"), .to = *parse_day("2024-02-29")};
  EXPECT_EQ(span_year_before(cut).from, *parse_day("2023-02-28"));
}

TEST_F(KeeperTest, RowsAreRankedWhereThereIsEnoughToJudge) {
  const auto matters = [&](const std::string& town, int n, int closed) {
    for (int i = 0; i < n; ++i) {
      const std::string id = town + "/" + std::to_string(i);
      Event r = feed.report(id, kStart, id);
      r.town = feed.text(town);
      driver.take(r);
      if (i < closed) driver.take(feed.stage(id + "x", kStart + kHour, id, Stage::kClosed));
    }
  };
  matters("330282101", 40, 20);
  matters("330282102", 40, 30);
  matters("330282103", 50, 25);
  matters("330282104", 29, 29);
  driver.close();
  const Card c = card(keeper, {.area = "330282", .from = kFirstDay, .to = kFirstDay});
  ASSERT_EQ(c.rows.size(), 4U);
  EXPECT_EQ(c.ranked, 3U);
  std::vector<std::pair<std::string, uint64_t>> got;
  for (const Row& r : c.rows) got.emplace_back(r.key, r.rank);
  const std::vector<std::pair<std::string, uint64_t>> want{
      {"330282102", 1}, {"330282101", 2}, {"330282103", 2}, {"330282104", 0}};
  EXPECT_EQ(got, want);
}

TEST_F(KeeperTest, ACutTakesOneChannelAndOneCategory) {
  Event e = feed.report("a", kStart);
  e.category = "water.flooding.road";
  take(e);
  e = feed.report("b", kStart);
  e.category = "water.floodings";
  take(e);
  Event p = feed.event("police110", "p", EventKind::kReport, kStart);
  take(p);
  const auto reports = [&](const std::string& channel, const std::string& category) {
    return card(keeper, {.from = kFirstDay, .to = kFirstDay, .channel = channel, .category = category})
        .total.now.reports;
  };
  EXPECT_EQ(reports("", ""), 3U);
  EXPECT_EQ(reports("grid", ""), 2U);
  EXPECT_EQ(reports("", "water.flooding"), 1U);
  EXPECT_EQ(reports("police110", "water"), 0U);
}

TEST_F(KeeperTest, WrongQuestionsAreRefused) {
  EXPECT_FALSE(keeper.card({.from = 10, .to = 9}));
  EXPECT_FALSE(keeper.card({.from = 0, .to = Cut::kMostDays}));
  EXPECT_FALSE(keeper.card({.from = -1, .to = 3}));
  EXPECT_FALSE(parse_day("2025-02-29"));
  EXPECT_FALSE(parse_day("2025-2-1"));
  EXPECT_EQ(day_text(*parse_day("2024-02-29")), "2024-02-29");
}

TEST_F(KeeperTest, PlacesThatSufferAgainAndAgainAreListedWithWhatShowsIt) {
  const auto flooded = [&](const std::string& id, TimeMs t, const std::string& place, const std::string& who) {
    Event e = feed.report(id, t);
    e.category = "water.flooding.road";
    e.place = feed.text(place);
    e.reporter = feed.text(who);
    e.town = "330282101";
    e.lon = 121.25, e.lat = 30.17;
    driver.take(e);
    return e;
  };
  const Event one = flooded("a", kStart, "bridge", "t1");
  flooded("b", kStart + 5 * kDay, "bridge", "t2");
  flooded("d", kStart, "market", "t1");
  flooded("e", kStart + kHour, "market", "t1");
  flooded("c", kStart + 80 * kDay, "bridge", "t1");
  driver.close();
  EXPECT_EQ(total(keeper).repeats, 2U) << "b after a, e after d; c came 75 days later";
  const auto list = keeper.places({.area = "330282", .from = kFirstDay, .to = kFirstDay + 90, .category = "water"});
  ASSERT_TRUE(list);
  ASSERT_EQ(list->places.size(), 1U) << "the market flooded on one day";
  const PlaceRow& p = list->places[0];
  EXPECT_EQ(p.place, "bridge");
  EXPECT_EQ(p.trouble, "water.flooding");
  EXPECT_EQ(p.reports, 3U);
  EXPECT_EQ(p.days, 3U);
  EXPECT_EQ(p.reporters, 2U);
  EXPECT_EQ(p.first, one.occurred_at);
  EXPECT_TRUE(p.has_location);
  EXPECT_TRUE(keeper.places({.from = kFirstDay, .to = kFirstDay + 90, .category = "noise"})->places.empty());
  EXPECT_TRUE(keeper.places({.area = "330283", .from = kFirstDay, .to = kFirstDay + 90})->places.empty());
}

// Places are known by their names, which two towns may both have: each town is shown its own reports alone, wherever
// the last one lay, and coordinates only where they cannot be the other's.
TEST_F(KeeperTest, APlaceOfOneNameInTwoTownsIsToldToEachByItself) {
  int n = 0;
  const auto flooded = [&](int day, const char* town, const char* who) {
    Event e = feed.report("r" + std::to_string(++n), kStart + day * kDay);
    e.category = "water.flooding.road";
    e.place = "bridge";
    e.town = town;
    e.reporter = who;
    e.lon = 121.25, e.lat = 30.17;
    driver.take(e);
  };
  flooded(1, "330282101", "a");
  flooded(2, "330282102", "b");
  flooded(3, "330282101", "a");
  flooded(4, "330282102", "c");
  flooded(4, "330282102", "d");
  flooded(5, "330282102", "b");
  driver.close();
  const auto of = [&](const char* area) {
    const auto list = keeper.places({.area = area, .from = kFirstDay, .to = kFirstDay + 9});
    EXPECT_EQ(list->places.size(), 1U) << area;
    return list->places.empty() ? PlaceRow() : list->places[0];
  };
  const PlaceRow one = of("330282101"), two = of("330282102"), both = of("330282");
  EXPECT_EQ(one.reports, 2U);
  EXPECT_EQ(one.days, 2U);
  EXPECT_EQ(one.reporters, 1U);
  EXPECT_EQ(one.area, "330282101");
  EXPECT_EQ(one.first, kStart + kDay);
  EXPECT_EQ(one.last, kStart + 3 * kDay);
  EXPECT_EQ(one.on, (std::vector<std::pair<int64_t, uint64_t>>{{kFirstDay + 1, 1}, {kFirstDay + 3, 1}}));
  EXPECT_FALSE(one.has_location) << "they may be the other's";
  EXPECT_EQ(two.reports, 4U);
  EXPECT_EQ(two.days, 3U);
  EXPECT_EQ(two.reporters, 3U);
  EXPECT_EQ(two.area, "330282102");
  EXPECT_EQ(both.reports, 6U);
  EXPECT_EQ(both.area, "330282102") << "of the last report";
  EXPECT_TRUE(both.has_location);
}

TEST_F(AlertsTest, APlaceNamesTheAlertsThatItsReportsOpened) {
  std::vector<uint64_t> uids;
  for (int i = 0; i < 2; ++i) {
    Event e = feed.report("r" + std::to_string(i), kStart + i * kDay);
    e.place = "bridge";
    take(e);
    uids.push_back(e.uid());
  }
  alert::Transition t = transition("x", alert::TransitionType::kOpened, kStart + kDay);
  t.members = uids;
  tell(t);
  const auto list = keeper.places({.from = kFirstDay, .to = kFirstDay + 9});
  ASSERT_EQ(list->places.size(), 1U);
  EXPECT_EQ(list->places[0].alerts, std::vector<std::string>{"x"});
}

TEST_F(AlertsTest, APlaceOfOneNameInTwoTownsNamesEachTownsAlerts) {
  for (int i = 0; i < 4; ++i) {
    Event e = feed.report("r" + std::to_string(i), kStart + i * kDay);
    e.place = "bridge";
    e.town = i % 2 == 0 ? "330282101" : "330282102";
    take(e);
    alert::Transition t = transition("x" + std::to_string(i), alert::TransitionType::kOpened, kStart + i * kDay);
    t.opened_at = t.time;
    t.town = i == 3 ? "" : e.town;  // the last is of the whole city
    t.members = {e.uid()};
    tell(t);
  }
  const auto of = [&](const char* area) {
    return keeper.places({.area = area, .from = kFirstDay, .to = kFirstDay + 9})->places.at(0).alerts;
  };
  EXPECT_EQ(of("330282101"), (std::vector<std::string>{"x0", "x2", "x3"}));
  EXPECT_EQ(of("330282102"), (std::vector<std::string>{"x1", "x3"}));
  EXPECT_EQ(of("330282"), (std::vector<std::string>{"x0", "x1", "x2", "x3"}));
}

TEST_F(KeeperTest, APlaceOfOneReportIsLetGoAfterAHundredDays) {
  Event e = feed.report("a", kStart);
  e.place = "bridge";
  take(e);
  e = feed.report("b", kStart + 102 * kDay);
  e.place = "bridge";
  take(e);
  EXPECT_TRUE(keeper.places({.from = kFirstDay - 1, .to = kFirstDay + 200, .least_days = 1})->places.empty());
}

}  // namespace
}  // namespace tocsin::score::testing
