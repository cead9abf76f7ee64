#pragma once
// Names and types of a tree. Internal to engine/expr.
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "expr/env_impl.h"
#include "expr/operators.h"
#include "expr/program.h"

namespace tocsin::expr {

class Checker {
 public:
  Checker(Ast& ast, const Env& env, Faults& faults, bool untyped)
      : ast_(ast), env_(env.impl()), faults_(faults), faults_before_(faults.size()), untyped_(untyped) {}
  // Sets type and slot of every node below and including `n`.
  void check(Node* n);
  // After check(): a fault for each use of a field that may be missing where a missing one is an error.
  void check_presence(const Node* n);

 private:
  // Faults of one expression that are told; a text of nothing but mistakes is not worth more.
  static constexpr size_t kMaxFaults = 50;
  struct Text {  // of a fault, both languages
    std::string en, zh;
  };
  struct Local {
    std::string_view name;
    Type type;
  };

  // checker.cc: literals, names, fields, lists, macros
  Type visit(Node* n);
  Type ident(Node* n);
  Type unknown_name(const Node* n);
  std::string near_variable(std::string_view word) const;  // a variable or loop variable; empty where none is near
  Type selection(Node* n);
  bool dotted(const Node* n, std::string& out) const;
  Type field_of(const Type& from, Node* n);
  Type list(Node* n);
  Type map(Node* n);
  Type comprehension(Node* n);
  const Local* local(std::string_view name) const;

  // check_calls.cc: operators and functions
  Type call(Node* n);
  Type binary(Node* n, Op op);
  Type equality(Node* n, Op op);
  Type ordering(Node* n, Op op);
  Type arithmetic(Node* n, Op op);
  Type membership(Node* n);
  Type index(Node* n);
  Type logical(Node* n);
  Type conditional(Node* n);
  Type function(Node* n);
  Type select_overload(Node* n, const std::vector<Overload>& overloads);
  Type unknown_function(Node* n);
  Type wrong_arguments(Node* n, const std::vector<Overload>& overloads);
  void check_constants(Node* n);
  Type operator_fault(Node* n, Op op);
  bool quotes_fault(const Node* n);
  void want_condition(const Node* n);

  // check_optional.cc: fields that may be missing
  bool may_be_null(const Node* n) const;
  bool path_of(const Node* n, std::string& out) const;
  bool is_nullable_call(const Node* n) const;
  void collect_guards(const Node* n, bool when, std::vector<std::string>& out) const;
  void require_present(const Node* n);
  void presence_of_call(const Node* n);
  void presence_under(const Node* n, const Node* guard, bool when);
  bool needs_value(const Node* call, size_t arg) const;

  Type fault(const Node* n, const char* code, Text text, Text hint = {});
  // The same about the function or field name alone.
  Type fault_at_name(const Node* n, const char* code, Text text, Text hint = {});
  bool enough() const { return faults_.size() - faults_before_ >= kMaxFaults; }
  std::string source_of(const Node* n) const { return ast_.source.substr(n->begin, n->end - n->begin); }

  Ast& ast_;
  const Env::Impl& env_;
  Faults& faults_;
  const size_t faults_before_;
  const bool untyped_;
  std::vector<Local> locals_;
  const Node* compared_ = nullptr;   // the name that is being compared with something: a text in quotes may be meant
  std::vector<std::string> guards_;  // paths known to be there
};

}  // namespace tocsin::expr
