// Rows as they travel and as they are kept; nearness on the sphere; spans that pauses stop.
#include <gtest/gtest.h>

#include <random>

#include "detect/row_store.h"
#include "detect/span_clock.h"
#include "detect/sphere.h"

namespace tocsin::detect {
namespace {

using expr::Value;

TEST(Row, SurvivesItsBytes) {
  const Value cells[] = {Value(),
                         Value::boolean(true),
                         Value::integer(-7),
                         Value::unsigned_integer(UINT64_MAX),
                         Value::number(0.1),
                         Value::string("积水"),
                         Value::timestamp(TimeMs{-1500}),
                         Value::duration(DurationMs{90'500}),
                         Value::point({121.2, 30.1})};
  Row row;
  row.rule = 300;
  row.key = {1, 2};
  row.key_text = R"(["k"])";
  row.label = R"(["k","accepted"])";
  row.uid = 77;
  row.time = -5;
  row.position = 9;
  row.watermark = -10;
  row.was = -20;
  row.roles = kAfter | kPause;
  row.late = true;
  row.due_at = 123;
  row.source = "grid";
  row.id = "a";
  row.city = "330282";
  row.town = "330282004";
  row.village = "330282004001";
  row.grid = "330282004001007";
  row.lon = 121;
  row.lat = 30;
  row.cells = cells;
  std::string bytes;
  Writer out(bytes);
  encode(out, row);
  Reader in(bytes);
  Arena arena;
  const Row back = decode_row(in, arena);
  ASSERT_TRUE(in.ok() && in.at_end());
  std::string again;
  Writer w(again);
  encode(w, back);
  EXPECT_EQ(again, bytes);
  EXPECT_EQ(back.label, row.label);
  EXPECT_EQ(back.watermark, row.watermark);
  EXPECT_EQ(back.was, row.was);
  EXPECT_TRUE(back.late);

  std::string packed;
  pack(packed, row);
  ASSERT_TRUE(well_formed(packed, 9));
  const PackedRow kept(packed.data());
  for (int i = 0; i < 9; ++i) EXPECT_TRUE(i == 0 || expr::equal(kept.value(i), cells[i]) || i == 8) << i;
  EXPECT_EQ(kept.value(8).lat, 30.1);
  const RowFacts f = kept.facts();
  EXPECT_EQ(f.id, "a");
  EXPECT_EQ(f.grid, row.grid);
  EXPECT_EQ(f.village, row.village);
  EXPECT_EQ(f.town, row.town);
  EXPECT_EQ(f.city, row.city);
  EXPECT_EQ(f.lat, 30);
  EXPECT_LT(packed.size(), 2 + 9 * 16 + 16 + 60u);
}

TEST(Row, CutBytesFailCleanly) {
  Row row;
  row.id = "abc";
  std::string bytes;
  Writer out(bytes);
  encode(out, row);
  Arena arena;
  for (size_t n = 0; n < bytes.size(); ++n) {
    Reader in(std::string_view(bytes).substr(0, n));
    (void)decode_row(in, arena);
    EXPECT_FALSE(in.ok()) << n;
  }
}

TEST(RowStore, KeepsOrderThroughComingAndGoing) {
  std::mt19937_64 rng(3);
  RowStore rows;
  std::vector<std::pair<Position, std::string>> model;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t what = rng() % 10;
    if (what < 6 || model.empty()) {
      Row row;
      row.time = static_cast<TimeMs>(rng() % 500 + static_cast<uint64_t>(i));
      row.uid = rng();
      const std::string id = std::to_string(rng());
      row.id = id;
      rows.insert(row);
      const std::pair<Position, std::string> mine{position_of(row), id};
      model.insert(std::lower_bound(model.begin(), model.end(), mine), mine);
    } else if (what < 8) {
      const size_t at = rows.find(model[rng() % model.size()].first.uid);
      model.erase(model.begin() + static_cast<ptrdiff_t>(at));
      rows.erase(at);
    } else {
      const size_t n = rng() % std::min<size_t>(model.size(), 20);
      rows.drop_front(n);
      model.erase(model.begin(), model.begin() + static_cast<ptrdiff_t>(n));
    }
    ASSERT_EQ(rows.size(), model.size());
    if (i % 50 != 0) continue;
    for (size_t k = 0; k < model.size(); ++k) {
      ASSERT_EQ(rows.position(k), model[k].first);
      ASSERT_EQ(rows.row(k).facts().id, model[k].second);
    }
  }
}

TEST(Sphere, TheGridFindsWhatIsNearAnywhere) {
  std::mt19937_64 rng(5);
  for (const LonLat base : {LonLat{121, 30}, LonLat{180, 0}, LonLat{0, 90}, LonLat{-179.999, -89.999}}) {
    const double radius = 700;
    SphereGrid grid(radius);
    const Nearness nearness(radius);
    std::vector<Spot> spots;
    for (uint32_t i = 0; i < 300; ++i) {
      LonLat p = base;
      p.lat = std::clamp(base.lat + (static_cast<double>(rng() % 2000) - 1000) / 50000, -90.0, 90.0);
      p.lon = std::remainder(
          base.lon + (static_cast<double>(rng() % 2000) - 1000) / (std::abs(base.lat) > 80 ? 5 : 50000), 360.0);
      spots.push_back(spot(p));
      grid.insert(spots.back(), i);
    }
    size_t found = 0;
    for (const Spot& s : spots) {
      std::vector<uint8_t> seen(spots.size());
      grid.around(s, [&](uint32_t i) { seen[i] = nearness.near(s, spots[i]) ? 1 : 0; });
      for (size_t i = 0; i < spots.size(); ++i) {
        ASSERT_EQ(seen[i] != 0, distance_m(s.at, spots[i].at) <= radius);
        found += seen[i];
      }
    }
    EXPECT_GT(found, spots.size());
  }
}

TEST(Sphere, HullOfASquare) {
  std::vector<LonLat> places{{0, 0}, {0.01, 0}, {0.01, 0.01}, {0, 0.01}, {0.005, 0.005}, {0.005, 0}};
  std::vector<std::pair<double, double>> ring;
  const double area = hull(places, centre_of(places), ring);
  EXPECT_NEAR(area, 1.2364, 0.001);
  EXPECT_EQ(ring.size(), 5u);
  EXPECT_EQ(hull({{0, 0}, {1, 1}}, {0.5, 0.5}, ring), 0);
  EXPECT_TRUE(ring.empty());
}

TEST(SpanClock, PausesStopIt) {
  Plan p;
  p.within = {Span::Unit::kPlain, 100};
  p.elapsed_marks = {0.5, 1.0};
  p.overdue_marks = {30};
  const std::vector<Pause> pauses{{1040, 1060}, {1080, 2000}};
  const SpanClock c(p, 1000, kNoTime, pauses);
  EXPECT_EQ(c.instant(0.4), 1040);
  EXPECT_EQ(c.instant(0.5), 1070);
  EXPECT_EQ(c.due(), 2040);
  EXPECT_EQ(c.elapsed(1050), 0.4);
  EXPECT_EQ(c.elapsed(1070), 0.5);
  EXPECT_EQ(c.elapsed(2040), 1.0);
  EXPECT_EQ(c.next_mark(999), 1070);
  EXPECT_EQ(c.next_mark(1070), 2040);
  EXPECT_EQ(c.next_mark(2040), 2070);
  EXPECT_EQ(c.next_mark(2070), kNever);
  const std::vector<Pause> open{{1040, kNever}};
  EXPECT_EQ(SpanClock(p, 1000, kNoTime, open).due(), kNever);
}

TEST(SpanClock, WorkingTimeIsPausedInWorkingTime) {
  Plan p;
  p.within = {Span::Unit::kWorkingHours, 4 * 3'600'000};
  p.calendar = std::make_shared<WorkingTime>(WorkingTime::Spec{});
  const auto at = [](const char* t) { return *parse_time(t, TimeZone::utc()); };
  // 09:00, three hours to noon; paused from 11:00 to the next day 09:00: two hours are left.
  const std::vector<Pause> pauses{{at("2024-07-04T11:00Z"), at("2024-07-05T09:00Z")}};
  const SpanClock c(p, at("2024-07-04T09:00Z"), kNoTime, pauses);
  EXPECT_EQ(format_time(c.due()), "2024-07-05T11:00:00Z");
  EXPECT_EQ(c.elapsed(at("2024-07-05T10:00Z")), 0.75);
}

}  // namespace
}  // namespace tocsin::detect
