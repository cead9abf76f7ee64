// Groups as objects: how dense events make them, and how they grow, merge, split and are described.
#include <algorithm>

#include "detect/cluster.h"
#include "detect/similar.h"

namespace tocsin::detect {
namespace {

constexpr uint32_t kFresh = UINT32_MAX;  // the group of a dense event that has none yet, while chains are looked for

}  // namespace

template <typename L>
typename Linked<L>::Group* Linked<L>::group(uint32_t handle) {
  const auto it = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.handle == handle; });
  return it == groups_.end() ? nullptr : &*it;
}

template <typename L>
typename Linked<L>::Group& Linked<L>::found(const Cause& cause) {
  Group g;
  g.handle = next_handle_++;
  g.opened_at = cause.time;
  groups_.push_back(std::move(g));
  return groups_.back();
}

template <typename L>
void Linked<L>::reset_tallies(Group& g) {
  g.tallies.reset();
  g.own.reset();
}

template <typename L>
void Linked<L>::insert_sorted(std::vector<Slot>& slots, Slot s) const {
  slots.insert(std::upper_bound(slots.begin(), slots.end(), s, [&](Slot a, Slot b) { return before(a, b); }), s);
}

template <typename L>
void Linked<L>::join(Group& g, Slot s) {
  const auto less = [&](Slot a, Slot b) { return before(a, b); };
  if (std::binary_search(g.members.begin(), g.members.end(), s, less)) return;
  insert_sorted(g.members, s);
  g.last = std::max(g.last, nodes_[s].position.time);
  if (g.tallies != nullptr) {
    g.tallies->add(nodes_[s].row());
    g.own->add(nodes_[s].row());
  }
}

template <typename L>
void Linked<L>::make_dense(Group& g, Slot s) {
  nodes_[s].group = g.handle;
  insert_sorted(g.dense, s);
  for (Slot n : neighbours(s)) join(g, n);
}

// It is no dense event any more; who its group's members are is looked for anew by regroup().
template <typename L>
void Linked<L>::make_sparse(Slot s) {
  std::erase(group(nodes_[s].group)->dense, s);
  nodes_[s].group = 0;
}

template <typename L>
std::vector<uint32_t> Linked<L>::groups_around(const std::vector<Slot>& slots) const {
  std::vector<uint32_t> handles;
  for (Slot s : slots) {
    const uint32_t h = nodes_[s].group;
    if (h != 0 && h != kFresh) handles.push_back(h);
  }
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  return handles;
}

// ---- growth: an arrival, and the events that it made dense

template <typename L>
void Linked<L>::grow(Slot added, const std::vector<Slot>& fresh, const Cause& cause, FindingSink& sink, Arena& arena) {
  std::vector<uint32_t> told;
  for (Slot s : fresh) nodes_[s].group = kFresh;
  for (Slot seed : fresh) {
    if (nodes_[seed].group != kFresh) continue;  // taken in with an earlier one
    std::vector<Slot> chain{seed}, linked;
    nodes_[seed].group = 0;
    for (size_t i = 0; i < chain.size(); ++i) {
      for (Slot n : neighbours(chain[i])) {
        if (nodes_[n].group == kFresh) {
          nodes_[n].group = 0;
          chain.push_back(n);
        } else {
          linked.push_back(n);
        }
      }
    }
    const std::vector<uint32_t> handles = groups_around(linked);
    const uint32_t handle = handles.empty() ? found(cause).handle : elder_of(handles, cause, sink);
    for (Slot s : chain) make_dense(*group(handle), s);
    report(*group(handle), Finding::Kind::kHolds, cause, sink, arena);
    told.push_back(handle);
  }
  for (uint32_t h : groups_around(neighbours(added))) {
    if (std::find(told.begin(), told.end(), h) != told.end()) continue;
    Group& g = *group(elder_of({h}, cause, sink));
    join(g, added);
    report(g, Finding::Kind::kHolds, cause, sink, arena);
  }
}

// The cluster that goes on among those that are now one; the others are merged into it. Where all are over, what grows
// is a new episode.
template <typename L>
uint32_t Linked<L>::elder_of(const std::vector<uint32_t>& handles, const Cause& cause, FindingSink& sink) {
  uint32_t best = handles.front();
  const auto rank = [&](uint32_t h) {
    const Group& g = *group(h);
    return std::tuple(g.over, g.opened_at, g.handle);
  };
  for (uint32_t h : handles) {
    if (rank(h) < rank(best)) best = h;
  }
  if (Group& g = *group(best); g.over) {
    best = g.handle = next_handle_++;
    g.over = false;
    g.settled_at = kNoTime;
    g.opened_at = cause.time;
    g.worst = Severity::kNone;
    for (Slot s : g.dense) nodes_[s].group = best;
    // Handles stay ascending.
    std::rotate(groups_.begin() + (&g - groups_.data()), groups_.begin() + (&g - groups_.data()) + 1, groups_.end());
  }
  for (uint32_t h : handles) {
    if (h != best && group(h) != nullptr) absorb(best, h, cause, sink);
  }
  return best;
}

template <typename L>
void Linked<L>::absorb(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink) {
  report_merged(elder, younger, cause, sink);
  Group& from = *group(younger);
  Group& to = *group(elder);
  for (Slot s : from.dense) {
    nodes_[s].group = elder;
    insert_sorted(to.dense, s);
  }
  for (Slot s : from.members) join(to, s);
  to.worst = std::max(to.worst, from.worst);
  to.lost += from.lost;
  std::erase_if(groups_, [&](const Group& g) { return g.handle == younger; });
}

template <typename L>
void Linked<L>::report_merged(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink) {
  const Group& g = *group(younger);
  if (g.over) return;
  Finding f = finding(g, Finding::Kind::kMerged, cause);
  f.reason = Reason::kMerged;
  f.into = elder;
  sink.on(f);
}

// ---- corrections: what is linked is looked for anew

// The chains of dense events that the clusters and the fresh ones now make, each by position, in the order of their
// first. Clusters that they turn out to be linked with are added to `handles`.
template <typename L>
std::vector<std::vector<typename Linked<L>::Slot>> Linked<L>::chains(std::vector<uint32_t>& handles,
                                                                     const std::vector<Slot>& fresh) {
  std::vector<Slot> seeds = fresh;
  for (Slot s : fresh) nodes_[s].group = kFresh;
  // All of a group is looked at: where the bound has taken rows it may not hang together any more.
  const auto seed_all_of = [&](uint32_t h) {
    const std::vector<Slot>& dense = group(h)->dense;
    seeds.insert(seeds.end(), dense.begin(), dense.end());
  };
  for (uint32_t h : handles) seed_all_of(h);
  const auto less = [&](Slot a, Slot b) { return before(a, b); };
  std::vector<uint8_t> seen(nodes_.size());
  std::vector<std::vector<Slot>> out;
  for (size_t at = 0; at < seeds.size(); ++at) {
    const Slot seed = seeds[at];
    if (seen[seed] != 0) continue;
    std::vector<Slot> chain{seed};
    seen[seed] = 1;
    for (size_t i = 0; i < chain.size(); ++i) {
      const Node& n = nodes_[chain[i]];
      if (n.group != kFresh && std::find(handles.begin(), handles.end(), n.group) == handles.end()) {
        handles.push_back(n.group);
        seed_all_of(n.group);
      }
      for (Slot next : neighbours(chain[i])) {
        if (nodes_[next].group == 0 || seen[next] != 0) continue;
        seen[next] = 1;
        chain.push_back(next);
      }
    }
    std::sort(chain.begin(), chain.end(), less);
    out.push_back(std::move(chain));
  }
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return before(a[0], b[0]); });
  return out;
}

template <typename L>
void Linked<L>::regroup(std::vector<uint32_t> handles, const std::vector<Slot>& fresh, const Cause& cause,
                        FindingSink& sink, Arena& arena) {
  if (handles.empty() && fresh.empty()) return;
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
  std::erase_if(handles, [&](uint32_t h) { return group(h) == nullptr; });
  const std::vector<std::vector<Slot>> found_chains = chains(handles, fresh);
  std::vector<uint32_t> owner(found_chains.size());
  const auto rank = [&](uint32_t h) {
    const Group& g = *group(h);
    return std::tuple(g.over, g.opened_at, g.handle);
  };
  std::sort(handles.begin(), handles.end(), [&](uint32_t a, uint32_t b) { return rank(a) < rank(b); });
  std::vector<uint32_t> ended;
  for (uint32_t h : handles) {
    Group& g = *group(h);
    size_t c = 0;
    while (!g.dense.empty() && c < found_chains.size() &&
           std::find(found_chains[c].begin(), found_chains[c].end(), g.dense.front()) == found_chains[c].end()) {
      ++c;
    }
    const bool nothing_left = g.dense.empty() || c == found_chains.size();
    if (!nothing_left && owner[c] == 0) {
      owner[c] = h;
      continue;
    }
    ended.push_back(h);
    if (nothing_left) {
      g.members.clear();
      g.lost = 0;
      reset_tallies(g);
      if (!g.over) sink.on(finding(g, Finding::Kind::kGone, cause));
    } else {
      report_merged(owner[c], h, cause, sink);
    }
  }
  std::erase_if(groups_,
                [&](const Group& g) { return std::find(ended.begin(), ended.end(), g.handle) != ended.end(); });
  for (size_t c = 0; c < found_chains.size(); ++c) settle_chain(owner[c], found_chains[c], cause, sink, arena);
}

template <typename L>
void Linked<L>::settle_chain(uint32_t owner, const std::vector<Slot>& chain, const Cause& cause, FindingSink& sink,
                             Arena& arena) {
  if (owner != 0) {
    Group& g = *group(owner);
    rebuild(g, chain);
    if (!g.over) report(g, Finding::Kind::kCorrected, cause, sink, arena);
    return;
  }
  const bool split = std::any_of(chain.begin(), chain.end(), [&](Slot s) { return nodes_[s].group != kFresh; });
  Group& g = found(cause);
  rebuild(g, chain);
  Cause opening = cause;
  opening.correction = false;
  opening.reason = split ? Reason::kSplit : Reason::kMatched;
  report(g, Finding::Kind::kHolds, opening, sink, arena);
}

template <typename L>
void Linked<L>::rebuild(Group& g, const std::vector<Slot>& chain) {
  g.dense.clear();
  g.members.clear();
  g.last = kNoTime;
  reset_tallies(g);
  for (Slot s : chain) make_dense(g, s);
}

// ---- what is told of them

template <typename L>
typename Linked<L>::Values Linked<L>::values_of(const Group& g, const RowsView& rows) const {
  const std::optional<Slot> first = g.dense.empty() ? std::nullopt : std::optional(g.dense.front());
  return Values(links_, g.members, first, rows, g.own.get());
}

template <typename L>
void Linked<L>::weigh(Group& g, Arena& arena) {
  if (g.tallies == nullptr && g.members.size() >= kTallyFrom) {
    g.tallies = std::make_unique<Tallies>(plan_);
    g.own = std::make_unique<Tallies>(links_.own());
    for (Slot s : g.members) {
      g.tallies->add(nodes_[s].row());
      g.own->add(nodes_[s].row());
    }
  }
  const SlotRows rows = rows_of(g);
  const Values values = values_of(g, rows.view());
  const Scope scope(plan_, rows.view(), g.tallies.get(), nodes_[g.dense.front()].row(), &values, arena);
  g.severity = severity_of(plan_, scope, arena);
}

template <typename L>
Finding Linked<L>::finding(const Group& g, Finding::Kind kind, const Cause& cause) const {
  Finding f;
  f.kind = kind;
  f.episode = g.handle;
  f.reason = cause.reason;
  f.time = cause.time;
  f.last = g.last;
  f.severity = g.severity;
  f.worst = g.worst;
  f.total = static_cast<uint32_t>(g.members.size()) + g.lost;
  f.cause = cause.row;
  return f;
}

template <typename L>
void Linked<L>::report(Group& g, Finding::Kind kind, const Cause& cause, FindingSink& sink, Arena& arena) {
  if (!g.dense.empty()) weigh(g, arena);
  g.worst = cause.correction ? g.severity : std::max(g.worst, g.severity);
  sink.on(finding(g, kind, cause));
  tell_settled(g, kind, cause, sink);
}

template <typename L>
void Linked<L>::describe(uint32_t episode, Description& out, Arena& arena) {
  const Group* g = group(episode);
  if (g == nullptr) return;
  out.members.clear();
  for (Slot s : g->members) out.members.push_back({nodes_[s].position.time, nodes_[s].position.uid, nodes_[s].row()});
  out.total = g->members.size() + g->lost;
  const SlotRows rows = rows_of(*g);
  const Values values = values_of(*g, rows.view());
  const PackedRow subject = g->dense.empty() ? PackedRow() : nodes_[g->dense.front()].row();
  const Scope scope(plan_, rows.view(), g->tallies.get(), subject, &values, arena);
  out.values.clear();
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
  if (g->members.empty()) return;
  values.locate(out);
}

template <typename L>
Position Linked<L>::name(uint32_t episode) {
  const Group& g = *group(episode);
  for (Slot s : g.members) {
    if (nodes_[s].named) continue;
    nodes_[s].named = true;
    return nodes_[s].position;
  }
  const Position p =
      nodes_[g.members.front()].position;  // all have named an alert before: a name of its own all the same
  return {p.time, p.uid + 0x9e3779b97f4a7c15u * g.handle};
}

template <typename L>
void Linked<L>::encode(Writer& out) const {
  out.varint(next_handle_);
  out.zigzag(watermark_);
  out.zigzag(expiry_);
  out.varint(dropped_);
  out.varint(unlinked_);
  out.varint(order_.size());
  for (Slot s : order_) {
    const Node& n = nodes_[s];
    detect::encode(out, n.position);
    out.varint(n.group);
    out.flag(n.named);
    out.str(n.bytes);
  }
  out.varint(groups_.size());
  for (const Group& g : groups_) {
    out.varint(g.handle);
    out.zigzag(g.opened_at);
    out.varint(g.lost);
    out.u8(static_cast<uint8_t>(g.severity));
    out.u8(static_cast<uint8_t>(g.worst));
    out.flag(g.over);
    out.zigzag(g.last);
    out.zigzag(g.settled_at);
  }
  if constexpr (L::kSettled) links_.settlements().encode(out);
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->cause_time);
  out.flag(revising_->named);
  out.varint(revising_->groups.size());
  for (uint32_t h : revising_->groups) out.varint(h);
  out.varint(revising_->fresh.size());
  for (uint64_t uid : revising_->fresh) out.fixed64(uid);
}

template <typename L>
Status Linked<L>::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  watermark_ = in.instant();
  expiry_ = in.instant();
  dropped_ = in.varint();
  unlinked_ = in.varint();
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("linked events' rows are cut short");
  for (uint64_t i = 0; i < n; ++i) {
    Node node;
    node.position = decode_position(in);
    node.group = static_cast<uint32_t>(in.varint());
    node.named = in.flag();
    node.bytes = in.str();
    if (!in.ok() || !well_formed(node.bytes, plan_.cells + static_cast<int>(L::kExtraCells)))
      return corrupt("linked events' row does not decode");
    if (!links_.readable(node.row())) return corrupt("a key's row cannot be linked");
    links_.put(static_cast<Slot>(i), node.row(), node.position.uid);
    nodes_.push_back(std::move(node));
    order_.push_back(static_cast<Slot>(i));
  }
  const uint64_t groups = in.varint();
  if (groups > in.remaining()) return corrupt("linked events' clusters are cut short");
  std::vector<TimeMs> last;
  for (uint64_t i = 0; i < groups; ++i) {
    Group g;
    g.handle = static_cast<uint32_t>(in.varint());
    g.opened_at = in.instant();
    g.lost = static_cast<uint32_t>(in.varint());
    g.severity = decode_severity(in);
    g.worst = decode_severity(in);
    g.over = in.flag();
    last.push_back(in.instant());
    g.settled_at = in.instant();
    groups_.push_back(std::move(g));
  }
  if constexpr (L::kSettled) {  // before the groups' members are looked for
    if (Status s = links_.settlements().decode(in); !s) return s;
  }
  for (Slot s : order_) {
    if (nodes_[s].group == 0) continue;
    Group* g = group(nodes_[s].group);
    if (g == nullptr) return corrupt("linked events' row belongs to no cluster");
    make_dense(*g, s);
  }
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i].last = last[i];
  if (!in.flag()) return in.ok() ? Status() : corrupt("a key of linked events does not decode");
  revising_ = Revision{};
  revising_->uid = in.fixed64();
  revising_->cause_time = in.instant();
  revising_->named = in.flag();
  const uint64_t waiting = in.varint();
  for (uint64_t i = 0; i < waiting && in.ok(); ++i) revising_->groups.push_back(static_cast<uint32_t>(in.varint()));
  const uint64_t fresh = in.varint();
  for (uint64_t i = 0; i < fresh && in.ok(); ++i) revising_->fresh.push_back(in.fixed64());
  return in.ok() ? Status() : corrupt("a key of linked events does not decode");
}

template class Linked<NearLinks>;
template class Linked<SameLinks>;

}  // namespace tocsin::detect
