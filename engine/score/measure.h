#pragma once
// What scorecards count, and the key under which a count is kept: (day, spot, sort, measure), packed into 64 bits so
// that sorting keys sorts by them in this order.
//
// README.md of this folder defines every measure in words, in English and Chinese.
#include <cstdint>

#include "base/clock.h"
#include "score/spread.h"

namespace tocsin::score {

using Measure = uint16_t;
namespace measure {
inline constexpr Measure kReport = 0;        // a report
inline constexpr Measure kReportOnSpot = 1;  // a report that says that it is dealt with, of no case: a matter, closed
inline constexpr Measure kFirstReport = 2;   // of a risk that was confirmed
inline constexpr Measure kRepeat = 3;      // a report of a place that had one of the same trouble in the 30 days before
inline constexpr Measure kSatisfied = 4;   // … 8: an answer of 1 … 5
inline constexpr Measure kOpen = 10;       // a matter that was never closed
inline constexpr Measure kOpenAgain = 11;  // a matter that was closed and is open
inline constexpr Measure kClosed = 12;  // … 16: a matter that is closed, by a tier not told, grid, village, town, city
inline constexpr Measure kReopened = 17;   // a matter that was reopened at least once
inline constexpr Measure kDueMet = 18;     // a stage's deadline, kept
inline constexpr Measure kDueMissed = 19;  // …, not kept
inline constexpr Measure kAlert = 20;      // … 23: an alert by its greatest severity, blue first
inline constexpr Measure kAlertTrue = 24, kAlertFalse = 25, kAlertDuplicate = 26;  // outcomes
inline constexpr Measure kResponse = 32;                                           // + bucket of seconds
inline constexpr Measure kClosing = kResponse + spread::kBuckets;
inline constexpr Measure kLead = kClosing + spread::kBuckets;
inline constexpr Measure kEnd = kLead + spread::kBuckets;
}  // namespace measure

using SpotId = uint32_t;  // see names.h
using SortId = uint16_t;
using Key = uint64_t;

inline constexpr int kDayBits = 15, kSpotBits = 24, kSortBits = 14, kMeasureBits = 11;
// Alerts have numbers of their own, so that when an alert is told does not matter to those of events.
inline constexpr SpotId kAlertSpot = 1u << (kSpotBits - 1);
inline constexpr SortId kAlertSort = 1u << (kSortBits - 1);
inline constexpr uint32_t kMaxSpots = 1'000'000;         // of events, and of alerts
inline constexpr uint32_t kMaxSorts = kAlertSort;        // likewise
inline constexpr int64_t kMaxDay = (1 << kDayBits) - 1;  // days from 1970-01-01: to 2059
static_assert(measure::kEnd <= 1 << kMeasureBits);
static_assert(kMaxSpots <= kAlertSpot);
static_assert(kDayBits + kSpotBits + kSortBits + kMeasureBits == 64);

constexpr Key key_of(int64_t day, SpotId spot, SortId sort, Measure m) {
  return static_cast<Key>(day) << (64 - kDayBits) | static_cast<Key>(spot) << (kSortBits + kMeasureBits) |
         static_cast<Key>(sort) << kMeasureBits | m;
}
constexpr int64_t day_of(Key k) { return static_cast<int64_t>(k >> (64 - kDayBits)); }
constexpr SpotId spot_of(Key k) {
  return static_cast<SpotId>(k >> (kSortBits + kMeasureBits)) & ((1u << kSpotBits) - 1);
}
constexpr SortId sort_of(Key k) { return static_cast<SortId>((k >> kMeasureBits) & ((1u << kSortBits) - 1)); }
constexpr Measure measure_of(Key k) { return static_cast<Measure>(k & ((1u << kMeasureBits) - 1)); }

}  // namespace tocsin::score
