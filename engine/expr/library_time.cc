// timestamp(), duration() and the parts of times.
#include <array>
#include <string>

#include "expr/env_impl.h"
#include "expr/instant.h"
#include "expr/operators.h"
#include "time/format.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;
using Args = std::span<const Value>;

Value bad_text(std::string_view what, std::string_view text, std::string_view like, Arena& arena) {
  const std::string shown = "\"" + std::string(text.substr(0, 64)) + "\" is not a " + std::string(what) + " like ";
  return make_error(arena, shown, like);
}

Value to_timestamp(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  Instant t{};
  if (v.is(Tag::kInt)) {
    t = {v.i, 0};
    return valid_timestamp(t) ? Value::timestamp(t) : Value::error("the time is out of range");
  }
  if (!v.is(Tag::kString)) return v;
  if (parse_instant(v.str(), t)) return Value::timestamp(t);
  return bad_text("time", v.str(), "2024-07-01T08:30:00Z", arena);
}

Value to_duration(Args args, Arena& arena, const void* /*context*/) {
  const Value& v = args[0];
  if (!v.is(Tag::kString)) return v;
  Instant d{};
  if (parse_instant_duration(v.str(), d)) return Value::duration(d);
  return bad_text("duration", v.str(), "90s, 1h30m or 7d", arena);
}

enum class Part : uint8_t {
  kFullYear,
  kMonth,
  kDate,
  kDayOfMonth,
  kDayOfWeek,
  kDayOfYear,
  kHours,
  kMinutes,
  kSeconds,
  kMilliseconds
};
struct PartName {
  Part part;
  const char* name;
  bool of_duration;
  const char* doc;
};
constexpr std::array<PartName, 10> kParts = {
    {{Part::kFullYear, "getFullYear", false, "the year"},
     {Part::kMonth, "getMonth", false, "the month, from 0"},
     {Part::kDate, "getDate", false, "the day of the month, from 1"},
     {Part::kDayOfMonth, "getDayOfMonth", false, "the day of the month, from 0"},
     {Part::kDayOfWeek, "getDayOfWeek", false, "the weekday, 0 is Sunday"},
     {Part::kDayOfYear, "getDayOfYear", false, "the day of the year, from 0"},
     {Part::kHours, "getHours", true, "the hour; of a duration, all its hours"},
     {Part::kMinutes, "getMinutes", true, "the minute; of a duration, all"},
     {Part::kSeconds, "getSeconds", true, "the second; of a duration, all"},
     {Part::kMilliseconds, "getMilliseconds", true, "the milliseconds"}}};

// Seconds that a zone ("Asia/Shanghai", "+08:00") is east of UTC at `t`; false when there is no such zone.
bool offset_of(std::string_view zone, Instant t, int64_t& seconds) {
  if (parse_offset(zone, seconds)) return true;
  const Result<TimeZone> loaded = TimeZone::load(zone);
  if (!loaded) return false;
  seconds = loaded->offset(t.seconds * 1000) / 1000;
  return true;
}

int64_t part_of_time(Part part, int64_t local_seconds, int64_t nanos) {
  const CivilTime c = to_civil(local_seconds);
  switch (part) {
    case Part::kFullYear:
      return c.year;
    case Part::kMonth:
      return c.month - 1;
    case Part::kDate:
      return c.day;
    case Part::kDayOfMonth:
      return c.day - 1;
    case Part::kDayOfWeek:
      return c.weekday;
    case Part::kDayOfYear:
      return c.yearday;
    case Part::kHours:
      return c.hour;
    case Part::kMinutes:
      return c.minute;
    case Part::kSeconds:
      return c.second;
    case Part::kMilliseconds:
      return nanos / 1'000'000;
  }
  return 0;
}

Value part_of_duration(Part part, const Value& d) {
  switch (part) {
    case Part::kHours:
      return Value::integer(d.seconds / 3600);
    case Part::kMinutes:
      return Value::integer(d.seconds / 60);
    case Part::kSeconds:
      return Value::integer(d.seconds);
    default:
      return Value::integer(d.nanos / 1'000'000);
  }
}

Value part_of(Args args, Arena& arena, const void* context) {
  const Part part = static_cast<const PartName*>(context)->part;
  const Value& v = args[0];
  if (v.is(Tag::kDuration)) return part_of_duration(part, v);
  int64_t offset = 0;
  if (args.size() > 1 && !offset_of(args[1].str(), v.instant(), offset)) {
    return make_error(arena, "no such time zone: ", args[1].str().substr(0, 64));
  }
  return Value::integer(part_of_time(part, v.seconds + offset, v.nanos));
}

}  // namespace

void add_time_functions(Env& env) {
  const Type text = Type::of(K::kString);
  const Type whole = Type::of(K::kInt);
  const Type time = Type::of(K::kTimestamp);
  const Type span = Type::of(K::kDuration);
  for (const Type& from : {time, whole, text}) {
    env.function("timestamp", false, {from}, time, to_timestamp, nullptr,
                 "a time from RFC 3339 text or from seconds since 1970");
  }
  for (const Type& from : {span, text}) {
    env.function("duration", false, {from}, span, to_duration, nullptr, "a duration from text: 90s, 1h30m, 7d");
  }
  for (const PartName& p : kParts) {
    env.function(p.name, true, {time}, whole, part_of, &p, p.doc);
    env.function(p.name, true, {time, text}, whole, part_of, &p, p.doc);
    if (p.of_duration) env.function(p.name, true, {span}, whole, part_of, &p, p.doc);
  }
}

}  // namespace tocsin::expr
