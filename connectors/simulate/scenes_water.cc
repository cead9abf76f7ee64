// Heavy rain: clusters of flooded places, street sensors under water, and single floods far from any other.
#include <algorithm>

#include "scenes.h"

namespace tocsin::simulate {
namespace {

constexpr int64_t kApart = 1600;  // metres between floods that must not make one cluster

std::string severity_of(uint32_t places, bool trapped) {
  return trapped || places >= 10 ? "red" : places >= 6 ? "orange" : "yellow";
}

}  // namespace

// A grid none of whose addresses is within `metres` of a planned flood of the hours around; nothing after 200 tries.
std::optional<uint16_t> Planner::dry_grid(TimeMs at, int64_t metres) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    const uint16_t grid = any_grid();
    const Point centre = g_.grid(grid).centre;
    const bool near = std::any_of(wet_.begin(), wet_.end(), [&](const Wet& w) {
      return std::abs(w.at - at) < 4 * kHour && squared_metres(w.point, centre) < metres * metres;
    });
    if (!near) return grid;
  }
  return std::nullopt;
}

void Planner::storms() {
  const uint32_t clusters = times(Risk::kWaterloggingCluster);
  for (uint32_t planned = 0; planned < clusters;) {
    std::optional<TimeMs> from;
    for (int attempt = 0; attempt < 60; ++attempt) {  // June to September, where the feed has them
      from = when(8 * kHour, 6, 15);
      const uint32_t month = from ? civil_.month(*from) : 5;
      if (month >= 5 && month <= 8) break;
    }
    if (!from) return;
    Storm storm{*from, *from + random_.between(4, 7) * kHour, static_cast<int32_t>(random_.between(280, 620)), {}};
    for (uint32_t n = static_cast<uint32_t>(random_.between(2, 4)); n > 0 && planned < clusters; --n, ++planned) {
      const auto size = static_cast<uint32_t>(random_.skewed(3, 13));
      const TimeMs onset = storm.from + random_.between(40, 150) * kMinute;
      cluster(storm, onset, size, random_.chance(120), random_.chance(500));
    }
    plan_.storms.push_back(std::move(storm));
  }
}

// `size` distinct places within 400 m of each other, all in 55 minutes.
void Planner::cluster(Storm& storm, TimeMs onset, uint32_t size, bool trapped, bool sensor) {
  const std::optional<uint16_t> dry = dry_grid(onset, 2 * kApart);
  if (!dry) return;
  uint16_t grid = *dry;
  Point centre = g_.grid(grid).centre;
  if (sensor && p_.level_sensors > 0) {
    const uint32_t number = 1 + random_.below(p_.level_sensors);
    const Matter at = sensor_place(p_, g_, false, number);
    const Point point{at.lon, at.lat};
    const bool near = std::any_of(wet_.begin(), wet_.end(), [&](const Wet& w) {
      return std::abs(w.at - onset) < 4 * kHour && squared_metres(w.point, point) < 4 * kApart * kApart;
    });
    if (!near) {
      grid = at.grid;
      centre = point;
      const auto peak = static_cast<int32_t>(random_.between(180, 520));
      const int32_t label = scene(Risk::kWaterloggingSensor, place_of(at), peak > 300 ? "red" : "orange", onset, onset);
      storm.flooded.push_back({number, onset - 10 * kMinute, peak, label});
    }
  }
  const int32_t label =
      scene(Risk::kWaterloggingCluster, area_of(grid, false), severity_of(size, trapped), onset, onset);
  for (uint32_t i = 0; i < size; ++i) {
    const TimeMs at = onset + random_.between(0, 55 * 60) * kSecond;
    flood_at(label, at, centre, 190, grid, trapped && i + 1 == size);
  }
}

// One report of a flooded place within `reach` of the centre.
void Planner::flood_at(int32_t label, TimeMs at, Point centre, int64_t reach, uint16_t grid, bool trapped) {
  const uint32_t dice = random_.below(100);
  const Source source = dice < 60   ? Source::kGrid
                        : dice < 75 ? Source::kHotline12345
                        : dice < 90 ? Source::kCityops
                                    : Source::kPolice110;
  const bool home = source != Source::kCityops && random_.chance(250);
  Matter m = matter(trapped ? Source::kPolice110 : source, home ? "water.flooding.residential" : "water.flooding.road",
                    at, grid);
  m.place_kind = PlaceKind::kAddress;
  // Numbers over 400 are nobody else's: planned places are distinct.
  m.place_number = static_cast<uint16_t>(401 + plan_.matters.size() % 60000);
  const int64_t east = random_.between(-reach, reach), limit = reach * reach - east * east;
  int64_t north = random_.between(-reach, reach);
  while (north * north > limit) north /= 2;
  const Point point = moved(centre, east, north);
  m.lon = point.lon;
  m.lat = point.lat;
  m.grade = trapped ? 4 : 3;
  m.scene = label;
  if (trapped) {
    m.flags = bit(Flag::kTrapped);
    m.people = static_cast<int32_t>(random_.between(1, 4));
    say(m, "trapped");
  }
  wet_.push_back({m.at, point});
  add(m);
}

// The rest of the year's reports of flooded roads: alone, on rainy days or just in summer.
void Planner::single_floods() {
  while (road_left_ > 0) {
    TimeMs at = frame_.start;
    for (int attempt = 0; attempt < 60; ++attempt) {
      at = when(kHour, 6, 21).value_or(frame_.start);
      const uint32_t month = civil_.month(at);
      if (month >= 5 && month <= 8) break;
    }
    if (!plan_.storms.empty() && random_.chance(400)) {
      const Storm& storm = plan_.storms[random_.below(static_cast<uint32_t>(plan_.storms.size()))];
      at = storm.from + random_.between(0, (storm.until - storm.from) / kSecond) * kSecond;
    }
    // In a small or crowded feed no place may be far enough from all others: then anywhere.
    const uint16_t grid = dry_grid(at, kApart).value_or(any_grid());
    Matter m = matter(Source::kGrid, "water.flooding.road", at, grid);
    m.grade = static_cast<uint8_t>(random_.chance(300) ? 3 : 2);
    wet_.push_back({m.at, {m.lon, m.lat}});
    const bool course = m.grade >= 3;
    if (!course) {
      m.stage = Stage::kClosed;
      m.case_no = 0;
    }
    add(m, course);
  }
}

// Rain over Cixi from 13:00 to 18:00: clusters that open within ten minutes, grow, reach red, merge, and one that a
// withdrawn report takes back.
void Planner::storm_afternoon() {
  const TimeMs start = frame_.start;
  Storm storm{start, frame_.end, 580, {}};
  const auto grid_in = [this](std::string_view town, uint32_t nth) {
    for (uint32_t i = 0, seen = 0; i < g_.grid_count(); ++i) {
      const Village& v = p_.villages[g_.grid(static_cast<uint16_t>(i)).village];
      if (p_.towns[v.town].name.starts_with(town) && seen++ == nth) return static_cast<uint16_t>(i);
    }
    return uint16_t{0};
  };
  const auto rising = [&](Point near, int minute, int32_t peak) {
    uint32_t best = 1;
    int64_t least = INT64_MAX;
    for (uint32_t n = 1; n <= p_.level_sensors; ++n) {
      const Matter at = sensor_place(p_, g_, false, n);
      const int64_t d = squared_metres({at.lon, at.lat}, near);
      if (d < least) {
        least = d;
        best = n;
      }
    }
    const TimeMs onset = start + minute * kMinute;
    const Matter at = sensor_place(p_, g_, false, best);
    const int32_t label = scene(Risk::kWaterloggingSensor, place_of(at), peak > 300 ? "red" : "orange", onset, onset);
    storm.flooded.push_back({best, onset, peak, label});
    return Point{at.lon, at.lat};
  };
  const auto reports = [&](int32_t label, uint16_t grid, Point centre, int from, int to, int count, bool trapped) {
    for (int i = 0; i < count; ++i) {
      const DurationMs step = count == 1 ? 0 : (to - from) * kMinute * i / (count - 1);
      flood_at(label, start + from * kMinute + step + random_.between(0, 20) * kSecond, centre, 160, grid,
               trapped && i + 1 == count);
    }
  };
  // A, in the middle of the city: three places in seven minutes, ten within the hour; B grows beside it and joins it.
  const uint16_t a = grid_in("浒山", 40);
  const Point a_at = rising(g_.grid(a).centre, 2, 420);
  const int32_t a_label = scene(Risk::kWaterloggingCluster, area_of(a, false), "red", start, start);
  reports(a_label, a, a_at, 2, 7, 4, false);
  reports(a_label, a, a_at, 14, 75, 9, false);
  const Point b_at = moved(a_at, 900, 0);
  const int32_t b_label = scene(Risk::kWaterloggingCluster, area_of(a, false), "yellow", start, start);
  reports(b_label, a, b_at, 30, 58, 5, false);
  reports(a_label, a, moved(a_at, 450, 0), 62, 80, 4, false);
  // C with people trapped, D wide and late, E small.
  const uint16_t c = grid_in("观海卫", 60), d = grid_in("周巷", 30), e = grid_in("龙山", 50);
  const Point c_at = rising(g_.grid(c).centre, 40, 510), d_at = rising(g_.grid(d).centre, 95, 260);
  reports(scene(Risk::kWaterloggingCluster, area_of(c, false), "red", start, start), c, c_at, 45, 85, 6, true);
  reports(scene(Risk::kWaterloggingCluster, area_of(d, false), "orange", start, start), d, d_at, 100, 150, 8, false);
  reports(scene(Risk::kWaterloggingCluster, area_of(e, false), "yellow", start, start), e, g_.grid(e).centre, 150, 190,
          4, false);
  // F: three places, one of them taken back a quarter of an hour later. Not a risk: it has no label.
  const uint16_t f = grid_in("坎墩", 20);
  reports(-1, f, g_.grid(f).centre, 110, 122, 3, false);
  Matter& taken_back = plan_.matters.back();
  if (taken_back.source == Source::kGrid && taken_back.category == p_.category("water.flooding.road")) ++road_left_;
  taken_back.source = Source::kHotline12345;
  taken_back.step_count = 0;
  taken_back.aftermath = Aftermath::kWithdrawn;
  plan_.storms.push_back(std::move(storm));
}

}  // namespace tocsin::simulate
