// What expressions give beyond the conformance cases: errors, conversions, times, texts, the engine's functions.
#include <gtest/gtest.h>

#include <cmath>

#include "expr_testing.h"

namespace tocsin::expr {
namespace {

TEST(Evaluation, ErrorsNameWhatFailed) {
  EXPECT_EQ(result("1 / 0"), R"({"error":"division by zero"})");
  EXPECT_EQ(result("9223372036854775807 + 1"), R"({"error":"the result does not fit into 64 bits"})");
  EXPECT_EQ(result("[1][1]"), R"({"error":"index out of range"})");
  EXPECT_EQ(result("{'a': 1}['b']"), R"({"error":"no such key: b"})");
  EXPECT_EQ(result("{'a': 1}.b"), R"({"error":"no such key: b"})");
  EXPECT_EQ(result("dyn('a') + 1"), R"x({"error":"no matching overload for `+` on (string, int)"})x");
  EXPECT_EQ(result("size(dyn(1))"), R"x({"error":"no matching overload for `size` on (int)"})x");
  EXPECT_EQ(result("dyn(null).size()"), R"({"error":"no matching overload for `size` on null"})");
  EXPECT_EQ(result("dyn(1) && true"), R"({"error":"a condition is true or false, not of type int"})");
  EXPECT_EQ(result("{'a': 1, 'a': 2}"), R"({"error":"a map's key stands there twice"})");
  EXPECT_EQ(untyped_result("nowhere"), R"({"error":"undeclared reference to nowhere"})");
  EXPECT_EQ(untyped_result("nothing(1)"), R"({"error":"no matching overload for `nothing`"})");
  EXPECT_EQ(untyped_result("true || nowhere"), R"({"bool":true})");
}

TEST(Evaluation, LogicAbsorbsErrorsOnEitherSide) {
  for (const char* source : {"1 / 0 > 0 || true", "true || 1 / 0 > 0", "!(1 / 0 > 0 && false)", "!(false && 1 / 0 > 0)",
                             "false || 1 / 0 > 0 || false || true"}) {
    EXPECT_EQ(result(source), R"({"bool":true})") << source;
  }
  EXPECT_EQ(result("1 / 0 > 0 && true"), R"({"error":"division by zero"})");
  EXPECT_EQ(result("[1, 0, 2].exists(x, 4 / x == 2)"), R"({"bool":true})");
  EXPECT_EQ(result("[1, 0].exists(x, 4 / x == 2)"), R"({"error":"division by zero"})");
}

TEST(Evaluation, Macros) {
  EXPECT_EQ(result("{'a': 1, 'b': 2}.exists_one(k, k == 'b')"), R"({"bool":true})");
  EXPECT_EQ(result("[1, 2, 3].map(x, x > 1, x * x)"), R"({"list":[{"int":4},{"int":9}]})");
  EXPECT_EQ(result("[[1, 2], [3]].map(x, x.map(y, y + x.size()))"),
            R"({"list":[{"list":[{"int":3},{"int":4}]},{"list":[{"int":4}]}]})");
  EXPECT_EQ(result("[1].all(x, [2].all(x, x == 2) && x == 1)"), R"({"bool":true})");
  EXPECT_EQ(result("has({'a': null}.a)"), R"({"bool":true})");
  EXPECT_EQ(result("has({'a': 1}.b)"), R"({"bool":false})");
}

TEST(Evaluation, Conversions) {
  EXPECT_EQ(result("int(-1.9)"), R"({"int":-1})");
  EXPECT_EQ(result("int(1e19)"), R"({"error":"the value does not fit into int"})");
  EXPECT_EQ(result("int(9223372036854775807.0)"), R"({"error":"the value does not fit into int"})");
  EXPECT_EQ(result("int('12x')"), R"({"error":"\"12x\" is not a text of type int"})");
  EXPECT_EQ(result("int('+12')"), R"({"int":12})");
  EXPECT_EQ(result("uint(-1)"), R"({"error":"the value does not fit into uint"})");
  EXPECT_EQ(result("uint('7')"), R"({"uint":7})");
  EXPECT_EQ(result("double('1.5e2')"), R"({"double":150})");
  EXPECT_EQ(result("string(1.0)"), R"({"string":"1"})");
  EXPECT_EQ(result("string(b'\\xff')"), R"({"error":"the bytes are not valid UTF-8"})");
  EXPECT_EQ(result("string(duration('-1.5s'))"), R"({"string":"-1.5s"})");
  EXPECT_EQ(result("bytes('中').size()"), R"({"int":3})");
  EXPECT_EQ(result("bool('t') && !bool('0')"), R"({"bool":true})");
  EXPECT_EQ(result("bool('yes')"), R"({"error":"\"yes\" is not a text of type bool"})");
  EXPECT_EQ(result("type(type(1))"), R"({"type":"type"})");
  EXPECT_EQ(result("type(null) == null_type && type(1u) == uint"), R"({"bool":true})");
}

TEST(Evaluation, Times) {
  EXPECT_EQ(result("timestamp('2024-07-01T08:30:00.5+08:00')"),
            R"({"timestamp":{"seconds":1719793800,"nanos":500000000}})");
  EXPECT_EQ(result("timestamp('2024-02-29T00:00:00Z').getDayOfYear()"), R"({"int":59})");
  EXPECT_EQ(result("string(timestamp(-1))"), R"({"string":"1969-12-31T23:59:59Z"})");
  EXPECT_EQ(result("timestamp(0).getHours('Asia/Shanghai')"), R"({"int":8})");
  EXPECT_EQ(result("timestamp(0).getHours('Nowhere/City')"), R"({"error":"no such time zone: Nowhere/City"})");
  EXPECT_EQ(result("duration('1h30m') == duration('5400s')"), R"({"bool":true})");
  EXPECT_EQ(result("duration('7d') == duration('168h') && duration('2w') == duration('14d')"), R"({"bool":true})");
  EXPECT_EQ(result("duration('1.5ms')"), R"({"duration":{"seconds":0,"nanos":1500000}})");
  EXPECT_EQ(result("duration('-90m').getHours()"), R"({"int":-1})");
  for (const char* bad : {"''", "'1'", "'h'", "'1x'", "'1h '", "'.s'", "'--1s'", "'99999999999999999999s'"}) {
    EXPECT_TRUE(result("duration(dyn(" + std::string(bad) + "))").starts_with("{\"error\":")) << bad;
  }
  for (const char* bad : {"2023-02-29T00:00:00Z", "2023-02-28T24:00:00Z", "2023-02-28T00:00:00", "2023-02-28",
                          "2023-02-28T00:00:00.Z", "2023-02-28T00:00:00+0800", "x"}) {
    EXPECT_TRUE(result("timestamp(dyn('" + std::string(bad) + "'))").starts_with("{\"error\":")) << bad;
  }
}

TEST(Evaluation, Texts) {
  EXPECT_EQ(result("'慈溪市'.size()"), R"({"int":3})");
  EXPECT_EQ(result("'  a b\u3000'.trim()"), R"({"string":"a b"})");
  EXPECT_EQ(result("'a-b-c'.replace('-', '')"), R"({"string":"abc"})");
  EXPECT_EQ(result("'a,b,'.split(',')"), R"({"list":[{"string":"a"},{"string":"b"},{"string":""}]})");
  EXPECT_EQ(result("'慈溪'.split('')"), R"({"list":[{"string":"慈"},{"string":"溪"}]})");
  EXPECT_EQ(result("['a', 'b'].join('、')"), R"({"string":"a、b"})");
  EXPECT_EQ(result("'慈溪市浒山'.substring(3)"), R"({"string":"浒山"})");
  EXPECT_EQ(result("'慈溪市浒山'.substring(0, 2)"), R"({"string":"慈溪"})");
  EXPECT_EQ(result("'ab'.substring(3)"), R"({"error":"index out of range"})");
  EXPECT_EQ(result("'ab'.substring(2)"), R"({"string":""})");
  EXPECT_EQ(result("'ab'.substring(2, 1)"), R"({"error":"index out of range"})");
  EXPECT_EQ(result("'慈溪市'.indexOf('市')"), R"({"int":2})");
  EXPECT_EQ(result("'AbÄ'.lowerAscii() + 'c'.upperAscii()"), R"({"string":"abÄC"})");
  EXPECT_EQ(result("matches('积水很深', '积.*深$')"), R"({"bool":true})");
}

TEST(Engine, Paths) {
  EXPECT_EQ(result("'water.flooding.road'.under('water.flooding')"), R"({"bool":true})");
  EXPECT_EQ(result("'water.flooding'.under('water.flooding')"), R"({"bool":true})");
  EXPECT_EQ(result("'water.floodings'.under('water.flooding')"), R"({"bool":false})");
  EXPECT_EQ(result("'water'.under('water.flooding')"), R"({"bool":false})");
  EXPECT_EQ(result("'a.b.c'.top(2)"), R"({"string":"a.b"})");
  EXPECT_EQ(result("'a.b.c'.top(9)"), R"({"string":"a.b.c"})");
  EXPECT_EQ(result("'a.b.c'.top(0)"), R"({"string":""})");
  EXPECT_EQ(result("'.a'.top(1)"), R"({"string":""})");
}

TEST(Engine, Distance) {
  Faults faults;
  const auto program = compile("distance(point(0, 0), point(0, 1))", engine_env(), faults);
  Arena arena;
  EXPECT_NEAR(program->evaluate(SpanActivation({}), arena).d, 6'371'000 * 3.14159265358979 / 180, 1e-6);
  EXPECT_EQ(result("distance(point(121.24, 30.17), point(121.24, 30.17))"), R"({"double":0})");
  EXPECT_EQ(result("point(181, 0)"), R"({"error":"the point is outside the world"})");
  EXPECT_EQ(result("point(121.5, 30).lon"), R"({"double":121.5})");
}

TEST(Engine, LocalTime) {
  Env env;
  add_engine_functions(env, *TimeZone::load("Asia/Shanghai"));
  const auto local = [&](std::string_view source) { return result_in(env, source, SpanActivation({})); };
  EXPECT_EQ(local("hour(timestamp('2024-07-01T18:30:00Z'))"), R"({"int":2})");
  EXPECT_EQ(local("weekday(timestamp('2024-07-01T18:30:00Z'))"), R"({"int":2})");
  EXPECT_EQ(result("weekday(timestamp('2024-07-07T18:30:00Z'))"), R"({"int":7})");
}

TEST(Engine, OrElse) {
  EXPECT_EQ(result("orElse(null, 1)"), R"({"int":1})");
  EXPECT_EQ(result("orElse(2, 1)"), R"({"int":2})");
}

// A function of somebody else, with its context.
TEST(Engine, OwnFunctions) {
  static const int64_t kFactor = 3;
  Env env;
  env.function(
      "times", true, {Type::of(Type::Kind::kInt)}, Type::of(Type::Kind::kInt),
      [](std::span<const Value> args, Arena&, const void* context) {
        return Value::integer(args[0].i * *static_cast<const int64_t*>(context));
      },
      &kFactor);
  EXPECT_EQ(result_in(env, "14.times()", SpanActivation({})), R"({"int":42})");
}

}  // namespace
}  // namespace tocsin::expr
