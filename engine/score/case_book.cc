#include "score/case_book.h"

#include <algorithm>
#include <tuple>

namespace tocsin::score {
namespace {

bool before(const CaseEvent& a, const CaseEvent& b) {
  return std::tie(a.time, a.stage, a.uid) < std::tie(b.time, b.stage, b.uid);
}

void encode(Writer& w, const CaseEvent& e, TimeMs base) {
  w.fixed64(e.uid);
  w.u8(static_cast<uint8_t>(static_cast<uint8_t>(e.stage) << 2 | e.report << 1 | (e.due != kNoTime)));
  w.zigzag(e.time - base);
  if (e.due != kNoTime) w.zigzag(e.due - e.time);
  w.varint(e.spot);
  w.varint(e.sort);
  w.varint(static_cast<uint64_t>(e.channel) << 3 | e.grade);
}

CaseEvent decode_case_event(Reader& in, TimeMs base) {
  CaseEvent e;
  e.uid = in.fixed64();
  const uint8_t flags = in.u8();
  e.stage = static_cast<Stage>(flags >> 2);
  e.report = (flags & 2) != 0;
  e.time = base + in.zigzag();
  if ((flags & 1) != 0) e.due = e.time + in.zigzag();
  e.spot = static_cast<SpotId>(in.varint());
  e.sort = static_cast<SortId>(in.varint());
  const uint64_t channel = in.varint();
  e.channel = static_cast<uint16_t>(channel >> 3);
  e.grade = channel & 7;
  return e;
}

}  // namespace

// The last day of UTC on which the case is kept.
int64_t CaseBook::last_day(const Case& c) {
  return utc_day(c.events.back().time + (c.state.closed ? kKeepClosed : kKeepOpen));
}

void CaseBook::enqueue(uint64_t id, Case& c) {
  c.let_go = last_day(c);
  ends_[c.let_go].push_back(id);
}

void CaseBook::recount(uint64_t id, Case& c) {
  c.state = matters_of(c.events, now_, days_, room_);
  auto old = c.counted.cbegin();
  auto next = room_.cbegin();
  while (old != c.counted.cend() || next != room_.cend()) {
    if (next == room_.cend() || (old != c.counted.cend() && *old < *next)) {
      cube_.remove(*old++);
    } else if (old == c.counted.cend() || *next < *old) {
      cube_.add(*next++);
    } else {
      ++old, ++next;
    }
  }
  c.counted.assign(room_.begin(), room_.end());
  c.home->changed = true;
  if (!c.events.empty() && last_day(c) < c.let_go) enqueue(id, c);  // later ones are found when their day comes
}

void CaseBook::fetch_case(uint64_t id) const {
  const auto it = cases_.find(id);
  if (it == cases_.end()) return;
  const char* at = reinterpret_cast<const char*>(it->second.get());
  for (size_t i = 0; i < sizeof(Case); i += 64) __builtin_prefetch(at + i);
}

void CaseBook::add(uint64_t id, const CaseEvent& event) {
  auto& slot = cases_[id];
  const bool fresh = slot == nullptr;
  if (fresh) {
    slot = std::make_unique<Case>();
    slot->home = &pieces_[utc_day(event.time)];
    slot->let_go = INT64_MAX;
    slot->home->ids.push_back(id);
  }
  Case& c = *slot;
  if (c.events.size() >= kMostEvents) {
    ++overfull_;
    return;
  }
  CaseEvent e = event;
  if (e.due != kNoTime && e.due > e.time + kFarthestDue) e.due = kNoTime;
  c.events.insert(std::upper_bound(c.events.begin(), c.events.end(), e, before), e);
  if (e.due != kNoTime && hour_of(e.due) >= now_) due_[hour_of(e.due)].push_back(id);
  recount(id, c);
  while (cases_.size() > kMostCases && !ends_.empty()) let_go_before(ends_.begin()->first + 1);
}

void CaseBook::remove(uint64_t id, uint64_t uid) {
  const auto it = cases_.find(id);
  if (it == cases_.end()) return;
  Case& c = *it->second;
  const auto at = std::find_if(c.events.begin(), c.events.end(), [&](const CaseEvent& e) { return e.uid == uid; });
  if (at == c.events.end()) return;
  c.events.erase(at);
  recount(id, c);
  if (c.events.empty()) let_go(id, c);
}

void CaseBook::let_go(uint64_t id, const Case& c) {
  c.home->changed = true;
  cases_.erase(id);
}

void CaseBook::let_go_before(int64_t day) {
  while (!ends_.empty() && ends_.begin()->first < day) {
    const auto node = ends_.extract(ends_.begin());
    for (const uint64_t id : node.mapped()) {
      const auto it = cases_.find(id);
      if (it == cases_.end() || it->second->let_go != node.key()) continue;
      if (last_day(*it->second) > node.key()) {
        enqueue(id, *it->second);
      } else {
        let_go(id, *it->second);
      }
    }
  }
}

void CaseBook::pass(TimeMs watermark) {
  const Hour hour = hour_of(watermark);
  if (hour <= now_) return;
  now_ = hour;
  while (!due_.empty() && due_.begin()->first < now_) {
    const auto node = due_.extract(due_.begin());
    for (const uint64_t id : node.mapped()) {
      const auto it = cases_.find(id);
      if (it != cases_.end() && it->second->state.due == node.key()) recount(id, *it->second);
    }
  }
  if (const int64_t day = utc_day(watermark); day > today_) {
    today_ = day;
    let_go_before(day);
  }
}

size_t CaseBook::bytes() const {
  size_t n = cases_.capacity() * 17 + cases_.size() * sizeof(Case);
  for (const auto& [hour, ids] : due_) n += ids.capacity() * 8 + 64;
  return n;
}

void CaseBook::take_changed(const std::function<void(int64_t, std::string)>& f) {
  for (auto it = pieces_.begin(); it != pieces_.end();) {
    auto& [day, piece] = *it;
    if (!piece.changed) {
      ++it;
      continue;
    }
    piece.changed = false;
    std::ranges::sort(piece.ids);
    piece.ids.erase(std::unique(piece.ids.begin(), piece.ids.end()), piece.ids.end());
    std::erase_if(piece.ids, [&, home = &piece](uint64_t id) {
      const auto found = cases_.find(id);
      return found == cases_.end() || found->second->home != home;
    });
    std::string bytes;
    Writer w(bytes);
    for (const uint64_t id : piece.ids) {
      const Case& c = *cases_.at(id);
      w.fixed64(id);
      w.varint(c.events.size());
      for (const CaseEvent& e : c.events) encode(w, e, day * kDayMs);
    }
    const bool empty = piece.ids.empty();
    f(day, std::move(bytes));
    it = empty ? pieces_.erase(it) : std::next(it);
  }
}

Status CaseBook::load(int64_t day, std::string_view bytes) {
  Reader in(bytes);
  Piece& piece = pieces_[day];
  while (in.ok() && !in.at_end()) {
    const uint64_t id = in.fixed64();
    auto c = std::make_unique<Case>();
    c->home = &piece;
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) c->events.push_back(decode_case_event(in, day * kDayMs));
    if (!in.ok() || c->events.empty()) break;
    piece.ids.push_back(id);
    cases_[id] = std::move(c);
  }
  return in.ok() && in.at_end() ? Status() : corrupt("the cases of scorecards in the state directory do not decode");
}

void CaseBook::loaded(TimeMs watermark, uint64_t overfull) {
  overfull_ = overfull;
  if (watermark != kNoTime) {
    now_ = hour_of(watermark);
    today_ = utc_day(watermark);
  }
  for (auto& [day, piece] : pieces_) {
    for (const uint64_t id : piece.ids) {
      Case& c = *cases_.at(id);
      c.state = matters_of(c.events, now_, days_, c.counted);
      for (const CaseEvent& e : c.events) {
        if (e.due != kNoTime && hour_of(e.due) >= now_) due_[hour_of(e.due)].push_back(id);
      }
      enqueue(id, c);
    }
  }
}

void CaseBook::mark_all() {
  for (auto& [day, piece] : pieces_) piece.changed = true;
}

}  // namespace tocsin::score
