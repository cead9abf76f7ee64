#pragma once
// How probable so much, or so little, is by comparable measurements of the past. Pure; the special functions are
// Boost.Math's. Every p is one-sided: of the side of its expectation on which the observation lies.
//
// Counts. X_1 … X_m are the comparable counts. With Jeffreys' prior Gamma(1/2, 0) on a Poisson rate the next count is
// negative binomial with mean mu = (ΣX + 1/2) / m and variance mu (1 + 1/m) (Gelman et al., Bayesian Data Analysis,
// 3rd ed., 2.6). Real counts vary more than Poisson's: the variance is multiplied by the index of dispersion phi, by
// the method of moments (Johnson, Kemp, Kotz, Univariate Discrete Distributions, 3rd ed., 5.8), never below 1, and the
// next count is the negative binomial of that mean and variance: r = mu / (phi (1 + 1/m) - 1).
//   P(Y >= y) = I_{mu/(r+mu)}(y, r),   P(Y <= y) = I_{r/(r+mu)}(r, y + 1)   (regularised incomplete beta)
//
// Ratios a/b. `a` counts what has happened, `rest` what counts for b alone. Under the hypothesis that the odds a : rest
// are those of the reference, a is hypergeometric given the table's margins: Fisher's exact test, one-sided (Agresti,
// Categorical Data Analysis, 3rd ed., 3.5). It is exact for shares (every a is a b) and for two independent streams.
//
// Averages: Welch's t-test, one-sided (Welch 1947).
#include <cstdint>

namespace tocsin::detect {

inline constexpr double kUnknown = -1;  // a p that cannot be told

struct CountPast {
  double sum = 0;         // of the comparable counts
  double spans = 0;       // how many; at least 1
  double dispersion = 1;  // at least 1
  double expected() const { return (sum + 0.5) / spans; }
};
double count_p(const CountPast& past, double observed);

struct Share {
  uint32_t a = 0, rest = 0;
};
double ratio_p(Share now, Share reference, bool rise);

struct Moments {
  double n = 0, mean = 0, variance = 0;  // sample variance, 0 for n < 2
};
double average_p(const Moments& now, const Moments& reference);

}  // namespace tocsin::detect
