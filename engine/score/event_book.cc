#include "score/event_book.h"

#include <algorithm>

namespace tocsin::score {
namespace {

void encode(Writer& w, const Counted& c, TimeMs midnight) {
  w.fixed64(c.uid);
  if (c.uid == 0) return;
  w.u8(static_cast<uint8_t>(c.report | c.on_spot << 1 | c.rewarded << 2 | c.withdrawn << 3 | (c.matter != 0) << 4 |
                            (c.place != 0) << 5 | (c.confirmed != 0) << 6 | (c.revision != 0) << 7));
  w.varint(static_cast<uint64_t>(c.time - midnight));
  w.varint(c.spot);
  w.varint(static_cast<uint64_t>(c.sort) << 3 | c.satisfaction);
  if (c.matter != 0) w.fixed64(c.matter);
  if (c.place != 0) w.fixed64(c.place);
  if (c.confirmed != 0) w.u8(c.confirmed);
  if (c.revision != 0) w.varint(c.revision);
}

Counted decode_counted(Reader& in, TimeMs midnight) {
  Counted c;
  c.uid = in.fixed64();
  if (c.uid == 0) return c;
  const uint8_t flags = in.u8();
  c.report = (flags & 1) != 0;
  c.on_spot = (flags & 2) != 0;
  c.rewarded = (flags & 4) != 0;
  c.withdrawn = (flags & 8) != 0;
  c.time = midnight + static_cast<TimeMs>(in.varint());
  c.spot = static_cast<SpotId>(in.varint());
  const uint64_t sort = in.varint();
  c.sort = static_cast<SortId>(sort >> 3);
  c.satisfaction = sort & 7;
  if ((flags & 16) != 0) c.matter = in.fixed64();
  if ((flags & 32) != 0) c.place = in.fixed64();
  if ((flags & 64) != 0) c.confirmed = in.u8();
  if ((flags & 128) != 0) c.revision = static_cast<uint32_t>(in.varint());
  return c;
}

}  // namespace

int64_t EventBook::day_number(TimeMs t) { return t >= 0 ? t / kDayMs : (t - kDayMs + 1) / kDayMs; }

EventBook::Day& EventBook::day_of(int64_t number) {
  if (last_day_ == nullptr || number != last_number_) {
    last_day_ = &days_[number];
    last_number_ = number;
  }
  return *last_day_;
}

Counted* EventBook::find(uint64_t uid) {
  const auto it = where_.find(uid);
  return it == where_.end() ? nullptr : &day_of(it->second.day).events[it->second.index];
}

void EventBook::put(const Counted& counted) {
  const int64_t number = day_number(counted.time);
  const auto [it, fresh] = where_.try_emplace(counted.uid);
  if (!fresh) {
    Day& was = day_of(it->second.day);
    was.touch(it->second.index);
    if (it->second.day == number) {
      was.events[it->second.index] = counted;
      return;
    }
    was.events[it->second.index].uid = 0;
  }
  Day& day = day_of(number);
  it->second = {static_cast<int32_t>(number), static_cast<uint32_t>(day.events.size())};
  day.touch(day.events.size());
  day.events.push_back(counted);
}

void EventBook::touch(const Counted& counted) {
  if (const auto it = where_.find(counted.uid); it != where_.end()) day_of(it->second.day).touch(it->second.index);
}

void EventBook::forget_first_day() {
  const auto day = days_.begin();
  for (const Counted& c : day->second.events) {
    if (c.uid != 0) where_.erase(c.uid);
  }
  forgotten_.emplace_back(day->first, (day->second.events.size() + kPiece - 1) / kPiece);
  horizon_ = std::max(horizon_, (day->first + 1) * kDayMs);
  last_day_ = nullptr;
  days_.erase(day);
}

void EventBook::forget_before(TimeMs t) {
  if (t > horizon_) horizon_ = day_number(t) * kDayMs;  // whole days: what is in the book is after it
  while (!days_.empty() && (days_.begin()->first + 1) * kDayMs <= horizon_) forget_first_day();
  while (where_.size() > kMost && days_.size() > 1) forget_first_day();
}

size_t EventBook::bytes() const {
  size_t n = where_.capacity() * (sizeof(Where) + sizeof(uint64_t) + 1);
  for (const auto& [number, day] : days_) n += day.events.capacity() * sizeof(Counted);
  return n;
}

void EventBook::take_changed(const std::function<void(int64_t, uint32_t, std::string)>& f) {
  for (const auto& [number, pieces] : forgotten_) {
    for (size_t piece = 0; piece < pieces; ++piece) f(number, static_cast<uint32_t>(piece), {});
  }
  forgotten_.clear();
  for (auto& [number, day] : days_) {
    for (size_t piece = 0; piece < day.changed.size(); ++piece) {
      if (!day.changed[piece]) continue;
      day.changed[piece] = false;
      const size_t begin = piece * kPiece, end = std::min(begin + kPiece, day.events.size());
      std::string bytes;
      bytes.reserve((end - begin) * 40);
      Writer w(bytes);
      for (size_t i = begin; i < end; ++i) encode(w, day.events[i], number * kDayMs);
      f(number, static_cast<uint32_t>(piece), std::move(bytes));
    }
  }
}

// Also what has moved to another day has its place: an event stays in its piece.
Status EventBook::load(int64_t day, uint32_t piece, std::string_view bytes) {
  const auto fault = [] { return corrupt("the events of scorecards in the state directory do not decode"); };
  Day& of = day_of(day);
  if (of.events.size() != piece * kPiece) return fault();
  Reader in(bytes);
  while (in.ok() && !in.at_end()) {
    const Counted c = decode_counted(in, day * kDayMs);
    if (!in.ok() || of.events.size() == (piece + 1) * kPiece) return fault();
    if (c.uid == 0) {
      of.events.push_back(c);
    } else if (day_number(c.time) != day || where_.contains(c.uid)) {
      return fault();
    } else {
      put(c);
    }
  }
  of.changed.assign(of.changed.size(), false);
  return in.ok() ? Status() : fault();
}

void EventBook::mark_all() {
  for (auto& [number, day] : days_) day.changed.assign((day.events.size() + kPiece - 1) / kPiece, true);
}

}  // namespace tocsin::score
