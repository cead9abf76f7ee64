#pragma once
// Where things are: the profile's grids dealt over its villages, and points of addresses. The same for every seed. All
// coordinates are whole millionths of a degree, so that no machine rounds them differently. Immutable, thread-safe.
#include <cstdint>
#include <vector>

#include "profile.h"
#include "random.h"

namespace tocsin::simulate {

struct Point {
  int32_t lon = 0, lat = 0;  // millionths of a degree
};
// The point `east` and `north` metres away (small distances).
Point moved(Point from, int64_t east, int64_t north);
// Square of the distance in metres.
int64_t squared_metres(Point a, Point b);
// WGS-84 to GCJ-02.
Point to_gcj02(Point wgs84);

struct Grid {
  uint16_t village = 0;
  uint16_t number = 0;  // in its village, from 1
  uint16_t microgrids = 0;
  Point centre;
};

class Geography {
 public:
  explicit Geography(const Profile& profile);
  const Grid& grid(uint16_t i) const { return grids_[i]; }
  uint32_t grid_count() const { return static_cast<uint32_t>(grids_.size()); }
  Point village_centre(uint16_t village) const { return villages_[village].centre; }
  uint16_t any_grid(uint16_t village, Random& random) const {
    const VillagePlace& v = villages_[village];
    return static_cast<uint16_t>(v.first_grid + random.below(v.grids));
  }
  // Sets grid, micro-grid, place and point of `m` to an address of the grid; the same address has the same point.
  void settle(Matter& m, uint16_t grid, Random& random) const;
  // The point of the place that `m` names already.
  Point point_of(const Matter& m) const;

 private:
  struct VillagePlace {
    Point centre;
    uint16_t first_grid = 0;
    uint16_t grids = 0;
  };
  std::vector<VillagePlace> villages_;
  std::vector<Grid> grids_;
  uint32_t roads_;
  uint32_t public_places_;
};

}  // namespace tocsin::simulate
