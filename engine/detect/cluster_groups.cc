// Clusters as objects: how dense events make them, and how they grow, merge, split and are described.
#include <algorithm>
#include <cmath>

#include "detect/cluster.h"

namespace tocsin::detect {
namespace {

constexpr uint32_t kFresh = UINT32_MAX;  // the group of a dense event that has none yet, while chains are looked for

}  // namespace

// places, radius_m, area_km2, centre, over the members.
class Cluster::Values final : public KindScope {
 public:
  Values(const Cluster& cluster, const Group& g) : cluster_(cluster), group_(g) {}

  expr::Value kind_value(size_t index, Arena& arena) const override {
    using expr::Value;
    if (group_.members.empty()) return {};
    if (index == 0) {
      const SlotRows rows{&cluster_.nodes_, &group_.members};
      return aggregate(cluster_.place_plan_, 0, rows.view(), group_.places.get(), arena);
    }
    measure();
    if (index == 1) return Value::number(radius_);
    if (index == 2) return Value::number(area_);
    return Value::point({centre_.lon, centre_.lat});
  }
  LonLat centre() const {
    measure();
    return centre_;
  }
  const std::vector<std::pair<double, double>>& ring() const {
    measure();
    return ring_;
  }

 private:
  void measure() const {
    if (measured_) return;
    measured_ = true;
    std::vector<LonLat> places;
    for (Slot s : group_.members) places.push_back(cluster_.nodes_[s].spot.at);
    centre_ = centre_of(places);
    for (const LonLat& p : places) radius_ = std::max(radius_, distance_m(p, centre_));
    radius_ = std::round(radius_ * 100) / 100;  // to a centimetre
    area_ = hull(places, centre_, ring_);
  }
  const Cluster& cluster_;
  const Group& group_;
  mutable bool measured_ = false;
  mutable LonLat centre_{};
  mutable double radius_ = 0, area_ = 0;
  mutable std::vector<std::pair<double, double>> ring_;
};

Cluster::Group* Cluster::group(uint32_t handle) {
  const auto it = std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.handle == handle; });
  return it == groups_.end() ? nullptr : &*it;
}

Cluster::Group& Cluster::found(const Cause& cause) {
  Group g;
  g.handle = next_handle_++;
  g.opened_at = cause.time;
  groups_.push_back(std::move(g));
  return groups_.back();
}

void Cluster::reset_tallies(Group& g) {
  g.tallies.reset();
  g.places.reset();
}

void Cluster::insert_sorted(std::vector<Slot>& slots, Slot s) const {
  slots.insert(std::upper_bound(slots.begin(), slots.end(), s, [&](Slot a, Slot b) { return before(a, b); }), s);
}

void Cluster::join(Group& g, Slot s) {
  const auto less = [&](Slot a, Slot b) { return before(a, b); };
  if (std::binary_search(g.members.begin(), g.members.end(), s, less)) return;
  insert_sorted(g.members, s);
  g.last = std::max(g.last, nodes_[s].position.time);
  if (g.tallies != nullptr) {
    g.tallies->add(nodes_[s].row());
    g.places->add(nodes_[s].row());
  }
}

void Cluster::make_dense(Group& g, Slot s) {
  nodes_[s].group = g.handle;
  insert_sorted(g.dense, s);
  for (Slot n : neighbours(nodes_[s].spot, nodes_[s].position.time)) join(g, n);
}

std::vector<uint32_t> Cluster::groups_around(const std::vector<Slot>& slots) const {
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

void Cluster::grow(Slot added, const std::vector<Slot>& fresh, const Cause& cause, FindingSink& sink, Arena& arena) {
  std::vector<uint32_t> told;
  for (Slot s : fresh) nodes_[s].group = kFresh;
  for (Slot seed : fresh) {
    if (nodes_[seed].group != kFresh) continue;  // taken in with an earlier one
    std::vector<Slot> chain{seed}, linked;
    nodes_[seed].group = 0;
    for (size_t i = 0; i < chain.size(); ++i) {
      for (Slot n : neighbours(nodes_[chain[i]].spot, nodes_[chain[i]].position.time)) {
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
  for (uint32_t h : groups_around(neighbours(nodes_[added].spot, nodes_[added].position.time))) {
    if (std::find(told.begin(), told.end(), h) != told.end()) continue;
    Group& g = *group(elder_of({h}, cause, sink));
    join(g, added);
    report(g, Finding::Kind::kHolds, cause, sink, arena);
  }
}

// The cluster that goes on among those that are now one; the others are merged into it. Where all are over, what grows
// is a new episode.
uint32_t Cluster::elder_of(const std::vector<uint32_t>& handles, const Cause& cause, FindingSink& sink) {
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

void Cluster::absorb(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink) {
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

void Cluster::report_merged(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink) {
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
std::vector<std::vector<Cluster::Slot>> Cluster::chains(std::vector<uint32_t>& handles,
                                                        const std::vector<Slot>& fresh) {
  std::vector<Slot> seeds = fresh;
  for (Slot s : fresh) nodes_[s].group = kFresh;
  for (uint32_t h : handles) seeds.insert(seeds.end(), group(h)->dense.begin(), group(h)->dense.end());
  const auto less = [&](Slot a, Slot b) { return before(a, b); };
  std::sort(seeds.begin(), seeds.end(), less);
  std::vector<uint8_t> seen(nodes_.size());
  std::vector<std::vector<Slot>> out;
  for (Slot seed : seeds) {
    if (seen[seed] != 0) continue;
    std::vector<Slot> chain{seed};
    seen[seed] = 1;
    for (size_t i = 0; i < chain.size(); ++i) {
      const Node& n = nodes_[chain[i]];
      if (n.group != kFresh && std::find(handles.begin(), handles.end(), n.group) == handles.end()) {
        handles.push_back(n.group);
      }
      for (Slot next : neighbours(n.spot, n.position.time)) {
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

void Cluster::regroup(std::vector<uint32_t> handles, const std::vector<Slot>& fresh, const Cause& cause,
                      FindingSink& sink, Arena& arena) {
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

void Cluster::settle_chain(uint32_t owner, const std::vector<Slot>& chain, const Cause& cause, FindingSink& sink,
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

void Cluster::rebuild(Group& g, const std::vector<Slot>& chain) {
  g.dense.clear();
  g.members.clear();
  g.last = kNoTime;
  reset_tallies(g);
  for (Slot s : chain) make_dense(g, s);
}

// ---- what is told of them

void Cluster::weigh(Group& g, Arena& arena) {
  if (g.tallies == nullptr && g.members.size() >= kTallyFrom) {
    g.tallies = std::make_unique<Tallies>(plan_);
    g.places = std::make_unique<Tallies>(place_plan_);
    for (Slot s : g.members) {
      g.tallies->add(nodes_[s].row());
      g.places->add(nodes_[s].row());
    }
  }
  const Values values(*this, g);
  const SlotRows rows{&nodes_, &g.members};
  const Scope scope(plan_, rows.view(), g.tallies.get(), nodes_[g.dense.front()].row(), &values, arena);
  g.severity = severity_of(plan_, scope, arena);
}

Finding Cluster::finding(const Group& g, Finding::Kind kind, const Cause& cause) const {
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

void Cluster::report(Group& g, Finding::Kind kind, const Cause& cause, FindingSink& sink, Arena& arena) {
  if (!g.dense.empty()) weigh(g, arena);
  g.worst = cause.correction ? g.severity : std::max(g.worst, g.severity);
  sink.on(finding(g, kind, cause));
}

void Cluster::describe(uint32_t episode, Description& out, Arena& arena) {
  const Group* g = group(episode);
  if (g == nullptr) return;
  out.members.clear();
  for (Slot s : g->members) out.members.push_back({nodes_[s].position.time, nodes_[s].position.uid, nodes_[s].row()});
  out.total = g->members.size() + g->lost;
  const Values values(*this, *g);
  const SlotRows rows{&nodes_, &g->members};
  const PackedRow subject = g->dense.empty() ? PackedRow() : nodes_[g->dense.front()].row();
  const Scope scope(plan_, rows.view(), g->tallies.get(), subject, &values, arena);
  out.values.clear();
  for (size_t i = 0; i < scope.slots(); ++i) out.values.push_back(scope.get(static_cast<int>(i)));
  if (g->members.empty()) return;
  out.has_location = true;
  out.lon = values.centre().lon;
  out.lat = values.centre().lat;
  out.ring = values.ring();
}

Position Cluster::name(uint32_t episode) {
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

void Cluster::encode(Writer& out) const {
  out.varint(next_handle_);
  out.zigzag(watermark_);
  out.zigzag(expiry_);
  out.varint(dropped_);
  out.varint(unplaced_);
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
  }
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->cause_time);
  out.flag(revising_->named);
  out.varint(revising_->groups.size());
  for (uint32_t h : revising_->groups) out.varint(h);
}

Status Cluster::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  watermark_ = in.zigzag();
  expiry_ = in.zigzag();
  dropped_ = in.varint();
  unplaced_ = in.varint();
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("a cluster key's rows are cut short");
  for (uint64_t i = 0; i < n; ++i) {
    Node node;
    node.position = decode_position(in);
    node.group = static_cast<uint32_t>(in.varint());
    node.named = in.flag();
    node.bytes = in.str();
    if (!in.ok() || !well_formed(node.bytes, plan_.cells + 1)) return corrupt("a cluster key's row does not decode");
    LonLat at{};
    if (!node.row().has_location()) return corrupt("a cluster key's row has no place");
    node.row().location(at.lon, at.lat);
    node.spot = spot(at);
    grid_.insert(node.spot, static_cast<Slot>(i));
    nodes_.push_back(std::move(node));
    order_.push_back(static_cast<Slot>(i));
  }
  const uint64_t groups = in.varint();
  if (groups > in.remaining()) return corrupt("a cluster key's clusters are cut short");
  std::vector<TimeMs> last;
  for (uint64_t i = 0; i < groups; ++i) {
    Group g;
    g.handle = static_cast<uint32_t>(in.varint());
    g.opened_at = in.zigzag();
    g.lost = static_cast<uint32_t>(in.varint());
    g.severity = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
    g.worst = static_cast<Severity>(std::min<uint8_t>(in.u8(), 4));
    g.over = in.flag();
    last.push_back(in.zigzag());
    groups_.push_back(std::move(g));
  }
  for (Slot s : order_) {
    if (nodes_[s].group == 0) continue;
    Group* g = group(nodes_[s].group);
    if (g == nullptr) return corrupt("a cluster key's row belongs to no cluster");
    make_dense(*g, s);
  }
  for (size_t i = 0; i < groups_.size(); ++i) groups_[i].last = last[i];
  if (!in.flag()) return in.ok() ? Status() : corrupt("a cluster key does not decode");
  revising_ = Revision{};
  revising_->uid = in.fixed64();
  revising_->cause_time = in.zigzag();
  revising_->named = in.flag();
  const uint64_t waiting = in.varint();
  for (uint64_t i = 0; i < waiting && in.ok(); ++i) revising_->groups.push_back(static_cast<uint32_t>(in.varint()));
  return in.ok() ? Status() : corrupt("a cluster key does not decode");
}

}  // namespace tocsin::detect
