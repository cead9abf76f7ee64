#pragma once
// The numbers under which scorecards keep their strings: a *spot* is an area and a post of duty in it, a *sort* a
// channel, a category and a grade. Numbers are given in the order of the log and never change, so they are part of the
// state. Bounded: near kMaxSpots a new spot counts as its town's (without post), near kMaxSorts a new sort as its
// channel's without category; past that too, as number 0, which has nothing.
#include <absl/container/flat_hash_map.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/status.h"
#include "score/measure.h"

namespace tocsin::score {

struct Spot {
  std::string city, town, village, grid, duty;
};
struct Sort {
  std::string channel, category;
  uint8_t grade = 0;
  // Derived: the category to its second level, which tells what a place suffers from.
  std::string trouble;
  uint64_t trouble_hash = 0;
  uint16_t channel_id = 0;  // small number of the channel
};

// What the writer of notes knows: numbers by content. One thread.
class Numbers {
 public:
  // The number of a spot or sort; `fresh` when it was just given. Views need not outlive the call.
  SpotId spot(std::string_view city, std::string_view town, std::string_view village, std::string_view grid,
              std::string_view duty, bool& fresh);
  SortId sort(std::string_view channel, std::string_view category, uint8_t grade, bool& fresh);
  // Room for one more of each; else ask for less.
  bool full_of_spots() const { return spots_.size() + kReserve >= kMaxSpots; }
  bool full_of_sorts() const { return sorts_.size() + kReserve >= kMaxSorts; }
  void learn(const Spot& spot, SpotId id);
  void learn(const Sort& sort, SortId id);

 private:
  static constexpr size_t kReserve = 2048;  // for the coarser ones once it is full
  struct Identity {
    size_t operator()(uint64_t h) const { return h; }
  };
  absl::flat_hash_map<uint64_t, SpotId, Identity> spots_;
  absl::flat_hash_map<uint64_t, SortId, Identity> sorts_;
};

// What the reader of notes knows: contents by number.
class Names {
 public:
  Names();
  void add(Spot spot);
  void add(Sort sort);
  const std::vector<Spot>& spots() const { return spots_; }
  const std::vector<Sort>& sorts() const { return sorts_; }
  const std::vector<std::string>& channels() const { return channels_; }
  void teach(Numbers& numbers) const;

  // Those added since the last call, in pieces: f(name of the piece, bytes).
  void take_changed(const std::function<void(std::string, std::string)>& f);
  Status load(std::string_view name, std::string_view bytes);
  void loaded();  // after the last piece
  void mark_all() { saved_spots_ = saved_sorts_ = 0; }

 private:
  void derive(Sort& sort);
  std::vector<Spot> spots_;
  std::vector<Sort> sorts_;
  std::vector<std::string> channels_;
  size_t saved_spots_ = 0, saved_sorts_ = 0;
};

void encode(Writer& out, const Spot& spot);
void encode(Writer& out, const Sort& sort);
Spot decode_spot(Reader& in);
Sort decode_sort(Reader& in);
// "water.flooding" of "water.flooding.road".
std::string_view trouble_of(std::string_view category);

}  // namespace tocsin::score
