#include "rule/satisfiable.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "rule/expression.h"

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr size_t kMaxClauses = 64, kMaxAtoms = 60;

struct Atom {
  const Node* node;
  bool holds;
  size_t part;
  bool unsure = false;  // `holds`, or null, or an error
};
using Conjunction = std::vector<Atom>;
using Disjunction = std::optional<std::vector<Conjunction>>;  // nothing: given up

Disjunction join(Disjunction a, const Disjunction& b) {
  if (!a || !b || a->size() + b->size() > kMaxClauses) return std::nullopt;
  a->insert(a->end(), b->begin(), b->end());
  return a;
}

Disjunction product(const Disjunction& a, const Disjunction& b) {
  if (!a || !b || a->size() * b->size() > kMaxClauses) return std::nullopt;
  std::vector<Conjunction> out;
  for (const Conjunction& x : *a) {
    for (const Conjunction& y : *b) {
      if (x.size() + y.size() > kMaxAtoms) return std::nullopt;
      out.push_back(x);
      out.back().insert(out.back().end(), y.begin(), y.end());
    }
  }
  return out;
}

enum class Order : uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual, kUnequal };

std::optional<Order> order_of(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Order>, 6> kOrders = {{{"_<_", Order::kLess},
                                                                          {"_<=_", Order::kLessEqual},
                                                                          {"_>_", Order::kGreater},
                                                                          {"_>=_", Order::kGreaterEqual},
                                                                          {"_==_", Order::kEqual},
                                                                          {"_!=_", Order::kUnequal}}};
  for (const auto& [name, order] : kOrders) {
    if (name == text) return order;
  }
  return std::nullopt;
}

bool is_logic(std::string_view text) { return text == "!_" || text == "_&&_" || text == "_||_" || text == "_?_:_"; }

// Whether a node has a value whatever happens.
bool is_certain(const Node& node, const Domain& domain) {
  if (!domain.certain || node.kind == Node::Kind::kLiteral || node.test_only || domain.certain(node)) return true;
  if (node.kind != Node::Kind::kCall || node.receiver || node.args.empty()) return false;
  constexpr std::array<std::string_view, 5> kArithmetic = {"_+_", "_-_", "_*_", "-_", "double"};
  const bool plain = is_logic(node.text) || order_of(node.text).has_value() ||
                     std::find(kArithmetic.begin(), kArithmetic.end(), node.text) != kArithmetic.end();
  return plain &&
         std::all_of(node.args.begin(), node.args.end(), [&](const Node* n) { return is_certain(*n, domain); });
}

// Brings conditions into clauses.
struct Clauses {
  const Domain& domain;
  size_t part;

  // `unsure`: or else it is null or an error.
  Disjunction of(const Node& node, bool holds, bool unsure) const {
    const auto& args = node.args;
    unsure = unsure && !is_certain(node, domain);
    if (node.kind == Node::Kind::kLiteral && node.value.is(expr::Tag::kBool)) {
      return node.value.b == holds ? std::vector<Conjunction>{{}} : std::vector<Conjunction>{};
    }
    if (node.kind == Node::Kind::kCall && !node.receiver) {
      if (node.text == "!_") return of(*args[0], !holds, unsure);
      if (node.text == "_&&_" || node.text == "_||_") {
        const Disjunction a = of(*args[0], holds, unsure), b = of(*args[1], holds, unsure);
        return (node.text == "_&&_") == holds ? product(a, b) : join(a, b);
      }
      if (node.text == "_?_:_" && !unsure) {
        const Disjunction yes = product(of(*args[0], true, false), of(*args[1], holds, false));
        return join(yes, product(of(*args[0], false, false), of(*args[2], holds, false)));
      }
    }
    return std::vector<Conjunction>{{{&node, holds, part, unsure}}};
  }
};

// As seen from the other side: 3 < x is x > 3.
Order turned(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  if (order == Order::kLessEqual) return Order::kGreaterEqual;
  if (order == Order::kGreater) return Order::kLess;
  return order == Order::kGreaterEqual ? Order::kLessEqual : order;
}

Order opposite(Order order) {
  constexpr std::array<Order, 6> kOpposite = {Order::kGreaterEqual, Order::kGreater, Order::kLessEqual,
                                              Order::kLess,         Order::kUnequal, Order::kEqual};
  return kOpposite[static_cast<size_t>(order)];
}

bool below(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '.');
}

// What one clause has said of one term so far.
struct Known {
  Range range;
  std::set<double> not_numbers;
  std::optional<std::set<std::string>> texts;
  std::set<std::string> not_texts;
  std::vector<std::string> under, not_under;
  std::optional<bool> present, holds;
  bool judged = false;  // something is asked of its value, so it has one
  const Atom* last = nullptr;

  bool possible() const {
    if (range.empty() || (range.low == range.high && not_numbers.contains(range.low))) return false;
    const auto fits = [&](const std::string& text) {
      const auto above = [&](const std::string& top) { return below(text, top); };
      return !not_texts.contains(text) && std::all_of(under.begin(), under.end(), above) &&
             std::none_of(not_under.begin(), not_under.end(), above);
    };
    if (texts) return std::any_of(texts->begin(), texts->end(), fits);
    return std::none_of(under.begin(), under.end(), [&](const std::string& path) {
      const bool apart = std::any_of(under.begin(), under.end(), [&](const std::string& other) {
        return !below(path, other) && !below(other, path);
      });
      return apart ||
             std::any_of(not_under.begin(), not_under.end(), [&](const std::string& top) { return below(path, top); });
    });
  }

  void only(const std::set<std::string>& allowed) {
    if (!texts) {
      texts = allowed;
      return;
    }
    std::erase_if(*texts, [&](const std::string& text) { return !allowed.contains(text); });
  }

  void compare(Order order, double value, bool whole) {
    const double step = whole ? 1 : 0;
    const bool open = !whole;
    switch (order) {
      case Order::kEqual:
        return narrow({value, value, false, false});
      case Order::kUnequal:
        not_numbers.insert(value);
        return;
      case Order::kLess:
        return narrow({-INFINITY, whole ? std::ceil(value) - step : value, false, open});
      case Order::kLessEqual:
        return narrow({-INFINITY, value, false, false});
      case Order::kGreater:
        return narrow({whole ? std::floor(value) + step : value, INFINITY, open, false});
      case Order::kGreaterEqual:
        return narrow({value, INFINITY, false, false});
    }
  }

  void narrow(const Range& by) {
    if (by.low > range.low || (by.low == range.low && by.low_open)) range.low = by.low, range.low_open = by.low_open;
    if (by.high < range.high || (by.high == range.high && by.high_open)) {
      range.high = by.high, range.high_open = by.high_open;
    }
  }
};

class ConjunctionCheck {
 public:
  ConjunctionCheck(std::span<const Part> parts, const Domain& domain) : parts_(parts), domain_(domain) {}

  std::optional<Conflict> run(const Conjunction& clause) {
    for (const bool unsure : {false, true}) {
      for (const Atom& atom : clause) {
        if (atom.unsure != unsure) continue;
        if (auto conflict = add(atom)) return conflict;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<Conflict> add(const Atom& atom) {
    const Node& n = *atom.node;
    if (n.test_only) return presence(atom, dotted_path(n), atom.holds, n);
    if (n.kind == Node::Kind::kCall && n.args.size() == 2) {
      if (const auto order = order_of(n.text)) return comparison(atom, *order);
      if (n.text == "@in" && n.args[1]->kind == Node::Kind::kList) return membership(atom);
      if (n.text == "under" && n.receiver) return subtree(atom);
    }
    return opaque(atom);
  }

  std::optional<Conflict> comparison(const Atom& atom, Order order) {
    const Node& n = *atom.node;
    if (!atom.holds) order = opposite(order);
    for (size_t side = 0; side < 2; ++side) {
      const Node &term = *n.args[side], &other = *n.args[1 - side];
      if (const auto number = domain_.number(other); number && !domain_.number(term)) {
        if (says_nothing(atom, canonical(term))) return std::nullopt;
        Known& k = known(term);
        k.compare(side == 0 ? order : turned(order), *number, term.type.kind == expr::Type::Kind::kInt);
        return settle(atom, term, k);
      }
      if (other.is_literal(expr::Tag::kNull) && (order == Order::kEqual || order == Order::kUnequal)) {
        return atom.unsure ? std::nullopt : presence(atom, canonical(term), order == Order::kUnequal, term);
      }
      if (const auto text = other.text_literal(); text && (order == Order::kEqual || order == Order::kUnequal)) {
        if (says_nothing(atom, canonical(term))) return std::nullopt;
        Known& k = known(term);
        if (order == Order::kEqual)
          k.only({*text});
        else
          k.not_texts.insert(*text);
        return settle(atom, term, k);
      }
    }
    return opaque(atom);
  }

  std::optional<Conflict> membership(const Atom& atom) {
    const Node &term = *atom.node->args[0], &list = *atom.node->args[1];
    std::set<std::string> texts;
    for (const Node* item : list.args) {
      const auto text = item->text_literal();
      if (!text) return opaque(atom);
      texts.insert(*text);
    }
    if (says_nothing(atom, canonical(term))) return std::nullopt;
    Known& k = known(term);
    if (atom.holds)
      k.only(texts);
    else
      k.not_texts.insert(texts.begin(), texts.end());
    return settle(atom, term, k);
  }

  std::optional<Conflict> subtree(const Atom& atom) {
    const auto path = atom.node->args[1]->text_literal();
    if (!path || path->empty()) return opaque(atom);
    if (says_nothing(atom, canonical(*atom.node->args[0]))) return std::nullopt;
    Known& k = known(*atom.node->args[0]);
    (atom.holds ? k.under : k.not_under).push_back(*path);
    return settle(atom, *atom.node->args[0], k);
  }

  std::optional<Conflict> presence(const Atom& atom, const std::string& path, bool there, const Node& term) {
    Known& k = terms_[path];
    if (!k.present || *k.present == there) {
      k.present = there;
      if (k.last == nullptr) k.last = &atom;
      return std::nullopt;
    }
    return conflict(atom, term, k);
  }

  std::optional<Conflict> opaque(const Atom& atom) {
    const std::string text = "?" + canonical(*atom.node);
    if (says_nothing(atom, text)) return std::nullopt;
    Known& k = terms_[text];
    if (k.holds && *k.holds != atom.holds) return conflict(atom, *atom.node, k);
    k.holds = atom.holds;
    k.judged = true;
    k.last = &atom;
    return std::nullopt;
  }

  // Whether the atom's term may as well have no value.
  bool says_nothing(const Atom& atom, const std::string& term) const {
    if (!atom.unsure) return false;
    const auto it = terms_.find(term);
    return it == terms_.end() || !it->second.judged;
  }

  Known& known(const Node& term) {
    const auto [it, fresh] = terms_.try_emplace(canonical(term));
    if (!fresh && it->second.last != nullptr) return it->second;
    it->second.range = domain_.range(term);
    if (const auto* texts = domain_.texts(term)) it->second.texts = std::set<std::string>(texts->begin(), texts->end());
    return it->second;
  }

  std::optional<Conflict> settle(const Atom& atom, const Node& term, Known& k) {
    if (!k.possible()) return conflict(atom, term, k);
    k.last = &atom;
    k.judged = true;
    return std::nullopt;
  }

  Conflict conflict(const Atom& atom, const Node& term, const Known& k) const {
    const Range domain = domain_.range(term);
    const std::string with = k.last == nullptr ? std::string() : written(*k.last);
    return {atom.node, atom.part, written(atom), with, &term, domain, k.range.high <= domain.low};
  }

  std::string written(const Atom& atom) const {
    const std::string_view source = parts_[atom.part].source;
    const size_t begin = std::min<size_t>(atom.node->begin, source.size());
    const std::string text(source.substr(begin, atom.node->end - atom.node->begin));
    return atom.holds ? text : "!(" + text + ")";
  }

  static std::string dotted_path(const Node& n) {
    if (n.kind == Node::Kind::kIdent) return n.text;
    return (n.args.empty() ? std::string() : canonical(*n.args[0])) + "." + n.text;
  }

  const std::span<const Part> parts_;
  const Domain& domain_;
  std::map<std::string, Known> terms_;
};

Range hull(const Range& a, const Range& b) { return between(std::min(a.low, b.low), std::max(a.high, b.high)); }

struct FieldRange {
  std::string_view name;
  double low, high;
};
constexpr std::array<FieldRange, 8> kFields = {{{"grade", 1, 4},
                                                {"satisfaction", 1, 5},
                                                {"people", 0, INFINITY},
                                                {"revision", 0, INFINITY},
                                                {"location.lon", -180, 180},
                                                {"location.lat", -90, 90},
                                                {"location.accuracy_m", 0, INFINITY},
                                                {"likeness", 0, 1}}};
constexpr std::array<FieldRange, 4> kFunctions = {
    {{"hour", 0, 23}, {"weekday", 1, 7}, {"size", 0, INFINITY}, {"distance", 0, INFINITY}}};

}  // namespace

std::optional<double> literal_number(const Node& node) {
  return node.kind == Node::Kind::kLiteral ? node.value.number_if() : std::nullopt;
}

Range event_range(const Node& node) {
  if (const auto number = literal_number(node)) return between(*number, *number);
  if (node.test_only) return {};
  const std::string name = dotted(node);
  for (const FieldRange& f : kFields) {
    if (f.name == name) return between(f.low, f.high);
  }
  if (node.kind != Node::Kind::kCall || node.args.empty()) return {};
  for (const FieldRange& f : kFunctions) {
    if (f.name == node.text) return between(f.low, f.high);
  }
  if (node.receiver) return {};
  if (node.text == "orElse" && node.args.size() == 2)
    return hull(event_range(*node.args[0]), event_range(*node.args[1]));
  if (node.text == "_?_:_") return hull(event_range(*node.args[1]), event_range(*node.args[2]));
  if (node.text == "double" && node.args.size() == 1) return event_range(*node.args[0]);
  return {};
}

std::optional<Conflict> conflict_in(std::span<const Part> parts, const Domain& domain) {
  Disjunction all = std::vector<Conjunction>{{}};
  for (size_t i = 0; i < parts.size(); ++i) {
    all = product(all, Clauses{domain, i}.of(*parts[i].root, !parts[i].negated, parts[i].negated));
  }
  if (!all) return std::nullopt;
  std::optional<Conflict> first;
  for (const Conjunction& clause : *all) {
    auto conflict = ConjunctionCheck(parts, domain).run(clause);
    if (!conflict) return std::nullopt;
    if (!first) first = std::move(conflict);
  }
  return first;
}

std::optional<Conflict> beyond_domain(const Part& part, const Domain& domain) {
  std::optional<Conflict> found;
  walk(part.root, [&](const Node& n) {
    if (found || n.kind == Node::Kind::kComprehension) return false;
    if (n.kind != Node::Kind::kCall || n.receiver || n.args.size() != 2 || (!order_of(n.text) && n.text != "@in")) {
      return true;
    }
    const Part own[] = {{&n, part.source, false}};
    found = conflict_in(own, domain);
    return !found;
  });
  return found;
}

}  // namespace tocsin::rule
