#pragma once
// How static types relate. kDyn stands for "known only at run time", kError for an expression that already has a fault;
// both fit everything, so that one mistake gives one fault.
#include "expr/type.h"
#include "expr/value.h"

namespace tocsin::expr {

// The type of a value that holds no others; kDyn for lists, maps and errors.
Type type_of(Tag tag);

bool is_open(const Type& t);  // kDyn or kError
// A value of type `got` may stand where `want` is asked for; element types too.
bool fits(const Type& want, const Type& got);
// Values of the two types may be equal: the types fit, or one of them is null.
bool comparable(const Type& a, const Type& b);
bool is_number(const Type& t);
// The type of either one: equal types stay, others become kDyn.
Type join(const Type& a, const Type& b);

}  // namespace tocsin::expr
