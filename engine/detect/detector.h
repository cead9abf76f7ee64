#pragma once
// What a detector is to the rest of the engine. The class below says what each must do; a key holds its own by value.
// It keeps the rows of one key, decides which *episodes* stand in them, and tells what changes as findings; it knows
// nothing of alerts. One kind, one file pair: window, cluster, sequence, absence (and duty, over a population),
// baseline, silence, similar.
//
// An episode is a number that the detector hands out, 1, 2, 3 … within its key. It lives until the detector says that
// it is gone or merged, or until the owner forgets it because its alert is over.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "detect/scope.h"
#include "event/coordinates.h"

namespace tocsin::detect {

// Why something is so; the transition's `reason`.
enum class Reason : uint8_t {
  kMatched,    // an event made the condition hold
  kQuiet,      // no matching event for the quiet time
  kRecovered,  // resolve.when held
  kWithdrawn,  // events were withdrawn
  kRevised,    // an event was replaced by a higher revision
  kLate,       // an event came late and changed what was said before
  kMerged,     // into an elder episode
  kSplit,      // off an elder episode
  kStage,      // what was owed has come
  kDeadline,   // time passed
  kPerson,     // a person's action
  kComment,    // a person's word
  kRule        // the rule was taken out of force, or became another
};
std::string_view name_of(Reason reason);

struct Finding {
  enum class Kind : uint8_t {
    kHolds,      // the condition holds with this input; the first one of an episode begins it
    kMatched,    // a matching event that does not make it hold
    kCorrected,  // a revision, withdrawal or late event: the episode stands, perhaps otherwise than before
    kGone,       // nothing of the episode is left
    kMerged,     // it is now part of `into`
    kAnswered    // absence: what was owed has come
  };
  Kind kind = Kind::kHolds;
  uint32_t episode = 0;
  uint32_t into = 0;  // kMerged
  Reason reason = Reason::kMatched;
  TimeMs time = 0;                      // event time of what happened
  TimeMs last = kNoTime;                // latest matching event of the episode
  Severity severity = Severity::kNone;  // of the episode as it now stands
  Severity worst = Severity::kNone;     // greatest of the episode so far
  uint32_t total = 0;                   // its members
  bool recovering = false;              // kMatched: resolve.when holds
  const Row* cause = nullptr;           // null: time alone
  // kGone, and not because its time is up: what was told of it has been taken back, or another condition judges it.
  bool groundless() const { return kind == Kind::kGone && reason != Reason::kStage && reason != Reason::kDeadline; }
};

class FindingSink {
 public:
  virtual ~FindingSink() = default;
  virtual void on(const Finding& finding) = 0;
};

struct Member {
  TimeMs time;
  uint64_t uid;
  PackedRow row;
};

// An episode as it stands, for people: members in the order of (time, uid), values by slot of the aggregate scope.
struct Description {
  std::vector<Member> members;   // views, valid until the detector's next change
  size_t total = 0;              // members.size() and those whose rows have gone
  std::optional<RowFacts> gone;  // the area codes that those share
  std::vector<expr::Value> values;
  bool has_location = false;
  double lon = 0, lat = 0;
  std::vector<std::pair<double, double>> ring;  // closed hull, longitude first; empty: none
  std::string_view label;                       // absence: the obligation's name; empty: the key's
  std::optional<RowFacts> subject;              // `each`: the row that owes; its area and place are the alert's
};

class Detector {
 public:
  virtual ~Detector() = default;
  // Rows come in any order of time. A row whose time is behind its watermark corrects what was there (a revision, or
  // absence's late events).
  virtual void add(const Row& row, FindingSink& sink, Arena& arena) = 0;
  // Whether add(row), though it is no revision, may find another verdict on what was told (kCorrected, for comparison
  // with what was before it).
  virtual bool corrects(const Row&) const { return false; }
  // Takes the row of `uid` out. A revision (`withdrawn` false) is judged with the add that follows, or by settle().
  virtual void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) = 0;
  // Judges a revision whose add did not come: the event no longer concerns this key.
  virtual void settle(FindingSink& sink, Arena& arena) = 0;
  // What is due at `deadline`, precondition: == next_deadline(). Afterwards next_deadline() > deadline.
  virtual void advance(TimeMs deadline, FindingSink& sink, Arena& arena) = 0;
  virtual TimeMs next_deadline() const = 0;
  // The plan's conditions are others now (a threshold was edited): judges what is kept anew, as of `now`, the
  // watermark. Findings have reason kRule.
  virtual void rejudge(TimeMs now, FindingSink& sink, Arena& arena) = 0;
  // The alert on this episode is over: its rows need not be kept for it any more.
  virtual void forget(uint32_t episode) = 0;
  // Also while the episode's own kGone or kMerged is being reported: of one that is groundless what is left, so that
  // its total, members and values agree. Where its kind judges rows together (window, cluster, similar, sequence), that
  // is nothing, however many of them are still there: what is told in the end must not hang on the order in which
  // records came.
  virtual void describe(uint32_t episode, Description& out, Arena& arena) = 0;
  // The event that names the episode's alert: its earliest member that has not named one before. Marks it as used.
  virtual Position name(uint32_t episode) = 0;
  virtual bool empty() const = 0;
  virtual void encode(Writer& out) const = 0;
  virtual Status decode(Reader& in) = 0;
  virtual size_t bytes() const = 0;
  // Rows that the bound on a key's rows has cost.
  virtual uint64_t dropped() const = 0;
};

// Position in state: time and identity.
void encode(Writer& out, const Position& p);
Position decode_position(Reader& in);
Severity decode_severity(Reader& in);
// An alert without location is placed at the members' centre when they all lie within a kilometre of it.
void place_members(Description& d);
// Where the located members are, in their order.
std::vector<LonLat> places_of(const std::vector<Member>& members);

}  // namespace tocsin::detect
