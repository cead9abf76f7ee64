#include "event/coordinates.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

constexpr LonLat kCixi{121.2410, 30.1701};

TEST(Coordinates, Gcj02IsOffBy498MetresAtCixi) {
  const double off = distance_m(kCixi, wgs84_to_gcj02(kCixi));
  EXPECT_NEAR(off, 498, 3);
}

TEST(Coordinates, RoundTripsAllOverChina) {
  for (double lon = 73; lon < 136; lon += 0.83) {
    for (double lat = 4; lat < 54; lat += 0.79) {
      for (const Crs crs : {Crs::kGcj02, Crs::kBd09}) {
        const LonLat p = to_wgs84(from_wgs84({lon, lat}, crs), crs);
        ASSERT_NEAR(p.lon, lon, 1e-8) << name_of(crs) << " " << lon << " " << lat;
        ASSERT_NEAR(p.lat, lat, 1e-8) << name_of(crs) << " " << lon << " " << lat;
      }
    }
  }
}

// Published pairs: Tiananmen in the three systems (the reference conversions agree to the metre).
TEST(Coordinates, KnownPlace) {
  const LonLat gcj = wgs84_to_gcj02({116.391300, 39.907500});
  EXPECT_NEAR(gcj.lon, 116.397544, 2e-5);
  EXPECT_NEAR(gcj.lat, 39.908904, 2e-5);
  const LonLat bd = gcj02_to_bd09({116.404, 39.915});
  EXPECT_NEAR(bd.lon, 116.41036949371029, 1e-9);
  EXPECT_NEAR(bd.lat, 39.92133699351021, 1e-9);
}

TEST(Coordinates, OutsideChinaNothingIsShifted) {
  const LonLat york{-73.95, 40.68};
  EXPECT_EQ(wgs84_to_gcj02(york).lon, york.lon);
  EXPECT_EQ(gcj02_to_wgs84(york).lat, york.lat);
}

TEST(Coordinates, Distance) {
  EXPECT_EQ(distance_m(kCixi, kCixi), 0);
  EXPECT_NEAR(distance_m({0, 0.5}, {0, 1.5}), 111'194.93, 0.01);
  EXPECT_NEAR(distance_m({0, 1e-9}, {180, 0}), 20'015'086.8, 1);
}

TEST(Coordinates, Plausible) {
  EXPECT_TRUE(is_plausible(kCixi));
  EXPECT_TRUE(is_plausible({0, 51.5}));
  EXPECT_TRUE(is_plausible({-180, -90}));
  EXPECT_FALSE(is_plausible({0, 0}));
  EXPECT_FALSE(is_plausible({180.001, 0}));
  EXPECT_FALSE(is_plausible({1, -90.5}));
  EXPECT_FALSE(is_plausible({__builtin_nan(""), 1}));
}

TEST(Coordinates, Names) {
  Crs crs{};
  for (const Crs c : {Crs::kWgs84, Crs::kGcj02, Crs::kBd09}) {
    EXPECT_TRUE(parse_crs(name_of(c), crs));
    EXPECT_EQ(crs, c);
  }
  EXPECT_FALSE(parse_crs("WGS84", crs));
}

}  // namespace
}  // namespace tocsin
