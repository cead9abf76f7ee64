// Of the phase read: what past a rule looks at.
#include "rule/rule_keys.h"
#include "rule/rule_text.h"

namespace tocsin::rule {
namespace {

using detect::RuleKind;

constexpr DurationMs kWeekMs = 7 * kDayMs;
constexpr DurationMs kLeastHistory = 7 * kDayMs, kMostHistory = 366 * kDayMs;

void read_history(const yaml::Reader& reader, const yaml::Node& node, const LoadOptions& options, detect::Plan& plan) {
  if (!reader.read_duration(node, plan.history)) return;
  if (plan.history < kLeastHistory || plan.history > kMostHistory || plan.history % kDayMs != 0) {
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

// baseline: buckets of whole hours that divide a day, so that the same hours of the week are the same buckets.
bool read_every(const yaml::Reader& reader, const yaml::Fields& fields, detect::Plan& plan) {
  const yaml::Node* node = fields.get("every");
  if (node == nullptr || !reader.read_duration(*node, plan.every)) return false;
  if (plan.every > 0 && plan.every % kHourMs == 0 && kDayMs % plan.every == 0) return true;
  reader.fault(*node, {"out-of-range", "`every` is 1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d",
                       "`every` 应为 1h、2h、3h、4h、6h、8h、12h 或 1d",
                       "for a longer span write every: 1d and within: 7d", "更长的跨度请写 every: 1d 与 within: 7d"});
  return false;
}

bool read_span(const yaml::Reader& reader, const yaml::Fields& fields, detect::Plan& plan) {
  const yaml::Node* node = fields.get("within");
  if (node == nullptr) {
    plan.within = {Span::Unit::kPlain, plan.every};
    return true;
  }
  const bool good = plan.within.unit == Span::Unit::kPlain && plan.within.amount > 0 &&
                    plan.within.amount % plan.every == 0 && plan.within.amount <= kMostHistory / 2;
  if (!good) {
    reader.fault(*node,
                 {"out-of-range", "`within` is a whole number of `every`", "`within` 应为 `every` 的整数倍", {}, {}});
  }
  return good;
}

void read_against(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options,
                  detect::Plan& plan) {
  const yaml::Node* node = fields.get("against");
  if (node == nullptr) return;
  const yaml::Fields parts(reader, *node, {"hour_of_week", "previous"}, "`against`");
  if (!node->is_map()) return;
  const yaml::Node *weeks = parts.get("hour_of_week"), *before = parts.get("previous");
  if ((weeks == nullptr) == (before == nullptr)) {
    reader.fault(
        *node, {"against-what", "`against` names one past: hour_of_week or previous",
                "`against` 要写一种历史：hour_of_week 或 previous", "as {hour_of_week: 8w}", "如 {hour_of_week: 8w}"});
    return;
  }
  plan.hour_of_week = weeks != nullptr;
  const yaml::Node& span = weeks != nullptr ? *weeks : *before;
  if (!reader.read_duration(span, plan.history)) return;
  const DurationMs step = plan.hour_of_week ? kWeekMs : plan.within.amount;
  if (plan.history % step != 0 || plan.history / step < 2 || plan.history > kMostHistory) {
    if (plan.hour_of_week) {
      reader.fault(span, {"out-of-range", "`hour_of_week` is 2 to 52 whole weeks", "`hour_of_week` 应为 2 到 52 个整周",
                          "write 8w", "请写 8w"});
    } else {
      const std::string least = format_duration(2 * step);
      reader.fault(span, {"out-of-range",
                          "`previous` is a multiple of the span measured, at least " + least + ", at most 366d",
                          "`previous` 应为所量跨度的整数倍，至少 " + least + "，至多 366d",
                          {},
                          {}});
    }
  } else if (plan.hour_of_week && plan.within.amount > kWeekMs) {
    reader.fault(*fields.get("within"), {"out-of-range",
                                         "against hours of the week the span is a week at most",
                                         "与同一周时比较时，跨度至多一周",
                                         {},
                                         {}});
  } else if (plan.history + plan.within.amount > options.retention) {
    const std::string most = format_duration(options.retention);
    reader.fault(span, {"window-too-long",
                        "`against` looks back longer than what the log keeps, " + most,
                        "`against` 比日志保存的时间（" + most + "）还长",
                        {},
                        {}});
  }
}

}  // namespace

void read_past(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options, RuleText& out) {
  detect::Plan& plan = out.rule.plan;
  if (plan.kind != RuleKind::kSilence && plan.kind != RuleKind::kBaseline) return;
  plan.zone = options.zone;
  if (const yaml::Node* history = fields.get("history"); history != nullptr && plan.kind == RuleKind::kSilence) {
    read_history(reader, *history, options, plan);
  }
  if (plan.kind != RuleKind::kBaseline) return;
  const bool buckets = read_every(reader, fields, plan);
  if (!buckets) plan.every = kHourMs;  // something to go on with
  if (buckets && read_span(reader, fields, plan)) read_against(reader, fields, options, plan);
  if (const yaml::Node* measure = fields.get("measure"); measure != nullptr && measure->is_scalar())
    out.measure = measure;
}

}  // namespace tocsin::rule
