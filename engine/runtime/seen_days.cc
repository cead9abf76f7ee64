#include "runtime/seen_days.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {
int64_t day_number(TimeMs t) { return t >= 0 ? t / kDayMs : (t - kDayMs + 1) / kDayMs; }
}  // namespace

SeenDays::Day& SeenDays::day_of(TimeMs time) {
  const int64_t n = day_number(time);
  if (last_day_ == nullptr || n != last_day_number_) {
    last_day_ = &days_[n];
    last_day_number_ = n;
  }
  return *last_day_;
}

std::span<const SeenDays::NumberedRoute> SeenDays::routes(const Entry& entry) const {
  const auto it = days_.find(day_number(entry.time));
  if (it == days_.end()) return {};
  return std::span<const NumberedRoute>(it->second.routes).subspan(entry.first_route, entry.routes);
}

bool SeenDays::put(uint64_t uid, TimeMs time, uint64_t revision, bool withdrawn) {
  Day& day = day_of(time);
  const auto [it, fresh] = entries_.try_emplace(uid);
  Entry& e = it->second;
  const bool moved = fresh || day_number(e.time) != last_day_number_;
  if (!fresh && moved) days_[day_number(e.time)].touch(e.at);
  if (moved) {
    e.at = static_cast<uint32_t>(day.uids.size());
    day.uids.push_back(uid);
  }
  e = {time,
       static_cast<uint32_t>(revision > UINT32_MAX ? UINT32_MAX : revision),
       static_cast<uint32_t>(day.routes.size()),
       e.at,
       0,
       withdrawn};
  day.touch(e.at);
  open_ = &e;
  open_day_ = &day;
  return fresh;
}

void SeenDays::add_route(uint32_t number, const Hash128& key) {
  open_day_->routes.push_back({number, key});
  ++open_->routes;
}

void SeenDays::erase(uint64_t uid) {
  const auto it = entries_.find(uid);
  if (it == entries_.end()) return;
  if (const auto day = days_.find(day_number(it->second.time)); day != days_.end()) day->second.touch(it->second.at);
  entries_.erase(it);
  open_ = nullptr;
  open_day_ = nullptr;
}

void SeenDays::forget_before(TimeMs horizon) {
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

void SeenDays::for_each(const std::function<void(uint64_t uid, const Entry&)>& f) const {
  for (const auto& [number, day] : days_) {
    for (size_t at = 0; at < day.uids.size(); ++at) {
      const Entry* e = find(day.uids[at]);
      if (e != nullptr && e->at == at && day_number(e->time) == number) f(day.uids[at], *e);
    }
  }
}

size_t SeenDays::bytes() const {
  size_t n = entries_.capacity() * (sizeof(Entry) + sizeof(uint64_t) + 1);
  for (const auto& [number, day] : days_) n += day.uids.capacity() * 8 + day.routes.capacity() * sizeof(NumberedRoute);
  return n;
}

std::string SeenDays::encode(const Day& day, int64_t number, size_t piece) const {
  std::string bytes;
  Writer w(bytes);
  const size_t end = std::min(day.uids.size(), (piece + 1) * kPiece);
  for (size_t at = piece * kPiece; at < end; ++at) {
    const Entry* e = find(day.uids[at]);
    if (e == nullptr || e->at != at || day_number(e->time) != number) continue;
    w.fixed64(day.uids[at]);
    w.zigzag(e->time);
    w.varint(e->revision);
    w.flag(e->withdrawn);
    w.varint(e->routes);
    for (const NumberedRoute& r : std::span(day.routes).subspan(e->first_route, e->routes)) {
      w.varint(r.number);
      w.hash(r.key);
    }
  }
  return bytes;
}

void SeenDays::take_changed(const Changes& told) {
  for (const int64_t n : forgotten_) told.forgotten(n);
  told_forgotten_ = std::exchange(forgotten_, {});
  told_pieces_.clear();
  for (auto& [number, day] : days_) {
    for (size_t piece = 0; piece < day.changed.size(); ++piece) {
      if (!day.changed[piece]) continue;
      day.changed[piece] = false;
      told_pieces_.emplace_back(number, static_cast<uint32_t>(piece));
      told.piece(number, static_cast<uint32_t>(piece), encode(day, number, piece));
    }
  }
}

void SeenDays::not_stored() {
  forgotten_.insert(forgotten_.end(), told_forgotten_.begin(), told_forgotten_.end());
  for (const auto& [number, piece] : told_pieces_) {
    if (const auto day = days_.find(number); day != days_.end()) day->second.touch(piece * kPiece);
  }
  told_forgotten_.clear();
  told_pieces_.clear();
}

// The places before this piece stay its own, though some of them are empty now.
Status SeenDays::load(int64_t day, uint32_t piece, std::string_view bytes) {
  const auto fault = [&] {
    return corrupt("the index of seen events for day " + std::to_string(day) + " does not decode");
  };
  Day& of = days_[day];
  const size_t begin = piece * kPiece;
  if (piece > UINT32_MAX / kPiece || of.uids.size() > begin) return fault();
  of.uids.resize(begin);
  Reader in(bytes);
  while (in.ok() && !in.at_end()) {
    const uint64_t uid = in.fixed64();
    const TimeMs time = in.zigzag();
    const uint64_t revision = in.varint();
    const bool withdrawn = in.flag();
    if (!in.ok() || day_number(time) != day || of.uids.size() == begin + kPiece) return fault();
    put(uid, time, revision, withdrawn);
    const uint64_t routes = in.varint();
    for (uint64_t i = 0; i < routes && in.ok(); ++i) {
      const auto number = static_cast<uint32_t>(in.varint());
      add_route(number, in.hash());
    }
  }
  of.changed.assign(of.changed.size(), false);
  return in.ok() ? Status() : fault();
}

}  // namespace tocsin::runtime
