#pragma once
// The three coordinate systems of Chinese maps, and distance. GCJ-02 is the state's obfuscated datum (off by some 498 m
// at Cixi), BD-09 Baidu's on top of it. Outside China's rectangle GCJ-02 equals WGS-84. Pure functions, no allocation.
#include <cstdint>
#include <string_view>

namespace tocsin {

struct LonLat {
  double lon, lat;  // degrees
};

enum class Crs : uint8_t { kWgs84, kGcj02, kBd09 };
std::string_view name_of(Crs crs);  // "wgs84" "gcj02" "bd09"
bool parse_crs(std::string_view text, Crs& out);

LonLat wgs84_to_gcj02(LonLat p);
LonLat gcj02_to_bd09(LonLat p);
// Inverses, iterated on the forward function to less than 1e-9 degrees.
LonLat gcj02_to_wgs84(LonLat p);
LonLat bd09_to_gcj02(LonLat p);
LonLat to_wgs84(LonLat p, Crs from);
LonLat from_wgs84(LonLat p, Crs to);

// Great-circle distance in metres on a sphere of 6,371,000 m.
inline constexpr double kEarthRadius = 6'371'000;
double distance_m(LonLat a, LonLat b);

// Inside the world, not (0, 0).
bool is_plausible(LonLat p);

}  // namespace tocsin
