#pragma once
// Nearness on the sphere, without pairs: a grid of cubes around the earth's centre (no poles, no date line), and the
// shape of a set of places. Distances are great-circle metres on a sphere of 6,371,000 m.
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/coordinates.h"

namespace tocsin::detect {

struct Spot {
  LonLat at{};
  double x = 0, y = 0, z = 0;  // metres from the earth's centre
};
Spot spot(LonLat at);

// Whether two spots are within `radius` metres, inclusive; decided by the chord unless that is too close to call.
class Nearness {
 public:
  explicit Nearness(double radius);
  bool near(const Spot& a, const Spot& b) const {
    const double dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
    const double d = dx * dx + dy * dy + dz * dz;
    return d < surely_ || (d <= perhaps_ && distance_m(a.at, b.at) <= radius_);
  }
  double radius() const { return radius_; }

 private:
  double radius_, surely_, perhaps_;  // squares of chords
};

// Item numbers by place.
class SphereGrid {
 public:
  // Cubes of `radius` metres: all items within it of a spot lie in the 27 cubes around.
  explicit SphereGrid(double radius);
  void insert(const Spot& s, uint32_t item);
  void erase(const Spot& s, uint32_t item);
  // Calls f(item) for every item that may be within `radius` of `s`; in no order.
  template <typename F>
  void around(const Spot& s, F&& f) const {
    const int64_t cx = cell(s.x), cy = cell(s.y), cz = cell(s.z);
    for (int64_t x = cx - 1; x <= cx + 1; ++x) {
      for (int64_t y = cy - 1; y <= cy + 1; ++y) {
        for (int64_t z = cz - 1; z <= cz + 1; ++z) {
          const auto it = cells_.find(key(x, y, z));
          if (it == cells_.end()) continue;
          for (uint32_t item : it->second) f(item);
        }
      }
    }
  }
  size_t bytes() const;

 private:
  int64_t cell(double v) const;
  static uint64_t key(int64_t x, int64_t y, int64_t z) {
    constexpr int64_t kHalf = 1 << 20;
    return static_cast<uint64_t>(x + kHalf) << 42 | static_cast<uint64_t>(y + kHalf) << 21 |
           static_cast<uint64_t>(z + kHalf);
  }
  double side_;
  struct Mix {
    size_t operator()(uint64_t k) const { return (k ^ k >> 29) * 0x9e3779b97f4a7c15u; }
  };
  std::unordered_map<uint64_t, std::vector<uint32_t>, Mix> cells_;
};

// The mean of places on the sphere, to a centimetre (seven decimals). Precondition: not empty.
LonLat centre_of(const std::vector<LonLat>& places);
// The convex hull as a closed ring, counter-clockwise; empty for fewer than three corners. Flat around the centre: for
// extents of some hundred kilometres. Answers the area in square kilometres,
// to a square metre.
double hull(const std::vector<LonLat>& places, LonLat centre, std::vector<std::pair<double, double>>& ring);

}  // namespace tocsin::detect
