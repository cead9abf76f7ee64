// Linked events: what is revised, withdrawn or said out of order, and what settles cases.
#include <algorithm>

#include "detect/cluster.h"
#include "detect/similar.h"

namespace tocsin::detect {

template <typename L>
void Linked<L>::retract(uint64_t uid, bool withdrawn, const Row& cause_row, FindingSink& sink, Arena& arena) {
  Revision r{uid, cause_row.time, false, {}, {}};
  const auto at = std::find_if(order_.rbegin(), order_.rend(), [&](Slot s) { return nodes_[s].position.uid == uid; });
  if (at != order_.rend()) {
    const Slot s = *at;
    r.named = nodes_[s].named;
    const std::vector<Slot> near = neighbours(s);
    r.groups = groups_around(near);
    for (uint32_t h : r.groups) {
      Group& g = *group(h);
      std::erase(g.members, s);
      std::erase(g.dense, s);
      reset_tallies(g);
    }
    order_.erase(std::next(at).base());
    take_out(s);
    for (Slot n : near) {
      if (n != s && nodes_[n].group != 0 && !dense(n, {}, arena)) make_sparse(n);
    }
  }
  std::vector<Slot> fresh;
  if constexpr (L::kSettled) {
    TimeMs time = kNoTime;
    if (const uint64_t matter_case = links_.settlements().find(uid, time); matter_case != 0) {
      relink(
          matter_case, time, [&] { links_.settlements().erase(uid); }, r.groups, fresh, arena);
      add_groups_of(matter_case, r.groups);
    }
  }
  if (!withdrawn) {
    for (Slot s : fresh) r.fresh.push_back(nodes_[s].position.uid);
    revising_ = std::move(r);
    return;
  }
  regroup(std::move(r.groups), fresh, {&cause_row, cause_row.time, Reason::kWithdrawn, true}, sink, arena);
}

template <typename L>
void Linked<L>::settle(FindingSink& sink, Arena& arena) {
  if (!revising_.has_value()) return;
  const Revision r = std::move(*revising_);
  revising_.reset();
  regroup(r.groups, slots_of(r.fresh), {nullptr, r.cause_time, Reason::kRevised, true}, sink, arena);
}

// The row that comes in the place of the one that was taken out.
template <typename L>
void Linked<L>::revise(const Row& row, bool linked, FindingSink& sink, Arena& arena) {
  const Revision r = std::move(*revising_);
  revising_.reset();
  std::vector<uint32_t> handles = r.groups;
  std::vector<Slot> fresh = slots_of(r.fresh);
  if (const uint64_t matter_case = says(row); matter_case != 0) {
    relink(
        matter_case, row.time, [&] { say(matter_case, row); }, handles, fresh, arena);
    add_groups_of(matter_case, handles);
  }
  if (linked) {
    const Slot s = put(row, arena);
    nodes_[s].named = r.named;
    const std::vector<Slot> near = neighbours(s);
    for (Slot n : near) {
      const bool known = nodes_[n].group != 0 || std::find(fresh.begin(), fresh.end(), n) != fresh.end();
      if (!known && dense(n, position_of(row), arena)) fresh.push_back(n);
    }
    for (uint32_t h : groups_around(near)) handles.push_back(h);
  }
  regroup(std::move(handles), fresh, {&row, row.time, Reason::kRevised, true}, sink, arena);
}

template <typename L>
std::vector<typename Linked<L>::Slot> Linked<L>::slots_of(const std::vector<uint64_t>& uids) const {
  std::vector<Slot> out;
  for (uint64_t uid : uids) {
    const auto at = std::find_if(order_.begin(), order_.end(), [&](Slot s) { return nodes_[s].position.uid == uid; });
    if (at != order_.end()) out.push_back(*at);
  }
  return out;
}

// ---- what settles cases

// The case that the row says something of; 0: none.
template <typename L>
uint64_t Linked<L>::says(const Row& row) const {
  if constexpr (L::kSettled) {
    if ((row.roles & kSays) != 0) return links_.case_of(row);
  }
  return 0;
}

// An event that settles a case and undoes it does not settle it.
template <typename L>
void Linked<L>::say(uint64_t matter_case, const Row& row) {
  if constexpr (L::kSettled) {
    links_.settlements().put(matter_case, {position_of(row), (row.roles & kUnsettles) == 0});
    expiry_ = std::min(expiry_, row.time + horizon_);
  }
}

// A word on a case: what it cuts or links among the events that are there already.
template <typename L>
void Linked<L>::hear(uint64_t matter_case, const Row& row, FindingSink& sink, Arena& arena) {
  std::vector<uint32_t> handles;
  std::vector<Slot> fresh;
  relink(
      matter_case, row.time, [&] { say(matter_case, row); }, handles, fresh, arena);
  regroup(std::move(handles), fresh, {&row, row.time, Reason::kLate, true}, sink, arena);
}

// The events whose links a word on the case at `time` may make or cut: those of the case up to then, and later ones
// that are linked to them but for what settles cases.
template <typename L>
std::vector<typename Linked<L>::Slot> Linked<L>::touched_by(uint64_t matter_case, TimeMs time) const {
  std::vector<Slot> out;
  if constexpr (L::kSettled) {
    if (order_.empty() || nodes_[order_.back()].position.time <= time) return out;
    links_.each_of_case(matter_case, [&](Slot s) {
      const TimeMs own = nodes_[s].position.time;
      if (own > time) return;
      const size_t before = out.size();
      links_.around(s, [&](Slot n) {
        const TimeMs other = nodes_[n].position.time;
        if (other > time && other - own <= within_) out.push_back(n);
      });
      if (out.size() > before) out.push_back(s);
    });
    std::sort(out.begin(), out.end(), [&](Slot a, Slot b) { return before(a, b); });
    out.erase(std::unique(out.begin(), out.end()), out.end());
  }
  return out;
}

template <typename L>
bool Linked<L>::corrects(const Row& row) const {
  const uint64_t matter_case = row.late ? 0 : says(row);
  return matter_case != 0 && !touched_by(matter_case, row.time).empty();
}

// Makes a change of what was said of a case at `time`. Appends the groups whose links it concerns; events that become
// dense join `fresh`, those that no longer are leave it, or their group.
template <typename L>
template <typename Change>
void Linked<L>::relink(uint64_t matter_case, TimeMs time, Change&& change, std::vector<uint32_t>& handles,
                       std::vector<Slot>& fresh, Arena& arena) {
  const std::vector<Slot> touched = touched_by(matter_case, time);
  change();
  for (uint32_t h : groups_around(touched)) handles.push_back(h);
  for (Slot s : touched) {
    const bool is = dense(s, {}, arena);
    const auto at = std::find(fresh.begin(), fresh.end(), s);
    if (is && nodes_[s].group == 0 && at == fresh.end()) fresh.push_back(s);
    if (is) continue;
    if (at != fresh.end()) fresh.erase(at);
    if (nodes_[s].group != 0) make_sparse(s);
  }
}

// The groups that have an event of the case as a member.
template <typename L>
void Linked<L>::add_groups_of(uint64_t matter_case, std::vector<uint32_t>& handles) const {
  if constexpr (L::kSettled) {
    const auto less = [&](Slot a, Slot b) { return before(a, b); };
    links_.each_of_case(matter_case, [&](Slot s) {
      for (const Group& g : groups_) {
        const bool told = std::find(handles.begin(), handles.end(), g.handle) != handles.end();
        if (!told && std::binary_search(g.members.begin(), g.members.end(), s, less)) handles.push_back(g.handle);
      }
    });
  }
}

// Since when the cases of all members are settled; kNoTime: they are not.
template <typename L>
TimeMs Linked<L>::settled_since(const Group& g) const {
  TimeMs since = kNoTime;
  if constexpr (L::kSettled) {
    const TimeMs until = plan_.quiet > 0 ? g.last + plan_.quiet : kNever;
    for (auto s = g.members.rbegin(); s != g.members.rend(); ++s) {
      const TimeMs at = links_.settlements().settled_since(links_.case_of(*s), nodes_[*s].position.time, until);
      if (at == kNoTime) return kNoTime;
      since = std::max(since, at);
    }
  }
  return since;
}

// Tells what is new of whether the group is answered; after a finding of another kind also that it still is.
template <typename L>
void Linked<L>::tell_settled(Group& g, std::optional<Finding::Kind> after, const Cause& cause, FindingSink& sink) {
  if constexpr (L::kSettled) {
    if (after == Finding::Kind::kHolds) g.settled_at = kNoTime;
    const TimeMs since = settled_since(g);
    const TimeMs told = std::exchange(g.settled_at, since);
    if (g.over || (since == told && (since == kNoTime || !after.has_value()))) return;
    Finding f = finding(g, since == kNoTime ? Finding::Kind::kHolds : Finding::Kind::kAnswered, cause);
    if (since != kNoTime) {
      f.time = since;
      f.reason = told != kNoTime && since > told ? Reason::kLate : Reason::kRecovered;
    }
    sink.on(f);
  }
}

template class Linked<NearLinks>;
template class Linked<SameLinks>;

}  // namespace tocsin::detect
