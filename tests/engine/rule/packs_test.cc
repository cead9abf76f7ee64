// What is shipped: packs compile, each rule has its tests, categories are the table's, the reference's examples
// compile.
#include <algorithm>
#include <set>

#include "rule/rule_keys.h"
#include "rule/rule_tests.h"
#include "rule/table.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

namespace fs = std::filesystem;

std::vector<SourceFile> packs() {
  std::vector<SourceFile> out;
  for (const auto& entry : fs::directory_iterator(fs::path(TOCSIN_ROOT) / "rules/packs")) {
    if (entry.path().extension() == ".yaml") out.push_back({entry.path().string(), read_file(entry.path())});
  }
  return out;
}

Vocabulary shipped_names() {
  Vocabulary names;
  std::vector<Diagnostic> diagnostics;
  read_categories("categories.yaml", read_file(fs::path(TOCSIN_ROOT) / "rules/categories.yaml"), names, diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << render_all(diagnostics);
  return names;
}

// The shipped calendar and tables, as a command finds them beside the packs.
void add_inputs(std::vector<SourceFile>& out) {
  const fs::path rules = fs::path(TOCSIN_ROOT) / "rules";
  out.push_back({"cn.yaml", read_file(rules / "calendars/cn.yaml"), SourceFile::Kind::kCalendar, "cn"});
  for (const auto& entry : fs::directory_iterator(rules / "tables")) {
    if (entry.path().extension() != ".yaml") continue;
    SourceFile table{entry.path().string(), read_file(entry.path()), SourceFile::Kind::kTable};
    const fs::path rows = rules / "tables" / rows_of(table.text);
    out.push_back({rows.string(), read_file(rows), SourceFile::Kind::kRows, table.path});
    out.push_back(std::move(table));
  }
}

LoadOptions shipped_options() {
  LoadOptions options = test_options();
  options.known_sources = {"grid", "police110", "cityops", "hotline12345", "mediation", "visit", "sensor"};
  options.vocabulary = std::make_shared<const Vocabulary>(shipped_names());
  return options;
}

TEST(Packs, CompileAndCarryTheirTests) {
  auto files = packs();
  add_inputs(files);
  std::vector<Diagnostic> diagnostics;
  const auto set = RuleSet::load(files, shipped_options(), diagnostics);
  ASSERT_NE(set, nullptr) << render_all(diagnostics);
  EXPECT_GE(set->rules().size(), 12U);
  const auto tests = read_rule_tests(files, *TimeZone::load("Asia/Shanghai"), diagnostics);
  EXPECT_TRUE(diagnostics.empty()) << render_all(diagnostics);
  for (const Rule& rule : set->rules()) {
    size_t n = 0, silent = 0;
    for (const RuleTest& test : tests) {
      if (test.rule != rule.id) continue;
      ++n;
      silent += test.expect.empty() ? 1 : 0;
    }
    EXPECT_GE(n, 3U) << rule.id;
    EXPECT_LT(silent, n) << rule.id;
    EXPECT_NE(rule.name.zh, rule.name.en) << rule.id;
    EXPECT_FALSE(rule.summary_zh.empty()) << rule.id;
    EXPECT_FALSE(rule.advice_en.empty()) << rule.id;
  }
}

// rules/README.md shows rules/categories.yaml.
TEST(Packs, TheReferenceShowsTheCategories) {
  std::istringstream readme(read_file(fs::path(TOCSIN_ROOT) / "rules/README.md"));
  std::vector<std::string> shown, known;
  bool section = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("#")) section = line == "## Categories";
    if (!section || !line.starts_with("| `")) continue;
    const size_t last = line.rfind(" | ");
    shown.push_back(line.substr(3, line.find('`', 3) - 3) + ": " + line.substr(last + 3, line.size() - last - 5));
  }
  for (const Vocabulary::Category& c : shipped_names().categories) {
    std::string sources;
    for (const std::string& source : c.sources) sources += (sources.empty() ? "" : ", ") + source;
    known.push_back(c.path + ": " + sources);
  }
  EXPECT_GE(known.size(), 40U);
  EXPECT_EQ(shown, known);
}

// What a feed maps to is in the tree, under its own name where the tree names it at all.
TEST(Packs, FeedsMapToCategoriesOfTheTree) {
  const Vocabulary names = shipped_names();
  size_t mapped = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TOCSIN_ROOT) / "rules/feeds")) {
    if (entry.path().extension() != ".yaml") continue;
    std::vector<Diagnostic> diagnostics;
    const auto document = yaml::Document::parse(entry.path().string(), read_file(entry.path()), diagnostics);
    ASSERT_NE(document, nullptr) << render_all(diagnostics);
    const yaml::Node* tables = document->root().find("feed")->find("tables");
    const yaml::Node* table = tables == nullptr ? nullptr : tables->find("category");
    if (table == nullptr) continue;
    const std::string source = entry.path().stem().string();
    for (const yaml::Node& path : table->items) {
      const auto at = std::find_if(names.categories.begin(), names.categories.end(),
                                   [&](const auto& c) { return c.path == path.value; });
      ASSERT_NE(at, names.categories.end()) << source << ": " << path.value;
      EXPECT_NE(std::find(at->sources.begin(), at->sources.end(), source), at->sources.end())
          << path.value << " does not name " << source;
      ++mapped;
    }
  }
  EXPECT_GE(mapped, 60U);
}

TEST(Packs, NameOnlyCategoriesOfTheTable) {
  std::set<std::string> known;
  std::istringstream readme(read_file(fs::path(TOCSIN_ROOT) / "rules/README.md"));
  for (std::string line; std::getline(readme, line);) {
    if (!line.starts_with("| `")) continue;
    std::string path = line.substr(3, line.find('`', 3) - 3);
    for (;; path.resize(path.rfind('.'))) {
      known.insert(path);
      if (path.find('.') == std::string::npos) break;
    }
  }
  std::vector<Diagnostic> none;
  auto files = packs();
  add_inputs(files);
  const auto set = RuleSet::load(files, shipped_options(), none);
  ASSERT_NE(set, nullptr);
  for (const Rule& rule : set->rules()) {
    for (const RoleNeeds& needs : rule.needs) {
      for (const Clause& clause : needs.clauses) {
        for (const CategoryNeed& need : clause.categories)
          EXPECT_TRUE(known.contains(need.path)) << rule.id << " " << need.path;
      }
    }
  }
}

// The ```yaml blocks of the reference that hold rules.
std::vector<std::string> examples() {
  std::vector<std::string> out;
  std::istringstream readme(read_file(fs::path(TOCSIN_ROOT) / "rules/README.md"));
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("```")) {
      if (inside && block.starts_with("rules:")) out.push_back(block);
      inside = !inside && line == "```yaml";
      block.clear();
    } else if (inside) {
      block += line + "\n";
    }
  }
  return out;
}

TEST(Reference, EveryExampleCompiles) {
  const auto blocks = examples();
  EXPECT_GE(blocks.size(), 3U);
  for (const std::string& block : blocks) {
    std::vector<SourceFile> file = {{"rules/README.md", block}};
    add_inputs(file);
    std::vector<Diagnostic> diagnostics;
    EXPECT_NE(RuleSet::load(file, shipped_options(), diagnostics), nullptr) << render_all(diagnostics) << block;
    read_rule_tests(file, TimeZone::utc(), diagnostics);
    EXPECT_TRUE(diagnostics.empty()) << render_all(diagnostics);
  }
}

TEST(Reference, NamesEveryKeyOfThisVersion) {
  const std::string text = read_file(fs::path(TOCSIN_ROOT) / "rules/README.md");
  for (const RuleKey& key : rule_keys()) {
    EXPECT_NE(text.find("| `" + std::string(key.name) + "` |"), std::string::npos) << key.name;
  }
}

TEST(Schema, HasEveryKeyAndOnlyAvailableOnes) {
  const std::string schema = rule_json_schema();
  for (const RuleKey& key : rule_keys()) {
    EXPECT_EQ(schema.find("\"" + std::string(key.name) + "\":{\"description\"") != std::string::npos, true) << key.name;
  }
}

}  // namespace
}  // namespace tocsin::rule
