// Conditions that can never hold, and rungs that are never reached.
#include <algorithm>
#include <array>
#include <cmath>

#include "rule/checks.h"
#include "rule/satisfiable.h"

namespace tocsin::rule {
namespace {

using expr::Node;

std::string shown(double v) {
  if (v == std::floor(v) && std::abs(v) < 1e15) return std::to_string(static_cast<int64_t>(v));
  std::string text = std::to_string(v);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// "it is at most 2", "it is 1 to 5"; empty where nothing bounds it.
std::string bounds(const Range& range, bool under, bool zh) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high && range.low > 0) {
    return (zh ? "它的范围是 " : "it is ") + shown(range.low) + (zh ? " 到 " : " to ") + shown(range.high);
  }
  if (high && !under) return (zh ? "最多 " : "it is at most ") + shown(range.high);
  if (low) return (zh ? "最少 " : "it is at least ") + shown(range.low);
  return {};
}

std::string sources_of(const Rule& rule, std::string_view between) {
  std::string out;
  for (const std::string& source : rule.from) out.append(out.empty() ? "" : between).append(source);
  return out;
}

// Where the range is of no help, the sources are: `source == "visit"` with others in `from`.
std::string choices(const Conflict& conflict, const Rule& rule, bool zh) {
  std::string out = bounds(conflict.domain, conflict.under, zh);
  if (!out.empty() || dotted(*conflict.term) != "source") return out;
  return (zh ? "`from` 只有 " : "`from` has ") + sources_of(rule, ", ");
}

yaml::Say say(const Conflict& c, const Rule& rule) {
  if (!c.with.empty()) {
    return {"contradiction",
            "`" + c.text + "` and `" + c.with + "` exclude each other: nothing is both",
            "`" + c.text + "` 与 `" + c.with + "` 互相矛盾，不可能同时成立",
            {},
            {}};
  }
  const std::string en = choices(c, rule, false), zh = choices(c, rule, true);
  return {"never-holds",
          "`" + c.text + "` can never hold" + (en.empty() ? "" : ": " + en),
          "`" + c.text + "` 不可能成立" + (zh.empty() ? "" : "：" + zh),
          {},
          {}};
}

Domain event_domain(const Rule& rule) {
  return {[](const Node& term) { return event_range(term); },
          [&rule](const Node& term) { return dotted(term) == "source" && !rule.from.empty() ? &rule.from : nullptr; },
          literal_number};
}

const std::vector<std::string>* no_texts(const Node&) { return nullptr; }

const detect::Param* param_of(const Rule& rule, const Node& node) {
  const std::string name = dotted(node);
  if (!name.starts_with("params.")) return nullptr;
  for (const detect::Param& param : rule.plan.params) {
    if (param.name == std::string_view(name).substr(7)) return &param;
  }
  return nullptr;
}

// Aggregates, with params as constants: `tried` at that value, the others only where they have no override.
Domain aggregate_domain(const Rule& rule, const AggregateScope& scope, const detect::Param* tried,
                        const expr::Value* value) {
  return {[&scope](const Node& term) { return scope.range_of(term); }, no_texts,
          [&rule, tried, value](const Node& node) -> std::optional<double> {
            const detect::Param* param = param_of(rule, node);
            if (param == nullptr) return literal_number(node);
            if (param == tried) return value->number_if();
            return param->overrides.empty() ? param->value.number_if() : std::nullopt;
          },
          [&scope](const Node& term) { return scope.is_certain(term); }};
}

std::optional<Conflict> conflict_of(const Part& part, const Domain& domain) {
  if (auto beyond = beyond_domain(part, domain)) return beyond;
  return conflict_in({&part, 1}, domain);
}

}  // namespace

bool can_match(const yaml::Reader& reader, const Rule& rule, const Expression& where, const Expression& own,
               const Node* own_root, bool strict) {
  std::vector<Part> parts;
  std::vector<const Expression*> of;
  if (where) parts.push_back({where.ast->root, where.ast->source, false}), of.push_back(&where);
  if (own && own_root != nullptr) parts.push_back({own_root, own.ast->source, false}), of.push_back(&own);
  if (parts.empty()) return true;
  const Domain domain = event_domain(rule);
  std::optional<Conflict> conflict = beyond_domain(parts.back(), domain);
  if (conflict) conflict->part = parts.size() - 1;
  if (!conflict) conflict = conflict_in(parts, domain);
  if (!conflict) return true;
  report(reader, of[conflict->part]->place, *conflict->at, say(*conflict, rule));
  if (!strict) reader.diagnostics().back().level = Diagnostic::Level::kWarning;
  return !strict;
}

bool can_hold(const yaml::Reader& reader, const Rule& rule, const AggregateScope& scope, const Expression& e,
              bool with_params) {
  const Part part{e.ast->root, e.ast->source, false};
  const auto fails = [&](const detect::Param* param, const expr::Value* value, const std::string& key) {
    const auto conflict = conflict_of(part, aggregate_domain(rule, scope, param, value));
    if (!conflict) return false;
    yaml::Say what = say(*conflict, rule);
    if (param != nullptr) {
      const std::string of = "`params." + param->name + "` = " + shown(value->number_if().value_or(0));
      what.en += ", with " + of + (key.empty() ? "" : " for `" + key + "`");
      what.zh += "（" + of + (key.empty() ? "" : "，用于 `" + key + "`") + "）";
    }
    if (scope.is_key(*conflict->term)) {
      what.hint_en = "it is a part of the key: all events of one key have the same";
      what.hint_zh = "它是 key 的一项：同一个 key 的事件此值都相同";
    } else if (conflict->with.empty() && !conflict->under && scope.counts_sources(*conflict->term)) {
      what.hint_en = "`from` names " + sources_of(rule, ", ");
      what.hint_zh = "`from` 只写了 " + sources_of(rule, "、");
    }
    report(reader, e.place, *conflict->at, what);
    return true;
  };
  if (fails(nullptr, nullptr, {})) return false;
  if (!with_params) return true;
  for (const detect::Param& param : rule.plan.params) {
    if (param.overrides.empty() || !param.value.number_if()) continue;
    if (fails(&param, &param.value, {})) return false;
    for (const auto& [key, value] : param.overrides) {
      if (fails(&param, &value, key)) return false;
    }
  }
  return true;
}

void tell_certain(const yaml::Reader& reader, const Rule& rule, const AggregateScope& scope, const Expression& e) {
  // `n` for one value of the param that it reads, or of none; true once told.
  const auto certain = [&](const Node& n, const detect::Param* param, const expr::Value* value,
                           const std::string& key) {
    const Part fails{&n, e.ast->source, true};
    const auto conflict = conflict_in({&fails, 1}, aggregate_domain(rule, scope, param, value));
    if (!conflict) return false;
    const std::string text = "`" + e.ast->source.substr(n.begin, n.end - n.begin) + "`";
    const std::string en = bounds(conflict->domain, conflict->under, false);
    const std::string zh = bounds(conflict->domain, conflict->under, true);
    yaml::Say what{"always-holds", text + " always holds" + (en.empty() ? "" : ": " + en),
                   text + " 恒成立" + (zh.empty() ? "" : "：" + zh), "leave it out, or give a threshold that can fail",
                   "请删去，或改成可能不成立的阈值"};
    if (param != nullptr) {
      const std::string of = "`params." + param->name + "` = " + shown(value->number_if().value_or(0));
      what.en += ", with " + of + (key.empty() ? "" : " for `" + key + "`");
      what.zh += "（" + of + (key.empty() ? "" : "，用于 `" + key + "`") + "）";
    }
    report(reader, e.place, n, std::move(what));
    reader.diagnostics().back().level = Diagnostic::Level::kWarning;
    return true;
  };
  walk(static_cast<const Node*>(e.ast->root), [&](const Node& n) {
    if (n.kind == Node::Kind::kComprehension) return false;
    constexpr std::array<std::string_view, 4> kOrders = {"_<_", "_<=_", "_>_", "_>=_"};
    const bool order = n.kind == Node::Kind::kCall && !n.receiver && n.args.size() == 2 &&
                       std::find(kOrders.begin(), kOrders.end(), n.text) != kOrders.end();
    if (!order) return true;
    const detect::Param* left = param_of(rule, *n.args[0]);
    const detect::Param* param = left != nullptr ? left : param_of(rule, *n.args[1]);
    if (param == nullptr || !param->value.number_if()) {
      certain(n, nullptr, nullptr, {});
      return false;
    }
    if (certain(n, param, &param->value, {})) return false;
    for (const auto& [key, value] : param->overrides) {
      if (certain(n, param, &value, key)) break;
    }
    return false;
  });
}

bool rung_reachable(const AggregateScope& scope, std::span<const Expression* const> rungs) {
  const Domain domain{[&scope](const Node& term) { return scope.range_of(term); }, no_texts, literal_number,
                      [&scope](const Node& term) { return scope.is_certain(term); }};
  std::vector<Part> parts;
  for (const Expression* rung : rungs) {
    if (*rung) parts.push_back({rung->ast->root, rung->ast->source, rung != rungs.back()});
  }
  return parts.size() < 2 || !conflict_in(parts, domain);
}

bool rung_reachable_under(const Rule& rule, const AggregateScope& scope, const Expression& fire,
                          std::span<const Expression* const> graver) {
  std::vector<Part> parts = {{fire.ast->root, fire.ast->source, false}};
  for (const Expression* rung : graver) {
    if (*rung) parts.push_back({rung->ast->root, rung->ast->source, true});
  }
  if (parts.size() < 2) return true;
  bool tried = false;
  for (const detect::Param& param : rule.plan.params) {
    if (param.overrides.empty() || !param.value.number_if()) continue;
    tried = true;
    if (!conflict_in(parts, aggregate_domain(rule, scope, &param, &param.value))) return true;
    for (const auto& [key, value] : param.overrides) {
      if (!conflict_in(parts, aggregate_domain(rule, scope, &param, &value))) return true;
    }
  }
  return !tried && !conflict_in(parts, aggregate_domain(rule, scope, nullptr, nullptr));
}

}  // namespace tocsin::rule
