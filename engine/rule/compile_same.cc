#include "rule/compile_same.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "base/hash.h"
#include "base/json_writer.h"
#include "event/fields.h"
#include "event/likeness.h"

namespace tocsin::rule {
namespace {

using detect::Same;
using expr::Node;
using expr::Type;

// In the order of Same's bits; likeness after them.
constexpr std::array kPairValues = {
    PairValue{"reporter_same", Type::Kind::kBool, "两件由同一人反映", "both are of the same reporter"},
    PairValue{"place_same", Type::Kind::kBool, "两件在同一地点", "both are at the same place"},
    PairValue{"case_same", Type::Kind::kBool, "两件属同一案件", "both belong to the same case"},
    PairValue{"category_same", Type::Kind::kBool, "两件大类相同", "both are of the same category, top level"},
    PairValue{"likeness", Type::Kind::kDouble, "两件文字相像的程度，0 到 1", "how alike their texts are, 0 to 1"},
};
constexpr int kLikeness = 4, kFirstParam = 5;
static_assert(1U << 0 == Same::kReporter && 1U << 1 == Same::kPlace && 1U << 2 == Same::kCase &&
              1U << 3 == Same::kCategory);

bool is_comparison(std::string_view name) { return name == "_>=_" || name == "_>_" || name == "_<=_" || name == "_<_"; }
bool is_likeness(const Node& n) { return n.kind == Node::Kind::kIdent && n.text == "likeness"; }

class SameCompiler {
 public:
  SameCompiler(const yaml::Reader& reader, const yaml::Node& node, const std::vector<ParamValue>& params)
      : reader_(reader), node_(node), params_(params) {}

  bool run(Same& out) {
    e_ = parse_expression(reader_, node_);
    if (!e_ || !refuse_fields() || !declare() || !check()) return false;
    program_ = expr::compile(*e_.ast, e_.ast->root, env_);
    return program_ != nullptr && thresholds(*e_.ast->root) && table(out) && judge(out);
  }

 private:
  bool fault(const Node& at, yaml::Say say) {
    report(reader_, e_.place, at, std::move(say));
    return false;
  }

  // A field of one event, where two are compared.
  bool refuse_fields() {
    bool good = true;
    walk(e_.ast->root, [&](const Node& n) {
      const std::string name = dotted(n);
      const auto fields = event_fields();
      const bool field = std::any_of(fields.begin(), fields.end(), [&](const FieldInfo& f) { return f.name == name; });
      if (!field) return true;
      good = fault(n, {"field-here", "`" + name + "` is a field of one event, and `same` compares two",
                       "`" + name + "` 是单个事件的字段，而 `same` 比较两个事件",
                       "there are reporter_same, place_same, case_same, category_same and likeness",
                       "可用 reporter_same、place_same、case_same、category_same、likeness"});
      return false;
    });
    return good;
  }

  bool declare() {
    for (const PairValue& v : kPairValues)
      env_.variable(std::string(v.name), Type::of(v.type), false, std::string(v.doc));
    values_.resize(kPairValues.size());
    bool good = true;
    for (const ParamValue& param : params_) {
      env_.variable("params." + param.name, param.type);
      values_.push_back(param.value);
      if (param.overrides.empty()) continue;
      walk(e_.ast->root, [&](const Node& n) {
        if (dotted(n) != "params." + param.name) return true;
        good = fault(
            n,
            {"param-of-one-value", "`params." + param.name + "` differs from event to event, and `same` compares two",
             "`params." + param.name + "` 因事件而异，而 `same` 比较两个事件",
             "give the param one value, without `by` and `override`", "请给参数单一的值，不写 by 和 override"});
        return false;
      });
    }
    return good;
  }

  bool check() {
    expr::Faults faults;
    const bool good = expr::check(*e_.ast, e_.ast->root, env_, faults);
    report(reader_, e_.place, faults);
    if (!good || !faults.empty()) return false;
    const Type& type = e_.ast->root->type;
    if (type.kind == Type::Kind::kBool) return true;
    const std::string is = expr::to_string(type);
    return fault(*e_.ast->root,
                 {"type-mismatch", "`same` must be bool, and this is " + is, "`same` 应为 bool，此处是 " + is, {}, {}});
  }

  // Collects what likeness is compared with.
  bool thresholds(const Node& node) {
    if (is_likeness(node)) return unclear(node);
    if (node.kind == Node::Kind::kCall && node.args.size() == 2 && is_comparison(node.text)) {
      const bool left = is_likeness(*node.args[0]), right = is_likeness(*node.args[1]);
      if (left != right) {
        const std::optional<double> value = constant(*node.args[left ? 1 : 0]);
        if (!value) return unclear(node);
        if (*value > 1 || *value < 0) return beyond(node, *node.args[left ? 1 : 0], *value);
        points_.push_back(*value);
        points_.push_back(std::nextafter(*value, 2));
        return true;
      }
    }
    return std::all_of(node.args.begin(), node.args.end(), [&](const Node* arg) { return thresholds(*arg); });
  }

  // A threshold that no likeness has: the param's own value is the fault where there is one.
  bool beyond(const Node& comparison, const Node& threshold, double value) {
    std::string is;
    append_json_number(is, value);
    yaml::Say say{"out-of-range", "likeness lies between 0 and 1, and this is " + is,
                  "likeness 在 0 到 1 之间，此处是 " + is, "write a value such as 0.4; 1 is the very same text",
                  "例如写 0.4；1 表示文字完全相同"};
    const std::string name = dotted(threshold);
    for (const ParamValue& param : params_) {
      if (name != "params." + param.name || param.written == nullptr) continue;
      say.en += ": `same` compares likeness with `" + name + "`";
      say.zh += "：`same` 用 `" + name + "` 与 likeness 比较";
      reader_.fault(*param.written, std::move(say));
      return false;
    }
    return fault(comparison, std::move(say));
  }

  bool unclear(const Node& node) {
    return fault(
        node, {"no-threshold", "from this it cannot be told how alike two events must be", "由此无法得知两件要多像才算",
               "compare likeness with a value: likeness >= 0.4", "请把 likeness 与定值比较：likeness >= 0.4"});
  }

  // The number that an expression of literals and params means.
  std::optional<double> constant(const Node& node) {
    const ProgramPtr program = expr::compile(*e_.ast, &node, env_);
    if (program == nullptr || (!program->slots().empty() && program->slots().front() < kFirstParam)) return {};
    const expr::Value v = program->evaluate(expr::SpanActivation(values_), arena_);
    if (v.is(expr::Tag::kInt)) return static_cast<double>(v.i);
    if (v.is(expr::Tag::kDouble) && std::isfinite(v.d)) return v.d;
    return {};
  }

  bool holds(unsigned facts, double likeness) {
    for (unsigned i = 0; i < kLikeness; ++i) values_[i] = expr::Value::boolean((facts >> i & 1) != 0);
    values_[kLikeness] = expr::Value::number(likeness);
    return program_->evaluate(expr::SpanActivation(values_), arena_).is_true();
  }

  bool table(Same& out) {
    points_.push_back(0);
    std::sort(points_.begin(), points_.end());
    for (unsigned facts = 0; facts < Same::kFacts; ++facts) {
      out.least[facts] = Same::kNever;
      for (const double point : points_) {
        const bool same = holds(facts, std::min(point, 1.0));
        if (same && out.least[facts] == Same::kNever) out.least[facts] = point;
        if (same || out.least[facts] == Same::kNever || point > 1) continue;
        return fault(*e_.ast->root, {"falls-with-likeness", "two events must not be less the same for being more alike",
                                     "两件越像，不应反而越不算同一件事", "write likeness >= …, not likeness < …",
                                     "请写 likeness >= …，不要写 likeness < …"});
      }
    }
    return true;
  }

  bool judge(const Same& same) {
    const Node& root = *e_.ast->root;
    if (*std::min_element(same.least.begin(), same.least.end()) > 1) {
      return fault(root, {"never-holds", "`same` can never hold", "`same` 永远不会成立", {}, {}});
    }
    if (same.by_text() >= kLeastLikeness) return true;
    return fault(root,
                 {"too-much-alike",
                  "this takes nearly all events for one matter: without the same reporter, place or case it needs "
                  "a likeness of at least 0.2",
                  "这会把几乎所有事件当成同一件事：若非同一人、同一地点或同一案件，likeness 至少要 0.2",
                  "write, as an example, likeness >= 0.4", "例如写 likeness >= 0.4"});
  }

  const yaml::Reader& reader_;
  const yaml::Node& node_;
  const std::vector<ParamValue>& params_;
  Expression e_;
  expr::Env env_;
  ProgramPtr program_;
  std::vector<expr::Value> values_;  // by slot
  std::vector<double> points_;       // where the condition may change
  Arena arena_{1024};
};

}  // namespace

std::span<const PairValue> pair_values() { return kPairValues; }

bool compile_same(const yaml::Reader& reader, const yaml::Node& node, const std::vector<ParamValue>& params,
                  Same& out) {
  return SameCompiler(reader, node, params).run(out);
}

std::string identity_of(const Same& same) {
  std::string text;
  for (const double least : same.least) text += hex(std::bit_cast<uint64_t>(least));
  return text;
}

ProgramPtr fingerprint_of_text(const TimeZone& zone) {
  expr::Env env = expr::event_env(zone);
  env.function("@fingerprint", false, {Type::of(Type::Kind::kString)}, Type::of(Type::Kind::kString),
               [](std::span<const expr::Value> args, Arena& arena, const void*) {
                 return expr::Value::string(fingerprint(args[0].str(), arena));
               });
  expr::Faults faults;
  const auto ast = expr::parse(R"(orElse(text, ""))", faults);
  Node* call = ast->make(Node::Kind::kCall);
  call->text = "@fingerprint";
  call->args = {ast->root};
  call->height = ast->root->height + 1;
  ast->root = call;
  return expr::check(*ast, ast->root, env, faults) ? expr::compile(*ast, ast->root, env) : nullptr;
}

bool check_of_groups(const yaml::Reader& reader, const RuleText& text) {
  const detect::RuleKind kind = text.rule.plan.kind;
  const bool group = kind == detect::RuleKind::kCluster || kind == detect::RuleKind::kSimilar;
  if (!group || text.resolve_when == nullptr) return true;
  const std::string name(detect::name_of(kind));
  reader.fault(
      *text.resolve_when,
      {"quiet-alone", "`resolve.when` is not for the kind `" + name + "`: it is over by quiet",
       "`" + name + "` 规则不用 `resolve.when`：静默后解除", "write resolve: {quiet: …}", "请写 resolve: {quiet: …}"});
  return false;
}

bool check_of_events(const yaml::Reader& reader, const Rule& rule, const Expression& fire, const ProgramPtr& program) {
  if (!fire || program == nullptr) return true;
  const auto first = static_cast<int>(rule.plan.aggregates.size());
  const auto values = detect::kind_values(rule.plan.kind);
  bool good = true;
  walk(fire.ast->root, [&](const Node& n) {
    const int index = n.kind == Node::Kind::kIdent ? n.slot - first : -1;
    if (index < 0 || index >= static_cast<int>(values.size())) return true;
    const std::string name(values[static_cast<size_t>(index)].name);
    report(reader, fire.place, n,
           {"value-of-the-matter",
            "`" + name + "` is known only once there is a matter, and `fire` decides whether there is",
            "`" + name + "` 要等一件事成立后才有，而 `fire` 正是判断它是否成立", "use it in severity or a text",
            "请用在 severity 或文本里"});
    good = false;
    return false;
  });
  return good;
}

}  // namespace tocsin::rule
