#include "connectors/backtest/sweep.h"

#include <algorithm>

#include "rule/variants.h"

namespace tocsin::backtest {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  for (size_t at = 0;;) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string_view value = text.substr(at, comma - at);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    out.emplace_back(value);
    if (comma == text.size()) return out;
    at = comma + 1;
  }
}

const rule::Rule* find(const rule::RuleSet& set, std::string_view id) {
  const auto it = std::find_if(set.rules().begin(), set.rules().end(), [&](const rule::Rule& r) { return r.id == id; });
  return it == set.rules().end() ? nullptr : &*it;
}

bool names(const std::vector<std::string>& list, std::string_view id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

bool helps(const rule::Rule& other, const rule::Rule& r) {
  const bool inhibits = names(r.inhibited_by, other.id) || names(other.inhibits, r.id);
  return inhibits || (r.reads_alerts && !other.reads_alerts);
}

// What these rules depend on, and of that what depends on alerts in its turn, without themselves. That an inhibiting
// rule keeps still changes nothing, so what inhibits it is no matter.
std::vector<rule::Rule> helpers_of(std::span<const std::string> ids, const rule::RuleSet& set) {
  const std::vector<rule::Rule>& all = set.rules();
  const auto chosen = [&](const rule::Rule& r) { return std::ranges::find(ids, r.id) != ids.end(); };
  const auto first = [&](const rule::Rule& r) {
    return !chosen(r) && std::ranges::any_of(all, [&](const rule::Rule& c) { return chosen(c) && helps(r, c); });
  };
  const bool alerts = std::ranges::any_of(all, [&](const rule::Rule& r) { return r.reads_alerts && first(r); });
  std::vector<rule::Rule> out;
  for (const rule::Rule& r : all) {
    if (first(r) || (alerts && !r.reads_alerts && !chosen(r))) out.push_back(r);
  }
  return out;
}

std::vector<std::string> ids_of(const rule::RuleSet& set) {
  std::vector<std::string> out;
  for (const rule::Rule& r : set.rules()) out.push_back(r.id);
  return out;
}

// By their places in `order`, values of `swept` at its own: what happens at one instant is judged in a set's order.
void put_in_order(const std::vector<std::string>& order, std::string_view swept, std::vector<rule::Rule>& rules) {
  const auto place = [&](const rule::Rule& r) {
    const auto it = std::ranges::find(order, r.id);
    return (it == order.end() ? std::ranges::find(order, swept) : it) - order.begin();
  };
  std::ranges::stable_sort(rules, {}, place);
}

Column column_of(const rule::Rule& r) { return {r.id, r.id, {}, r.name, r.mode}; }

// Gathers variants that are alike into families; what is alike to no other stands alone.
std::vector<rule::Rule> gather(const SweepRequest& request, std::vector<rule::Rule> variants) {
  std::vector<std::vector<rule::Rule>> groups;
  for (rule::Rule& r : variants) {
    const auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return rule::alike(g[0], r); });
    if (it == groups.end()) {
      groups.emplace_back().push_back(std::move(r));
    } else {
      it->push_back(std::move(r));
    }
  }
  std::vector<rule::Rule> out;
  for (auto& group : groups) {
    if (group.size() == 1) {
      out.push_back(std::move(group[0]));
      continue;
    }
    // Under the rule's own id its keys hash, and so its alerts are called, as when it runs alone.
    const std::string id = groups.size() == 1 ? request.rule : group[0].id;
    out.push_back(rule::family(id, std::move(group)));
  }
  return out;
}

}  // namespace

Result<SweepRequest> parse_sweep(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return invalid("--set " + std::string(text) + ": " + why + "; write RULE.PARAM=A,B,C");
  };
  const size_t equals = text.find('='), dot = text.find('.');
  if (equals == std::string_view::npos) return wrong("there is no `=`");
  if (dot == std::string_view::npos || dot > equals) return wrong("there is no `.` between rule and param");
  SweepRequest out;
  out.rule = text.substr(0, dot);
  out.param = text.substr(dot + 1, equals - dot - 1);
  if (out.rule.empty() || out.param.empty()) return wrong("the rule or the param is missing");
  out.values = split(text.substr(equals + 1));
  for (const std::string& value : out.values) {
    if (value.find("，") != std::string::npos || value.find("、") != std::string::npos) {
      return wrong("the values stand apart by `,`, not by `，` or `、`");
    }
    if (value.find("..") != std::string::npos) return wrong("there are no ranges: name each value");
  }
  if (std::find(out.values.begin(), out.values.end(), "") != out.values.end()) return wrong("a value is empty");
  if (out.values.size() > rule::kMaxVariants) {
    return wrong("at most " + std::to_string(rule::kMaxVariants) + " values go into one pass");
  }
  for (auto it = out.values.begin(); it != out.values.end(); ++it) {
    if (std::find(out.values.begin(), it, *it) != it) return wrong("the value " + *it + " is there twice");
  }
  return out;
}

Trial trial_of(std::shared_ptr<const rule::RuleSet> rules) {
  Trial out;
  for (const rule::Rule& r : rules->rules()) out.columns.push_back(column_of(r));
  out.rules = std::move(rules);
  return out;
}

Trial only(const Trial& trial, std::span<const std::string> ids) {
  Trial out;
  std::vector<rule::Rule> rules;
  for (const rule::Rule& r : trial.rules->rules()) {
    if (std::ranges::find(ids, r.id) == ids.end()) continue;
    out.columns.push_back(column_of(r));
    rules.push_back(r);
  }
  for (rule::Rule& other : helpers_of(ids, *trial.rules)) {
    out.helpers.push_back(other.id);
    rules.push_back(std::move(other));
  }
  put_in_order(ids_of(*trial.rules), {}, rules);
  out.rules = rule::RuleSet::of(std::move(rules), trial.rules->silences());
  return out;
}

Trial only(const Trial& trial, std::string_view id) {
  const std::string one(id);
  return only(trial, {&one, 1});
}

Result<Trial> sweep(std::span<const rule::SourceFile> files, const rule::LoadOptions& options,
                    const SweepRequest& request, std::vector<rule::Diagnostic>& diagnostics) {
  Trial out;
  out.param = request.name();
  std::vector<rule::Rule> variants, helpers;
  std::vector<rule::Silence> silences;
  std::vector<std::string> order;
  for (const std::string& value : request.values) {
    rule::LoadOptions with = options;
    with.set_params[request.name()] = value;
    std::vector<rule::Diagnostic> found;
    const auto set = rule::RuleSet::load(files, with, found);
    if (set == nullptr || variants.empty()) diagnostics.insert(diagnostics.end(), found.begin(), found.end());
    if (set == nullptr) return invalid("the rules do not compile with " + request.name() + " = " + value);
    const rule::Rule* r = find(*set, request.rule);
    if (r == nullptr) return not_found("the rule " + request.rule + " is switched off (mode: off)");
    if (variants.empty()) {
      helpers = helpers_of({&request.rule, 1}, *set);
      silences = set->silences();
      order = ids_of(*set);
    }
    variants.push_back(*r);
    // Under another id it would not be found by a rule that inhibits it.
    for (const rule::Rule& other : helpers) {
      if (names(other.inhibits, r->id)) variants.back().inhibited_by.push_back(other.id);
    }
    Column column = column_of(*r);
    column.value = value;
    if (request.values.size() > 1) {
      column.id = variants.back().id = variants.back().plan.rule_id = request.rule + "?" + request.param + "=" + value;
    }
    out.columns.push_back(std::move(column));
  }
  std::vector<rule::Rule> rules = gather(request, std::move(variants));
  out.shared = rules.size() == 1;
  for (rule::Rule& other : helpers) {
    out.helpers.push_back(other.id);
    rules.push_back(std::move(other));
  }
  put_in_order(order, request.rule, rules);
  out.rules = rule::RuleSet::of(std::move(rules), std::move(silences));
  return out;
}

}  // namespace tocsin::backtest
