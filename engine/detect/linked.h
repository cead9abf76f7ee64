#pragma once
// Events linked into groups: what `cluster` (near in space) and `similar` (of one matter) share.
//
// Two events are neighbours when `Links` says so and their times differ by at most `within`; each is its own. An event
// is *dense* when some window of length `within` that contains its time, ending at an event, holds neighbours of it for
// which `fire` is true. A group is a maximal chain of dense events, each a neighbour of another; its members are its
// dense events and their neighbours. This is DBSCAN (Ester, Kriegel, Sander, Xu, 1996) with the rule's own condition
// for density: what a group is does not depend on the order of arrival; what does is which arrival opened it. When two
// become linked, the elder (by the time of that arrival, then by order) goes on; when a withdrawal takes one apart, the
// part with its earliest event goes on. `fire` must not become false by more events (counts, distinct counts, sums of
// what is not negative): a dense event stays dense until something is taken back. Rows that Links cannot link are
// passed over.
//
// Where Links is told what settles a case (settlements.h), links are cut by it: a later event is no neighbour of one
// whose case stood settled when it came. What is said out of order or taken back is judged as a withdrawal is. A group
// is answered, at the time of the last of its cases to be settled, when the cases of all its members are, within
// plan.quiet of the latest member; it holds again when one of them no longer is.
#include <optional>

#include "detect/detector.h"

namespace tocsin::detect {

// A Links finds neighbours by an index, whatever it links by. What it must have:
//   using Slot = uint32_t;
//   explicit Links(const Plan&);
//   static bool fits(const Row&);       whether the row can be linked at all
//   static constexpr size_t kExtraCells; cells that it adds behind the rule's own
//   void extend(const Row&, expr::Value* cells) const;  sets them
//   bool readable(PackedRow) const;     for a row from the store, its cells known to be well formed
//   void put(Slot, PackedRow, uid);  void erase(Slot);
//   void around(Slot, F) const;         f(slot) once for each linked slot, itself among them; in no order
//   const Plan& own() const;            aggregates behind the kind's values, over the extra cells
//   class Values : public KindScope;    the kind's own values, of (links, members, first dense event, the members'
//                                       rows, tallies of own()); its locate(Description&) says where the group lies
//   size_t bytes() const;
//   static constexpr bool kSettled;     whether cases can be settled. If so:
//   uint64_t case_of(Slot), case_of(Row) const;  each_of_case(case, F): the slots with it
//   Settlements& settlements();         what was said of cases
template <typename Links>
class Linked final : public Detector {
 public:
  // Precondition: plan.within is plain, and what Links asks for.
  explicit Linked(const Plan& plan);
  void add(const Row& row, FindingSink& sink, Arena& arena) override;
  bool corrects(const Row& row) const override;
  void retract(uint64_t uid, bool withdrawn, const Row& cause, FindingSink& sink, Arena& arena) override;
  void settle(FindingSink& sink, Arena& arena) override;
  void advance(TimeMs deadline, FindingSink& sink, Arena& arena) override;
  void rejudge(TimeMs now, FindingSink& sink, Arena& arena) override;
  TimeMs next_deadline() const override { return expiry_; }
  void forget(uint32_t episode) override;
  void describe(uint32_t episode, Description& out, Arena& arena) override;
  Position name(uint32_t episode) override;
  bool empty() const override {
    if constexpr (Links::kSettled) {
      if (!links_.settlements().empty()) return false;
    }
    return order_.empty() && groups_.empty();
  }
  void encode(Writer& out) const override;
  Status decode(Reader& in) override;
  size_t bytes() const override;
  uint64_t dropped() const override { return dropped_; }

 private:
  using Slot = typename Links::Slot;
  struct Node {
    Position position;
    std::string bytes;   // packed, with the extra cells
    uint32_t group = 0;  // handle of the group it is a dense event of; 0: not dense
    bool named = false;  // it has named an alert
    PackedRow row() const { return PackedRow(bytes.data()); }
  };
  struct Group {
    uint32_t handle = 0;
    TimeMs opened_at = 0;
    TimeMs last = kNoTime;
    uint32_t lost = 0;  // members that the bound has cost
    Severity severity = Severity::kNone, worst = Severity::kNone;
    TimeMs settled_at = kNoTime;            // since when it is answered
    bool over = false;                      // its alert is; when it grows again, it is a new episode
    std::vector<Slot> dense;                // by position
    std::vector<Slot> members;              // by position; the dense ones among them
    std::unique_ptr<Tallies> tallies, own;  // of the members
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
  // Why groups are being looked at.
  struct Cause {
    const Row* row = nullptr;
    TimeMs time = 0;
    Reason reason = Reason::kMatched;
    bool correction = false;
  };
  using Values = typename Links::Values;

  // rows
  Slot put(const Row& row, Arena& arena);
  void take_out(Slot s);
  std::vector<Slot> neighbours(Slot s) const;
  bool dense(Slot s, Position needed, Arena& arena);
  bool before(Slot a, Slot b) const { return nodes_[a].position < nodes_[b].position; }
  void keep_bounds();
  void drop_oldest(size_t n);
  void expire(TimeMs watermark);

  // corrections
  void revise(const Row& row, bool linked, FindingSink& sink, Arena& arena);
  std::vector<Slot> slots_of(const std::vector<uint64_t>& uids) const;

  // what settles cases
  static constexpr uint32_t kSays = kSettles | kUnsettles;
  uint64_t says(const Row& row) const;
  void say(uint64_t matter_case, const Row& row);
  void hear(uint64_t matter_case, const Row& row, FindingSink& sink, Arena& arena);
  std::vector<Slot> touched_by(uint64_t matter_case, TimeMs time) const;
  template <typename Change>
  void relink(uint64_t matter_case, TimeMs time, Change&& change, std::vector<uint32_t>& handles,
              std::vector<Slot>& fresh, Arena& arena);
  void add_groups_of(uint64_t matter_case, std::vector<uint32_t>& handles) const;
  TimeMs settled_since(const Group& g) const;
  void tell_settled(Group& g, std::optional<Finding::Kind> after, const Cause& cause, FindingSink& sink);

  // groups
  Group* group(uint32_t handle);
  Group& found(const Cause& cause);
  void join(Group& g, Slot s);
  void make_dense(Group& g, Slot s);
  void make_sparse(Slot s);
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
  Values values_of(const Group& g, const RowsView& rows) const;
  SlotRows rows_of(const Group& g) const { return {&nodes_, &g.members}; }

  const Plan& plan_;
  const DurationMs within_;
  const DurationMs horizon_;
  Links links_;
  std::vector<Node> nodes_;
  std::vector<Slot> free_;
  std::vector<Slot> order_;    // by position
  std::vector<Group> groups_;  // by handle
  uint32_t next_handle_ = 1;
  TimeMs watermark_ = kNoTime;
  TimeMs expiry_ = kNever;
  uint64_t dropped_ = 0, unlinked_ = 0;
  struct Revision {
    uint64_t uid = 0;
    TimeMs cause_time = 0;
    bool named = false;
    std::vector<uint32_t> groups;  // to be looked at when the revised row is there
    std::vector<uint64_t> fresh;   // uids of events that became dense by what it no longer settles
  };
  std::optional<Revision> revising_;
};

}  // namespace tocsin::detect
