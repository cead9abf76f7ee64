#include "rule/diagnostic.h"

#include <gtest/gtest.h>

namespace tocsin::rule {
namespace {

Diagnostic sample() {
  Diagnostic d;
  d.file = "a.yaml";
  d.line = 12;
  d.column = 5;
  d.length = 3;
  d.code = "some-fault";
  d.en = "this is wrong";
  d.zh = "这里错了";
  d.hint_en = "do that";
  d.snippet = "积水: abc";
  return d;
}

TEST(Diagnostic, PointsBelowWideCharacters) {
  EXPECT_EQ(render(sample(), Language::kEnglish, false),
            "a.yaml:12:5: error: this is wrong [some-fault]\n"
            "   12 | 积水: abc\n"
            "      |       ^~~\n"
            "      hint: do that\n");
}

TEST(Diagnostic, ColoursOnlyWhenAsked) {
  EXPECT_EQ(render(sample(), Language::kEnglish, false).find('\x1b'), std::string::npos);
  EXPECT_NE(render(sample(), Language::kEnglish, true).find("\x1b[1;31m"), std::string::npos);
}

TEST(Diagnostic, ALongLineIsCutAroundTheFault) {
  Diagnostic d = sample();
  d.snippet = std::string(1000, 'x') + "HERE" + std::string(1000, 'y');
  d.column = 1001;
  d.length = 4;
  const std::string text = render(d, Language::kEnglish, false);
  EXPECT_NE(text.find("xHERE"), std::string::npos);
  EXPECT_LT(text.size(), 600U);
}

TEST(Diagnostic, OfAWholeFile) {
  Diagnostic d;
  d.file = "a.yaml";
  d.en = "cannot be read";
  EXPECT_EQ(render(d, Language::kEnglish, false), "a.yaml: error: cannot be read\n");
}

TEST(Diagnostic, Json) {
  std::string out;
  append_json(out, sample());
  EXPECT_EQ(
      out,
      R"({"level":"error","file":"a.yaml","line":12,"column":5,"length":3,"code":"some-fault",)"
      R"("message":{"zh":"这里错了","en":"this is wrong"},"hint":{"zh":"do that","en":"do that"},"snippet":"积水: abc"})");
}

TEST(Nearest, TakesASmallSlipAndNoMore) {
  EXPECT_EQ(nearest("catgory", {"category", "case"}), "category");
  EXPECT_EQ(nearest("whree", {"where", "within"}), "where");
  EXPECT_EQ(nearest("xyz", {"where", "within"}), "");
  EXPECT_EQ(nearest("a", {"b"}), "");
  EXPECT_EQ(nearest("within", {}), "");
}

}  // namespace
}  // namespace tocsin::rule
