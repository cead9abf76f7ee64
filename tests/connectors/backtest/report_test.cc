// Figures from stories and labels made by hand.
#include "connectors/backtest/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "connectors/backtest/difference.h"

namespace tocsin::backtest {
namespace {

constexpr TimeMs kHour = 3'600'000, kDay = 24 * kHour;
constexpr TimeMs kStart = 1'735'660'800'000;  // 2025-01-01 00:00 +08:00

std::vector<Column> columns(std::initializer_list<const char*> rules) {
  std::vector<Column> out;
  for (const char* r : rules) out.push_back({r, r, {}, {}, rule::Mode::kActive});
  return out;
}

Labels labels_of(const std::string& text) {
  auto labels = Labels::parse(text, "labels", TimeZone::utc());
  EXPECT_TRUE(labels) << labels.error().message;
  return *labels;
}

std::string label(const std::string& rule, TimeMs from, TimeMs until, const std::string& more) {
  return R"({"risk":")" + rule + R"(","from":")" + format_time(kStart + from) + R"(","until":")" +
         format_time(kStart + until) + "\"," + more + "}\n";
}

// An event as the engine publishes it, as far as the collector looks.
std::string transition(const std::string& id, const std::string& type, TimeMs time, TimeMs opened,
                       const std::string& severity, const std::string& status, const std::string& key,
                       const std::string& events, const std::string& reason = "matched") {
  const std::string rule = id.substr(0, id.find('-'));
  return R"({"type":"tocsin.alert.)" + type + R"(","time":")" + format_time(kStart + time) +
         R"(","data":{"alert_id":")" + id + R"(","rule":")" + rule + R"(","key":)" + key + R"(,"severity":")" +
         severity + R"(","status":")" + status + R"(","opened_at":")" + format_time(kStart + opened) +
         R"(","reason":")" + reason +
         R"(","area":{"city":"330282","town":"330282004","village":"330282004001"},"evidence":{"total":1,"events":[)" +
         events + "]}}}";
}
std::string event(const std::string& id) { return R"({"source":"grid","id":")" + id + "\"}"; }

std::vector<Story> collect(const std::vector<Column>& c, const Labels* labels, const std::vector<std::string>& json,
                           bool keep_events = false) {
  Collector collector(c, labels, keep_events);
  uint64_t sequence = 0;
  for (const std::string& j : json) {
    const runtime::Outgoing o{
        .sequence = ++sequence, .alert_id = {}, .json = j, .cause_timestamp = kNoTime, .shadow = false, .muted = false};
    EXPECT_TRUE(collector.publish({&o, 1}));
  }
  return collector.take();
}

Story story(uint32_t column, const std::string& id, std::vector<TimeMs> openings, TimeMs ended,
            std::vector<uint32_t> labels, detect::Severity worst = detect::Severity::kYellow,
            std::vector<uint64_t> events = {}) {
  Story s;
  s.column = column;
  s.alert_id = id;
  for (const TimeMs t : openings) s.openings.push_back(kStart + t);
  s.ended_at = ended == kNoTime ? kNoTime : kStart + ended;
  s.worst = worst;
  s.town = "330282004";
  s.transitions = 2;
  s.muted = false;
  s.labels = std::move(labels);
  s.events = std::move(events);
  return s;
}

TEST(Collector, OneStoryAnAlert) {
  const auto c = columns({"a", "b"});
  const auto stories = collect(
      c, nullptr,
      {transition("a-1", "opened", kHour, kHour, "yellow", "open", R"(["x",3])", event("e1")),
       transition("b-1", "opened", 2 * kHour, 2 * kHour, "blue", "open", "[]", event("e9")),
       transition("a-1", "escalated", 2 * kHour, kHour, "red", "open", R"(["x",3])", event("e1") + "," + event("e2")),
       transition("a-1", "deescalated", 3 * kHour, kHour, "orange", "open", R"(["x",3])", event("e1")),
       transition("a-1", "resolved", 5 * kHour, kHour, "orange", "resolved", R"(["x",3])", event("e1"), "quiet"),
       transition("a-1", "reopened", 6 * kHour, kHour, "blue", "open", R"(["x",3])", event("e3")),
       transition("a-1", "resolved", 8 * kHour, kHour, "blue", "resolved", R"(["x",3])", event("e3"), "quiet"),
       transition("other-1", "opened", 9 * kHour, 9 * kHour, "red", "open", "[]", event("e4"))},
      true);
  ASSERT_EQ(stories.size(), 2u);
  const Story& a = stories[0];
  EXPECT_EQ(a.alert_id, "a-1");
  EXPECT_EQ(a.key, "x|3");
  EXPECT_EQ(a.openings, (std::vector<TimeMs>{kStart + kHour, kStart + 6 * kHour}));
  EXPECT_EQ(a.ended_at, kStart + 8 * kHour);
  EXPECT_EQ(a.worst, detect::Severity::kRed);
  EXPECT_EQ(a.town, "330282004");
  EXPECT_EQ(a.area, "330282004001");
  EXPECT_EQ(a.reason, "quiet");
  EXPECT_EQ(a.transitions, 6u);
  EXPECT_EQ(a.events.size(), 3u);
  EXPECT_EQ(stories[1].column, 1u);
  EXPECT_EQ(stories[1].ended_at, kNoTime);
}

TEST(Collector, KnowsTheLabelsOfItsRule) {
  const Labels labels = labels_of(
      label("a", 0, kDay, R"("events":["e1","e2"])") + label("b", 0, kDay, R"("events":["e1"])") +
      label("a", 0, kDay, R"("events":[],"key":"330282004")") + label("a", 0, kDay, R"("events":["z"],"key":"x|3")") +
      label("a", 0, kDay, R"("events":["z"],"key":"330282004")") +
      label("a", 0, kDay, R"("events":["z"],"key":["x","3"])"));
  const auto stories = collect(
      columns({"a", "b"}), &labels,
      {transition("a-1", "opened", kHour, kHour, "yellow", "open", R"(["x",3])", event("e7")),
       transition("a-1", "updated", kHour, kHour, "yellow", "open", R"(["x",3])", event("e2") + "," + event("e1"))});
  // Its event, its area where no event is named, its key as text and as a list; not another rule's, not the area where
  // events are named.
  EXPECT_EQ(stories.at(0).labels, (std::vector<uint32_t>{0, 2, 3, 5}));
}

TEST(Report, CountsAndAverages) {
  const std::vector<Story> stories = {story(0, "a-1", {0}, 2 * kHour, {}, detect::Severity::kRed),
                                      story(0, "a-2", {kDay, 2 * kDay}, 3 * kDay, {}),
                                      story(0, "a-3", {kDay}, kNoTime, {})};
  const Report r = report(columns({"a", "b"}), stories, 4, nullptr);
  EXPECT_FALSE(r.labelled);
  const Figures& f = r.columns.at(0);
  EXPECT_EQ(f.alerts, 3u);
  EXPECT_DOUBLE_EQ(f.a_day, 0.75);
  EXPECT_EQ(f.reopened, 1u);
  EXPECT_EQ(f.open, 1u);
  EXPECT_EQ(f.by_severity[static_cast<size_t>(detect::Severity::kRed)], 1u);
  EXPECT_EQ(f.by_severity[static_cast<size_t>(detect::Severity::kYellow)], 2u);
  EXPECT_EQ(f.by_town.at("330282004"), 3u);
  EXPECT_EQ(f.median_open, 2 * kHour);
  EXPECT_EQ(f.transitions, 6u);
  EXPECT_EQ(r.columns.at(1).alerts, 0u);
}

TEST(Report, HitsMissesAndLead) {
  const Labels labels = labels_of(label("a", 0, 10 * kHour, R"("events":["1"])") +               // 0: found, 8 h ahead
                                  label("a", kDay, kDay + kHour, R"("events":["2"])") +          // 1: too late
                                  label("a", 2 * kDay, 2 * kDay + kHour, R"("events":["3"])") +  // 2: nothing
                                  label("a", 3 * kDay, 3 * kDay, R"("events":["4"])") +         // 3: at the very moment
                                  label("a", 0, kDay, R"("events":["5"],"outcome":"false")") +  // 4
                                  label("a", 0, kDay, R"("events":["6"],"outcome":"duplicate")") +  // 5
                                  label("gone", 0, kDay, R"("events":["7"])"));
  const std::vector<Story> stories = {
      story(0, "a-1", {2 * kHour}, kDay, {0}),
      story(0, "a-2", {5 * kHour}, kDay, {0}),
      story(0, "a-3", {kDay + 2 * kHour}, 2 * kDay, {1}),
      story(0, "a-4", {2 * kDay + 30 * kHour, 3 * kDay}, kNoTime, {3}),  // its reopening hits
      story(0, "a-5", {kHour}, kDay, {4}),
      story(0, "a-6", {kHour}, kDay, {5}),
      story(0, "a-7", {kHour}, kDay, {})};
  const Report r = report(columns({"a"}), stories, 10, &labels);
  const Accuracy& a = r.columns.at(0).accuracy;
  EXPECT_EQ(a.labels, 4u);
  EXPECT_EQ(a.found, 2u);
  EXPECT_DOUBLE_EQ(a.recall(), 0.5);
  ASSERT_EQ(a.missed.size(), 2u);
  EXPECT_EQ(a.missed[0].label, 1u);
  EXPECT_EQ(a.missed[0].near, kStart + kDay + 2 * kHour);
  EXPECT_EQ(a.missed[1].label, 2u);
  EXPECT_EQ(a.missed[1].near, kNoTime);
  EXPECT_EQ(a.hits, 4u);  // two on label 0, the reopened one, the duplicate
  EXPECT_EQ(a.denied, 1u);
  EXPECT_DOUBLE_EQ(a.precision(), 4.0 / 7);
  EXPECT_DOUBLE_EQ(a.false_a_day, 0.3);
  EXPECT_EQ(a.leads, (std::vector<DurationMs>{0, 8 * kHour}));
  EXPECT_EQ(a.lead(0.5), 0);
  EXPECT_EQ(a.lead(0.9), 8 * kHour);
  EXPECT_EQ(r.labels_elsewhere, (std::map<std::string, uint64_t>{{"gone", 1}}));
}

TEST(Report, WhatNobodyWasToldOfIsCountedApart) {
  const Labels labels = labels_of(label("a", 0, kDay, R"("events":["1"])"));
  std::vector<Story> stories = {story(0, "a-1", {kHour}, kNoTime, {0}), story(0, "a-2", {kHour}, kNoTime, {})};
  stories[0].muted = true;
  const Figures f = report(columns({"a"}), stories, 1, &labels).columns.at(0);
  EXPECT_EQ(f.alerts, 1u);
  EXPECT_EQ(f.muted, 1u);
  EXPECT_EQ(f.accuracy.found, 0u);
  EXPECT_EQ(f.accuracy.alerts, 1u);
}

TEST(Report, NothingToDivideByIsNoNumber) {
  const Labels labels = labels_of(label("b", 0, kDay, R"("events":["1"])"));
  const Accuracy a = report(columns({"a"}), {}, 1, &labels).columns.at(0).accuracy;
  EXPECT_TRUE(std::isnan(a.precision()));
  EXPECT_TRUE(std::isnan(a.recall()));
  EXPECT_EQ(a.lead(0.5), 0);
  const Accuracy unjudged =
      report(columns({"a"}), {story(0, "a-1", {kHour}, kNoTime, {})}, 1, &labels).columns.at(0).accuracy;
  EXPECT_TRUE(std::isnan(unjudged.precision())) << "no label speaks of this rule";
}

TEST(Labels, SaysWhichLineIsWrong) {
  const auto why = [](const std::string& text) {
    auto labels = Labels::parse(text, "l.ndjson", TimeZone::utc());
    return labels ? std::string("none") : labels.error().message;
  };
  const std::string good = label("a", 0, kDay, R"("events":["1"])");
  EXPECT_EQ(why(good + "\n" + good), "none");
  EXPECT_EQ(why(""), "l.ndjson: there is no label in it");
  EXPECT_EQ(why(good + "[1]\n"), "l.ndjson:2: not a JSON object");
  EXPECT_EQ(why(good + "\n{\"key\":\"x\"}\n"), "l.ndjson:3: `risk` is missing: which rule it is meant for");
  EXPECT_EQ(why(R"({"risk":"a","key":"x","from":"soon"})"), "l.ndjson:1: `from` is missing or no RFC 3339 time");
  EXPECT_EQ(why(label("a", kDay, 0, R"("events":["1"])")), "l.ndjson:1: `until` is before `from`");
  EXPECT_EQ(why(label("a", 0, kDay, R"("events":[])")), "l.ndjson:1: it has neither `events` nor `key`");
  EXPECT_EQ(why(label("a", 0, kDay, R"("events":["1"],"outcome":"maybe")")),
            "l.ndjson:1: `outcome` is \"true\", \"false\" or \"duplicate\"");
  const Labels read = labels_of(label("a", 0, kDay, R"("rule":"b","events":["1"],"outcome":false)"));
  EXPECT_EQ(read.all().at(0).rule, "b");
  EXPECT_EQ(read.all().at(0).truth, Truth::kFalse);
}

TEST(Difference, AlertByAlert) {
  const auto c = columns({"a", "b"});
  const std::vector<Story> here = {story(0, "a-1", {0}, kHour, {}, detect::Severity::kYellow, {1}),
                                   story(0, "a-2", {kHour}, kDay, {}, detect::Severity::kYellow, {2, 3}),
                                   story(0, "a-3", {2 * kHour}, kDay, {}, detect::Severity::kYellow, {4}),
                                   story(0, "a-9", {3 * kHour}, kDay, {}, detect::Severity::kYellow, {8})};
  const std::vector<Story> there = {
      story(0, "a-1", {0}, kHour, {}, detect::Severity::kYellow, {1}),            // the same
      story(0, "a-2", {kHour}, kDay, {}, detect::Severity::kRed, {2}),            // another severity
      story(0, "a-4", {kHour}, 2 * kDay, {}, detect::Severity::kYellow, {3, 4}),  // the same matter, opened earlier
      story(1, "b-1", {kHour}, kDay, {}, detect::Severity::kYellow, {8})};        // of another rule
  const Difference d = compare(c, here, c, there);
  ASSERT_EQ(d.rules.size(), 2u);
  EXPECT_EQ(d.rules[0].same, 1u);
  EXPECT_EQ(d.rules[0].changed, 2u);
  EXPECT_EQ(d.rules[0].only_here, 1u);
  EXPECT_EQ(d.rules[0].only_there, 0u);
  EXPECT_EQ(d.rules[1].only_there, 1u);
  ASSERT_EQ(d.pairs.size(), 4u);
  EXPECT_EQ(d.pairs[0].here->alert_id, "a-2");
  EXPECT_TRUE(d.pairs[0].severity);
  EXPECT_FALSE(d.pairs[0].opening);
  const auto moved = std::find_if(d.pairs.begin(), d.pairs.end(),
                                  [](const Pair& p) { return p.here != nullptr && p.here->alert_id == "a-3"; });
  ASSERT_NE(moved, d.pairs.end());
  EXPECT_EQ(moved->there->alert_id, "a-4");
  EXPECT_TRUE(moved->opening && moved->ending && !moved->severity);
}

TEST(Difference, AVersionAgainstItselfIsTheSame) {
  const auto c = columns({"a"});
  const std::vector<Story> one = {story(0, "a-1", {0}, kHour, {}, detect::Severity::kYellow, {1}),
                                  story(0, "a-2", {kHour}, kNoTime, {}, detect::Severity::kRed, {1})};
  const Difference d = compare(c, one, c, one);
  EXPECT_EQ(d.rules.at(0).same, 2u);
  EXPECT_TRUE(d.pairs.empty());
}

// An alert that reached nobody is no alert of that version: the counts are those of the report.
TEST(Difference, WhatNobodyWasToldOfIsAbsent) {
  const auto c = columns({"a"});
  std::vector<Story> here = {story(0, "a-1", {0}, kHour, {}, detect::Severity::kYellow, {1}),
                             story(0, "a-2", {kHour}, kDay, {}, detect::Severity::kYellow, {2}),
                             story(0, "a-3", {kHour}, kDay, {}, detect::Severity::kYellow, {3})};
  std::vector<Story> there = here;
  there[0].muted = true;  // told here alone
  here[1].muted = true;   // told there alone
  here[2].muted = there[2].muted = true;
  const Difference d = compare(c, here, c, there);
  const RuleDifference& r = d.rules.at(0);
  EXPECT_EQ((std::array{r.here, r.there, r.same, r.changed, r.only_here, r.only_there}),
            (std::array<uint64_t, 6>{1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(r.here, report(c, here, 1, nullptr).columns.at(0).alerts);
  ASSERT_EQ(d.pairs.size(), 2u);
  EXPECT_EQ(d.pairs[0].here->alert_id, "a-1");
  EXPECT_EQ(d.pairs[0].there, nullptr);
  EXPECT_EQ(d.pairs[1].there->alert_id, "a-2");
  EXPECT_EQ(d.pairs[1].here, nullptr);
}

}  // namespace
}  // namespace tocsin::backtest
