#pragma once
// The compiled form: a tree of small evaluators. Internal to engine/expr.
#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/env_impl.h"
#include "expr/operators.h"
#include "expr/program.h"

namespace tocsin::expr {

// Steps of one evaluation: turns of a macro's loop, items built or compared. Past it the result is an error.
inline constexpr int64_t kMaxSteps = 1'000'000;
inline constexpr size_t kMaxArguments = 8;

struct Frame {
  const Activation& vars;
  Arena& arena;
  Value* locals = nullptr;  // loop variables by depth
  int64_t budget = kMaxSteps;
  Value error = {};  // why the last test() answered kError
};

enum class Tri : uint8_t { kFalse, kTrue, kError };

class Eval {
 public:
  Eval() = default;
  Eval(const Eval&) = delete;
  Eval& operator=(const Eval&) = delete;
  virtual ~Eval() = default;
  virtual Value eval(Frame& f) const = 0;
  // The value as a condition; anything but a bool is an error, left in f.error.
  virtual Tri test(Frame& f) const;
  // The value, when it is the same in every evaluation.
  virtual const Value* constant() const { return nullptr; }
};
using EvalPtr = std::unique_ptr<Eval>;

// What is naturally a condition: test() is its one implementation.
class Condition : public Eval {
 public:
  Value eval(Frame& f) const final;
  Tri test(Frame& f) const override = 0;
};

enum class Macro : uint8_t { kAll, kExists, kExistsOne, kMap, kFilter };

EvalPtr make_constant(Value v);  // an error too; what it points to must outlive the node
EvalPtr make_variable(int slot);
EvalPtr make_local(size_t index);
EvalPtr make_operator(Op op, EvalPtr left, EvalPtr right);
EvalPtr make_negation(EvalPtr operand);  // -x
EvalPtr make_not(EvalPtr operand);       // !x
EvalPtr make_conditional(EvalPtr condition, EvalPtr yes, EvalPtr no);
EvalPtr make_list(std::vector<EvalPtr> items);
EvalPtr make_map(std::vector<EvalPtr> keys_and_values);
EvalPtr make_select(EvalPtr from, std::string_view name);
EvalPtr make_has(EvalPtr from, std::string_view name);              // has(from.name)
EvalPtr make_entry(int slot, std::string_view key, bool nullable);  // variable[key], without building the map
EvalPtr make_call(std::string_view name, std::vector<Overload> overloads, std::vector<EvalPtr> args);
EvalPtr make_matches(EvalPtr text, std::unique_ptr<RE2> pattern);
EvalPtr make_loop(Macro macro, EvalPtr range, size_t local, EvalPtr predicate, EvalPtr transform);

}  // namespace tocsin::expr
