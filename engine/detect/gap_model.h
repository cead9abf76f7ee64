#pragma once
// How probable so long a silence is, by a key's own history. Pure.
//
// Model. Events are a Poisson process whose rate follows the day of the week and the hour of the day, known but for its
// level: rate(t) = level · day(weekday) · hour(hour). In *operational time*, the integral of day · hour, the process is
// homogeneous. With N events in operational time T of history and Jeffreys' prior Gamma(1/2, 0) on the level, the level
// is Gamma(N + 1/2, T), and the probability of no event during a gap g of operational time is the Gamma-Poisson
// predictive (a Lomax tail; Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6 and 2.8):
//
//   P(silent for g) = (T / (T + g)) ^ (N + 1/2)
//
// - The history is the `days` whole local days before the day of the last event; of a younger key those after the day
//   of its first event, which is not a whole one. It is enough with kLeastEvents events on at least kLeastDays days, a
//   quarter of `days`; before that nothing is known and nothing fires.
// - day and hour are posterior means with one pseudo-event each: day(w) = (c_w + 1) / (n_w · N/days + 1), n_w being how
//   many such days there were, and hour(h) = 24 (c_h + 1) / (N + 24). So a source that sleeps at night and at weekends
//   is not missed then.
// - Events come in bursts: N is divided by the index of dispersion of the days, Pearson's X² / (days - 7) against the
//   days' expectations, where it exceeds 1 and there are kDispersionDays days (quasi-Poisson; McCullagh and Nelder,
//   Generalized Linear Models, 2nd ed., 4.5). This only makes silences more probable.
// A gap is measured with the zone's offset at its beginning: a clock change inside it shifts the hours, not the time.
#include <array>

#include "base/clock.h"
#include "detect/series.h"

namespace tocsin::detect {

class GapModel {
 public:
  static constexpr int64_t kLeastEvents = 8, kLeastDays = 7, kDispersionDays = 14;

  // `hours`: events by local hour (hours since 1970 on the local clock); `day`: local day of the last event.
  static GapModel fit(const Series<uint32_t>& hours, int64_t day, int64_t days);
  bool known() const { return shape_ > 0; }
  int64_t day() const { return day_; }
  // That nothing came from `last` to `t`, both milliseconds on the local clock, last <= t. Precondition: known().
  double probability(TimeMs last, TimeMs t) const;
  // The least number of milliseconds after which probability() < p; kNever beyond a century. Preconditions: known(),
  // 0 < p < 1.
  DurationMs gap(TimeMs last, double p) const;
  // No gap of fewer milliseconds has probability() < p, wherever in the week it begins.
  DurationMs least_gap(double p) const;

 private:
  double passed(TimeMs t, int64_t base_week) const;
  TimeMs instant(double passed, int64_t base_week) const;

  int64_t day_ = 0;
  double shape_ = 0;                                   // N / dispersion + 1/2; 0: not known
  double span_ = 0;                                    // T, operational milliseconds
  double most_ = 1;                                    // greatest of day · hour
  double week_ = 0;                                    // operational milliseconds of a week
  std::array<double, 7> day_factor_{}, before_day_{};  // from Monday
  std::array<double, 24> hour_factor_{}, before_hour_{};
};

}  // namespace tocsin::detect
