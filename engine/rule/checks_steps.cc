// Checks and adjustments of a sequence's compiled steps.
#include <algorithm>

#include "rule/checks.h"

namespace tocsin::rule {

bool names_no_step(const yaml::Reader& reader, const detect::Plan& plan, const Expression& e) {
  if (!e || plan.resolve_when == nullptr) return true;
  bool good = true;
  walk(e.ast->root, [&](expr::Node& n) {
    const bool variable = n.kind == expr::Node::Kind::kIdent && n.text.starts_with('#') && n.slot >= 0;
    const auto slot = static_cast<size_t>(n.slot);
    if (!variable || slot >= plan.aggregates.size() || plan.aggregates[slot].op != detect::AggregateOp::kStep)
      return true;
    report(reader, e.place, n,
           {"step-here", "`" + plan.aggregates[slot].text + "` is of the match, and here what comes after it is judged",
            "`" + plan.aggregates[slot].text + "` 属于已匹配的步骤，而此处判断的是之后的事件",
            "write last(stage) == \"closed\" and the like", "请写 last(stage) == \"closed\" 之类"});
    good = false;
    return false;
  });
  return good;
}

void ask_less(const FewerSteps& fewer, DurationMs longest, Rule& rule) {
  auto& steps = rule.plan.steps;
  uint32_t taken = 0;
  size_t positive = 0, end = 0;
  for (size_t i = 0; i < steps.size() && positive < fewer.positive; ++i) {
    positive += steps[i].negated ? 0 : 1;
    if (steps[i].negated && !fewer.nots) taken |= 1U << i;
    end = i + 1;
  }
  const bool all = positive == fewer.positive && std::none_of(steps.begin() + static_cast<ptrdiff_t>(end), steps.end(),
                                                              [](const detect::Step& s) { return !s.negated; });
  if (!all || !fewer.nots) steps.resize(end);
  for (size_t i = rule.roles.size(); i-- > 0;) {
    if ((rule.roles[i].role & taken) == 0) continue;
    rule.roles.erase(rule.roles.begin() + static_cast<ptrdiff_t>(i));
    rule.needs.erase(rule.needs.begin() + static_cast<ptrdiff_t>(i));
  }
  if (!fewer.in_span) rule.plan.within.amount = longest;
}

}  // namespace tocsin::rule
