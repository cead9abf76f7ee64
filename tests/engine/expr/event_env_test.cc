#include "expr/event_env.h"

#include <gtest/gtest.h>

#include <array>

#include "event/fields.h"
#include "expr_testing.h"

namespace tocsin::expr {
namespace {

constexpr std::array<std::string_view, 2> kFlags = {"trapped", "minor"};
constexpr std::array<NamedNumber, 2> kValues = {{{"depth", 12.5}, {"rise", 3}}};
constexpr std::array<NamedText, 1> kAttrs = {{{"state", "suspended"}}};

Event bare() {
  Event e;
  e.id = "7";
  e.source = "grid";
  e.category = "water.flooding.road";
  e.occurred_at = 1'720'000'000'000;
  return e;
}

Event full() {
  Event e = bare();
  e.stage = Stage::kClosed;
  e.grade = 3;
  e.people = 0;
  e.town = "330282004";
  e.lon = 121.24;
  e.lat = 30.17;
  e.reporter = "token";
  e.flags = kFlags;
  e.values = kValues;
  e.attrs = kAttrs;
  return e;
}

const Env& scope() {
  static const Env kEnv = event_env(TimeZone::utc());
  return kEnv;
}

std::string on(const Event& event, std::string_view source) {
  Arena arena;
  return result_in(scope(), source, EventActivation(event, arena));
}

constexpr std::string_view kTrue = R"({"bool":true})";
constexpr std::string_view kFalse = R"({"bool":false})";

TEST(EventScope, SlotsAreFields) {
  EXPECT_EQ(scope().variables(), static_cast<size_t>(Field::kCount_));
  for (const FieldInfo& field : event_fields()) EXPECT_EQ(scope().slot(field.name), static_cast<int>(field.field));
}

TEST(EventScope, EveryFieldIsNullOrOfItsType) {
  for (const Event& event : {bare(), full()}) {
    Arena arena;
    const EventActivation activation(event, arena);
    for (const FieldInfo& field : event_fields()) {
      const Value v = activation.get(static_cast<int>(field.field));
      Faults faults;
      const auto program = compile(field.name, scope(), faults);
      ASSERT_TRUE(program) << field.name << " " << describe(faults);
      if (v.is(Tag::kNull)) {
        EXPECT_FALSE(field.required) << field.name;
      } else {
        std::string of_value(name_of(v.tag));
        const std::string of_type = to_string(program->type());
        if (v.is(Tag::kTimestamp)) of_value = "timestamp";
        EXPECT_TRUE(of_type.starts_with(of_value)) << field.name << " " << of_type << " " << of_value;
      }
    }
  }
}

TEST(EventScope, Fields) {
  EXPECT_EQ(on(full(), "kind == 'report' && stage == 'closed' && grade == 3"), kTrue);
  EXPECT_EQ(on(full(), "[source, area.town]"), R"({"list":[{"string":"grid"},{"string":"330282004"}]})");
  EXPECT_EQ(on(full(), "location"), R"({"point":{"lon":121.24,"lat":30.17}})");
  EXPECT_EQ(on(full(), "location.lon > 121 && location.lat < 31.0"), kTrue);
  EXPECT_EQ(on(full(), "occurred_at"), R"({"timestamp":{"seconds":1720000000,"nanos":0}})");
  EXPECT_EQ(on(full(), "flags"), R"({"list":[{"string":"trapped"},{"string":"minor"}]})");
  EXPECT_EQ(on(full(), "values"), R"({"map":[[{"string":"depth"},{"double":12.5}],[{"string":"rise"},{"double":3}]]})");
  EXPECT_EQ(on(full(), "people"), R"({"int":0})");
}

TEST(EventScope, AMissingFieldIsNull) {
  for (const char* name : {"case", "stage", "grade", "due_at", "area.town", "location", "location.lon", "people",
                           "satisfaction", "reported_at", "text"}) {
    const std::string field(name);
    EXPECT_EQ(on(bare(), field), R"({"null":null})") << name;
    EXPECT_EQ(on(bare(), field + " == null"), kTrue) << name;
    EXPECT_EQ(on(bare(), "has(" + field + ")"), kFalse) << name;
  }
  EXPECT_EQ(on(bare(), "stage == 'closed'"), kFalse);
  EXPECT_EQ(on(bare(), "stage != 'closed'"), kTrue);
  EXPECT_EQ(on(bare(), "stage in ['closed']"), kFalse);
  EXPECT_EQ(on(bare(), "grade > 2"), R"x({"error":"no matching overload for `>` on (null_type, int)"})x");
  EXPECT_EQ(on(bare(), "place.under('a')"), R"({"error":"no matching overload for `under` on null"})");
  EXPECT_EQ(on(bare(), "text.matches('a')"), R"({"error":"no matching overload for `matches` on null"})");
  EXPECT_EQ(on(bare(), "orElse(area.town, 'none')"), R"({"string":"none"})");
}

TEST(EventScope, MapsAndLists) {
  EXPECT_EQ(on(full(), "attrs['state'] == 'suspended' && attrs.state == 'suspended'"), kTrue);
  EXPECT_EQ(on(full(), "values.depth > 12 && values['depth'] < 13"), kTrue);
  EXPECT_EQ(on(full(), "has(values.depth) && has(attrs.state) && !has(values.height)"), kTrue);
  EXPECT_EQ(on(full(), "'trapped' in flags && !('weapon' in flags) && 'state' in attrs && 'rise' in values"), kTrue);
  EXPECT_EQ(on(full(), "flags.exists(f, f == 'minor') && flags.size() == 2"), kTrue);
  EXPECT_EQ(on(full(), "'rise' in dyn(values) && dyn(values).rise == 3.0"), kTrue);
}

TEST(EventScope, MissingEntriesAreNullToo) {
  EXPECT_EQ(on(bare(), "attrs['state'] == 'suspended'"), kFalse);
  EXPECT_EQ(on(bare(), "attrs.state == null && values.depth == null"), kTrue);
  EXPECT_EQ(on(bare(), "has(values.depth) || has(flags) || has(attrs) || 'a' in flags"), kFalse);
  EXPECT_EQ(on(full(), "has(flags) && has(attrs) && has(values)"), kTrue);
  EXPECT_EQ(on(bare(), "flags == [] && size(attrs) == 0"), kTrue);
}

TEST(EventScope, ExtraValuesFollowTheFields) {
  Env env = scope();
  env.variable("params.places", Type::of(Type::Kind::kInt));
  const Event event = full();
  Arena arena;
  const std::vector<Value> extra = {Value::integer(5)};
  EXPECT_EQ(result_in(env, "params.places + grade", EventActivation(event, arena, extra)), R"({"int":8})");
  EXPECT_EQ(result_in(env, "params.places", EventActivation(event, arena)), R"({"null":null})");
}

TEST(EventScope, SlotsThatAProgramReads) {
  Faults faults;
  const auto program =
      compile("category.under('a') && (stage in ['b'] || has(area.town) || values.x > 1.0)", scope(), faults);
  ASSERT_TRUE(program);
  const std::vector<int> expected = {static_cast<int>(Field::kCategory), static_cast<int>(Field::kStage),
                                     static_cast<int>(Field::kAreaTown), static_cast<int>(Field::kValues)};
  EXPECT_EQ(std::vector<int>(program->slots().begin(), program->slots().end()), expected);
}

// The shapes that compile to flat predicates give what the general evaluator gives: dyn() keeps them from being known.
TEST(EventScope, ShapesAgreeWithTheGeneralEvaluator) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"stage == 'closed'", "dyn(stage) == 'closed'"},
      {"'closed' != stage", "'closed' != dyn(stage)"},
      {"stage in ['a', 'closed']", "dyn(stage) in ['a', 'closed']"},
      {"stage in ['a','b','c','d','e','f','g','h','i','closed']",
       "dyn(stage) in ['a','b','c','d','e','f','g','h','i','closed']"},
      {"grade >= 3", "dyn(grade) >= 3"},
      {"3 < grade", "3 < dyn(grade)"},
      {"grade == 3", "dyn(grade) == 3"},
      {"location.lon > 121", "dyn(location.lon) > 121"},
      {"occurred_at >= timestamp('2024-01-01T00:00:00Z')", "dyn(occurred_at) >= timestamp('2024-01-01T00:00:00Z')"},
      {"place == null", "dyn(place) == null"},
      {"!(stage == 'closed')", "!(dyn(stage) == 'closed')"},
      {"'minor' in flags", "'minor' in dyn(flags)"},
      {"category.under('water.flooding')", "dyn(category).under('water.flooding')"},
      {"stage == 'closed' && !(grade > 3) || place == 'x'",
       "dyn(stage) == 'closed' && !(dyn(grade) > 3) || dyn(place) == 'x'"},
  };
  for (const Event& event : {bare(), full()}) {
    for (const auto& [shaped, general] : pairs) EXPECT_EQ(on(event, shaped), on(event, general)) << shaped;
  }
}

TEST(EventScope, ConditionsTakeNothingFromTheArena) {
  const Event event = full();
  for (const char* source :
       {"category.under('water.flooding') && kind == 'report'", "stage in ['closed', 'feedback']",
        "'trapped' in flags && values.depth > 10.0 && has(area.town)", "grade > 3 || text == 'x'"}) {
    Faults faults;
    const auto program = compile(source, scope(), faults);
    ASSERT_TRUE(program) << describe(faults);
    for (const Event& e : {event, bare()}) {
      Arena arena;
      (void)program->evaluate(EventActivation(e, arena), arena);
      EXPECT_EQ(arena.capacity(), 0U) << source;
    }
  }
}

}  // namespace
}  // namespace tocsin::expr
