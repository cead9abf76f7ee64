#include "score/note.h"

#include <cmath>

namespace tocsin::score {
namespace {

constexpr std::string_view kAlertChannel = "alerts";

// Bits of an event's first two bytes.
enum First : uint8_t {
  kReport = 1,
  kWithdrawal = 2,
  kRewarded = 4,
  kDue = 8,
  kCase = 16,
  kPlace = 32,
  kPoint = 64,
  kRevision = 128
};
enum Second : uint8_t { kStageBits = 15, kReporter = 128 };  // bits 4 to 6: satisfaction

int32_t micro(double degrees) { return static_cast<int32_t>(std::llround(degrees * 1e6)); }

bool rewarded(const Event& e) {
  for (const NamedText& a : e.attrs) {
    if (a.name == "rewarded") return a.value == "true";
  }
  return false;
}

Verdict verdict_of(std::string_view outcome) {
  if (outcome == "true") return Verdict::kTrue;
  if (outcome == "false") return Verdict::kFalse;
  return outcome == "duplicate" ? Verdict::kDuplicate : Verdict::kNone;
}

struct SpotTexts {
  std::string_view city, town, village, grid, duty;
};

SpotId number_spot(Numbers& numbers, NoteOp op, SpotTexts s, std::string& out) {
  bool fresh = false;
  if (numbers.full_of_spots()) s.village = s.grid = s.duty = {};
  const SpotId id = numbers.spot(s.city, s.town, s.village, s.grid, s.duty, fresh);
  if (fresh) {
    Writer w(out);
    w.u8(static_cast<uint8_t>(op));
    for (const std::string_view t : {s.city, s.town, s.village, s.grid, s.duty}) w.str(t);
  }
  return id;
}

SortId number_sort(Numbers& numbers, NoteOp op, std::string_view channel, std::string_view category, uint8_t grade,
                   std::string& out) {
  bool fresh = false;
  if (numbers.full_of_sorts()) {
    category = {};
    grade = 0;
  }
  const SortId id = numbers.sort(channel, category, grade, fresh);
  if (fresh) {
    Writer w(out);
    w.u8(static_cast<uint8_t>(op));
    w.str(channel);
    w.str(category);
    w.u8(grade);
  }
  return id;
}

}  // namespace

void NoteWriter::event(const Event& e, uint64_t uid, uint64_t position, TimeMs watermark) {
  const SpotId spot = number_spot(events_numbers_, NoteOp::kSpot, {e.city, e.town, e.village, e.grid, e.duty}, events_);
  const SortId sort = number_sort(events_numbers_, NoteOp::kSort, e.source, e.category, e.grade, events_);
  const bool report = e.kind == EventKind::kReport;
  const bool place = report && !e.place.empty();
  const bool point = place && e.has_location();
  const bool due = e.due_at != kNoTime;
  uint8_t first = 0;
  const auto set = [&first](bool on, uint8_t bit) { first = static_cast<uint8_t>(first | (on ? bit : 0)); };
  set(report, kReport);
  set(e.kind == EventKind::kWithdrawal, kWithdrawal);
  set(report && rewarded(e), kRewarded);
  set(due, kDue);
  set(!e.case_id.empty(), kCase);
  set(place, kPlace);
  set(point, kPoint);
  set(e.revision != 0, kRevision);
  const bool reporter = place && !e.reporter.empty();
  Writer w(events_);
  w.u8(static_cast<uint8_t>(NoteOp::kEvent));
  w.u8(first);
  w.u8(static_cast<uint8_t>(static_cast<uint8_t>(e.stage) | (e.satisfaction & 7) << 4 | (reporter ? kReporter : 0)));
  w.fixed64(uid);
  w.zigzag(e.occurred_at - last_.time);
  // Before there is a watermark at all it is told as the beginning of time.
  const TimeMs now = watermark == kNoTime ? 0 : watermark;
  w.zigzag(now - last_.watermark);
  w.varint(spot);
  w.varint(sort);
  if (due) w.zigzag(e.due_at - e.occurred_at);
  if (!e.case_id.empty()) w.fixed64(hash64(e.case_id));
  if (place) w.str(e.place);
  if (point) {
    w.fixed32(static_cast<uint32_t>(micro(e.lon)));
    w.fixed32(static_cast<uint32_t>(micro(e.lat)));
  }
  if (e.revision != 0) w.varint(static_cast<uint64_t>(e.revision));
  if (reporter) w.fixed32(static_cast<uint32_t>(hash64(e.reporter)));
  last_ = {e.occurred_at, now};
  marks_.push_back({now, position, events_.size()});
}

void NoteWriter::alert(const alert::Transition& t, std::string_view rule, std::string& out) {
  if (t.shadow) return;
  const SpotId spot = number_spot(alerts_numbers_, NoteOp::kSpotOfAlert, {t.city, t.town, t.village, t.grid, {}}, out);
  const SortId sort = number_sort(alerts_numbers_, NoteOp::kSortOfAlert, kAlertChannel, rule, 0, out);
  Writer w(out);
  w.u8(static_cast<uint8_t>(NoteOp::kAlert));
  w.str(t.alert_id);
  w.zigzag(t.tag.time);
  w.zigzag(t.opened_at);
  w.flag(t.last_event != kNoTime);
  if (t.last_event != kNoTime) w.zigzag(t.last_event - t.opened_at);
  w.varint(spot);
  w.varint(sort);
  w.u8(static_cast<uint8_t>(static_cast<uint8_t>(t.severity) | (t.muted ? 0 : 8) |
                            static_cast<uint8_t>(verdict_of(t.outcome)) << 4));
  // An alert that is told again after a silence is a copy of how it was last told.
  const bool opens = t.type == alert::TransitionType::kOpened;
  const std::span<const uint64_t> members = opens ? std::span<const uint64_t>(t.members) : std::span<const uint64_t>();
  w.varint(members.size());
  for (const uint64_t uid : members) w.fixed64(uid);
}

std::string NoteWriter::close(std::span<const alert::Transition> transitions, TimeMs watermark,
                              const std::function<std::string_view(const alert::Transition&)>& rule_of) {
  std::string out;
  out.reserve(events_.size() + transitions.size() * 128 + 16);
  size_t mark = 0, begin = 0;
  for (const alert::Transition& t : transitions) {
    // An event before what it has caused; timers of an instant after the events that brought time there.
    const auto before = [&](const Mark& m) {
      return m.watermark != t.tag.time ? m.watermark < t.tag.time : t.tag.phase > 0 || m.position <= t.tag.position;
    };
    const size_t from = begin;
    for (; mark < marks_.size() && before(marks_[mark]); ++mark) begin = marks_[mark].end;
    out.append(events_, from, begin - from);
    alert(t, rule_of(t), out);
  }
  out.append(events_, begin);
  events_.clear();
  marks_.clear();
  last_ = {};
  Writer w(out);
  w.u8(static_cast<uint8_t>(NoteOp::kTime));
  w.zigzag(watermark == kNoTime ? 0 : watermark);
  return out;
}

std::string names_in(std::string_view notes) {
  std::string out;
  Writer w(out);
  NoteReader in(notes);
  AnyNote note;
  while (in.next(note)) {
    const bool spot = note.op == NoteOp::kSpot || note.op == NoteOp::kSpotOfAlert;
    if (!spot && note.op != NoteOp::kSort && note.op != NoteOp::kSortOfAlert) continue;
    w.u8(static_cast<uint8_t>(note.op));
    spot ? encode(w, note.spot) : encode(w, note.sort);
  }
  return out;
}

bool NoteReader::next(AnyNote& note) {
  if (in_.at_end() || !in_.ok()) return false;
  note.op = static_cast<NoteOp>(in_.u8());
  switch (note.op) {
    case NoteOp::kSpot:
    case NoteOp::kSpotOfAlert:
      note.spot = decode_spot(in_);
      break;
    case NoteOp::kSort:
    case NoteOp::kSortOfAlert:
      note.sort = decode_sort(in_);
      break;
    case NoteOp::kEvent:
      read_event(note.event);
      break;
    case NoteOp::kAlert:
      read_alert(note.alert);
      break;
    case NoteOp::kTime:
      note.watermark = in_.zigzag();
      time_ = watermark_ = 0;  // the next stretch begins
      break;
    default:
      in_.fail();
  }
  return in_.ok();
}

void NoteReader::read_event(EventNote& e) {
  e = {};
  const uint8_t first = in_.u8(), second = in_.u8();
  e.report = (first & kReport) != 0;
  e.withdrawal = (first & kWithdrawal) != 0;
  e.rewarded = (first & kRewarded) != 0;
  e.stage = static_cast<Stage>(second & kStageBits);
  e.satisfaction = second >> 4 & 7;
  e.uid = in_.fixed64();
  e.time = time_ += in_.zigzag();
  e.watermark = watermark_ += in_.zigzag();
  e.spot = static_cast<SpotId>(in_.varint());
  e.sort = static_cast<SortId>(in_.varint());
  if ((first & kDue) != 0) e.due = e.time + in_.zigzag();
  if ((first & kCase) != 0) e.matter = in_.fixed64();
  if ((first & kPlace) != 0) e.place = in_.str();
  if ((first & kPoint) != 0) {
    e.lon = static_cast<int32_t>(in_.fixed32());
    e.lat = static_cast<int32_t>(in_.fixed32());
  }
  if ((first & kRevision) != 0) e.revision = in_.varint();
  if ((second & kReporter) != 0) e.reporter = in_.fixed32();
}

void NoteReader::read_alert(AlertNote& a) {
  a = {};
  a.id = in_.str();
  a.watermark = in_.zigzag();
  a.opened_at = in_.zigzag();
  if (in_.flag()) a.last_event = a.opened_at + in_.zigzag();
  a.spot = static_cast<SpotId>(in_.varint()) | kAlertSpot;
  a.sort = static_cast<SortId>(in_.varint() | kAlertSort);
  const uint8_t flags = in_.u8();
  a.severity = flags & 7;
  a.told = (flags & 8) != 0;
  a.verdict = static_cast<Verdict>(flags >> 4);
  for (uint64_t n = in_.varint(); n > 0 && in_.ok(); --n) a.events.push_back(in_.fixed64());
}

}  // namespace tocsin::score
