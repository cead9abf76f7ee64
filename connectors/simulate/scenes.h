#pragma once
// The planted risks: matters planned before the feed begins, each belonging to a scene, and each scene with a label
// that names the rule meant for it. What is planted is chosen so that the rule's thresholds (design: rules-catalogue)
// are met.
#include <optional>
#include <string>
#include <vector>

#include "course.h"
#include "line.h"
#include "pace.h"

namespace tocsin::simulate {

struct Label {
  Risk risk = Risk::kWaterloggingCluster;
  std::string key;  // as the rule's key reads in the raw feed
  std::string severity;
  TimeMs from = kNoTime, until = kNoTime;
  std::vector<std::string> events;  // ids, in order of arrival
  // The risk is that nothing comes: it lasts until its answer, not until its last event.
  bool awaits = false;
  // It is not written: no rule could know yet.
  bool too_early = false;
};

// A street sensor that goes under water.
struct Flooded {
  uint32_t sensor = 0;
  TimeMs onset = 0;
  int32_t peak = 0;  // tenths of a centimetre
  int32_t scene = -1;
};
struct Storm {
  TimeMs from = 0, until = 0;
  int32_t peak = 0;  // tenths of a millimetre an hour
  std::vector<Flooded> flooded;
};
struct SilentGrid {
  uint16_t grid = 0;
  TimeMs from = 0, until = 0;
};
struct SlowTown {
  uint16_t town = 0;
  TimeMs from = 0, until = 0;
};

struct Plan {
  std::vector<Matter> matters;
  std::vector<Label> labels;
  std::vector<Storm> storms;
  std::vector<SilentGrid> silent;
  std::vector<SlowTown> slow;
  std::vector<Outage> outages;
  uint64_t cases = 0;  // case numbers given out
};

struct Frame {
  TimeMs start = 0, end = 0;
  // What the planted share of the profile's is, in thousandths; and whether one scene of each kind is wanted anyway.
  uint32_t per_thousand = 1000;
  bool at_least_one = true;
  int64_t road_waterlogging = 0;  // grid reports of flooded roads to plan, all of them
};

// Where the street and rain sensors stand.
Matter sensor_place(const Profile& p, const Geography& g, bool rain, uint32_t number);

class Planner {
 public:
  Planner(const Profile& p, const Geography& g, const LineWriter& lines, const Frame& frame, uint64_t seed);
  Plan plan();

 private:
  // Building blocks.
  // A rise is one against its own past: before so much of it there is nothing to rise from.
  static constexpr DurationMs kPast = 42 * kDay;
  uint32_t times(Risk risk) const;
  std::optional<TimeMs> when(DurationMs length, uint32_t earliest_hour = 8, uint32_t latest_hour = 16);
  int32_t scene(Risk risk, std::string key, std::string severity, TimeMs from, TimeMs until);
  // A scene in which an answer does not come in time.
  int32_t unanswered(Risk risk, const Matter& m, std::string key, std::string severity);
  Matter matter(Source source, std::string_view category, TimeMs at, uint16_t grid);
  void add(Matter m, bool with_course = true);
  uint32_t person() { return static_cast<uint32_t>(random_.next() >> 33) | 1U; }
  uint16_t any_grid() { return static_cast<uint16_t>(random_.below(g_.grid_count())); }
  std::string place_of(const Matter& m) const;
  std::string company_of(uint32_t number, std::string_view category) const;
  std::string area_of(uint16_t grid, bool town) const;
  void say(Matter& m, std::string_view phrase) { m.phrase = p_.phrase(phrase); }
  Source one_of(std::initializer_list<Source> sources);

  // scenes_water.cc
  void storms();
  void cluster(Storm& storm, TimeMs onset, uint32_t size, bool trapped, bool sensor);
  void flood_at(int32_t scene, TimeMs at, Point centre, int64_t reach, uint16_t grid, bool trapped);
  void single_floods();
  std::optional<uint16_t> dry_grid(TimeMs at, int64_t metres);
  void storm_afternoon();
  // scenes_people.cc
  void repeat_matter();
  void repeat_place();
  void cross_channel();
  void group_dispute(uint32_t people);
  void unpaid_wages();
  void dispute_escalation();
  void reopened_then_threat();
  void domestic_violence();
  void missing_person();
  void brawl();
  void noise();
  void gas_cylinders();
  void ebike();
  void spike();
  // scenes_work.cc
  void stage_overdue();
  void answer_overdue();
  void returned_again();
  void reopened_again();
  void closed_then_again();
  void whistle();
  void grid_silence();
  void disposal_rate();
  void satisfaction();
  void feed_outage();

  const Profile& p_;
  const Geography& g_;
  const LineWriter& lines_;
  Frame frame_;
  Civil civil_;
  Courses courses_;
  Random random_;
  Plan plan_;
  int64_t road_left_ = 0;
  struct Wet {
    TimeMs at;
    Point point;
  };
  std::vector<Wet> wet_;  // every planned flood, to keep single ones away from it
};

}  // namespace tocsin::simulate
