#include "rule/predicate.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "rule/expression.h"

namespace tocsin::rule {
namespace {

using expr::Node;
using Clauses = std::vector<Clause>;

// Past this many clauses a part of the condition is given up (which only makes the index coarser).
constexpr size_t kMaxClauses = 32;

Clauses anything(bool complete) {
  Clause clause;
  clause.complete = complete;
  return {clause};
}

std::optional<AreaLevel> level_of(std::string_view name) {
  constexpr std::array<std::string_view, kAreaLevels> kNames = {"area.city", "area.town", "area.village", "area.grid",
                                                                "area.microgrid"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<AreaLevel>(found - kNames.begin());
}

// `field` is one of `texts`; or, where `negated`, none of them.
Clauses test(std::string_view field, const std::vector<std::string>& texts, bool negated) {
  Clause clause;
  if (field == "kind") {
    clause.kinds = 0;
    for (const std::string& text : texts) {
      EventKind kind{};
      if (parse_event_kind(text, kind)) clause.kinds |= static_cast<uint8_t>(1U << static_cast<unsigned>(kind));
    }
    if (negated) clause.kinds = static_cast<uint8_t>(~clause.kinds);
  } else if (field == "stage") {
    clause.stages = 0;
    for (const std::string& text : texts) {
      Stage stage{};
      if (parse_stage(text, stage)) clause.stages |= static_cast<uint16_t>(1U << static_cast<unsigned>(stage));
    }
    if (negated) clause.stages = static_cast<uint16_t>(~clause.stages);
  } else if (negated) {
    return anything(false);
  } else if (field == "source") {
    clause.any_source = false;
    clause.sources = texts;
  } else if (field == "category") {
    clause.any_category = false;
    for (const std::string& text : texts) clause.categories.push_back({text, true});
  } else if (const auto level = level_of(field)) {
    clause.any_area = false;
    clause.level = *level;
    clause.areas = texts;
  } else {
    return anything(false);
  }
  if (clause.kinds == 0 || clause.stages == 0 || texts.empty()) return {};
  return {clause};
}

bool below(const std::string& path, const std::string& top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '.');
}

// The narrower of two demands on the category, or nothing when they exclude each other.
std::optional<CategoryNeed> both(const CategoryNeed& a, const CategoryNeed& b) {
  if (a.exact && b.exact) return a.path == b.path ? std::optional(a) : std::nullopt;
  if (a.exact) return below(a.path, b.path) ? std::optional(a) : std::nullopt;
  if (b.exact) return below(b.path, a.path) ? std::optional(b) : std::nullopt;
  if (below(a.path, b.path)) return a;
  if (below(b.path, a.path)) return b;
  return std::nullopt;
}

std::vector<std::string> common(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const std::string& text : a) {
    if (std::find(b.begin(), b.end(), text) != b.end()) out.push_back(text);
  }
  return out;
}

// Both clauses at once; nothing when they exclude each other.
std::optional<Clause> both(const Clause& a, const Clause& b) {
  Clause out = a;
  out.complete = a.complete && b.complete;
  out.kinds = a.kinds & b.kinds;
  out.stages = a.stages & b.stages;
  if (out.kinds == 0 || out.stages == 0) return std::nullopt;
  if (a.any_source) {
    out.any_source = b.any_source;
    out.sources = b.sources;
  } else if (!b.any_source) {
    out.sources = common(a.sources, b.sources);
    if (out.sources.empty()) return std::nullopt;
  }
  if (a.any_category) {
    out.any_category = b.any_category;
    out.categories = b.categories;
  } else if (!b.any_category) {
    out.categories.clear();
    for (const CategoryNeed& x : a.categories) {
      for (const CategoryNeed& y : b.categories) {
        if (const auto z = both(x, y)) out.categories.push_back(*z);
      }
    }
    if (out.categories.empty()) return std::nullopt;
  }
  if (a.any_area) {
    out.any_area = b.any_area;
    out.level = b.level;
    out.areas = b.areas;
  } else if (!b.any_area && a.level == b.level) {
    out.areas = common(a.areas, b.areas);
    if (out.areas.empty()) return std::nullopt;
  } else if (!b.any_area) {  // two levels: the deeper one is the narrower
    const Clause& deep = a.level > b.level ? a : b;
    out.level = deep.level;
    out.areas = deep.areas;
    out.complete = false;
  }
  return out;
}

Clauses conjunction(Clauses a, Clauses b) {
  if (a.size() * b.size() > kMaxClauses) {
    Clauses& narrow = a.size() <= b.size() ? a : b;
    for (Clause& clause : narrow) clause.complete = false;
    return narrow;
  }
  Clauses out;
  for (const Clause& x : a) {
    for (const Clause& y : b) {
      if (auto z = both(x, y)) out.push_back(std::move(*z));
    }
  }
  return out;
}

Clauses disjunction(Clauses a, Clauses b) {
  if (a.size() + b.size() > kMaxClauses) return anything(false);
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::optional<std::vector<std::string>> texts_of(const Node& node) {
  if (node.kind != Node::Kind::kList) return std::nullopt;
  std::vector<std::string> out;
  for (const Node* item : node.args) {
    const auto text = item->text_literal();
    if (!text) return std::nullopt;
    out.push_back(*text);
  }
  return out;
}

Clauses clauses_of(const Node& node);

Clauses comparison(const Node& node, bool negated) {
  for (int side = 0; side < 2; ++side) {
    const std::string field = dotted(*node.args[static_cast<size_t>(side)]);
    const auto text = node.args[static_cast<size_t>(1 - side)]->text_literal();
    if (!field.empty() && text) return test(field, {*text}, negated);
  }
  return anything(false);
}

// Not: only where nothing but kinds, or nothing but stages, is demanded.
Clauses negation(const Clauses& inner) {
  if (inner.size() != 1 || !inner[0].complete) return inner.empty() ? anything(true) : anything(false);
  const Clause& c = inner[0];
  if (!c.any_source || !c.any_category || !c.any_area || (c.kinds != 0xFF && c.stages != 0xFFFF))
    return anything(false);
  if (c.kinds == 0xFF && c.stages == 0xFFFF) return {};
  Clause out;
  if (c.kinds != 0xFF) out.kinds = static_cast<uint8_t>(~c.kinds);
  if (c.stages != 0xFFFF) out.stages = static_cast<uint16_t>(~c.stages);
  return {out};
}

Clauses call(const Node& node) {
  const auto& args = node.args;
  if (node.text == "_&&_") return conjunction(clauses_of(*args[0]), clauses_of(*args[1]));
  if (node.text == "_||_") return disjunction(clauses_of(*args[0]), clauses_of(*args[1]));
  if (node.text == "!_") return negation(clauses_of(*args[0]));
  if (node.text == "_==_") return comparison(node, false);
  if (node.text == "_!=_") return comparison(node, true);
  if (node.text == "@in") {
    const std::string field = dotted(*args[0]);
    const auto texts = texts_of(*args[1]);
    if (!field.empty() && texts) return test(field, *texts, false);
  }
  if (node.text == "under" && node.receiver && args.size() == 2 && dotted(*args[0]) == "category") {
    if (const auto text = args[1]->text_literal(); text && !text->empty()) {
      Clause clause;
      clause.any_category = false;
      clause.categories = {{*text, false}};
      return {clause};
    }
  }
  return anything(false);
}

Clauses clauses_of(const Node& node) {
  if (node.kind == Node::Kind::kLiteral && node.value.is(expr::Tag::kBool)) {
    return node.value.b ? anything(true) : Clauses{};
  }
  if (node.kind == Node::Kind::kCall) return call(node);
  const bool has_stage = node.test_only && node.kind == Node::Kind::kIdent && node.text == "stage";
  if (has_stage) {
    Clause clause;
    clause.stages = 0xFFFE;
    return {clause};
  }
  return anything(false);
}

// The field that a node names, attrs and values by key: "attrs.household"; empty when it names none.
std::string field_of(const Node& node) {
  if (node.kind == Node::Kind::kCall && node.text == "_[_]" && node.args.size() == 2) {
    const std::string base = dotted(*node.args[0]);
    const auto key = node.args[1]->text_literal();
    return base.empty() || !key ? std::string() : base + "." + *key;
  }
  return dotted(node);
}

void fields_of(const Node& node, std::set<std::string>& out) {
  if (node.test_only) return;
  if (node.kind == Node::Kind::kCall && (node.text == "_==_" || node.text == "_!=_") &&
      (node.args[0]->is_literal(expr::Tag::kNull) || node.args[1]->is_literal(expr::Tag::kNull))) {
    return;
  }
  const std::string field = field_of(node);
  if (!field.empty()) {
    out.insert(field);
    return;
  }
  for (const Node* arg : node.args) fields_of(*arg, out);
}

}  // namespace

RoleNeeds needs_of(uint32_t role, const Node* root) {
  return {role, root == nullptr ? anything(true) : clauses_of(*root)};
}

bool tested_by(const Node& part, const Node& condition) {
  std::set<std::string> named, tested;
  fields_of(part, named);
  fields_of(condition, tested);
  return !named.empty() && std::includes(tested.begin(), tested.end(), named.begin(), named.end());
}

}  // namespace tocsin::rule
