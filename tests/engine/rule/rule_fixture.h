#pragma once
// Rules from text, in tests.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "rule/rule_set.h"

namespace tocsin::rule {

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

inline LoadOptions test_options() {
  LoadOptions options;
  options.zone = *TimeZone::load("Asia/Shanghai");
  options.calendar = std::make_shared<const WorkingTime>(WorkingTime::Spec{});
  return options;
}

inline std::string render_all(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) out += render(d, Language::kEnglish, false);
  return out;
}

// The rules of this text; a test failure and null where it has faults.
inline std::shared_ptr<const RuleSet> rules_of(const std::string& text, const LoadOptions& options = test_options()) {
  const SourceFile file{"test.yaml", text};
  std::vector<Diagnostic> diagnostics;
  auto set = RuleSet::load({&file, 1}, options, diagnostics);
  EXPECT_NE(set, nullptr) << render_all(diagnostics);
  return set;
}

// A rule of kind window, with more or other lines.
inline std::string window_rule(const std::string& lines, const std::string& fire = "count() >= 2") {
  return "rules:\n  - id: r\n    kind: window\n    from: [grid]\n    within: 1h\n    fire: " + fire + "\n" + lines;
}

}  // namespace tocsin::rule
