#include "expr/value.h"

#include <cmath>
#include <cstring>

namespace tocsin::expr {
namespace {

int order(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return 2;
  return a < b ? -1 : (a > b ? 1 : 0);
}

template <typename T>
int order(T a, T b) {
  return a < b ? -1 : (a > b ? 1 : 0);
}

int order_mixed(int64_t a, uint64_t b) { return a < 0 ? -1 : order(static_cast<uint64_t>(a), b); }

bool is_number(Tag t) { return t == Tag::kInt || t == Tag::kUint || t == Tag::kDouble; }

double as_double(const Value& v) {
  if (v.tag == Tag::kDouble) return v.d;
  return v.tag == Tag::kInt ? static_cast<double>(v.i) : static_cast<double>(v.u);
}

int compare_numbers(const Value& a, const Value& b) {
  if (a.tag == Tag::kInt && b.tag == Tag::kInt) return order(a.i, b.i);
  if (a.tag == Tag::kUint && b.tag == Tag::kUint) return order(a.u, b.u);
  if (a.tag == Tag::kInt && b.tag == Tag::kUint) return order_mixed(a.i, b.u);
  if (a.tag == Tag::kUint && b.tag == Tag::kInt) return -order_mixed(b.i, a.u);
  return order(as_double(a), as_double(b));
}

int compare_instants(const Value& a, const Value& b) {
  const int s = order(a.seconds, b.seconds);
  return s != 0 ? s : order(a.nanos, b.nanos);
}

bool equal_lists(const List& a, const List& b) {
  if (a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!equal(a.items[i], b.items[i])) return false;
  }
  return true;
}

bool equal_maps(const Map& a, const Map& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const MapEntry& e : a.entries) {
    bool same = false;
    for (const MapEntry& other : b.entries) {
      if (!equal(e.key, other.key)) continue;
      same = equal(e.value, other.value);
      break;
    }
    if (!same) return false;
  }
  return true;
}

Value copy_list(const List& from, Arena& arena) {
  Value* items = arena.array<Value>(from.items.size());
  for (size_t i = 0; i < from.items.size(); ++i) items[i] = copy(from.items[i], arena);
  return Value::of(new (arena.allocate(sizeof(List))) List{{items, from.items.size()}});
}

Value copy_map(const Map& from, Arena& arena) {
  MapEntry* entries = arena.array<MapEntry>(from.entries.size());
  for (size_t i = 0; i < from.entries.size(); ++i) {
    entries[i] = {copy(from.entries[i].key, arena), copy(from.entries[i].value, arena)};
  }
  return Value::of(new (arena.allocate(sizeof(Map))) Map{{entries, from.entries.size()}});
}

}  // namespace

std::string_view name_of(Tag tag) {
  switch (tag) {
    case Tag::kNull:
      return "null_type";
    case Tag::kBool:
      return "bool";
    case Tag::kInt:
      return "int";
    case Tag::kUint:
      return "uint";
    case Tag::kDouble:
      return "double";
    case Tag::kString:
      return "string";
    case Tag::kBytes:
      return "bytes";
    case Tag::kList:
      return "list";
    case Tag::kMap:
      return "map";
    case Tag::kTimestamp:
      return "google.protobuf.Timestamp";
    case Tag::kDuration:
      return "google.protobuf.Duration";
    case Tag::kType:
      return "type";
    case Tag::kPoint:
      return "point";
    case Tag::kError:
      return "error";
  }
  return {};
}

Value Value::timestamp(TimeMs t) {
  const int64_t seconds = t / 1000 - (t % 1000 < 0 ? 1 : 0);
  return timestamp(Instant{seconds, static_cast<int32_t>(t - seconds * 1000) * 1'000'000});
}

Value Value::duration(DurationMs d) { return duration(Instant{d / 1000, static_cast<int32_t>(d % 1000) * 1'000'000}); }

TimeMs Value::ms() const {
  const int64_t part = nanos / 1'000'000 - (nanos % 1'000'000 < 0 ? 1 : 0);
  return seconds * 1000 + part;
}

bool equal(const Value& a, const Value& b) {
  if (a.tag != b.tag) return is_number(a.tag) && is_number(b.tag) && compare_numbers(a, b) == 0;
  switch (a.tag) {
    case Tag::kNull:
      return true;
    case Tag::kBool:
      return a.b == b.b;
    case Tag::kInt:
    case Tag::kUint:
      return a.u == b.u;
    case Tag::kDouble:
      return a.d == b.d;
    case Tag::kString:
    case Tag::kBytes:
    case Tag::kType:
      return a.str() == b.str();
    case Tag::kList:
      return equal_lists(*a.list, *b.list);
    case Tag::kMap:
      return equal_maps(*a.map, *b.map);
    case Tag::kTimestamp:
    case Tag::kDuration:
      return compare_instants(a, b) == 0;
    case Tag::kPoint:
      return a.lon == b.lon && a.lat == b.lat;
    case Tag::kError:
      return false;
  }
  return false;
}

int compare(const Value& a, const Value& b) {
  if (a.tag != b.tag) return is_number(a.tag) && is_number(b.tag) ? compare_numbers(a, b) : 2;
  switch (a.tag) {
    case Tag::kBool:
      return order<int>(a.b ? 1 : 0, b.b ? 1 : 0);
    case Tag::kInt:
    case Tag::kUint:
    case Tag::kDouble:
      return compare_numbers(a, b);
    case Tag::kString:
    case Tag::kBytes:
      return order(a.str().compare(b.str()), 0);
    case Tag::kTimestamp:
    case Tag::kDuration:
      return compare_instants(a, b);
    default:
      return 2;
  }
}

Value copy(const Value& v, Arena& arena) {
  Value r = v;
  switch (v.tag) {
    case Tag::kString:
    case Tag::kBytes:
    case Tag::kType:
    case Tag::kError:
      r.s = arena.copy(v.str()).data();
      return r;
    case Tag::kList:
      return copy_list(*v.list, arena);
    case Tag::kMap:
      return copy_map(*v.map, arena);
    default:
      return r;
  }
}

}  // namespace tocsin::expr
