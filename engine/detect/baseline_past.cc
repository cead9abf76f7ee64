// kind: baseline. What a bucket is compared with, and what is measured in it.
#include <algorithm>
#include <array>
#include <cmath>

#include "detect/baseline.h"

namespace tocsin::detect {

// The first bucket that the past of `bucket` may use: the one in which the key was first heard of is not a whole one.
int64_t Baseline::known_from(int64_t bucket) const {
  const int64_t oldest = span_begin(bucket) - history_;
  for (const auto& e : n_.entries()) {
    if (e.at >= oldest) return e.at > oldest ? e.at + 1 : e.at;
  }
  return INT64_MAX;
}

// Calls f(from, to) for the comparable spans, latest first; answers whether they are enough.
template <typename F>
bool Baseline::each_comparable(int64_t bucket, F&& f) const {
  const int64_t step = plan_.hour_of_week ? buckets_.a_week() : span_;
  const int64_t all = history_ / step, from = known_from(bucket);
  int64_t known = 0;
  for (int64_t j = 1; j <= all; ++j) {
    const int64_t end = bucket - j * step;
    if (span_begin(end) < from) break;
    ++known;
    if (span_ > 1 || buckets_.exists(end)) f(span_begin(end), end + 1);
  }
  return known >= 2 && known * 2 >= all;
}

// The index of dispersion of all hours of the week over the weeks before `bucket`, pooled.
double Baseline::dispersion(int64_t bucket, int64_t weeks) const {
  const int64_t week = buckets_.a_week();
  std::array<double, 7 * 24> sum{}, square{};
  for (const auto& e : n_.entries()) {
    if (e.at < bucket - weeks * week) continue;
    if (e.at >= bucket) break;
    const auto cell = static_cast<size_t>((e.at - bucket + weeks * week) % week);
    sum[cell] += e.value;
    square[cell] += static_cast<double>(e.value) * e.value;
  }
  const auto m = static_cast<double>(weeks);
  double spread = 0, mean = 0;
  for (size_t c = 0; c < static_cast<size_t>(week); ++c) {
    spread += square[c] - sum[c] * sum[c] / m;
    mean += sum[c] / m;
  }
  return mean > 0 ? std::max(1.0, spread / ((m - 1) * mean)) : 1.0;
}

Baseline::Past Baseline::fit(int64_t bucket) const {
  Past out;
  out.bucket = bucket;
  uint64_t n = 0;
  Int128 sum = 0, square = 0;
  double squares = 0;
  const auto take = [&](int64_t from, int64_t to) {
    if (plan_.measure == Measure::kCount) {
      const double x = n_.sum(from, to);
      out.counts.sum += x;
      squares += x * x;
      ++out.counts.spans;
    } else if (plan_.measure == Measure::kRatio) {
      const Share s = share(from, to);
      out.share.a += s.a;
      out.share.rest += s.rest;
      out.whole += n_.sum(from, to);
    } else {
      add_moments(from, to, n, sum, square);
    }
  };
  if (plan_.hour_of_week || plan_.measure == Measure::kCount) {
    out.known = each_comparable(bucket, take);
  } else {  // all that lies before the span
    const int64_t to = span_begin(bucket), from = std::max(known_from(bucket), to - history_);
    out.known = from < to && (to - from) * 2 >= history_;
    if (out.known) take(from, to);
  }
  const double m = out.counts.spans;
  if (out.known && plan_.measure == Measure::kCount && m > 1) {
    const double mean = out.counts.sum / m;
    const double own = mean > 0 ? std::max(1.0, (squares - m * mean * mean) / ((m - 1) * mean)) : 1.0;
    const bool pooled = plan_.hour_of_week && span_ == 1;
    out.counts.dispersion = pooled ? dispersion(bucket, static_cast<int64_t>(m)) : own;
  }
  if (n > 0) {
    const auto count = static_cast<double>(n);
    out.moments.n = count;
    out.moments.mean = static_cast<double>(sum) / count / kScale;
    const double centred = static_cast<double>(square) / count - std::pow(static_cast<double>(sum) / count, 2);
    if (n > 1) out.moments.variance = std::max(0.0, centred) / (kScale * kScale) * count / (count - 1);
  }
  return out;
}

const Baseline::Past& Baseline::past(int64_t bucket) const {
  if (past_.bucket != bucket) past_ = fit(bucket);
  return past_;
}

Share Baseline::share(int64_t from, int64_t to) const {
  return {a_.sum(from, to), n_.sum(from, to) - both_.sum(from, to)};
}

void Baseline::add_moments(int64_t from, int64_t to, uint64_t& n, Int128& sum, Int128& square) const {
  n += n_.sum(from, to);
  sum += sum_.sum(from, to);
  square += square_.sum(from, to);
}

// Without p.
Baseline::Figures Baseline::observe(int64_t bucket) const {
  const Past& before = past(bucket);
  const int64_t from = span_begin(bucket), to = bucket + 1;
  Figures f;
  f.n = n_.sum(from, to);
  if (plan_.measure == Measure::kCount) {
    f.observed = f.n;
    if (before.known) f.expected = before.counts.expected();
  } else if (plan_.measure == Measure::kRatio) {
    if (f.n > 0) f.observed = static_cast<double>(a_.sum(from, to)) / f.n;
    if (before.known && before.whole > 0) f.expected = before.share.a / before.whole;
  } else {
    if (f.n > 0) f.observed = static_cast<double>(sum_.sum(from, to)) / f.n / kScale;
    if (before.known && before.moments.n > 0) f.expected = before.moments.mean;
  }
  return f;
}

double Baseline::p_of(int64_t bucket, const Figures& f) const {
  const Past& before = past(bucket);
  if (!std::isfinite(f.observed) || !std::isfinite(f.expected)) return kUnknown;
  const int64_t from = span_begin(bucket), to = bucket + 1;
  if (plan_.measure == Measure::kCount) return count_p(before.counts, f.observed);
  if (plan_.measure == Measure::kRatio) return ratio_p(share(from, to), before.share, f.observed > f.expected);
  Moments now{static_cast<double>(f.n), f.observed, 0};
  if (f.n > 1) {
    const auto n = static_cast<double>(f.n), sum = static_cast<double>(sum_.sum(from, to));
    const double centred = static_cast<double>(square_.sum(from, to)) / n - (sum / n) * (sum / n);
    now.variance = std::max(0.0, centred) / (kScale * kScale) * n / (n - 1);
  }
  return average_p(now, before.moments);
}

}  // namespace tocsin::detect
