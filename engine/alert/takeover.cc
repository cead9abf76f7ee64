#include "alert/takeover.h"

#include <algorithm>
#include <optional>

namespace tocsin::alert {
namespace {

std::optional<Record> take_out(std::vector<Record>& from, const std::string& id) {
  const auto it = std::ranges::find(from, id, &Record::id);
  if (it == from.end()) return std::nullopt;
  Record found = std::move(*it);
  from.erase(it);
  return found;
}

// What people know of an alert goes on with it.
void know(Record& r, const Record& former) {
  r.seq = former.seq;
  r.shadow = former.shadow;
  r.updated_at = former.updated_at;
  r.opened_at = former.opened_at;
  r.opened_source = former.opened_source;
  r.opened_id = former.opened_id;
  r.assigned_to = former.assigned_to;
  r.outcome = former.outcome;
}

// A person's closing outlasts the edit, as it does when a threshold is edited.
void stay_closed(Record& r, const Record& former) {
  if (r.standing.phase == Phase::kLive) r.standing.phase = Phase::kEnded;
  r.standing.status = AlertStatus::kClosed;
  r.standing.ended_at = former.standing.ended_at;
  r.standing.keep_since = kNoTime;
}

Takeover tell(Record& r, TransitionType type, TimeMs now, std::string before) {
  const TimeMs time = std::max(now, r.updated_at);
  r.standing.told_total = r.standing.total;
  r.standing.told_at = time;
  return {r.id, {type, detect::Reason::kRule, time, r.standing}, std::move(before)};
}

}  // namespace

void put_filed(std::vector<Record>& filed, Record r) {
  const auto later = [](TimeMs t, const Record& x) { return t < x.standing.ended_at; };
  filed.insert(std::upper_bound(filed.begin(), filed.end(), r.standing.ended_at, later), std::move(r));
  if (filed.size() > kMaxFiled) filed.erase(filed.begin());
}

std::vector<Takeover> take_over(std::vector<Record>& records, std::vector<Record>& filed, std::vector<Record> former,
                                TimeMs now) {
  std::vector<Takeover> out;
  for (Record& r : records) {
    const bool lives = r.standing.phase == Phase::kLive;
    auto known = take_out(former, r.id);
    if (!known) {
      r.seq = 0;
      if (lives) out.push_back(tell(r, TransitionType::kOpened, now, {}));
      continue;
    }
    know(r, *known);
    const bool lived = known->standing.phase == Phase::kLive;
    if (known->standing.status == AlertStatus::kClosed && (lives || r.standing.phase == Phase::kEnded)) {
      stay_closed(r, *known);
    } else if (lives) {
      r.standing.status = lived ? known->standing.status : AlertStatus::kOpen;
      out.push_back(tell(r, lived ? TransitionType::kAmended : TransitionType::kReopened, now, known->before));
    }
  }
  for (Record& r : filed) {
    const auto known = take_out(former, r.id);
    r.seq = 0;
    if (!known) continue;
    know(r, *known);
    if (known->standing.status == AlertStatus::kClosed) r.standing.status = AlertStatus::kClosed;
  }
  for (Record& r : former) {
    if (r.seq == 0) continue;  // nobody heard of it
    r.episode = 0;
    r.before.clear();
    r.standing.phase = Phase::kFiled;
    put_filed(filed, std::move(r));
  }
  return out;
}

}  // namespace tocsin::alert
