#include "expr/json_value.h"

#include <limits>
#include <vector>

#include "expr/instant.h"
#include "expr/operators.h"
#include "expr/type_rules.h"

namespace tocsin::expr {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
constexpr size_t kMaxDepth = 64;

class Reader {
 public:
  Reader(Arena& arena, std::string& why) : arena_(arena), why_(why) {}

  bool any(element json, Value& out, size_t depth) {
    if (depth > kMaxDepth) return fail("the value is nested too deep");
    if (json.type() != element_type::OBJECT) return plain(json, out, depth);
    const simdjson::dom::object object = json.get_object().value_unsafe();
    if (object.size() == 1) {
      const simdjson::dom::key_value_pair entry = *object.begin();
      bool known = true;
      const bool good = tagged(entry.key, entry.value, out, depth, known);
      if (known) return good;
    }
    return plain_map(object, out, depth);
  }

 private:
  bool fail(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  bool tagged(std::string_view tag, element json, Value& out, size_t depth, bool& known) {
    if (tag == "null") return json.is_null() || fail("a null is written {\"null\": null}");
    if (tag == "bool") return json.is_bool() ? plain(json, out, depth) : fail("a bool is true or false");
    if (tag == "int") return whole(json, out);
    if (tag == "uint") return unsigned_whole(json, out);
    if (tag == "double") return number(json, out);
    if (tag == "string") return json.is_string() ? plain(json, out, depth) : fail("a string is in quotes");
    if (tag == "bytes") return bytes(json, out);
    if (tag == "list") return json.is_array() ? plain(json, out, depth) : fail("a list is an array");
    if (tag == "map") return map(json, out, depth);
    if (tag == "timestamp" || tag == "duration") return time(json, tag == "timestamp", out);
    if (tag == "type") return type(json, out);
    if (tag == "point") return point(json, out);
    known = false;
    return false;
  }

  bool plain(element json, Value& out, size_t depth) {
    switch (json.type()) {
      case element_type::INT64:
        out = Value::integer(json.get_int64().value_unsafe());
        return true;
      case element_type::UINT64:
        out = Value::unsigned_integer(json.get_uint64().value_unsafe());
        return true;
      case element_type::DOUBLE:
        out = Value::number(json.get_double().value_unsafe());
        return true;
      case element_type::STRING:
        out = Value::string(arena_.copy(json.get_string().value_unsafe()));
        return true;
      case element_type::BOOL:
        out = Value::boolean(json.get_bool().value_unsafe());
        return true;
      case element_type::NULL_VALUE:
        out = Value();
        return true;
      case element_type::ARRAY:
        return list(json.get_array().value_unsafe(), out, depth);
      case element_type::OBJECT:
        break;
    }
    return fail("a value is missing");
  }

  bool list(simdjson::dom::array array, Value& out, size_t depth) {
    std::vector<Value> items;
    for (const element item : array) {
      if (!any(item, items.emplace_back(), depth + 1)) return false;
    }
    Value* held = arena_.array<Value>(items.size());
    std::copy(items.begin(), items.end(), held);
    out = Value::of(new (arena_.allocate(sizeof(List))) List{{held, items.size()}});
    return true;
  }

  bool hold(const std::vector<MapEntry>& entries, Value& out) {
    MapEntry* held = arena_.array<MapEntry>(entries.size());
    std::copy(entries.begin(), entries.end(), held);
    out = Value::of(new (arena_.allocate(sizeof(Map))) Map{{held, entries.size()}});
    return true;
  }

  bool plain_map(simdjson::dom::object object, Value& out, size_t depth) {
    std::vector<MapEntry> entries;
    for (const simdjson::dom::key_value_pair field : object) {
      MapEntry& e = entries.emplace_back();
      e.key = Value::string(arena_.copy(field.key));
      if (!any(field.value, e.value, depth + 1)) return false;
    }
    return hold(entries, out);
  }

  bool map(element json, Value& out, size_t depth) {
    simdjson::dom::array pairs;
    if (json.get(pairs) != simdjson::SUCCESS) return fail("a map is an array of pairs");
    std::vector<MapEntry> entries;
    for (const element pair : pairs) {
      simdjson::dom::array two;
      if (pair.get(two) != simdjson::SUCCESS || two.size() != 2) return fail("a map is an array of pairs");
      MapEntry& e = entries.emplace_back();
      if (!any(two.at(0).value_unsafe(), e.key, depth + 1) || !any(two.at(1).value_unsafe(), e.value, depth + 1)) {
        return false;
      }
    }
    return hold(entries, out);
  }

  bool whole(element json, Value& out) {
    int64_t v = 0;
    if (json.get(v) != simdjson::SUCCESS) return fail("an int is a whole number of 64 bits");
    out = Value::integer(v);
    return true;
  }

  bool unsigned_whole(element json, Value& out) {
    uint64_t v = 0;
    if (json.get(v) != simdjson::SUCCESS) return fail("a uint is a whole number from 0 to 2^64 - 1");
    out = Value::unsigned_integer(v);
    return true;
  }

  bool number(element json, Value& out) {
    double v = 0;
    std::string_view name;
    if (json.get(name) == simdjson::SUCCESS) {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      if (name != "NaN" && name != "Infinity" && name != "-Infinity") return fail("a double is a number");
      v = name == "NaN" ? std::numeric_limits<double>::quiet_NaN() : (name == "Infinity" ? kInfinity : -kInfinity);
    } else if (json.get(v) != simdjson::SUCCESS) {
      return fail("a double is a number");
    }
    out = Value::number(v);
    return true;
  }

  bool bytes(element json, Value& out) {
    std::string_view text;
    if (json.get(text) != simdjson::SUCCESS) return fail("bytes are Base64 in quotes");
    while (text.ends_with('=')) text.remove_suffix(1);
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string decoded;
    uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
      const size_t digit = kAlphabet.find(c);
      if (digit == kAlphabet.npos) return fail("bytes are Base64 in quotes");
      bits = bits << 6 | static_cast<uint32_t>(digit);
      held += 6;
      if (held >= 8) decoded += static_cast<char>(bits >> (held -= 8) & 0xFF);
    }
    out = Value::bytes(arena_.copy(decoded));
    return true;
  }

  bool time(element json, bool timestamp, Value& out) {
    int64_t seconds = 0;
    int64_t nanos = 0;
    simdjson::dom::object object;
    const std::string form = "a time or duration is {\"seconds\": 0, \"nanos\": 0}";
    if (json.get(object) != simdjson::SUCCESS) return fail(form);
    for (const simdjson::dom::key_value_pair field : object) {
      int64_t& part = field.key == "seconds" ? seconds : nanos;
      if (field.key != "seconds" && field.key != "nanos") return fail(form);
      if (field.value.get(part) != simdjson::SUCCESS) return fail(form);
    }
    if (nanos <= -kNanosPerSecond || nanos >= kNanosPerSecond) return fail("nanos are under a second");
    const Instant v{seconds, static_cast<int32_t>(nanos)};
    if (timestamp ? !valid_timestamp(v) : !valid_duration(v)) return fail("the time or duration is out of range");
    out = timestamp ? Value::timestamp(v) : Value::duration(v);
    return true;
  }

  bool type(element json, Value& out) {
    std::string_view name;
    if (json.get(name) != simdjson::SUCCESS) return fail("a type is its name in quotes");
    out = Value::type(arena_.copy(name));
    return true;
  }

  bool point(element json, Value& out) {
    Point p{};
    if (json.at_key("lon").get(p.lon) != simdjson::SUCCESS || json.at_key("lat").get(p.lat) != simdjson::SUCCESS) {
      return fail("a point is {\"lon\": 0, \"lat\": 0}");
    }
    out = Value::point(p);
    return true;
  }

  Arena& arena_;
  std::string& why_;
};

}  // namespace

bool value_from_json(element json, Arena& arena, Value& out, std::string& why) {
  return Reader(arena, why).any(json, out, 0);
}

Type type_of_value(const Value& v) {
  using K = Type::Kind;
  if (v.is(Tag::kList)) {
    Type item = Type::of(K::kDyn);
    for (size_t i = 0; i < v.list->items.size(); ++i) {
      const Type t = type_of_value(v.list->items[i]);
      item = i == 0 ? t : join(item, t);
    }
    return Type::list(item);
  }
  if (!v.is(Tag::kMap)) return type_of(v.tag);
  Type key = Type::of(K::kDyn);
  Type value = Type::of(K::kDyn);
  for (size_t i = 0; i < v.map->entries.size(); ++i) {
    const MapEntry& e = v.map->entries[i];
    key = i == 0 ? type_of_value(e.key) : join(key, type_of_value(e.key));
    value = i == 0 ? type_of_value(e.value) : join(value, type_of_value(e.value));
  }
  return Type::map(std::move(key), std::move(value));
}

}  // namespace tocsin::expr
