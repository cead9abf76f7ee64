#pragma once
// The names that rules may mention and no language knows: sources, and the tree of categories with who reports what. It
// is data (rules/categories.yaml, rules/feeds/), so that a slip in a name is told before a rule waits for ever.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rule/expression.h"

namespace tocsin::rule {

struct Vocabulary {
  struct Category {
    std::string path;                  // of a leaf
    std::vector<std::string> sources;  // that report it
  };
  std::vector<std::string> sources;  // that some feed or config has, sorted, each once
  std::vector<Category> categories;  // empty: any category is accepted

  void add_source(const std::string& name);
};

// Reads a file with `categories:` (path → {zh, en, from}) into `out`, beside what is there. Faults are appended; false
// where there are any.
bool read_categories(const std::string& path, const std::string& text, Vocabulary& out,
                     std::vector<Diagnostic>& diagnostics);

// A source that no feed has. One that is nearly the name of another is an error; any other may come from elsewhere, and
// is a warning. False after an error.
bool check_source(const yaml::Reader& reader, const yaml::Node& at, const std::string& name,
                  const Vocabulary& vocabulary);

// The categories that a condition of single events names, each against the tree, and whether one of the sources `from`
// reports it. An unknown path below a known node, or near to one, is an error; of another tree, a warning. What is told
// already is not told again. False after an error.
bool check_categories(const yaml::Reader& reader, const Expression& e, const expr::Node& root,
                      const Vocabulary& vocabulary, std::span<const std::string> from);

}  // namespace tocsin::rule
