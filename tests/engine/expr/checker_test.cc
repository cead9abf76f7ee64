// Names, types and their faults: exact messages, in both languages.
#include <gtest/gtest.h>

#include "event/fields.h"
#include "expr_testing.h"

namespace tocsin::expr {
namespace {

const Env& scope() {
  static const Env kEnv = event_env(TimeZone::utc());
  return kEnv;
}

std::string faults(std::string_view source) { return describe(faults_in(scope(), source)); }

std::string type(std::string_view source) {
  Faults found;
  const auto program = compile(source, scope(), found);
  return program ? to_string(program->type()) : describe(found);
}

TEST(Checker, Types) {
  EXPECT_EQ(type("category"), "string");
  EXPECT_EQ(type("occurred_at - reported_at"), "duration");
  EXPECT_EQ(type("occurred_at + duration('1h')"), "timestamp");
  EXPECT_EQ(type("location"), "point");
  EXPECT_EQ(type("location.lon"), "double");
  EXPECT_EQ(type("flags.map(f, f.size())"), "list(int)");
  EXPECT_EQ(type("flags.filter(f, f != 'x')"), "list(string)");
  EXPECT_EQ(type("values.depth"), "double");
  EXPECT_EQ(type("attrs['x']"), "string");
  EXPECT_EQ(type("orElse(place, 'x')"), "string");
  EXPECT_EQ(type("orElse(place, 1)"), "dyn");
  EXPECT_EQ(type("has(area.town)"), "bool");
  EXPECT_EQ(type("[1, 'a']"), "list(dyn)");
  EXPECT_EQ(type("{'a': 1}"), "map(string, int)");
  EXPECT_EQ(type("people > 2 ? 'a' : 'b'"), "string");
  EXPECT_EQ(type("type(people) == int"), "bool");
  EXPECT_EQ(type("type(occurred_at) == google.protobuf.Timestamp"), "bool");
  EXPECT_EQ(type("dyn(people) + 1"), "int");
}

TEST(Checker, OrderIsDefinedAcrossNumbers) {
  EXPECT_EQ(type("values.depth > 15"), "bool");
  EXPECT_EQ(type("people <= 2.5"), "bool");
}

TEST(Checker, AnythingMayBeComparedWithNull) {
  EXPECT_EQ(type("case == null && location != null && null == people"), "bool");
  EXPECT_EQ(faults("people < null"),
            "0-13 type-mismatch: `<` does not take int and null. | `<` 不能用于 int 和 null。");
}

TEST(Checker, UnknownNames) {
  EXPECT_EQ(
      faults("categry == 'x'"),
      "0-7 unknown-name: There is no name `categry` here. | 此处没有名称 `categry`。 | did you mean `category`? | "
      "是否想写 `category`？");
  EXPECT_EQ(faults("  area.twon == 'x'"),
            "2-11 unknown-name: There is no name `area.twon` here. | 此处没有名称 `area.twon`。 | did you mean "
            "`area.town`? | 是否想写 `area.town`？");
  EXPECT_EQ(faults("Area.Village == 'x'"),
            "0-12 unknown-name: There is no name `Area.Village` here. | 此处没有名称 `Area.Village`。 | did you mean "
            "`area.village`? | 是否想写 `area.village`？");
  EXPECT_EQ(faults("has(Area.Village)").substr(0, 57), "0-17 unknown-name: There is no name `Area.Village` here. ");
  EXPECT_EQ(faults("nowhere.town == 'x'").substr(0, 52), "0-7 unknown-name: There is no name `nowhere` here. |");
  EXPECT_EQ(
      faults("kind == report"),
      "8-14 unknown-name: There is no name `report` here. | 此处没有名称 `report`。 | if a text is meant, put it in "
      "quotes: \"report\" | 若指文本，请加引号：\"report\"");
  EXPECT_EQ(faults("stage in [closed]").substr(0, 17), "10-16 unknown-nam");
  EXPECT_EQ(faults("area == '330282'"),
            "0-4 unknown-name: `area` is a group of fields, not a value. | `area` 是一组字段，本身不是值。 | one of "
            "area.city, area.grid, area.microgrid, area.town, area.village | 可用：area.city, area.grid, "
            "area.microgrid, area.town, area.village");
}

TEST(Checker, AllFaultsAtOnce) {
  EXPECT_EQ(faults_in(scope(), "peple > 3 && grade == 'a' || foo(1) == bar").size(), 4U);
}

TEST(Checker, OneMistakeIsOneFault) {
  EXPECT_EQ(faults_in(scope(), "(zzz + 1) * 2 > 3 && zzz2.size() > 1 || -zzz3 == 2").size(), 3U);
}

TEST(Checker, Functions) {
  EXPECT_EQ(
      faults("category.undr('water')"),
      "9-13 unknown-function: There is no function `undr` here. | 此处没有函数 `undr`。 | did you mean `under`? | "
      "是否想写 `under`？");
  EXPECT_EQ(faults("category.under(3)"),
            "0-17 no-overload: `under` cannot be called as string.under(int). | `under` "
            "不能这样调用：string.under(int)。 | it "
            "is called as string.under(string) | 可用的调用形式：string.under(string)");
  EXPECT_EQ(
      faults("under(category, 'water')"),
      "0-24 no-overload: `under` cannot be called as under(string, string). | `under` 不能这样调用：under(string, "
      "string)。 | it is called as string.under(string) | 可用的调用形式：string.under(string)");
  EXPECT_EQ(
      faults("text.size > 3"),
      "5-9 no-field: A value of type string has no field `size`. | string 类型的值没有字段 `size`。 | `size` is a "
      "function: write .size(…) | `size` 是函数：请写 .size(…)");
}

TEST(Checker, KindsOfNumbers) {
  EXPECT_EQ(faults("values.depth == 15"),
            "0-18 type-mismatch: `==` does not take double and int. | `==` 不能用于 double 和 int。 | write 15.0 | "
            "请写 15.0");
  EXPECT_EQ(
      faults("people + 1.5"),
      "0-12 type-mismatch: `+` does not take int and double. | `+` 不能用于 int 和 double。 | convert one side with "
      "double(…) | 请用 double(…) 转换其中一侧");
  EXPECT_EQ(
      faults("occurred_at > '2024-01-01'"),
      "0-26 type-mismatch: `>` does not take timestamp and string. | `>` 不能用于 timestamp 和 string。 | times are "
      "written timestamp(\"2024-07-01T08:30:00Z\") | 时间写作 timestamp(\"2024-07-01T08:30:00Z\")");
  EXPECT_EQ(faults("occurred_at - reported_at > 60"),
            "0-30 type-mismatch: `>` does not take duration and int. | `>` 不能用于 duration 和 int。 | durations are "
            "written duration(\"90s\") | 时长写作 duration(\"90s\")");
}

TEST(Checker, Conditions) {
  EXPECT_EQ(
      faults("people && true"),
      "0-6 type-mismatch: A condition is needed here, but this is of type int. | 此处需要条件，但这是 int 类型。");
  EXPECT_EQ(
      faults("flags.exists(f, f)"),
      "16-17 type-mismatch: A condition is needed here, but this is of type string. | 此处需要条件，但这是 string "
      "类型。");
  EXPECT_EQ(faults("people.all(x, true)"),
            "0-6 type-mismatch: all() goes over a list or a map, not int. | all() 只能用于列表或映射，不能用于 int。");
  EXPECT_EQ(
      faults("true ? 1 : 'a'"),
      "0-14 type-mismatch: The two sides of `:` differ in type: int and string. | `:` 两侧类型不同：int 和 string。 | "
      "use dyn(…) on one side if that is meant | 若有意如此，请在一侧使用 dyn(…)");
}

TEST(Checker, Collections) {
  EXPECT_EQ(faults("'a' in category"),
            "0-15 type-mismatch: `in` looks into a list or a map, not into a text. | `in` "
            "用于列表或映射，不能用于文本。 | write "
            "category.contains('a') | 请写 category.contains('a')");
  EXPECT_EQ(faults("grade in ['a']"),
            "0-14 type-mismatch: `in` does not take int and list(string). | `in` 不能用于 int 和 list(string)。");
  EXPECT_EQ(faults("flags['a']"),
            "6-9 type-mismatch: A list(string) cannot be indexed with string. | list(string) 不能用 string 作下标。");
  EXPECT_EQ(faults("grade[0]"),
            "0-8 type-mismatch: A value of type int cannot be indexed. | int 类型的值不能用 [ ] 取元素。");
  EXPECT_EQ(
      faults("{1.5: 2}"),
      "1-4 type-mismatch: A map's key is an int, uint, bool or string, not double. | 映射的键须为 int、uint、bool 或 "
      "string，不能是 double。");
}

TEST(Checker, ConstantsThatCanOnlyFail) {
  EXPECT_EQ(faults("text.matches('(a')"),
            "13-17 bad-pattern: The pattern is not valid: missing ): (a. | 正则表达式无效：missing ): (a。");
  EXPECT_EQ(faults("occurred_at > timestamp('2024-13-01T00:00:00Z')"),
            "24-46 bad-constant: This is not a time in the years 1 to 9999. | 这不是公元 1 至 9999 年间的有效时间。 | "
            "write it "
            "like 2024-07-01T08:30:00Z | 写法如 2024-07-01T08:30:00Z");
  EXPECT_EQ(
      faults("duration('15q')"),
      "9-14 bad-constant: This is not a duration within 292 years. | 这不是 292 年以内的有效时长。 | write it like "
      "90s, 1h30m or 7d | 写法如 90s、1h30m 或 7d");
}

TEST(Checker, ExpectedType) {
  Faults found;
  EXPECT_EQ(compile("people", scope(), found, Type::of(Type::Kind::kBool)), nullptr);
  EXPECT_EQ(describe(found),
            "0-6 type-mismatch: A value of type bool is needed here, but this is of type int. | 此处需要 bool "
            "类型的值，但这是 int 类型。");
}

// The rewriting that engine/rule does between parse() and check().
TEST(Checker, NamesNeedNotBeLegal) {
  Env env;
  const int slot = env.variable("#0", Type::of(Type::Kind::kInt));
  Faults found;
  const auto ast = parse("distinct(place) >= 3", found);
  Node* variable = ast->make(Node::Kind::kIdent);
  variable->text = "#0";
  ast->root->args[0] = variable;
  ASSERT_TRUE(check(*ast, ast->root, env, found)) << describe(found);
  const auto program = compile(*ast, ast->root, env);
  ASSERT_EQ(program->slots().size(), 1U);
  EXPECT_EQ(program->slots()[0], slot);
  const std::vector<Value> values = {Value::integer(3)};
  Arena arena;
  EXPECT_TRUE(program->evaluate(SpanActivation(values), arena).is_true());
}

TEST(Checker, DottedNamesBecomeIdentifiersAndStay) {
  Faults found;
  const auto ast = parse("area.town == 'x' && has(area.grid)", found);
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(check(*ast, ast->root, scope(), found));
    const Node* town = ast->root->args[0]->args[0];
    EXPECT_EQ(town->kind, Node::Kind::kIdent);
    EXPECT_EQ(town->text, "area.town");
    EXPECT_EQ(town->slot, static_cast<int>(Field::kAreaTown));
    EXPECT_TRUE(ast->root->args[1]->test_only);
    EXPECT_EQ(ast->root->args[1]->slot, static_cast<int>(Field::kAreaGrid));
  }
}

TEST(Checker, LoopVariablesHideFields) {
  EXPECT_EQ(type("[1, 2].map(category, category + 1)"), "list(int)");
  EXPECT_EQ(type("[{'town': 1}].map(area, area.town)"), "list(int)");
}

TEST(Env, CopiesAreIndependent) {
  const Env base = event_env(TimeZone::utc());
  Env wider = base;
  EXPECT_EQ(wider.variable("params.places", Type::of(Type::Kind::kInt)), static_cast<int>(base.variables()));
  EXPECT_EQ(base.slot("params.places"), -1);
  EXPECT_EQ(wider.slot("params.places"), static_cast<int>(base.variables()));
  EXPECT_EQ(wider.slot("category"), static_cast<int>(Field::kCategory));
  EXPECT_TRUE(faults_in(wider, "people >= params.places").empty());
  EXPECT_EQ(describe(faults_in(wider, "people >= params.place")),
            "10-22 unknown-name: There is no name `params.place` here. | 此处没有名称 `params.place`。 | did you mean "
            "`params.places`? | 是否想写 `params.places`？");
}

std::string strict(std::string_view source) {
  Env env = scope();
  env.strict_optional = true;
  return describe(faults_in(env, source));
}

TEST(Guards, AskedForWhereAMissingFieldIsAnError) {
  EXPECT_EQ(strict("people > 3"),
            "0-6 unguarded: `people` may be missing. | `people` 可能缺失。 | guard it with has(people) && …, or give a "
            "substitute with orElse(people, …) | 请先判断 has(people) && …，或用 orElse(people, …) 给出替代值");
  EXPECT_NE(strict("values.depth > 15"), "");
  EXPECT_NE(strict("attrs['x'].size() > 1"), "");
  EXPECT_NE(strict("distance(location, point(1, 2)) < 3.0"), "");
  EXPECT_NE(strict("has(place) || people > 3"), "");
  EXPECT_NE(strict("has(people) ? true : people > 3"), "");
  EXPECT_NE(strict("!has(people) && people > 3"), "");
}

TEST(Guards, Given) {
  EXPECT_EQ(strict("has(people) && people > 3"), "");
  EXPECT_EQ(strict("people > 3 && has(people)"), "");
  EXPECT_EQ(strict("!has(people) || people > 3"), "");
  EXPECT_EQ(strict("has(people) ? people > 3 : false"), "");
  EXPECT_EQ(strict("people != null && people > 3"), "");
  EXPECT_EQ(strict("people == null || people > 3"), "");
  EXPECT_EQ(strict("stage in ['a', 'b'] && stage.startsWith('c')"), "");
  EXPECT_EQ(strict("has(values.depth) && values['depth'] > 15"), "");
  EXPECT_EQ(strict("'x' in attrs && attrs.x.size() > 1"), "");
  EXPECT_EQ(strict("orElse(people, 0) > 3"), "");
}

TEST(Guards, NotNeeded) {
  EXPECT_EQ(strict("stage == 'closed' || place != reporter"), "");
  EXPECT_EQ(strict("stage in ['closed'] && attrs['state'] == 'x'"), "");
  EXPECT_EQ(strict("category.under('water') && flags.size() > 1 && occurred_at > timestamp(0)"), "");
  EXPECT_EQ(strict("[place, area.town]"), "");
}

}  // namespace
}  // namespace tocsin::expr
