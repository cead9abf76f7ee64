#include <algorithm>
#include <array>

#include "expr/env_impl.h"

namespace tocsin::expr {
const Variable* Env::Impl::variable(std::string_view name) const {
  const auto it = slots.find(name);
  return it == slots.end() ? nullptr : &variables[static_cast<size_t>(it->second)];
}

bool Env::Impl::is_prefix(std::string_view prefix) const {
  const std::string start = std::string(prefix) + ".";
  const auto it = slots.lower_bound(start);
  return it != slots.end() && it->first.starts_with(start);
}

const std::vector<Overload>* Env::Impl::overloads(std::string_view name) const {
  const auto it = functions.find(name);
  return it == functions.end() ? nullptr : &it->second;
}

Env::Env() {
  static const std::shared_ptr<Impl> kStandard = [] {
    Env env{Env::Empty{}};
    add_conversions(env);
    add_string_functions(env);
    add_time_functions(env);
    return env.impl_;
  }();
  impl_ = kStandard;
}

Env::Env(Empty) : impl_(std::make_shared<Impl>()) {}
Env::Env(const Env&) = default;
Env& Env::operator=(const Env&) = default;
Env::~Env() = default;

Env::Impl& Env::own() {
  if (impl_.use_count() > 1) impl_ = std::make_shared<Impl>(*impl_);
  return *impl_;
}

int Env::variable(std::string name, Type type, bool optional, std::string doc) {
  Impl& impl = own();
  const int slot = static_cast<int>(impl.variables.size());
  impl.slots[name] = slot;
  impl.variables.push_back({std::move(name), std::move(type), optional, false, std::move(doc)});
  return slot;
}

void Env::function(std::string name, bool receiver, std::vector<Type> params, Type result, Function f,
                   const void* context, std::string doc) {
  own().functions[std::move(name)].push_back(
      {receiver, std::move(params), std::move(result), f, context, std::move(doc), false});
}

void Env::nullable_result(std::string_view name) {
  for (Overload& o : own().functions.find(name)->second) o.nullable = true;
}

void Env::nullable_keys(int slot) { own().variables[static_cast<size_t>(slot)].nullable_keys = true; }

int Env::slot(std::string_view name) const {
  const auto it = impl_->slots.find(name);
  return it == impl_->slots.end() ? -1 : it->second;
}

size_t Env::variables() const { return impl_->variables.size(); }

Activation::Found Activation::find(int slot, std::string_view key, Value& out) const {
  const Value held = get(slot);
  if (held.is(Tag::kList)) {
    const bool found = std::any_of(held.list->items.begin(), held.list->items.end(),
                                   [&](const Value& v) { return v.is(Tag::kString) && v.str() == key; });
    return found ? Found::kYes : Found::kNo;
  }
  if (!held.is(Tag::kMap)) return Found::kNoCollection;
  for (const MapEntry& e : held.map->entries) {
    if (!e.key.is(Tag::kString) || e.key.str() != key) continue;
    out = e.value;
    return Found::kYes;
  }
  return Found::kNo;
}

bool type_by_name(std::string_view name, Value& out) {
  static constexpr std::array kTags = {Tag::kNull,   Tag::kBool,      Tag::kInt,      Tag::kUint,
                                       Tag::kDouble, Tag::kString,    Tag::kBytes,    Tag::kList,
                                       Tag::kMap,    Tag::kTimestamp, Tag::kDuration, Tag::kType};
  for (const Tag tag : kTags) {
    if (name_of(tag) != name) continue;
    out = Value::type(name_of(tag));
    return true;
  }
  return false;
}

bool accepts(const Type& want, const Value& got) {
  using K = Type::Kind;
  switch (want.kind) {
    case K::kDyn:
      return true;
    case K::kNull:
      return got.is(Tag::kNull);
    case K::kBool:
      return got.is(Tag::kBool);
    case K::kInt:
      return got.is(Tag::kInt);
    case K::kUint:
      return got.is(Tag::kUint);
    case K::kDouble:
      return got.is(Tag::kDouble);
    case K::kString:
      return got.is(Tag::kString);
    case K::kBytes:
      return got.is(Tag::kBytes);
    case K::kList:
      return got.is(Tag::kList);
    case K::kMap:
      return got.is(Tag::kMap);
    case K::kTimestamp:
      return got.is(Tag::kTimestamp);
    case K::kDuration:
      return got.is(Tag::kDuration);
    case K::kType:
      return got.is(Tag::kType);
    case K::kPoint:
      return got.is(Tag::kPoint);
    case K::kError:
      return false;
  }
  return false;
}

}  // namespace tocsin::expr
