#pragma once
// The places that reports name, by what they suffer from (the category to its second level): which reports are
// repeats, and which places flood, or complain, again and again.
//
// A report is a *repeat* when its place had another of the same trouble in the 30 days before it.
//
// Bounds: a place is let go 400 days after its last report, one with at most two reports within 30 days after 100;
// reports more than 400 days before the last go, and the eldest past kMostReports; at most kMostPlaces (then those
// first that would be let go first).
#include <absl/container/flat_hash_map.h>

#include <array>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "score/civil_days.h"
#include "score/cube.h"

namespace tocsin::score {

struct PlaceReport {
  uint64_t uid = 0;
  TimeMs time = 0;
  SpotId spot = 0;
  SortId sort = 0;
  uint32_t reporter = 0;  // a hash of the token, for counting; 0: nobody
  bool repeat = false;    // counted as one
};

struct Place {
  std::string name;                        // empty until its second report
  std::string trouble;                     // "water.flooding"
  int32_t lon = kNowhere, lat = kNowhere;  // millionths of a degree, of the report that named it
  static constexpr int32_t kNowhere = INT32_MIN;
  std::vector<PlaceReport> reports;  // by (time, uid)
};

class PlaceBook {
 public:
  static constexpr DurationMs kRepeat = 30 * kDayMs;
  static constexpr DurationMs kKeepOnce = 100 * kDayMs, kKeep = 400 * kDayMs;
  static constexpr size_t kMostReports = 512, kMostPlaces = 1'000'000;

  PlaceBook(Cube& cube, const CivilDays& days) : cube_(cube), days_(days) {}
  void add(uint64_t id, const PlaceReport& report, std::string_view name, std::string_view trouble, int32_t lon,
           int32_t lat);
  void remove(uint64_t id, uint64_t uid);
  void fetch(uint64_t id) const { once_.prefetch(id); }
  void pass(TimeMs watermark);
  // Places with more than one report, in kPieces parts of about one size.
  static constexpr size_t kPieces = 64;
  using Places = absl::flat_hash_map<uint64_t, Place>;
  const Places& places(size_t piece) const { return places_[piece]; }
  size_t size() const { return once_.size() + again_; }
  size_t bytes() const;

  // Pieces by the last bits of the place's hash.
  void take_changed(const std::function<void(int64_t, std::string)>& f);
  Status load(int64_t piece, std::string_view bytes);
  void loaded(TimeMs watermark);
  void mark_all() { changed_.assign(kPieces, true); }

 private:
  void touch(uint64_t id) { changed_[id % kPieces] = true; }
  void judge(std::vector<PlaceReport>& reports, size_t i);
  void insert(uint64_t id, Place& place, const PlaceReport& report);
  void enqueue(uint64_t id, int64_t day) { ends_[day].push_back(id); }
  void let_go_before(int64_t day);
  void let_go(uint64_t id);
  Place* find(uint64_t id) {
    const auto it = places_[id % kPieces].find(id);
    return it == places_[id % kPieces].end() ? nullptr : &it->second;
  }
  void erase(uint64_t id) { again_ -= places_[id % kPieces].erase(id); }

  Cube& cube_;
  const CivilDays& days_;
  int64_t today_ = INT64_MIN;
  absl::flat_hash_map<uint64_t, PlaceReport> once_;  // most places have one report
  std::array<Places, kPieces> places_;
  size_t again_ = 0;                               // in places_
  std::map<int64_t, std::vector<uint64_t>> ends_;  // by day of UTC: when to look whether the place may go
  std::vector<bool> changed_ = std::vector<bool>(kPieces);
};

}  // namespace tocsin::score
