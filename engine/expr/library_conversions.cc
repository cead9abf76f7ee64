// CEL's conversions: int() uint() double() string() bytes() bool() type() dyn(). timestamp() and duration() stand with
// the functions of time.
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "expr/env_impl.h"
#include "expr/instant.h"
#include "expr/operators.h"
#include "expr/utf8.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;
using Args = std::span<const Value>;

Value range_error(std::string_view type, Arena& arena) {
  return make_error(arena, "the value does not fit into ", type);
}

template <typename T>
bool parse_number(std::string_view text, T& out) {
  if (text.starts_with('+')) text.remove_prefix(text.size() > 1 && text[1] != '-' ? 1 : 0);
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  return r.ec == std::errc() && r.ptr == text.data() + text.size();
}

Value not_a(std::string_view type, std::string_view text, Arena& arena) {
  const std::string shown = "\"" + std::string(text.substr(0, 64)) + "\"";
  return make_error(arena, shown, " is not a text of type ", type);
}

Value to_int(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  switch (v.tag) {
    case Tag::kUint:
      return v.u > static_cast<uint64_t>(INT64_MAX) ? range_error("int", arena)
                                                    : Value::integer(static_cast<int64_t>(v.u));
    case Tag::kDouble: {
      constexpr double kBound = 9223372036854775808.0;
      return v.d > -kBound && v.d < kBound ? Value::integer(static_cast<int64_t>(v.d)) : range_error("int", arena);
    }
    case Tag::kString: {
      int64_t out = 0;
      return parse_number(v.str(), out) ? Value::integer(out) : not_a("int", v.str(), arena);
    }
    case Tag::kTimestamp:
      return Value::integer(v.seconds);
    default:
      return v;
  }
}

Value to_uint(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  switch (v.tag) {
    case Tag::kInt:
      return v.i < 0 ? range_error("uint", arena) : Value::unsigned_integer(static_cast<uint64_t>(v.i));
    case Tag::kDouble:
      return v.d > -1 && v.d < 18446744073709551616.0 ? Value::unsigned_integer(static_cast<uint64_t>(v.d))
                                                      : range_error("uint", arena);
    case Tag::kString: {
      uint64_t out = 0;
      return parse_number(v.str(), out) ? Value::unsigned_integer(out) : not_a("uint", v.str(), arena);
    }
    default:
      return v;
  }
}

Value to_double(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  switch (v.tag) {
    case Tag::kInt:
      return Value::number(static_cast<double>(v.i));
    case Tag::kUint:
      return Value::number(static_cast<double>(v.u));
    case Tag::kString: {
      double out = 0;
      return parse_number(v.str(), out) ? Value::number(out) : not_a("double", v.str(), arena);
    }
    default:
      return v;
  }
}

std::string double_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d < 0 ? "-Inf" : "+Inf";
  std::array<char, 32> buf{};
  const auto r = std::to_chars(buf.data(), buf.data() + buf.size(), d);
  return {buf.data(), r.ptr};
}

Value to_string(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  std::string text;
  switch (v.tag) {
    case Tag::kInt:
      text = std::to_string(v.i);
      break;
    case Tag::kUint:
      text = std::to_string(v.u);
      break;
    case Tag::kDouble:
      text = double_text(v.d);
      break;
    case Tag::kBool:
      return Value::string(v.b ? "true" : "false");
    case Tag::kBytes:
      return is_utf8(v.str()) ? Value::string(v.str()) : Value::error("the bytes are not valid UTF-8");
    case Tag::kTimestamp:
      append_instant(text, {v.seconds, static_cast<int32_t>(v.nanos)});
      break;
    case Tag::kDuration:
      append_instant_duration(text, {v.seconds, static_cast<int32_t>(v.nanos)});
      break;
    default:
      return v;
  }
  return Value::string(arena.copy(text));
}

Value to_bytes(Args args, Arena& /*arena*/, const void* /*context*/) { return Value::bytes(args[0].str()); }

Value to_bool(Args args, Arena& arena, const void* /*context*/) {
  if (args[0].is(Tag::kBool)) return args[0];
  const std::string_view s = args[0].str();
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (s == yes) return Value::boolean(true);
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (s == no) return Value::boolean(false);
  }
  return not_a("bool", s, arena);
}

Value to_type(Args args, Arena& /*arena*/, const void* /*context*/) { return Value::type(name_of(args[0].tag)); }

Value to_dyn(Args args, Arena& /*arena*/, const void* /*context*/) { return args[0]; }

}  // namespace

void add_conversions(Env& env) {
  const auto add = [&](const char* name, std::initializer_list<K> from, K to, Function f, const char* doc) {
    for (const K kind : from) env.function(name, false, {Type::of(kind)}, Type::of(to), f, nullptr, doc);
  };
  add("int", {K::kInt, K::kUint, K::kDouble, K::kString, K::kTimestamp}, K::kInt, to_int,
      "a whole number; of a time, its seconds since 1970");
  add("uint", {K::kUint, K::kInt, K::kDouble, K::kString}, K::kUint, to_uint, "a whole number without a sign");
  add("double", {K::kDouble, K::kInt, K::kUint, K::kString}, K::kDouble, to_double, "a number with a fraction");
  add("string", {K::kString, K::kInt, K::kUint, K::kDouble, K::kBool, K::kBytes, K::kTimestamp, K::kDuration},
      K::kString, to_string, "the value as a text");
  add("bytes", {K::kBytes, K::kString}, K::kBytes, to_bytes, "the text's bytes in UTF-8");
  add("bool", {K::kBool, K::kString}, K::kBool, to_bool, "true or false from a text");
  add("type", {K::kDyn}, K::kType, to_type, "the value's type");
  add("dyn", {K::kDyn}, K::kDyn, to_dyn, "the value, its type unknown to the checker");
}

}  // namespace tocsin::expr
