#pragma once
// Rules over a log, in event time, to its end, on an engine that keeps nothing.
#include <functional>
#include <string>
#include <vector>

#include "connectors/backtest/labels.h"
#include "connectors/backtest/story.h"
#include "connectors/backtest/sweep.h"
#include "runtime/pipeline.h"

namespace tocsin::backtest {

struct Log {
  runtime::Source* source = nullptr;
  std::function<runtime::Decoder*(uint32_t partition)> decoder;
  // After the source was sought, before it is read; may be empty.
  std::function<Status()> before_reading;
};

struct RunOptions {
  TimeZone zone = TimeZone::utc();
  uint32_t shards = 1;
  bool keep_events = false;             // for compare()
  bool keep_words = false;              // the alerts' summaries, for Telling::alerts
  std::function<bool(uint64_t)> go_on;  // asked after each batch with the number of events read; false: stop
};

struct Ran {
  std::vector<Story> stories;              // in the order in which they opened
  TimeMs first = kNoTime, last = kNoTime;  // event times; kNoTime: no event
  runtime::Totals totals;
  std::vector<runtime::RuleCounters> counters;  // by rule of the trial's set
  std::vector<std::string> damage;              // parts of the input that could not be read
  std::string rejection;                        // of the first record that was rejected: its place and why; or empty
  bool stopped = false;
  // At least one day, so that a short log does not make an alert a hundred a day.
  double days() const;
};

// How many events the column's rule looked at; of values that share their rows, each the same.
uint64_t matches_of(const Trial& trial, const Ran& ran, const Column& column);

// `labels` may be null. kInvalid, kNotFound: the input; else it could not go on.
Result<Ran> run(const Trial& trial, const Log& log, const Labels* labels, const RunOptions& options);

}  // namespace tocsin::backtest
