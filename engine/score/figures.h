#pragma once
// The figures of one row of a scorecard: what its counts add up to. README.md defines each in words.
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "score/measure.h"

namespace tocsin::score {

// A share, or none where there is nothing to divide by.
using Share = std::optional<double>;

struct Durations {
  uint64_t n = 0;
  std::optional<double> median, p90;  // seconds, within 2 %
};

struct Figures {
  uint64_t reports = 0;
  std::vector<uint64_t> by_channel, by_category;  // by the numbers of Card::channels, Card::categories
  std::array<uint64_t, 5> by_grade{};             // 0: not told
  uint64_t opened = 0, closed = 0, ever_closed = 0, on_spot = 0, reopened = 0;
  std::vector<std::pair<uint64_t, uint64_t>> opened_closed;  // by channel
  std::array<uint64_t, 5> settled_at{};                      // by tier; 0: not told
  uint64_t due_met = 0, due_missed = 0;
  uint64_t repeats = 0, first_reports = 0;
  std::array<uint64_t, 5> satisfied{};  // answers of 1 … 5
  std::array<uint64_t, 4> alerts{};     // blue … red
  uint64_t alerts_true = 0, alerts_false = 0, alerts_duplicate = 0;
  Durations response, closing, lead;

  uint64_t alerts_opened() const { return alerts[0] + alerts[1] + alerts[2] + alerts[3]; }
  uint64_t satisfaction_n() const;
  Share disposal_rate() const { return share(closed, opened); }
  Share on_time_rate() const { return share(due_met, due_met + due_missed); }
  Share reopened_rate() const { return share(reopened, ever_closed); }
  Share repeat_rate() const { return share(repeats, reports); }
  std::optional<double> satisfaction() const;  // mean
  static Share share(uint64_t part, uint64_t whole);
};

// How many durations fell into each bucket. A few are kept as they come, many as a count a bucket, so that a year of a
// county takes no more room than a day of a grid does.
class Histogram {
 public:
  // `n` may be negative (taken back).
  void add(uint16_t bucket, int64_t n);
  Durations durations() const;

 private:
  static constexpr size_t kFew = 216;              // as large as all buckets' counts
  std::vector<std::pair<uint16_t, int64_t>> few_;  // in no order, a bucket any number of times
  std::vector<int64_t> counts_;                    // by bucket; empty: few_ holds them
};

// Adds up counts; then finish() once.
class Adder {
 public:
  Adder(Figures& to, size_t channels, size_t categories);
  // Of one sort: its channel and category by the numbers of the card, its grade. `n` may be negative (taken back).
  void add(uint16_t channel, uint16_t category, uint8_t grade, Measure m, int64_t n);
  void finish();

 private:
  void add_plain(Measure m, uint64_t count);
  Figures& f_;
  Histogram response_, closing_, lead_;
};

}  // namespace tocsin::score
