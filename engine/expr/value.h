#pragma once
// A CEL value: 24 bytes, trivially copyable, never owns. Strings, lists and maps point into an Arena, into the
// program's constants, or into the caller's activation, which must outlive the value.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/clock.h"

namespace tocsin::expr {

enum class Tag : uint8_t {
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
std::string_view name_of(Tag tag);  // CEL's own names: "int", "google.protobuf.Timestamp" …

struct Value;
struct MapEntry;
struct List {
  std::span<const Value> items;
};
struct Map {
  std::span<const MapEntry> entries;  // in order of insertion; keys are unique
};

// Seconds since the epoch and nanoseconds within the second (0 … 999,999,999), as CEL's Timestamp; a Duration uses the
// same pair with both parts of the same sign.
struct Instant {
  int64_t seconds;
  int32_t nanos;
};
struct Point {  // WGS-84 degrees
  double lon, lat;
};

struct Value {
  union {
    bool b;
    int64_t i;
    uint64_t u;
    double d;
    const char* s;  // kString, kBytes, kType (its name), kError (its message); with `size`
    const List* list;
    const Map* map;
    int64_t seconds;  // kTimestamp, kDuration; with `nanos`
    double lon;       // kPoint; with `lat`
  };
  union {
    uint64_t size;
    int64_t nanos;
    double lat;
  };
  Tag tag;

  Value() : i(0), size(0), tag(Tag::kNull) {}
  static Value null() { return {}; }
  static Value boolean(bool v) {
    Value r;
    r.b = v;
    r.tag = Tag::kBool;
    return r;
  }
  static Value integer(int64_t v) {
    Value r;
    r.i = v;
    r.tag = Tag::kInt;
    return r;
  }
  static Value unsigned_integer(uint64_t v) {
    Value r;
    r.u = v;
    r.tag = Tag::kUint;
    return r;
  }
  static Value number(double v) {
    Value r;
    r.d = v;
    r.tag = Tag::kDouble;
    return r;
  }
  static Value string(std::string_view v) { return text(v, Tag::kString); }
  static Value bytes(std::string_view v) { return text(v, Tag::kBytes); }
  static Value type(std::string_view name) { return text(name, Tag::kType); }
  // `message` must be static or in the arena.
  static Value error(std::string_view message) { return text(message, Tag::kError); }
  static Value timestamp(TimeMs t);
  static Value timestamp(Instant t) {
    Value r;
    r.seconds = t.seconds;
    r.nanos = t.nanos;
    r.tag = Tag::kTimestamp;
    return r;
  }
  static Value duration(DurationMs d);
  static Value duration(Instant d) {
    Value r;
    r.seconds = d.seconds;
    r.nanos = d.nanos;
    r.tag = Tag::kDuration;
    return r;
  }
  static Value point(Point p) {
    Value r;
    r.lon = p.lon;
    r.lat = p.lat;
    r.tag = Tag::kPoint;
    return r;
  }
  static Value of(const List* l) {
    Value r;
    r.list = l;
    r.tag = Tag::kList;
    return r;
  }
  static Value of(const Map* m) {
    Value r;
    r.map = m;
    r.tag = Tag::kMap;
    return r;
  }

  bool is(Tag t) const { return tag == t; }
  bool is_error() const { return tag == Tag::kError; }
  bool is_true() const { return tag == Tag::kBool && b; }
  std::string_view str() const { return {s, size}; }
  TimeMs ms() const;  // kTimestamp or kDuration, floored to milliseconds
  Instant instant() const { return {seconds, static_cast<int32_t>(nanos)}; }  // kTimestamp or kDuration
  // An int, uint or double; nothing of other kinds.
  std::optional<double> number_if() const {
    if (tag == Tag::kInt) return static_cast<double>(i);
    if (tag == Tag::kUint) return static_cast<double>(u);
    if (tag == Tag::kDouble) return d;
    return std::nullopt;
  }

 private:
  static Value text(std::string_view v, Tag t) {
    Value r;
    r.s = v.data();
    r.size = v.size();
    r.tag = t;
    return r;
  }
};
static_assert(sizeof(Value) == 24);

struct MapEntry {
  Value key, value;
};

// CEL equality: numbers compare across int, uint and double by value, NaN equals nothing, lists and maps by element,
// different kinds are unequal. Errors must not reach here.
bool equal(const Value& a, const Value& b);
// Order of two comparable values: -1, 0, 1; 2 when they do not compare (different kinds, NaN).
int compare(const Value& a, const Value& b);
// The value with everything it points to copied into `arena`.
Value copy(const Value& v, Arena& arena);
// Plain JSON for alerts and pages: numbers, strings, RFC 3339 times, durations as "90s" text, points as
// {"lon":…,"lat":…}; an error as null.
void append_json(std::string& out, const Value& v);
// Tagged JSON of `tocsin eval`: {"int":1}, {"list":[…]}, {"map":[[k,v],…]}, {"timestamp":{"seconds":…,"nanos":…}},
// {"error":"…"}.
void append_tagged_json(std::string& out, const Value& v);
// For people, in templates: numbers without trailing zeros, times and durations as text, lists joined by "、" or ", ".
void append_text(std::string& out, const Value& v);

}  // namespace tocsin::expr
