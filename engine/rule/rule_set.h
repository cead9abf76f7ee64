#pragma once
// The rules in force and their predicate index: which rules an event may concern, by source and by what their
// conditions demand of category, kind and stage, so that a rule that cannot match costs nothing.
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "rule/diagnostic.h"
#include "rule/predicate_index.h"
#include "rule/rule.h"
#include "rule/silence.h"
#include "rule/vocabulary.h"

namespace tocsin::rule {

class TableShelf;

// What is asked of a sequence instead of all its steps.
struct FewerSteps {
  size_t positive = 0;  // the first so many
  bool nots = true;     // and what must not come
  bool in_span = true;  // within the span
};

struct LoadOptions {
  TimeZone zone = TimeZone::utc();
  DurationMs lateness = 0;                       // the sources' allowed lateness (part of a rule's identity)
  std::vector<std::string> known_sources;        // empty: any source name is accepted
  std::shared_ptr<const Vocabulary> vocabulary;  // names of sources and categories; null: not looked at
  // For working time and seasons where no file given is a calendar; null: a fault where a rule needs one.
  std::shared_ptr<const detect::WorkingTime> calendar;
  // By name, for rules with a `calendar:` of their own. RuleSet::load fills it from the files given.
  std::map<std::string, std::shared_ptr<const detect::WorkingTime>> calendars;
  // Of these, what could be read of those with faults: so that a rule that names one has no faults of its own for it.
  std::set<const detect::WorkingTime*> faulty_calendars;
  // Reference tables (lookups.h), likewise from the files given; null: there are none.
  std::shared_ptr<TableShelf> tables;
  // How far back the log goes: a rule that looks farther is a fault.
  DurationMs retention = 400LL * 24 * 3600 * 1000;
  // Values that replace a param's default (and its overrides), by "RULE.PARAM": backtest's --set.
  std::map<std::string, std::string> set_params;
  // Rules with mode off are compiled in as well: for their tests.
  bool include_off = false;
  // Conditions that replace `fire`, by rule: how near a rule came to firing (near_misses() in rule_tests.h).
  std::map<std::string, std::string> fire_instead;
  // Sequences of which less is asked, by rule; for the same purpose.
  std::map<std::string, FewerSteps> steps_instead;
};

// The text of one file that a rule set is made of, as read from disk or from the store.
struct SourceFile {
  enum class Kind : uint8_t {
    kRules,
    kCalendar,  // `name`: what rules call it; the first one given serves rules that name none
    kTable,     // `table:`, the declaration
    kRows       // its CSV file; `name`: the path of the declaration
  };
  std::string path;
  std::string text;
  Kind kind = Kind::kRules;
  std::string name = {};
};

class RuleSet {
 public:
  // Compiles the `rules:` of all files under the calendars and tables among them. All faults are reported at once; with
  // any error the result is null. Files of other kinds (feed:, profile:) are no business of a rule set.
  static std::shared_ptr<const RuleSet> load(std::span<const SourceFile> files, const LoadOptions& options,
                                             std::vector<Diagnostic>& diagnostics);
  // Of rules that are compiled already, in this order; files() is empty. Precondition: their ids differ.
  static std::shared_ptr<const RuleSet> of(std::vector<Rule> rules, std::vector<Silence> silences = {});
  // In the order of (file, line); a rule's place here is Row::rule. Rules with mode off are left out.
  const std::vector<Rule>& rules() const { return rules_; }
  // Calls f(rule index) for each rule that the event may concern, ascending, without allocation. An f that takes three
  // arguments gets f(rule index, possible, proven): the roles that the event may have, and among them those that it has
  // for certain, whose predicates need no evaluation.
  template <typename F>
  void candidates(const Event& event, F&& f) const {
    index_.candidates(event, f);
  }
  // Those that `policies:` files set, by id.
  const std::vector<Silence>& silences() const { return silences_; }
  // A rule in force reads alerts.
  bool reads_alerts() const { return reads_alerts_; }
  // All texts it was compiled from, to be stored with the state: whoever compiles them again gets this set, whatever
  // calendar or table has changed on disk meanwhile.
  const std::vector<SourceFile>& files() const { return files_; }
  // Hash of ids, identities and texts: equal for equal sets, so that any edit (a threshold, a text) makes another set.
  uint64_t fingerprint() const;

 private:
  std::vector<Rule> rules_;
  std::vector<SourceFile> files_;
  std::vector<Silence> silences_;
  bool reads_alerts_ = false;
  PredicateIndex index_;
};

}  // namespace tocsin::rule
