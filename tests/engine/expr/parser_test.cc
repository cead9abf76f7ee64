#include "expr/parser.h"

#include <gtest/gtest.h>

#include "expr_testing.h"

namespace tocsin::expr {
namespace {

// The tree in prefix form.
std::string show(const Node* n) {
  std::string out;
  switch (n->kind) {
    case Node::Kind::kLiteral:
      append_tagged_json(out, n->value);
      return out;
    case Node::Kind::kIdent:
      return n->test_only ? "has(" + n->text + ")" : n->text;
    case Node::Kind::kSelect:
      out = n->test_only ? "has" : "select";
      break;
    case Node::Kind::kCall:
      out = n->text;
      break;
    case Node::Kind::kList:
      out = "list";
      break;
    case Node::Kind::kMap:
      out = "map";
      break;
    case Node::Kind::kComprehension:
      out = n->text + ":" + n->var;
      break;
  }
  out += "(";
  for (size_t i = 0; i < n->args.size(); ++i) out += (i > 0 ? " " : "") + show(n->args[i]);
  return out + (n->kind == Node::Kind::kSelect ? " " + n->text : "") + ")";
}

std::string tree(std::string_view source) {
  Faults faults;
  const auto ast = parse(source, faults);
  return ast ? show(ast->root) : describe(faults);
}

TEST(Parser, OperatorsBindAsInCel) {
  EXPECT_EQ(tree("a + b * c - d"), "_-_(_+_(a _*_(b c)) d)");
  EXPECT_EQ(tree("a || b && c == d"), "_||_(a _&&_(b _==_(c d)))");
  EXPECT_EQ(tree("!a.b && -c < d"), "_&&_(!_(select(a b)) _<_(-_(c) d))");
  EXPECT_EQ(tree("a ? b : c ? d : e"), "_?_:_(a b _?_:_(c d e))");
  EXPECT_EQ(tree("a in b in c"), "@in(@in(a b) c)");
  EXPECT_EQ(tree("(a + b) * c"), "_*_(_+_(a b) c)");
}

TEST(Parser, ChainsOfLogicAreBalanced) {
  EXPECT_EQ(tree("a && b && c && d"), "_&&_(_&&_(a b) _&&_(c d))");
  std::string source = "a";
  for (int i = 0; i < 5000; ++i) source += "||a";
  Faults faults;
  const auto ast = parse(source, faults);
  ASSERT_TRUE(ast) << describe(faults);
  EXPECT_LE(ast->root->height, 14U);
}

TEST(Parser, MembersAndCalls) {
  EXPECT_EQ(tree("a.b.c(d, e)[f]"), "_[_](c(select(a b) d e) f)");
  EXPECT_EQ(tree("f()"), "f()");
  EXPECT_EQ(tree("a.for"), "select(a for)");
  EXPECT_EQ(tree("[1, 2,]"), R"(list({"int":1} {"int":2}))");
  EXPECT_EQ(tree("{'a': 1,}"), R"(map({"string":"a"} {"int":1}))");
}

TEST(Parser, MinusBelongsToTheNumberBehindIt) {
  EXPECT_EQ(tree("-9223372036854775808"), R"({"int":-9223372036854775808})");
  EXPECT_EQ(tree("a-1"), R"(_-_(a {"int":1}))");
  EXPECT_EQ(tree("--1"), R"(-_({"int":-1}))");
  EXPECT_EQ(tree("-(1)"), R"(-_({"int":1}))");
}

TEST(Parser, Literals) {
  EXPECT_EQ(tree("0x1F"), R"({"int":31})");
  EXPECT_EQ(tree("0xffu"), R"({"uint":255})");
  EXPECT_EQ(tree(".5e1"), R"({"double":5})");
  EXPECT_EQ(tree("1e-400"), R"({"double":0})");
  EXPECT_EQ(tree(R"("\x41\u4e2d\U0001F600\101\n")"), R"({"string":"A中😀A\n"})");
  EXPECT_EQ(tree(R"(r"a\nb")"), R"({"string":"a\\nb"})");
  EXPECT_EQ(tree(R"(b"\xff")"), R"({"bytes":"/w=="})");
  EXPECT_EQ(tree("'''a\n'b'''"), R"({"string":"a\n'b"})");
  EXPECT_EQ(tree("1 // one\n + 2"), R"(_+_({"int":1} {"int":2}))");
}

TEST(Parser, Macros) {
  EXPECT_EQ(tree("has(a.b)"), "has(a b)");
  EXPECT_EQ(tree("has(a)"), "has(a)");
  EXPECT_EQ(tree("a.all(x, x > b)"), "all:x(a _>_(x b))");
  EXPECT_EQ(tree("a.existsOne(x, x)"), "exists_one:x(a x)");
  EXPECT_EQ(tree("a.map(x, p, t)"), "map:x(a p t)");
  EXPECT_EQ(tree("all(p)"), "all(p)");
  EXPECT_EQ(tree("a.map(x)"), "map(a x)");
}

// What other floors underline and show: the node's own text.
TEST(Parser, RangesAreExact) {
  const std::string source = R"(  (a + 1) * distinct( place ) >= x["k"].y && has( area.town ))";
  Faults faults;
  const auto ast = parse(source, faults);
  ASSERT_TRUE(ast);
  const auto text = [&](const Node* n) { return source.substr(n->begin, n->end - n->begin); };
  const Node* root = ast->root;
  EXPECT_EQ(text(root), source.substr(2));
  const Node* ge = root->args[0];
  EXPECT_EQ(text(ge), R"((a + 1) * distinct( place ) >= x["k"].y)");
  EXPECT_EQ(source.substr(ge->at, 2), ">=");
  EXPECT_EQ(text(ge->args[0]), "(a + 1) * distinct( place )");
  EXPECT_EQ(text(ge->args[0]->args[0]), "a + 1");
  EXPECT_EQ(text(ge->args[0]->args[1]), "distinct( place )");
  EXPECT_EQ(text(ge->args[0]->args[1]->args[0]), "place");
  EXPECT_EQ(text(ge->args[1]), R"(x["k"].y)");
  EXPECT_EQ(source.substr(ge->args[1]->at, 1), "y");
  EXPECT_EQ(text(ge->args[1]->args[0]), R"(x["k"])");
  EXPECT_EQ(text(root->args[1]), "has( area.town )");
}

TEST(Parser, ClonesStandAlone) {
  Faults faults;
  auto ast = parse("a + 'text'", faults);
  Ast other;
  Node* copy_of = other.clone(*ast->root);
  ast.reset();
  EXPECT_EQ(show(copy_of), R"(_+_(a {"string":"text"}))");
}

TEST(ParserFaults, OneFaultWithPlaceAndBothLanguages) {
  EXPECT_EQ(tree(""), "0-0 syntax: The expression is empty. | 表达式为空。");
  EXPECT_EQ(tree("1 + "),
            "4-4 syntax: The expression ends here, where a value should stand. | 表达式到此中断，此处应为值。");
  EXPECT_EQ(tree("f(a"),
            "3-3 syntax: The expression ends here, where `)` should stand. | 表达式到此中断，此处应为 `)`。");
  EXPECT_EQ(
      tree("a b"),
      "2-3 syntax: Unexpected `b`, where an operator or the end should stand. | 意外的 `b`，此处应为运算符或结尾。");
  EXPECT_EQ(tree("f(a,)"), "4-5 syntax: Unexpected `)`, where a value should stand. | 意外的 `)`，此处应为值。");
  EXPECT_EQ(tree("for"), "0-3 syntax: `for` is a reserved word. | `for` 是保留字。");
  EXPECT_EQ(tree("A{b: 1}"), "1-2 syntax: Messages cannot be built here. | 此处不支持构造消息对象。");
}

TEST(ParserFaults, SuggestsWhatWasMeant) {
  EXPECT_EQ(tree("a = b"), "2-3 syntax: `=` has no meaning here. | 此处不能用 `=`。 | write `==` | 请写 `==`");
  EXPECT_EQ(
      tree("a and b"),
      "2-5 syntax: Unexpected `and`, where an operator or the end should stand. | 意外的 `and`，此处应为运算符或结尾。"
      " | write `&&` | 请写 `&&`");
  EXPECT_EQ(tree("not a"), "0-3 syntax: Unexpected `not`. | 意外的 `not`。 | write `!` | 请写 `!`");
  EXPECT_EQ(
      tree("a == “b”"),
      "5-12 syntax: A text stands in \" or ', not in `“`. | 文本要用 \" 或 ' 括起，不能用 `“`。 | write `\"b\"` | "
      "请写 `\"b\"`");
  EXPECT_EQ(tree("a == “b"), "5-8 syntax: `“` has no meaning here. | 此处不能用 `“`。 | write `\"` | 请写 `\"`");
  EXPECT_EQ(tree("a == \"b”"),
            "7-10 syntax: `”` does not close this text. | `”` 不能结束这段文本。 | write `\"` | 请写 `\"`");
  EXPECT_EQ(tree("a ≥ 3"), "2-5 syntax: `≥` has no meaning here. | 此处不能用 `≥`。 | write `>=` | 请写 `>=`");
  EXPECT_EQ(tree("a ＞＝ 3"), "2-8 syntax: `＞＝` has no meaning here. | 此处不能用 `＞＝`。 | write `>=` | 请写 `>=`");
  EXPECT_EQ(tree("a => 3"), "2-4 syntax: `=>` has no meaning here. | 此处不能用 `=>`。 | write `>=` | 请写 `>=`");
  EXPECT_EQ(tree("a <> 3"), "2-4 syntax: `<>` has no meaning here. | 此处不能用 `<>`。 | write `!=` | 请写 `!=`");
  EXPECT_EQ(tree("a 且 b"), "2-5 syntax: `且` has no meaning here. | 此处不能用 `且`。 | write `&&` | 请写 `&&`");
  EXPECT_EQ(tree("a > ３"), "4-7 syntax: `３` has no meaning here. | 此处不能用 `３`。 | write `3` | 请写 `3`");
  EXPECT_EQ(tree("a >　3"),
            "3-6 syntax: `　` has no meaning here. | 此处不能用 `　`。 | write a blank | 请写 半角空格");
  EXPECT_EQ(tree("f（a）"), "1-4 syntax: `（` has no meaning here. | 此处不能用 `（`。 | write `(` | 请写 `(`");
  EXPECT_EQ(tree("15m"),
            "0-3 syntax: A number runs into a name here. | 数字后面直接跟着名称。 | write duration(\"15m\") | "
            "请写 duration(\"15m\")");
  EXPECT_EQ(tree("overdue >= 1h30m && x").substr(0, 13), "11-13 syntax:");
  EXPECT_NE(tree("overdue >= 1h30m && x").find("write duration(\"1h30m\")"), std::string::npos);
  EXPECT_EQ(tree("15cm"),
            "0-3 syntax: A number runs into a name here. | 数字后面直接跟着名称。 | durations are written "
            "duration(\"15m\"), texts in quotes | 时长写作 duration(\"15m\")，文本要加引号");
  EXPECT_EQ(
      tree("积水"),
      "0-3 syntax: An expression cannot contain `积` outside of a text. | 表达式的文本之外不能出现 `积`。 | put texts "
      "in quotes | 文本要加引号");
}

TEST(ParserFaults, Texts) {
  EXPECT_EQ(tree("'abc"), "0-4 syntax: This text has no closing quote. | 这段文本缺少右引号。");
  EXPECT_EQ(tree("'a\nb'"), "0-2 syntax: This text has no closing quote. | 这段文本缺少右引号。");
  EXPECT_EQ(tree(R"("\ud800")"), "1-3 syntax: This escape sequence is not a character. | 这个转义序列不是有效字符。");
  EXPECT_EQ(tree(R"("\q")").substr(0, 48), "1-3 syntax: There is no such escape sequence. | ");
  EXPECT_EQ(tree(R"(b"\u0041")").substr(0, 48), "2-4 syntax: There is no such escape sequence. | ");
  EXPECT_EQ(tree("99999999999999999999"),
            "0-20 syntax: This whole number is too large for 64 bits. | 这个整数超出 64 位的范围。");
  EXPECT_EQ(tree("9223372036854775808"),
            "0-19 syntax: This whole number is too large for 64 bits. | 这个整数超出 64 位的范围。");
  EXPECT_EQ(tree("1e400"), "0-5 syntax: This number is too large for a double. | 这个数超出双精度浮点数的范围。");
}

}  // namespace
}  // namespace tocsin::expr
