#pragma once
// A rule as it was read: plain values decided, expressions still text in the file. Between the phases read and compile.
#include <string>
#include <vector>

#include "rule/rule.h"
#include "rule/rule_set.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {

class Table;

struct ParamText {
  std::string name;
  const yaml::Node* name_node = nullptr;
  const yaml::Node* value = nullptr;      // default
  const yaml::Node* by = nullptr;         // expression, or null
  const yaml::Node* override_ = nullptr;  // map, or null
};

struct RungText {
  detect::Severity severity;
  const yaml::Node* name = nullptr;
  const yaml::Node* when = nullptr;  // null: always (a single colour)
};

struct StepText {
  const yaml::Node* name = nullptr;  // the key: a name, or `not`
  const yaml::Node* when = nullptr;
};

struct BilingualText {
  const yaml::Node* zh = nullptr;
  const yaml::Node* en = nullptr;
};

// Nodes point into the document, which must outlive this.
struct RuleText {
  const yaml::Node* node = nullptr;  // the whole rule
  const yaml::Node* id_node = nullptr;
  Rule rule;  // id, version, name, owner, mode, from, inhibits, and the plan's plain values
  const yaml::Node *where = nullptr, *after = nullptr, *expect = nullptr, *until = nullptr, *fire = nullptr,
                   *same = nullptr, *resolve_when = nullptr, *pause_from = nullptr, *pause_to = nullptr,
                   *settled_by = nullptr, *settled_undone = nullptr, *tests = nullptr, *measure = nullptr,
                   *each = nullptr, *extend_when = nullptr, *extend_until = nullptr;
  std::vector<const yaml::Node*> key;
  std::vector<ParamText> params;
  bool params_faulty = false;      // some could not be read, told already: one that is missing is no further fault
  std::vector<StepText> steps;     // as long as the plan's
  std::vector<RungText> severity;  // worst first
  BilingualText summary, advice;
  std::vector<std::shared_ptr<const Table>> tables;     // that it names
  std::vector<std::string> faulty_tables;               // that it names and that are not there or cannot be read; told
  std::shared_ptr<const detect::WorkingTime> calendar;  // its own, or the one of the rule set; or null
  std::string calendar_name;                            // its own; or empty
};

// Phase read: the keys of one rule; faults are appended. Answers whether its expressions can be looked at: not without
// a kind that this version knows.
bool read_rule(const yaml::Reader& reader, const yaml::Node& node, const LoadOptions& options, RuleText& out);

// Whether a text below this node, a rule or a part of one, reads `params.NAME`.
bool reads_param(const yaml::Node& rule, std::string_view name);

// What alerts are grouped by: names of group_names(). Faults are appended.
void read_group(const yaml::Reader& reader, const yaml::Node& node, std::vector<std::string>& out);
// Of phase read: the steps of a sequence, into the plan and `out.steps`.
void read_steps(const yaml::Reader& reader, const yaml::Node& node, RuleText& out);
// After the rest has been read: what does not go with a `not` at the end.
void check_steps(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options,
                 const RuleText& text);
// Of the phase read: the keys that say what past a rule looks at (silence: history; baseline: every, against, within).
void read_past(const yaml::Reader& reader, const yaml::Fields& fields, const LoadOptions& options, RuleText& out);

// Phase compile: expressions to programs, into `text.rule`. Appends faults and answers false where there are any.
bool compile_rule(const yaml::Reader& reader, const LoadOptions& options, RuleText& text);

}  // namespace tocsin::rule
