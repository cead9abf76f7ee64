#include "expr/eval_node.h"

#include <algorithm>
#include <array>

#include "expr/regex.h"

namespace tocsin::expr {
namespace {

Value not_a_condition(const Value& v, Arena& arena) {
  return make_error(arena, "a condition is true or false, not of type ", name_of(v.tag));
}

Value out_of_steps() { return Value::error("the evaluation takes too many steps"); }

class Constant final : public Eval {
 public:
  explicit Constant(Value v) : value_(v) {}
  Value eval(Frame& /*f*/) const override { return value_; }
  const Value* constant() const override { return &value_; }

 private:
  Value value_;
};

class VariableNode final : public Eval {
 public:
  explicit VariableNode(int slot) : slot_(slot) {}
  Value eval(Frame& f) const override { return f.vars.get(slot_); }

 private:
  int slot_;
};

class Local final : public Eval {
 public:
  explicit Local(size_t index) : index_(index) {}
  Value eval(Frame& f) const override { return f.locals[index_]; }

 private:
  size_t index_;
};

bool walks(Op op) { return op == Op::kEqual || op == Op::kUnequal || op == Op::kIn || op == Op::kIndex; }

class Operator final : public Eval {
 public:
  Operator(Op op, EvalPtr left, EvalPtr right) : op_(op), left_(std::move(left)), right_(std::move(right)) {}
  Value eval(Frame& f) const override {
    const Value a = left_->eval(f);
    if (a.is_error()) return a;
    const Value b = right_->eval(f);
    if (b.is_error()) return b;
    if (a.is(Tag::kList) || a.is(Tag::kMap) || b.is(Tag::kList) || b.is(Tag::kMap)) {
      const bool one_item = op_ == Op::kIndex && a.is(Tag::kList);
      if (walks(op_) && !one_item && (!spend(a, f.budget) || !spend(b, f.budget))) return out_of_steps();
      if (op_ == Op::kAdd && (!spend(a, f.budget) || !spend(b, f.budget))) return out_of_steps();
    } else if (op_ == Op::kAdd && (a.is(Tag::kString) || a.is(Tag::kBytes))) {
      if (!spend(a, f.budget) || !spend(b, f.budget)) return out_of_steps();
    }
    return apply(op_, a, b, f.arena);
  }

 private:
  Op op_;
  EvalPtr left_, right_;
};

class Negation final : public Eval {
 public:
  explicit Negation(EvalPtr operand) : operand_(std::move(operand)) {}
  Value eval(Frame& f) const override {
    const Value v = operand_->eval(f);
    return v.is_error() ? v : negate(v, f.arena);
  }

 private:
  EvalPtr operand_;
};

class Not final : public Condition {
 public:
  explicit Not(EvalPtr operand) : operand_(std::move(operand)) {}
  Tri test(Frame& f) const override {
    const Tri t = operand_->test(f);
    if (t == Tri::kError) return t;
    return t == Tri::kTrue ? Tri::kFalse : Tri::kTrue;
  }

 private:
  EvalPtr operand_;
};

class Conditional final : public Eval {
 public:
  Conditional(EvalPtr condition, EvalPtr yes, EvalPtr no)
      : condition_(std::move(condition)), yes_(std::move(yes)), no_(std::move(no)) {}
  Value eval(Frame& f) const override {
    switch (condition_->test(f)) {
      case Tri::kTrue:
        return yes_->eval(f);
      case Tri::kFalse:
        return no_->eval(f);
      case Tri::kError:
        break;
    }
    return f.error;
  }

 private:
  EvalPtr condition_, yes_, no_;
};

class ListNode final : public Eval {
 public:
  explicit ListNode(std::vector<EvalPtr> items) : items_(std::move(items)) {}
  Value eval(Frame& f) const override {
    Value* out = f.arena.array<Value>(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      out[i] = items_[i]->eval(f);
      if (out[i].is_error()) return out[i];
      if (--f.budget < 0 || !spend(out[i], f.budget)) return out_of_steps();
    }
    return Value::of(new (f.arena.allocate(sizeof(List))) List{{out, items_.size()}});
  }

 private:
  std::vector<EvalPtr> items_;
};

bool is_key(const Value& v) { return v.is(Tag::kInt) || v.is(Tag::kUint) || v.is(Tag::kString) || v.is(Tag::kBool); }

class MapNode final : public Eval {
 public:
  explicit MapNode(std::vector<EvalPtr> parts) : parts_(std::move(parts)) {}
  Value eval(Frame& f) const override {
    const size_t n = parts_.size() / 2;
    MapEntry* out = f.arena.array<MapEntry>(n);
    for (size_t i = 0; i < n; ++i) {
      out[i].key = parts_[2 * i]->eval(f);
      if (out[i].key.is_error()) return out[i].key;
      if (!is_key(out[i].key)) return Value::error("a map's key is an int, uint, bool or string");
      f.budget -= 1 + static_cast<int64_t>(i / 16);
      if (f.budget < 0) return out_of_steps();
      if (find_key(Map{{out, i}}, out[i].key)) return Value::error("a map's key stands there twice");
      out[i].value = parts_[2 * i + 1]->eval(f);
      if (out[i].value.is_error()) return out[i].value;
      if (!spend(out[i].value, f.budget)) return out_of_steps();
    }
    return Value::of(new (f.arena.allocate(sizeof(Map))) Map{{out, n}});
  }

 private:
  std::vector<EvalPtr> parts_;
};

class Select final : public Eval {
 public:
  Select(EvalPtr from, std::string_view name) : from_(std::move(from)), name_(name) {}
  Value eval(Frame& f) const override {
    const Value v = from_->eval(f);
    if (v.is_error()) return v;
    if (v.is(Tag::kMap)) f.budget -= static_cast<int64_t>(v.map->entries.size());
    return f.budget < 0 ? out_of_steps() : select(v, name_, f.arena);
  }

 private:
  EvalPtr from_;
  std::string name_;
};

class Has final : public Condition {
 public:
  Has(EvalPtr from, std::string_view name) : from_(std::move(from)), name_(name) {}
  Tri test(Frame& f) const override {
    const Value v = from_->eval(f);
    if (v.is(Tag::kNull)) return Tri::kFalse;
    if (v.is(Tag::kMap)) return find_key(*v.map, Value::string(name_)) ? Tri::kTrue : Tri::kFalse;
    if (v.is(Tag::kPoint) && (name_ == "lon" || name_ == "lat")) return Tri::kTrue;
    f.error = v.is_error() ? v : make_error(f.arena, "no such field: ", name_);
    return Tri::kError;
  }

 private:
  EvalPtr from_;
  std::string name_;
};

class Entry final : public Eval {
 public:
  Entry(int slot, std::string_view key, bool nullable) : slot_(slot), nullable_(nullable), key_(key) {}
  Value eval(Frame& f) const override {
    Value out;
    switch (f.vars.find(slot_, key_, out)) {
      case Activation::Found::kYes:
        return out;
      case Activation::Found::kNo:
        return nullable_ ? Value() : make_error(f.arena, "no such key: ", key_);
      case Activation::Found::kNoCollection:
        break;
    }
    const Value held = f.vars.get(slot_);
    if (held.is_error()) return held;
    if (held.is(Tag::kNull) && nullable_) return held;
    return apply(Op::kIndex, held, Value::string(key_), f.arena);
  }

 private:
  int slot_;
  bool nullable_;
  std::string key_;
};

class Call final : public Eval {
 public:
  Call(std::string_view name, std::vector<Overload> overloads, std::vector<EvalPtr> args)
      : name_(name),
        missing_("no matching overload for `" + name_ + "` on null"),
        overloads_(std::move(overloads)),
        args_(std::move(args)) {}
  Value eval(Frame& f) const override {
    std::array<Value, kMaxArguments> held;
    const std::span<const Value> args(held.data(), args_.size());
    for (size_t i = 0; i < args_.size(); ++i) {
      held[i] = args_[i]->eval(f);
      if (held[i].is_error()) return held[i];
      if (held[i].is(Tag::kString)) f.budget -= static_cast<int64_t>(held[i].size / 64);
      if (held[i].is(Tag::kList)) f.budget -= static_cast<int64_t>(held[i].list->items.size());
    }
    if (f.budget < 0) return out_of_steps();
    for (const Overload& o : overloads_) {
      bool good = true;
      for (size_t i = 0; good && i < args.size(); ++i) good = accepts(o.params[i], args[i]);
      if (!good) continue;
      if (o.function == matches_function()) f.budget -= kRegexCost;
      if (f.budget < 0) return out_of_steps();
      const Value result = o.function(args, f.arena, o.context);
      if (result.is(Tag::kString)) f.budget -= static_cast<int64_t>(result.size / 64);
      if (result.is(Tag::kList)) f.budget -= static_cast<int64_t>(result.list->items.size());
      return result;
    }
    const bool missing = std::any_of(args.begin(), args.end(), [](const Value& v) { return v.is(Tag::kNull); });
    return missing ? Value::error(missing_) : no_overload(name_, args, f.arena);
  }

 private:
  static constexpr int64_t kRegexCost = 1000;  // compiling a pattern takes some microseconds
  std::string name_;
  std::string missing_;  // written once, as it may happen at every event
  std::vector<Overload> overloads_;
  std::vector<EvalPtr> args_;
};

class Matches final : public Condition {
 public:
  Matches(EvalPtr text, std::unique_ptr<RE2> pattern) : text_(std::move(text)), pattern_(std::move(pattern)) {}
  Tri test(Frame& f) const override {
    const Value v = text_->eval(f);
    if (v.is(Tag::kString)) {
      f.budget -= static_cast<int64_t>(v.size / 16);
      if (f.budget >= 0) return RE2::PartialMatch(as_piece(v.str()), *pattern_) ? Tri::kTrue : Tri::kFalse;
      f.error = out_of_steps();
    } else {
      f.error = v.is(Tag::kNull) ? Value::error("no matching overload for `matches` on null") : v;
      if (!v.is(Tag::kNull) && !v.is_error()) f.error = no_overload("matches", std::array{v}, f.arena);
    }
    return Tri::kError;
  }

 private:
  EvalPtr text_;
  std::unique_ptr<RE2> pattern_;
};

// all, exists, exists_one, map and filter over a list's items or a map's keys.
class Loop final : public Eval {
 public:
  Loop(Macro macro, EvalPtr range, size_t local, EvalPtr predicate, EvalPtr transform)
      : macro_(macro),
        local_(local),
        range_(std::move(range)),
        predicate_(std::move(predicate)),
        transform_(std::move(transform)) {}

  Value eval(Frame& f) const override {
    const Value range = range_->eval(f);
    if (range.is_error()) return range;
    if (!range.is(Tag::kList) && !range.is(Tag::kMap)) {
      return make_error(f.arena, "a macro goes over a list or a map, not a ", name_of(range.tag));
    }
    const size_t n = range.is(Tag::kList) ? range.list->items.size() : range.map->entries.size();
    switch (macro_) {
      case Macro::kAll:
      case Macro::kExists:
        return search(f, range, n);
      case Macro::kExistsOne:
        return count_one(f, range, n);
      default:
        return build(f, range, n);
    }
  }

 private:
  bool turn(Frame& f, const Value& range, size_t i) const {
    f.locals[local_] = range.is(Tag::kList) ? range.list->items[i] : range.map->entries[i].key;
    return --f.budget >= 0;
  }

  Value search(Frame& f, const Value& range, size_t n) const {
    const Tri decisive = macro_ == Macro::kAll ? Tri::kFalse : Tri::kTrue;
    Value error;
    for (size_t i = 0; i < n; ++i) {
      if (!turn(f, range, i)) return out_of_steps();
      const Tri t = predicate_->test(f);
      if (t == decisive) return Value::boolean(t == Tri::kTrue);
      if (t == Tri::kError) error = f.error;
    }
    return error.is_error() ? error : Value::boolean(decisive == Tri::kFalse);
  }

  Value count_one(Frame& f, const Value& range, size_t n) const {
    size_t hits = 0;
    for (size_t i = 0; i < n; ++i) {
      if (!turn(f, range, i)) return out_of_steps();
      const Tri t = predicate_->test(f);
      if (t == Tri::kError) return f.error;
      hits += t == Tri::kTrue ? 1 : 0;
    }
    return Value::boolean(hits == 1);
  }

  Value build(Frame& f, const Value& range, size_t n) const {
    Value* out = f.arena.array<Value>(n);
    size_t size = 0;
    for (size_t i = 0; i < n; ++i) {
      if (!turn(f, range, i)) return out_of_steps();
      const Tri t = predicate_ ? predicate_->test(f) : Tri::kTrue;
      if (t == Tri::kError) return f.error;
      if (t == Tri::kFalse) continue;
      Value item = transform_ ? transform_->eval(f) : f.locals[local_];
      if (item.is_error()) return item;
      if (!spend(item, f.budget)) return out_of_steps();
      out[size++] = item;
    }
    return Value::of(new (f.arena.allocate(sizeof(List))) List{{out, size}});
  }

  Macro macro_;
  size_t local_;
  EvalPtr range_, predicate_, transform_;
};

}  // namespace

Tri Eval::test(Frame& f) const {
  const Value v = eval(f);
  if (v.is(Tag::kBool)) return v.b ? Tri::kTrue : Tri::kFalse;
  f.error = v.is_error() ? v : not_a_condition(v, f.arena);
  return Tri::kError;
}

Value Condition::eval(Frame& f) const {
  const Tri t = test(f);
  return t == Tri::kError ? f.error : Value::boolean(t == Tri::kTrue);
}

EvalPtr make_constant(Value v) { return std::make_unique<Constant>(v); }
EvalPtr make_variable(int slot) { return std::make_unique<VariableNode>(slot); }
EvalPtr make_local(size_t index) { return std::make_unique<Local>(index); }
EvalPtr make_operator(Op op, EvalPtr left, EvalPtr right) {
  return std::make_unique<Operator>(op, std::move(left), std::move(right));
}
EvalPtr make_negation(EvalPtr operand) { return std::make_unique<Negation>(std::move(operand)); }
EvalPtr make_not(EvalPtr operand) { return std::make_unique<Not>(std::move(operand)); }
EvalPtr make_conditional(EvalPtr condition, EvalPtr yes, EvalPtr no) {
  return std::make_unique<Conditional>(std::move(condition), std::move(yes), std::move(no));
}
EvalPtr make_list(std::vector<EvalPtr> items) { return std::make_unique<ListNode>(std::move(items)); }
EvalPtr make_map(std::vector<EvalPtr> parts) { return std::make_unique<MapNode>(std::move(parts)); }
EvalPtr make_select(EvalPtr from, std::string_view name) { return std::make_unique<Select>(std::move(from), name); }
EvalPtr make_has(EvalPtr from, std::string_view name) { return std::make_unique<Has>(std::move(from), name); }
EvalPtr make_entry(int slot, std::string_view key, bool nullable) {
  return std::make_unique<Entry>(slot, key, nullable);
}
EvalPtr make_call(std::string_view name, std::vector<Overload> overloads, std::vector<EvalPtr> args) {
  return std::make_unique<Call>(name, std::move(overloads), std::move(args));
}
EvalPtr make_matches(EvalPtr text, std::unique_ptr<RE2> pattern) {
  return std::make_unique<Matches>(std::move(text), std::move(pattern));
}
EvalPtr make_loop(Macro macro, EvalPtr range, size_t local, EvalPtr predicate, EvalPtr transform) {
  return std::make_unique<Loop>(macro, std::move(range), local, std::move(predicate), std::move(transform));
}

}  // namespace tocsin::expr
