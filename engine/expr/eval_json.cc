#include "expr/eval_json.h"

#include <simdjson.h>

#include <vector>

#include "expr/event_env.h"
#include "expr/json_value.h"

namespace tocsin::expr {
namespace {

EvalOutcome failed(std::string_view why, Faults faults = {}) {
  EvalOutcome out;
  append_tagged_json(out.json, Value::error(why));
  out.faults = std::move(faults);
  return out;
}

struct Scope {
  Env env;
  std::vector<Value> values;  // of the bindings, in the order of their slots
};

// Declares each binding as a variable.
bool bind(std::string_view text, Arena& arena, Scope& scope, std::string& why) {
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  if (parser.parse(text.data(), text.size()).get(json) != simdjson::SUCCESS) {
    why = "the bindings are not valid JSON";
    return false;
  }
  simdjson::dom::object object;
  if (json.get(object) != simdjson::SUCCESS) {
    why = "the bindings are not a JSON object";
    return false;
  }
  for (const simdjson::dom::key_value_pair field : object) {
    std::string reason;
    Value value;
    if (!value_from_json(field.value, arena, value, reason)) {
      why = "binding `" + std::string(field.key) + "`: " + reason;
      return false;
    }
    scope.env.variable(std::string(field.key), type_of_value(value));
    scope.values.push_back(value);
  }
  return true;
}

EvalOutcome run(const EvalInput& input, const Scope& scope, Arena& arena) {
  Faults faults;
  const std::shared_ptr<Ast> ast = parse(input.expression, faults);
  if (!ast || !check(*ast, ast->root, scope.env, faults, input.untyped)) {
    const std::string why = faults.front().en;
    return failed(why, std::move(faults));
  }
  const std::shared_ptr<const Program> program = compile(*ast, ast->root, scope.env);
  EvalOutcome out;
  const auto evaluate = [&](const Activation& vars) {
    const Value v = program->evaluate(vars, arena);
    out.ok = !v.is_error();
    append_tagged_json(out.json, v);
  };
  if (input.event) {
    evaluate(EventActivation(*input.event, arena, scope.values));
  } else {
    evaluate(SpanActivation(scope.values));
  }
  return out;
}

}  // namespace

EvalOutcome evaluate_expression(const EvalInput& input) {
  Arena arena;
  Scope scope;
  if (input.event) {
    scope.env = event_env(input.zone);
  } else {
    add_engine_functions(scope.env, input.zone);
  }
  std::string why;
  if (!input.bindings.empty() && !bind(input.bindings, arena, scope, why)) return failed(why);
  return run(input, scope, arena);
}

std::string eval_request(std::string_view json_line) {
  simdjson::dom::parser parser;
  simdjson::dom::object request;
  if (parser.parse(json_line.data(), json_line.size()).get(request) != simdjson::SUCCESS) {
    return failed("the request is not a JSON object").json;
  }
  EvalInput input;
  if (request["expr"].get(input.expression) != simdjson::SUCCESS) {
    return failed("the request has no text `expr`").json;
  }
  std::string bindings;
  simdjson::dom::element given;
  if (request["bindings"].get(given) == simdjson::SUCCESS && !given.is_null()) bindings = simdjson::minify(given);
  input.bindings = bindings;
  if (request["untyped"].get(input.untyped) != simdjson::SUCCESS) input.untyped = false;
  return evaluate_expression(input).json;
}

}  // namespace tocsin::expr
