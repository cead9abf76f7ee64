#pragma once
// From a checked tree to evaluators. Internal to engine/expr.
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "expr/eval_node.h"
#include "expr/predicate.h"

namespace tocsin::expr {

class Compiler {
 public:
  // Constants are copied into `arena`, which must outlive what is built.
  Compiler(const Env::Impl& env, Arena& arena) : env_(env), arena_(arena) {}
  EvalPtr build(const Node& n);
  const std::set<int>& slots() const { return slots_; }
  size_t locals() const { return max_locals_; }

 private:
  EvalPtr ident(const Node& n);
  EvalPtr select(const Node& n);
  EvalPtr call(const Node& n);
  EvalPtr index(const Node& n);
  EvalPtr function(const Node& n);
  EvalPtr loop(const Node& n);
  EvalPtr fold(EvalPtr e, bool constant);
  std::vector<EvalPtr> build_all(const std::vector<Node*>& nodes, bool& constant);

  // compile_predicates.cc
  EvalPtr junction(const Node& n);
  void collect_terms(const Node& n, std::string_view op, std::vector<Predicate>& out);
  Predicate predicate(const Node& n);
  bool comparison(const Node& n, Predicate& out);
  bool membership(const Node& n, Predicate& out);
  bool path_test(const Node& n, Predicate& out);
  bool presence(const Node& n, Predicate& out);
  bool constant_of(const Node& n, Value& out);
  bool entry_of(const Node& n, int& slot, std::string_view& key) const;
  int use(int slot);
  // The slot of a plain variable, -1 for anything else.
  int variable_of(const Node& n) const;

  const Env::Impl& env_;
  Arena& arena_;
  std::set<int> slots_;
  std::vector<std::string_view> locals_;
  size_t max_locals_ = 0;
  int64_t fold_budget_ = kMaxSteps;
};

// The engine's under(path), which the compiler knows by its function.
Function under_function();

}  // namespace tocsin::expr
