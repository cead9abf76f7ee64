#pragma once
// kind: cluster. Places close in space and time, as objects that grow, merge and split: events linked (linked.h) when
// they lie within `radius` of each other. Rows without a location are passed over.
#include "detect/linked.h"
#include "detect/sphere.h"

namespace tocsin::detect {

// Precondition of the constructor: plan.radius_m > 0. The extra cell names the place: plan.place_cell's value, or the
// coordinates rounded to six decimals.
class NearLinks {
 public:
  using Slot = uint32_t;
  static constexpr size_t kExtraCells = 1;
  static constexpr bool kSettled = false;
  explicit NearLinks(const Plan& plan);
  static bool fits(const Row& row) { return row.has_location(); }
  static bool readable(const PackedRow& row) { return row.has_location(); }
  void extend(const Row& row, expr::Value* cells) const;
  void put(Slot s, const PackedRow& row, uint64_t uid);
  void erase(Slot s) { grid_.erase(spots_[s], s); }
  template <typename F>
  void around(Slot s, F&& f) const {
    const Spot& at = spots_[s];
    grid_.around(at, [&](Slot n) {
      if (nearness_.near(at, spots_[n])) f(n);
    });
  }
  const Plan& own() const { return place_plan_; }
  size_t bytes() const { return grid_.bytes() + spots_.capacity() * sizeof(Spot); }

  // places, radius_m, area_km2, centre, over the members.
  class Values final : public KindScope {
   public:
    Values(const NearLinks& links, const std::vector<Slot>& members, std::optional<Slot> first, const RowsView& rows,
           const Tallies* own)
        : links_(links), members_(members), rows_(rows), own_(own) {
      static_cast<void>(first);
    }
    expr::Value kind_value(size_t index, Arena& arena) const override;
    void locate(Description& d) const;

   private:
    void measure() const;
    const NearLinks& links_;
    const std::vector<Slot>& members_;
    const RowsView rows_;
    const Tallies* own_;
    mutable bool measured_ = false;
    mutable LonLat centre_{};
    mutable double radius_ = 0, area_ = 0;
    mutable std::vector<std::pair<double, double>> ring_;
  };

 private:
  const Plan& plan_;
  Plan place_plan_;  // one aggregate: distinct places
  const Nearness nearness_;
  SphereGrid grid_;
  std::vector<Spot> spots_;  // by slot
};

using Cluster = Linked<NearLinks>;
extern template class Linked<NearLinks>;

}  // namespace tocsin::detect
