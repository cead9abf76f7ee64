// Every broken rule file is answered with exactly the text beside it: NAME.yaml and NAME.expected, and in Chinese
// NAME.zh.expected where that is there. To write the expected texts anew after a deliberate change, run with
// TOCSIN_WRITE_EXPECTED=1 and read the difference.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>
#include <set>

#include "rule/calendar_file.h"
#include "rule/rule_tests.h"
#include "rule/table.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

namespace fs = std::filesystem;

// What the broken rules may look up, rightly or wrongly.
std::vector<SourceFile> inputs() {
  const fs::path folder = fs::path(TOCSIN_ROOT) / "tests/engine/rule/broken/inputs";
  const SourceFile posts{"posts.yaml", read_file(folder / "posts.yaml"), SourceFile::Kind::kTable};
  return {posts, {"posts.csv", read_file(folder / "posts.csv"), SourceFile::Kind::kRows, posts.path}};
}

// A table's declaration, its rows beside it where there are any.
std::vector<Diagnostic> faults_of_table(const SourceFile& file, const fs::path& path) {
  fs::path beside = path;
  beside.replace_extension(".csv");
  std::vector<Diagnostic> diagnostics;
  const SourceFile rows{beside.filename().string(), read_file(beside), SourceFile::Kind::kRows};
  EXPECT_EQ(parse_table(file, fs::exists(beside) ? &rows : nullptr, TimeZone::utc(), diagnostics), nullptr);
  return diagnostics;
}

std::vector<Diagnostic> faults_of_calendar(const SourceFile& file) {
  std::vector<Diagnostic> diagnostics;
  WorkingTime::Spec spec;
  EXPECT_FALSE(parse_calendar(file.text, file.path, diagnostics, spec));
  return diagnostics;
}

// As `tocsin check` has them: the rules, their tests, the names in both.
std::vector<Diagnostic> faults_of(const fs::path& path) {
  const SourceFile file{path.filename().string(), read_file(path)};
  if (file.text.starts_with("table:")) return faults_of_table(file, path);
  if (file.text.starts_with("calendar:")) return faults_of_calendar(file);
  LoadOptions options;
  options.known_sources = {"grid", "police110", "cityops", "hotline12345", "mediation", "visit", "sensor"};
  Vocabulary names;
  std::vector<Diagnostic> diagnostics;
  const fs::path tree = fs::path(TOCSIN_ROOT) / "rules/categories.yaml";
  EXPECT_TRUE(read_categories("categories.yaml", read_file(tree), names, diagnostics)) << render_all(diagnostics);
  for (const std::string& source : options.known_sources) names.add_source(source);
  EXPECT_TRUE(names.areas.load_csv(read_file(fs::path(TOCSIN_ROOT) / "rules/areas/cixi.csv"), "cixi.csv"));
  options.vocabulary = std::make_shared<const Vocabulary>(names);
  std::vector<SourceFile> files = inputs();
  files.push_back(file);
  if (file.text.starts_with("# with a calendar")) {
    WorkingTime::Spec spec;
    spec.seasons["flood"].from = 415;
    spec.seasons["flood"].to = 1015;
    options.calendar = std::make_shared<const WorkingTime>(spec);
  }
  RuleSet::load(files, options, diagnostics);
  read_rule_tests({&file, 1}, options.zone, diagnostics, options.vocabulary.get());
  return diagnostics;
}

std::string in_chinese(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) out += render(d, Language::kChinese, false);
  return out;
}

void compare(const fs::path& expected, const std::string& got) {
  if (std::getenv("TOCSIN_WRITE_EXPECTED") != nullptr) std::ofstream(expected, std::ios::binary) << got;
  EXPECT_EQ(got, read_file(expected));
}

class BrokenRule : public testing::TestWithParam<fs::path> {};

TEST_P(BrokenRule, SaysWhatIsWrongAndWhere) {
  fs::path expected = GetParam(), zh = GetParam();
  const std::vector<Diagnostic> got = faults_of(GetParam());
  EXPECT_FALSE(got.empty()) << "no fault was found";
  compare(expected.replace_extension(".expected"), render_all(got));
  if (fs::exists(zh.replace_extension(".zh.expected"))) compare(zh, in_chinese(got));
  for (const Diagnostic& d : got) {
    EXPECT_FALSE(d.zh.empty()) << d.code;
    EXPECT_EQ(d.hint_en.empty(), d.hint_zh.empty()) << d.code;
    EXPECT_GT(d.line, 0) << d.code;
  }
}

std::vector<fs::path> broken_files() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(fs::path(TOCSIN_ROOT) / "tests/engine/rule/broken")) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string name_of_case(const testing::TestParamInfo<fs::path>& param) { return param.param.stem().string(); }

INSTANTIATE_TEST_SUITE_P(Files, BrokenRule, testing::ValuesIn(broken_files()), name_of_case);

TEST(BrokenRules, ThereAreManyOfThem) {
  const auto files = broken_files();
  EXPECT_GE(files.size(), 70U);
  const auto zh = std::count_if(files.begin(), files.end(),
                                [](fs::path path) { return fs::exists(path.replace_extension(".zh.expected")); });
  EXPECT_GE(zh, 15);
}

// Codes in the text of the sources: the first of a fault's braces, or a fault's code of the expressions.
std::set<std::string> codes_in_sources() {
  std::set<std::string> out;
  for (const char* folder : {"engine/rule", "engine/expr"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(TOCSIN_ROOT) / folder)) {
      if (entry.path().extension() != ".cc") continue;
      const std::string text = std::regex_replace(read_file(entry.path()), std::regex("\\s+"), " ");
      // A fault: its code, then its English sentence.
      const std::regex fault("(?:fault\\w*|fail|report|Say|Refused)[ ({][^;\"]*\"([a-z0-9-]+)\",");
      for (auto it = std::sregex_iterator(text.begin(), text.end(), fault); it != std::sregex_iterator(); ++it) {
        const std::string code = (*it)[1];
        constexpr std::array<std::string_view, 4> kOneWord = {"syntax", "unguarded", "contradiction", "unreachable"};
        const bool known = std::find(kOneWord.begin(), kOneWord.end(), code) != kOneWord.end();
        if (known || code.find('-') != std::string::npos) out.insert(code);
      }
    }
  }
  return out;
}

// Every code has a case here; but for those that no rule file of a sensible size, or none at all, can show.
TEST(BrokenRules, EveryCodeHasACase) {
  const std::set<std::string> elsewhere = {
      "no-tests",        // what `check` alone tells: rule_tests_test.cc, tests/system/test_check.py
      "bad-variable",    // configs only: tests/system/test_cli.py
      "bad-category",    // rules/categories.yaml: below
      "file-too-large",  // below
      "too-long",        // below
      "too-large",       // below
      "too-many-rules",  // 60,001 rules
  };
  std::string expected;
  for (fs::path path : broken_files()) expected += read_file(path.replace_extension(".expected"));
  const std::set<std::string> codes = codes_in_sources();
  EXPECT_GT(codes.size(), 60U) << "the sources are read otherwise than they are written";
  for (const std::string& code : codes) {
    if (elsewhere.contains(code)) continue;
    EXPECT_NE(expected.find("[" + code + "]\n"), std::string::npos) << "no broken file shows " << code;
  }
}

TEST(BrokenRules, WhatIsTooLargeForAFileOfItsOwn) {
  const SourceFile large{"large.yaml", "rules: []\n#" + std::string(1024 * 1024, 'x') + "\n"};
  std::vector<Diagnostic> diagnostics;
  EXPECT_EQ(RuleSet::load({&large, 1}, {}, diagnostics), nullptr);
  ASSERT_EQ(diagnostics.size(), 1U);
  EXPECT_EQ(diagnostics[0].code, "file-too-large");
  EXPECT_EQ(diagnostics[0].en, "this file is larger than 1024 KiB");
  EXPECT_EQ(diagnostics[0].zh, "文件超过 1024 KiB");
}

TEST(BrokenRules, WhatIsTooLargeForAnExpression) {
  const auto fault_of = [](const std::string& where) {
    const std::string text =
        "rules:\n  - {id: r, kind: window, from: [grid], within: 1h, fire: count() > 1, where: '" + where + "'}\n";
    const SourceFile file{"r.yaml", text};
    std::vector<Diagnostic> diagnostics;
    EXPECT_EQ(RuleSet::load({&file, 1}, {}, diagnostics), nullptr);
    return diagnostics.empty() ? std::string() : diagnostics[0].code + ": " + diagnostics[0].en;
  };
  EXPECT_EQ(fault_of("place == \"" + std::string(70'000, 'x') + "\""),
            "too-long: the expression is 70011 bytes long; 65536 are allowed");
  std::string list = "people in [0";
  for (int i = 0; i < 20'000; ++i) list += ",0";
  EXPECT_EQ(fault_of(list + "]"), "too-large: the expression has more than 20000 parts");
}

TEST(BrokenRules, CategoriesAreReadWithTheirFaults) {
  Vocabulary names;
  std::vector<Diagnostic> diagnostics;
  EXPECT_FALSE(read_categories("c.yaml", "categories:\n  Water: {from: [grid]}\n  water.tide: {form: [grid]}\n", names,
                               diagnostics));
  EXPECT_EQ(render_all(diagnostics),
            "c.yaml:2:3: error: `Water` cannot be a category [bad-category]\n"
            "    2 |   Water: {from: [grid]}\n"
            "      |   ^~~~~\n"
            "      hint: lower-case words with dots between, as water.flooding.road\n"
            "c.yaml:3:16: error: a category has no key `form` [unknown-key]\n"
            "    3 |   water.tide: {form: [grid]}\n"
            "      |                ^~~~\n"
            "      hint: did you mean `from`?\n");
}

}  // namespace
}  // namespace tocsin::rule
