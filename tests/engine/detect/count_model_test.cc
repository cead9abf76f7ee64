// The count model against sums written out term by term.
#include "detect/count_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tocsin::detect {
namespace {

// The Gamma-Poisson predictive by integrating over the rate, without the negative binomial's formula.
double predictive(double sum, double spans, int y) {
  const double shape = sum + 0.5;
  double total = 0;
  const int steps = 200000;
  const double most = (shape + 12 * std::sqrt(shape) + 30) / spans, width = most / steps;
  for (int i = 0; i < steps; ++i) {
    const double rate = (i + 0.5) * width;
    const double gamma = shape * std::log(spans) - std::lgamma(shape) + (shape - 1) * std::log(rate) - spans * rate;
    total += std::exp(gamma + y * std::log(rate) - rate - std::lgamma(y + 1.0)) * width;
  }
  return total;
}

TEST(CountModel, IsTheGammaPoissonPredictive) {
  const CountPast past{24, 8, 1};
  double below = 0;
  for (int y = 0; y < 3; ++y) {
    below += predictive(24, 8, y);
    EXPECT_NEAR(count_p(past, y), below, 1e-6) << y;
  }
  double upto = 0;
  for (int y = 0; y < 10; ++y) {
    if (y > 3) {
      EXPECT_NEAR(count_p(past, y), 1 - upto, 1e-6) << y;
    }
    upto += predictive(24, 8, y);
  }
}

double log_choose(double n, double k) { return std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1); }

TEST(CountModel, DispersionWidensByMoments) {
  const CountPast past{80, 8, 3};
  const double mu = past.expected();
  double mean = 0, second = 0, before = 1;
  for (int y = 11; y < 400; ++y) {  // the tail's own differences are the probabilities
    const double tail = count_p(past, y);
    EXPECT_LE(tail, before);
    before = tail;
  }
  const double r = mu / (3 * (1 + 1.0 / 8) - 1), q = r / (r + mu);
  for (int y = 0; y < 2000; ++y) {
    const double p =
        std::exp(std::lgamma(y + r) - std::lgamma(r) - std::lgamma(y + 1.0) + r * std::log(q) + y * std::log1p(-q));
    mean += p * y;
    second += p * y * y;
  }
  EXPECT_NEAR(mean, mu, 1e-6);
  EXPECT_NEAR(second - mean * mean, 3 * mu * (1 + 1.0 / 8), 1e-4);
  double above = 0;
  for (int y = 30; y < 3000; ++y) {
    above +=
        std::exp(std::lgamma(y + r) - std::lgamma(r) - std::lgamma(y + 1.0) + r * std::log(q) + y * std::log1p(-q));
  }
  EXPECT_NEAR(count_p(past, 30), above, 1e-9);
}

TEST(CountModel, PIsHonest) {  // under its own hypothesis a p below x comes at most about x of the time
  std::mt19937_64 rng(1);
  for (const double rate : {0.5, 3.0, 40.0}) {
    std::poisson_distribution<int> draw(rate);
    int low = 0, all = 20000;
    for (int i = 0; i < all; ++i) {
      CountPast past{0, 8, 1};
      for (int j = 0; j < 8; ++j) past.sum += draw(rng);
      const double y = draw(rng);
      low += y > past.expected() && count_p(past, y) < 0.01 ? 1 : 0;
    }
    EXPECT_LT(low, all * 0.013) << rate;
  }
}

TEST(CountModel, RatioIsFishersExactTest) {
  const Share now{12, 18}, reference{240, 60};
  const double all = 12 + 18 + 240 + 60, hits = 252, drawn = 30;
  double below = 0, above = 0;
  for (int a = 0; a <= 30; ++a) {
    const double p = std::exp(log_choose(hits, a) + log_choose(all - hits, drawn - a) - log_choose(all, drawn));
    if (std::isfinite(p) && a <= 12) below += p;
    if (std::isfinite(p) && a >= 12) above += p;
  }
  EXPECT_NEAR(ratio_p(now, reference, false), below, 1e-12);
  EXPECT_NEAR(ratio_p(now, reference, true), above, 1e-9);
  EXPECT_LT(below, 1e-5);
  EXPECT_EQ(ratio_p({0, 0}, reference, false), kUnknown);
  EXPECT_EQ(ratio_p(now, {0, 0}, false), kUnknown);
  EXPECT_EQ(ratio_p({0, 5}, {10, 0}, true), 1);
  EXPECT_LT(ratio_p({3000, 2000}, {90000, 5000}, false), 1e-100);
}

TEST(CountModel, AveragesByWelch) {
  // Table values: t = 2.0 with 10 degrees of freedom, one-sided 0.03669.
  const Moments now{6, 3.0, 1.5}, reference{6, 4.0, 0};
  const double t = 1.0 / std::sqrt(1.5 / 6);
  EXPECT_NEAR(t, 2.0, 1e-12);
  EXPECT_NEAR(average_p(now, reference), 0.0509697, 1e-6);  // 5 degrees: all of the variance is the sample's
  EXPECT_NEAR(average_p({6, 3.0, 0.75}, {6, 4.0, 0.75}), 0.0366940, 1e-6);
  EXPECT_EQ(average_p({1, 3.0, 0}, reference), kUnknown);
  EXPECT_EQ(average_p({5, 3.0, 0}, {5, 3.0, 0}), 1);
}

}  // namespace
}  // namespace tocsin::detect
