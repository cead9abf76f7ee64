#include "geography.h"

#include <cmath>

namespace tocsin::simulate {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The C library's sine may differ in the last bit from machine to machine; a polynomial of plain IEEE operations does
// not.
double sine(double x) {
  x -= std::floor(x / (2 * kPi) + 0.5) * (2 * kPi);
  const double square = x * x;
  double term = x, sum = x;
  for (int k = 2; k <= 26; k += 2) {
    term *= -square / (k * (k + 1));
    sum += term;
  }
  return sum;
}
double cosine(double x) { return sine(x + kPi / 2); }

int64_t rounded(double x) { return static_cast<int64_t>(std::floor(x + 0.5)); }

// A number from -range to range by hash.
int64_t scatter(uint64_t key, int64_t range) {
  return static_cast<int64_t>(mix(key) % static_cast<uint64_t>(2 * range + 1)) - range;
}

double common_terms(double x) { return (20 * sine(6 * x * kPi) + 20 * sine(2 * x * kPi)) * 2 / 3; }

}  // namespace

// A degree of latitude is 111,320 m; the cosine is taken for 30.17 degrees north: over a county that is near enough for
// scattering, and no rule depends on it.
Point moved(Point from, int64_t east, int64_t north) {
  return {static_cast<int32_t>(from.lon + east * 10391 / 1000), static_cast<int32_t>(from.lat + north * 8983 / 1000)};
}

int64_t squared_metres(Point a, Point b) {
  const int64_t x = static_cast<int64_t>(a.lon - b.lon) * 1000 / 10391,
                y = static_cast<int64_t>(a.lat - b.lat) * 1000 / 8983;
  return x * x + y * y;
}

Point to_gcj02(Point wgs84) {
  constexpr double kAxis = 6378245.0, kEccentricity = 0.00669342162296594323;
  const double x = wgs84.lon * 1e-6 - 105.0, y = wgs84.lat * 1e-6 - 35.0;
  const double root = std::sqrt(std::fabs(x));
  double lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common_terms(x);
  lat += (20 * sine(y * kPi) + 40 * sine(y / 3 * kPi)) * 2 / 3;
  lat += (160 * sine(y / 12 * kPi) + 320 * sine(y * kPi / 30)) * 2 / 3;
  double lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common_terms(x);
  lon += (20 * sine(x * kPi) + 40 * sine(x / 3 * kPi)) * 2 / 3;
  lon += (150 * sine(x / 12 * kPi) + 300 * sine(x / 30 * kPi)) * 2 / 3;
  const double radians = wgs84.lat * 1e-6 / 180 * kPi;
  const double magic = 1 - kEccentricity * sine(radians) * sine(radians);
  const double magic_root = std::sqrt(magic);
  lat = lat * 180 / (kAxis * (1 - kEccentricity) / (magic * magic_root) * kPi);
  lon = lon * 180 / (kAxis / magic_root * cosine(radians) * kPi);
  return {static_cast<int32_t>(wgs84.lon + rounded(lon * 1e6)), static_cast<int32_t>(wgs84.lat + rounded(lat * 1e6))};
}

Geography::Geography(const Profile& p)
    : roads_(static_cast<uint32_t>(p.roads.size())), public_places_(static_cast<uint32_t>(p.public_places.size())) {
  std::vector<uint32_t> weights;
  uint64_t total = 0;
  for (size_t v = 0; v < p.villages.size(); ++v) {
    weights.push_back(3 + static_cast<uint32_t>(mix(v + 17) % 4));
    total += weights.back();
  }
  std::vector<uint32_t> ordinal(p.towns.size(), 0);
  uint64_t sum = 0;
  const uint64_t spare = p.grids - p.villages.size();  // every village has one grid at least
  for (size_t v = 0; v < p.villages.size(); ++v) {
    const uint16_t town = p.villages[v].town;
    // Villages lie on a sunflower's spiral around the town's centre, some 1.2 km from each other.
    const uint32_t k = ordinal[town]++;
    const double r = 650 * std::sqrt(k + 0.5), angle = k * 2.399963;
    VillagePlace place;
    place.centre = moved({p.towns[town].lon, p.towns[town].lat}, rounded(r * cosine(angle)), rounded(r * sine(angle)));
    place.first_grid = static_cast<uint16_t>(grids_.size());
    const uint64_t before = spare * sum / total;  // NOLINT(clang-analyzer-core.DivideZero): a village has added to it
    sum += weights[v];
    place.grids = static_cast<uint16_t>(1 + spare * sum / total - before);
    for (uint16_t g = 1; g <= place.grids; ++g) {
      const uint64_t key = (static_cast<uint64_t>(v) << 20) + g;
      grids_.push_back({static_cast<uint16_t>(v), g, 0, moved(place.centre, scatter(key, 420), scatter(~key, 420))});
    }
    villages_.push_back(place);
  }
  for (uint64_t g = 0; g < grids_.size(); ++g)
    grids_[g].microgrids =
        static_cast<uint16_t>(p.microgrids * (g + 1) / grids_.size() - p.microgrids * g / grids_.size());
}

void Geography::settle(Matter& m, uint16_t grid, Random& random) const {
  const Grid& g = grids_[grid];
  m.grid = grid;
  m.microgrid = static_cast<uint16_t>(1 + random.below(g.microgrids));
  if (random.chance(20)) {
    m.place_kind = PlaceKind::kPublic;
    m.place_road = static_cast<uint16_t>(random.below(public_places_));
    m.place_number = 0;
  } else {
    m.place_kind = PlaceKind::kAddress;
    m.place_road = static_cast<uint16_t>((g.number * 3U + random.below(3)) % roads_);
    m.place_number = static_cast<uint16_t>(1 + random.below(400));
  }
  const Point at = point_of(m);
  m.lon = at.lon;
  m.lat = at.lat;
}

Point Geography::point_of(const Matter& m) const {
  const Grid& g = grids_[m.grid];
  const uint64_t key = (static_cast<uint64_t>(m.place_kind) << 56) + (static_cast<uint64_t>(g.village) << 40) +
                       (static_cast<uint64_t>(m.place_road) << 20) + m.place_number;
  // A public place or an estate is the village's, an address the grid's.
  const Point centre = m.place_kind == PlaceKind::kAddress ? g.centre : villages_[g.village].centre;
  const int64_t range = m.place_kind == PlaceKind::kAddress ? 130 : 500;
  return moved(centre, scatter(key, range), scatter(~key, range));
}

}  // namespace tocsin::simulate
