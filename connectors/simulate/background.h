#pragma once
// The county's ordinary days: reports of every channel by their rhythm, exact in the sum, and the readings of its
// sensors.
#include <array>
#include <vector>

#include "scenes.h"

namespace tocsin::simulate {

// What the background has to add to the planned matters so that the figures are met.
struct Quotas {
  std::array<int64_t, 4> grid{};  // closed on the spot, dispute settled at the source, rewarded, grade 3 or above
  std::array<int64_t, 2> police110{}, visits{};  // closed, not closed
  int64_t mediations = 0, hotline = 0, cityops = 0;
};

class Background {
 public:
  // All must outlive it. `hours` is the length of the feed.
  Background(const Profile& p, const Geography& g, const Courses& courses, const Plan& plan, const Quotas& quotas,
             TimeMs start, int64_t hours, uint64_t first_case, Random& random);
  // Appends the reports and readings that happen in the hour number `i`, in no order.
  void hour(int64_t i, std::vector<Matter>& out);

 private:
  struct Channel {
    Source source;
    std::array<Mix, 4> mixes;  // by kind of the draw
    Draw draw;
    Pace pace;
  };
  Matter report(const Channel& channel, size_t kind, TimeMs at);
  uint16_t pick_category(Mix mix, TimeMs at);
  uint16_t pick_grid(TimeMs at);
  void readings(TimeMs from, std::vector<Matter>& out);
  void stormy(const Storm& storm, TimeMs from, std::vector<Matter>& out);
  void reading(Matter sensor, TimeMs at, int32_t value, int32_t scene, std::vector<Matter>& out);

  const Profile& p_;
  const Geography& g_;
  const Courses& courses_;
  const Plan& plan_;
  Civil civil_;
  TimeMs start_;
  int64_t hours_;
  uint64_t cases_;
  Random& random_;
  std::vector<Channel> channels_;
  std::vector<uint32_t> sums_;  // of the categories' weights, by mix, month and hour
  std::vector<Matter> rain_, level_;
};

}  // namespace tocsin::simulate
