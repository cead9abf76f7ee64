// Calls, and the macros among them.
#include <string>

#include "expr/parser.h"

namespace tocsin::expr {

Parser::Part Parser::call(uint32_t begin, uint32_t end, const Token& name, std::vector<Node*> args, bool receiver) {
  const std::string_view text = name.text;
  if (!receiver && text == "has") return macro_has(begin, end, args);
  if (receiver) {
    const size_t n = args.size();
    const bool one = text == "all" || text == "exists" || text == "exists_one" || text == "existsOne" ||
                     text == "filter" || text == "map";
    if ((one && n == 3) || (text == "map" && n == 4)) return comprehension(begin, end, text, std::move(args));
  }
  Part part = node(Node::Kind::kCall, text, std::move(args), begin, end);
  if (part.node) {
    part.node->receiver = receiver;
    part.node->at = name.begin;
  }
  return part;
}

Parser::Part Parser::macro_has(uint32_t begin, uint32_t end, const std::vector<Node*>& args) {
  const bool good = args.size() == 1 && !args[0]->test_only &&
                    (args[0]->kind == Node::Kind::kSelect || args[0]->kind == Node::Kind::kIdent);
  if (!good) {
    return fail(begin, end, "syntax", "has() asks whether one field is there, as in has(area.town).",
                "has() 用于判断一个字段是否存在，如 has(area.town)。", "for a map's key write \"key\" in attrs",
                "判断映射的键请写 \"key\" in attrs");
  }
  args[0]->test_only = true;
  args[0]->begin = begin;
  args[0]->end = end;
  return {args[0], begin, end};
}

Parser::Part Parser::comprehension(uint32_t begin, uint32_t end, std::string_view text, std::vector<Node*> args) {
  const Node* var = args[1];
  if (var->kind != Node::Kind::kIdent || var->test_only) {
    const std::string name(text);
    return fail(var->begin, var->end, "syntax", "The first argument of " + name + "() is the name of a variable.",
                name + "() 的第一个参数是变量名。", "as in flags." + name + "(f, f == \"minor\")",
                "如 flags." + name + "(f, f == \"minor\")");
  }
  std::string variable = var->text;
  args.erase(args.begin() + 1);
  Part part = node(Node::Kind::kComprehension, text == "existsOne" ? "exists_one" : text, std::move(args), begin, end);
  if (part.node) part.node->var = std::move(variable);
  return part;
}

}  // namespace tocsin::expr
