#pragma once
// One-line checks of expressions: what they evaluate to, and which faults they have.
#include <string>
#include <string_view>
#include <vector>

#include "expr/event_env.h"

namespace tocsin::expr {

// The tagged JSON of the value in the engine's scope without an event; a fault as `fault: <code>: <message>`.
inline std::string result_in(const Env& env, std::string_view source, const Activation& vars) {
  Faults faults;
  const auto program = compile(source, env, faults);
  if (!program) return "fault: " + faults.front().code + ": " + faults.front().en;
  Arena arena;
  std::string out;
  append_tagged_json(out, program->evaluate(vars, arena));
  return out;
}

inline const Env& engine_env() {
  static const Env kEnv = [] {
    Env env;
    add_engine_functions(env, TimeZone::utc());
    return env;
  }();
  return kEnv;
}

inline std::string result(std::string_view source) { return result_in(engine_env(), source, SpanActivation({})); }

// The same unchecked: wrong types show at evaluation.
inline std::string untyped_result(std::string_view source) {
  Faults faults;
  const auto ast = parse(source, faults);
  if (!ast) return "fault: " + faults.front().en;
  check(*ast, ast->root, engine_env(), faults, true);
  const auto program = compile(*ast, ast->root, engine_env());
  Arena arena;
  std::string out;
  append_tagged_json(out, program->evaluate(SpanActivation({}), arena));
  return out;
}

inline Faults faults_in(const Env& env, std::string_view source) {
  Faults faults;
  (void)compile(source, env, faults);
  return faults;
}

// "begin-end code: English | Chinese | hint | Chinese hint" of each fault, one a line.
inline std::string describe(const Faults& faults) {
  std::string out;
  for (const Fault& f : faults) {
    if (!out.empty()) out += "\n";
    out += std::to_string(f.begin) + "-" + std::to_string(f.end) + " " + f.code + ": " + f.en + " | " + f.zh;
    if (!f.hint.empty()) out += " | " + f.hint + " | " + f.hint_zh;
  }
  return out;
}

}  // namespace tocsin::expr
