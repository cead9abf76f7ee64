#include "detect/detector.h"

#include <algorithm>
#include <array>

#include "detect/sphere.h"

namespace tocsin::detect {
namespace {

constexpr std::array<std::string_view, 13> kReasons = {"matched", "quiet",   "recovered", "withdrawn", "revised",
                                                       "late",    "merged",  "split",     "stage",     "deadline",
                                                       "person",  "comment", "rule"};
constexpr double kNearby = 1000;  // metres

}  // namespace

std::string_view name_of(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

void encode(Writer& out, const Position& p) {
  out.zigzag(p.time);
  out.fixed64(p.uid);
}

Position decode_position(Reader& in) {
  const TimeMs time = in.instant();
  return {time, in.fixed64()};
}

Severity decode_severity(Reader& in) { return static_cast<Severity>(std::min<uint8_t>(in.u8(), 4)); }

std::vector<LonLat> places_of(const std::vector<Member>& members) {
  std::vector<LonLat> places;
  for (const Member& m : members) {
    if (!m.row.has_location()) continue;
    LonLat at{};
    m.row.location(at.lon, at.lat);
    places.push_back(at);
  }
  return places;
}

void place_members(Description& d) {
  const std::vector<LonLat> places = places_of(d.members);
  if (places.empty()) return;
  const LonLat centre = centre_of(places);
  for (const LonLat& p : places) {
    if (distance_m(p, centre) > kNearby) return;
  }
  d.has_location = true;
  d.lon = centre.lon;
  d.lat = centre.lat;
}

}  // namespace tocsin::detect
