#pragma once
// The names that rules may mention and no language knows: sources, and the tree of categories with who reports what. It
// is data (rules/categories.yaml, rules/feeds/), so that a slip in a name is told before a rule waits for ever.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/area_table.h"
#include "rule/expression.h"

namespace tocsin::rule {

struct Vocabulary {
  struct Category {
    std::string path;                  // of a leaf
    std::vector<std::string> sources;  // that report it
    std::string zh;                    // what people call it; may be empty
  };
  std::vector<std::string> sources;  // that some feed or config has, sorted, each once
  std::vector<Category> categories;  // empty: any category is accepted

  AreaTable areas;  // codes and names of places; empty: only the form of codes is looked at

  void add_source(const std::string& name);
};

// Reads a file with `categories:` (path → {zh, en, from}) into `out`, beside what is there. Faults are appended; false
// where there are any.
bool read_categories(const std::string& path, const std::string& text, Vocabulary& out,
                     std::vector<Diagnostic>& diagnostics);

// The source that an unknown name was meant to be: the nearest by spelling, or the only one that goes on from it
// ("hotline" is hotline12345); empty where there is none.
struct MeantSource {
  std::string name;
  bool nearly = false;  // a slip of the pen, not a beginning
};
MeantSource meant_source(std::string_view name, const std::vector<std::string_view>& known);

// A source that no feed has. One that is nearly the name of another is an error; any other may come from elsewhere, and
// is a warning, with the name that it begins where there is one. False after an error.
bool check_source(const yaml::Reader& reader, const yaml::Node& at, const std::string& name,
                  const Vocabulary& vocabulary);

// The categories that a condition of single events names, each against the tree, and whether one of the sources `from`
// reports it. An unknown path below a known node, or near to one, is an error; of another tree, a warning. What is told
// already is not told again. False after an error.
bool check_categories(const yaml::Reader& reader, const Expression& e, const expr::Node& root,
                      const Vocabulary& vocabulary, std::span<const std::string> from);

// The category of a test's event: one that is no leaf of the tree is a fault, an error where it is near to one.
void check_event_category(const yaml::Reader& reader, const yaml::Node& at, const Vocabulary& vocabulary);

// A code of `area.city`, `area.town` or `area.village` (any other field is passed over): one that has not the level's
// form, or that the areas lack, is a fault, with the code where the text is a place's name. False after one.
struct AreaFault {
  std::string en, zh, hint_en, hint_zh;
};
std::optional<AreaFault> area_fault(std::string_view field, std::string_view code, const AreaTable& areas);
// The codes that a condition of single events compares with. False after a fault.
bool check_areas(const yaml::Reader& reader, const Expression& e, const expr::Node& root, const Vocabulary& vocabulary);

}  // namespace tocsin::rule
