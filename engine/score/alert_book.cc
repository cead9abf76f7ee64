#include "score/alert_book.h"

#include <algorithm>

namespace tocsin::score {
namespace {

void encode(Writer& w, const ScoredAlert& a) {
  w.str(a.id);
  w.zigzag(a.opened_at);
  w.u8(static_cast<uint8_t>(a.severity | a.told << 3 | static_cast<uint8_t>(a.verdict) << 4));
  w.flag(a.last_event != kNoTime);
  if (a.last_event != kNoTime) w.zigzag(a.last_event - a.opened_at);
  w.varint(a.spot);
  w.varint(a.sort);
  w.fixed64(a.first_report);
  w.varint(a.places.size());
  for (const uint64_t p : a.places) w.fixed64(p);
}

ScoredAlert decode(Reader& in) {
  ScoredAlert a;
  a.id = in.str();
  a.opened_at = in.zigzag();
  const uint8_t flags = in.u8();
  a.severity = flags & 7;
  a.told = (flags & 8) != 0;
  a.verdict = static_cast<Verdict>(flags >> 4);
  if (in.flag()) a.last_event = a.opened_at + in.zigzag();
  a.spot = static_cast<SpotId>(in.varint());
  a.sort = static_cast<SortId>(in.varint());
  a.first_report = in.fixed64();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) a.places.push_back(in.fixed64());
  return a;
}

}  // namespace

void AlertBook::count(const ScoredAlert& a, bool add) {
  const int64_t day = days_.at(a.opened_at);
  if (!a.told || a.severity == 0 || day < 0) return;
  const auto one = [&](int m) {
    const Key key = key_of(day, a.spot, a.sort, static_cast<Measure>(m));
    add ? cube_.add(key) : cube_.remove(key);
  };
  one(measure::kAlert + a.severity - 1);
  if (a.verdict != Verdict::kNone) one(measure::kAlertTrue + static_cast<int>(a.verdict) - 1);
  if (a.verdict == Verdict::kTrue && a.last_event != kNoTime) {
    one(measure::kLead + spread::bucket_of(a.last_event - a.opened_at));
  }
}

// The report that was first to tell of a confirmed risk.
void AlertBook::confirm(const ScoredAlert& a, bool confirmed) {
  Counted* e = a.first_report == 0 ? nullptr : events_.find(a.first_report);
  if (e == nullptr || e->withdrawn || (confirmed ? e->confirmed == UINT8_MAX : e->confirmed == 0)) return;
  const bool found = e->finds();
  e->confirmed = static_cast<uint8_t>(e->confirmed + (confirmed ? 1 : -1));
  events_.touch(*e);
  const int64_t day = days_.at(e->time);
  if (found == e->finds() || day < 0) return;
  const Key key = key_of(day, e->spot, e->sort, measure::kFirstReport);
  confirmed ? cube_.add(key) : cube_.remove(key);
}

void AlertBook::open(ScoredAlert& a, const AlertNote& note) {
  for (const uint64_t uid : note.events) {
    const Counted* e = events_.find(uid);
    if (e == nullptr || e->withdrawn || !e->report) continue;
    if (a.first_report == 0) a.first_report = uid;
    const bool fresh = e->place != 0 && std::ranges::find(a.places, e->place) == a.places.end();
    if (fresh && a.places.size() < kMostPlaces) a.places.push_back(e->place);
  }
}

void AlertBook::take(const AlertNote& note) {
  if (utc_day(note.opened_at) < first_day_) return;
  const uint64_t hash = hash64(note.id);
  auto [it, fresh] = alerts_.try_emplace(hash);
  ScoredAlert& a = it->second;
  if (fresh) {
    a.id = note.id;
    a.opened_at = note.opened_at;
    pieces_[utc_day(a.opened_at)].ids.push_back(hash);
  } else {
    count(a, false);
  }
  if (!note.events.empty()) open(a, note);
  if (a.verdict != note.verdict) {
    if (a.verdict == Verdict::kTrue) confirm(a, false);
    if (note.verdict == Verdict::kTrue) confirm(a, true);
  }
  a.verdict = note.verdict;
  a.last_event = std::max(a.last_event, note.last_event);
  a.spot = note.spot;
  a.sort = note.sort;
  a.severity = std::max(a.severity, note.severity);
  a.told = a.told || note.told;
  count(a, true);
  pieces_[utc_day(a.opened_at)].changed = true;
  while (alerts_.size() > kMost && pieces_.size() > 1) let_go_before(pieces_.begin()->first + 1);
}

void AlertBook::let_go_before(int64_t day) {
  first_day_ = std::max(first_day_, day);
  while (!pieces_.empty() && pieces_.begin()->first < first_day_) {
    for (const uint64_t id : pieces_.begin()->second.ids) alerts_.erase(id);
    gone_.push_back(pieces_.begin()->first);
    pieces_.erase(pieces_.begin());
  }
}

void AlertBook::pass(TimeMs watermark) { let_go_before(utc_day(watermark - kKeep)); }

void AlertBook::take_changed(const std::function<void(int64_t, std::string)>& f) {
  for (const int64_t day : gone_) f(day, {});
  gone_.clear();
  for (auto& [day, piece] : pieces_) {
    if (!piece.changed) continue;
    piece.changed = false;
    std::ranges::sort(piece.ids);
    std::string bytes;
    Writer w(bytes);
    for (const uint64_t id : piece.ids) encode(w, alerts_.at(id));
    f(day, std::move(bytes));
  }
}

Status AlertBook::load(int64_t day, std::string_view bytes) {
  Reader in(bytes);
  while (in.ok() && !in.at_end()) {
    ScoredAlert a = decode(in);
    if (!in.ok()) break;
    const uint64_t id = hash64(a.id);
    pieces_[day].ids.push_back(id);
    alerts_[id] = std::move(a);
  }
  return in.ok() ? Status() : corrupt("the alerts of scorecards in the state directory do not decode");
}

void AlertBook::mark_all() {
  for (auto& [day, piece] : pieces_) piece.changed = true;
}

}  // namespace tocsin::score
