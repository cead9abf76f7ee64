#include "detect/sphere.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tocsin::detect {
namespace {

constexpr double kRad = std::numbers::pi / 180;
constexpr double kLeastSide = 10;  // metres; keeps cube numbers below 2^20

struct Flat {
  double x, y;  // metres east and north of the centre
  LonLat at;
};

double rounded(double v, double units) { return std::round(v * units) / units; }

double cross(const Flat& o, const Flat& a, const Flat& b) {
  return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

}  // namespace

Spot spot(LonLat at) {
  const double lon = at.lon * kRad, lat = at.lat * kRad;
  return {at, kEarthRadius * std::cos(lat) * std::cos(lon), kEarthRadius * std::cos(lat) * std::sin(lon),
          kEarthRadius * std::sin(lat)};
}

Nearness::Nearness(double radius) : radius_(radius) {
  const double chord = 2 * kEarthRadius * std::sin(std::min(radius / (2 * kEarthRadius), std::numbers::pi / 2));
  surely_ = chord * chord * (1 - 1e-6) - 1e-6;
  perhaps_ = chord * chord * (1 + 1e-6) + 1e-6;
}

SphereGrid::SphereGrid(double radius) : side_(std::max(radius, kLeastSide)) {}

int64_t SphereGrid::cell(double v) const { return static_cast<int64_t>(std::floor(v / side_)); }

void SphereGrid::insert(const Spot& s, uint32_t item) { cells_[key(cell(s.x), cell(s.y), cell(s.z))].push_back(item); }

void SphereGrid::erase(const Spot& s, uint32_t item) {
  const auto it = cells_.find(key(cell(s.x), cell(s.y), cell(s.z)));
  if (it == cells_.end()) return;
  std::erase(it->second, item);
  if (it->second.empty()) cells_.erase(it);
}

size_t SphereGrid::bytes() const { return cells_.size() * 80; }

LonLat centre_of(const std::vector<LonLat>& places) {
  double x = 0, y = 0, z = 0;
  for (const LonLat& p : places) {
    const Spot s = spot(p);
    x += s.x;
    y += s.y;
    z += s.z;
  }
  return {rounded(std::atan2(y, x) / kRad, 1e7), rounded(std::atan2(z, std::hypot(x, y)) / kRad, 1e7)};
}

double hull(const std::vector<LonLat>& places, LonLat centre, std::vector<std::pair<double, double>>& ring) {
  ring.clear();
  std::vector<Flat> points;
  for (const LonLat& p : places) {
    const double lon = std::remainder(p.lon - centre.lon, 360.0);
    points.push_back(
        {lon * kRad * std::cos(centre.lat * kRad) * kEarthRadius, (p.lat - centre.lat) * kRad * kEarthRadius, p});
  }
  const auto less = [](const Flat& a, const Flat& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; };
  std::sort(points.begin(), points.end(), less);
  const auto same = [](const Flat& a, const Flat& b) { return a.x == b.x && a.y == b.y; };
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  if (points.size() < 3) return 0;
  std::vector<Flat> h(points.size() * 2);
  size_t n = 0;
  for (size_t i = 0; i < points.size(); h[n++] = points[i++]) {
    while (n >= 2 && cross(h[n - 2], h[n - 1], points[i]) <= 0) --n;
  }
  for (size_t i = points.size() - 1, lower = n + 1; i-- > 0; h[n++] = points[i]) {
    while (n >= lower && cross(h[n - 2], h[n - 1], points[i]) <= 0) --n;
  }
  if (n < 4) return 0;  // on one line
  double twice = 0;
  for (size_t i = 0; i + 1 < n; ++i) twice += h[i].x * h[i + 1].y - h[i + 1].x * h[i].y;
  for (size_t i = 0; i < n; ++i) ring.emplace_back(h[i].at.lon, h[i].at.lat);
  return rounded(std::abs(twice) / 2 / 1e6, 1e6);
}

}  // namespace tocsin::detect
