#include "detect/cluster.h"

#include <algorithm>
#include <cmath>

namespace tocsin::detect {
namespace {

using expr::Value;

// Coordinates rounded to six decimals, as one number.
Value rounded(double lon, double lat) {
  return Value::integer((std::llround(lon * 1e6) + 180'000'000) * (int64_t{1} << 32) + std::llround(lat * 1e6) +
                        90'000'000);
}

}  // namespace

NearLinks::NearLinks(const Plan& plan) : plan_(plan), nearness_(plan.radius_m), grid_(plan.radius_m) {
  Aggregate places;
  places.op = AggregateOp::kDistinct;
  places.cell = plan.cells;
  place_plan_.aggregates.push_back(places);
}

void NearLinks::extend(const Row& row, Value* cells) const {
  const bool named = plan_.place_cell >= 0 && !row.cells[static_cast<size_t>(plan_.place_cell)].is(expr::Tag::kNull);
  cells[0] = named ? row.cells[static_cast<size_t>(plan_.place_cell)] : rounded(row.lon, row.lat);
}

void NearLinks::put(Slot s, const PackedRow& row, uint64_t) {
  LonLat at{};
  row.location(at.lon, at.lat);
  if (s >= spots_.size()) spots_.resize(s + 1);
  spots_[s] = spot(at);
  grid_.insert(spots_[s], s);
}

Value NearLinks::Values::kind_value(size_t index, Arena& arena) const {
  if (index == 0) return aggregate(links_.place_plan_, 0, rows_, own_, arena);
  if (members_.empty()) return index == 3 ? Value() : Value::number(0);
  measure();
  if (index == 1) return Value::number(radius_);
  if (index == 2) return Value::number(area_);
  return Value::point({centre_.lon, centre_.lat});
}

void NearLinks::Values::locate(Description& d) const {
  measure();
  d.has_location = true;
  d.lon = centre_.lon;
  d.lat = centre_.lat;
  d.ring = ring_;
}

void NearLinks::Values::measure() const {
  if (measured_) return;
  measured_ = true;
  std::vector<LonLat> places;
  for (Slot s : members_) places.push_back(links_.spots_[s].at);
  centre_ = centre_of(places);
  for (const LonLat& p : places) radius_ = std::max(radius_, distance_m(p, centre_));
  radius_ = std::round(radius_ * 100) / 100;  // to a centimetre
  area_ = hull(places, centre_, ring_);
}

}  // namespace tocsin::detect
