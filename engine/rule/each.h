#pragma once
// The router's side of an absence over a population: which rows of the table an event counts for.
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "expr/event_env.h"
#include "expr/program.h"
#include "rule/table.h"

namespace tocsin::rule {

struct Each {
  struct Expectation {
    // Over the event and the row's columns, whose slots follow the event's fields: `where` and `of` together.
    std::shared_ptr<const expr::Program> counts;
    // The part `EXPR == row.COLUMN` of it, by which rows are found: EXPR of the event, and the owners by the column's
    // value as JSON.
    std::shared_ptr<const expr::Program> whose;
    std::unordered_map<std::string, std::vector<uint32_t>> owners;
  };
  std::shared_ptr<const Table> table;
  std::vector<uint32_t> rows;  // of the table, by owner (detect::Duties::owners)
  std::vector<Expectation> expect;

  struct Match {
    uint32_t owner;
    uint32_t roles;  // bit i: counts for expect[i]
  };
  // The owners that the event counts for, ascending. `failed` gets the first error of a condition, if any.
  void match(const Event& event, Arena& arena, std::vector<Match>& out, expr::Value& failed) const;
};

}  // namespace tocsin::rule
