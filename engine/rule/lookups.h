#pragma once
// What expressions look up beside their event: rows of reference tables, and the calendar.
//
//   lookup("households", subject).care    the column of the row with this key; null where there is no such row, where
//                                         the key is missing, or where the cell is empty. Typed by the table's schema.
//   lookup("households", subject) != null whether there is such a row
//   isWorkday(t)  workingTime(a, b)       by the rule's calendar
//   season("flood")  season("flood", t)   whether the day of t lies in the calendar's season; without t, of the event
//                                         (occurred_at); among many events, of the last one; absence: of the deadline
//
// A lookup is compiled into a call of a function of its own, so that checker, guards and evaluator need no notion of
// rows. What such functions refer to is held by the rule.
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "expr/program.h"
#include "rule/expression.h"
#include "rule/rule.h"
#include "rule/rule_set.h"
#include "rule/table.h"

namespace tocsin::rule {

// The tables of a rule set, compiled when a rule first names them.
class TableShelf {
 public:
  TableShelf(std::span<const SourceFile> files, const TimeZone& zone, std::vector<Diagnostic>& out);
  // Null when there is none, or when it has faults (reported once).
  std::shared_ptr<const Table> find(std::string_view name);
  bool has(std::string_view name) const { return entries_.contains(name); }
  std::vector<std::string_view> names() const;
  // Whether some rule has named the table that this file belongs to.
  bool used(const SourceFile& file) const;

 private:
  struct Entry {
    const SourceFile* declaration = nullptr;
    const SourceFile* rows = nullptr;
    bool asked = false;
    std::shared_ptr<const Table> table;
  };
  const TimeZone zone_;
  std::vector<Diagnostic>& out_;
  std::map<std::string, Entry, std::less<>> entries_;
};

class Lookups {
 public:
  Lookups(const yaml::Reader& reader, Rule& rule) : reader_(reader), rule_(rule) {}
  void add_table(std::shared_ptr<const Table> table) { tables_.push_back(std::move(table)); }
  // `faulty`: what the calendar lacks is among the faults that it has been told for.
  void set_calendar(std::shared_ptr<const WorkingTime> calendar, bool faulty = false) {
    calendar_ = std::move(calendar);
    calendar_faulty_ = faulty;
  }
  // A table that the rule names and that is not there or has faults, told already: what looks it up is none.
  void add_faulty(const std::string& table) { faulty_.push_back(table); }
  // Tables that the rule set has though this rule does not name them, for what to suggest.
  void set_known(std::vector<std::string_view> names) { known_ = std::move(names); }

  // Replaces what is looked up in the tree by calls, and declares their functions in each of `envs`. `when` is the tree
  // that tells the time of season(name). False after a fault.
  bool resolve(const Expression& e, expr::Node*& node, std::span<expr::Env* const> envs, const char* when);
  // The same for the calendar's functions alone, where many events are judged: each season has its time by now.
  bool resolve_calendar(const Expression& e, expr::Node*& node, expr::Env& env);
  // Reports a lookup where many events are judged.
  void refuse(const Expression& e, const expr::Node& call) const;
  // The tree of `text`, at the place of `at`.
  static expr::Node* tree_of(const Expression& e, const expr::Node& at, std::string_view text);

 private:
  struct Place {
    const Expression& e;
    std::span<expr::Env* const> envs;
    const char* when;
  };
  bool visit(const Place& place, expr::Node*& node);
  bool lookup(const Place& place, expr::Node*& node, expr::Node& call, const std::string& column, bool test);
  bool calendar_call(const Place& place, expr::Node*& node);
  bool season(const Place& place, expr::Node& call);
  const Table* table_of(const Place& place, const expr::Node& call);
  bool check_key(const Place& place, const Table& table, expr::Node& call);
  void declare(expr::Env& env, const std::string& name, std::vector<std::vector<expr::Type>> params,
               const expr::Type& result, expr::Function f, const void* context, bool nullable);

  const yaml::Reader& reader_;
  Rule& rule_;
  std::vector<std::shared_ptr<const Table>> tables_;
  std::shared_ptr<const WorkingTime> calendar_;
  bool calendar_faulty_ = false;
  std::vector<std::string_view> known_;
  std::vector<std::string> faulty_;
  std::map<std::string, const void*> contexts_;  // by function
  std::set<std::pair<const expr::Env*, std::string>> declared_;
};

}  // namespace tocsin::rule
