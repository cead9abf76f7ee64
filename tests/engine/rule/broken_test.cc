// Every broken rule file is answered with exactly the text beside it: NAME.yaml and NAME.expected. To write the
// expected texts anew after a deliberate change, run with TOCSIN_WRITE_EXPECTED=1 and read the difference.
#include <algorithm>
#include <cstdlib>

#include "rule/rule_tests.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

namespace fs = std::filesystem;

std::string faults_of(const fs::path& path) {
  const SourceFile file{path.filename().string(), read_file(path)};
  LoadOptions options;
  options.known_sources = {"grid", "police110", "cityops", "hotline12345", "mediation", "visit", "sensor"};
  std::vector<Diagnostic> diagnostics;
  const auto set = RuleSet::load({&file, 1}, options, diagnostics);
  if (set != nullptr) read_rule_tests({&file, 1}, options.zone, diagnostics);
  return render_all(diagnostics);
}

class BrokenRule : public testing::TestWithParam<fs::path> {};

TEST_P(BrokenRule, SaysWhatIsWrongAndWhere) {
  fs::path expected = GetParam();
  expected.replace_extension(".expected");
  const std::string got = faults_of(GetParam());
  EXPECT_FALSE(got.empty()) << "no fault was found";
  if (std::getenv("TOCSIN_WRITE_EXPECTED") != nullptr) std::ofstream(expected, std::ios::binary) << got;
  EXPECT_EQ(got, read_file(expected));
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

TEST(BrokenRules, ThereAreManyOfThem) { EXPECT_GE(broken_files().size(), 40U); }

}  // namespace
}  // namespace tocsin::rule
