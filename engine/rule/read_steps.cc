// Phase read: the `steps` of a sequence.
#include <algorithm>
#include <array>

#include "event/fields.h"
#include "rule/rule_text.h"
#include "rule/scope.h"

namespace tocsin::rule {
namespace {

constexpr std::array<std::string_view, 6> kReserved = {"area", "params", "true", "false", "null", "in"};

bool is_name(std::string_view text) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view kDigits = "0123456789";
  return !text.empty() && kDigits.find(text[0]) == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return kLetters.find(c) != std::string_view::npos || kDigits.find(c) != std::string_view::npos;
         });
}

bool means_something(std::string_view name) {
  detect::AggregateOp op{};
  const auto fields = event_fields();
  const bool field = std::any_of(fields.begin(), fields.end(), [&](const FieldInfo& f) { return f.name == name; });
  return field || AggregateScope::aggregate_op(name, op) ||
         std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

class StepsReader {
 public:
  StepsReader(const yaml::Reader& reader, RuleText& out) : reader_(reader), out_(out), plan_(out.rule.plan) {}

  void run(const yaml::Node& list) {
    if (!reader_.expect_list(list, "a list of steps")) return;
    if (list.items.size() > detect::kMaxSteps) {
      reader_.fault(list, {"out-of-range", "a sequence has at most 16 steps", "一个序列最多 16 步", {}, {}});
      return;
    }
    bool whole = true;
    for (const yaml::Node& item : list.items) whole &= step(item);
    if (!whole) return;
    const auto positive =
        std::count_if(plan_.steps.begin(), plan_.steps.end(), [](const auto& s) { return !s.negated; });
    if (positive >= 2 || (positive == 1 && plan_.awaits())) return;
    reader_.fault(list, {"too-few-steps", "a sequence needs two steps, or one and a `not` at the end",
                         "序列至少要有两步，或一步加末尾的 `not`", "to count events, write `kind: window`",
                         "只数事件时请用 `kind: window`"});
  }

 private:
  bool step(const yaml::Node& item) {
    if (!item.is_map() || item.keys.size() != 1) {
      reader_.fault(item, {"bad-step", "a step is one key: its name, or `not`, and its condition",
                           "每一步只写一个键：名称（或 `not`）和条件", "as `- threat: '\"threat\" in flags'`",
                           "如 `- threat: '\"threat\" in flags'`"});
      return false;
    }
    const yaml::Node &name = item.keys[0], &when = item.items[0];
    if (!when.is_scalar() || when.value.empty()) {
      const bool missing = when.is_scalar() || when.kind == yaml::Node::Kind::kNull;
      reader_.fault(missing ? name : when,
                    {missing ? "no-expression" : "wrong-type",
                     missing ? "this step has no condition" : "expected an expression, found a list or a map",
                     missing ? "这一步没有写条件" : "此处应为表达式，却是列表或映射",
                     {},
                     {}});
      return false;
    }
    const bool negated = name.value == "not";
    if (negated && plan_.steps.empty() && !begun_) {
      reader_.fault(name, {"leading-not", "a sequence cannot begin with `not`: nothing says since when",
                           "序列不能以 `not` 开头：无从得知从何时算起", "begin with the step that it follows",
                           "请先写它所跟随的那一步"});
      return false;
    }
    begun_ = begun_ || !negated;
    if (!negated && !good_name(name)) return false;
    plan_.steps.push_back({negated ? std::string() : name.value, negated});
    out_.steps.push_back({&name, &when});
    return true;
  }

  bool good_name(const yaml::Node& name) const {
    const std::string& text = name.value;
    if (!is_name(text)) {
      reader_.fault(name, {"bad-name", "`" + text + "` cannot be a step's name", "`" + text + "` 不能作步骤名",
                           "letters, digits and _, not a digit first", "用字母、数字和下划线，不以数字开头"});
      return false;
    }
    if (means_something(text)) {
      reader_.fault(name, {"name-taken", "`" + text + "` means something else here, so no step can be called so",
                           "`" + text + "` 另有含义，不能作步骤名", "add a word, as `" + text + "_step`",
                           "请换个名字，如 `" + text + "_step`"});
      return false;
    }
    const bool twice =
        std::any_of(plan_.steps.begin(), plan_.steps.end(), [&](const detect::Step& s) { return s.name == text; });
    if (twice) {
      reader_.fault(name, {"step-twice", "two steps are called `" + text + "`", "有两步都叫 `" + text + "`", {}, {}});
    }
    return !twice;
  }

  const yaml::Reader& reader_;
  RuleText& out_;
  detect::Plan& plan_;
  bool begun_ = false;  // a step that is no `not` has been read, whatever its name
};

}  // namespace

void read_steps(const yaml::Reader& reader, const yaml::Node& node, RuleText& out) {
  // Their rows are few, and a row that completes a match costs as many as there are.
  out.rule.plan.max_rows_per_key = 5000;
  StepsReader(reader, out).run(node);
}

void check_steps(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options,
                 const RuleText& text) {
  const detect::Plan& plan = text.rule.plan;
  if (plan.kind != detect::RuleKind::kSequence || !plan.awaits()) return;
  if (text.resolve_when != nullptr) {
    reader.fault(*text.resolve_when,
                 {"resolve-by-not", "a sequence that ends with `not` is over when what it waits for comes",
                  "以 `not` 结尾的序列，等的事件一来就解除", "widen that `not`, and leave `resolve.when` out",
                  "请放宽末尾的 `not`，不写 `resolve.when`"});
  }
  if (plan.within.unit == Span::Unit::kPlain && plan.within.amount <= options.retention &&
      plan.within.amount > options.retention / 2) {
    reader.fault(*fields.get("within"), {"window-too-long",
                                         "steps and deadline take twice `within`, longer than what the log keeps",
                                         "步骤和期限共需两倍 `within`，比日志保存的时间还长",
                                         {},
                                         {}});
  }
}

}  // namespace tocsin::rule
