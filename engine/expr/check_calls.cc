// Operators and functions: which types they take, and what they give.
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "expr/checker.h"
#include "expr/regex.h"
#include "expr/suggest.h"
#include "expr/type_rules.h"
#include "time/format.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;

std::string types_of(const std::vector<Node*>& args, size_t from) {
  std::string out;
  for (size_t i = from; i < args.size(); ++i) out += (i > from ? ", " : "") + to_string(args[i]->type);
  return out;
}

// "text.startsWith(string)", "size(list(dyn))".
std::string signature(std::string_view name, const Overload& o) {
  std::string out = o.receiver ? to_string(o.params[0]) + "." : "";
  out += std::string(name) + "(";
  for (size_t i = o.receiver ? 1 : 0; i < o.params.size(); ++i) {
    if (i > (o.receiver ? 1U : 0U)) out += ", ";
    out += to_string(o.params[i]);
  }
  return out + ")";
}

bool ordered_kind(const Type& t) {
  switch (t.kind) {
    case K::kBool:
    case K::kInt:
    case K::kUint:
    case K::kDouble:
    case K::kString:
    case K::kBytes:
    case K::kTimestamp:
    case K::kDuration:
      return true;
    default:
      return is_open(t);
  }
}

// The result of a + b and the like for types known to be closed; false when there is none.
bool arithmetic_type(Op op, const Type& a, const Type& b, Type& out) {
  out = a;
  const bool time_op = op == Op::kAdd || op == Op::kSubtract;
  if (a.kind == b.kind) {
    if (a.kind == K::kInt || a.kind == K::kUint) return true;
    if (a.kind == K::kDouble) return op != Op::kModulo;
    if (a.kind == K::kString || a.kind == K::kBytes) return op == Op::kAdd;
    if (a.kind == K::kDuration) return time_op;
    if (a.kind == K::kList) {
      out = join(a, b);
      return op == Op::kAdd;
    }
    out = Type::of(K::kDuration);
    return a.kind == K::kTimestamp && op == Op::kSubtract;
  }
  if (a.kind == K::kTimestamp && b.kind == K::kDuration) return time_op;
  out = b;
  return a.kind == K::kDuration && b.kind == K::kTimestamp && op == Op::kAdd;
}

}  // namespace

Type Checker::call(Node* n) {
  if (n->text == "_?_:_") return conditional(n);
  const bool is_equality = n->text == "_==_" || n->text == "_!=_";
  for (Node* arg : n->args) {
    compared_ = is_equality && arg == n->args[1] ? arg : nullptr;
    check(arg);
  }
  if (n->text == "_&&_" || n->text == "_||_" || n->text == "!_") return logical(n);
  if (n->text == "-_") {
    const Type& t = n->args[0]->type;
    if (is_open(t) || t.kind == K::kInt || t.kind == K::kDouble) return t;
    return fault(n, "type-mismatch",
                 {"`-` takes an int or a double, not " + to_string(t) + ".",
                  "`-` 只能用于 int 或 double，不能用于 " + to_string(t) + "。"});
  }
  Op op{};
  return operator_by_text(n->text, op) ? binary(n, op) : function(n);
}

Type Checker::binary(Node* n, Op op) {
  switch (op) {
    case Op::kEqual:
    case Op::kUnequal:
      return equality(n, op);
    case Op::kIn:
      return membership(n);
    case Op::kIndex:
      return index(n);
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return ordering(n, op);
    default:
      return arithmetic(n, op);
  }
}

namespace {

bool looks_like_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789.-") == text.npos &&
         text.find_first_of("0123456789") != text.npos && text.rfind('-') == (text[0] == '-' ? 0 : text.npos) &&
         std::count(text.begin(), text.end(), '.') <= 1;
}

}  // namespace

// A number in quotes beside a number, or a number without quotes beside a text: the fault is the literal itself.
bool Checker::quotes_fault(const Node* n) {
  for (size_t i = 0; i < 2; ++i) {
    const Node *literal = n->args[i], *other = n->args[1 - i];
    if (literal->is_literal(Tag::kString) && is_number(other->type) && looks_like_number(literal->value.str())) {
      const std::string number(literal->value.str());
      fault(literal, "type-mismatch",
            {"`" + source_of(literal) + "` is a text, and a number is compared with it.",
             "`" + source_of(literal) + "` 是文本，却与数字比较。"},
            {"write " + number + " without quotes", "请去掉引号，写 " + number});
      return true;
    }
    if (literal->kind == Node::Kind::kLiteral && is_number(literal->type) && other->type.kind == K::kString &&
        !other->is_literal(Tag::kString)) {
      const std::string text = "\"" + source_of(literal) + "\"";
      fault(literal, "type-mismatch",
            {"`" + source_of(literal) + "` is a number, and a text is compared with it.",
             "`" + source_of(literal) + "` 是数字，却与文本比较。"},
            {"write it in quotes: " + text, "请加引号：" + text});
      return true;
    }
  }
  return false;
}

// "`+` does not take int and double", with what to write instead where a number's kind is the matter.
Type Checker::operator_fault(Node* n, Op op) {
  const Node* a = n->args[0];
  const Node* b = n->args[1];
  const bool compares = op != Op::kAdd && op != Op::kSubtract && op != Op::kMultiply && op != Op::kDivide &&
                        op != Op::kModulo && op != Op::kIndex && op != Op::kIn;
  if (compares && !untyped_ && quotes_fault(n)) return Type::of(K::kError);
  const std::string symbol = "`" + std::string(symbol_of(op)) + "`";
  const std::string left = to_string(a->type);
  const std::string right = to_string(b->type);
  Text hint;
  if (is_number(a->type) && is_number(b->type)) {
    const Node* whole = a->is_literal(Tag::kInt) ? a : (b->is_literal(Tag::kInt) ? b : nullptr);
    const K other = whole == a ? b->type.kind : a->type.kind;
    if (whole && other == K::kDouble) {
      const std::string text = std::to_string(whole->value.i) + ".0";
      hint = {"write " + text, "请写 " + text};
    } else if (whole && whole->value.i >= 0) {
      const std::string text = std::to_string(whole->value.i) + "u";
      hint = {"write " + text, "请写 " + text};
    } else {
      const std::string name = a->type.kind == K::kDouble || b->type.kind == K::kDouble ? "double" : "int";
      hint = {"convert one side with " + name + "(…)", "请用 " + name + "(…) 转换其中一侧"};
    }
  } else if (a->type.kind == K::kTimestamp || b->type.kind == K::kTimestamp) {
    hint = {"times are written timestamp(\"2024-07-01T08:30:00Z\")", "时间写作 timestamp(\"2024-07-01T08:30:00Z\")"};
  } else if (a->type.kind == K::kDuration || b->type.kind == K::kDuration) {
    hint = {"durations are written duration(\"90s\")", "时长写作 duration(\"90s\")"};
  }
  return fault(
      n, "type-mismatch",
      {symbol + " does not take " + left + " and " + right + ".", symbol + " 不能用于 " + left + " 和 " + right + "。"},
      std::move(hint));
}

Type Checker::equality(Node* n, Op op) {
  if (comparable(n->args[0]->type, n->args[1]->type)) return Type::of(K::kBool);
  return operator_fault(n, op);
}

Type Checker::ordering(Node* n, Op op) {
  const Type& a = n->args[0]->type;
  const Type& b = n->args[1]->type;
  const bool good = ordered_kind(a) && ordered_kind(b) && (fits(a, b) || (is_number(a) && is_number(b)));
  return good ? Type::of(K::kBool) : operator_fault(n, op);
}

Type Checker::arithmetic(Node* n, Op op) {
  const Type& a = n->args[0]->type;
  const Type& b = n->args[1]->type;
  if (a.kind == K::kError || b.kind == K::kError) return Type::of(K::kError);
  Type out;
  if (is_open(a) || is_open(b)) {
    // With one side known, the other must be able to make it work.
    const Type& known = is_open(a) ? b : a;
    const bool plain = is_number(known) || known.kind == K::kString || known.kind == K::kBytes;
    const bool possible = is_open(known) || known.kind == K::kTimestamp || arithmetic_type(op, known, known, out);
    if (!possible) return operator_fault(n, op);
    return plain ? known : Type::of(K::kDyn);
  }
  return arithmetic_type(op, a, b, out) ? out : operator_fault(n, op);
}

Type Checker::membership(Node* n) {
  const Type& item = n->args[0]->type;
  const Type& in = n->args[1]->type;
  if (is_open(in)) return Type::of(K::kBool);
  if ((in.kind == K::kList || in.kind == K::kMap) && comparable(in.arg(0), item)) return Type::of(K::kBool);
  if (in.kind == K::kString && item.kind == K::kString) {
    const std::string text = source_of(n->args[1]) + ".contains(" + source_of(n->args[0]) + ")";
    return fault(n, "type-mismatch",
                 {"`in` looks into a list or a map, not into a text.", "`in` 用于列表或映射，不能用于文本。"},
                 {"write " + text, "请写 " + text});
  }
  return operator_fault(n, Op::kIn);
}

Type Checker::index(Node* n) {
  const Type& in = n->args[0]->type;
  const Type& key = n->args[1]->type;
  if (is_open(in)) return Type::of(K::kDyn);
  if (in.kind == K::kList && (is_open(key) || key.kind == K::kInt || key.kind == K::kUint)) return in.arg(0);
  if (in.kind == K::kMap && fits(in.arg(0), key)) return in.arg(1);
  const std::string from = to_string(in);
  if (in.kind != K::kList && in.kind != K::kMap) {
    return fault(n, "type-mismatch",
                 {"A value of type " + from + " cannot be indexed.", from + " 类型的值不能用 [ ] 取元素。"});
  }
  return fault(n->args[1], "type-mismatch",
               {"A " + from + " cannot be indexed with " + to_string(key) + ".",
                from + " 不能用 " + to_string(key) + " 作下标。"});
}

void Checker::want_condition(const Node* n) {
  if (is_open(n->type) || n->type.kind == K::kBool) return;
  fault(n, "type-mismatch",
        {"A condition is needed here, but this is of type " + to_string(n->type) + ".",
         "此处需要条件，但这是 " + to_string(n->type) + " 类型。"});
}

Type Checker::logical(Node* n) {
  for (const Node* arg : n->args) want_condition(arg);
  return Type::of(K::kBool);
}

Type Checker::conditional(Node* n) {
  for (Node* arg : n->args) check(arg);
  want_condition(n->args[0]);
  const Type& yes = n->args[1]->type;
  const Type& no = n->args[2]->type;
  if (comparable(yes, no)) return join(yes, no);
  return fault(n, "type-mismatch",
               {"The two sides of `:` differ in type: " + to_string(yes) + " and " + to_string(no) + ".",
                "`:` 两侧类型不同：" + to_string(yes) + " 和 " + to_string(no) + "。"},
               {"use dyn(…) on one side if that is meant", "若有意如此，请在一侧使用 dyn(…)"});
}

Type Checker::function(Node* n) {
  const std::vector<Overload>* overloads = env_.overloads(n->text);
  if (!overloads) return unknown_function(n);
  Type result = select_overload(n, *overloads);
  if (result.kind != K::kError && !untyped_) check_constants(n);
  return result;
}

Type Checker::select_overload(Node* n, const std::vector<Overload>& overloads) {
  const Overload* chosen = nullptr;
  bool same_result = true;
  for (const Overload& o : overloads) {
    if (o.receiver != n->receiver || o.params.size() != n->args.size()) continue;
    bool good = true;
    for (size_t i = 0; good && i < n->args.size(); ++i) good = fits(o.params[i], n->args[i]->type);
    if (!good) continue;
    if (chosen) same_result = same_result && chosen->result == o.result;
    if (!chosen) chosen = &o;
  }
  if (!chosen) return wrong_arguments(n, overloads);
  if (n->text == "orElse" && n->args.size() == 2) return join(n->args[0]->type, n->args[1]->type);
  return same_result ? chosen->result : Type::of(K::kDyn);
}

Type Checker::unknown_function(Node* n) {
  if (enough() || untyped_) return fault(n, "unknown-function", {});
  std::vector<std::string_view> names;
  for (const auto& [name, overloads] : env_.functions) names.push_back(name);
  const std::string near = nearest_name(n->text, names);
  Text hint;
  if (!near.empty()) hint = {"did you mean `" + near + "`?", "是否想写 `" + near + "`？"};
  return fault_at_name(n, "unknown-function",
                       {"There is no function `" + n->text + "` here.", "此处没有函数 `" + n->text + "`。"},
                       std::move(hint));
}

Type Checker::wrong_arguments(Node* n, const std::vector<Overload>& overloads) {
  for (const Node* arg : n->args) {
    if (arg->type.kind == K::kError) return Type::of(K::kError);
  }
  const size_t first = n->receiver ? 1 : 0;
  std::string got = n->receiver && !n->args.empty() ? to_string(n->args[0]->type) + "." : "";
  got += n->text + "(" + types_of(n->args, first) + ")";
  std::string known;
  for (const Overload& o : overloads) {
    const std::string text = signature(n->text, o);
    if (known.find(text) == known.npos) known += (known.empty() ? "" : ", ") + text;
  }
  return fault(n, "no-overload",
               {"`" + n->text + "` cannot be called as " + got + ".", "`" + n->text + "` 不能这样调用：" + got + "。"},
               {"it is called as " + known, "可用的调用形式：" + known});
}

// Constants that can only fail: a pattern, a time, a duration, a zone.
void Checker::check_constants(Node* n) {
  if (n->args.empty() || !n->args.back()->is_literal(Tag::kString)) return;
  const Node* last = n->args.back();
  const std::string_view text = last->value.str();
  if (n->text == "matches" && n->args.size() == 2) {
    const RE2 pattern(as_piece(text), regex_options());
    if (!pattern.ok()) {
      fault(last, "bad-pattern",
            {"The pattern is not valid: " + pattern.error() + ".", "正则表达式无效：" + pattern.error() + "。"});
    }
    return;
  }
  if ((n->text != "timestamp" && n->text != "duration") || n->args.size() != 1) return;
  Arena arena(1024);
  for (const Overload& o : *env_.overloads(n->text)) {
    if (o.params.size() != 1 || o.params[0].kind != K::kString) continue;
    if (!o.function(std::span(&last->value, 1), arena, o.context).is_error()) continue;
    const bool time = n->text == "timestamp";
    fault(last, "bad-constant",
          {time ? "This is not a time in the years 1 to 9999." : "This is not a duration within 292 years.",
           time ? "这不是公元 1 至 9999 年间的有效时间。" : "这不是 292 年以内的有效时长。"},
          {time ? "write it like 2024-07-01T08:30:00Z" : "write it like 90s, 1h30m or 7d",
           time ? "写法如 2024-07-01T08:30:00Z" : "写法如 90s、1h30m 或 7d"});
  }
}

}  // namespace tocsin::expr
