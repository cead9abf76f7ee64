#include "event/event_schema.h"

#include "base/json_writer.h"
#include "event/coordinates.h"
#include "event/event.h"
#include "event/event_reader.h"
#include "event/fields.h"

namespace tocsin {
namespace {

void names(JsonWriter& w, std::span<const std::string_view> values) {
  w.key("enum").begin_array();
  for (const std::string_view v : values) w.string(v);
  w.end_array();
}

// What a field may hold beyond its type.
void constraints(JsonWriter& w, Field field) {
  switch (field) {
    case Field::kId:
    case Field::kSource:
    case Field::kCategory:
      w.field("minLength", 1).field("maxLength", 512);
      break;
    case Field::kRevision:
    case Field::kPeople:
    case Field::kLocationAccuracy:
      w.field("minimum", int64_t{0});
      break;
    case Field::kGrade:
      w.field("minimum", 1).field("maximum", 4);
      break;
    case Field::kSatisfaction:
      w.field("minimum", 1).field("maximum", 5);
      break;
    case Field::kKind:
      names(w, event_kind_names());
      break;
    case Field::kStage:
      names(w, stage_names());
      break;
    case Field::kAreaCity:
      w.field("pattern", "^[0-9]{6}$");
      break;
    case Field::kAreaTown:
      w.field("pattern", "^[0-9]{9}$");
      break;
    case Field::kAreaVillage:
      w.field("pattern", "^[0-9]{12}$");
      break;
    case Field::kLocationLon:
      w.field("minimum", -180).field("maximum", 180);
      break;
    case Field::kLocationLat:
      w.field("minimum", -90).field("maximum", 90);
      break;
    default:
      break;
  }
}

void type(JsonWriter& w, FieldType t) {
  switch (t) {
    case FieldType::kString:
      w.field("type", "string");
      break;
    case FieldType::kInt:
      w.field("type", "integer");
      break;
    case FieldType::kDouble:
      w.field("type", "number");
      break;
    case FieldType::kTime:
      w.key("oneOf").begin_array();
      w.begin_object().field("type", "string").field("format", "date-time").end_object();
      w.begin_object().field("type", "integer").field("description", "epoch milliseconds").end_object();
      w.end_array();
      break;
    case FieldType::kStringList:
      w.field("type", "array").field("maxItems", static_cast<int64_t>(kMaxFlags));
      w.key("items").begin_object().field("type", "string").end_object();
      break;
    case FieldType::kNumberMap:
      w.field("type", "object").field("maxProperties", static_cast<int64_t>(kMaxValues));
      w.key("additionalProperties").begin_object().field("type", "number").end_object();
      break;
    case FieldType::kStringMap:
      w.field("type", "object").field("maxProperties", static_cast<int64_t>(kMaxAttrs));
      w.key("additionalProperties").begin_object().field("type", "string").end_object();
      break;
    case FieldType::kLocation:
      w.field("type", "object");
      break;
  }
}

void describe(JsonWriter& w, const FieldInfo& f) { w.field("title", f.zh).field("description", f.doc); }

void property(JsonWriter& w, const FieldInfo& f, std::string_view name) {
  w.key(name).begin_object();
  describe(w, f);
  type(w, f.type);
  constraints(w, f.field);
  w.end_object();
}

// `area` and `location`: the fields below a prefix as one object.
void group(JsonWriter& w, std::string_view name) {
  const std::string prefix = std::string(name) + ".";
  w.key(name).begin_object().field("type", "object");
  for (const FieldInfo& f : event_fields()) {
    if (f.name == name) describe(w, f);
  }
  w.key("properties").begin_object();
  for (const FieldInfo& f : event_fields()) {
    if (f.name.starts_with(prefix)) property(w, f, f.name.substr(prefix.size()));
  }
  if (name == "location") {
    w.key("crs").begin_object();
    static constexpr std::string_view kCrs[] = {"wgs84", "gcj02", "bd09"};
    names(w, kCrs);
    w.end_object();
  }
  w.end_object();
  if (name == "location") w.key("required").begin_array().string("lon").string("lat").end_array();
  w.key("additionalProperties").boolean(false).end_object();
}

}  // namespace

std::string event_json_schema() {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
  w.field("title", "Tocsin event").field("type", "object").key("properties").begin_object();
  std::string_view last;
  for (const FieldInfo& f : event_fields()) {
    const std::string_view name = f.name.substr(0, f.name.find('.'));
    if (name == last) continue;
    last = name;
    if (name == "area" || name == "location") {
      group(w, name);
    } else {
      property(w, f, name);
    }
  }
  w.end_object().key("required").begin_array();
  for (const FieldInfo& f : event_fields()) {
    if (f.required) w.string(f.name);
  }
  w.end_array().key("additionalProperties").boolean(false).end_object();
  return out;
}

}  // namespace tocsin
