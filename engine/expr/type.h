#pragma once
// Static types of expressions, as the checker sees them.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tocsin::expr {

struct Type {
  enum class Kind : uint8_t {
    kDyn,
    kNull,
    kBool,
    kInt,
    kUint,
    kDouble,
    kString,
    kBytes,
    kList,
    kMap,
    kTimestamp,
    kDuration,
    kType,
    kPoint,
    kError
  };
  Kind kind = Kind::kDyn;
  std::vector<Type> args;  // kList: element; kMap: key, value

  static Type of(Kind k) { return {k, {}}; }
  static Type list(Type element) { return {Kind::kList, {std::move(element)}}; }
  static Type map(Type key, Type value) { return {Kind::kMap, {std::move(key), std::move(value)}}; }
  // Of a list its element (0), of a map its key (0) and value (1); kDyn where it is not known.
  const Type& arg(size_t i) const {
    static const Type kDyn;
    return i < args.size() ? args[i] : kDyn;
  }
  bool operator==(const Type&) const = default;
};
std::string to_string(const Type& t);  // "int", "list(string)", "map(string, double)"

}  // namespace tocsin::expr
