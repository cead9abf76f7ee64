
#include <algorithm>
#include <cstdlib>

#include "detect/cluster.h"
#include "detect/similar.h"

namespace tocsin::detect {
namespace {

using expr::Value;

// Nodes are looked through for what has expired at most this often within one span.
constexpr int64_t kSweepsASpan = 16;

}  // namespace

template <typename L>
Linked<L>::Linked(const Plan& plan)
    : plan_(plan), within_(plan.within.amount), horizon_(2 * within_ + plan.lateness), links_(plan) {}

// ---- rows come and go

template <typename L>
typename Linked<L>::Slot Linked<L>::put(const Row& row, Arena& arena) {
  Slot s = static_cast<Slot>(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    s = free_.back();
    free_.pop_back();
  }
  const auto n = static_cast<size_t>(plan_.cells);
  auto* cells = arena.array<Value>(n + L::kExtraCells);
  for (size_t i = 0; i < n; ++i) cells[i] = i < row.cells.size() ? row.cells[i] : Value();
  Row kept = row;
  kept.cells = {cells, n};
  links_.extend(kept, cells + n);
  kept.cells = {cells, n + L::kExtraCells};
  Node& node = nodes_[s];
  node = Node{};
  node.position = position_of(row);
  pack(node.bytes, kept);
  links_.put(s, node.row(), row.uid);
  const auto at = std::upper_bound(order_.begin(), order_.end(), s, [&](Slot a, Slot b) { return before(a, b); });
  order_.insert(at, s);
  expiry_ = std::min(expiry_, node.position.time + horizon_);
  return s;
}

template <typename L>
void Linked<L>::take_out(Slot s) {
  links_.erase(s);
  nodes_[s] = Node{};
  free_.push_back(s);
}

// Linked rows within `within`, by position; itself among them.
template <typename L>
std::vector<typename Linked<L>::Slot> Linked<L>::neighbours(Slot s) const {
  std::vector<Slot> out;
  const TimeMs time = nodes_[s].position.time;
  links_.around(s, [&](Slot n) {
    const TimeMs other = nodes_[n].position.time;
    if (std::abs(other - time) > within_) return;
    if constexpr (L::kSettled) {
      if (links_.settlements().settled(links_.case_of(other < time ? n : s), std::min(time, other),
                                       std::max(time, other)))
        return;
    }
    out.push_back(n);
  });
  std::sort(out.begin(), out.end(), [&](Slot a, Slot b) { return before(a, b); });
  return out;
}

// Whether some window that contains the event and the row at `needed` (any, when that has no time) makes it dense.
template <typename L>
bool Linked<L>::dense(Slot s, Position needed, Arena& arena) {
  const Node& e = nodes_[s];
  const std::vector<Slot> near = neighbours(s);
  const TimeMs least = needed.time == kNoTime ? e.position.time : std::max(e.position.time, needed.time);
  const TimeMs most = (needed.time == kNoTime ? e.position.time : std::min(e.position.time, needed.time)) + within_;
  std::optional<Tallies> tallies;
  if (near.size() >= kTallyFrom) tallies.emplace(plan_);
  size_t lo = 0, hi = 0;
  for (size_t i = 0; i < near.size();) {
    const TimeMs end = nodes_[near[i]].position.time;
    while (i < near.size() && nodes_[near[i]].position.time == end) ++i;
    if (end < least) continue;
    if (end > most) break;
    for (; hi < i; ++hi) {
      if (tallies) tallies->add(nodes_[near[hi]].row());
    }
    for (; nodes_[near[lo]].position.time < end - within_; ++lo) {
      if (tallies) tallies->remove(nodes_[near[lo]].row());
    }
    const SlotRows slots{&nodes_, &near};
    RowsView rows = slots.view();
    rows.begin = lo;
    rows.count = hi - lo;
    const Scope scope(plan_, rows, tallies ? &*tallies : nullptr, e.row(), nullptr, arena);
    if (fires(plan_, scope, arena)) return true;
  }
  return false;
}

template <typename L>
void Linked<L>::add(const Row& row, FindingSink& sink, Arena& arena) {
  if (row.late) return;
  watermark_ = std::max(watermark_, row.watermark);
  const bool member = (row.roles & kMember) != 0, linked = member && L::fits(row);
  if (member && !linked) ++unlinked_;
  if (revising_.has_value() && revising_->uid == row.uid) {
    revise(row, linked, sink, arena);
  } else {
    const Cause cause{&row, row.time, Reason::kMatched, false};
    const uint64_t matter_case = says(row);
    if (matter_case != 0) hear(matter_case, row, sink, arena);
    if (linked) {
      const Slot s = put(row, arena);
      std::vector<Slot> fresh;
      for (Slot n : neighbours(s)) {
        if (nodes_[n].group == 0 && dense(n, position_of(row), arena)) fresh.push_back(n);
      }
      grow(s, fresh, cause, sink, arena);
    }
    std::vector<uint32_t> handles;
    if (matter_case != 0) add_groups_of(matter_case, handles);
    std::sort(handles.begin(), handles.end());
    for (uint32_t h : handles) tell_settled(*group(h), {}, cause, sink);
  }
  keep_bounds();
}

template <typename L>
void Linked<L>::rejudge(TimeMs now, FindingSink& sink, Arena& arena) {
  std::vector<uint32_t> handles;
  for (Group& g : groups_) {
    handles.push_back(g.handle);
    reset_tallies(g);
  }
  std::vector<Slot> fresh;
  for (Slot s : order_) {
    const bool is = dense(s, {}, arena);
    if (is && nodes_[s].group == 0) fresh.push_back(s);
    if (!is && nodes_[s].group != 0) make_sparse(s);
  }
  regroup(std::move(handles), fresh, {nullptr, now, Reason::kRule, true}, sink, arena);
}

// ---- what nobody needs any more

// At the bound the oldest go, some at once; with words on cases the rows that they may have kept apart from later ones.
template <typename L>
void Linked<L>::keep_bounds() {
  const size_t some = 1 + plan_.max_rows_per_key / 64;
  size_t n = order_.size() > plan_.max_rows_per_key ? std::min(order_.size(), some) : 0;
  if constexpr (L::kSettled) {
    Settlements& said = links_.settlements();
    if (said.size() > plan_.max_rows_per_key) {
      const TimeMs last = said.drop(some);
      dropped_ += some;
      while (n < order_.size() && nodes_[order_[n]].position.time <= last) ++n;
    }
  }
  if (n > 0) drop_oldest(n);
}

// What is left of a group is what decode() would make of it: its dense events and their neighbours. That they may hang
// together no more is told when they are next looked at.
template <typename L>
void Linked<L>::drop_oldest(size_t n) {
  std::vector<uint8_t> goes(nodes_.size());
  for (size_t i = 0; i < n; ++i) goes[order_[i]] = 1;
  for (Group& g : groups_) {
    std::vector<uint8_t> doubtful(nodes_.size());  // members by a dense event that goes
    for (Slot s : g.dense) {
      if (goes[s] == 0) continue;
      for (Slot m : neighbours(s)) doubtful[m] = nodes_[m].group != g.handle;
    }
    const auto holds_on = [&](Slot m) {
      const auto by = neighbours(m);
      return std::ranges::any_of(by, [&](Slot d) { return goes[d] == 0 && nodes_[d].group == g.handle; });
    };
    const size_t lost =
        std::erase_if(g.members, [&](Slot m) { return goes[m] != 0 || (doubtful[m] != 0 && !holds_on(m)); });
    if (lost == 0) continue;
    std::erase_if(g.dense, [&](Slot s) { return goes[s] != 0; });
    g.lost += static_cast<uint32_t>(lost);
    reset_tallies(g);
  }
  for (size_t i = 0; i < n; ++i) take_out(order_[i]);
  order_.erase(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(n));
  dropped_ += n;
}

template <typename L>
void Linked<L>::expire(TimeMs watermark) {
  const TimeMs cut = watermark - horizon_;
  std::vector<uint8_t> held(nodes_.size());
  for (const Group& g : groups_) {
    // A group whose alert is over stays as long as it may still grow.
    const bool alive = !g.over || (!g.dense.empty() && nodes_[g.dense.back()].position.time >= cut);
    if (alive) {
      for (Slot s : g.members) held[s] = 1;
    }
  }
  std::erase_if(groups_, [&](const Group& g) {
    const bool gone = g.over && (g.dense.empty() || nodes_[g.dense.back()].position.time < cut);
    if (gone) {
      for (Slot s : g.dense) nodes_[s].group = 0;
    }
    return gone;
  });
  TimeMs oldest = kNever;
  std::erase_if(order_, [&](Slot s) {
    const bool keep = held[s] != 0 || nodes_[s].position.time >= cut;
    if (keep) {
      if (held[s] == 0 && oldest == kNever) oldest = nodes_[s].position.time;
    } else {
      take_out(s);
    }
    return !keep;
  });
  for (const Group& g : groups_) {
    if (g.over && !g.dense.empty()) oldest = std::min(oldest, nodes_[g.dense.back()].position.time);
  }
  if constexpr (L::kSettled) {
    Settlements& said = links_.settlements();
    said.expire(order_.empty() ? cut : std::min(cut, nodes_[order_.front()].position.time));
    if (!said.empty()) oldest = std::min(oldest, std::max(said.oldest(), cut));
  }
  expiry_ = oldest == kNever ? kNever : std::max(oldest + horizon_, watermark + within_ / kSweepsASpan);
}

template <typename L>
void Linked<L>::advance(TimeMs deadline, FindingSink&, Arena&) {
  expire(std::max(deadline + 1, watermark_));
}

template <typename L>
void Linked<L>::forget(uint32_t episode) {
  Group* g = group(episode);
  if (g == nullptr) return;
  g->over = true;
  if (order_.empty()) {
    std::erase_if(groups_, [](const Group& x) { return x.over; });
  } else {
    expiry_ = std::min(expiry_, nodes_[order_.front()].position.time + horizon_);
  }
}

template <typename L>
size_t Linked<L>::bytes() const {
  size_t n = sizeof(*this) + links_.bytes() + nodes_.capacity() * sizeof(Node) + order_.capacity() * sizeof(Slot);
  for (Slot s : order_) n += nodes_[s].bytes.capacity();
  for (const Group& g : groups_) n += sizeof(Group) + (g.members.capacity() + g.dense.capacity()) * sizeof(Slot);
  return n;
}

template class Linked<NearLinks>;
template class Linked<SameLinks>;

}  // namespace tocsin::detect
