#pragma once
// The two scopes of a rule. EventScope compiles what is said of one event, with params put in as constants;
// AggregateScope collects the aggregates of what is said of many, and compiles it over their values.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "expr/event_env.h"
#include "rule/expression.h"
#include "rule/lookups.h"
#include "rule/rule_text.h"
#include "rule/satisfiable.h"

namespace tocsin::rule {

using ProgramPtr = std::shared_ptr<const expr::Program>;

// A param, its value decided and its `by` parsed.
struct ParamValue {
  std::string name;
  expr::Type type;
  expr::Value value;
  const yaml::Node* written = nullptr;  // its value in the file; null where options gave another
  std::vector<std::pair<std::string, expr::Value>> overrides;
  Expression by;  // checked in event scope; null without
};

class EventScope {
 public:
  // `lookups` must outlive the scope.
  EventScope(const yaml::Reader& reader, const TimeZone& zone, Lookups& lookups);
  // The table's columns become known as `row.COLUMN`, in the slots behind the event's fields. Before anything else.
  void add_row(const Table& table);
  void add_param(ParamValue param) { params_.push_back(std::move(param)); }
  // From now on a param that is not there is no fault: those of the params block have been told.
  void excuse_params() { params_faulty_ = true; }
  bool params_faulty() const { return params_faulty_; }
  const std::vector<ParamValue>& params() const { return params_; }

  // Params in, names and types resolved. `root` of `e` is replaced where it is itself a param. False after a fault.
  bool resolve(Expression& e);
  // The same for a part of a tree, whose pointer may be replaced.
  bool resolve(const Expression& e, expr::Node*& node);
  // resolve() without asking for guards of fields that may be missing: what it is combined with may guard them.
  bool resolve_loosely(Expression& e);
  // After resolve(): a program of the type `want` (dyn fits any).
  ProgramPtr compile(const Expression& e, const expr::Node& node, expr::Type::Kind want, std::string_view what);
  const expr::Env& env() const { return env_; }
  // From now on categories are looked up; both outlive this.
  void know(const Vocabulary& vocabulary, std::span<const std::string> from) {
    vocabulary_ = &vocabulary;
    from_ = from;
  }
  Lookups& lookups() { return lookups_; }

 private:
  bool put_params_in(const Expression& e, expr::Node*& node);
  expr::Node* param_value(const Expression& e, const expr::Node& at, const ParamValue& param);
  bool refuse_aggregates(const Expression& e, const expr::Node& node);
  bool refuse_unknown_values(const Expression& e, const expr::Node& root);
  const yaml::Reader& reader_;
  bool resolve(const Expression& e, expr::Node*& node, const expr::Env& env);
  bool params_faulty_ = false;
  const Vocabulary* vocabulary_ = nullptr;
  std::span<const std::string> from_;
  Lookups& lookups_;
  expr::Env env_, loose_;
  std::vector<ParamValue> params_;
};

// Cells of a rule: event-scope values that its rows carry, each once.
class Cells {
 public:
  explicit Cells(Rule& rule) : rule_(rule) {}
  // The place of the cell for a resolved tree; compiled when it is new. -1 after a fault.
  int add(EventScope& scope, const Expression& e, const expr::Node& node);
  // The place of a cell that the engine itself needs; `text` names it and its meaning.
  int add_own(std::string text, ProgramPtr program);
  const std::vector<std::string>& texts() const { return texts_; }
  const expr::Type& type(int cell) const { return rule_.cells[static_cast<size_t>(cell)]->type(); }

 private:
  Rule& rule_;
  std::vector<std::string> texts_;  // canonical, by cell
};

class AggregateScope {
 public:
  AggregateScope(const yaml::Reader& reader, const TimeZone& zone, Rule& rule, EventScope& events, Cells& cells)
      : reader_(reader), zone_(zone), rule_(rule), events_(events), cells_(cells) {}

  // First pass, for every expression of the scope: aggregate calls become variables. False after a fault.
  bool collect(Expression& e);
  // Between the passes: declares aggregates, kind's values and params, in this order.
  void declare();
  // Second pass: null after a fault.
  ProgramPtr compile(Expression& e, expr::Type::Kind want, std::string_view what);
  // For thresholds: checks and compiles a part of an expression that compile() has passed.
  ProgramPtr compile_part(const Expression& e, const expr::Node& node);
  const expr::Env& env() const { return env_; }
  int first_param_slot() const { return first_param_; }
  // Before collect(): distinct(`text`), as canonical() writes it, is at most `most`; or one, as a part of the key.
  void bound_distinct(const std::string& text, double most);
  void add_key(const std::string& text);
  // After collect(): what a term can be, and whether it counts the values of a part of the key.
  Range range_of(const expr::Node& term) const;
  bool is_key(const expr::Node& term) const;
  bool counts_sources(const expr::Node& term) const;
  // Whether a term has a value even where no event has the field that it asks for.
  bool is_certain(const expr::Node& term) const;

  // Whether a name is one of the aggregates, and which.
  static bool aggregate_op(std::string_view name, detect::AggregateOp& op);
  static std::vector<std::string_view> aggregate_names();

 private:
  bool collect(const Expression& e, expr::Node*& node);
  // sequence: `threat.place` and the like become variables too (step_fields.cc).
  enum class Taken : uint8_t { kNo, kYes, kFault };
  Taken collect_step(const Expression& e, expr::Node*& node);
  Taken keep_of_step(const Expression& e, expr::Node*& node, int step);
  int step_named(const std::string& name) const;
  void suggest_step(const Expression& e, expr::Fault& fault) const;
  // The variable of an aggregate takes the place of `node`; equal keys share one. `argument`: of a call with one.
  bool add_aggregate(const Expression& e, expr::Node*& node, const std::string& key, const detect::Aggregate& aggregate,
                     const expr::Node* argument);
  bool collect_call(const Expression& e, expr::Node*& node, detect::AggregateOp op);
  bool collect_column(const Expression& e, expr::Node*& node);
  bool keep(const Expression& e, expr::Node*& node, const detect::Aggregate& aggregate);
  bool check_argument(const Expression& e, const expr::Node& call, const expr::Node& argument, detect::AggregateOp op,
                      const expr::Type& type) const;
  bool refuse_fields(const Expression& e);
  bool owed(std::string_view name) const;
  bool refuse_nested(const Expression& e, const expr::Node& call) const;
  bool refuse_bare(const Expression& e, const expr::Node& name) const;
  void suggest_param(const Expression& e, expr::Fault& fault) const;
  void suggest_kind(const Expression& e, expr::Fault& fault) const;
  expr::Type result_type(const detect::Aggregate& aggregate) const;
  const yaml::Reader& reader_;
  const TimeZone& zone_;
  Rule& rule_;
  EventScope& events_;
  Cells& cells_;
  expr::Env env_;
  Range range_of_call(const detect::Aggregate& aggregate, const expr::Node* argument) const;
  std::map<std::string, int> seen_;  // canonical call → aggregate
  std::map<std::string, double> most_distinct_;
  std::set<std::string> keys_;
  std::vector<Range> ranges_;  // by aggregate
  std::vector<bool> of_key_;   // by aggregate: distinct of a part of the key
  std::vector<bool> sources_;  // by aggregate: distinct(source)
  int first_param_ = 0;
};

}  // namespace tocsin::rule
