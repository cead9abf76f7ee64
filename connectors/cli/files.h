#pragma once
// The YAML files that commands are given: folders are walked, kinds are told apart by their top key, names are looked
// up where Tocsin keeps its own.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "rule/diagnostic.h"
#include "rule/rule_set.h"

namespace tocsin::cli {

enum class FileKind { kRules, kFeed, kProfile, kCalendar, kTable, kPolicies, kCategories, kConfig, kUnknown };

struct TextFile {
  FileKind kind = FileKind::kUnknown;
  rule::SourceFile file;
};

Result<std::string> read_text(const std::string& path);
// Every *.yaml and *.yml named or below a named folder, in the order of the arguments, sorted within a folder. A path
// that is not there is kNotFound.
Result<std::vector<TextFile>> collect(const std::vector<std::string>& paths);
FileKind kind_of(std::string_view text);

// The folder that holds `rules/` for names without a path: $TOCSIN_HOME, the working directory, the source tree of the
// program, /usr/share/tocsin; the first that has it.
Result<std::string> home();
// Tables of area codes, for their names: those given, else all that Tocsin has; none where it has none.
std::vector<std::string> area_tables(const std::vector<std::string>& given);
// `--feed nyc311` → <home>/rules/feeds/nyc311.yaml; a name with a slash or an ending is a path.
Result<std::string> resolve(const std::string& name, const std::string& folder);

// The language of diagnostics by LC_ALL, LC_MESSAGES, LANG.
rule::Language language();
bool colour(int fd);
// Prints to standard error, of the warnings at most 50; answers the number of errors.
size_t print(const std::vector<rule::Diagnostic>& diagnostics);

struct RuleInputs {
  std::vector<std::string> paths;
  std::string calendar;  // a file or a name; empty: the shipped one when there is one
  std::string zone = "Asia/Shanghai";
  DurationMs lateness = 0;
  std::vector<std::string> known_sources = {};
  // The rows of a table that names a topic; empty: those of its `file`, or none.
  std::function<Result<rule::SourceFile>(const rule::SourceFile& declaration)> rows = {};
  DurationMs log_keeps = 0;  // how far back a rule may look; 0: not known, see rule::LoadOptions::retention
};
// Everything that the rules below the paths are made of, for RuleSet::load: rule files; the calendar that is
// configured, then those below the paths, in the nearest `calendars` folders at or above them, and beside it; tables
// below the paths and in the `tables` folder beside them, each with its rows. No rule file at all is kNotFound.
Result<std::vector<rule::SourceFile>> rule_sources(const RuleInputs& inputs);
// The topics that tables below the paths, or in the `tables` folder beside them, name.
std::vector<std::string> table_topics(const std::vector<std::string>& paths);
// A table's declaration and, when it can be read, its rows.
std::vector<rule::SourceFile> with_rows(rule::SourceFile table);
// Loads all rules below the paths. Faults are printed; a failure says how many there were. No rule at all is kNotFound.
Result<std::shared_ptr<const rule::RuleSet>> load_rules(const RuleInputs& inputs);
// The same without printing: all faults are appended, an error says how many there were.
Result<std::shared_ptr<const rule::RuleSet>> compile_rules(const RuleInputs& inputs,
                                                           std::vector<rule::Diagnostic>& diagnostics);
// A JSON array.
std::string diagnostics_json(const std::vector<rule::Diagnostic>& diagnostics);
// The options that load_rules compiles with. Their calendar serves stored rules of a time when calendars were not
// stored.
Result<rule::LoadOptions> load_options(const RuleInputs& inputs);

}  // namespace tocsin::cli
