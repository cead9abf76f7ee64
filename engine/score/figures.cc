#include "score/figures.h"

#include <algorithm>
#include <utility>

#include "score/spread.h"

namespace tocsin::score {

Share Figures::share(uint64_t part, uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

uint64_t Figures::satisfaction_n() const {
  uint64_t n = 0;
  for (const uint64_t v : satisfied) n += v;
  return n;
}

std::optional<double> Figures::satisfaction() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < satisfied.size(); ++i) sum += satisfied[i] * (i + 1);
  return share(sum, satisfaction_n());
}

Adder::Adder(Figures& to, size_t channels, size_t categories) : f_(to) {
  f_.by_channel.resize(channels);
  f_.by_category.resize(categories);
  f_.opened_closed.resize(channels);
}

void Adder::add(uint16_t channel, uint16_t category, uint8_t grade, Measure m, int64_t n) {
  const auto count = static_cast<uint64_t>(n);  // wraps back when what was taken away is added
  const auto matter = [&](bool closed, bool ever, size_t tier) {
    f_.opened += count;
    f_.opened_closed[channel].first += count;
    if (ever) f_.ever_closed += count;
    if (!closed) return;
    f_.closed += count;
    f_.opened_closed[channel].second += count;
    f_.settled_at[tier] += count;
  };
  if (m == measure::kReport || m == measure::kReportOnSpot) {
    f_.reports += count;
    f_.by_channel[channel] += count;
    f_.by_category[category] += count;
    f_.by_grade[grade] += count;
    if (m == measure::kReport) return;
    f_.on_spot += count;
    return matter(true, true, grade);
  }
  if (m >= measure::kLead) {
    lead_.add(static_cast<uint16_t>(m - measure::kLead), n);
  } else if (m >= measure::kClosing) {
    closing_.add(static_cast<uint16_t>(m - measure::kClosing), n);
  } else if (m >= measure::kResponse) {
    response_.add(static_cast<uint16_t>(m - measure::kResponse), n);
  } else if (m >= measure::kSatisfied && m < measure::kSatisfied + 5) {
    f_.satisfied[m - measure::kSatisfied] += count;
  } else if (m >= measure::kClosed && m < measure::kClosed + 5) {
    matter(true, true, m - measure::kClosed);
  } else if (m >= measure::kAlert && m < measure::kAlert + 4) {
    f_.alerts[m - measure::kAlert] += count;
  } else if (m == measure::kOpen || m == measure::kOpenAgain) {
    matter(false, m == measure::kOpenAgain, 0);
  } else {
    add_plain(m, count);
  }
}

// Measures that are a figure by themselves.
void Adder::add_plain(Measure m, uint64_t count) {
  constexpr std::pair<Measure, uint64_t Figures::*> kPlain[] = {
      {measure::kFirstReport, &Figures::first_reports}, {measure::kRepeat, &Figures::repeats},
      {measure::kReopened, &Figures::reopened},         {measure::kDueMet, &Figures::due_met},
      {measure::kDueMissed, &Figures::due_missed},      {measure::kAlertTrue, &Figures::alerts_true},
      {measure::kAlertFalse, &Figures::alerts_false},   {measure::kAlertDuplicate, &Figures::alerts_duplicate}};
  for (const auto& [of, member] : kPlain) {
    if (of == m) f_.*member += count;
  }
}

void Adder::finish() {
  f_.response = response_.durations();
  f_.closing = closing_.durations();
  f_.lead = lead_.durations();
}

void Histogram::add(uint16_t bucket, int64_t n) {
  if (counts_.empty() && few_.size() < kFew) {
    few_.emplace_back(bucket, n);
    return;
  }
  if (counts_.empty()) {
    counts_.resize(spread::kBuckets);
    for (const auto& [b, of] : few_) counts_[b] += of;
    few_ = {};
  }
  counts_[bucket] += n;
}

Durations Histogram::durations() const {
  std::vector<int64_t> all = counts_;
  all.resize(spread::kBuckets);
  for (const auto& [bucket, n] : few_) all[bucket] += n;
  std::vector<std::pair<uint16_t, uint64_t>> counts;
  Durations d;
  for (size_t bucket = 0; bucket < all.size(); ++bucket) {
    if (all[bucket] <= 0) continue;
    counts.emplace_back(static_cast<uint16_t>(bucket), static_cast<uint64_t>(all[bucket]));
    d.n += counts.back().second;
  }
  if (d.n == 0) return d;
  d.median = spread::quantile(counts, 0.5);
  d.p90 = spread::quantile(counts, 0.9);
  return d;
}

}  // namespace tocsin::score
