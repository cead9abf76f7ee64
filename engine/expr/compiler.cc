#include "expr/compiler.h"

#include <algorithm>

#include "expr/regex.h"
#include "expr/type_rules.h"

namespace tocsin::expr {
namespace {

// For what is folded: a constant has no variables.
class NoVariables final : public Activation {
 public:
  Value get(int /*slot*/) const override { return Value::error("a constant has no variables"); }
};

class ProgramTree final : public Program {
 public:
  Value evaluate(const Activation& vars, Arena& arena) const override {
    Frame f{vars, arena};
    if (locals > 0) f.locals = arena.array<Value>(locals);
    return root->eval(f);
  }
  const Type& type() const override { return result; }
  std::span<const int> slots() const override { return read; }

  Arena constants{1024};
  EvalPtr root;
  Type result;
  std::vector<int> read;
  size_t locals = 0;
};

Macro macro_of(std::string_view text) {
  if (text == "all") return Macro::kAll;
  if (text == "exists") return Macro::kExists;
  if (text == "exists_one") return Macro::kExistsOne;
  return text == "map" ? Macro::kMap : Macro::kFilter;
}

}  // namespace

int Compiler::use(int slot) {
  slots_.insert(slot);
  return slot;
}

int Compiler::variable_of(const Node& n) const { return n.kind == Node::Kind::kIdent && !n.test_only ? n.slot : -1; }

// Evaluates now what is the same every time. A failure stays where it is: it may never be reached, or be absorbed.
EvalPtr Compiler::fold(EvalPtr e, bool constant) {
  if (!constant) return e;
  const NoVariables none;
  Frame f{none, arena_};
  f.budget = fold_budget_;
  const Value v = e->eval(f);
  fold_budget_ = f.budget;
  return v.is_error() ? std::move(e) : make_constant(v);
}

std::vector<EvalPtr> Compiler::build_all(const std::vector<Node*>& nodes, bool& constant) {
  std::vector<EvalPtr> out;
  constant = true;
  for (const Node* n : nodes) {
    out.push_back(build(*n));
    constant = constant && out.back()->constant();
  }
  return out;
}

EvalPtr Compiler::build(const Node& n) {
  bool constant = false;
  switch (n.kind) {
    case Node::Kind::kLiteral:
      return make_constant(copy(n.value, arena_));
    case Node::Kind::kIdent:
      return ident(n);
    case Node::Kind::kSelect:
      return select(n);
    case Node::Kind::kCall:
      return call(n);
    case Node::Kind::kComprehension:
      return loop(n);
    case Node::Kind::kList: {
      std::vector<EvalPtr> items = build_all(n.args, constant);
      return fold(make_list(std::move(items)), constant);
    }
    case Node::Kind::kMap: {
      std::vector<EvalPtr> parts = build_all(n.args, constant);
      return fold(make_map(std::move(parts)), constant);
    }
  }
  return make_constant(Value::error("unknown kind of expression"));
}

EvalPtr Compiler::ident(const Node& n) {
  Predicate p;
  if (n.test_only && presence(n, p)) return make_condition(std::move(p));
  if (n.slot >= 0) return make_variable(use(n.slot));
  const auto it = std::find(locals_.rbegin(), locals_.rend(), n.text);
  if (it != locals_.rend() && !n.test_only) return make_local(static_cast<size_t>(locals_.rend() - it) - 1);
  return make_constant(make_error(arena_, "undeclared reference to ", n.text));
}

EvalPtr Compiler::select(const Node& n) {
  Predicate p;
  if (n.test_only && presence(n, p)) return make_condition(std::move(p));
  if (n.test_only) return make_has(build(*n.args[0]), n.text);
  int slot = -1;
  std::string_view key;
  if (entry_of(n, slot, key)) {
    return make_entry(use(slot), key, env_.variables[static_cast<size_t>(slot)].nullable_keys);
  }
  return make_select(build(*n.args[0]), n.text);
}

EvalPtr Compiler::call(const Node& n) {
  if (n.text == "_&&_" || n.text == "_||_") return junction(n);
  Op op{};
  const bool is_operator = operator_by_text(n.text, op);
  if (op == Op::kIndex && is_operator) return index(n);
  if (is_operator) {
    Predicate p = predicate(n);
    if (p.shape != Predicate::Shape::kGeneral) return make_condition(std::move(p));
    return std::move(p.general);
  }
  if (n.text == "!_") {
    EvalPtr operand = build(*n.args[0]);
    const bool constant = operand->constant();
    return fold(make_not(std::move(operand)), constant);
  }
  if (n.text == "-_") {
    EvalPtr operand = build(*n.args[0]);
    const bool constant = operand->constant();
    return fold(make_negation(std::move(operand)), constant);
  }
  if (n.text == "_?_:_") {
    bool constant = false;
    std::vector<EvalPtr> args = build_all(n.args, constant);
    return fold(make_conditional(std::move(args[0]), std::move(args[1]), std::move(args[2])), constant);
  }
  Predicate p;
  if (path_test(n, p)) return make_condition(std::move(p));
  return function(n);
}

EvalPtr Compiler::index(const Node& n) {
  int slot = -1;
  std::string_view key;
  if (entry_of(n, slot, key)) {
    return make_entry(use(slot), key, env_.variables[static_cast<size_t>(slot)].nullable_keys);
  }
  bool constant = false;
  std::vector<EvalPtr> args = build_all(n.args, constant);
  return fold(make_operator(Op::kIndex, std::move(args[0]), std::move(args[1])), constant);
}

EvalPtr Compiler::function(const Node& n) {
  const std::vector<Overload>* all = env_.overloads(n.text);
  std::vector<Overload> candidates;
  for (const Overload& o : all ? *all : std::vector<Overload>()) {
    const bool fits = o.receiver == n.receiver && o.params.size() == n.args.size();
    if (fits && n.args.size() <= kMaxArguments) candidates.push_back(o);
  }
  if (candidates.empty()) return make_constant(make_error(arena_, "no matching overload for `", n.text, "`"));
  bool constant = false;
  std::vector<EvalPtr> args = build_all(n.args, constant);
  const Value* pattern = args.empty() ? nullptr : args.back()->constant();
  if (candidates[0].function == matches_function() && pattern && pattern->is(Tag::kString)) {
    auto compiled = std::make_unique<RE2>(as_piece(pattern->str()), regex_options());
    if (compiled->ok()) return fold(make_matches(std::move(args[0]), std::move(compiled)), constant);
  }
  return fold(make_call(n.text, std::move(candidates), std::move(args)), constant);
}

EvalPtr Compiler::loop(const Node& n) {
  EvalPtr range = build(*n.args[0]);
  const size_t local = locals_.size();
  locals_.push_back(n.var);
  max_locals_ = std::max(max_locals_, locals_.size());
  const Macro macro = macro_of(n.text);
  EvalPtr predicate;
  EvalPtr transform;
  if (macro != Macro::kMap || n.args.size() == 3) predicate = build(*n.args[1]);
  if (macro == Macro::kMap) transform = build(*n.args.back());
  locals_.pop_back();
  return make_loop(macro, std::move(range), local, std::move(predicate), std::move(transform));
}

std::shared_ptr<const Program> compile(const Ast& /*ast*/, const Node* root, const Env& env) {
  auto program = std::make_shared<ProgramTree>();
  Compiler compiler(env.impl(), program->constants);
  program->root = compiler.build(*root);
  program->result = root->type;
  program->read.assign(compiler.slots().begin(), compiler.slots().end());
  program->locals = compiler.locals();
  return program;
}

std::shared_ptr<const Program> compile(std::string_view source, const Env& env, Faults& faults, const Type& expected) {
  const std::shared_ptr<Ast> ast = parse(source, faults);
  if (!ast || !check(*ast, ast->root, env, faults)) return nullptr;
  const Type& got = ast->root->type;
  const bool good = expected.kind == Type::Kind::kDyn || got.kind == Type::Kind::kDyn || fits(expected, got);
  if (!good) {
    faults.push_back(
        {ast->root->begin, ast->root->end, "type-mismatch",
         "A value of type " + to_string(expected) + " is needed here, but this is of type " + to_string(got) + ".",
         "此处需要 " + to_string(expected) + " 类型的值，但这是 " + to_string(got) + " 类型。", "", ""});
    return nullptr;
  }
  return compile(*ast, ast->root, env);
}

}  // namespace tocsin::expr
