#pragma once
// What the kinds that fold a key's rows into episodes (window, sequence) have in common: an episode as it stands, the
// runs that folding all rows anew finds, and which episode goes on in which run.
//
// Folding is a function of the rows alone; the handles, which people know as alerts, are not: a run goes on under the
// eldest episode that it overlaps. A kind's own Episode and Run derive from those here and add what it tells of them.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/codec.h"
#include "detect/detector.h"
#include "detect/fold.h"
#include "detect/row_store.h"

namespace tocsin::detect {

// What is left of an episode's members whose rows have gone. A kind's own Gone adds `kept`, the members that are still
// told one by one; each of them has a `position`.
struct GoneRows {
  uint32_t count = 0;
  Position last_end;  // the last row among them that held
  Severity worst = Severity::kNone;
  std::string city, town, village, grid;  // what all of them share

  // Takes in one more.
  void count_in(const RowFacts& facts);
  // Takes in what is left of another episode, `both` of whose members are members here too.
  void count_in(const GoneRows& other, uint32_t both);
  RowFacts shared() const { return {{}, {}, city, town, village, grid}; }
  void encode_areas(Writer& out) const;
  void decode_areas(Reader& in);

 private:
  void share(const RowFacts& facts);
};

// Puts `more` among `kept`, both in the order of their positions; join(mine, theirs) makes one of what stands in both.
// Answers of how many that was so.
template <typename Kept, typename Join>
uint32_t put_among(std::vector<Kept>& kept, std::vector<Kept> more, Join&& join) {
  uint32_t both = 0;
  std::vector<Kept> all;
  auto mine = kept.begin();
  for (Kept& theirs : more) {
    while (mine != kept.end() && mine->position < theirs.position) all.push_back(std::move(*mine++));
    if (mine != kept.end() && mine->position == theirs.position) {
      join(*mine, theirs);
      ++both;
    } else {
      all.push_back(std::move(theirs));
    }
  }
  all.insert(all.end(), std::move_iterator(mine), std::move_iterator(kept.end()));
  kept = std::move(all);
  return both;
}

struct EpisodeRows {
  uint32_t handle = 0;
  TimeMs opened_at = 0;          // when it was found
  Position first_end, last_end;  // first and last row that holds
  TimeMs last = kNoTime;         // from when quiet counts
  uint32_t total = 0;            // members
  Severity severity = Severity::kNone, worst = Severity::kNone;
  bool over = false;  // forgotten; kept while its rows are, so that it does not begin again
};

// A run of rows that belong together.
struct RunRows {
  Position first_end, last_end;
  TimeMs last = kNoTime;
  int owner = -1;      // index of the episode that goes on in it, or none
  bool begun = false;  // it began in rows that have gone, so it is its owner's
};

// What a change has touched.
struct Touched {
  TimeMs from = kNever, to = kNoTime;  // rows of these times were judged again
  const Row* cause = nullptr;
  Reason reason = Reason::kMatched;
  bool correction = false;
  TimeMs time = 0;
};

// A row that was taken out because another revision of it comes next.
struct TakenOut {
  uint64_t uid = 0;
  TimeMs time = kNoTime;  // of the row; kNoTime: there was none
  TimeMs cause_time = 0;
  bool named = false;  // it gave an alert its name

  // What its going has touched, when nothing comes in its place.
  Touched touched(DurationMs within) const;
};

// Where `row` is the revision that is waited for: its predecessor's share goes into `t`, and the wait is over. Answers
// whether the predecessor had given an alert its name.
bool take_up(std::optional<TakenOut>& waiting, const Row& row, DurationMs within, Touched& t);

// For a rule whose conditions are others now: all rows were judged again. Precondition: there are rows.
Touched all_touched(const RowStore& rows, TimeMs now);

Finding finding(const EpisodeRows& e, Finding::Kind kind, const Touched& t);

// A name for an episode all of whose members have named an alert before.
Position spare_name(const EpisodeRows& e);

inline Position oldest(const RowStore& rows) { return rows.empty() ? Position{kNever, 0} : rows.position(0); }

void encode(Writer& out, const Fold& fold);
void decode(Reader& in, Fold& fold);
void encode(Writer& out, const std::optional<TakenOut>& waiting);
void decode(Reader& in, std::optional<TakenOut>& waiting);

inline bool overlaps(const EpisodeRows& e, const RunRows& run) {
  return run.first_end <= e.last_end && e.first_end <= run.last_end;
}

// Null: there is none of that handle.
template <typename Episode>
Episode* find(std::vector<Episode>& episodes, uint32_t handle) {
  const auto it = std::find_if(episodes.begin(), episodes.end(), [&](const Episode& e) { return e.handle == handle; });
  return it == episodes.end() ? nullptr : &*it;
}

// Whether a row of position `p` lies in an episode that is over; asked for rows in order.
template <typename Episode>
class Sealed {
 public:
  explicit Sealed(const std::vector<Episode>& episodes) : episodes_(episodes) {}
  bool holds(Position p) {
    while (at_ < episodes_.size() && (!episodes_[at_].over || episodes_[at_].last_end < p)) ++at_;
    return at_ < episodes_.size() && episodes_[at_].first_end <= p;
  }

 private:
  const std::vector<Episode>& episodes_;
  size_t at_ = 0;
};

// Those that are over and whose rows have all gone are not needed to tell what is sealed.
template <typename Episode>
void drop_over(std::vector<Episode>& episodes, Position oldest) {
  std::erase_if(episodes, [&](const Episode& e) { return e.over && e.last_end < oldest; });
}

// The living episode that began in rows that have gone: its index, or -1. `base`: the fold before the first row.
template <typename Episode>
int begun(const std::vector<Episode>& episodes, const Fold& base, Position oldest) {
  if (base.last == kNoTime) return -1;
  for (size_t i = episodes.size(); i-- > 0;) {
    const Episode& e = episodes[i];
    if (!e.over && e.gone.last_end != Position{} && e.first_end < oldest) return static_cast<int>(i);
  }
  return -1;
}

// A withdrawn event whose row has gone: it is taken off the list and the count of an episode that still tells of it.
template <typename Episode>
void unlist(std::vector<Episode>& episodes, uint64_t uid, const Touched& t, FindingSink& sink) {
  for (Episode& e : episodes) {
    if (e.over) continue;
    if (std::erase_if(e.gone.kept, [&](const auto& k) { return k.position.uid == uid; }) == 0) continue;
    --e.gone.count;
    --e.total;
    return sink.on(finding(e, Finding::Kind::kCorrected, t));
  }
}

// Which standing episode goes on in which run: each claims the first run that it overlaps, elders first; those that
// come too late are merged and leave what they know of gone rows (Gone::take_in), those without a run are gone. Answers
// the episodes that are over.
template <typename Episode, typename Run>
std::vector<Episode> claim(std::vector<Episode>& episodes, std::vector<Run>& runs, const Touched& t,
                           FindingSink& sink) {
  std::vector<size_t> elders(episodes.size());
  for (size_t i = 0; i < elders.size(); ++i) elders[i] = i;
  std::sort(elders.begin(), elders.end(), [&](size_t a, size_t b) {
    const Episode &x = episodes[a], &y = episodes[b];
    return std::pair(x.opened_at, x.handle) < std::pair(y.opened_at, y.handle);
  });
  std::vector<Position> last_ends;  // of each with what was merged into it
  last_ends.reserve(episodes.size());
  for (const Episode& e : episodes) last_ends.push_back(e.last_end);
  std::vector<Episode> kept;
  for (size_t i : elders) {
    const Episode& e = episodes[i];
    if (e.over) {
      kept.push_back(e);
      continue;
    }
    if (!runs.empty() && runs.front().begun && runs.front().owner == static_cast<int>(i)) continue;
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const Run& r) { return overlaps(e, r); });
    if (run == runs.end()) {
      Finding f = finding(e, Finding::Kind::kGone, t);
      if (!t.correction) f.reason = Reason::kLate;
      sink.on(f);
    } else if (run->owner >= 0) {
      Episode& elder = episodes[static_cast<size_t>(run->owner)];
      Finding f = finding(e, Finding::Kind::kMerged, t);
      f.reason = Reason::kMerged;
      f.into = elder.handle;
      sink.on(f);
      elder.gone.take_in(e.gone);
      elder.worst = std::max(elder.worst, e.worst);
      Position& last = last_ends[static_cast<size_t>(run->owner)];
      if (last < e.last_end) elder.severity = e.severity;
      last = std::max(last, e.last_end);
    } else {
      run->owner = static_cast<int>(i);
    }
  }
  return kept;
}

// Brings the episodes up to date with the runs: settle(episode, run, fresh, split, findings) does it for one and adds
// what is to be told of it, which is told when all stand as they now are. `split`: a fresh one came off another.
template <typename Episode, typename Run, typename Settle>
void carry_on(std::vector<Episode>& episodes, std::vector<Run> runs, uint32_t& next_handle, const Touched& t,
              FindingSink& sink, Settle&& settle) {
  std::vector<Episode> next = claim(episodes, runs, t, sink);
  std::vector<Finding> findings;
  for (const Run& run : runs) {
    const bool fresh = run.owner < 0;
    Episode e = fresh ? Episode{} : episodes[static_cast<size_t>(run.owner)];
    bool split = false;
    if (fresh) {
      e.handle = next_handle++;
      e.opened_at = t.time;
      split = std::any_of(episodes.begin(), episodes.end(), [&](const Episode& x) { return overlaps(x, run); });
    }
    settle(e, run, fresh, split, findings);
    next.push_back(std::move(e));
  }
  std::sort(next.begin(), next.end(), [](const Episode& a, const Episode& b) { return a.first_end < b.first_end; });
  episodes = std::move(next);
  for (const Finding& f : findings) sink.on(f);
}

}  // namespace tocsin::detect
