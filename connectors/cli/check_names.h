#pragma once
// The names that `tocsin check` and `doctor` hold a rule's against: the shipped feeds and categories, those in the
// files given, and those of a config.
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "connectors/cli/config.h"
#include "connectors/cli/files.h"
#include "rule/rule_set.h"
#include "rule/vocabulary.h"

namespace tocsin::cli {

// Sources of shipped feeds and of the feed files among `files`, sources and categories of rules/categories.yaml and of
// the `categories:` files among `files`, areas of the configs among them. Faults of the latter are appended. Without a
// rules/ folder only what is given.
rule::Vocabulary known_names(std::span<const TextFile> files, std::vector<rule::Diagnostic>& diagnostics);
// A table of areas (CSV) into the names.
Status add_areas(const std::string& path, rule::Vocabulary& names);
// The source of a feed: a name, or a file's name without its ending.
std::string source_of_feed(const std::string& feed);

// Everything that a config names and that is not there or has faults, at its place in the config: rules, feeds,
// calendar, areas. Feeds and the calendar are read; `rules` gets the rule files, to be compiled by the caller.
void check_references(const Config& config, const std::string& text, std::vector<rule::Diagnostic>& diagnostics,
                      std::vector<rule::SourceFile>& rules);

// Accounts (`http.tokens`) of an area that the config's tables of areas do not have: they would see nothing, for ever.
// Faults at their places in the config, with the code that may be meant. Part of check_references().
void check_accounts(const Config& config, const std::string& text, std::vector<rule::Diagnostic>& diagnostics);

// What comes in against what the rules read: one sentence for sources that no rule reads, one for those that rules read
// and nothing feeds. `open`: other sources than `fed` may come too (canonical events of any name).
std::vector<std::string> source_gaps(const rule::RuleSet& rules, const std::set<std::string>& fed, bool open);
// The sources that a config's feeds and `accept` name; `open` as above.
std::set<std::string> fed_by(const Config& config, bool& open);

}  // namespace tocsin::cli
