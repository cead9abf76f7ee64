#include "expr/operators.h"

#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "expr/instant.h"

namespace tocsin::expr {
namespace {

struct Spelling {
  Op op;
  std::string_view text, symbol;
};
constexpr std::array<Spelling, 13> kSpellings = {{{Op::kAdd, "_+_", "+"},
                                                  {Op::kSubtract, "_-_", "-"},
                                                  {Op::kMultiply, "_*_", "*"},
                                                  {Op::kDivide, "_/_", "/"},
                                                  {Op::kModulo, "_%_", "%"},
                                                  {Op::kLess, "_<_", "<"},
                                                  {Op::kLessEqual, "_<=_", "<="},
                                                  {Op::kGreater, "_>_", ">"},
                                                  {Op::kGreaterEqual, "_>=_", ">="},
                                                  {Op::kEqual, "_==_", "=="},
                                                  {Op::kUnequal, "_!=_", "!="},
                                                  {Op::kIn, "@in", "in"},
                                                  {Op::kIndex, "_[_]", "[]"}}};

Value overflow() { return Value::error("the result does not fit into 64 bits"); }
Value divided_by_zero() { return Value::error("division by zero"); }
Value out_of_range() { return Value::error("the time or duration is out of range"); }
Value too_large() { return Value::error("the result is too large"); }

constexpr size_t kTags = static_cast<size_t>(Tag::kError) + 1;

// The message of every operator on every pair of kinds, written once: a field that is missing must not cost a
// formatted text an event.
Value mismatch(Op op, const Value& a, const Value& b) {
  static const std::vector<std::string> kMessages = [] {
    std::vector<std::string> out;
    for (const Spelling& s : kSpellings) {
      for (size_t pair = 0; pair < kTags * kTags; ++pair) {
        const std::string_view left = name_of(static_cast<Tag>(pair / kTags));
        const std::string_view right = name_of(static_cast<Tag>(pair % kTags));
        out.push_back("no matching overload for `" + std::string(s.symbol) + "` on (" + std::string(left) + ", " +
                      std::string(right) + ")");
      }
    }
    return out;
  }();
  const size_t pair = static_cast<size_t>(a.tag) * kTags + static_cast<size_t>(b.tag);
  return Value::error(kMessages[static_cast<size_t>(op) * kTags * kTags + pair]);
}

Value join_text(const Value& a, const Value& b, Arena& arena) {
  const size_t n = a.size + b.size;
  if (n > kMaxTextBytes) return too_large();
  char* p = arena.array<char>(n);
  if (a.size > 0) std::memcpy(p, a.s, a.size);
  if (b.size > 0) std::memcpy(p + a.size, b.s, b.size);
  const std::string_view text(p, n);
  return a.is(Tag::kString) ? Value::string(text) : Value::bytes(text);
}

Value join_lists(const Value& a, const Value& b, Arena& arena) {
  const auto left = a.list->items;
  const auto right = b.list->items;
  const size_t n = left.size() + right.size();
  if (n > kMaxListItems) return too_large();
  Value* items = arena.array<Value>(n);
  std::copy(left.begin(), left.end(), items);
  std::copy(right.begin(), right.end(), items + left.size());
  return Value::of(new (arena.allocate(sizeof(List))) List{{items, n}});
}

Value add(const Value& a, const Value& b, Arena& arena) {
  Value r;
  Instant t;
  if (a.tag == b.tag) {
    switch (a.tag) {
      case Tag::kInt:
        r.tag = Tag::kInt;
        return __builtin_add_overflow(a.i, b.i, &r.i) ? overflow() : r;
      case Tag::kUint:
        r.tag = Tag::kUint;
        return __builtin_add_overflow(a.u, b.u, &r.u) ? overflow() : r;
      case Tag::kDouble:
        return Value::number(a.d + b.d);
      case Tag::kString:
      case Tag::kBytes:
        return join_text(a, b, arena);
      case Tag::kList:
        return join_lists(a, b, arena);
      case Tag::kDuration:
        return add_durations(a.instant(), b.instant(), t) ? Value::duration(t) : out_of_range();
      default:
        break;
    }
  } else if (a.is(Tag::kTimestamp) && b.is(Tag::kDuration)) {
    return shift_timestamp(a.instant(), b.instant(), false, t) ? Value::timestamp(t) : out_of_range();
  } else if (a.is(Tag::kDuration) && b.is(Tag::kTimestamp)) {
    return add(b, a, arena);
  }
  return mismatch(Op::kAdd, a, b);
}

Value subtract(const Value& a, const Value& b) {
  Value r;
  Instant t;
  if (a.tag == b.tag) {
    switch (a.tag) {
      case Tag::kInt:
        r.tag = Tag::kInt;
        return __builtin_sub_overflow(a.i, b.i, &r.i) ? overflow() : r;
      case Tag::kUint:
        r.tag = Tag::kUint;
        return __builtin_sub_overflow(a.u, b.u, &r.u) ? overflow() : r;
      case Tag::kDouble:
        return Value::number(a.d - b.d);
      case Tag::kDuration:
        return subtract_durations(a.instant(), b.instant(), t) ? Value::duration(t) : out_of_range();
      case Tag::kTimestamp:
        return between_timestamps(a.instant(), b.instant(), t) ? Value::duration(t) : out_of_range();
      default:
        break;
    }
  } else if (a.is(Tag::kTimestamp) && b.is(Tag::kDuration)) {
    return shift_timestamp(a.instant(), b.instant(), true, t) ? Value::timestamp(t) : out_of_range();
  }
  return mismatch(Op::kSubtract, a, b);
}

Value multiply(const Value& a, const Value& b) {
  Value r;
  if (a.is(Tag::kInt) && b.is(Tag::kInt)) {
    r.tag = Tag::kInt;
    return __builtin_mul_overflow(a.i, b.i, &r.i) ? overflow() : r;
  }
  if (a.is(Tag::kUint) && b.is(Tag::kUint)) {
    r.tag = Tag::kUint;
    return __builtin_mul_overflow(a.u, b.u, &r.u) ? overflow() : r;
  }
  if (a.is(Tag::kDouble) && b.is(Tag::kDouble)) return Value::number(a.d * b.d);
  return mismatch(Op::kMultiply, a, b);
}

Value divide(const Value& a, const Value& b, bool modulo) {
  if (a.is(Tag::kInt) && b.is(Tag::kInt)) {
    if (b.i == 0) return divided_by_zero();
    if (b.i == -1) return modulo ? Value::integer(0) : (a.i == INT64_MIN ? overflow() : Value::integer(-a.i));
    return Value::integer(modulo ? a.i % b.i : a.i / b.i);
  }
  if (a.is(Tag::kUint) && b.is(Tag::kUint)) {
    if (b.u == 0) return divided_by_zero();
    return Value::unsigned_integer(modulo ? a.u % b.u : a.u / b.u);
  }
  if (!modulo && a.is(Tag::kDouble) && b.is(Tag::kDouble)) return Value::number(a.d / b.d);
  return mismatch(modulo ? Op::kModulo : Op::kDivide, a, b);
}

bool is_numeric(const Value& v) { return v.is(Tag::kInt) || v.is(Tag::kUint) || v.is(Tag::kDouble); }

// Whether the kinds have an order at all: NaN has none either, but comparing with it is false, not an error.
bool ordered(const Value& a, const Value& b) {
  if (a.tag != b.tag) return is_numeric(a) && is_numeric(b);
  switch (a.tag) {
    case Tag::kBool:
    case Tag::kInt:
    case Tag::kUint:
    case Tag::kDouble:
    case Tag::kString:
    case Tag::kBytes:
    case Tag::kTimestamp:
    case Tag::kDuration:
      return true;
    default:
      return false;
  }
}

Value order(Op op, const Value& a, const Value& b) {
  const int c = compare(a, b);
  if (c == 2 && !ordered(a, b)) return mismatch(op, a, b);
  switch (op) {
    case Op::kLess:
      return Value::boolean(c == -1);
    case Op::kLessEqual:
      return Value::boolean(c == -1 || c == 0);
    case Op::kGreater:
      return Value::boolean(c == 1);
    default:
      return Value::boolean(c == 1 || c == 0);
  }
}

Value contains(const Value& item, const Value& in) {
  if (in.is(Tag::kList)) {
    for (const Value& v : in.list->items) {
      if (equal(item, v)) return Value::boolean(true);
    }
    return Value::boolean(false);
  }
  if (in.is(Tag::kMap)) return Value::boolean(find_key(*in.map, item) != nullptr);
  return mismatch(Op::kIn, item, in);
}

// A list's index from any number without a fraction; -1 past what a list can hold, -2 for anything else.
int64_t index_of(const Value& v) {
  if (v.is(Tag::kInt)) return v.i < 0 ? -1 : v.i;
  if (v.is(Tag::kUint)) return v.u > static_cast<uint64_t>(INT64_MAX) ? -1 : static_cast<int64_t>(v.u);
  if (v.is(Tag::kDouble) && v.d == std::trunc(v.d)) {
    return v.d < 0 || v.d > 9e15 ? -1 : static_cast<int64_t>(v.d);
  }
  return -2;
}

Value key_error(const Value& key, Arena& arena) {
  std::string text;
  append_text(text, key);
  return make_error(arena, "no such key: ", text);
}

Value index(const Value& in, const Value& key, Arena& arena) {
  if (in.is(Tag::kMap)) {
    const Value* found = find_key(*in.map, key);
    return found ? *found : key_error(key, arena);
  }
  if (in.is(Tag::kList)) {
    const int64_t i = index_of(key);
    if (i == -2) return mismatch(Op::kIndex, in, key);
    if (i < 0 || static_cast<uint64_t>(i) >= in.list->items.size()) return Value::error("index out of range");
    return in.list->items[static_cast<size_t>(i)];
  }
  return mismatch(Op::kIndex, in, key);
}

}  // namespace

bool operator_by_text(std::string_view text, Op& out) {
  for (const Spelling& s : kSpellings) {
    if (s.text != text) continue;
    out = s.op;
    return true;
  }
  return false;
}

std::string_view symbol_of(Op op) {
  for (const Spelling& s : kSpellings) {
    if (s.op == op) return s.symbol;
  }
  return {};
}

Value make_error(Arena& arena, std::string_view a, std::string_view b, std::string_view c) {
  std::string text;
  text.append(a).append(b).append(c);
  return Value::error(arena.copy(text));
}

Value no_overload(std::string_view what, std::span<const Value> args, Arena& arena) {
  std::string text = "no matching overload for `" + std::string(what) + "` on (";
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text += ", ";
    text += name_of(args[i].tag);
  }
  return Value::error(arena.copy(text + ")"));
}

const Value* find_key(const Map& map, const Value& key) {
  for (const MapEntry& e : map.entries) {
    if (equal(e.key, key)) return &e.value;
  }
  return nullptr;
}

Value apply(Op op, const Value& a, const Value& b, Arena& arena) {
  switch (op) {
    case Op::kAdd:
      return add(a, b, arena);
    case Op::kSubtract:
      return subtract(a, b);
    case Op::kMultiply:
      return multiply(a, b);
    case Op::kDivide:
      return divide(a, b, false);
    case Op::kModulo:
      return divide(a, b, true);
    case Op::kEqual:
      return Value::boolean(equal(a, b));
    case Op::kUnequal:
      return Value::boolean(!equal(a, b));
    case Op::kIn:
      return contains(a, b);
    case Op::kIndex:
      return index(a, b, arena);
    default:
      return order(op, a, b);
  }
}

Value negate(const Value& v, Arena& arena) {
  if (v.is(Tag::kInt)) return v.i == INT64_MIN ? overflow() : Value::integer(-v.i);
  if (v.is(Tag::kDouble)) return Value::number(-v.d);
  return no_overload("-", std::array{v}, arena);
}

Value select(const Value& v, std::string_view name, Arena& arena) {
  if (v.is(Tag::kMap)) {
    const Value* found = find_key(*v.map, Value::string(name));
    return found ? *found : make_error(arena, "no such key: ", name);
  }
  if (v.is(Tag::kPoint) && name == "lon") return Value::number(v.lon);
  if (v.is(Tag::kPoint) && name == "lat") return Value::number(v.lat);
  return make_error(arena, "no such field: ", name);
}

bool spend(const Value& v, int64_t& budget) {
  if (v.is(Tag::kList)) {
    budget -= static_cast<int64_t>(v.list->items.size());
    for (const Value& item : v.list->items) {
      if (budget < 0 || !spend(item, budget)) return false;
    }
  } else if (v.is(Tag::kMap)) {
    // Comparing two maps looks for every key.
    const auto n = static_cast<int64_t>(v.map->entries.size());
    budget -= n + n * n / 4;
    for (const MapEntry& e : v.map->entries) {
      if (budget < 0 || !spend(e.value, budget)) return false;
    }
  } else if (v.is(Tag::kString) || v.is(Tag::kBytes)) {
    budget -= static_cast<int64_t>(v.size / 64);
  }
  return budget >= 0;
}

}  // namespace tocsin::expr
