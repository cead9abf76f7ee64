#pragma once
// kind: cluster. Places close in space and time, as objects that grow, merge and split.
//
// An event is *dense* when some window of length `within` that contains its time, ending at an event, holds rows within
// `radius` of it for which `fire` is true. A cluster is a maximal chain of dense events, linked when within `radius`
// and `within` of each other; its members are its dense events and the events in their reach. So what a cluster is does
// not depend on the order of arrival; what does is which arrival opened it. When two become linked, the elder (by the
// time of that arrival, then by order) goes on; when a withdrawal takes one apart, the part with its earliest event
// goes on. `fire` must not become false by more events (counts, distinct counts, sums of what is not negative): a dense
// event stays dense until something is taken back. Rows without a location are passed over.
#include <optional>

#include "detect/detector.h"
#include "detect/sphere.h"

namespace tocsin::detect {

class Cluster final : public Detector {
 public:
  // Precondition: plan.within is plain, plan.radius_m > 0.
  explicit Cluster(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return expiry_; }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override { return order_.empty() && groups_.empty(); }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }
  // Rows without a location.
  uint64_t unplaced() const { return unplaced_; }

 private:
  using Slot = uint32_t;
  struct Node {
    Position position;
    std::string bytes;  // packed, with the place as one more cell
    Spot spot;
    uint32_t group = 0;  // handle of the cluster it is a dense event of; 0: not dense
    bool named = false;  // it has named an alert
    PackedRow row() const { return PackedRow(bytes.data()); }
  };
  struct Group {
    uint32_t handle = 0;
    TimeMs opened_at = 0;
    TimeMs last = kNoTime;
    uint32_t lost = 0;  // members that the bound has cost
    Severity severity = Severity::kNone, worst = Severity::kNone;
    bool over = false;                         // its alert is; when it grows again, it is a new episode
    std::vector<Slot> dense;                   // by position
    std::vector<Slot> members;                 // by position; the dense ones among them
    std::unique_ptr<Tallies> tallies, places;  // of the members
  };
  // Rows of some slots, as a view; it lives as long as both vectors stay as they are.
  struct SlotRows {
    const std::vector<Node>* nodes;
    const std::vector<Slot>* slots;
    RowsView view() const {
      RowsView v;
      v.owner = this;
      v.at = [](const void* owner, size_t i) {
        const auto* rows = static_cast<const SlotRows*>(owner);
        return (*rows->nodes)[(*rows->slots)[i]].row();
      };
      v.count = slots->size();
      return v;
    }
  };
  // Why clusters are being looked at.
  struct Cause {
    const Row* row = nullptr;
    TimeMs time = 0;
    Reason reason = Reason::kMatched;
    bool correction = false;
  };
  class Values;  // the kind's own values

  // rows
  Slot put(const Row& row, Arena& arena);
  void take_out(Slot s);
  std::vector<Slot> neighbours(const Spot& at, TimeMs time) const;
  bool dense(Slot s, Position needed, Arena& arena);
  bool before(Slot a, Slot b) const { return nodes_[a].position < nodes_[b].position; }
  void drop_oldest();
  void expire(TimeMs watermark);

  // clusters
  Group* group(uint32_t handle);
  Group& found(const Cause& cause);
  void join(Group& g, Slot s);
  void make_dense(Group& g, Slot s);
  void grow(Slot added, const std::vector<Slot>& fresh, const Cause& cause, FindingSink& sink, Arena& arena);
  uint32_t elder_of(const std::vector<uint32_t>& handles, const Cause& cause, FindingSink& sink);
  void absorb(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink);
  void report_merged(uint32_t elder, uint32_t younger, const Cause& cause, FindingSink& sink);
  void regroup(std::vector<uint32_t> handles, const std::vector<Slot>& fresh, const Cause& cause, FindingSink& sink,
               Arena& arena);
  void settle_chain(uint32_t owner, const std::vector<Slot>& chain, const Cause& cause, FindingSink& sink,
                    Arena& arena);
  Finding finding(const Group& g, Finding::Kind kind, const Cause& cause) const;
  void insert_sorted(std::vector<Slot>& slots, Slot s) const;
  std::vector<std::vector<Slot>> chains(std::vector<uint32_t>& handles, const std::vector<Slot>& fresh);
  void rebuild(Group& g, const std::vector<Slot>& chain);
  void weigh(Group& g, Arena& arena);
  void report(Group& g, Finding::Kind kind, const Cause& cause, FindingSink& sink, Arena& arena);
  std::vector<uint32_t> groups_around(const std::vector<Slot>& slots) const;
  void reset_tallies(Group& g);

  const Plan& plan_;
  Plan place_plan_;  // one aggregate: distinct places
  const DurationMs within_;
  const DurationMs horizon_;
  const Nearness nearness_;
  SphereGrid grid_;
  std::vector<Node> nodes_;
  std::vector<Slot> free_;
  std::vector<Slot> order_;    // by position
  std::vector<Group> groups_;  // by handle
  uint32_t next_handle_ = 1;
  TimeMs watermark_ = kNoTime;
  TimeMs expiry_ = kNever;
  uint64_t dropped_ = 0, unplaced_ = 0;
  struct Revision {
    uint64_t uid = 0;
    TimeMs cause_time = 0;
    bool named = false;
    std::vector<uint32_t> groups;  // to be looked at when the revised row is there
  };
  std::optional<Revision> revising_;
};

}  // namespace tocsin::detect
