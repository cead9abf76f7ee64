#include "background.h"

#include <algorithm>

namespace tocsin::simulate {
namespace {

constexpr DurationMs kWetEvery = 5 * kMinute;
constexpr uint16_t kFloodedFrom = 150;  // tenths of a centimetre: above it a reading is evidence

int32_t upload_delay(Random& random) {
  const uint32_t dice = random.below(1000);
  if (dice < 700) return static_cast<int32_t>(random.between(1, 20));
  if (dice < 930) return static_cast<int32_t>(random.between(20, 120));
  return static_cast<int32_t>(random.between(120, dice < 985 ? 360 : kMaxDelaySeconds));
}

// The water comes: a quick rise tells before the street is under water.
bool rising(const Flooded& f, TimeMs t) { return t > f.onset && t <= f.onset + 25 * kMinute; }

// Rises for 25 minutes, stands for 40, falls for 90.
int32_t depth_at(const Flooded& f, TimeMs t) {
  const int64_t minute = (t - f.onset) / kMinute;
  if (minute <= 0 || minute >= 155) return 0;
  if (minute < 25) return static_cast<int32_t>(f.peak * minute / 25);
  return minute < 65 ? f.peak : static_cast<int32_t>(f.peak * (155 - minute) / 90);
}

}  // namespace

Background::Background(const Profile& p, const Geography& g, const Courses& courses, const Plan& plan, const Quotas& q,
                       TimeMs start, int64_t hours, uint64_t first_case, Random& random)
    : p_(p),
      g_(g),
      courses_(courses),
      plan_(plan),
      civil_(p.utc_offset),
      start_(start),
      hours_(hours),
      cases_(first_case),
      random_(random) {
  const auto channel = [&](Source s, std::array<Mix, 4> mixes, std::vector<int64_t> counts) {
    Draw draw(std::move(counts));
    Pace pace(p.rhythms[static_cast<size_t>(s)], s, civil_, start, hours, draw.left(), plan.outages, random);
    channels_.push_back({s, mixes, std::move(draw), std::move(pace)});
  };
  channel(Source::kGrid, {Mix::kGrid, Mix::kSettled, Mix::kRewarded, Mix::kGrid3}, {q.grid.begin(), q.grid.end()});
  channel(Source::kPolice110, {Mix::kPolice110, Mix::kPolice110}, {q.police110.begin(), q.police110.end()});
  channel(Source::kVisit, {Mix::kVisit, Mix::kVisit}, {q.visits.begin(), q.visits.end()});
  channel(Source::kMediation, {Mix::kMediation}, {q.mediations});
  channel(Source::kHotline12345, {Mix::kHotline}, {q.hotline});
  channel(Source::kCityops, {Mix::kCityops}, {q.cityops});
  for (size_t mix = 0; mix < kMixes; ++mix)
    for (size_t month = 0; month < 12; ++month)
      for (size_t hour = 0; hour < 24; ++hour) {
        uint32_t sum = 0;
        for (const Category& c : p.categories) sums_.push_back(sum += c.weights[mix] * c.months[month] * c.hours[hour]);
      }
  for (uint32_t n = 1; n <= p.rain_sensors; ++n) rain_.push_back(sensor_place(p, g, true, n));
  for (uint32_t n = 1; n <= p.level_sensors; ++n) level_.push_back(sensor_place(p, g, false, n));
}

void Background::hour(int64_t i, std::vector<Matter>& out) {
  const TimeMs from = start_ + i * kHour;
  // Nothing happens in the last twenty minutes, so that all of it arrives and is dealt with before the end.
  const uint32_t seconds = i + 1 == hours_ ? 2400 : 3600;
  for (Channel& c : channels_)
    for (int64_t n = std::min(c.pace.in_hour(i), c.draw.left()); n > 0; --n) {
      const size_t kind = c.draw.next(random_);
      out.push_back(report(c, kind, from + random_.below(seconds) * kSecond));
    }
  readings(from, out);
}

uint16_t Background::pick_category(Mix mix, TimeMs at) {
  const size_t n = p_.categories.size();
  const size_t row = (static_cast<size_t>(mix) * 12 + civil_.month(at)) * 24 + civil_.hour(at);
  const auto first = sums_.begin() + static_cast<std::ptrdiff_t>(row * n),
             last = first + static_cast<std::ptrdiff_t>(n);
  const uint32_t all = *(last - 1);
  if (all > 0) return static_cast<uint16_t>(std::upper_bound(first, last, random_.below(all)) - first);
  // No category of this mix at this hour: the first that the mix has at all.
  for (size_t c = 0; c < n; ++c)
    if (p_.categories[c].weights[static_cast<size_t>(mix)] > 0) return static_cast<uint16_t>(c);
  return 0;
}

uint16_t Background::pick_grid(TimeMs at) {
  while (true) {
    const auto grid = static_cast<uint16_t>(random_.below(g_.grid_count()));
    const bool silent = std::any_of(plan_.silent.begin(), plan_.silent.end(), [&](const SilentGrid& s) {
      return s.grid == grid && at >= s.from && at < s.until;
    });
    if (!silent || g_.grid_count() == 1) return grid;
  }
}

Matter Background::report(const Channel& channel, size_t kind, TimeMs at) {
  Matter m;
  m.source = channel.source;
  m.at = at;
  m.delay_s = upload_delay(random_);
  m.category = pick_category(channel.mixes[kind], at);
  g_.settle(m, pick_grid(at), random_);
  m.text = static_cast<uint16_t>(random_.below(1000));
  m.text_seed = static_cast<uint32_t>(random_.next() >> 32);
  m.case_no = ++cases_;
  const Category& c = p_.categories[m.category];
  // Three of four grid reports are found on patrol: nobody complains.
  const bool patrol = m.source == Source::kGrid && kind != 1 && random_.chance(750);
  if (!patrol) m.reporter = static_cast<uint32_t>(random_.next() >> 33) | 1U;
  m.respondent_kind = c.respondent;
  if (c.respondent != PartyKind::kNobody) m.respondent = static_cast<uint32_t>(random_.next() >> 33) | 1U;
  m.grade = static_cast<uint8_t>(random_.chance(850) ? 3 : 4);
  if (m.source == Source::kGrid && kind < 2) {
    m.grade = static_cast<uint8_t>(random_.chance(720) ? 1 : 2);
    m.stage = Stage::kClosed;
    m.case_no = 0;  // no office takes it on
    m.settled = kind == 1;
    return m;
  }
  m.rewarded = m.source == Source::kGrid && kind == 2;
  const bool unsettled = kind == 1 && (m.source == Source::kPolice110 || m.source == Source::kVisit);
  if (m.source == Source::kHotline12345 || m.source == Source::kCityops) {
    m.grade = static_cast<uint8_t>(random_.between(2, 3));
    const uint32_t dice = random_.below(1000);
    m.aftermath = dice < 15   ? Aftermath::kSentTwice
                  : dice < 30 ? Aftermath::kRevised
                  : dice < 34 ? Aftermath::kWithdrawn
                              : Aftermath::kNothing;
  }
  if (m.aftermath == Aftermath::kWithdrawn) return m;
  if (unsettled) {
    courses_.plan(m, CourseKind::kUnsettled, random_);
  } else {
    courses_.plan_usual(m, random_);
  }
  courses_.fit(m);
  return m;
}

void Background::reading(Matter sensor, TimeMs at, int32_t value, int32_t scene, std::vector<Matter>& out) {
  if (at >= start_ + hours_ * kHour - 20 * kMinute || at < start_) return;
  sensor.at = at;
  sensor.delay_s = static_cast<int32_t>(random_.between(1, 15));
  sensor.reading = std::max(value, 0);
  sensor.scene = scene;
  if (random_.chance(4)) sensor.aftermath = Aftermath::kSentTwice;
  out.push_back(sensor);
}

void Background::readings(TimeMs from, std::vector<Matter>& out) {
  // A sign of life once a day; more only when it rains.
  for (const auto* sensors : {&rain_, &level_})
    for (const Matter& s : *sensors) {
      const TimeMs at =
          civil_.midnight(from) + static_cast<int64_t>(mix(s.place_number * 2 + (sensors == &rain_)) % 86400) * kSecond;
      if (at >= from && at < from + kHour) reading(s, at, static_cast<int32_t>(random_.skewed(0, 25)), -1, out);
    }
  for (const Storm& storm : plan_.storms) {
    const TimeMs dry = storm.until + 4 * kHour;  // when the last flooded sensor is
    if (from < dry && from + kHour > storm.from) stormy(storm, from, out);
  }
}

void Background::stormy(const Storm& storm, TimeMs from, std::vector<Matter>& out) {
  const int64_t length = storm.until - storm.from;
  for (TimeMs t = from; t < from + kHour; t += kWetEvery) {
    const bool raining = t >= storm.from && t < storm.until;
    if (raining) {
      // Up in the first third, down in the rest, each gauge its own share.
      const int64_t rise = (t - storm.from) * 3000 / length, fall = (storm.until - t) * 1500 / length;
      const int64_t share = std::min<int64_t>({rise, fall, 1000});
      for (const Matter& gauge : rain_) {
        const int64_t own =
            600 + static_cast<int64_t>(mix(gauge.place_number + static_cast<uint64_t>(storm.from)) % 401);
        const TimeMs at = t + gauge.place_number * 7 % 290 * kSecond;
        reading(gauge, at, static_cast<int32_t>(storm.peak * share * own / 1000000), -1, out);
      }
    }
    for (const Matter& s : level_) {
      const auto wet = std::find_if(storm.flooded.begin(), storm.flooded.end(),
                                    [&](const Flooded& f) { return f.sensor == s.place_number; });
      const TimeMs at = t + s.place_number * 11 % 290 * kSecond;
      if (wet == storm.flooded.end()) {
        if (raining && (t - from) % (30 * kMinute) == 0)
          reading(s, at, static_cast<int32_t>(random_.between(5, 40)), -1, out);
        continue;
      }
      const int32_t depth = depth_at(*wet, at) + static_cast<int32_t>(random_.between(0, 6));
      if (raining || depth > 6) reading(s, at, depth, depth > kFloodedFrom || rising(*wet, at) ? wet->scene : -1, out);
    }
  }
}

}  // namespace tocsin::simulate
