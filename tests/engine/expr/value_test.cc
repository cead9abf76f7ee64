#include "expr/value.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace tocsin::expr {
namespace {

std::string plain(const Value& v) {
  std::string out;
  append_json(out, v);
  return out;
}
std::string tagged(const Value& v) {
  std::string out;
  append_tagged_json(out, v);
  return out;
}
std::string text(const Value& v) {
  std::string out;
  append_text(out, v);
  return out;
}

TEST(Value, NumbersCompareAcrossKinds) {
  EXPECT_TRUE(equal(Value::integer(1), Value::unsigned_integer(1)));
  EXPECT_TRUE(equal(Value::integer(1), Value::number(1)));
  EXPECT_FALSE(equal(Value::integer(-1), Value::unsigned_integer(UINT64_MAX)));
  EXPECT_EQ(compare(Value::integer(-1), Value::unsigned_integer(0)), -1);
  EXPECT_EQ(compare(Value::unsigned_integer(3), Value::number(2.5)), 1);
}

TEST(Value, NanEqualsNothingAndHasNoOrder) {
  const Value nan = Value::number(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(equal(nan, nan));
  EXPECT_EQ(compare(nan, Value::number(1)), 2);
}

TEST(Value, KindsDoNotCompare) {
  EXPECT_FALSE(equal(Value::string("1"), Value::integer(1)));
  EXPECT_FALSE(equal(Value::string("a"), Value::bytes("a")));
  EXPECT_FALSE(equal(Value(), Value::boolean(false)));
  EXPECT_TRUE(equal(Value(), Value::null()));
  EXPECT_EQ(compare(Value(), Value()), 2);
}

TEST(Value, MillisecondsAreFloored) {
  EXPECT_EQ(Value::timestamp(TimeMs{-1}).seconds, -1);
  EXPECT_EQ(Value::timestamp(TimeMs{-1}).nanos, 999'000'000);
  EXPECT_EQ(Value::timestamp(TimeMs{-1}).ms(), -1);
  EXPECT_EQ(Value::duration(DurationMs{-1500}).seconds, -1);
  EXPECT_EQ(Value::duration(DurationMs{-1500}).nanos, -500'000'000);
  EXPECT_EQ(Value::duration(DurationMs{-1500}).ms(), -1500);
  EXPECT_EQ(Value::timestamp(Instant{1, 999'999}).ms(), 1000);
  EXPECT_EQ(Value::duration(Instant{0, -1}).ms(), -1);
}

TEST(Value, CopyOwnsWhatItPointsTo) {
  Arena arena;
  Value held;
  {
    std::string s = "in a list";
    const std::array<Value, 1> items = {Value::string(s)};
    const List list{items};
    const std::array<MapEntry, 1> entries = {{{Value::string("k"), Value::of(&list)}}};
    const Map map{entries};
    held = copy(Value::of(&map), arena);
    s.assign(s.size(), 'x');
  }
  EXPECT_EQ(tagged(held), R"({"map":[[{"string":"k"},{"list":[{"string":"in a list"}]}]]})");
}

TEST(Value, TaggedJson) {
  EXPECT_EQ(tagged(Value()), R"({"null":null})");
  EXPECT_EQ(tagged(Value::boolean(true)), R"({"bool":true})");
  EXPECT_EQ(tagged(Value::integer(INT64_MIN)), R"({"int":-9223372036854775808})");
  EXPECT_EQ(tagged(Value::unsigned_integer(UINT64_MAX)), R"({"uint":18446744073709551615})");
  EXPECT_EQ(tagged(Value::number(1.5)), R"({"double":1.5})");
  EXPECT_EQ(tagged(Value::number(-std::numeric_limits<double>::infinity())), R"({"double":"-Infinity"})");
  EXPECT_EQ(tagged(Value::bytes(std::string_view("\0\xff", 2))), R"({"bytes":"AP8="})");
  EXPECT_EQ(tagged(Value::timestamp(Instant{1, 5})), R"({"timestamp":{"seconds":1,"nanos":5}})");
  EXPECT_EQ(tagged(Value::duration(Instant{-1, 0})), R"({"duration":{"seconds":-1,"nanos":0}})");
  EXPECT_EQ(tagged(Value::type("int")), R"({"type":"int"})");
  EXPECT_EQ(tagged(Value::point({121.5, 30.25})), R"({"point":{"lon":121.5,"lat":30.25}})");
  EXPECT_EQ(tagged(Value::error("no \"key\"")), R"({"error":"no \"key\""})");
}

TEST(Value, PlainJson) {
  EXPECT_EQ(plain(Value::timestamp(TimeMs{1'720'000'000'500})), R"("2024-07-03T09:46:40.5Z")");
  EXPECT_EQ(plain(Value::duration(DurationMs{90'000})), R"("90s")");
  EXPECT_EQ(plain(Value::point({1, 2})), R"({"lon":1,"lat":2})");
  EXPECT_EQ(plain(Value::error("x")), "null");
  const std::array<MapEntry, 1> entries = {{{Value::integer(7), Value::number(0.5)}}};
  const Map map{entries};
  EXPECT_EQ(plain(Value::of(&map)), R"({"7":0.5})");
}

TEST(Value, TextForPeople) {
  EXPECT_EQ(text(Value::number(3)), "3");
  EXPECT_EQ(text(Value::duration(DurationMs{5'400'000})), "1h30m");
  EXPECT_EQ(text(Value::duration(DurationMs{-90'000})), "-1m30s");
  EXPECT_EQ(text(Value()), "");
  const std::array<Value, 2> latin = {Value::string("a"), Value::string("b")};
  const std::array<Value, 2> chinese = {Value::string("浒山"), Value::string("古塘")};
  const List one{latin};
  const List other{chinese};
  EXPECT_EQ(text(Value::of(&one)), "a, b");
  EXPECT_EQ(text(Value::of(&other)), "浒山、古塘");
}

}  // namespace
}  // namespace tocsin::expr
