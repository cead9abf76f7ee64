#pragma once
// A synthetic feed of a county: canonical events (JSON, a line each) in the order in which they arrive, with planted
// risks and their labels. Same profile, options and seed: the same bytes on every machine. Memory is bounded by the
// open matters (some 30 MB for a year), not by the length of the feed.
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "profile.h"

namespace tocsin::simulate {

struct Options {
  // Grid reports (`source == "grid" && kind == "report"`); 0: the profile's, scaled to `days`. All other channels,
  // figures and planted risks are scaled alike; transitions, readings and the other channels' records come on top. At
  // most 100,000,000.
  int64_t events = 0;
  int64_t days = 0;  // 0: the profile's span; at most 3,660
  uint64_t seed = 1;
  std::optional<TimeMs> start;  // instead of the profile's; cut to the whole minute
};

// Ports. Calls come from the thread that runs simulate(), in order; a failure ends the simulation with that error.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // `line` is one event with its newline, valid during the call; `arrival` never goes back.
  virtual Status event(TimeMs arrival, std::string_view line) = 0;
};
class LabelSink {
 public:
  virtual ~LabelSink() = default;
  // One label with its newline (contract: "Labels of a simulated feed"), all after the last event, in order of `from`.
  virtual Status label(std::string_view line) = 0;
};

struct Summary {
  int64_t lines = 0;
  int64_t labels = 0;
};

// Precondition: `profile` came from load_profile or read_profile. kInvalid when the options cannot be met.
Result<Summary> simulate(const Options& options, const Profile& profile, EventSink& events, LabelSink& labels);

}  // namespace tocsin::simulate
