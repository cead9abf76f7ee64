#include "detect/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "detect/window.h"
#include "event/coordinates.h"

namespace tocsin::detect {
namespace {

constexpr std::array<std::string_view, 12> kReasons = {"matched", "quiet",    "recovered", "withdrawn",
                                                       "revised", "late",     "merged",    "split",
                                                       "stage",   "deadline", "person",    "comment"};
constexpr double kNearby = 1000;  // metres

}  // namespace

std::string_view name_of(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

void encode(Writer& out, const Position& p) {
  out.zigzag(p.time);
  out.fixed64(p.uid);
}

Position decode_position(Reader& in) {
  const TimeMs time = in.zigzag();
  return {time, in.fixed64()};
}

LonLat centre_of(const std::vector<Member>& members) {
  constexpr double kRad = std::numbers::pi / 180;
  double x = 0, y = 0, z = 0;
  for (const Member& m : members) {
    if (!m.row.has_location()) continue;
    double lon = 0, lat = 0;
    m.row.location(lon, lat);
    x += std::cos(lat * kRad) * std::cos(lon * kRad);
    y += std::cos(lat * kRad) * std::sin(lon * kRad);
    z += std::sin(lat * kRad);
  }
  return {std::atan2(y, x) / kRad, std::atan2(z, std::hypot(x, y)) / kRad};
}

void place_members(Description& d) {
  const bool any =
      std::any_of(d.members.begin(), d.members.end(), [](const Member& m) { return m.row.has_location(); });
  if (!any) return;
  const LonLat centre = centre_of(d.members);
  for (const Member& m : d.members) {
    if (!m.row.has_location()) continue;
    LonLat at{};
    m.row.location(at.lon, at.lat);
    if (distance_m(at, centre) > kNearby) return;
  }
  d.has_location = true;
  d.lon = centre.lon;
  d.lat = centre.lat;
}

std::unique_ptr<Detector> make_detector(const Plan& plan) {
  switch (plan.kind) {
    case RuleKind::kWindow:
      return std::make_unique<Window>(plan);
    default:
      return nullptr;
  }
}

}  // namespace tocsin::detect
