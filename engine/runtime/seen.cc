#include "runtime/seen.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {
constexpr DurationMs kDayMs = 86'400'000;
constexpr uint16_t kGone = UINT16_MAX;  // a route of a rule that is no longer there
int64_t day_number(TimeMs t) { return t >= 0 ? t / kDayMs : (t - kDayMs + 1) / kDayMs; }
}  // namespace

Seen::Day& Seen::day_of(TimeMs time) {
  const int64_t n = day_number(time);
  if (last_day_ == nullptr || n != last_day_number_) {
    last_day_ = &days_[n];
    last_day_number_ = n;
  }
  return *last_day_;
}

std::span<const Route> Seen::routes(const Entry& entry) const {
  const auto it = days_.find(day_number(entry.time));
  if (it == days_.end()) return {};
  return std::span<const Route>(it->second.routes).subspan(entry.first_route, entry.routes);
}

void Seen::put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn) {
  Day& day = day_of(time);
  auto [it, fresh] = entries_.try_emplace(uid);
  if (!fresh && day_number(it->second.time) != last_day_number_) days_[day_number(it->second.time)].changed = true;
  if (fresh || day_number(it->second.time) != last_day_number_) day.uids.push_back(uid);
  it->second = {time, static_cast<uint32_t>(revision > UINT32_MAX ? UINT32_MAX : revision),
                static_cast<uint32_t>(day.routes.size()), 0, withdrawn};
  day.changed = true;
  open_ = &it->second;
  open_day_ = &day;
}

void Seen::add_route(uint16_t rule, const Hash128& key) {
  open_day_->routes.push_back({rule, key});
  ++open_->routes;
}

void Seen::forget_before(TimeMs horizon) {
  while (!days_.empty() && (days_.begin()->first + 1) * kDayMs <= horizon) {
    const auto day = days_.begin();
    for (const uint64_t uid : day->second.uids) {
      const auto it = entries_.find(uid);
      if (it != entries_.end() && day_number(it->second.time) == day->first) entries_.erase(it);
    }
    forgotten_.push_back(day->first);
    days_.erase(day);
    last_day_ = nullptr;
    open_ = nullptr;
    open_day_ = nullptr;
  }
}

size_t Seen::bytes() const {
  size_t n = entries_.capacity() * (sizeof(Entry) + sizeof(uint64_t) + 1);
  for (const auto& [number, day] : days_) n += day.uids.capacity() * 8 + day.routes.capacity() * sizeof(Route);
  return n;
}

void Seen::take_changed(std::vector<std::pair<int64_t, std::string>>& out) {
  for (const int64_t n : forgotten_) {
    if (!days_.contains(n)) out.emplace_back(n, std::string());
  }
  forgotten_.clear();
  for (auto& [number, day] : days_) {
    if (!day.changed) continue;
    day.changed = false;
    std::string bytes;
    Writer w(bytes);
    for (const uint64_t uid : day.uids) {
      const auto it = entries_.find(uid);
      if (it == entries_.end() || day_number(it->second.time) != number) continue;
      const Entry& e = it->second;
      w.fixed64(uid);
      w.zigzag(e.time);
      w.varint(e.revision);
      w.flag(e.withdrawn);
      w.varint(e.routes);
      for (const Route& r : routes(e)) {
        w.varint(r.rule);
        w.hash(r.key);
      }
    }
    out.emplace_back(number, std::move(bytes));
  }
}

Status Seen::load_day(int64_t day, std::string_view bytes) {
  Reader in(bytes);
  while (in.ok() && !in.at_end()) {
    const uint64_t uid = in.fixed64();
    const TimeMs time = in.zigzag();
    const uint64_t revision = in.varint();
    const bool withdrawn = in.flag();
    put(uid, time, revision, withdrawn);
    const uint64_t routes = in.varint();
    for (uint64_t i = 0; i < routes && in.ok(); ++i) {
      const auto rule = static_cast<uint16_t>(in.varint());
      add_route(rule, in.hash());
    }
  }
  if (const auto it = days_.find(day); it != days_.end()) it->second.changed = false;
  if (!in.ok()) return corrupt("the index of seen events for day " + std::to_string(day) + " does not decode");
  return {};
}

std::vector<Seen::Dropped> Seen::renumber(std::span<const int> map) {
  std::vector<Dropped> dropped;
  for (auto& [number, day] : days_) {
    for (size_t i = 0; i < day.routes.size(); ++i) {
      Route& r = day.routes[i];
      const int to = r.rule < map.size() ? map[r.rule] : -1;
      if (to < 0 && r.rule != kGone) dropped.push_back({number, i, r.rule});
      r.rule = to < 0 ? kGone : static_cast<uint16_t>(to);
    }
    day.changed = true;
  }
  return dropped;
}

void Seen::renumber_back(std::span<const int> map, std::span<const Dropped> dropped) {
  std::vector<uint16_t> back;
  for (size_t i = 0; i < map.size(); ++i) {
    if (map[i] < 0) continue;
    back.resize(std::max(back.size(), static_cast<size_t>(map[i]) + 1), kGone);
    back[static_cast<size_t>(map[i])] = static_cast<uint16_t>(i);
  }
  for (auto& [number, day] : days_) {
    for (Route& r : day.routes) r.rule = r.rule < back.size() ? back[r.rule] : kGone;
    day.changed = true;
  }
  for (const Dropped& d : dropped) days_.at(d.day).routes[d.index].rule = d.rule;
}

// Routes of one event lie together, so those that are known are copied behind the others; the days are written
// compactly.
std::vector<Seen::Added> Seen::add_routes(const Seen& other, std::span<const int> map) {
  std::vector<Added> added;
  std::vector<Route> routes_of_event;
  for (const auto& [number, day] : other.days_) {
    for (const uint64_t uid : day.uids) {
      const Entry* theirs = other.find(uid);
      if (theirs == nullptr || day_number(theirs->time) != number) continue;
      const Entry* ours = find(uid);
      if (ours != nullptr && theirs->routes == 0) continue;
      routes_of_event.clear();
      std::optional<Entry> before;
      if (ours != nullptr) {
        before = *ours;
        const auto known = routes(*ours);
        routes_of_event.assign(known.begin(), known.end());
      }
      for (const Route& r : other.routes(*theirs)) {
        const int to = r.rule < map.size() ? map[r.rule] : -1;
        const Route here{static_cast<uint16_t>(to), r.key};
        const auto same = [&](const Route& known) { return known.rule == here.rule && known.key == here.key; };
        if (to >= 0 && std::ranges::none_of(routes_of_event, same)) routes_of_event.push_back(here);
      }
      added.push_back({uid, before});
      const Entry& last = before.has_value() ? *before : *theirs;
      put(uid, last.time, last.revision, last.withdrawn);
      for (const Route& r : routes_of_event) add_route(r.rule, r.key);
    }
  }
  open_ = nullptr;
  return added;
}

void Seen::take_back(std::span<const Added> added) {
  for (auto it = added.rbegin(); it != added.rend(); ++it) {
    if (it->before.has_value()) {
      entries_.at(it->uid) = *it->before;
    } else {
      entries_.erase(it->uid);
    }
  }
}

}  // namespace tocsin::runtime
