#pragma once
// The season's report: places that flood, or complain, again and again, with what shows it.
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace tocsin::score {

struct PlaceCut {
  std::string area = {};      // a code: what lies under it; empty: everything
  int64_t from = 0, to = 0;   // civil days since 1970-01-01, both included
  std::string category = {};  // only what suffers from this, or from something under it; empty: any
  uint64_t least_days = 2;    // on at least so many days
  size_t limit = 50;          // at most kMostPlaces
  static constexpr size_t kMostPlaces = 1000;
};

struct PlaceRow {
  std::string place, area, trouble;
  bool has_location = false;
  double lon = 0, lat = 0;
  uint64_t reports = 0, days = 0, reporters = 0;
  TimeMs first = 0, last = 0;
  std::vector<std::pair<int64_t, uint64_t>> on;  // reports by civil day, at most kMostDays of them, the latest
  std::vector<std::string> alerts;  // ids of alerts that opened with one of its reports, at most kMostAlerts
  static constexpr size_t kMostDays = 60, kMostAlerts = 20;
};

struct PlaceList {
  std::vector<PlaceRow> places;  // by days, then reports, then name
  uint64_t found = 0;            // of which these are the first
  int64_t counted_from = -1, as_of = -1;
};

}  // namespace tocsin::score
