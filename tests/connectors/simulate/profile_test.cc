#include "connectors/simulate/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/simulate/geography.h"
#include "connectors/simulate/pace.h"
#include "event/coordinates.h"
#include "feed_reading.h"
#include "time/format.h"

namespace tocsin::simulate {
namespace {

using testing::HasSubstr;

std::string fault_of(const std::string& text) {
  const Result<Profile> p = read_profile(text, TOCSIN_ROOT "/rules/profiles/test.yaml");
  EXPECT_FALSE(p.is_ok());
  return p ? "" : p.error().message;
}

TEST(ProfileTest, ShippedOnesAreRead) {
  const Profile p = shipped("cixi");
  EXPECT_EQ(p.villages.size(), 406U);
  EXPECT_EQ(p.towns.size(), 24U);
  EXPECT_EQ(p.utc_offset, 8 * kHour);
  const Profile storm = shipped("cixi-storm");
  EXPECT_EQ(storm.scene, "storm-afternoon");
  EXPECT_EQ(storm.categories.size(), p.categories.size());
}

TEST(ProfileTest, FaultsNameTheirPlaceAndTheNearestKey) {
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nfigurs: {}\n"),
              HasSubstr("test.yaml:3:1: error: unknown key 'figurs' in the profile; did you mean 'figures'?"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nfigures: {grid_report: 1}\n"),
              HasSubstr("test.yaml:3:11: error: unknown figure 'grid_report'; did you mean 'grid_reports'?"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nplanted: {spike: many}\n"),
              HasSubstr("test.yaml:3:18: error: spike must be a whole number"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nphrases: {leak: ['{plase}']}\n"),
              HasSubstr("unknown word '{plase}'; did you mean 'place'?"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nspan: 90s\n"), HasSubstr("test.yaml:3:7: error: span must be"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nstart: soon\n"), HasSubstr("start must be a time"));
}

TEST(ProfileTest, AllFaultsAreNamedAtOnce) {
  const std::string all = fault_of("profile: x\nextends: cixi.yaml\nscene: flood\ngrids: -1\nboost: {fish: 2}\n");
  EXPECT_THAT(all, HasSubstr(":3:8: error: unknown scene"));
  EXPECT_THAT(all, HasSubstr(":4:8: error: grids must be"));
  EXPECT_THAT(all, HasSubstr(":5:9: error: no category is called 'fish'"));
}

TEST(ProfileTest, WhatIsNoProfileSaysSo) {
  EXPECT_THAT(fault_of("rules: []\n"), HasSubstr("test.yaml:1:1: error: not a profile"));
  EXPECT_THAT(fault_of("profile: [\n"), HasSubstr("error:"));
  EXPECT_THAT(fault_of("profile: x\n"), HasSubstr("the profile lacks start"));
  EXPECT_THAT(fault_of("profile: x\nextends: nowhere.yaml\n"), HasSubstr(":2:10: error: cannot read"));
  EXPECT_THAT(fault_of("profile: x\nextends: cixi.yaml\nareas: nowhere.csv\n"), HasSubstr(":3:8: error: cannot read"));
  EXPECT_EQ(load_profile("/nowhere/x.yaml").error().code, Code::kNotFound);
}

TEST(GeographyTest, DealsAllGridsAndMicroGrids) {
  const Profile p = shipped("cixi");
  const Geography g(p);
  ASSERT_EQ(g.grid_count(), 1724U);
  uint32_t micro = 0;
  std::set<uint16_t> villages;
  for (uint32_t i = 0; i < g.grid_count(); ++i) {
    micro += g.grid(static_cast<uint16_t>(i)).microgrids;
    villages.insert(g.grid(static_cast<uint16_t>(i)).village);
  }
  EXPECT_EQ(micro, 10450U);
  EXPECT_EQ(villages.size(), 406U);
}

TEST(GeographyTest, Gcj02IsTheEngines) {
  const Profile p = shipped("cixi");
  const Geography g(p);
  for (uint32_t i = 0; i < g.grid_count(); i += 7) {
    const Point at = g.grid(static_cast<uint16_t>(i)).centre, mine = to_gcj02(at);
    const LonLat theirs = wgs84_to_gcj02({at.lon * 1e-6, at.lat * 1e-6});
    EXPECT_NEAR(mine.lon * 1e-6, theirs.lon, 2e-6);
    EXPECT_NEAR(mine.lat * 1e-6, theirs.lat, 2e-6);
  }
}

TEST(GeographyTest, MovesByMetres) {
  const Point a{121240000, 30170000}, b = moved(a, 300, -400);
  EXPECT_NEAR(distance_m({a.lon * 1e-6, a.lat * 1e-6}, {b.lon * 1e-6, b.lat * 1e-6}), 500, 2);
  EXPECT_NEAR(static_cast<double>(squared_metres(a, b)), 250000, 1500);
}

TEST(PaceTest, HoursAddUpToTheTotal) {
  const Profile p = shipped("cixi");
  Random random(3);
  const Civil civil(p.utc_offset);
  const Outage outage{Source::kCityops, p.start + 10 * kHour, p.start + 20 * kHour};
  const Pace pace(p.rhythms[static_cast<size_t>(Source::kCityops)], Source::kCityops, civil, p.start, 1000, 54321,
                  {&outage, 1}, random);
  int64_t sum = 0;
  for (int64_t h = 0; h < 1000; ++h) {
    sum += pace.in_hour(h);
    if (h >= 10 && h < 20) {
      EXPECT_EQ(pace.in_hour(h), 0);
    }
  }
  EXPECT_EQ(sum, 54321);
}

TEST(DrawTest, MeetsEachCountExactly) {
  Random random(5);
  Draw draw({3, 0, 40, 7, -5});
  std::array<int, 5> seen{};
  while (draw.left() > 0) ++seen[draw.next(random)];
  EXPECT_THAT(seen, testing::ElementsAre(3, 0, 40, 7, 0));
}

TEST(CivilTest, WritesLocalTimesAndCountsWorkingDays) {
  const Civil civil(8 * kHour);
  const TimeMs friday = parse_time("2024-03-01T16:05:09+08:00", TimeZone::utc()).value_or(0);
  std::string out;
  civil.append(out, friday);
  EXPECT_EQ(out, "2024-03-01T16:05:09+08:00");
  EXPECT_EQ(civil.weekday(friday), 4U);
  EXPECT_EQ(civil.month(friday), 2U);
  EXPECT_EQ(civil.add_working_days(friday, 1), friday + 3 * kDay);
  out.clear();
  civil.append(out, civil.at_work(friday + 6 * kHour, 0));
  EXPECT_EQ(out, "2024-03-02T08:00:00+08:00");
}

}  // namespace
}  // namespace tocsin::simulate
