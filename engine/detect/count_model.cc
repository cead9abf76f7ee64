#include "detect/count_model.h"

#include <algorithm>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>

namespace tocsin::detect {
namespace {

namespace policies = boost::math::policies;
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>,
                     policies::discrete_quantile<policies::integer_round_nearest>>;

double share(double p) { return std::isnan(p) ? kUnknown : std::clamp(p, 0.0, 1.0); }

}  // namespace

double count_p(const CountPast& past, double observed) {
  const double mu = past.expected();
  const double r = mu / (past.dispersion * (1 + 1 / past.spans) - 1);
  if (observed > mu) return share(boost::math::ibeta(observed, r, mu / (r + mu), Quiet()));
  return share(boost::math::ibeta(r, observed + 1, r / (r + mu), Quiet()));
}

double ratio_p(Share now, Share reference, bool rise) {
  const uint64_t all = uint64_t{now.a} + now.rest + reference.a + reference.rest;
  const uint32_t drawn = now.a + now.rest, hits = now.a + reference.a;
  if (drawn == 0 || drawn == all || all > INT32_MAX) return kUnknown;
  const boost::math::hypergeometric_distribution<double, Quiet> table(hits, drawn, static_cast<unsigned>(all));
  if (!rise) return share(cdf(table, now.a));
  const uint64_t least = uint64_t{hits} + drawn > all ? hits + drawn - all : 0;
  if (now.a <= least) return 1;
  return share(cdf(complement(table, now.a - 1)));
}

double average_p(const Moments& now, const Moments& reference) {
  if (now.n < 2 || reference.n < 2) return kUnknown;
  const double a = now.variance / now.n, b = reference.variance / reference.n;
  const double difference = std::abs(now.mean - reference.mean);
  if (a + b <= 0) return difference > 0 ? 0 : 1;
  const double degrees = (a + b) * (a + b) / (a * a / (now.n - 1) + b * b / (reference.n - 1));
  const boost::math::students_t_distribution<double, Quiet> t(degrees);
  return share(cdf(complement(t, difference / std::sqrt(a + b))));
}

}  // namespace tocsin::detect
