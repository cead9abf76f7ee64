// Fields that may be missing: under Env::strict_optional a use that fails on null asks for a guard. && and || absorb
// errors on either side, so a guard counts wherever it stands in a conjunction.
#include <algorithm>

#include "expr/checker.h"
#include "expr/type_rules.h"

namespace tocsin::expr {
namespace {

bool is_call(const Node* n, std::string_view text) { return n->kind == Node::Kind::kCall && n->text == text; }

bool is_null(const Node* n) { return n->kind == Node::Kind::kLiteral && n->value.is(Tag::kNull); }

bool is_value(const Node* n) { return n->kind == Node::Kind::kLiteral && !n->value.is(Tag::kNull); }

}  // namespace

bool Checker::is_nullable_call(const Node* n) const {
  const std::vector<Overload>* overloads = n->kind == Node::Kind::kCall ? env_.overloads(n->text) : nullptr;
  return overloads && std::any_of(overloads->begin(), overloads->end(), [](const Overload& o) { return o.nullable; });
}

// What a guard speaks of: a variable ("area.town"), an entry of one ("values.depth"), or a call that may answer null.
bool Checker::path_of(const Node* n, std::string& out) const {
  if (n->kind == Node::Kind::kIdent && n->slot >= 0) {
    out = n->text;
    return true;
  }
  if (n->kind == Node::Kind::kSelect && path_of(n->args[0], out)) {
    out += "." + n->text;
    return true;
  }
  if (is_nullable_call(n)) {
    out = n->text + "(";
    for (const Node* arg : n->args) {
      std::string part;
      out += (path_of(arg, part) ? part : source_of(arg)) + ",";
    }
    return true;
  }
  const bool is_entry = is_call(n, "_[_]") && n->args[1]->kind == Node::Kind::kLiteral &&
                        n->args[1]->value.is(Tag::kString) && path_of(n->args[0], out);
  if (is_entry) out += "." + std::string(n->args[1]->value.str());
  return is_entry;
}

bool Checker::may_be_null(const Node* n) const {
  std::string path;
  if (n->test_only || !path_of(n, path)) {
    return is_call(n, "_?_:_") && (may_be_null(n->args[1]) || may_be_null(n->args[2]));
  }
  if (std::find(guards_.begin(), guards_.end(), path) != guards_.end()) return false;
  if (n->kind == Node::Kind::kIdent) return env_.variables[static_cast<size_t>(n->slot)].optional;
  if (is_nullable_call(n)) return true;
  const Node* from = n->args[0];
  return from->kind == Node::Kind::kIdent && from->slot >= 0 &&
         env_.variables[static_cast<size_t>(from->slot)].nullable_keys;
}

// Paths that are there when `n` is `when`.
void Checker::collect_guards(const Node* n, bool when, std::vector<std::string>& out) const {
  if (is_call(n, "!_")) return collect_guards(n->args[0], !when, out);
  if ((is_call(n, "_&&_") && when) || (is_call(n, "_||_") && !when)) {
    collect_guards(n->args[0], when, out);
    collect_guards(n->args[1], when, out);
    return;
  }
  std::string path;
  if (n->test_only && when) {
    Node present = *n;
    present.test_only = false;
    if (path_of(&present, path)) out.push_back(path);
    return;
  }
  const bool equal = is_call(n, "_==_");
  if (!equal && !is_call(n, "_!=_") && !(is_call(n, "@in") && when)) return;
  const Node* left = n->args[0];
  const Node* right = n->args[1];
  if (is_call(n, "@in")) {
    const bool values =
        right->kind == Node::Kind::kList && std::all_of(right->args.begin(), right->args.end(), is_value);
    if (values && path_of(left, path)) out.push_back(path);
    if (is_value(left) && path_of(right, path)) out.push_back(path + "." + std::string(left->value.str()));
    return;
  }
  if (is_null(left) || is_value(left)) std::swap(left, right);
  const bool there = equal == when ? is_value(right) : is_null(right);
  if (there && path_of(left, path)) out.push_back(path);
}

// Checks `n` knowing that `guard` is `when`.
void Checker::presence_under(const Node* n, const Node* guard, bool when) {
  const size_t size = guards_.size();
  collect_guards(guard, when, guards_);
  check_presence(n);
  guards_.resize(size);
}

// Whether null as this argument makes the call an error.
bool Checker::needs_value(const Node* call, size_t arg) const {
  if (call->text == "_==_" || call->text == "_!=_") return false;
  if (call->text == "@in") return arg == 1;
  const std::vector<Overload>* overloads = env_.overloads(call->text);
  if (!overloads) return true;
  return std::none_of(overloads->begin(), overloads->end(), [&](const Overload& o) {
    return o.receiver == call->receiver && o.params.size() == call->args.size() &&
           (is_open(o.params[arg]) || o.params[arg].kind == Type::Kind::kNull);
  });
}

void Checker::presence_of_call(const Node* n) {
  if (n->text == "_&&_" || n->text == "_||_") {
    for (const Node* arg : n->args) presence_under(arg, n, n->text == "_&&_");
    return;
  }
  check_presence(n->args[0]);
  if (n->text == "_?_:_") {
    require_present(n->args[0]);
    presence_under(n->args[1], n->args[0], true);
    presence_under(n->args[2], n->args[0], false);
    return;
  }
  for (size_t i = 0; i < n->args.size(); ++i) {
    if (i > 0) check_presence(n->args[i]);
    if (needs_value(n, i)) require_present(n->args[i]);
  }
}

void Checker::check_presence(const Node* n) {
  if (n->kind == Node::Kind::kCall && !n->args.empty()) return presence_of_call(n);
  for (const Node* arg : n->args) check_presence(arg);
  const bool reads_field = n->kind == Node::Kind::kSelect && !n->test_only;
  if (reads_field || n->kind == Node::Kind::kComprehension) require_present(n->args[0]);
}

void Checker::require_present(const Node* n) {
  std::string path;
  if (!may_be_null(n)) return;
  if (is_nullable_call(n)) path = source_of(n);
  if (path.empty() && !path_of(n, path)) {
    fault(n, "unguarded", {"This may be missing.", "该值可能缺失。"});
    return;
  }
  fault(n, "unguarded", {"`" + path + "` may be missing.", "`" + path + "` 可能缺失。"},
        {"guard it with has(" + path + ") && …, or give a substitute with orElse(" + path + ", …)",
         "请先判断 has(" + path + ") && …，或用 orElse(" + path + ", …) 给出替代值"});
}

}  // namespace tocsin::expr
