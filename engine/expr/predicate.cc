#include "expr/predicate.h"

#include <algorithm>

namespace tocsin::expr {
namespace {

constexpr size_t kLinear = 8;  // up to so many texts a walk beats a search

Tri tri(bool b) { return b ? Tri::kTrue : Tri::kFalse; }

Tri fail(Frame& f, Value error) {
  f.error = error;
  return Tri::kError;
}

Tri result(Frame& f, const Value& v) {
  if (v.is(Tag::kBool)) return tri(v.b);
  return fail(f, v);
}

bool same(const Value& v, const Value& constant) {
  if (v.tag == Tag::kString && constant.tag == Tag::kString) return v.str() == constant.str();
  return equal(v, constant);
}

bool one_of(std::string_view text, const std::vector<std::string_view>& texts) {
  if (texts.size() > kLinear) return std::binary_search(texts.begin(), texts.end(), text);
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool under(std::string_view path, std::string_view root) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '.');
}

Tri evaluate(const Predicate& p, Frame& f) {
  using Shape = Predicate::Shape;
  if (p.shape == Shape::kGeneral) return p.general->test(f);
  if (p.shape == Shape::kContains || p.shape == Shape::kHasEntry) {
    Value unused;
    const auto found = f.vars.find(p.slot, p.constant.str(), unused);
    if (found != Activation::Found::kNoCollection) return tri(found == Activation::Found::kYes);
    const Value v = f.vars.get(p.slot);
    if (v.is_error()) return fail(f, v);
    if (v.is(Tag::kNull) && p.shape == Shape::kHasEntry) return Tri::kFalse;
    return result(f, apply(Op::kIn, p.constant, v, f.arena));
  }
  const Value v = f.vars.get(p.slot);
  if (v.is_error()) return fail(f, v);
  switch (p.shape) {
    case Shape::kEqual:
      return tri(same(v, p.constant));
    case Shape::kOrdered:
      return result(f, p.swapped ? apply(p.op, p.constant, v, f.arena) : apply(p.op, v, p.constant, f.arena));
    case Shape::kOneOf:
      return tri(v.is(Tag::kString) && one_of(v.str(), p.texts));
    case Shape::kHas:
      return tri(is_present(v));
    default:
      break;
  }
  if (v.is(Tag::kString)) return tri(under(v.str(), p.constant.str()));
  if (v.is(Tag::kNull)) return fail(f, Value::error("no matching overload for `under` on null"));
  return fail(f, no_overload("under", std::span(&v, 1), f.arena));
}

// All of them (decisive: kFalse) or any (kTrue).
template <Tri decisive>
class Junction final : public Condition {
 public:
  explicit Junction(std::vector<Predicate> terms) : terms_(std::move(terms)) {}
  Tri test(Frame& f) const override {
    Value error;
    for (const Predicate& p : terms_) {
      const Tri t = p.test(f);
      if (t == decisive) return t;
      if (t == Tri::kError && !error.is_error()) error = f.error;
    }
    if (error.is_error()) return fail(f, error);
    return decisive == Tri::kFalse ? Tri::kTrue : Tri::kFalse;
  }

 private:
  std::vector<Predicate> terms_;
};

class Single final : public Condition {
 public:
  explicit Single(Predicate term) : term_(std::move(term)) {}
  Tri test(Frame& f) const override { return term_.test(f); }

 private:
  Predicate term_;
};

}  // namespace

bool is_present(const Value& v) {
  if (v.is(Tag::kList)) return !v.list->items.empty();
  if (v.is(Tag::kMap)) return !v.map->entries.empty();
  return !v.is(Tag::kNull);
}

Tri Predicate::test(Frame& f) const {
  const Tri t = evaluate(*this, f);
  if (!negated || t == Tri::kError) return t;
  return t == Tri::kTrue ? Tri::kFalse : Tri::kTrue;
}

EvalPtr make_all(std::vector<Predicate> terms) { return std::make_unique<Junction<Tri::kFalse>>(std::move(terms)); }
EvalPtr make_any(std::vector<Predicate> terms) { return std::make_unique<Junction<Tri::kTrue>>(std::move(terms)); }
EvalPtr make_condition(Predicate term) {
  if (term.shape == Predicate::Shape::kGeneral && !term.negated) return std::move(term.general);
  return std::make_unique<Single>(std::move(term));
}

}  // namespace tocsin::expr
