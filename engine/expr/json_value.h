#pragma once
// JSON to values, as eval_json.h describes. Internal to engine/expr.
#include <simdjson.h>

#include <string>

#include "expr/type.h"
#include "expr/value.h"

namespace tocsin::expr {

// Tagged or plain. What the value points to is in `arena`. False, with the reason in `why`, on anything else.
[[nodiscard]] bool value_from_json(simdjson::dom::element json, Arena& arena, Value& out, std::string& why);

// The type that describes the value: elements of one type give list(T), of several list(dyn).
Type type_of_value(const Value& v);

}  // namespace tocsin::expr
