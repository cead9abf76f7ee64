#pragma once
// Conditions of the shapes that rules' `where` is made of, evaluated in one flat loop: a field compared with a
// constant, a constant list, a path, a presence. The activation's get() is then the only virtual call a field.
#include <memory>
#include <string_view>
#include <vector>

#include "expr/eval_node.h"

namespace tocsin::expr {

struct Predicate {
  enum class Shape : uint8_t {
    kGeneral,   // `general`
    kEqual,     // variable == constant (a text, number, bool or null)
    kOrdered,   // variable < constant, by `op`; constant < variable if `swapped`
    kOneOf,     // variable in constant list of texts
    kUnder,     // variable.under(constant)
    kHas,       // has(variable)
    kContains,  // constant text in variable
    kHasEntry,  // has(variable.constant)
  };
  Shape shape = Shape::kGeneral;
  bool negated = false;
  bool swapped = false;
  Op op = Op::kEqual;
  int slot = -1;
  Value constant;                       // lives in the program
  std::vector<std::string_view> texts;  // kOneOf, sorted; live in the program
  EvalPtr general;

  Tri test(Frame& f) const;
};

// A variable as has() sees it: not null and, if it is a list or map, not empty.
bool is_present(const Value& v);

// Conjunction or disjunction with CEL's semantics: an operand that decides wins over one that fails, in any order.
EvalPtr make_all(std::vector<Predicate> terms);
EvalPtr make_any(std::vector<Predicate> terms);
EvalPtr make_condition(Predicate term);

}  // namespace tocsin::expr
