#include "expr/parser.h"

#include <algorithm>
#include <array>
#include <string>

#include "expr/utf8.h"

namespace tocsin::expr {
namespace {

struct Operator {
  Token::Kind token;
  int level;  // binds tighter the higher
  const char* text;
};
constexpr std::array<Operator, 12> kOperators = {{{Token::Kind::kLess, 0, "_<_"},
                                                  {Token::Kind::kLessEqual, 0, "_<=_"},
                                                  {Token::Kind::kGreater, 0, "_>_"},
                                                  {Token::Kind::kGreaterEqual, 0, "_>=_"},
                                                  {Token::Kind::kEqual, 0, "_==_"},
                                                  {Token::Kind::kUnequal, 0, "_!=_"},
                                                  {Token::Kind::kIn, 0, "@in"},
                                                  {Token::Kind::kPlus, 1, "_+_"},
                                                  {Token::Kind::kMinus, 1, "_-_"},
                                                  {Token::Kind::kStar, 2, "_*_"},
                                                  {Token::Kind::kSlash, 2, "_/_"},
                                                  {Token::Kind::kPercent, 2, "_%_"}}};

const Operator* operator_of(Token::Kind kind) {
  const auto* found =
      std::find_if(kOperators.begin(), kOperators.end(), [&](const Operator& op) { return op.token == kind; });
  return found == kOperators.end() ? nullptr : found;
}

struct Word {
  std::string_view typed, meant;
};
constexpr std::array<Word, 12> kWords = {{{"and", "&&"},
                                          {"or", "||"},
                                          {"not", "!"},
                                          {"And", "&&"},
                                          {"Or", "||"},
                                          {"Not", "!"},
                                          {"AND", "&&"},
                                          {"OR", "||"},
                                          {"NOT", "!"},
                                          {"is", "=="},
                                          {"equals", "=="},
                                          {"IN", "in"}}};

}  // namespace

Parser::Parser(Ast& ast, Faults& faults, const Limits& limits)
    : ast_(ast),
      faults_(faults),
      faults_before_(faults.size()),
      limits_(limits),
      lexer_(ast.source, ast.arena(), faults) {}

Parser::Part Parser::fail(uint32_t begin, uint32_t end, const char* code, std::string en, std::string zh,
                          std::string hint, std::string hint_zh) {
  if (!failed()) {
    faults_.push_back({begin, end, code, std::move(en), std::move(zh), std::move(hint), std::move(hint_zh)});
  }
  return {};
}

Parser::Part Parser::too_deep(uint32_t begin, uint32_t end) {
  const std::string limit = std::to_string(limits_.max_depth);
  return fail(begin, end, "too-deep", "The expression is nested more than " + limit + " levels deep.",
              "表达式嵌套超过 " + limit + " 层。", "split it, or compare with a list: x in [a, b, c]",
              "请拆分，或改用列表：x in [a, b, c]");
}

Parser::Part Parser::unexpected(std::string_view wanted, std::string_view wanted_zh) {
  if (failed()) return {};
  const bool ended = at(Kind::kEnd);
  const std::string text = ended ? "" : "`" + ast_.source.substr(token_.begin, token_.end - token_.begin) + "`";
  std::string hint;
  std::string hint_zh;
  for (const Word& word : kWords) {
    if (!at(Kind::kIdent) || token_.text != word.typed) continue;
    hint = "write `" + std::string(word.meant) + "`";
    hint_zh = "请写 `" + std::string(word.meant) + "`";
  }
  const std::string after = wanted.empty() ? "" : ", where " + std::string(wanted) + " should stand";
  const std::string after_zh = wanted.empty() ? "" : "，此处应为" + std::string(wanted_zh);
  if (ended) {
    return fail(token_.begin, token_.end, "syntax", "The expression ends here" + after + ".",
                "表达式到此中断" + after_zh + "。");
  }
  return fail(token_.begin, token_.end, "syntax", "Unexpected " + text + after + ".",
              "意外的 " + text + after_zh + "。", std::move(hint), std::move(hint_zh));
}

bool Parser::expect(Kind kind, std::string_view what) {
  if (!at(kind)) {
    unexpected("`" + std::string(what) + "`", " `" + std::string(what) + "`");
    return false;
  }
  advance();
  return !failed();
}

Parser::Part Parser::node(Node::Kind kind, std::string_view text, std::vector<Node*> args, uint32_t begin,
                          uint32_t end) {
  if (failed()) return {};
  if (++nodes_ > limits_.max_nodes) {
    const std::string limit = std::to_string(limits_.max_nodes);
    return fail(begin, end, "too-large", "The expression has more than " + limit + " parts.",
                "表达式的组成部分超过 " + limit + " 个。");
  }
  uint32_t height = 1;
  for (const Node* arg : args) height = std::max(height, arg->height + 1);
  if (height > limits_.max_depth) return too_deep(begin, end);
  Node* n = ast_.make(kind);
  n->text = text;
  n->args = std::move(args);
  n->height = height;
  n->begin = begin;
  n->end = end;
  return {n, begin, end};
}

Parser::Part Parser::constant(Value value, uint32_t begin, uint32_t end) {
  Part part = node(Node::Kind::kLiteral, {}, {}, begin, end);
  if (part.node) part.node->value = value;
  return part;
}

Node* Parser::parse() {
  advance();
  if (!failed() && at(Kind::kEnd)) {
    fail(0, static_cast<uint32_t>(ast_.source.size()), "syntax", "The expression is empty.", "表达式为空。");
  }
  const Part part = failed() ? Part{} : expression();
  if (!failed() && !at(Kind::kEnd)) unexpected("an operator or the end", "运算符或结尾");
  return failed() ? nullptr : part.node;
}

Parser::Part Parser::expression() {
  const Part condition = logical(Kind::kOr);
  if (failed() || !at(Kind::kQuestion)) return condition;
  advance();
  const Part yes = logical(Kind::kOr);
  if (failed() || !expect(Kind::kColon, ":")) return {};
  const Part no = nested_expression();
  if (failed()) return {};
  return node(Node::Kind::kCall, "_?_:_", {condition.node, yes.node, no.node}, condition.begin, no.end);
}

// An expression inside another: the only way in which the parser calls itself.
Parser::Part Parser::nested_expression() {
  if (depth_ >= limits_.max_depth) return too_deep(token_.begin, token_.end);
  ++depth_;
  const Part part = expression();
  --depth_;
  return failed() ? Part{} : part;
}

Parser::Part Parser::logical(Kind op) {
  const bool is_or = op == Kind::kOr;
  Part first = is_or ? logical(Kind::kAnd) : binary(0);
  if (failed() || !at(op)) return first;
  std::vector<Part> parts{first};
  while (at(op)) {
    advance();
    parts.push_back(is_or ? logical(Kind::kAnd) : binary(0));
    if (failed()) return {};
  }
  return balance(parts, 0, parts.size() - 1, is_or ? "_||_" : "_&&_");
}

Parser::Part Parser::balance(std::vector<Part>& parts, size_t first, size_t last, const char* text) {
  if (first == last) return parts[first];
  const size_t middle = first + (last - first) / 2;
  const Part left = balance(parts, first, middle, text);
  const Part right = balance(parts, middle + 1, last, text);
  if (failed()) return {};
  return node(Node::Kind::kCall, text, {left.node, right.node}, left.begin, right.end);
}

Parser::Part Parser::binary(int level) {
  Part left = level > 2 ? unary() : binary(level + 1);
  for (const Operator* op = operator_of(token_.kind); !failed() && op && op->level == level;
       op = operator_of(token_.kind)) {
    const uint32_t at_operator = token_.begin;
    advance();
    const Part right = level == 2 ? unary() : binary(level + 1);
    if (failed()) return {};
    left = node(Node::Kind::kCall, op->text, {left.node, right.node}, left.begin, right.end);
    if (left.node) left.node->at = at_operator;
  }
  return failed() ? Part{} : left;
}

Parser::Part Parser::unary() {
  if (at(Kind::kNot) || at(Kind::kMinus)) return signs(token_.kind);
  return member();
}

// A run of "!" or of "-".
Parser::Part Parser::signs(Kind op) {
  std::vector<uint32_t> begins;
  while (at(op)) {
    begins.push_back(token_.begin);
    if (begins.size() > limits_.max_depth) return too_deep(token_.begin, token_.end);
    advance();
  }
  const bool is_number = at(Kind::kInt) || at(Kind::kDouble);
  Part part;
  if (op == Kind::kMinus && is_number) {
    token_.begin = begins.back();
    begins.pop_back();
    token_.number = -token_.number;
    if (at(Kind::kInt)) token_.text = "-";
  }
  if (at(Kind::kNot) || at(Kind::kMinus)) return unexpected("a value", "值");
  part = member();
  for (; !failed() && !begins.empty(); begins.pop_back()) {
    part = node(Node::Kind::kCall, op == Kind::kNot ? "!_" : "-_", {part.node}, begins.back(), part.end);
  }
  return failed() ? Part{} : part;
}

Parser::Part Parser::member() {
  Part part = primary();
  while (!failed() && (at(Kind::kDot) || at(Kind::kLeftBracket))) {
    part = at(Kind::kDot) ? selection(part) : index(part);
  }
  if (!failed() && at(Kind::kLeftBrace)) {
    return fail(token_.begin, token_.end, "syntax", "Messages cannot be built here.", "此处不支持构造消息对象。");
  }
  return failed() ? Part{} : part;
}

Parser::Part Parser::selection(Part left) {
  advance();
  const Token name = token_;
  const bool is_keyword = at(Kind::kIn) || at(Kind::kTrue) || at(Kind::kFalse) || at(Kind::kNull);
  if (!at(Kind::kIdent) || is_keyword) return unexpected("a field's name", "字段名");
  advance();
  if (!at(Kind::kLeftParen)) {
    Part part = node(Node::Kind::kSelect, name.text, {left.node}, left.begin, name.end);
    if (part.node) part.node->at = name.begin;
    return part;
  }
  std::vector<Node*> args{left.node};
  advance();
  if (failed() || !arguments(args, Kind::kRightParen)) return {};
  const uint32_t end = token_.end;
  if (!expect(Kind::kRightParen, ")")) return {};
  return call(left.begin, end, name, std::move(args), true);
}

Parser::Part Parser::index(Part left) {
  advance();
  const Part key = nested_expression();
  if (failed()) return {};
  const uint32_t end = token_.end;
  if (!expect(Kind::kRightBracket, "]")) return {};
  return node(Node::Kind::kCall, "_[_]", {left.node, key.node}, left.begin, end);
}

Parser::Part Parser::primary() {
  if (failed()) return {};
  switch (token_.kind) {
    case Kind::kIdent:
      return name();
    case Kind::kLeftParen:
      return parenthesised();
    case Kind::kLeftBracket:
      return list();
    case Kind::kLeftBrace:
      return map();
    default:
      return literal();
  }
}

Parser::Part Parser::literal() {
  const Token t = token_;
  Value value;
  switch (t.kind) {
    case Kind::kInt: {
      const bool negative = t.text == "-";
      if (!negative && t.whole > static_cast<uint64_t>(INT64_MAX)) {
        return fail(t.begin, t.end, "syntax", "This whole number is too large for 64 bits.",
                    "这个整数超出 64 位的范围。");
      }
      value = Value::integer(static_cast<int64_t>(negative ? 0 - t.whole : t.whole));
      break;
    }
    case Kind::kUint:
      value = Value::unsigned_integer(t.whole);
      break;
    case Kind::kDouble:
      value = Value::number(t.number);
      break;
    case Kind::kString:
      value = Value::string(t.text);
      break;
    case Kind::kBytes:
      value = Value::bytes(t.text);
      break;
    case Kind::kTrue:
      value = Value::boolean(true);
      break;
    case Kind::kFalse:
      value = Value::boolean(false);
      break;
    case Kind::kNull:
      break;
    default:
      return unexpected("a value", "值");
  }
  advance();
  return constant(value, t.begin, t.end);
}

Parser::Part Parser::name() {
  const Token t = token_;
  if (is_reserved(t.text)) {
    const std::string word(t.text);
    return fail(t.begin, t.end, "syntax", "`" + word + "` is a reserved word.", "`" + word + "` 是保留字。");
  }
  advance();
  if (failed()) return {};
  if (!at(Kind::kLeftParen)) {
    if (at(Kind::kIdent) || at(Kind::kString)) {
      // "not x", "a and b": the word is the mistake where it stands first.
      for (const Word& word : kWords) {
        if (word.typed == t.text) {
          token_ = t;
          return unexpected({}, {});
        }
      }
    }
    return node(Node::Kind::kIdent, t.text, {}, t.begin, t.end);
  }
  std::vector<Node*> args;
  advance();
  if (failed() || !arguments(args, Kind::kRightParen)) return {};
  const uint32_t end = token_.end;
  if (!expect(Kind::kRightParen, ")")) return {};
  return call(t.begin, end, t, std::move(args), false);
}

Parser::Part Parser::parenthesised() {
  const uint32_t begin = token_.begin;
  advance();
  Part part = nested_expression();
  if (failed()) return {};
  const uint32_t end = token_.end;
  if (!expect(Kind::kRightParen, ")")) return {};
  return {part.node, begin, end};
}

// Expressions up to `close`, which stays. A comma may stand before "]" but not before ")".
bool Parser::arguments(std::vector<Node*>& out, Kind close) {
  while (!at(close)) {
    const Part part = nested_expression();
    if (failed()) return false;
    out.push_back(part.node);
    if (!at(Kind::kComma)) break;
    advance();
    if (close == Kind::kRightParen && at(close)) unexpected("a value", "值");
    if (failed()) return false;
  }
  return !failed();
}

Parser::Part Parser::list() {
  const uint32_t begin = token_.begin;
  advance();
  std::vector<Node*> items;
  if (failed() || !arguments(items, Kind::kRightBracket)) return {};
  const uint32_t end = token_.end;
  if (!expect(Kind::kRightBracket, "]")) return {};
  return node(Node::Kind::kList, {}, std::move(items), begin, end);
}

Parser::Part Parser::map() {
  const uint32_t begin = token_.begin;
  advance();
  std::vector<Node*> items;
  while (!failed() && !at(Kind::kRightBrace)) {
    const Part key = nested_expression();
    if (failed() || !expect(Kind::kColon, ":")) return {};
    const Part value = nested_expression();
    if (failed()) return {};
    items.push_back(key.node);
    items.push_back(value.node);
    if (!at(Kind::kComma)) break;
    advance();
  }
  const uint32_t end = token_.end;
  if (failed() || !expect(Kind::kRightBrace, "}")) return {};
  return node(Node::Kind::kMap, {}, std::move(items), begin, end);
}

std::shared_ptr<Ast> parse(std::string_view source, Faults& faults, const Limits& limits) {
  if (source.size() > limits.max_bytes) {
    const std::string size = std::to_string(source.size());
    const std::string limit = std::to_string(limits.max_bytes);
    faults.push_back({0, limits.max_bytes, "too-long",
                      "The expression is " + size + " bytes long; " + limit + " are allowed.",
                      "表达式长 " + size + " 字节，上限为 " + limit + " 字节。", "", ""});
    return nullptr;
  }
  if (!is_utf8(source)) {
    faults.push_back({0, static_cast<uint32_t>(source.size()), "not-utf8", "The expression is not valid UTF-8.",
                      "表达式不是有效的 UTF-8 文本。", "", ""});
    return nullptr;
  }
  auto ast = std::make_shared<Ast>();
  ast->source = source;
  Parser parser(*ast, faults, limits);
  ast->root = parser.parse();
  return ast->root ? ast : nullptr;
}

}  // namespace tocsin::expr
