#pragma once
// CEL's operators on values. Operands are not errors; results may be. Errors that name their operands live in `arena`.
#include "expr/value.h"

namespace tocsin::expr {

enum class Op : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kUnequal,
  kIn,
  kIndex
};
// The Op of "_+_", "@in" … ; false when the text is no such operator.
bool operator_by_text(std::string_view text, Op& out);
std::string_view symbol_of(Op op);  // "+", "in"

Value apply(Op op, const Value& a, const Value& b, Arena& arena);
Value negate(const Value& v, Arena& arena);
// What a.name gives: a map's value under the key, a point's lon or lat.
Value select(const Value& v, std::string_view name, Arena& arena);
// Looks `key` up as CEL compares keys (1, 1u and 1.0 are one key); null when it is not there.
const Value* find_key(const Map& map, const Value& key);

// "no matching overload for `+` on (int, string)".
Value no_overload(std::string_view what, std::span<const Value> args, Arena& arena);
// An error with its text in the arena.
Value make_error(Arena& arena, std::string_view a, std::string_view b = {}, std::string_view c = {});

// Takes what walking `v` with all its elements costs from `budget`; false when that is used up.
[[nodiscard]] bool spend(const Value& v, int64_t& budget);

// Texts and lists that an operation builds are at most this long.
inline constexpr size_t kMaxTextBytes = size_t{1} << 20;
inline constexpr size_t kMaxListItems = 100'000;

}  // namespace tocsin::expr
