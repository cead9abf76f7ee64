#include "detect/gap_model.h"

#include <cmath>

namespace tocsin::detect {
namespace {

constexpr double kCentury = 36525.0 * static_cast<double>(kDayMs);

// 1970-01-01 was a Thursday; weeks from Monday.
int64_t week_of(int64_t day) { return floor_div(day + 3, 7); }
size_t weekday_of(int64_t day) { return static_cast<size_t>(day + 3 - 7 * week_of(day)); }

// What the history adds up to.
struct Margins {
  int64_t from = 0, to = 0;  // days
  double events = 0;
  std::array<double, 7> weekday{}, weekdays{};  // events on such days, and how many such days
  std::array<double, 24> hour{};
};

Margins margins_of(const Series<uint32_t>& hours, int64_t day, int64_t days) {
  Margins m;
  m.to = m.from = day;
  bool begun = false;
  for (const auto& e : hours.entries()) {
    const int64_t d = floor_div(e.at, 24);
    if (d < day - days) continue;
    if (d >= day) break;
    if (!begun) m.from = d > day - days ? d + 1 : d;
    begun = true;
    if (d < m.from) continue;
    m.events += e.value;
    m.weekday[weekday_of(d)] += e.value;
    m.hour[static_cast<size_t>(e.at - 24 * d)] += e.value;
  }
  for (int64_t d = m.from; d < m.to; ++d) ++m.weekdays[weekday_of(d)];
  return m;
}

// Pearson's X² of the days over its degrees of freedom, at least 1.
double dispersion(const Series<uint32_t>& hours, const Margins& m, const std::array<double, 7>& factor) {
  const auto days = m.to - m.from;
  if (days < GapModel::kDispersionDays) return 1;
  double total = 0;
  for (int64_t d = m.from; d < m.to; ++d) total += factor[weekday_of(d)];
  double x2 = 0;
  auto e = hours.entries().begin();
  while (e->at < m.from * 24) ++e;
  for (int64_t d = m.from; d < m.to; ++d) {
    double seen = 0;
    for (; e != hours.entries().end() && e->at < (d + 1) * 24; ++e) seen += e->value;
    const double expected = m.events * factor[weekday_of(d)] / total;
    x2 += (seen - expected) * (seen - expected) / expected;
  }
  return std::max(1.0, x2 / static_cast<double>(days - 7));
}

}  // namespace

GapModel GapModel::fit(const Series<uint32_t>& hours, int64_t day, int64_t days) {
  GapModel out;
  out.day_ = day;
  const Margins m = margins_of(hours, day, days);
  const int64_t known = m.to - m.from;
  if (m.events < static_cast<double>(kLeastEvents) || known < kLeastDays || known * 4 < days) return out;
  const double mean = m.events / static_cast<double>(known);
  for (size_t w = 0; w < 7; ++w) {
    out.day_factor_[w] = (m.weekday[w] + 1) / (m.weekdays[w] * mean + 1);
    out.before_day_[w] = out.week_;
    out.week_ += out.day_factor_[w] * static_cast<double>(kDayMs);
    out.span_ += m.weekdays[w] * out.day_factor_[w] * static_cast<double>(kDayMs);
  }
  double sum = 0, most = 0;
  for (size_t h = 0; h < 24; ++h) {
    out.hour_factor_[h] = 24 * (m.hour[h] + 1) / (m.events + 24);
    out.before_hour_[h] = sum;
    sum += out.hour_factor_[h];
    most = std::max(most, out.hour_factor_[h]);
  }
  out.most_ = most * *std::max_element(out.day_factor_.begin(), out.day_factor_.end());
  out.shape_ = m.events / dispersion(hours, m, out.day_factor_) + 0.5;
  return out;
}

// Operational milliseconds since the Monday that begins `base_week`.
double GapModel::passed(TimeMs t, int64_t base_week) const {
  const int64_t day = floor_div(t, kDayMs), week = week_of(day);
  const size_t w = weekday_of(day);
  const DurationMs in_day = t - day * kDayMs;
  const auto h = static_cast<size_t>(in_day / kHourMs);
  const double hours = before_hour_[h] + hour_factor_[h] * static_cast<double>(in_day % kHourMs) / double{kHourMs};
  return static_cast<double>(week - base_week) * week_ + before_day_[w] + day_factor_[w] * hours * double{kHourMs};
}

// The other way round, rounded up.
TimeMs GapModel::instant(double passed, int64_t base_week) const {
  const double weeks = std::floor(passed / week_);
  double left = passed - weeks * week_;
  size_t w = 6;
  while (w > 0 && before_day_[w] > left) --w;
  left = (left - before_day_[w]) / (day_factor_[w] * double{kHourMs});
  size_t h = 23;
  while (h > 0 && before_hour_[h] > left) --h;
  const double hours = static_cast<double>(h) + std::min(1.0, (left - before_hour_[h]) / hour_factor_[h]);
  const int64_t monday = 7 * (base_week + static_cast<int64_t>(weeks)) - 3;
  return (monday + static_cast<int64_t>(w)) * kDayMs + static_cast<DurationMs>(std::ceil(hours * double{kHourMs}));
}

double GapModel::probability(TimeMs last, TimeMs t) const {
  const int64_t base = week_of(floor_div(last, kDayMs));
  return std::exp(-shape_ * std::log1p(std::max(0.0, passed(t, base) - passed(last, base)) / span_));
}

DurationMs GapModel::gap(TimeMs last, double p) const {
  const int64_t base = week_of(floor_div(last, kDayMs));
  const double needed = span_ * std::expm1(-std::log(p) / shape_);
  if (!(needed / week_ * 7 * double{kDayMs} < kCentury)) return kNever;
  TimeMs t = std::max(last, instant(passed(last, base) + needed, base));
  while (probability(last, t) >= p) ++t;  // to the millisecond, whatever rounding did
  while (t > last && probability(last, t - 1) < p) --t;
  return t - last;
}

DurationMs GapModel::least_gap(double p) const {
  const double needed = span_ * std::expm1(-std::log(p) / shape_) / most_;
  return needed < kCentury ? static_cast<DurationMs>(needed * (1 - 1e-9)) : kNever;
}

}  // namespace tocsin::detect
