// Depth, size and steps are bounded: a hostile text gives one clear fault, at once.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "expr_testing.h"

namespace tocsin::expr {
namespace {

std::string repeat(std::string_view s, size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out += s;
  return out;
}

Faults parse_faults(std::string_view source, const Limits& limits = {}) {
  Faults faults;
  EXPECT_EQ(parse(source, faults, limits), nullptr);
  return faults;
}

constexpr size_t kMany = 100'000;

// Both with the usual bound on length and without it, so that the bound on depth is seen to hold too.
class Hostile : public testing::TestWithParam<std::string_view> {};

TEST_P(Hostile, OneFault) {
  const std::string source = repeat(GetParam(), kMany);
  const Faults by_length = parse_faults(source);
  ASSERT_EQ(by_length.size(), 1U);
  EXPECT_EQ(by_length[0].code, "too-long");
  Limits limits;
  limits.max_bytes = 100'000'000;
  const Faults by_depth = parse_faults(source, limits);
  ASSERT_EQ(by_depth.size(), 1U) << describe(by_depth);
  EXPECT_EQ(by_depth[0].code, "too-deep");
  EXPECT_EQ(by_depth[0].en, "The expression is nested more than 250 levels deep.");
  EXPECT_EQ(by_depth[0].zh, "表达式嵌套超过 250 层。");
  EXPECT_LE(by_depth[0].end, 2100U);
}

INSTANTIATE_TEST_SUITE_P(All, Hostile,
                         testing::Values("(", "[", "{1:", "!", "-", "f(", "a[", "a?b:", "a?(", "a.f(", "has(", "a+",
                                         "a*", "a==", "a.b.", "a.f().", "a.all(x,"));

TEST(Limits, MessageOfLength) {
  const Faults faults = parse_faults(repeat("(", kMany));
  EXPECT_EQ(
      describe(faults),
      "0-65536 too-long: The expression is 100000 bytes long; 65536 are allowed. | 表达式长 100000 字节，上限为 65536 "
      "字节。");
}

TEST(Limits, AtTheBoundOfDepth) {
  Faults faults;
  EXPECT_TRUE(parse(repeat("(", 250) + "1" + repeat(")", 250), faults)) << describe(faults);
  EXPECT_EQ(parse_faults(repeat("(", 251) + "1" + repeat(")", 251)).front().code, "too-deep");
  EXPECT_TRUE(parse("a" + repeat("+a", 249), faults)) << describe(faults);
  EXPECT_EQ(parse_faults("a" + repeat("+a", 250)).front().code, "too-deep");
}

TEST(Limits, DeepestTreesEvaluate) {
  EXPECT_EQ(result("1" + repeat("+1", 249)), R"({"int":250})");
  EXPECT_EQ(result(repeat("[", 249) + repeat("]", 249) + " == []"), R"({"bool":false})");
  EXPECT_EQ(result(repeat("!", 248) + "true"), R"({"bool":true})");
  EXPECT_EQ(result(repeat("(1+", 200) + "1" + repeat(")", 200)), R"({"int":201})");
}

TEST(Limits, Nodes) {
  const Faults faults = parse_faults("[" + repeat("1,", 25'000) + "]");
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].code, "too-large");
  EXPECT_EQ(faults[0].en, "The expression has more than 20000 parts.");
  EXPECT_EQ(faults[0].zh, "表达式的组成部分超过 20000 个。");
}

TEST(Limits, NotUtf8) {
  EXPECT_EQ(describe(parse_faults("'\xff'")),
            "0-3 not-utf8: The expression is not valid UTF-8. | 表达式不是有效的 UTF-8 文本。");
}

constexpr std::string_view kSteps = R"({"error":"the evaluation takes too many steps"})";
constexpr std::string_view kLarge = R"({"error":"the result is too large"})";

TEST(Limits, StepsOfEvaluation) {
  const std::string ten = "[1,1,1,1,1,1,1,1,1,1]";
  std::string nested = "true";
  for (int i = 0; i < 12; ++i) nested.insert(0, ten + ".all(x, ").push_back(')');
  EXPECT_EQ(result(nested), kSteps);
  // A list that holds itself twice, again and again: small in memory, endless to walk.
  std::string doubled = "[1]";
  for (int i = 0; i < 60; ++i) doubled += ".map(x, [x, x])";
  EXPECT_EQ(result(doubled), kSteps);
  EXPECT_EQ(result(doubled + " == " + doubled), kSteps);
}

TEST(Limits, SizeOfResults) {
  std::string doubled = "['" + std::string(100, 'x') + "']";
  for (int i = 0; i < 40; ++i) doubled += ".map(s, s + s)";
  EXPECT_EQ(result(doubled), kLarge);
  EXPECT_EQ(result("['" + std::string(2000, 'x') + "'].map(s, s.replace('x', s))"), kLarge);
}

// Neither folding nor looking for simple shapes may look at a part more than a few times.
TEST(Limits, NestedShapesCompileInLinearTime) {
  for (const auto& [open, middle, close] :
       std::vector<std::array<std::string, 3>>{{"dyn([1]) == [", "1", "]"},
                                               {"1 in [dyn(1) == 1 ? ", "2", " : 3]"},
                                               {"-(", "1", ")"},
                                               {"!(true && ", "true", ")"},
                                               {"x == [x in ", "1", "]"}}) {
    Faults faults;
    const std::string source = repeat(open, 60) + middle + repeat(close, 60);
    const auto ast = parse(source, faults);
    ASSERT_TRUE(ast) << describe(faults);
    Env env;
    env.variable("x", Type());
    check(*ast, ast->root, env, faults, true);
    EXPECT_NE(compile(*ast, ast->root, env), nullptr);
  }
}

TEST(Limits, Faults) {
  Env env;
  const Faults faults = faults_in(env, "[" + repeat("q1,", 10'000) + "]");
  EXPECT_EQ(faults.size(), 50U);
}

TEST(Limits, PatternsAreLinearAndBounded) {
  EXPECT_EQ(result("'" + std::string(5000, 'a') + "'.matches('(a*)*b')"), R"({"bool":false})");
  EXPECT_TRUE(result("'a'.matches('((a{100}){100}){100}')").starts_with("fault: bad-pattern: "));
}

// Nothing that can be typed brings the parser down: random bytes, and random pieces of the language.
TEST(Limits, RandomTexts) {
  std::mt19937_64 random(42);
  const std::vector<std::string> pieces = {"(",        ")",   "[",   "]",  "{",   "}",    ",",    ".",       ":",
                                           "?",        "&&",  "||",  "!",  "-",   "==",   "in",   "has(",    "a",
                                           "category", "'x'", "1",   "2u", ".5",  "null", "true", ".all(x,", ".map(",
                                           "\\",       "\"",  "'''", "r'", "b\"", "中",   " ",    "//",      "\n"};
  for (int round = 0; round < 20'000; ++round) {
    std::string source;
    const size_t n = random() % 24;
    for (size_t i = 0; i < n; ++i) {
      source += round % 4 == 0 ? std::string(1, static_cast<char>(random())) : pieces[random() % pieces.size()];
    }
    Faults faults;
    const auto ast = parse(source, faults);
    ASSERT_EQ(ast == nullptr, faults.size() == 1) << source;
    if (!ast) continue;
    const bool good = check(*ast, ast->root, engine_env(), faults, round % 2 == 0);
    ASSERT_EQ(good, faults.empty()) << source;
    if (!good) continue;
    Arena arena;
    const auto program = compile(*ast, ast->root, engine_env());
    (void)program->evaluate(SpanActivation({}), arena);
  }
}

}  // namespace
}  // namespace tocsin::expr
