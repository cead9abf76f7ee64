#include "time/calendar.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

const TimeZone& shanghai() {
  static const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  return zone;
}
TimeMs at(const char* text) { return parse_time(text, shanghai()).value(); }
std::string text(TimeMs t) { return format_time(t, shanghai()).substr(0, 16); }

// National Day 2024: 1–7 October off, 29 September and 12 October (a Sunday and a Saturday) worked.
WorkingTime october() {
  WorkingTime::Spec spec;
  spec.zone = shanghai();
  for (int day = 1; day <= 7; ++day) spec.holidays.insert(days_from_civil(2024, 10, day));
  spec.makeup_days = {days_from_civil(2024, 9, 29), days_from_civil(2024, 10, 12)};
  return WorkingTime(spec);
}

TEST(WorkingTime, KnowsWorkdays) {
  const WorkingTime w = october();
  EXPECT_TRUE(w.is_workday(at("2024-09-27T23:59:59")));
  EXPECT_FALSE(w.is_workday(at("2024-09-28")));
  EXPECT_TRUE(w.is_workday(at("2024-09-29")));
  EXPECT_TRUE(w.is_workday(at("2024-09-30")));
  for (int day = 1; day <= 7; ++day) {
    EXPECT_FALSE(w.is_workday(at(("2024-10-0" + std::to_string(day) + "T12:00").c_str())));
  }
  EXPECT_TRUE(w.is_workday(at("2024-10-12")));
  EXPECT_FALSE(w.is_workday(at("2024-10-13")));
}

TEST(WorkingTime, AddsWorkingDays) {
  const WorkingTime w = october();
  const auto plus = [&](const char* from, int64_t days) {
    return text(w.add(at(from), {Span::Unit::kWorkingDays, days}));
  };
  EXPECT_EQ(plus("2024-09-30T10:00", 1), "2024-10-08T10:00");
  EXPECT_EQ(plus("2024-09-27T10:00", 3), "2024-10-08T10:00");
  EXPECT_EQ(plus("2024-09-28T10:00", 1), "2024-09-29T10:00");
  EXPECT_EQ(plus("2024-10-11T22:00", 1), "2024-10-12T22:00");
  EXPECT_EQ(plus("2024-10-11T22:00", 2), "2024-10-14T22:00");
  EXPECT_EQ(plus("2024-10-11T22:00", 0), "2024-10-11T22:00");
  EXPECT_EQ(text(w.add(at("2024-10-01"), {Span::Unit::kPlain, 3'600'000})), "2024-10-01T01:00");
}

TEST(WorkingTime, AddsWorkingHours) {
  const WorkingTime w = october();
  const auto plus = [&](const char* from, double hours) {
    return text(w.add(at(from), {Span::Unit::kWorkingHours, static_cast<int64_t>(hours * 3'600'000)}));
  };
  EXPECT_EQ(plus("2024-09-30T09:00", 1), "2024-09-30T10:00");
  EXPECT_EQ(plus("2024-09-30T11:30", 1), "2024-09-30T14:00");
  EXPECT_EQ(plus("2024-09-30T17:00", 1), "2024-10-08T09:00");
  EXPECT_EQ(plus("2024-09-30T17:00", 0.5), "2024-09-30T17:30");
  EXPECT_EQ(plus("2024-09-30T07:00", 7.5), "2024-09-30T17:30");
  EXPECT_EQ(plus("2024-09-30T20:00", 7.5), "2024-10-08T17:30");
  EXPECT_EQ(plus("2024-10-05T12:00", 8), "2024-10-09T09:00");
  EXPECT_EQ(plus("2024-10-05T12:00", 0), "2024-10-05T12:00");
}

TEST(WorkingTime, Between) {
  const WorkingTime w = october();
  const auto hours = [&](const char* a, const char* b) {
    return static_cast<double>(w.between(at(a), at(b))) / 3'600'000;
  };
  EXPECT_EQ(hours("2024-09-30T09:00", "2024-09-30T10:00"), 1);
  EXPECT_EQ(hours("2024-09-30T10:00", "2024-09-30T09:00"), -1);
  EXPECT_EQ(hours("2024-09-30T17:00", "2024-10-08T09:00"), 1);
  EXPECT_EQ(hours("2024-10-01T00:00", "2024-10-07T23:00"), 0);
  EXPECT_EQ(hours("2024-10-07T00:00", "2024-10-14T00:00"), 5 * 7.5);
}

// add and between are inverse, over years and at every hour.
TEST(WorkingTime, AddUndoesBetween) {
  const WorkingTime w = october();
  const TimeMs from = at("2024-09-20T09:15");
  for (int64_t ms = 60'000; ms < 3'000 * int64_t{3'600'000}; ms = ms * 3 / 2 + 7) {
    const TimeMs to = w.add(from, {Span::Unit::kWorkingHours, ms});
    EXPECT_EQ(w.between(from, to), ms);
  }
}

TEST(WorkingTime, ACalendarWithoutWorkNeverEnds) {
  WorkingTime::Spec spec;
  spec.weekdays.clear();
  const WorkingTime w(spec);
  EXPECT_EQ(w.add(0, {Span::Unit::kWorkingDays, 1}), kNever);
  EXPECT_EQ(w.add(0, {Span::Unit::kWorkingHours, 1}), kNever);
  EXPECT_EQ(w.between(0, 1'000'000'000'000), 0);
}

}  // namespace
}  // namespace tocsin
