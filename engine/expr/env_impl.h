#pragma once
// What an Env holds. Internal to engine/expr.
#include <map>
#include <string>
#include <vector>

#include "expr/program.h"

namespace tocsin::expr {

struct Variable {
  std::string name;
  Type type;
  bool optional = false;
  bool nullable_keys = false;
  std::string doc;
};

struct Overload {
  bool receiver = false;
  std::vector<Type> params;
  Type result;
  Function function = nullptr;
  const void* context = nullptr;
  std::string doc;
  bool nullable = false;  // the result may be null
};

struct Env::Impl {
  std::vector<Variable> variables;  // by slot
  std::map<std::string, int, std::less<>> slots;
  std::map<std::string, std::vector<Overload>, std::less<>> functions;

  const Variable* variable(std::string_view name) const;
  // Whether some variable's name starts with `prefix` and a dot.
  bool is_prefix(std::string_view prefix) const;
  const std::vector<Overload>* overloads(std::string_view name) const;
};

// CEL's standard functions; operators are not functions here.
void add_conversions(Env& env);
void add_string_functions(Env& env);
void add_time_functions(Env& env);

// The value of a type's name ("int", "google.protobuf.Timestamp"); false when there is no such type.
bool type_by_name(std::string_view name, Value& out);

// Whether a value may be handed to a parameter of this type (element types are not looked at).
bool accepts(const Type& want, const Value& got);

}  // namespace tocsin::expr
