#include "time/format.h"

#include <absl/time/time.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace tocsin {
namespace {

// The years of which a zone keeps its clock changes in a table; outside them it asks the library.
constexpr TimeMs kTableBegin = 315'532'800'000;    // 1980-01-01
constexpr TimeMs kTableEnd = 4'133'980'800'000;    // 2101-01-01
constexpr int64_t kMaxLocal = kTableEnd - kDayMs;  // a local time below it is inside the table whatever the offset
constexpr int64_t kMinLocal = kTableBegin + kDayMs;

}  // namespace

// Howard Hinnant's civil algorithms: proleptic Gregorian, any year that fits.
int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2;
  const int64_t era = floor_div(year, 400);
  const int64_t yoe = year - era * 400;
  const int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

CivilDay civil_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = floor_div(days, 146'097);
  const int64_t doe = days - era * 146'097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  const int month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  return {yoe + era * 400 + (month <= 2), month, day};
}

struct TimeZone::Impl {
  struct Change {
    TimeMs at;          // from this instant on …
    int64_t offset_ms;  // … this offset holds
    int64_t local_end;  // local times below it (and not below an earlier entry's) take this offset
  };
  std::string name;
  absl::TimeZone zone;
  std::vector<Change> changes;  // the first entry's `at` is the beginning of time

  const Change& at(TimeMs t) const {
    auto it = std::upper_bound(changes.begin(), changes.end(), t, [](TimeMs v, const Change& c) { return v < c.at; });
    return *std::prev(it);
  }
  void fill();
};

void TimeZone::Impl::fill() {
  const auto offset_at = [&](TimeMs t) -> int64_t { return zone.At(absl::FromUnixMillis(t)).offset * int64_t{1000}; };
  changes.push_back({std::numeric_limits<TimeMs>::min(), offset_at(kTableBegin), 0});
  absl::Time t = absl::FromUnixMillis(kTableBegin);
  for (absl::TimeZone::CivilTransition change; zone.NextTransition(t, &change);) {
    // NextTransition answers civil times only: a clock set forward skips `from`, one set back repeats `to`.
    const auto from = zone.At(change.from);
    t = from.kind == absl::TimeZone::TimeInfo::UNIQUE ? zone.At(change.to).trans : from.trans;
    const TimeMs at = absl::ToUnixMillis(t);
    if (at >= kTableEnd) break;
    const int64_t offset = offset_at(at);
    if (offset == changes.back().offset_ms) continue;
    changes.back().local_end = at + std::max(offset, changes.back().offset_ms);
    changes.push_back({at, offset, 0});
  }
  changes.back().local_end = std::numeric_limits<int64_t>::max();
}

Result<TimeZone> TimeZone::load(std::string_view name) {
  static std::mutex mutex;
  static auto& zones = *new std::map<std::string, std::unique_ptr<const Impl>, std::less<>>();
  const std::lock_guard lock(mutex);
  auto it = zones.find(name);
  if (it == zones.end()) {
    auto impl = std::make_unique<Impl>();
    impl->name = std::string(name);
    if (name == "UTC" || name == "Z") {
      impl->zone = absl::UTCTimeZone();
    } else if (name.empty() || !absl::LoadTimeZone(impl->name, &impl->zone)) {
      return invalid("no time zone is named \"" + impl->name + "\"; write an IANA name such as Asia/Shanghai or UTC");
    }
    impl->fill();
    it = zones.emplace(impl->name, std::move(impl)).first;
  }
  TimeZone zone;
  zone.impl_ = it->second.get();
  return zone;
}

TimeZone TimeZone::utc() {
  static const TimeZone zone = load("UTC").value();
  return zone;
}

TimeMs TimeZone::from_civil(int64_t year, int month, int day, int hour, int minute, int second, int millisecond) const {
  const int64_t local =
      days_from_civil(year, month, day) * kDayMs + ((hour * int64_t{60} + minute) * 60 + second) * 1000 + millisecond;
  if (local < kMinLocal || local >= kMaxLocal) {
    const absl::CivilSecond civil(year, month, day, hour, minute, second);
    return absl::ToUnixMillis(impl_->zone.At(civil).pre) + millisecond;
  }
  const auto& changes = impl_->changes;
  if (changes.size() == 1) return local - changes[0].offset_ms;
  auto it = std::upper_bound(changes.begin(), changes.end(), local,
                             [](int64_t v, const Impl::Change& c) { return v < c.local_end; });
  return local - it->offset_ms;
}

DurationMs TimeZone::offset(TimeMs t) const {
  if (t >= kTableBegin && t < kTableEnd) return impl_->at(t).offset_ms;
  return impl_->zone.At(absl::FromUnixMillis(t)).offset * DurationMs{1000};
}

TimeZone::Civil TimeZone::to_civil(TimeMs t) const {
  const int64_t local = t + offset(t);
  const int64_t days = floor_div(local, kDayMs);
  const int in_day = static_cast<int>(local - days * kDayMs);
  const CivilDay date = civil_from_days(days);
  Civil c{};
  c.year = date.year;
  c.month = date.month;
  c.day = date.day;
  c.hour = in_day / kHourMs;
  c.minute = in_day / 60'000 % 60;
  c.second = in_day / 1000 % 60;
  c.millisecond = in_day % 1000;
  c.weekday = weekday_of(days);
  c.yearday = static_cast<int>(days - days_from_civil(date.year, 1, 1)) + 1;
  return c;
}

const std::string& TimeZone::name() const { return impl_->name; }

int weekday_of(int64_t days) { return static_cast<int>((days + 3) - floor_div(days + 3, 7) * 7) + 1; }

}  // namespace tocsin
