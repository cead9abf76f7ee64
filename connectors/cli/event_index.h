#pragma once
// Where the newest events of the embedded log stand, by source and id: what an alert names as evidence can be shown
// with its words, place and values while the log keeps it. Filled when somebody asks; used by one thread.
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "state/log.h"

namespace tocsin::cli {

class EventIndex {
 public:
  static constexpr size_t kMost = 500'000;  // events, some 40 MB
  explicit EventIndex(const state::Log& log) : log_(log) {}
  // Takes in what was appended since; reads at most the newest kMost records.
  void catch_up();
  // The event's canonical JSON, the latest revision that was taken in; nothing: the log does not have it.
  std::optional<std::string> find(std::string_view source, std::string_view id) const;

 private:
  const state::Log& log_;
  uint64_t next_ = 0;                                 // offset to go on at
  std::unordered_map<uint64_t, uint64_t> offset_of_;  // hash of source and id → offset
  std::deque<std::pair<uint64_t, uint64_t>> order_;   // (hash, offset), oldest first
};

}  // namespace tocsin::cli
