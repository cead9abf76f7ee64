#include "expr/type.h"

#include "expr/type_rules.h"

namespace tocsin::expr {
namespace {
using K = Type::Kind;
const Type& argument(const Type& t, size_t i) {
  static const Type kDyn;
  return i < t.args.size() ? t.args[i] : kDyn;
}
}  // namespace

std::string to_string(const Type& t) {
  switch (t.kind) {
    case K::kDyn:
      return "dyn";
    case K::kNull:
      return "null";
    case K::kBool:
      return "bool";
    case K::kInt:
      return "int";
    case K::kUint:
      return "uint";
    case K::kDouble:
      return "double";
    case K::kString:
      return "string";
    case K::kBytes:
      return "bytes";
    case K::kList:
      return "list(" + to_string(argument(t, 0)) + ")";
    case K::kMap:
      return "map(" + to_string(argument(t, 0)) + ", " + to_string(argument(t, 1)) + ")";
    case K::kTimestamp:
      return "timestamp";
    case K::kDuration:
      return "duration";
    case K::kType:
      return "type";
    case K::kPoint:
      return "point";
    case K::kError:
      return "error";
  }
  return {};
}

bool is_open(const Type& t) { return t.kind == K::kDyn || t.kind == K::kError; }

bool fits(const Type& want, const Type& got) {
  if (is_open(want) || is_open(got)) return true;
  if (want.kind != got.kind) return false;
  const size_t n = want.kind == K::kList ? 1 : (want.kind == K::kMap ? 2 : 0);
  for (size_t i = 0; i < n; ++i) {
    if (!fits(argument(want, i), argument(got, i))) return false;
  }
  return true;
}

bool comparable(const Type& a, const Type& b) { return a.kind == K::kNull || b.kind == K::kNull || fits(a, b); }

bool is_number(const Type& t) { return t.kind == K::kInt || t.kind == K::kUint || t.kind == K::kDouble; }

Type join(const Type& a, const Type& b) {
  if (a == b) return a;
  if (a.kind == K::kError) return b;
  if (b.kind == K::kError) return a;
  if (a.kind == b.kind && a.kind == K::kList) return Type::list(join(argument(a, 0), argument(b, 0)));
  if (a.kind == b.kind && a.kind == K::kMap) {
    return Type::map(join(argument(a, 0), argument(b, 0)), join(argument(a, 1), argument(b, 1)));
  }
  return Type::of(K::kDyn);
}

Type type_of(Tag tag) {
  switch (tag) {
    case Tag::kNull:
      return Type::of(Type::Kind::kNull);
    case Tag::kBool:
      return Type::of(Type::Kind::kBool);
    case Tag::kInt:
      return Type::of(Type::Kind::kInt);
    case Tag::kUint:
      return Type::of(Type::Kind::kUint);
    case Tag::kDouble:
      return Type::of(Type::Kind::kDouble);
    case Tag::kString:
      return Type::of(Type::Kind::kString);
    case Tag::kBytes:
      return Type::of(Type::Kind::kBytes);
    case Tag::kTimestamp:
      return Type::of(Type::Kind::kTimestamp);
    case Tag::kDuration:
      return Type::of(Type::Kind::kDuration);
    case Tag::kType:
      return Type::of(Type::Kind::kType);
    case Tag::kPoint:
      return Type::of(Type::Kind::kPoint);
    default:
      return Type::of(Type::Kind::kDyn);
  }
}

}  // namespace tocsin::expr
