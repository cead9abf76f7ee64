// Offsets of scalars' bytes, places, bounds.
#include <gtest/gtest.h>

#include "rule/yaml_file.h"

namespace tocsin::rule::yaml {
namespace {

std::unique_ptr<const Document> parse(const std::string& text, std::vector<Diagnostic>& out) {
  return Document::parse("t.yaml", text, out);
}

// Every byte of the value that is a letter maps to the same letter in the file.
void expect_mapped(const std::string& text) {
  std::vector<Diagnostic> none;
  const auto doc = parse(text, none);
  ASSERT_NE(doc, nullptr) << text;
  const Node* node = doc->root().find("a");
  ASSERT_NE(node, nullptr);
  const auto offsets = doc->offsets(*node);
  ASSERT_EQ(offsets.size(), node->value.size() + 1);
  for (size_t i = 0; i < node->value.size(); ++i) {
    const auto c = static_cast<unsigned char>(node->value[i]);
    if (std::isalnum(c) == 0 && c < 0x80) continue;
    EXPECT_EQ(text[offsets[i]], node->value[i]) << text << " at " << i;
  }
  for (size_t i = 1; i < offsets.size(); ++i) EXPECT_LE(offsets[i - 1], offsets[i]) << text;
}

TEST(YamlOffsets, ForEveryStyleOfScalar) {
  expect_mapped("a: plain text\n");
  expect_mapped("a: plain 积水 text\n  folded over\n\n  lines  # comment\nb: x\n");
  expect_mapped("b: 积水\na: 'single ''quoted'' text'\n");
  expect_mapped("a: 'single\n  folded\n\n\n  twice'\n");
  expect_mapped("a: \"double \\\"quoted\\\" and folded\n   text\\\n   joined\"\n");
  expect_mapped("a: !tag &x \"tagged\"\n");
  expect_mapped("a: |\n  literal\n    deeper\n  text\n\nb: 1\n");
  expect_mapped("a: >-\n  folded\n  text\n\n  after a blank\nb: 1\n");
  expect_mapped("{b: 1, a: in a flow}\n");
  expect_mapped("a: |2-\n   keeps a blank\n  and more\n");
  expect_mapped("a: plain\r\nb: windows\r\n");
  expect_mapped("a: >\r\n  folded\r\n  text\r\nb: 1\r\n");
}

TEST(YamlPlaces, CountCharactersAndSkipTheByteOrderMark) {
  std::vector<Diagnostic> none;
  const std::string text = "\xEF\xBB\xBF积水: x\n道路: yes\n";
  const auto doc = parse(text, none);
  ASSERT_NE(doc, nullptr);
  EXPECT_EQ(doc->place(doc->root().items[0].begin).column, 5);
  EXPECT_EQ(doc->place(doc->root().items[1].begin).line, 2);
  EXPECT_EQ(doc->line(3), "积水: x");
}

std::string code_of(const std::string& text) {
  std::vector<Diagnostic> out;
  parse(text, out);
  return out.empty() ? "" : out[0].code;
}

TEST(YamlBounds, EachIsOneClearFault) {
  EXPECT_EQ(code_of(std::string(2 * 1024 * 1024, 'a')), "file-too-large");
  EXPECT_EQ(code_of(std::string(100000, '[')), "too-deep");
  std::string nested = "a: ";
  for (int i = 0; i < 100; ++i) nested += "[";
  nested += std::string(100, ']');
  EXPECT_EQ(code_of(nested), "too-deep");
  EXPECT_EQ(code_of("a: \xff\n"), "not-utf8");
  EXPECT_EQ(code_of("a: \x01\n"), "control-character");
  EXPECT_EQ(code_of("a: 1\n---\nb: 2\n"), "second-document");
  EXPECT_EQ(code_of("a: &x [*x]\n"), "alias-to-itself");
  EXPECT_EQ(code_of("a: *nobody\n").empty(), false);
  EXPECT_EQ(code_of("? [a]\n: b\n"), "key-not-text");
}

TEST(YamlBounds, ADuplicateKeyLeavesTheFirstStanding) {
  std::vector<Diagnostic> out;
  const auto doc = parse("a: {x: 1, x: 2, y: 3}\na: 5\nb: 6\n", out);
  ASSERT_NE(doc, nullptr);
  EXPECT_EQ(out.size(), 2U);
  EXPECT_EQ(doc->root().find("a")->find("x")->value, "1");
  EXPECT_EQ(doc->root().find("a")->find("y")->value, "3");
  EXPECT_EQ(doc->root().find("b")->value, "6");
}

TEST(YamlAliases, AreResolved) {
  std::vector<Diagnostic> out;
  const auto doc = parse("a: &x {n: 1}\nb: *x\n", out);
  ASSERT_NE(doc, nullptr);
  EXPECT_EQ(doc->root().find("b")->find("n")->value, "1");
}

TEST(YamlExpand, PutsInVariables) {
  std::vector<Diagnostic> out;
  const auto expand = [](std::string_view text) -> Result<std::string> {
    if (text == "${HOME}") return std::string("/home");
    return invalid("the variable is not set");
  };
  const auto doc = Document::parse("t", "a: ${HOME}\nb: plain\n", out, {}, expand);
  ASSERT_NE(doc, nullptr);
  EXPECT_EQ(doc->root().find("a")->value, "/home");
  EXPECT_EQ(Document::parse("t", "a: ${X}\n", out, {}, expand), nullptr);
  EXPECT_EQ(out.at(0).code, "bad-variable");
}

TEST(YamlReader, ReadsWhatItShould) {
  std::vector<Diagnostic> out;
  const auto doc = parse("n: 3\nd: 1.5\nb: true\ns: 'true'\nw: 3wd\nk: 1.2km\nl: [a, b]\nx: {}\n", out);
  const Reader reader(*doc, out);
  const Node& root = doc->root();
  int64_t n = 0;
  double d = 0;
  bool b = false;
  Span span;
  std::vector<std::string> list;
  EXPECT_TRUE(reader.read(*root.find("n"), n) && n == 3);
  EXPECT_TRUE(reader.read(*root.find("d"), d) && d == 1.5);
  EXPECT_TRUE(reader.read(*root.find("b"), b) && b);
  EXPECT_TRUE(reader.read(*root.find("w"), span) && span.unit == Span::Unit::kWorkingDays);
  EXPECT_TRUE(reader.read_distance(*root.find("k"), d) && d == 1200);
  EXPECT_TRUE(reader.read(*root.find("l"), list) && list.size() == 2);
  EXPECT_TRUE(out.empty());
  EXPECT_FALSE(reader.read(*root.find("s"), b));  // quoted, so a text
  EXPECT_FALSE(reader.read(*root.find("x"), n));
  EXPECT_FALSE(reader.read_duration(*root.find("w"), n));
  EXPECT_FALSE(reader.read_integer(*root.find("n"), 5, 9, n));
  EXPECT_EQ(out.size(), 4U);
}

}  // namespace
}  // namespace tocsin::rule::yaml
