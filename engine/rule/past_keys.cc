// Of the phase read: what past a rule looks at.
#include "rule/rule_keys.h"
#include "rule/rule_text.h"

namespace tocsin::rule {
namespace {

using detect::RuleKind;
using yaml::Node;

constexpr DurationMs kDay = 24 * 3'600'000;
constexpr DurationMs kLeastHistory = 7 * kDay, kMostHistory = 366 * kDay;

void read_history(const yaml::Reader& reader, const Node& node, const LoadOptions& options, detect::Plan& plan) {
  if (!reader.read_duration(node, plan.history)) return;
  if (plan.history < kLeastHistory || plan.history > kMostHistory || plan.history % kDay != 0) {
    reader.fault(node, {"out-of-range", "`history` is 7 to 366 whole days", "`history` 应为 7 到 366 个整天",
                        "write 28d", "请写 28d"});
  } else if (plan.history > options.retention) {
    const std::string most = format_duration(options.retention);
    reader.fault(node, {"window-too-long",
                        "`history` is longer than what the log keeps, " + most,
                        "`history` 比日志保存的时间（" + most + "）还长",
                        {},
                        {}});
  }
}

}  // namespace

void read_past(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options, RuleText& out) {
  detect::Plan& plan = out.rule.plan;
  if (plan.kind != RuleKind::kSilence) return;
  plan.zone = options.zone;
  if (const Node* history = fields.get("history")) read_history(reader, *history, options, plan);
}

}  // namespace tocsin::rule
