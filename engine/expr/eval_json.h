#pragma once
// Expressions from outside, answered as tagged JSON: what `tocsin eval` stands on.
//
// Values are tagged: {"int": 1}, {"uint": 1}, {"double": 1.5} (also "NaN", "Infinity", "-Infinity"), {"bool": true},
// {"string": "…"}, {"bytes": BASE64}, {"null": null}, {"list": [V, …]}, {"map": [[K, V], …]},
// {"timestamp": {"seconds": 0, "nanos": 0}}, {"duration": {…}}, {"type": "int"}, {"point": {"lon": 0, "lat": 0}}.
// In bindings plain JSON will do too: 1 is an int, 1.5 a double, "a" a string, and so on; an object of one entry whose
// name is a tag is a tagged value, any other object a map.
#include <string>
#include <string_view>

#include "event/event.h"
#include "expr/program.h"
#include "time/format.h"

namespace tocsin::expr {

struct EvalInput {
  std::string_view expression;
  std::string_view bindings;     // a JSON object, name to value; empty: none
  const Event* event = nullptr;  // its fields become variables beside the bindings, which win
  TimeZone zone = TimeZone::utc();
  bool untyped = false;  // without type checking: faults of type show at evaluation
};

struct EvalOutcome {
  bool ok = false;   // a value, not an error
  std::string json;  // tagged; {"error": "…"} otherwise
  Faults faults;     // why parsing or checking failed; empty when evaluation did
};

EvalOutcome evaluate_expression(const EvalInput& input);

// One line of `tocsin eval --batch`: {"expr": "…", "bindings": {…}, "untyped": false}, where only `expr` must be there
// and what is unknown is passed over. Answers the tagged result, without a newline; never fails otherwise.
std::string eval_request(std::string_view json_line);

}  // namespace tocsin::expr
