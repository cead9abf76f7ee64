#pragma once
// Notes: what scorecards take in, as bytes. The engine's thread writes a note of each event and each alert's transition
// in the one order of the log; the same bytes are applied, stored with the batch, and applied again by recovery.
//
//   op byte, then
//   spot   five strings                              its number is the next; alerts number theirs by themselves
//   sort   channel, category, grade
//   event  see note.cc                               times and places as differences to the event before
//   alert
//   time   watermark zigzag                          ends a stretch; 0: there is none yet
//
// Differences begin anew with each stretch.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alert/transition.h"
#include "event/event.h"
#include "score/alert_book.h"
#include "score/names.h"

namespace tocsin::score {

struct EventNote {
  uint64_t uid = 0;
  TimeMs time = 0, watermark = kNoTime;
  TimeMs due = kNoTime;
  uint64_t matter = 0;  // hash of the case; 0: none
  uint64_t revision = 0;
  SpotId spot = 0;
  SortId sort = 0;
  uint32_t reporter = 0;
  Stage stage = Stage::kNone;
  uint8_t satisfaction = 0;
  bool report = false, withdrawal = false, rewarded = false;
  std::string_view place;  // of a report
  uint64_t place_key = 0;  // for the keeper: of the place and what it suffers from
  int32_t lon = INT32_MIN, lat = INT32_MIN;
};

enum class NoteOp : uint8_t {
  kSpot = 1,
  kSort = 2,
  kEvent = 3,
  kAlert = 4,
  kTime = 5,
  kSpotOfAlert = 6,
  kSortOfAlert = 7
};

class NoteWriter {
 public:
  // An event that is no duplicate to the router, at its position and the watermark with it taken in.
  void event(const Event& event, uint64_t uid, uint64_t position, TimeMs watermark);
  // Ends the stretch: the events noted since the last time, with the transitions that they and time brought about put
  // where they belong in the order, and the time. `rule_of` names a transition's rule.
  std::string close(std::span<const alert::Transition> transitions, TimeMs watermark,
                    const std::function<std::string_view(const alert::Transition&)>& rule_of);
  Numbers& of_events() { return events_numbers_; }
  Numbers& of_alerts() { return alerts_numbers_; }

 private:
  void alert(const alert::Transition& t, std::string_view rule, std::string& out);
  struct Mark {  // where a note ends in events_, and its place in the order
    TimeMs watermark;
    uint64_t position;
    size_t end;
  };
  struct Last {
    TimeMs time = 0, watermark = 0;
  };
  Numbers events_numbers_, alerts_numbers_;
  std::string events_;
  std::vector<Mark> marks_;
  Last last_;
};

// Only the spots and sorts that notes tell of, as notes.
std::string names_in(std::string_view notes);

// What a stretch holds, piece by piece.
struct AnyNote {
  NoteOp op{};
  Spot spot;
  Sort sort;
  EventNote event;
  AlertNote alert;
  TimeMs watermark = kNoTime;  // kTime
};
class NoteReader {
 public:
  explicit NoteReader(std::string_view bytes) : in_(bytes) {}
  // False at the end and on corrupt bytes; ok() tells which. Views point into the bytes.
  bool next(AnyNote& note);
  bool ok() const { return in_.ok(); }

 private:
  void read_event(EventNote& e);
  void read_alert(AlertNote& a);
  Reader in_;
  TimeMs time_ = 0, watermark_ = 0;
};

}  // namespace tocsin::score
