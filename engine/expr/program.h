#pragma once
// From text to a value: parse → check → compile → evaluate.
//
//   Env env;                                      // what names mean
//   env.variable("x", Type::of(Type::Kind::kInt));
//   auto program = compile("x + 1 > 3", env, {});  // all faults at once, with byte ranges
//   Value v = program->evaluate(activation, arena);
//
// A Program is immutable and thread-safe; evaluate() allocates only from the arena that the caller hands in.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "expr/ast.h"
#include "expr/type.h"
#include "expr/value.h"

namespace tocsin::expr {

// A fault in the text of an expression. Both messages are complete sentences; `hint` is a suggestion or empty.
struct Fault {
  uint32_t begin = 0, end = 0;  // byte range in the source
  std::string code;             // stable, e.g. "unknown-name", "type-mismatch", "syntax", "too-deep"
  std::string en, zh;
  std::string hint, hint_zh;  // "did you mean `category`?"
};
using Faults = std::vector<Fault>;

// Bounds of one expression; past them parse() answers with one clear fault.
struct Limits {
  uint32_t max_bytes = 64 * 1024;
  uint32_t max_depth = 250;  // of the syntax tree: operators, calls, brackets
  uint32_t max_nodes = 20000;
};

// What a function does: arguments in (the receiver first), value out. Errors are values. `arena` is for results. Pure:
// calls with constant arguments happen once, at compilation. At most 8 arguments, none of which is an error.
using Function = Value (*)(std::span<const Value> args, Arena& arena, const void* context);

class Env {
 public:
  Env();  // CEL's standard library
  Env(const Env&);
  Env& operator=(const Env&);
  ~Env();
  // Declares a variable and answers its slot: 0, 1, 2 … in the order of declaration. Dotted names ("area.town") are
  // resolved as a whole before a field selection is tried; `optional` ones may be null at run time: has(name) is true
  // when the value is not null, and the checker reports an unguarded use where `strict_optional` is set.
  int variable(std::string name, Type type, bool optional = false, std::string doc = {});
  // Declares an overload: receiver.name(args) when `receiver`; `params` then starts with the receiver's type. A value
  // of another type (null too) in place of a parameter that is not kDyn is an error. `context` must outlive every
  // program.
  void function(std::string name, bool receiver, std::vector<Type> params, Type result, Function f,
                const void* context = nullptr, std::string doc = {});
  // The function's result may be null, as a field that may be missing: under strict_optional its use asks for a guard
  // of the same call. Declared before.
  void nullable_result(std::string_view name);
  // Indexing the map in `slot` with a key that it does not have gives null, as a missing field does, not CEL's error.
  void nullable_keys(int slot);
  int slot(std::string_view name) const;  // -1: not declared
  size_t variables() const;
  bool strict_optional = false;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  struct Empty {};
  explicit Env(Empty);
  Impl& own();
  std::shared_ptr<Impl> impl_;  // copy on write
};

// Values of the variables while a program runs. Slots are those of the Env that the program was compiled with.
class Activation {
 public:
  virtual ~Activation() = default;
  virtual Value get(int slot) const = 0;
  // Looks into the list or map in `slot` without building it: a list holds the text `key`, or a map has it as a key and
  // `out` gets what it maps to. The default asks get().
  enum class Found : uint8_t { kNo, kYes, kNoCollection };
  virtual Found find(int slot, std::string_view key, Value& out) const;
};

// The simplest activation: a span of values by slot; past the end is null.
class SpanActivation final : public Activation {
 public:
  explicit SpanActivation(std::span<const Value> values) : values_(values) {}
  Value get(int slot) const override {
    return static_cast<size_t>(slot) < values_.size() ? values_[static_cast<size_t>(slot)] : Value();
  }

 private:
  std::span<const Value> values_;
};

// Text to tree, macros expanded. On faults answers null and fills `faults`.
std::shared_ptr<Ast> parse(std::string_view source, Faults& faults, const Limits& limits = {});
// Resolves names and types of `root` in place; faults are appended. `untyped` skips type faults (names still resolve
// at run time), for CEL's unchecked evaluation.
bool check(Ast& ast, Node* root, const Env& env, Faults& faults, bool untyped = false);

class Program {
 public:
  virtual ~Program() = default;
  // Never throws; a failed evaluation is a value of kind kError.
  virtual Value evaluate(const Activation& vars, Arena& arena) const = 0;
  virtual const Type& type() const = 0;
  // Variable slots that the program can read, ascending.
  virtual std::span<const int> slots() const = 0;
};

// Precondition: check(ast, root, env) succeeded. Constants are folded and copied; the tree may go afterwards.
std::shared_ptr<const Program> compile(const Ast& ast, const Node* root, const Env& env);

// parse, check, compile; `expected` (unless kDyn) must be the result's type. Null on faults.
std::shared_ptr<const Program> compile(std::string_view source, const Env& env, Faults& faults,
                                       const Type& expected = Type::of(Type::Kind::kDyn));

}  // namespace tocsin::expr
