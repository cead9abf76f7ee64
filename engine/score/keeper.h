#pragma once
// Keeps the scorecards: takes notes in, counts, stores and recovers what it counts, and answers questions.
//
//   keeper.event(event, …);                       // any number of times, on the engine's thread
//   std::string bytes = keeper.close(transitions, watermark, rule_of);
//   keeper.apply(bytes);                          // and store them with the batch
//
// What is counted is a function of the bytes that were applied, in order, however they were cut into pieces; store and
// recovery change nothing of it. Threads: event() and close() are of one thread; apply() may be of another at the same
// time; the other functions that are not const, while nothing else goes on. The const ones may be called from any, also
// meanwhile.
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "score/card.h"
#include "score/case_book.h"
#include "score/note.h"
#include "score/place_book.h"
#include "score/places.h"

namespace tocsin::score {

struct Options {
  TimeZone zone = TimeZone::utc();  // whose civil days are counted; a state that was stored keeps its own
  int64_t keep_days = 800;          // of event time: two years, and the span before
};

class Keeper {
 public:
  explicit Keeper(Options options);

  void event(const Event& event, uint64_t uid, uint64_t position, TimeMs watermark) {
    writer_.event(event, uid, position, watermark);
  }
  std::string close(std::span<const alert::Transition> transitions, TimeMs watermark,
                    const std::function<std::string_view(const alert::Transition&)>& rule_of) {
    return writer_.close(transitions, watermark, rule_of);
  }
  // False: the bytes are corrupt.
  [[nodiscard]] bool apply(std::string_view notes);

  // What changed since the last call, as pieces of a store: f(name, bytes), empty bytes: the piece is gone. `commit`
  // is kept with it: notes of later commits are to be applied to what load() finds.
  void take_changed(uint64_t commit, const std::function<void(std::string, std::string)>& f);
  // The next take_changed() tells all.
  void mark_all();
  Status load(std::string_view name, std::string_view bytes);
  // After the last piece. Answers the commit that it was stored with; notes of later commits are to be applied.
  uint64_t loaded();
  // After those: events may be noted.
  void ready();

  // A card of any span, in milliseconds. kInvalid: the question is wrong.
  Result<Card> card(const Cut& cut) const;
  // Places that suffer the same again and again.
  Result<PlaceList> places(const PlaceCut& cut) const;
  // Civil days that there are counts of: the eldest (-1: none), the last that time has come to.
  std::pair<int64_t, int64_t> span() const;
  size_t bytes() const;

 private:
  class Window;
  std::optional<PlaceRow> row_of(const Place& place, const PlaceCut& cut, const CivilDays& days) const;
  void add_alerts(const PlaceCut& cut, const CivilDays& days, const absl::flat_hash_map<uint64_t, size_t>& rows,
                  PlaceList& list) const;
  void take(const EventNote& n);
  void take_back(const Counted& c);
  void count(const EventNote& n, Counted& c);
  void pass(TimeMs watermark);

  Options options_;
  mutable std::shared_mutex mutex_;
  NoteWriter writer_;
  Names names_, alert_names_;
  CivilDays days_;
  Cube cube_;
  EventBook events_;
  CaseBook cases_;
  PlaceBook places_;
  AlertBook alerts_;
  TimeMs watermark_ = kNoTime;
  TimeMs next_tick_ = kNoTime;  // when something may be due
  int64_t first_day_ = -1;      // of the first event
  int64_t eldest_day_ = -1;     // that any event counts on
  int64_t today_ = -1;
  uint64_t too_old_ = 0;  // events that came too late to be told from duplicates
  uint64_t stored_commit_ = 0;
  uint64_t stored_overfull_ = 0;
};

}  // namespace tocsin::score
