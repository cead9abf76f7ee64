#include "rule/rule_keys.h"

#include <algorithm>
#include <array>

namespace tocsin::rule {
namespace {

using detect::RuleKind;
constexpr uint8_t kWindow = kind_bit(RuleKind::kWindow), kCluster = kind_bit(RuleKind::kCluster),
                  kSequence = kind_bit(RuleKind::kSequence), kAbsence = kind_bit(RuleKind::kAbsence),
                  kBaseline = kind_bit(RuleKind::kBaseline), kSilence = kind_bit(RuleKind::kSilence),
                  kSimilar = kind_bit(RuleKind::kSimilar);

// clang-format off
constexpr std::array kKeys = {
    RuleKey{"id", Shape::kWord, kEveryKind, kEveryKind, "规则编号，小写字母、数字和连字符", "the rule's name for programs: lower-case letters, digits, hyphens"},
    RuleKey{"version", Shape::kInteger, kEveryKind, 0, "版本号，改一次加一", "counts up with each change"},
    RuleKey{"name", Shape::kBilingual, kEveryKind, 0, "名称，中英文", "what people call it"},
    RuleKey{"owner", Shape::kTier, kEveryKind, 0, "哪一级负责", "the tier that owes the answer"},
    RuleKey{"mode", Shape::kMode, kEveryKind, 0, "生效、试运行或停用", "active, shadow (judged and recorded, told to nobody) or off"},
    RuleKey{"kind", Shape::kKind, kEveryKind, kEveryKind, "哪一种规则", "how the events are judged"},
    RuleKey{"from", Shape::kNames, kEveryKind, kEveryKind, "哪些数据源", "the sources whose events it looks at"},
    RuleKey{"where", Shape::kExpression, kEveryKind, 0, "哪些事件（事件范围）", "which events; event scope"},
    RuleKey{"key", Shape::kExpressions, kWindow | kSequence | kAbsence | kBaseline | kSilence | kSimilar, 0, "哪些放在一起看", "events with equal keys are judged together; without it all are"},
    RuleKey{"radius", Shape::kDistance, kCluster, kCluster, "多近算一处", "how near events must be to belong together"},
    RuleKey{"within", Shape::kSpan, kWindow | kCluster | kSequence | kAbsence | kSimilar | kBaseline, kWindow | kCluster | kSequence | kSimilar, "时间跨度", "the span of time; absence: how long it may take; baseline: what is measured, by default `every`"},
    RuleKey{"after", Shape::kExpression, kAbsence, 0, "什么之后开始计时", "the event after which something is owed; event scope"},
    RuleKey{"expect", Shape::kExpect, kAbsence, kAbsence, "等的是什么", "the event that is owed; event scope; with `each`, by name {of, at_least}"},
    RuleKey{"until", Shape::kExpression, kAbsence, 0, "到什么时间为止（代替 within）", "the deadline as a time of the event, instead of within"},
    RuleKey{"pause", Shape::kPause, kAbsence, 0, "何时暂停、恢复计时", "events between which no time counts"},
    RuleKey{"extend", Shape::kExtend, kAbsence, 0, "何时延期到何时", "an event that sets a new deadline: {when, until}"},
    RuleKey{"params", Shape::kParams, kEveryKind, 0, "阈值，可按地区等不同", "thresholds by name: a value, or {default, by, override}"},
    RuleKey{"fire", Shape::kExpression, kEveryKind, kWindow | kCluster | kBaseline | kSilence | kSimilar, "什么条件报警（汇总范围）", "the condition; aggregate scope"},
    RuleKey{"for", Shape::kSpan, kEveryKind & ~kSequence, 0, "持续多久才报", "how long the condition must hold before it opens"},
    RuleKey{"severity", Shape::kSeverity, kEveryKind, 0, "颜色，由重到轻，取第一个成立的", "a colour, or a ladder of conditions; the worst that holds"},
    RuleKey{"update", Shape::kUpdate, kEveryKind, 0, "已开的警报何时再报", "when an open alert is told again"},
    RuleKey{"resolve", Shape::kResolve, kEveryKind & ~kSilence, 0, "何时解除", "when it is over: {quiet, when, keep}"},
    RuleKey{"reopen", Shape::kSpan, kEveryKind, 0, "解除后多久内再发生算同一警报", "a resolved alert opens again within this; by default the quiet time"},
    RuleKey{"summary", Shape::kBilingual, kEveryKind, 0, "一句话说明，可写 {{表达式}}", "one sentence with {{expression:format}}"},
    RuleKey{"advice", Shape::kBilingual, kEveryKind, 0, "建议做什么", "what to do; the same templates"},
    RuleKey{"inhibits", Shape::kNames, kEveryKind, 0, "压住哪些规则", "rules that keep still while this one is open"},
    RuleKey{"inhibited_by", Shape::kNames, kEveryKind, 0, "被哪些规则压住", "rules that keep this one still"},
    RuleKey{"group", Shape::kNames, kEveryKind, 0, "按什么合并通知，如 [area.town, rule]", "what alerts that are told together have in common: [area.town, rule]"},
    RuleKey{"tables", Shape::kNames, kEveryKind, 0, "查哪些表", "reference tables that it looks up"},
    RuleKey{"calendar", Shape::kWord, kEveryKind, 0, "用哪个日历", "a calendar of its own, by the name of its file"},
    RuleKey{"tests", Shape::kTests, kEveryKind, 0, "规则自带的测试", "tests beside the rule"},
    RuleKey{"defaults", Shape::kAny, kEveryKind, 0, "测试事件的默认字段", "fields of the tests' events that they do not name"},
    RuleKey{"each", Shape::kEach, kAbsence, 0, "对名册上的每一个", "every row of a table owes, also when no event named it: {table, where, every}"},
    RuleKey{"steps", Shape::kSteps, kSequence, kSequence, "先后步骤；not 表示其间不得发生", "what comes in order, `name: condition`; `not: condition` what must not; event scope"},
    RuleKey{"every", Shape::kSpan, kBaseline, kBaseline, "多久算一次，整小时到一天", "how often it is measured: whole hours, to a day"},
    RuleKey{"against", Shape::kAgainst, kBaseline, kBaseline, "与什么时候比", "the past that it is compared with: {hour_of_week: 8w} or {previous: 28d}"},
    RuleKey{"measure", Shape::kExpression, kBaseline, 0, "量什么", "what is measured: count(), ratio(condition, condition), avg(number)"},
    RuleKey{"history", Shape::kSpan, kSilence, kSilence, "看多长历史，如 28d", "how much past tells what is usual, in whole days"},
    RuleKey{"same", Shape::kExpression, kSimilar, kSimilar, "什么算同一件事（两件之间）", "what makes two events the same matter; scope of two events"},
    RuleKey{"settled", Shape::kSettled, kSimilar, 0, "什么算案件已办结、什么又推翻它：{by, undone}", "what settles an event's `case`, and what undoes that: {by, undone}; what comes afterwards is another matter"},
};
// clang-format on

constexpr std::array kRuleKinds = {RuleKind::kWindow,   RuleKind::kCluster, RuleKind::kSequence, RuleKind::kAbsence,
                                   RuleKind::kBaseline, RuleKind::kSilence, RuleKind::kSimilar};
constexpr std::array<std::string_view, 4> kTiers = {"grid", "village", "town", "city"};
constexpr std::array<std::string_view, 3> kModes = {"active", "shadow", "off"};
constexpr std::array<std::string_view, 7> kGroups = {"area.city", "area.town", "area.village", "area.grid",
                                                     "rule",      "owner",     "severity"};
constexpr std::array<std::string_view, 4> kSeverities = {"red", "orange", "yellow", "blue"};

}  // namespace

std::span<const RuleKey> rule_keys() { return kKeys; }

const RuleKey* find_rule_key(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const RuleKey& k) { return k.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

std::span<const RuleKind> rule_kinds() { return kRuleKinds; }
std::span<const std::string_view> tier_names() { return kTiers; }
std::span<const std::string_view> mode_names() { return kModes; }
std::span<const std::string_view> group_names() { return kGroups; }
std::span<const std::string_view> severity_names() { return kSeverities; }

}  // namespace tocsin::rule
