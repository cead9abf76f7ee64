#pragma once
// Offers committed transitions to each sink in order, from memory while the sink keeps up, from the stored outbox when
// it lags or after a restart. A sink that is away holds up nothing but itself.
#include <span>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "runtime/commit_times.h"
#include "runtime/engine.h"
#include "runtime/ports.h"

namespace tocsin::runtime {

// Whose alerts a sink gets: those of rules in force, those of rules in shadow (a stream of their own), or both.
enum class Takes : uint8_t { kInForce, kShadow, kAll };

class Publisher {
 public:
  explicit Publisher(Engine& engine) : engine_(engine) {}
  // `sink` must outlive the publisher. Call before open(). What `takes` leaves out is not offered.
  void add(Sink& sink, Takes takes) { lanes_.push_back({&sink, takes, 0, 0, 0, {}}); }
  // Asks every sink what it already holds.
  Status open();
  // After a commit, with its transitions; also with none, to go on with what lags. `now` for the latency histogram;
  // kNoTime: a replay, not measured. An error other than back-pressure is kept in fault() and the sink is not offered
  // more.
  void pump(std::span<const Outgoing> fresh, TimeMs now);
  // Waits until every sink has delivered everything.
  Status flush(DurationMs wait);
  // Transitions that the slowest sink has not delivered yet.
  uint64_t depth() const;
  std::string fault() const;
  struct SinkView {
    std::string name;
    uint64_t depth = 0;      // transitions that it has not delivered yet
    bool stopped = false;    // it is offered nothing more, because of a fault
    DurationMs waiting = 0;  // how long the eldest of them has been committed, or known in this life; 0: there is none
  };
  // `now`: the clock that pump() is given; kNoTime: waiting is not told.
  std::vector<SinkView> sinks(TimeMs now = kNoTime) const;
  const LatencyHistogram& latency() const { return latency_; }

 private:
  struct Lane {
    Sink* sink;
    Takes takes;
    uint64_t offered;    // up to this sequence
    uint64_t published;  // the last of them that the sink was given
    uint64_t told;       // up to this it was delivered by the last pump
    std::string fault;
  };
  void offer(Lane& lane, std::span<const Outgoing> batch);
  static uint64_t delivered(const Lane& lane);
  void note_delivered(Lane& lane);
  bool catch_up(Lane& lane, uint64_t until);
  Status flush(Lane& lane, DurationMs wait);
  uint64_t depth_of(const Lane& lane) const;
  Engine& engine_;
  std::vector<Lane> lanes_;
  std::vector<Outgoing> scratch_;
  LatencyHistogram latency_;
  CommitTimes times_;  // live
};

}  // namespace tocsin::runtime
