#include "rule/set_params.h"

#include <algorithm>

namespace tocsin::rule {
namespace {

Diagnostic fault(std::string code, std::string en, std::string zh) {
  Diagnostic d;
  d.file = "--set";
  d.code = std::move(code);
  d.en = std::move(en);
  d.zh = std::move(zh);
  return d;
}

template <typename Names>
void suggest(Diagnostic& d, std::string_view word, const Names& names, std::string_view nothing_en,
             std::string_view nothing_zh) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string near = nearest(word, views);
  if (!near.empty()) {
    d.hint_en = "did you mean `" + near + "`?";
    d.hint_zh = "是否想写 `" + near + "`？";
    return;
  }
  d.hint_en = nothing_en;
  d.hint_zh = nothing_zh;
  for (size_t i = 0; i < views.size() && i < 12; ++i) {
    const std::string name = (i == 0 ? " `" : ", `") + std::string(views[i]) + "`";
    d.hint_en += name;
    d.hint_zh += name;
  }
}

struct TypeName {
  expr::Tag tag;
  std::string_view en, zh;
};
constexpr TypeName kParamTypes[] = {{expr::Tag::kInt, "a whole number, as 3", "整数，如 3"},
                                    {expr::Tag::kDouble, "a number, as 0.8", "数字，如 0.8"},
                                    {expr::Tag::kBool, "true or false", "true 或 false"},
                                    {expr::Tag::kDuration, "a duration, as 48h", "时长，如 48h"}};

}  // namespace

void check_set_names(const std::map<std::string, std::string>& set, const ParamNames& known,
                     std::vector<Diagnostic>& out) {
  for (const auto& [name, value] : set) {
    const size_t dot = name.find('.');
    const std::string rule = name.substr(0, dot), param = dot == std::string::npos ? "" : name.substr(dot + 1);
    const auto it = known.find(rule);
    if (it == known.end()) {
      Diagnostic d = fault("unknown-rule", "there is no rule `" + rule + "`", "没有规则 `" + rule + "`");
      std::vector<std::string> ids;
      for (const auto& [id, params] : known) ids.push_back(id);
      suggest(d, rule, ids, "write RULE.PARAM; the rules are", "写法：规则.参数；现有规则");
      out.push_back(std::move(d));
      continue;
    }
    const std::vector<std::string>& params = it->second;
    if (!param.empty() && std::find(params.begin(), params.end(), param) != params.end()) continue;
    Diagnostic d = fault("unknown-param", "there is no param `" + name + "`", "没有参数 `" + name + "`");
    if (params.empty()) {
      d.hint_en = "the rule `" + rule + "` has no params";
      d.hint_zh = "规则 `" + rule + "` 没有参数";
    } else {
      suggest(d, param, params, "write RULE.PARAM; the rule's params are", "写法：规则.参数；该规则的参数");
    }
    out.push_back(std::move(d));
  }
}

bool fit_set_value(const std::string& name, std::string_view given, const expr::Value& own, expr::Value& value,
                   std::vector<Diagnostic>& out) {
  using expr::Tag;
  if (own.tag == value.tag || own.is(Tag::kNull)) return true;
  if (own.is(Tag::kDouble) && value.is(Tag::kInt)) {
    value = expr::Value::number(static_cast<double>(value.i));
    return true;
  }
  for (const TypeName& t : kParamTypes) {
    if (t.tag != own.tag) continue;
    const std::string text(given);
    out.push_back(fault("type-mismatch", "`" + name + "` is " + std::string(t.en) + ", not `" + text + "`",
                        "`" + name + "` 应为" + std::string(t.zh) + "，不能是 `" + text + "`"));
  }
  return false;
}

}  // namespace tocsin::rule
