// The engine's own functions beside CEL's.
#include <cmath>
#include <map>
#include <mutex>

#include "event/coordinates.h"
#include "event/likeness.h"
#include "expr/compiler.h"
#include "expr/event_env.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;
using Args = std::span<const Value>;

Value under(Args args, Arena& /*arena*/, const void* /*context*/) {
  const std::string_view path = args[0].str();
  const std::string_view root = args[1].str();
  return Value::boolean(path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.'));
}

Value top(Args args, Arena& /*arena*/, const void* /*context*/) {
  const std::string_view path = args[0].str();
  size_t end = 0;
  for (int64_t n = args[1].i; n > 0 && end < path.size(); --n) {
    end = std::min(path.find('.', end == 0 ? 0 : end + 1), path.size());
  }
  return Value::string(path.substr(0, end));
}

Value distance(Args args, Arena& /*arena*/, const void* /*context*/) {
  return Value::number(distance_m({args[0].lon, args[0].lat}, {args[1].lon, args[1].lat}));
}

Value point(Args args, Arena& /*arena*/, const void* /*context*/) {
  const auto degrees = [](const Value& v) { return v.is(Tag::kInt) ? static_cast<double>(v.i) : v.d; };
  const double lon = degrees(args[0]);
  const double lat = degrees(args[1]);
  if (!(std::abs(lon) <= 180 && std::abs(lat) <= 90)) return Value::error("the point is outside the world");
  return Value::point({lon, lat});
}

Value likeness_of(Args args, Arena& arena, const void* /*context*/) {
  const Fingerprint a(fingerprint(args[0].str(), arena));
  const Fingerprint b(fingerprint(args[1].str(), arena));
  return Value::number(likeness(a, b));
}

Value headline_of(Args args, Arena& /*arena*/, const void* /*context*/) {
  return Value::string(headline(args[0].str()));
}

Value or_else(Args args, Arena& /*arena*/, const void* /*context*/) {
  return args[0].is(Tag::kNull) ? args[1] : args[0];
}

Value hour(Args args, Arena& /*arena*/, const void* context) {
  return Value::integer(static_cast<const TimeZone*>(context)->to_civil(args[0].ms()).hour);
}

Value weekday(Args args, Arena& /*arena*/, const void* context) {
  return Value::integer(static_cast<const TimeZone*>(context)->to_civil(args[0].ms()).weekday);
}

// A zone that stays for good, as a function's context must: one of each name, so no more than there are zones.
const TimeZone* lasting(const TimeZone& zone) {
  static std::mutex mutex;
  static std::map<std::string, TimeZone> zones;
  const std::lock_guard lock(mutex);
  return &zones.try_emplace(zone.name(), zone).first->second;
}

}  // namespace

Function under_function() { return under; }

void add_engine_functions(Env& env, const TimeZone& zone) {
  const Type text = Type::of(K::kString);
  const Type whole = Type::of(K::kInt);
  const Type number = Type::of(K::kDouble);
  const Type place = Type::of(K::kPoint);
  const Type time = Type::of(K::kTimestamp);
  const Type any = Type::of(K::kDyn);
  const TimeZone* context = lasting(zone);
  env.function("under", true, {text, text}, Type::of(K::kBool), under, nullptr,
               "the dotted path is the other one or lies below it");
  env.function("top", true, {text, whole}, text, top, nullptr, "the first segments of a dotted path");
  env.function("distance", false, {place, place}, number, distance, nullptr, "metres between two points");
  for (const Type& lon : {number, whole}) {
    for (const Type& lat : {number, whole}) {
      env.function("point", false, {lon, lat}, place, point, nullptr, "a place by longitude and latitude, WGS-84");
    }
  }
  env.function("likeness", false, {text, text}, number, likeness_of, nullptr, "how alike two texts are, 0 to 1");
  env.function("headline", false, {text}, text, headline_of, nullptr,
               "a text's first line or sentence, at most 40 characters");
  env.function("orElse", false, {any, any}, any, or_else, nullptr, "the first value, or the second if it is missing");
  env.function("hour", false, {time}, whole, hour, context, "the hour of the day, 0 to 23, local time");
  env.function("weekday", false, {time}, whole, weekday, context, "1 Monday to 7 Sunday, local time");
}

}  // namespace tocsin::expr
