#include "rule/compile_params.h"

#include <algorithm>

#include "rule/rule_text.h"
#include "rule/set_params.h"

namespace tocsin::rule {
namespace {

using expr::Type;

constexpr size_t kMaxOverrides = 2000;

class ParamsCompiler {
 public:
  ParamsCompiler(const yaml::Reader& reader, const LoadOptions& options, RuleText& text, EventScope& events,
                 Cells& cells)
      : reader_(reader),
        options_(options),
        text_(text),
        rule_(text.rule),
        plan_(text.rule.plan),
        events_(events),
        cells_(cells) {}

  bool run() {
    for (const ParamText& param : text_.params) {
      ParamValue value;
      value.name = param.name;
      if (param_value(param, value)) {
        events_.add_param(value);
      } else {
        text_.params_faulty = true;
      }
    }
    if (text_.params_faulty) events_.excuse_params();
    for (const ParamValue& value : events_.params()) {
      detect::Param param;
      param.name = value.name;
      param.value = value.value;
      for (const auto& [key, v] : value.overrides) param.overrides.emplace(key, v);
      if (value.by) param.by_cell = cells_.add(events_, value.by, *value.by.ast->root);
      plan_.params.push_back(std::move(param));
    }
    return good_;
  }

 private:
  bool param_value(const ParamText& param, ParamValue& out) {
    std::vector<std::pair<const yaml::Node*, expr::Value>> values = {{param.value, scalar(*param.value, {})}};
    const auto set = options_.set_params.find(rule_.id + "." + param.name);
    if (set != options_.set_params.end()) {
      const expr::Value own = values[0].second;
      const bool text = own.is(expr::Tag::kString);
      values[0].second =
          text ? expr::Value::string(plan_.constants->copy(set->second)) : scalar(*param.value, set->second);
      if (!fit_set_value(set->first, set->second, own, values[0].second, reader_.diagnostics())) {
        good_ = false;
        values[0].second = own;  // so that what reads it has no faults of its own
      }
    } else if (param.override_ != nullptr) {
      if (param.override_->items.size() > kMaxOverrides) {
        reader_.fault(*param.override_,
                      {"out-of-range", "a param has at most 2000 overrides", "一个参数最多 2000 个覆盖值", {}, {}});
        return good_ = false;
      }
      for (size_t i = 0; i < param.override_->items.size(); ++i) {
        values.push_back({&param.override_->items[i], scalar(param.override_->items[i], {})});
      }
    }
    if (!one_type(param, values)) return good_ = false;
    out.value = values[0].second;
    out.written = set == options_.set_params.end() ? param.value : nullptr;
    out.type = Type::of(type_of(out.value));
    for (size_t i = 1; i < values.size(); ++i)
      out.overrides.push_back({param.override_->keys[i - 1].value, values[i].second});
    if (param.by == nullptr || set != options_.set_params.end()) return true;
    out.by = parse_expression(reader_, *param.by);
    if (!out.by || !events_.resolve(out.by)) return good_ = false;
    if (!good_areas(param, out)) return good_ = false;
    const Type::Kind by = out.by.ast->root->type.kind;
    if (by == Type::Kind::kList || by == Type::Kind::kMap) {
      reader_.fault(*param.by, {"type-mismatch", "`by` must be a single value", "`by` 应为单个值", {}, {}});
      return good_ = false;
    }
    return true;
  }

  // Overrides by a place: their keys are codes of its level.
  bool good_areas(const ParamText& param, const ParamValue& value) const {
    if (options_.vocabulary == nullptr) return true;
    bool good = true;
    for (const yaml::Node& key : param.override_->keys) {
      auto fault = area_fault(dotted(*value.by.ast->root), key.value, options_.vocabulary->areas);
      if (!fault) continue;
      reader_.fault(key, {"bad-area", fault->en, fault->zh, fault->hint_en, fault->hint_zh});
      good = false;
    }
    return good;
  }

  // A value of a params block: whole numbers, numbers, true and false, durations as 48h; anything else is a text.
  expr::Value scalar(const yaml::Node& node, std::string_view instead) {
    if (!node.is_scalar()) return {};
    const std::string_view text = instead.empty() ? std::string_view(node.value) : instead;
    if (node.plain) {
      if (const auto v = yaml::as_integer(text)) return expr::Value::integer(*v);
      if (const auto v = yaml::as_number(text)) return expr::Value::number(*v);
      if (const auto v = yaml::as_boolean(text)) return expr::Value::boolean(*v);
      if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
        if (const Result<DurationMs> span = parse_duration(text)) return expr::Value::duration(*span);
      }
    }
    return expr::Value::string(plan_.constants->copy(text));
  }

  static Type::Kind type_of(const expr::Value& v) {
    switch (v.tag) {
      case expr::Tag::kInt:
        return Type::Kind::kInt;
      case expr::Tag::kDouble:
        return Type::Kind::kDouble;
      case expr::Tag::kBool:
        return Type::Kind::kBool;
      case expr::Tag::kDuration:
        return Type::Kind::kDuration;
      case expr::Tag::kString:
        return Type::Kind::kString;
      default:
        return Type::Kind::kNull;
    }
  }

  // Default and overrides have one type; whole numbers among numbers become numbers.
  bool one_type(const ParamText& param, std::vector<std::pair<const yaml::Node*, expr::Value>>& values) {
    const auto is = [](expr::Tag tag) { return [tag](const auto& v) { return v.second.is(tag); }; };
    if (std::any_of(values.begin(), values.end(), is(expr::Tag::kDouble))) {
      for (auto& [node, value] : values) {
        if (value.is(expr::Tag::kInt)) value = expr::Value::number(static_cast<double>(value.i));
      }
    }
    for (const auto& [node, value] : values) {
      if (value.is(expr::Tag::kNull)) {
        reader_.fault(*node, {"wrong-type",
                              "a param's value is a number, a text, true, false or a duration",
                              "参数值应为数字、文本、true、false 或时长",
                              {},
                              {}});
        return false;
      }
    }
    const auto odd = odd_one(values);
    if (odd == values.end()) return true;
    const auto other =
        std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.second.tag != odd->second.tag; });
    const std::string meant = odd->second.is(expr::Tag::kString) ? leading_number(odd->first->value) : std::string();
    const std::string own = expr::to_string(Type::of(type_of(odd->second)));
    const std::string others = expr::to_string(Type::of(type_of(other->second)));
    reader_.fault(*odd->first,
                  {"type-mismatch",
                   "the values of `" + param.name + "` are of two types: this is " + own + ", others are " + others,
                   "`" + param.name + "` 的值类型不一致：此处是 " + own + "，其他是 " + others,
                   meant.empty() ? "" : "write `" + meant + "`, without quotes and unit",
                   meant.empty() ? "" : "请写 `" + meant + "`，不加引号和单位"});
    return false;
  }

  using Values = std::vector<std::pair<const yaml::Node*, expr::Value>>;
  // The first value that is not of the others' type: a text among values of another type, else what differs from the
  // default; the end where there is none.
  static Values::iterator odd_one(Values& values) {
    const auto text = [](const auto& v) { return v.second.is(expr::Tag::kString); };
    if (!std::all_of(values.begin(), values.end(), text)) {
      const auto found = std::find_if(values.begin(), values.end(), text);
      if (found != values.end()) return found;
    }
    return std::find_if(values.begin(), values.end(),
                        [&](const auto& v) { return v.second.tag != values[0].second.tag; });
  }

  // "5个" → "5"; empty where no number leads.
  static std::string leading_number(std::string_view text) {
    const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
    return yaml::as_number(text.substr(0, end)) ? std::string(text.substr(0, end)) : std::string();
  }

  const yaml::Reader& reader_;
  const LoadOptions& options_;
  RuleText& text_;
  Rule& rule_;
  detect::Plan& plan_;
  EventScope& events_;
  Cells& cells_;
  bool good_ = true;
};

}  // namespace

bool compile_params(const yaml::Reader& reader, const LoadOptions& options, RuleText& text, EventScope& events,
                    Cells& cells) {
  return ParamsCompiler(reader, options, text, events, cells).run();
}

void tell_unused_params(const yaml::Reader& reader, const RuleText& text) {
  if (text.params_faulty) return;
  for (const ParamText& param : text.params) {
    if (reads_param(*text.node, param.name)) continue;
    const std::string read = "`params." + param.name + "`";
    reader
        .fault(*param.name_node,
               {"unused-param", "nothing reads the param `" + param.name + "`", "参数 `" + param.name + "` 没有被使用",
                "write " + read + " where it is meant, or leave it out", "请在要用的地方写 " + read + "，或删去"})
        .level = Diagnostic::Level::kWarning;
  }
}

}  // namespace tocsin::rule
