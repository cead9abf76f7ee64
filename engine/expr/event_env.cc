#include "expr/event_env.h"

#include "event/fields.h"

namespace tocsin::expr {
namespace {

using K = Type::Kind;

Type type_of(FieldType type) {
  switch (type) {
    case FieldType::kString:
      return Type::of(K::kString);
    case FieldType::kInt:
      return Type::of(K::kInt);
    case FieldType::kDouble:
      return Type::of(K::kDouble);
    case FieldType::kTime:
      return Type::of(K::kTimestamp);
    case FieldType::kLocation:
      return Type::of(K::kPoint);
    case FieldType::kStringList:
      return Type::list(Type::of(K::kString));
    case FieldType::kNumberMap:
      return Type::map(Type::of(K::kString), Type::of(K::kDouble));
    case FieldType::kStringMap:
      return Type::map(Type::of(K::kString), Type::of(K::kString));
  }
  return {};
}

Value text(std::string_view s) { return s.empty() ? Value() : Value::string(s); }
Value time(TimeMs t) { return t == kNoTime ? Value() : Value::timestamp(t); }
Value number(double d) { return std::isnan(d) ? Value() : Value::number(d); }
Value positive(int64_t i) { return i > 0 ? Value::integer(i) : Value(); }

Value list_of(std::span<const std::string_view> texts, Arena& arena) {
  Value* items = arena.array<Value>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) items[i] = Value::string(texts[i]);
  return Value::of(new (arena.allocate(sizeof(List))) List{{items, texts.size()}});
}

template <typename Named, typename Make>
Value map_of(std::span<const Named> named, Arena& arena, Make&& make) {
  MapEntry* entries = arena.array<MapEntry>(named.size());
  for (size_t i = 0; i < named.size(); ++i) entries[i] = {Value::string(named[i].name), make(named[i].value)};
  return Value::of(new (arena.allocate(sizeof(Map))) Map{{entries, named.size()}});
}

template <typename Named, typename Make>
Activation::Found find_in(std::span<const Named> named, std::string_view key, Make&& make, Value& out) {
  for (const Named& n : named) {
    if (n.name != key) continue;
    out = make(n.value);
    return Activation::Found::kYes;
  }
  return Activation::Found::kNo;
}

Value location(const Event& e) { return e.has_location() ? Value::point({e.lon, e.lat}) : Value(); }

}  // namespace

Env event_env(const TimeZone& zone) {
  Env env;
  add_engine_functions(env, zone);
  for (const FieldInfo& field : event_fields()) {
    const bool collection = field.type == FieldType::kStringList || field.type == FieldType::kNumberMap ||
                            field.type == FieldType::kStringMap;
    // A list or map without entries is empty, never missing.
    const bool optional = !field.required && !collection;
    const int slot = env.variable(std::string(field.name), type_of(field.type), optional, std::string(field.doc));
    if (collection && field.type != FieldType::kStringList) env.nullable_keys(slot);
  }
  return env;
}

Value EventActivation::get(int slot) const {
  const Event& e = event_;
  switch (static_cast<Field>(slot)) {
    case Field::kId:
      return Value::string(e.id);
    case Field::kRevision:
      return Value::integer(e.revision);
    case Field::kSource:
      return Value::string(e.source);
    case Field::kKind:
      return Value::string(name_of(e.kind));
    case Field::kCase:
      return text(e.case_id);
    case Field::kOccurredAt:
      return time(e.occurred_at);
    case Field::kReportedAt:
      return time(e.reported_at);
    case Field::kCategory:
      return Value::string(e.category);
    case Field::kSourceCategory:
      return text(e.source_category);
    case Field::kGrade:
      return positive(e.grade);
    case Field::kStage:
      return text(name_of(e.stage));
    case Field::kDueAt:
      return time(e.due_at);
    case Field::kAreaCity:
      return text(e.city);
    case Field::kAreaTown:
      return text(e.town);
    case Field::kAreaVillage:
      return text(e.village);
    case Field::kAreaGrid:
      return text(e.grid);
    case Field::kAreaMicrogrid:
      return text(e.microgrid);
    case Field::kLocation:
      return location(e);
    case Field::kLocationLon:
      return number(e.lon);
    case Field::kLocationLat:
      return number(e.lat);
    case Field::kLocationAccuracy:
      return number(e.accuracy_m);
    case Field::kPlace:
      return text(e.place);
    case Field::kReporter:
      return text(e.reporter);
    case Field::kSubject:
      return text(e.subject);
    case Field::kRespondent:
      return text(e.respondent);
    case Field::kDuty:
      return text(e.duty);
    case Field::kPeople:
      return e.people < 0 ? Value() : Value::integer(e.people);
    case Field::kText:
      return text(e.text);
    case Field::kFlags:
      return list_of(e.flags, arena_);
    case Field::kSatisfaction:
      return positive(e.satisfaction);
    case Field::kValues:
      return map_of(e.values, arena_, Value::number);
    case Field::kAttrs:
      return map_of(e.attrs, arena_, Value::string);
    case Field::kCount_:
      break;
  }
  const auto i = static_cast<size_t>(slot) - static_cast<size_t>(Field::kCount_);
  return slot >= static_cast<int>(Field::kCount_) && i < extra_.size() ? extra_[i] : Value();
}

Activation::Found EventActivation::find(int slot, std::string_view key, Value& out) const {
  if (slot == static_cast<int>(Field::kFlags)) {
    for (const std::string_view flag : event_.flags) {
      if (flag == key) return Found::kYes;
    }
    return Found::kNo;
  }
  if (slot == static_cast<int>(Field::kValues)) return find_in(event_.values, key, Value::number, out);
  if (slot == static_cast<int>(Field::kAttrs)) return find_in(event_.attrs, key, Value::string, out);
  return Activation::find(slot, key, out);
}

}  // namespace tocsin::expr
