#include "expr/ast.h"

namespace tocsin::expr {

Node* Ast::clone(const Node& n) {
  Node* copy_of = make(n.kind);
  *copy_of = n;
  copy_of->value = copy(n.value, arena_);
  for (Node*& arg : copy_of->args) arg = clone(*arg);
  return copy_of;
}

}  // namespace tocsin::expr
