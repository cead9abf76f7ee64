#include "expr/checker.h"

#include <algorithm>

#include "expr/suggest.h"
#include "expr/type_rules.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;

}  // namespace

void Checker::check(Node* n) { n->type = visit(n); }

Type Checker::fault(const Node* n, const char* code, Text text, Text hint) {
  if (!untyped_) {
    if (enough()) return Type::of(K::kError);
    faults_.push_back(
        {n->begin, n->end, code, std::move(text.en), std::move(text.zh), std::move(hint.en), std::move(hint.zh)});
    return Type::of(K::kError);
  }
  return Type::of(K::kDyn);
}

Type Checker::fault_at_name(const Node* n, const char* code, Text text, Text hint) {
  Node name;
  name.begin = n->at;
  name.end = n->at + static_cast<uint32_t>(n->text.size());
  return fault(&name, code, std::move(text), std::move(hint));
}

Type Checker::visit(Node* n) {
  switch (n->kind) {
    case Node::Kind::kLiteral:
      return type_of(n->value.tag);
    case Node::Kind::kIdent:
      return ident(n);
    case Node::Kind::kSelect:
      return selection(n);
    case Node::Kind::kCall:
      return call(n);
    case Node::Kind::kList:
      return list(n);
    case Node::Kind::kMap:
      return map(n);
    case Node::Kind::kComprehension:
      return comprehension(n);
  }
  return Type::of(K::kDyn);
}

const Checker::Local* Checker::local(std::string_view name) const {
  const auto it = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& l) { return l.name == name; });
  return it == locals_.rend() ? nullptr : &*it;
}

Type Checker::ident(Node* n) {
  n->slot = -1;
  if (const Local* l = local(n->text)) {
    if (!n->test_only) return l->type;
    return fault(
        n, "bad-has",
        {"`" + n->text + "` is a loop variable: it is always there.", "`" + n->text + "` 是循环变量，总是存在。"});
  }
  if (const Variable* v = env_.variable(n->text)) {
    n->slot = static_cast<int>(v - env_.variables.data());
    return n->test_only ? Type::of(K::kBool) : v->type;
  }
  if (Value type; !n->test_only && type_by_name(n->text, type)) {
    n->kind = Node::Kind::kLiteral;
    n->value = type;
    return Type::of(K::kType);
  }
  return unknown_name(n);
}

std::string Checker::near_variable(std::string_view word) const {
  std::vector<std::string_view> names;
  for (const auto& [name, slot] : env_.slots) names.push_back(name);
  for (const Local& l : locals_) names.push_back(l.name);
  return nearest_name(word, names);
}

Type Checker::unknown_name(const Node* n) {
  if (enough() || untyped_) return fault(n, "unknown-name", {});
  if (env_.is_prefix(n->text)) {
    std::string members;
    for (const auto& [name, slot] : env_.slots) {
      if (name.starts_with(n->text + ".")) members += (members.empty() ? "" : ", ") + name;
    }
    return fault(n, "unknown-name",
                 {"`" + n->text + "` is a group of fields, not a value.", "`" + n->text + "` 是一组字段，本身不是值。"},
                 {"one of " + members, "可用：" + members});
  }
  const std::string near = near_variable(n->text);
  const std::string quoted = "\"" + n->text + "\"";
  Text hint;
  if (!near.empty()) hint = {"did you mean `" + near + "`?", "是否想写 `" + near + "`？"};
  if (n == compared_ || (near.empty() && n->text.find('.') == n->text.npos)) {
    hint = {"if a text is meant, put it in quotes: " + quoted, "若指文本，请加引号：" + quoted};
  }
  return fault(n, "unknown-name", {"There is no name `" + n->text + "` here.", "此处没有名称 `" + n->text + "`。"},
               std::move(hint));
}

// "a.b.c" when the node is a chain of selections from a name that is no loop variable.
bool Checker::dotted(const Node* n, std::string& out) const {
  if (n->kind == Node::Kind::kIdent) {
    if (local(n->text)) return false;
    out = n->text;
    return true;
  }
  if (n->kind != Node::Kind::kSelect || !dotted(n->args[0], out)) return false;
  out += "." + n->text;
  return true;
}

Type Checker::selection(Node* n) {
  std::string name;
  const bool is_dotted = dotted(n, name);
  Value type;
  const bool names_type = is_dotted && !n->test_only && type_by_name(name, type);
  if (is_dotted && (env_.variable(name) || names_type)) {
    n->kind = Node::Kind::kIdent;
    n->text = name;
    n->args.clear();
    return ident(n);
  }
  // A name of a known group ("area.twon"), or the whole chain unknown: one fault for all of it.
  const size_t dot = name.rfind('.');
  if (is_dotted && !env_.variable(name.substr(0, dot)) && env_.is_prefix(name.substr(0, dot))) {
    Node whole = *n;
    whole.text = name;
    return unknown_name(&whole);
  }
  // The same where the whole chain is near a name but its first word is none: `Area.Village`.
  const size_t first = name.find('.');
  if (is_dotted && !untyped_ && !env_.variable(name.substr(0, first)) && !env_.is_prefix(name.substr(0, first)) &&
      !near_variable(name).empty()) {
    Node whole = *n;
    whole.text = name;
    return unknown_name(&whole);
  }
  check(n->args[0]);
  if (n->args[0]->type.kind == K::kError) return Type::of(K::kError);
  const Type result = field_of(n->args[0]->type, n);
  return n->test_only && result.kind != K::kError ? Type::of(K::kBool) : result;
}

Type Checker::field_of(const Type& from, Node* n) {
  if (is_open(from)) return Type::of(K::kDyn);
  if (from.kind == K::kMap && fits(Type::of(K::kString), from.arg(0))) return from.arg(1);
  if (from.kind == K::kPoint && (n->text == "lon" || n->text == "lat")) return Type::of(K::kDouble);
  Text hint;
  if (env_.overloads(n->text)) {
    hint = {"`" + n->text + "` is a function: write ." + n->text + "(…)",
            "`" + n->text + "` 是函数：请写 ." + n->text + "(…)"};
  }
  return fault_at_name(n, "no-field",
                       {"A value of type " + to_string(from) + " has no field `" + n->text + "`.",
                        to_string(from) + " 类型的值没有字段 `" + n->text + "`。"},
                       std::move(hint));
}

Type Checker::list(Node* n) {
  Type item = Type::of(K::kDyn);
  for (size_t i = 0; i < n->args.size(); ++i) {
    compared_ = n->args[i];
    check(n->args[i]);
    item = i == 0 ? n->args[i]->type : join(item, n->args[i]->type);
  }
  return Type::list(item.kind == K::kError ? Type::of(K::kDyn) : item);
}

Type Checker::map(Node* n) {
  Type key = Type::of(K::kDyn);
  Type value = Type::of(K::kDyn);
  for (size_t i = 0; i < n->args.size(); ++i) {
    Node* part = n->args[i];
    check(part);
    Type& whole = i % 2 == 0 ? key : value;
    whole = i < 2 ? part->type : join(whole, part->type);
    const K kind = part->type.kind;
    if (i % 2 == 0 && !is_open(part->type) && kind != K::kInt && kind != K::kUint && kind != K::kBool &&
        kind != K::kString) {
      fault(part, "type-mismatch",
            {"A map's key is an int, uint, bool or string, not " + to_string(part->type) + ".",
             "映射的键须为 int、uint、bool 或 string，不能是 " + to_string(part->type) + "。"});
    }
  }
  if (key.kind == K::kError) key = Type::of(K::kDyn);
  if (value.kind == K::kError) value = Type::of(K::kDyn);
  return Type::map(std::move(key), std::move(value));
}

Type Checker::comprehension(Node* n) {
  Node* range = n->args[0];
  check(range);
  Type item = Type::of(K::kDyn);
  if (range->type.kind == K::kList || range->type.kind == K::kMap) {
    item = range->type.arg(0);
  } else if (!is_open(range->type)) {
    item = fault(range, "type-mismatch",
                 {n->text + "() goes over a list or a map, not " + to_string(range->type) + ".",
                  n->text + "() 只能用于列表或映射，不能用于 " + to_string(range->type) + "。"});
  }
  locals_.push_back({n->var, item});
  const bool has_transform = n->text == "map";
  for (size_t i = 1; i < n->args.size(); ++i) {
    check(n->args[i]);
    const bool is_transform = has_transform && i + 1 == n->args.size();
    if (!is_transform) want_condition(n->args[i]);
  }
  locals_.pop_back();
  if (has_transform) {
    const Type& result = n->args.back()->type;
    return Type::list(result.kind == K::kError ? Type::of(K::kDyn) : result);
  }
  return n->text == "filter" ? Type::list(item) : Type::of(K::kBool);
}

bool check(Ast& ast, Node* root, const Env& env, Faults& faults, bool untyped) {
  const size_t before = faults.size();
  Checker checker(ast, env, faults, untyped);
  checker.check(root);
  if (env.strict_optional && !untyped && faults.size() == before) checker.check_presence(root);
  return faults.size() == before;
}

}  // namespace tocsin::expr
