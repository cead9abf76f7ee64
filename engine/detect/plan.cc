#include "detect/plan.h"

#include <array>

namespace tocsin::detect {
namespace {

constexpr std::array<std::string_view, 7> kKinds = {"window",   "cluster", "sequence", "absence",
                                                    "baseline", "silence", "similar"};
constexpr std::array<std::string_view, 5> kSeverities = {"none", "blue", "yellow", "orange", "red"};
constexpr std::array<std::string_view, 12> kOps = {"count", "distinct", "sum",   "avg",  "min", "max",
                                                   "any",   "all",      "first", "last", "top", "step"};

using Kind = expr::Type::Kind;
constexpr std::array<KindValue, 4> kClusterValues = {{
    {"places", Kind::kInt, "", "聚集内不同地点的数目", "number of distinct places in the cluster"},
    {"radius_m", Kind::kDouble, "m", "成员到中心的最大距离（相邻成员之间不超过规则的范围，整体可以更大）",
     "greatest distance of a member from the centre; it is neighbours that lie within the rule's radius"},
    {"area_km2", Kind::kDouble, "km2", "成员凸包的面积", "area of the convex hull of the members"},
    {"centre", Kind::kPoint, "", "成员的中心点", "centre of the members"},
}};
constexpr std::array<KindValue, 2> kSimilarValues = {{
    {"likeness", Kind::kDouble, "", "各件与最早一件文字的平均相像程度，0 到 1",
     "how alike the texts are: the members' mean likeness to the matter's first event, 0 to 1"},
    {"matter", Kind::kString, "", "这件事说的是什么：最早一件的标题或首句，最多 40 字",
     "what it is about: headline or first sentence of the matter's first event, at most 40 characters"},
}};
constexpr std::array<KindValue, 3> kAbsenceValues = {{
    {"due_at", Kind::kTimestamp, "", "应办结时间", "when it is due"},
    {"overdue", Kind::kDuration, "", "已超期时长，到期前为负", "time past the deadline, negative before it"},
    {"elapsed", Kind::kDouble, "", "已用时限的比例", "share of the span that has passed"},
}};

constexpr std::array<KindValue, 3> kSilenceValues = {{
    {"gap", Kind::kDuration, "", "已静默的时长", "how long nothing has come"},
    {"usual_gap", Kind::kDuration, "", "同一时刻起，百次静默中九十九次不超过的时长",
     "what 99 of 100 silences from the same hour of the week stay under"},
    {"p", Kind::kDouble, "", "按自身历史静默这么久的概率", "how probable so long a silence is by its own history"},
}};
constexpr std::array<KindValue, 5> kBaselineValues = {{
    {"observed", Kind::kDouble, "", "实测值", "what was measured"},
    {"expected", Kind::kDouble, "", "按历史的期望值", "what its past lets expect"},
    {"p", Kind::kDouble, "", "在实测值所在一侧，这样极端的概率", "how probable so much, or so little, is by its past"},
    {"ratio", Kind::kDouble, "", "实测值与期望值之比", "observed over expected"},
    {"n", Kind::kInt, "", "样本数", "how many events were measured"},
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
  if (kind == RuleKind::kSimilar) return kSimilarValues;
  if (kind == RuleKind::kAbsence) return kAbsenceValues;
  if (kind == RuleKind::kSilence) return kSilenceValues;
  if (kind == RuleKind::kBaseline) return kBaselineValues;
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
