// Which parts of a condition have one of the shapes of predicate.h.
#include <algorithm>

#include "expr/compiler.h"

namespace tocsin::expr {
namespace {

using Shape = Predicate::Shape;

bool is_call(const Node& n, std::string_view text) { return n.kind == Node::Kind::kCall && n.text == text; }

bool is_literal(const Node* n) { return n->kind == Node::Kind::kLiteral; }

// What folds to a constant, seen without building it: an operand that turns out not to is built again elsewhere, which
// must not happen at every level of a nested expression.
bool is_simple(const Node& n) {
  const bool holds_literals =
      n.kind == Node::Kind::kList || is_call(n, "timestamp") || is_call(n, "duration") || is_call(n, "-_");
  return is_literal(&n) || (holds_literals && std::all_of(n.args.begin(), n.args.end(), is_literal));
}

bool is_plain(const Value& v) { return !v.is(Tag::kList) && !v.is(Tag::kMap) && !v.is_error(); }

}  // namespace

bool Compiler::constant_of(const Node& n, Value& out) {
  if (!is_simple(n)) return false;
  const EvalPtr built = build(n);
  const Value* v = built->constant();
  if (!v) return false;
  out = *v;
  return !v->is_error();
}

// variable.key or variable["key"], where the variable is declared as a map.
bool Compiler::entry_of(const Node& n, int& slot, std::string_view& key) const {
  const Node* held = nullptr;
  if (n.kind == Node::Kind::kSelect) {
    held = n.args[0];
    key = n.text;
  } else if (is_call(n, "_[_]") && n.args[1]->kind == Node::Kind::kLiteral && n.args[1]->value.is(Tag::kString)) {
    held = n.args[0];
    key = n.args[1]->value.str();
  }
  if (!held) return false;
  slot = variable_of(*held);
  return slot >= 0 && env_.variables[static_cast<size_t>(slot)].type.kind == Type::Kind::kMap;
}

bool Compiler::presence(const Node& n, Predicate& out) {
  if (n.kind == Node::Kind::kIdent && n.slot >= 0) {
    out.shape = Shape::kHas;
    out.slot = use(n.slot);
    return true;
  }
  int slot = -1;
  std::string_view key;
  if (n.kind != Node::Kind::kSelect || !entry_of(n, slot, key)) return false;
  out.shape = Shape::kHasEntry;
  out.slot = use(slot);
  out.constant = Value::string(arena_.copy(key));
  return true;
}

bool Compiler::comparison(const Node& n, Predicate& out) {
  Op op{};
  if (n.kind != Node::Kind::kCall || !operator_by_text(n.text, op)) return false;
  const bool equality = op == Op::kEqual || op == Op::kUnequal;
  const bool order = op == Op::kLess || op == Op::kLessEqual || op == Op::kGreater || op == Op::kGreaterEqual;
  if (!equality && !order) return false;
  const bool swapped = variable_of(*n.args[0]) < 0;
  const int slot = variable_of(*n.args[swapped ? 1 : 0]);
  if (slot < 0 || !constant_of(*n.args[swapped ? 0 : 1], out.constant) || !is_plain(out.constant)) return false;
  out.slot = use(slot);
  out.shape = equality ? Shape::kEqual : Shape::kOrdered;
  out.negated = op == Op::kUnequal;
  out.op = op;
  out.swapped = swapped;
  return true;
}

bool Compiler::membership(const Node& n, Predicate& out) {
  if (!is_call(n, "@in")) return false;
  const int slot = variable_of(*n.args[0]);
  Value constant;
  if (slot >= 0 && constant_of(*n.args[1], constant) && constant.is(Tag::kList)) {
    for (const Value& item : constant.list->items) {
      if (!item.is(Tag::kString)) return false;
      out.texts.push_back(item.str());
    }
    std::sort(out.texts.begin(), out.texts.end());
    out.shape = Shape::kOneOf;
    out.slot = use(slot);
    return true;
  }
  const int in = variable_of(*n.args[1]);
  if (in < 0 || !constant_of(*n.args[0], constant) || !constant.is(Tag::kString)) return false;
  out.shape = Shape::kContains;
  out.slot = use(in);
  out.constant = constant;
  return true;
}

bool Compiler::path_test(const Node& n, Predicate& out) {
  if (!is_call(n, "under") || !n.receiver || n.args.size() != 2) return false;
  const int slot = variable_of(*n.args[0]);
  const std::vector<Overload>* overloads = env_.overloads("under");
  const bool ours = overloads && overloads->size() == 1 && overloads->front().function == under_function();
  if (slot < 0 || !ours || !constant_of(*n.args[1], out.constant) || !out.constant.is(Tag::kString)) return false;
  out.shape = Shape::kUnder;
  out.slot = use(slot);
  return true;
}

Predicate Compiler::predicate(const Node& n) {
  Predicate p;
  if (is_call(n, "!_")) {
    p = predicate(*n.args[0]);
    p.negated = !p.negated;
    return p;
  }
  if (comparison(n, p)) return p;
  p = {};
  if (membership(n, p)) return p;
  p = {};
  if (path_test(n, p)) return p;
  if (n.test_only && presence(n, p)) return p;
  p = {};
  Op op{};
  if (n.kind == Node::Kind::kCall && operator_by_text(n.text, op) && op != Op::kIndex) {
    bool constant = false;
    std::vector<EvalPtr> args = build_all(n.args, constant);
    p.general = fold(make_operator(op, std::move(args[0]), std::move(args[1])), constant);
  } else {
    p.general = build(n);
  }
  return p;
}

void Compiler::collect_terms(const Node& n, std::string_view op, std::vector<Predicate>& out) {
  if (!is_call(n, op)) {
    out.push_back(predicate(n));
    return;
  }
  for (const Node* arg : n.args) collect_terms(*arg, op, out);
}

EvalPtr Compiler::junction(const Node& n) {
  std::vector<Predicate> terms;
  collect_terms(n, n.text, terms);
  const bool constant = std::all_of(terms.begin(), terms.end(), [](const Predicate& p) {
    return p.shape == Shape::kGeneral && p.general->constant();
  });
  return fold(n.text == "_&&_" ? make_all(std::move(terms)) : make_any(std::move(terms)), constant);
}

}  // namespace tocsin::expr
