#pragma once
// The syntax tree between parser and compiler. Open to other floors: engine/rule rewrites it (aggregates become
// variables) and reads it (predicate index, thresholds). Nodes are owned by an Ast and live as long as it does.
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/type.h"
#include "expr/value.h"

namespace tocsin::expr {

struct Node {
  enum class Kind : uint8_t {
    kLiteral,       // value
    kIdent,         // text (test_only: has(text)); check() turns a select chain that names a variable ("area.town")
                    // into one of these with the whole dotted text and no args, so checking again is harmless
    kSelect,        // args[0] . text        (test_only: has(args[0].text))
    kCall,          // text(args…); operators are calls named "_+_", "_&&_", "!_", "-_", "_?_:_", "_[_]", "@in" …
    kList,          // [args…]
    kMap,           // {args[0]: args[1], args[2]: args[3], …}
    kComprehension  // a macro: text = macro ("all" "exists" "exists_one" "map" "filter"), see below
  };
  Kind kind = Kind::kLiteral;
  bool receiver = false;   // kCall: args[0] is the receiver, a.f(b)
  bool test_only = false;  // kSelect, kIdent: from has()
  uint32_t height = 1;     // of the tree below, bounded by Limits::max_depth
  uint32_t begin = 0;      // byte range in the source text
  uint32_t end = 0;
  uint32_t at = 0;  // kSelect, kCall: where `text` (an operator's symbol, a function's or field's name) stands
  std::string text;
  std::string var;          // kComprehension: name of the loop variable
  Value value;              // kLiteral; strings live in the Ast
  std::vector<Node*> args;  // kComprehension: range, then the body or bodies (map with filter: predicate, transform)
  Type type;                // set by the checker
  int slot = -1;            // kIdent that names a variable: its slot in the Env, set by the checker

  bool is_literal(Tag tag) const { return kind == Kind::kLiteral && value.is(tag); }
  // A literal's text; nothing where this is none.
  std::optional<std::string> text_literal() const {
    return is_literal(Tag::kString) ? std::optional<std::string>(value.str()) : std::nullopt;
  }
};

class Ast {
 public:
  Ast() = default;
  Ast(const Ast&) = delete;
  Ast& operator=(const Ast&) = delete;
  Node* root = nullptr;
  std::string source;
  Node* make(Node::Kind kind) {
    nodes_.emplace_back();
    nodes_.back().kind = kind;
    return &nodes_.back();
  }
  // A copy of `n` and all below it, owned by this Ast (literals included).
  Node* clone(const Node& n);
  Arena& arena() { return arena_; }

 private:
  std::deque<Node> nodes_;
  Arena arena_{4096};
};

}  // namespace tocsin::expr
