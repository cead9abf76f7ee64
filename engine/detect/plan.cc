#include "detect/plan.h"

#include <array>

namespace tocsin::detect {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"window",   "cluster", "sequence", "absence",
                                                    "baseline", "silence", "similar"};
constexpr std::array<std::string_view, 5> kSeverities = {"none", "blue", "yellow", "orange", "red"};
constexpr std::array<std::string_view, 11> kOps = {"count", "distinct", "sum",   "avg",  "min", "max",
                                                   "any",   "all",      "first", "last", "top"};

using Kind = expr::Type::Kind;
constexpr std::array<KindValue, 4> kClusterValues = {{
    {"places", Kind::kInt, "", "聚集内不同地点的数目", "number of distinct places in the cluster"},
    {"radius_m", Kind::kDouble, "m", "成员到中心的最大距离", "greatest distance of a member from the centre"},
    {"area_km2", Kind::kDouble, "km2", "成员凸包的面积", "area of the convex hull of the members"},
    {"centre", Kind::kPoint, "", "成员的中心点", "centre of the members"},
}};
constexpr std::array<KindValue, 3> kAbsenceValues = {{
    {"due_at", Kind::kTimestamp, "", "应办结时间", "when it is due"},
    {"overdue", Kind::kDuration, "", "已超期时长，到期前为负", "time past the deadline, negative before it"},
    {"elapsed", Kind::kDouble, "", "已用时限的比例", "share of the span that has passed"},
}};

}  // namespace

std::string_view name_of(RuleKind kind) { return kKinds[static_cast<size_t>(kind)]; }
std::string_view name_of(Severity severity) { return kSeverities[static_cast<size_t>(severity)]; }
std::string_view name_of(AggregateOp op) { return kOps[static_cast<size_t>(op)]; }

bool parse_severity(std::string_view text, Severity& out) {
  for (size_t i = 1; i < kSeverities.size(); ++i) {
    if (kSeverities[i] == text) {
      out = static_cast<Severity>(i);
      return true;
    }
  }
  return false;
}

std::span<const KindValue> kind_values(RuleKind kind) {
  if (kind == RuleKind::kCluster) return kClusterValues;
  if (kind == RuleKind::kAbsence) return kAbsenceValues;
  return {};
}

size_t own_values(const Plan& plan) {
  return kind_values(plan.kind).size() + (plan.duties == nullptr ? 0 : plan.duties->expect.size());
}

std::string_view own_value_name(const Plan& plan, size_t index) {
  const auto values = kind_values(plan.kind);
  return index < values.size() ? values[index].name : std::string_view(plan.duties->expect[index - values.size()].name);
}

}  // namespace tocsin::detect
