#pragma once
// Whether a condition can hold at all, as far as its comparisons with constants tell: `grade >= 5`, `kind == "report"
// && kind == "visit"`, a rung below one that holds whenever it does. The condition is brought into clauses; a clause in
// which two comparisons of one term exclude each other cannot hold. Sound for what it reports: whatever it does not
// understand may hold.
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"

namespace tocsin::rule {

struct Range {
  double low = -INFINITY, high = INFINITY;
  bool low_open = false, high_open = false;
  bool empty() const { return low > high || (low == high && (low_open || high_open)); }
};
inline Range at_least(double low) { return {low, INFINITY, false, false}; }
inline Range between(double low, double high) { return {low, high, false, false}; }

// What is known of terms before any comparison.
struct Domain {
  // Of a whole term; an unbounded range where nothing is known.
  std::function<Range(const expr::Node&)> range;
  // The texts that it can be, or null where that is open.
  std::function<const std::vector<std::string>*(const expr::Node&)> texts;
  // The constant that a node is.
  std::function<std::optional<double>(const expr::Node&)> number;
  // Whether a term has a value whatever happens: max() of no reading is null, and a comparison with that neither holds
  // nor fails. Empty: every term has one.
  std::function<bool(const expr::Node&)> certain = {};
};

// A condition, or that it does not hold (it fails, is null or an error), and the text that its nodes' places count in.
struct Part {
  const expr::Node* root = nullptr;
  std::string_view source;
  bool negated = false;
};

struct Conflict {
  const expr::Node* at = nullptr;  // the comparison that cannot hold
  size_t part = 0;                 // where it stands
  std::string text, with;  // as written: itself, and the other; `with` is empty where the domain alone forbids it
  const expr::Node* term = nullptr;  // what is compared
  Range domain;                      // of the term
  bool under = false;                // what is asked lies below the domain, not above it
};
// Why all of `parts` cannot hold together; nothing where they may. Bounded: past 64 clauses it gives up.
std::optional<Conflict> conflict_in(std::span<const Part> parts, const Domain& domain);
// The first comparison, wherever it stands, that its term's domain alone forbids (`satisfaction > 5` beside an `||`).
std::optional<Conflict> beyond_domain(const Part& part, const Domain& domain);

// The constant of a literal number.
std::optional<double> literal_number(const expr::Node& node);
// What fields of one event, functions of them and plain arithmetic can be: grade 1 to 4, hour(t) 0 to 23.
Range event_range(const expr::Node& node);

}  // namespace tocsin::rule
