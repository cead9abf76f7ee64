#pragma once
// Tokens to a tree. The grammar, in which CEL's own is kept but for messages, leading dots and optional syntax:
//
//   Expression  = Or [ "?" Or ":" Expression ]
//   Or          = And { "||" And }                 -- a chain of || or && becomes a balanced tree
//   And         = Relation { "&&" Relation }
//   Relation    = Sum { ( "<" | "<=" | ">=" | ">" | "==" | "!=" | "in" ) Sum }
//   Sum         = Product { ( "+" | "-" ) Product }
//   Product     = Unary { ( "*" | "/" | "%" ) Unary }
//   Unary       = { "!" } Member | { "-" } Member  -- "-" right before a number belongs to the number
//   Member      = Primary { "." NAME [ "(" [List] ")" ] | "[" Expression "]" }
//   Primary     = LITERAL | NAME [ "(" [List] ")" ] | "(" Expression ")" | "[" [List [","]] "]" | "{" [Pairs [","]] "}"
//   List        = Expression { "," Expression }
//   Pairs       = Expression ":" Expression { "," Expression ":" Expression }
//
//   LITERAL     = INT | INT "u" | "0x" HEX ["u"] | DOUBLE | TEXT | "b" TEXT | "true" | "false" | "null"
//   TEXT        = ["r"] ( '"…"' | "'…'" | '"""…"""' | "'''…'''" )
//   comments    = "//" to the end of the line
//
// Macros: has(a.b) and has(a); r.all(x, p), r.exists(x, p), r.exists_one(x, p) (also existsOne), r.filter(x, p),
// r.map(x, t), r.map(x, p, t).
//
// The parser stops at the first fault: one text, one syntax fault. Recursion is bounded by Limits::max_depth.
#include <utility>
#include <vector>

#include "expr/lexer.h"
#include "expr/program.h"

namespace tocsin::expr {

class Parser {
 public:
  Parser(Ast& ast, Faults& faults, const Limits& limits);
  // The whole text as one expression; null after a fault.
  Node* parse();

 private:
  // A tree and the text that it takes up, parentheses around it included. node is null after a fault.
  struct Part {
    Node* node = nullptr;
    uint32_t begin = 0, end = 0;
  };
  using Kind = Token::Kind;

  Part expression();
  Part nested_expression();
  Part logical(Kind op);
  Part binary(int level);
  Part unary();
  Part signs(Kind op);
  Part member();
  Part selection(Part left);
  Part index(Part left);
  Part primary();
  Part literal();
  Part name();
  Part parenthesised();
  Part list();
  Part map();
  bool arguments(std::vector<Node*>& out, Kind close);

  Part call(uint32_t begin, uint32_t end, const Token& name, std::vector<Node*> args, bool receiver);
  Part macro_has(uint32_t begin, uint32_t end, const std::vector<Node*>& args);
  Part comprehension(uint32_t begin, uint32_t end, std::string_view text, std::vector<Node*> args);
  Part balance(std::vector<Part>& parts, size_t first, size_t last, const char* text);
  Part constant(Value value, uint32_t begin, uint32_t end);
  Part node(Node::Kind kind, std::string_view text, std::vector<Node*> args, uint32_t begin, uint32_t end);

  void advance() { token_ = lexer_.next(); }
  bool at(Kind kind) const { return token_.kind == kind; }
  bool expect(Kind kind, std::string_view what);
  bool failed() const { return faults_.size() > faults_before_; }
  Part fail(uint32_t begin, uint32_t end, const char* code, std::string en, std::string zh, std::string hint = {},
            std::string hint_zh = {});
  Part too_deep(uint32_t begin, uint32_t end);
  Part unexpected(std::string_view wanted, std::string_view wanted_zh);

  Ast& ast_;
  Faults& faults_;
  const size_t faults_before_;
  const Limits& limits_;
  Lexer lexer_;
  Token token_;
  uint32_t depth_ = 0;
  uint32_t nodes_ = 0;
};

}  // namespace tocsin::expr
