// What aggregates can be, for thresholds that are never reached.
#include <algorithm>
#include <array>

#include "rule/scope.h"

namespace tocsin::rule {
namespace {

using detect::AggregateOp;
using expr::Node;

struct Known {
  std::string_view name;
  double low, high;
};
// Values that kinds add.
constexpr std::array<Known, 10> kKindValues = {{{"places", 0, INFINITY},
                                                {"radius_m", 0, INFINITY},
                                                {"area_km2", 0, INFINITY},
                                                {"elapsed", 0, INFINITY},
                                                {"observed", 0, INFINITY},
                                                {"expected", 0, INFINITY},
                                                {"ratio", 0, INFINITY},
                                                {"p", 0, 1},
                                                {"likeness", 0, 1},
                                                {"owed", 0, INFINITY}}};

// How many whole numbers a range holds.
double whole_numbers(const Range& range) { return std::floor(range.high) - std::ceil(range.low) + 1; }

bool is_aggregate(const Node& term) { return term.kind == Node::Kind::kIdent && term.text.starts_with('#'); }

}  // namespace

void AggregateScope::bound_distinct(const std::string& text, double most) {
  const auto [it, fresh] = most_distinct_.insert({text, most});
  it->second = std::min(it->second, most);
}

void AggregateScope::add_key(const std::string& text) {
  keys_.insert(text);
  bound_distinct(text, 1);
}

Range AggregateScope::range_of_call(const detect::Aggregate& aggregate, const Node* argument) const {
  const auto rows = static_cast<double>(rule_.plan.max_rows_per_key);
  const Range of = argument == nullptr ? Range() : event_range(*argument);
  switch (aggregate.op) {
    case AggregateOp::kCount:
      return between(0, rows);
    case AggregateOp::kDistinct: {
      if (argument == nullptr) return between(0, rows);  // never: it has one by its signature
      const auto known = most_distinct_.find(canonical(*argument));
      double most = known == most_distinct_.end() ? rows : std::min(rows, known->second);
      if (argument->type.kind == expr::Type::Kind::kInt) most = std::min(most, whole_numbers(of));
      return between(0, most);
    }
    case AggregateOp::kSum:
      return of.low >= 0 ? at_least(0) : Range();
    case AggregateOp::kAvg:
    case AggregateOp::kMin:
    case AggregateOp::kMax:
    case AggregateOp::kFirst:
    case AggregateOp::kLast:
      return of;
    case AggregateOp::kAny:
    case AggregateOp::kAll:
    case AggregateOp::kTop:
    case AggregateOp::kStep:
      break;
  }
  return {};
}

Range AggregateScope::range_of(const Node& term) const {
  if (is_aggregate(term)) {
    const auto index = static_cast<size_t>(std::stoul(term.text.substr(1)));
    return index < ranges_.size() ? ranges_[index] : Range();
  }
  if (term.kind == Node::Kind::kIdent) {
    for (const Known& known : kKindValues) {
      if (known.name == term.text) return between(known.low, known.high);
    }
    return {};
  }
  if (term.kind == Node::Kind::kCall && term.text == "double" && term.args.size() == 1) return range_of(*term.args[0]);
  return {};
}

bool AggregateScope::is_key(const Node& term) const {
  if (!is_aggregate(term)) return false;
  const auto index = static_cast<size_t>(std::stoul(term.text.substr(1)));
  return index < of_key_.size() && of_key_[index];
}

bool AggregateScope::counts_sources(const Node& term) const {
  if (!is_aggregate(term)) return false;
  const auto index = static_cast<size_t>(std::stoul(term.text.substr(1)));
  return index < sources_.size() && sources_[index];
}

bool AggregateScope::is_certain(const Node& term) const {
  if (!is_aggregate(term))
    return (term.kind == Node::Kind::kIdent && term.text == "places") || dotted(term).starts_with("params.");
  const auto index = static_cast<size_t>(std::stoul(term.text.substr(1)));
  if (index >= rule_.plan.aggregates.size()) return false;
  const AggregateOp op = rule_.plan.aggregates[index].op;
  return op == AggregateOp::kCount || op == AggregateOp::kDistinct || op == AggregateOp::kSum;
}

}  // namespace tocsin::rule
