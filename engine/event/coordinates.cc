#include "event/coordinates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace tocsin {
namespace {

using std::numbers::pi;

constexpr std::array<std::string_view, 3> kNames = {"wgs84", "gcj02", "bd09"};
constexpr double kAxis = 6378245.0;                       // Krasovsky 1940, as GCJ-02 uses it
constexpr double kEccentricity = 0.00669342162296594323;  // squared
constexpr double kBaiduPi = pi * 3000.0 / 180.0;
constexpr double kPrecision = 1e-10;
constexpr int kMaxSteps = 30;

bool outside_china(LonLat p) { return p.lon < 72.004 || p.lon > 137.8347 || p.lat < 0.8293 || p.lat > 55.8271; }

double shift_lat(double x, double y) {
  double v = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * std::sqrt(std::fabs(x));
  v += (20.0 * std::sin(6.0 * x * pi) + 20.0 * std::sin(2.0 * x * pi)) * 2.0 / 3.0;
  v += (20.0 * std::sin(y * pi) + 40.0 * std::sin(y / 3.0 * pi)) * 2.0 / 3.0;
  return v + (160.0 * std::sin(y / 12.0 * pi) + 320.0 * std::sin(y * pi / 30.0)) * 2.0 / 3.0;
}

double shift_lon(double x, double y) {
  double v = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * std::sqrt(std::fabs(x));
  v += (20.0 * std::sin(6.0 * x * pi) + 20.0 * std::sin(2.0 * x * pi)) * 2.0 / 3.0;
  v += (20.0 * std::sin(x * pi) + 40.0 * std::sin(x / 3.0 * pi)) * 2.0 / 3.0;
  return v + (150.0 * std::sin(x / 12.0 * pi) + 300.0 * std::sin(x / 30.0 * pi)) * 2.0 / 3.0;
}

// Fixed-point iteration x ← x - (f(x) - y); both shifts change slowly, so each step gains two to three digits.
template <typename Forward>
LonLat invert(LonLat y, Forward forward) {
  LonLat x = y;
  for (int i = 0; i < kMaxSteps; ++i) {
    const LonLat fx = forward(x);
    const double dx = fx.lon - y.lon;
    const double dy = fx.lat - y.lat;
    x.lon -= dx;
    x.lat -= dy;
    if (std::fabs(dx) < kPrecision && std::fabs(dy) < kPrecision) break;
  }
  return x;
}

}  // namespace

std::string_view name_of(Crs crs) { return kNames[static_cast<size_t>(crs)]; }

bool parse_crs(std::string_view text, Crs& out) {
  const auto it = std::find(kNames.begin(), kNames.end(), text);
  if (it == kNames.end()) return false;
  out = static_cast<Crs>(it - kNames.begin());
  return true;
}

LonLat wgs84_to_gcj02(LonLat p) {
  if (outside_china(p)) return p;
  const double d_lat = shift_lat(p.lon - 105.0, p.lat - 35.0);
  const double d_lon = shift_lon(p.lon - 105.0, p.lat - 35.0);
  const double rad = p.lat / 180.0 * pi;
  const double sine = std::sin(rad);
  const double magic = 1 - kEccentricity * sine * sine;
  const double root = std::sqrt(magic);
  return {p.lon + d_lon * 180.0 / (kAxis / root * std::cos(rad) * pi),
          p.lat + d_lat * 180.0 / (kAxis * (1 - kEccentricity) / (magic * root) * pi)};
}

LonLat gcj02_to_bd09(LonLat p) {
  const double z = std::sqrt(p.lon * p.lon + p.lat * p.lat) + 0.00002 * std::sin(p.lat * kBaiduPi);
  const double theta = std::atan2(p.lat, p.lon) + 0.000003 * std::cos(p.lon * kBaiduPi);
  return {z * std::cos(theta) + 0.0065, z * std::sin(theta) + 0.006};
}

LonLat gcj02_to_wgs84(LonLat p) { return outside_china(p) ? p : invert(p, wgs84_to_gcj02); }
LonLat bd09_to_gcj02(LonLat p) { return invert(p, gcj02_to_bd09); }

LonLat to_wgs84(LonLat p, Crs from) {
  switch (from) {
    case Crs::kWgs84:
      return p;
    case Crs::kGcj02:
      return gcj02_to_wgs84(p);
    case Crs::kBd09:
      return gcj02_to_wgs84(bd09_to_gcj02(p));
  }
  return p;
}

LonLat from_wgs84(LonLat p, Crs to) {
  switch (to) {
    case Crs::kWgs84:
      return p;
    case Crs::kGcj02:
      return wgs84_to_gcj02(p);
    case Crs::kBd09:
      return gcj02_to_bd09(wgs84_to_gcj02(p));
  }
  return p;
}

double distance_m(LonLat a, LonLat b) {
  constexpr double kRad = pi / 180.0;
  const double s_lat = std::sin((b.lat - a.lat) * kRad / 2);
  const double s_lon = std::sin((b.lon - a.lon) * kRad / 2);
  const double h = s_lat * s_lat + std::cos(a.lat * kRad) * std::cos(b.lat * kRad) * s_lon * s_lon;
  return 2 * kEarthRadius * std::asin(std::min(1.0, std::sqrt(h)));
}

bool is_plausible(LonLat p) {
  if (!(p.lon >= -180 && p.lon <= 180 && p.lat >= -90 && p.lat <= 90)) return false;
  return std::fabs(p.lon) > 1e-6 || std::fabs(p.lat) > 1e-6;
}

}  // namespace tocsin
