#pragma once
// The counts themselves: for each civil day one block of bytes with its counts by (spot, sort, measure), and what has
// been added and taken away since the blocks were last put together. Counts are exact; what is not there is 0.
//
// Bounds: Options::days days, kMaxFresh changes between two foldings. One thread changes it; the owner keeps readers
// away meanwhile. Slices that were handed out never change.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "score/measure.h"

namespace tocsin::score {

// A consistent view of some days. Cheap to copy; outlives the cube.
struct Slice {
  std::vector<std::pair<int64_t, std::shared_ptr<const std::string>>> blocks;  // ascending by day
  std::vector<Key> added, removed;                                             // of these days, in no order
};

class Cube {
 public:
  static constexpr size_t kMaxFresh = 128 * 1024;

  // A key whose day lies outside 0 … kMaxDay may not be made (see key_of); days that were dropped are passed over.
  void add(Key key) {
    added_.push_back(key);
    if (added_.size() >= kMaxFresh) fold();
  }
  void remove(Key key) {
    removed_.push_back(key);
    if (removed_.size() >= kMaxFresh) fold();
  }
  // Puts all changes into the blocks.
  void fold();
  // Lets days before `day` go, for good.
  void drop_before(int64_t day);
  int64_t first_day() const { return floor_; }
  Slice slice(int64_t from, int64_t to) const;
  size_t bytes() const;

  // Blocks that changed since the last call: f(day, bytes), empty bytes: none any more. Precondition: folded.
  void take_changed(const std::function<void(int64_t, std::string)>& f);
  Status load(int64_t day, std::string_view bytes);
  void mark_all();

 private:
  void fold_day(int64_t day, std::vector<Key>::const_iterator& add, std::vector<Key>::const_iterator add_end,
                std::vector<Key>::const_iterator& remove, std::vector<Key>::const_iterator remove_end);
  std::map<int64_t, std::shared_ptr<const std::string>> days_;
  std::map<int64_t, bool> changed_;  // day → is there still
  std::vector<Key> added_, removed_, room_;
  int64_t floor_ = 0;
};

// Reads a block: groups by spot, so that a reader passes over the spots that it does not ask for.
//   spot   varint difference to the one before, varint bytes of its counts, then
//   count  varint difference of (sort, measure) to the one before, varint count
class BlockReader {
 public:
  explicit BlockReader(std::string_view bytes) : in_(bytes) {}
  // False at the end.
  bool next_spot(SpotId& spot, std::string_view& counts);
  bool ok() const { return in_.ok(); }

 private:
  Reader in_;
  SpotId spot_ = 0;
};
// Calls f(sort, measure, count) for each of a spot's counts.
template <typename F>
bool for_each_count(std::string_view counts, F&& f) {
  Reader in(counts);
  uint64_t at = 0;
  while (!in.at_end() && in.ok()) {
    at += in.varint();
    const uint64_t n = in.varint();
    f(static_cast<SortId>(at >> kMeasureBits), static_cast<Measure>(at & ((1u << kMeasureBits) - 1)), n);
  }
  return in.ok();
}

}  // namespace tocsin::score
