#include "score/keeper.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tocsin::score {
namespace {

// The kinds of pieces, by the first word of their names.
constexpr std::string_view kHead = "head", kNames = "names/", kAlertNames = "alertnames/", kDays = "day/",
                           kEvents = "event/", kCases = "case/", kPlaces = "place/", kAlerts = "alert/";

// Days from 1970 in a name that sorts like the number; negative ones never come to be counted but may be remembered.
std::string numbered(std::string_view kind, int64_t n) {
  std::string digits = std::to_string(n + 1'000'000'000);
  return std::string(kind) + digits;
}
int64_t number_in(std::string_view name, std::string_view kind) {
  int64_t n = 0;
  const std::string_view digits = name.substr(kind.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return n - 1'000'000'000;
}
// A piece of a day: behind the day, so wide that names sort like the numbers.
constexpr size_t kPieceDigits = 6;
std::string piece_of(std::string day, uint32_t piece) {
  const std::string digits = std::to_string(piece);
  return std::move(day) + "/" + std::string(kPieceDigits - std::min(kPieceDigits, digits.size()), '0') + digits;
}
uint32_t piece_in(std::string_view name) {
  uint32_t n = 0;
  const std::string_view digits = name.substr(name.rfind('/') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return n;
}

}  // namespace

Keeper::Keeper(Options options)
    : options_(options),
      days_(options_.zone),
      cases_(cube_, days_),
      places_(cube_, days_),
      alerts_(cube_, events_, days_) {}

// Events go through a window, so that what they will be looked up in is on its way from memory when their turn comes.
class Keeper::Window {
 public:
  explicit Window(Keeper& keeper) : keeper_(keeper) {}
  void put(EventNote n) {
    if (end_ - begin_ == kLength) take();
    if (n.report && !n.place.empty()) {
      n.place_key = hash64(n.place, keeper_.names_.sorts()[n.sort].trouble_hash);
      keeper_.places_.fetch(n.place_key);
    }
    keeper_.events_.fetch(n.uid);
    if (n.matter != 0) keeper_.cases_.fetch(n.matter);
    notes_[end_++ % kLength] = n;
    if (end_ - begin_ > kLength / 2) {
      const EventNote& near = notes_[(begin_ + kLength / 2) % kLength];
      if (near.matter != 0) keeper_.cases_.fetch_case(near.matter);
    }
  }
  void drain() {
    while (begin_ != end_) take();
  }

 private:
  static constexpr size_t kLength = 16;
  void take() {
    const EventNote& n = notes_[begin_++ % kLength];
    keeper_.pass(n.watermark);
    keeper_.take(n);
  }
  Keeper& keeper_;
  std::array<EventNote, kLength> notes_;
  size_t begin_ = 0, end_ = 0;
};

bool Keeper::apply(std::string_view notes) {
  const std::unique_lock lock(mutex_);
  NoteReader in(notes);
  AnyNote note;
  Window window(*this);
  while (in.next(note)) {
    switch (note.op) {
      case NoteOp::kSpot:
        names_.add(std::move(note.spot));
        break;
      case NoteOp::kSort:
        names_.add(std::move(note.sort));
        break;
      case NoteOp::kSpotOfAlert:
        alert_names_.add(std::move(note.spot));
        break;
      case NoteOp::kSortOfAlert:
        alert_names_.add(std::move(note.sort));
        break;
      case NoteOp::kEvent:
        if (note.event.sort >= names_.sorts().size() || note.event.spot >= names_.spots().size()) return false;
        window.put(note.event);
        break;
      case NoteOp::kAlert:
        window.drain();
        pass(note.alert.watermark);
        alerts_.take(note.alert);
        break;
      case NoteOp::kTime:
        window.drain();
        pass(note.watermark);
        break;
    }
  }
  window.drain();
  return in.ok();
}

// What time alone brings about, an hour at a time.
void Keeper::pass(TimeMs watermark) {
  if (watermark <= 0 || watermark <= watermark_) return;
  watermark_ = watermark;
  if (watermark < next_tick_) return;
  next_tick_ = (watermark / kHourMs + 1) * kHourMs;
  cases_.pass(watermark);
  places_.pass(watermark);
  alerts_.pass(watermark);
  events_.forget_before(watermark - EventBook::kKeep);
  today_ = days_.at(watermark);
  if (today_ > options_.keep_days) cube_.drop_before(today_ - options_.keep_days);
}

void Keeper::take(const EventNote& n) {
  const Counted* known = events_.find(n.uid);
  Counted c;
  if (known != nullptr) {
    const bool newer =
        n.revision > known->revision || (n.withdrawal && n.revision == known->revision && !known->withdrawn);
    if (!newer) return;
    c.confirmed = known->confirmed;
  }
  const bool too_old = n.time < events_.horizon() || days_.at(n.time) < cube_.first_day();
  if (too_old) ++too_old_;
  if (too_old && known == nullptr) return;
  c.uid = n.uid;
  c.time = n.time;
  if (known != nullptr) {
    const Counted old = *known;
    take_back(old);
    if (too_old) c.time = old.time;  // its day is past, but what it was is taken back, and is remembered as that
  }
  c.revision = static_cast<uint32_t>(std::min<uint64_t>(n.revision, UINT32_MAX));
  c.withdrawn = n.withdrawal || too_old;
  if (!c.withdrawn) count(n, c);
  events_.put(c);
}

void Keeper::count(const EventNote& n, Counted& c) {
  const int64_t day = days_.at(n.time);
  const Sort& sort = names_.sorts()[n.sort];
  if (first_day_ < 0) first_day_ = eldest_day_ = day;
  eldest_day_ = std::min(eldest_day_, day);
  c.spot = n.spot;
  c.sort = n.sort;
  c.matter = n.matter;
  c.report = n.report;
  c.rewarded = n.rewarded;
  c.satisfaction = n.satisfaction;
  c.on_spot = n.report && n.matter == 0 && n.stage == Stage::kClosed;
  if (n.report) {
    cube_.add(key_of(day, n.spot, n.sort, c.on_spot ? measure::kReportOnSpot : measure::kReport));
    if (c.finds()) cube_.add(key_of(day, n.spot, n.sort, measure::kFirstReport));
  }
  if (n.satisfaction != 0) {
    cube_.add(key_of(day, n.spot, n.sort, static_cast<Measure>(measure::kSatisfied + n.satisfaction - 1)));
  }
  if (n.matter != 0 && (n.report || n.stage != Stage::kNone)) {
    cases_.add(n.matter, {n.uid, n.time, n.due, n.spot, n.sort, sort.channel_id, n.stage, sort.grade, n.report});
  }
  if (n.report && !n.place.empty()) {
    c.place = n.place_key;
    places_.add(c.place, {n.uid, n.time, n.spot, n.sort, n.reporter, false}, n.place, sort.trouble, n.lon, n.lat);
  }
}

void Keeper::take_back(const Counted& c) {
  if (c.withdrawn) return;
  const int64_t day = days_.at(c.time);
  if (c.report) {
    cube_.remove(key_of(day, c.spot, c.sort, c.on_spot ? measure::kReportOnSpot : measure::kReport));
    if (c.finds()) cube_.remove(key_of(day, c.spot, c.sort, measure::kFirstReport));
  }
  if (c.satisfaction != 0) {
    cube_.remove(key_of(day, c.spot, c.sort, static_cast<Measure>(measure::kSatisfied + c.satisfaction - 1)));
  }
  if (c.matter != 0) cases_.remove(c.matter, c.uid);
  if (c.place != 0) places_.remove(c.place, c.uid);
}

void Keeper::take_changed(uint64_t commit, const std::function<void(std::string, std::string)>& f) {
  const std::unique_lock lock(mutex_);
  cube_.fold();
  const auto under = [&f](std::string_view kind) {
    return [&f, kind](int64_t n, std::string bytes) { f(numbered(kind, n), std::move(bytes)); };
  };
  names_.take_changed(
      [&](const std::string& name, std::string bytes) { f(std::string(kNames) + name, std::move(bytes)); });
  alert_names_.take_changed(
      [&](const std::string& name, std::string bytes) { f(std::string(kAlertNames) + name, std::move(bytes)); });
  cube_.take_changed(under(kDays));
  events_.take_changed([&](int64_t day, uint32_t piece, std::string bytes) {
    f(piece_of(numbered(kEvents, day), piece), std::move(bytes));
  });
  cases_.take_changed(under(kCases));
  places_.take_changed(under(kPlaces));
  alerts_.take_changed(under(kAlerts));
  std::string head;
  Writer w(head);
  w.varint(commit);
  w.zigzag(watermark_);
  w.zigzag(first_day_);
  w.zigzag(eldest_day_);
  w.str(options_.zone.name());
  w.varint(too_old_);
  w.varint(cases_.overfull());
  w.zigzag(events_.horizon());
  w.zigzag(alerts_.first_day());
  w.zigzag(cube_.first_day());
  f(std::string(kHead), std::move(head));
}

void Keeper::mark_all() {
  names_.mark_all();
  alert_names_.mark_all();
  cube_.mark_all();
  events_.mark_all();
  cases_.mark_all();
  places_.mark_all();
  alerts_.mark_all();
}

Status Keeper::load(std::string_view name, std::string_view bytes) {
  if (name.starts_with(kNames)) return names_.load(name.substr(kNames.size()), bytes);
  if (name.starts_with(kAlertNames)) return alert_names_.load(name.substr(kAlertNames.size()), bytes);
  if (name.starts_with(kDays)) return cube_.load(number_in(name, kDays), bytes);
  if (name.starts_with(kEvents)) return events_.load(number_in(name, kEvents), piece_in(name), bytes);
  if (name.starts_with(kCases)) return cases_.load(number_in(name, kCases), bytes);
  if (name.starts_with(kPlaces)) return places_.load(number_in(name, kPlaces), bytes);
  if (name.starts_with(kAlerts)) return alerts_.load(number_in(name, kAlerts), bytes);
  if (name != kHead)
    return corrupt("the state directory holds a piece of scorecards of no known kind: " + std::string(name));
  Reader in(bytes);
  stored_commit_ = in.varint();
  watermark_ = in.zigzag();
  first_day_ = in.zigzag();
  eldest_day_ = in.zigzag();
  const auto zone = TimeZone::load(in.str());
  too_old_ = in.varint();
  stored_overfull_ = in.varint();
  events_.loaded(in.zigzag());
  alerts_.loaded(in.zigzag());
  cube_.drop_before(in.zigzag());
  if (in.ok() && !zone) return zone.error();
  if (zone) {
    options_.zone = *zone;
    days_ = CivilDays(*zone);
  }
  return in.ok() ? Status() : corrupt("the head of scorecards in the state directory does not decode");
}

uint64_t Keeper::loaded() {
  names_.loaded();
  alert_names_.loaded();
  cases_.loaded(watermark_, stored_overfull_);
  places_.loaded(watermark_);
  if (watermark_ != kNoTime) {
    next_tick_ = (watermark_ / kHourMs + 1) * kHourMs;
    today_ = days_.at(watermark_);
  }
  return stored_commit_;
}

void Keeper::ready() {
  names_.teach(writer_.of_events());
  alert_names_.teach(writer_.of_alerts());
}

std::pair<int64_t, int64_t> Keeper::span() const {
  const std::shared_lock lock(mutex_);
  return {eldest_day_, today_};
}

size_t Keeper::bytes() const {
  const std::shared_lock lock(mutex_);
  return cube_.bytes() + events_.bytes() + cases_.bytes() + places_.bytes();
}

}  // namespace tocsin::score
