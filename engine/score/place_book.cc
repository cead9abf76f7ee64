#include "score/place_book.h"

#include <algorithm>
#include <tuple>

namespace tocsin::score {
namespace {

int64_t utc_day(TimeMs t) { return t / kDayMs - (t % kDayMs < 0 ? 1 : 0); }

// The last day of UTC on which it is kept.
int64_t last_day(const PlaceReport& once) { return utc_day(once.time + PlaceBook::kKeepOnce); }
int64_t last_day(const Place& p) {
  const TimeMs last = p.reports.back().time;
  const bool again = p.reports.size() > 2 || last - p.reports.front().time > PlaceBook::kRepeat;
  return utc_day(last + (again ? PlaceBook::kKeep : PlaceBook::kKeepOnce));
}

void encode(Writer& w, const PlaceReport& r) {
  w.fixed64(r.uid);
  w.zigzag(r.time);
  w.varint(r.spot);
  w.varint(static_cast<uint64_t>(r.sort) << 1 | r.repeat);
  w.varint(r.reporter);
}

PlaceReport decode(Reader& in) {
  PlaceReport r;
  r.uid = in.fixed64();
  r.time = in.zigzag();
  r.spot = static_cast<SpotId>(in.varint());
  const uint64_t sort = in.varint();
  r.sort = static_cast<SortId>(sort >> 1);
  r.repeat = (sort & 1) != 0;
  r.reporter = static_cast<uint32_t>(in.varint());
  return r;
}

}  // namespace

// Whether the report is a repeat follows from the one before it.
void PlaceBook::judge(std::vector<PlaceReport>& reports, size_t i) {
  PlaceReport& r = reports[i];
  const bool repeat = i > 0 && r.time - reports[i - 1].time <= kRepeat;
  if (repeat == r.repeat) return;
  r.repeat = repeat;
  const int64_t day = days_.at(r.time);
  if (day < 0) return;
  const Key key = key_of(day, r.spot, r.sort, measure::kRepeat);
  repeat ? cube_.add(key) : cube_.remove(key);
}

void PlaceBook::insert(uint64_t id, Place& place, const PlaceReport& report) {
  auto& list = place.reports;
  const auto before = [](const PlaceReport& a, const PlaceReport& b) {
    return std::tie(a.time, a.uid) < std::tie(b.time, b.uid);
  };
  const auto at = static_cast<size_t>(std::upper_bound(list.begin(), list.end(), report, before) - list.begin());
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), report);
  judge(list, at);
  if (at + 1 < list.size()) judge(list, at + 1);
  const TimeMs oldest = list.back().time - kKeep;
  size_t gone = list.size() > kMostReports ? list.size() - kMostReports : 0;
  while (list[gone].time < oldest) ++gone;
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(gone));
  if (gone > 0) enqueue(id, last_day(place));
}

void PlaceBook::add(uint64_t id, const PlaceReport& report, std::string_view name, std::string_view trouble,
                    int32_t lon, int32_t lat) {
  touch(id);
  if (Place* again = find(id); again != nullptr) return insert(id, *again, report);
  const auto [once, fresh] = once_.try_emplace(id, report);
  if (fresh) {
    enqueue(id, last_day(report));
    while (size() > kMostPlaces && !ends_.empty()) let_go_before(ends_.begin()->first + 1);
    return;
  }
  Place place;
  place.name = name;
  place.trouble = trouble;
  place.lon = lon;
  place.lat = lat;
  place.reports.push_back(once->second);
  once_.erase(once);
  ++again_;
  insert(id, places_[id % kPieces].emplace(id, std::move(place)).first->second, report);
}

void PlaceBook::remove(uint64_t id, uint64_t uid) {
  touch(id);
  if (const auto once = once_.find(id); once != once_.end()) {
    if (once->second.uid == uid) once_.erase(once);
    return;
  }
  Place* place = find(id);
  if (place == nullptr) return;
  auto& list = place->reports;
  const auto at = std::ranges::find(list, uid, &PlaceReport::uid);
  if (at == list.end()) return;
  const int64_t day = days_.at(at->time);
  if (at->repeat && day >= 0) cube_.remove(key_of(day, at->spot, at->sort, measure::kRepeat));
  const auto i = static_cast<size_t>(at - list.begin());
  list.erase(at);
  if (list.empty()) {
    erase(id);
    return;
  }
  if (i < list.size()) judge(list, i);
  enqueue(id, last_day(*place));  // it may have to go sooner now
}

void PlaceBook::let_go(uint64_t id) {
  touch(id);
  once_.erase(id);
  erase(id);
}

// Of each place some entry of the queue lies at or before its last day; when that comes, it is put where it belongs.
void PlaceBook::let_go_before(int64_t day) {
  while (!ends_.empty() && ends_.begin()->first < day) {
    const auto node = ends_.extract(ends_.begin());
    for (const uint64_t id : node.mapped()) {
      const auto once = once_.find(id);
      const Place* again = find(id);
      if (once == once_.end() && again == nullptr) continue;
      const int64_t last = again != nullptr ? last_day(*again) : last_day(once->second);
      last > node.key() ? enqueue(id, last) : let_go(id);
    }
  }
}

void PlaceBook::pass(TimeMs watermark) {
  const int64_t day = utc_day(watermark);
  if (day <= today_) return;
  today_ = day;
  let_go_before(day);
}

size_t PlaceBook::bytes() const {
  size_t n = once_.capacity() * (sizeof(PlaceReport) + 9);
  for (const Places& piece : places_) {
    n += piece.capacity() * (sizeof(Place) + 9);
    for (const auto& [id, p] : piece) n += p.reports.capacity() * sizeof(PlaceReport) + p.name.capacity();
  }
  return n + size() * 8;
}

void PlaceBook::take_changed(const std::function<void(int64_t, std::string)>& f) {
  std::vector<std::vector<uint64_t>> once(kPieces);
  for (const auto& [id, r] : once_) {
    if (changed_[id % kPieces]) once[id % kPieces].push_back(id);
  }
  for (size_t i = 0; i < kPieces; ++i) {
    if (!changed_[i]) continue;
    changed_[i] = false;
    std::vector<uint64_t> again;
    for (const auto& [id, p] : places_[i]) again.push_back(id);
    std::ranges::sort(once[i]);
    std::ranges::sort(again);
    std::string bytes;
    Writer w(bytes);
    w.varint(once[i].size());
    for (const uint64_t id : once[i]) {
      w.fixed64(id);
      encode(w, once_.at(id));
    }
    for (const uint64_t id : again) {
      const Place& p = places_[i].at(id);
      w.fixed64(id);
      w.str(p.name);
      w.str(p.trouble);
      w.zigzag(p.lon);
      w.zigzag(p.lat);
      w.varint(p.reports.size());
      for (const PlaceReport& r : p.reports) encode(w, r);
    }
    f(static_cast<int64_t>(i), once[i].empty() && again.empty() ? std::string() : std::move(bytes));
  }
}

Status PlaceBook::load(int64_t, std::string_view bytes) {
  Reader in(bytes);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const uint64_t id = in.fixed64();
    once_[id] = decode(in);
  }
  while (in.ok() && !in.at_end()) {
    const uint64_t id = in.fixed64();
    Place p;
    p.name = in.str();
    p.trouble = in.str();
    p.lon = static_cast<int32_t>(in.zigzag());
    p.lat = static_cast<int32_t>(in.zigzag());
    for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) p.reports.push_back(decode(in));
    if (in.ok() && !p.reports.empty())
      again_ += places_[id % kPieces].insert_or_assign(id, std::move(p)).second ? 1 : 0;
  }
  return in.ok() ? Status() : corrupt("the places of scorecards in the state directory do not decode");
}

void PlaceBook::loaded(TimeMs watermark) {
  if (watermark != kNoTime) today_ = utc_day(watermark);
  for (const auto& [id, r] : once_) enqueue(id, last_day(r));
  for (const Places& piece : places_) {
    for (const auto& [id, p] : piece) enqueue(id, last_day(p));
  }
}

}  // namespace tocsin::score
