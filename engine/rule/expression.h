#pragma once
// Expressions inside a rule file: text in a YAML scalar to a syntax tree and a program, every fault at its characters.
#include <functional>
#include <memory>
#include <string>

#include "expr/program.h"
#include "rule/yaml_file.h"

namespace tocsin::rule {

// Where an expression stands: a scalar, and the byte of its value at which the expression's text begins.
struct ExpressionPlace {
  const yaml::Node* node = nullptr;
  uint32_t offset = 0;
};

struct Expression {
  ExpressionPlace place;
  std::shared_ptr<expr::Ast> ast;  // null where it did not parse
  explicit operator bool() const { return ast != nullptr; }
};

// Parses the whole scalar, or `text` that stands in it at place.offset.
Expression parse_expression(const yaml::Reader& reader, const yaml::Node& node);
Expression parse_expression(const yaml::Reader& reader, ExpressionPlace place, std::string_view text);

// Appends faults of expr with their place in the file; a fault that was reported already is passed over.
void report(const yaml::Reader& reader, ExpressionPlace place, const expr::Faults& faults);
// A fault of our own about one node of the tree.
void report(const yaml::Reader& reader, ExpressionPlace place, const expr::Node& at, yaml::Say say);

// The same text for the same meaning, whatever the white space, quotes and parentheses: for deduplication and identity.
std::string canonical(const expr::Node& node);
// The name of a variable as a dotted path ("area.town"), or empty when the node is none. Not for has().
std::string dotted(const expr::Node& node);

// Calls f(node) for the tree from the root down; below a node for which f answers false it does not go on.
void walk(expr::Node* node, const std::function<bool(expr::Node&)>& f);
void walk(const expr::Node* node, const std::function<bool(const expr::Node&)>& f);

}  // namespace tocsin::rule
