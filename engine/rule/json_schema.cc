// JSON Schema of rule files, from the table of keys: for editors and for programs that write rules.
#include <array>

#include "base/json_writer.h"
#include "event/fields.h"
#include "rule/rule_keys.h"
#include "rule/scope.h"

namespace tocsin::rule {
namespace {

constexpr std::string_view kSpanPattern = R"(^(\d+(ms|s|m|h|d|w))+$|^\d+(wd|wh)$)";
constexpr std::string_view kPlainSpanPattern = R"(^(\d+(ms|s|m|h|d|w))+$)";
constexpr std::string_view kOffsetPattern = R"(^\+?(\d+(ms|s|m|h|d|w))+$)";

// What an expression is for: where its names come from, and what it must give. "any" is any single value.
struct Typing {
  std::string_view key, scope, result;
};
constexpr std::array<Typing, 15> kTypings = {{{"where", "event", "bool"},
                                              {"key", "event", "any"},
                                              {"after", "event", "bool"},
                                              {"expect", "event", "bool"},
                                              {"until", "event", "timestamp"},
                                              {"pause", "event", "bool"},
                                              {"settled", "event", "bool"},
                                              {"params", "event", "any"},
                                              {"fire", "aggregate", "bool"},
                                              {"severity", "aggregate", "bool"},
                                              {"resolve", "aggregate", "bool"},
                                              {"measure", "aggregate", "number"},
                                              {"same", "pair", "bool"},
                                              {"steps", "event", "bool"},
                                              {"summary", "aggregate", "text"}}};

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::kString:
      return "string";
    case FieldType::kInt:
      return "int";
    case FieldType::kDouble:
      return "double";
    case FieldType::kTime:
      return "timestamp";
    case FieldType::kLocation:
      return "point";
    case FieldType::kStringList:
      return "list(string)";
    case FieldType::kNumberMap:
      return "map(string, double)";
    case FieldType::kStringMap:
      return "map(string, string)";
  }
  return "";
}

class SchemaWriter {
 public:
  explicit SchemaWriter(std::string& out) : json_(out) {}

  void file() {
    json_.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.field("title", "Tocsin rules").field("type", "object");
    json_.key("anyOf").begin_array();
    for (const std::string_view key : {"rules", "policies"}) {
      json_.begin_object().key("required").begin_array().string(key).end_array().end_object();
    }
    json_.end_array();
    json_.key("additionalProperties").boolean(false);
    json_.key("properties").begin_object().key("rules").begin_object().field("type", "array");
    json_.key("items").begin_object().field("$ref", "#/$defs/rule").end_object().end_object();
    json_.key("policies").begin_object().field("type", "array");
    json_.key("items").begin_object().field("$ref", "#/$defs/policy").end_object().end_object().end_object();
    json_.key("$defs").begin_object();
    json_.key("rule");
    rule();
    json_.key("policy");
    policy();
    definitions();
    json_.end_object();
    scopes();
    json_.end_object();
  }

 private:
  void text_list(std::string_view key, std::span<const std::string_view> among = {}) {
    json_.key(key).begin_object().field("type", "array").key("items").begin_object();
    among.empty() ? static_cast<void>(json_.field("type", "string")) : names(among);
    json_.end_object().end_object();
  }

  // What a file says of many rules.
  void policy() {
    json_.begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("properties").begin_object();
    for (const std::string_view key : {"rules", "inhibits", "inhibited_by"}) text_list(key);
    text_list("group", group_names());
    json_.key("silences").begin_object().field("type", "array").key("items").begin_object().field("type", "object");
    json_.key("required").begin_array();
    for (const std::string_view key : {"id", "by", "reason", "until"}) json_.string(key);
    json_.end_array().key("additionalProperties").boolean(false).key("properties").begin_object();
    for (const std::string_view key : {"id", "by", "reason", "from", "until", "area"}) {
      json_.key(key).begin_object().field("type", "string").end_object();
    }
    json_.key("severity").begin_object();
    names(severity_names());
    json_.end_object().end_object().end_object().end_object().end_object().end_object();
  }

  void rule() {
    json_.begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("required").begin_array();
    for (const RuleKey& key : rule_keys()) {
      if (key.needed_by == kEveryKind) json_.string(key.name);
    }
    json_.end_array().key("properties").begin_object();
    for (const RuleKey& key : rule_keys()) {
      json_.key(key.name).begin_object();
      json_.field("description", std::string(key.doc) + " / " + std::string(key.zh));
      key_ = key.name;
      shape(key.shape);
      json_.end_object();
    }
    json_.end_object().key("allOf").begin_array();
    for (const detect::RuleKind kind : rule_kinds()) of_kind(kind);
    json_.end_array().end_object();
  }

  // What a kind cannot do without, and what it has no use for.
  void of_kind(detect::RuleKind kind) {
    json_.begin_object().key("if").begin_object().key("properties").begin_object().key("kind").begin_object();
    json_.field("const", detect::name_of(kind)).end_object().end_object().end_object();
    json_.key("then").begin_object().key("required").begin_array();
    for (const RuleKey& key : rule_keys()) {
      if ((key.needed_by & kind_bit(kind)) != 0) json_.string(key.name);
    }
    json_.end_array().key("properties").begin_object();
    for (const RuleKey& key : rule_keys()) {
      if ((key.kinds & kind_bit(kind)) == 0) json_.key(key.name).boolean(false);
    }
    json_.end_object().end_object().end_object();
  }

  void pattern(std::string_view text) { json_.field("type", "string").field("pattern", text); }
  void reference(std::string_view name) {
    json_.field("$ref", "#/$defs/" + std::string(name));
    if (name == "expression") typed();
  }
  // For editors: `format` tells that it is an expression, `x-tocsin-type` what it may name (see x-tocsin-scopes) and
  // what it must give.
  void typed() {
    for (const Typing& t : kTypings) {
      if (t.key != key_) continue;
      json_.field("format", "tocsin-expression").key("x-tocsin-type").begin_object();
      json_.field("scope", t.scope).field("result", t.result).end_object();
    }
  }
  // A text with {{expressions}} in it.
  void text_template() {
    json_.field("format", "tocsin-template").key("x-tocsin-type").begin_object();
    json_.field("scope", "aggregate").field("result", "text").end_object();
  }
  void names(std::span<const std::string_view> values) {
    json_.key("enum").begin_array();
    for (const std::string_view value : values) json_.string(value);
    json_.end_array();
  }
  void items(std::string_view name) {
    json_.field("type", "array").key("items").begin_object();
    reference(name);
    json_.end_object();
  }

  void shape(Shape shape) {
    switch (shape) {
      case Shape::kText:
        json_.field("type", "string");
        break;
      case Shape::kWord:
        pattern("^[a-z0-9][a-z0-9-]{0,63}$");
        break;
      case Shape::kInteger:
        json_.field("type", "integer").key("minimum").integer(1);
        break;
      case Shape::kBilingual:
        reference("text");
        if (key_ == "summary" || key_ == "advice") text_template();
        break;
      case Shape::kTier:
        names(tier_names());
        break;
      case Shape::kMode:
        names(mode_names());
        break;
      case Shape::kKind:
        kinds();
        break;
      case Shape::kNames:
        reference("names");
        break;
      case Shape::kExpression:
        reference("expression");
        break;
      case Shape::kExpressions:
        json_.key("anyOf").begin_array().begin_object();
        reference("expression");
        json_.end_object().begin_object();
        items("expression");
        json_.end_object().end_array();
        break;
      case Shape::kSpan:
        pattern(kSpanPattern);
        break;
      case Shape::kDistance:
        pattern(R"(^\d+(\.\d+)?(m|km)$)");
        break;
      case Shape::kParams:
        params();
        break;
      case Shape::kSeverity:
        severity();
        break;
      case Shape::kUpdate:
        members({{"every", "duration"}, {"on", "word"}});
        break;
      case Shape::kResolve:
        members({{"quiet", "duration"}, {"when", "expression"}, {"keep", "duration"}});
        break;
      case Shape::kAgainst:
        members({{"hour_of_week", "duration"}, {"previous", "duration"}});
        break;
      case Shape::kPause:
        members({{"from", "expression"}, {"to", "expression"}});
        break;
      case Shape::kSettled:
        members({{"by", "expression"}, {"undone", "expression"}});
        break;
      case Shape::kSteps:
        steps();
        break;
      case Shape::kEach:
        members({{"table", "word"}, {"where", "expression"}, {"every", "word"}});
        break;
      case Shape::kExtend:
        members({{"when", "expression"}, {"until", "expression"}});
        break;
      case Shape::kExpect:
        expect();
        break;
      case Shape::kTests:
        items("test");
        break;
      case Shape::kAny:
        break;
    }
  }

  // One expression; with `each`, {of, at_least} by name.
  void expect() {
    json_.key("anyOf").begin_array().begin_object();
    reference("expression");
    json_.end_object().begin_object().field("type", "object").key("additionalProperties").begin_object();
    json_.field("type", "object").key("required").begin_array().string("of").end_array();
    json_.key("additionalProperties").boolean(false).key("properties").begin_object().key("of").begin_object();
    reference("expression");
    json_.end_object().key("at_least").begin_object().field("type", "integer").key("minimum").integer(1);
    json_.end_object().end_object().end_object().end_object().end_array();
  }

  void kinds() {
    json_.key("enum").begin_array();
    for (const detect::RuleKind kind : rule_kinds()) json_.string(detect::name_of(kind));
    json_.end_array();
  }

  void members(std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
    json_.field("type", "object").key("additionalProperties").boolean(false).key("properties").begin_object();
    for (const auto& [name, type] : keys) {
      json_.key(name).begin_object();
      reference(type);
      json_.end_object();
    }
    json_.end_object();
  }

  void steps() {
    json_.field("type", "array").key("minItems").integer(2).key("maxItems").integer(int64_t{detect::kMaxSteps});
    json_.key("items").begin_object().field("type", "object");
    json_.key("minProperties").integer(1).key("maxProperties").integer(1);
    json_.key("propertyNames").begin_object().field("pattern", "^[A-Za-z_][A-Za-z0-9_]*$").end_object();
    json_.key("additionalProperties").begin_object();
    reference("expression");
    json_.end_object().end_object();
  }

  void params() {
    json_.field("type", "object").key("additionalProperties").begin_object().key("anyOf").begin_array();
    json_.begin_object();
    reference("value");
    json_.end_object().begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("required").begin_array().string("default").end_array().key("properties").begin_object();
    json_.key("default").begin_object();
    reference("value");
    json_.end_object().key("by").begin_object();
    reference("expression");
    json_.end_object()
        .key("override")
        .begin_object()
        .field("type", "object")
        .key("additionalProperties")
        .begin_object();
    reference("value");
    json_.end_object().end_object().end_object().end_object().end_array().end_object();
  }

  void severity() {
    json_.key("anyOf").begin_array().begin_object();
    names(severity_names());
    json_.end_object().begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("minProperties").integer(1).key("properties").begin_object();
    for (const std::string_view name : severity_names()) {
      json_.key(name).begin_object();
      reference("expression");
      json_.end_object();
    }
    json_.end_object().end_object().end_array();
  }

  void definitions() {
    json_.key("expression").begin_object().field("description", "CEL; see rules/README.md").key("type").begin_array();
    json_.string("string").string("boolean").string("number").end_array().end_object();
    json_.key("value").begin_object().key("type").begin_array();
    json_.string("string").string("boolean").string("number").end_array().end_object();
    json_.key("word").begin_object().field("type", "string").end_object();
    json_.key("duration").begin_object();
    pattern(kPlainSpanPattern);
    json_.end_object().key("offset").begin_object();
    pattern(kOffsetPattern);
    json_.end_object().key("text").begin_object().key("anyOf").begin_array();
    json_.begin_object().field("type", "string").end_object().begin_object();
    members({{"zh", "word"}, {"en", "word"}});
    json_.end_object().end_array().end_object();
    json_.key("names").begin_object().key("anyOf").begin_array();
    json_.begin_object().field("type", "string").end_object().begin_object();
    items("word");
    json_.end_object().end_array().end_object();
    test();
  }

  void test() {
    json_.key("test").begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("required").begin_array().string("name").string("given").string("expect").end_array();
    json_.key("properties").begin_object();
    json_.key("name").begin_object().field("type", "string").end_object();
    json_.key("start").begin_object().field("type", "string").end_object();
    json_.key("defaults").begin_object();
    event({});
    json_.end_object().key("tables").begin_object().field("type", "object").end_object();
    json_.key("given").begin_object().field("type", "array").key("items").begin_object();
    event("at");
    json_.end_object().end_object();
    json_.key("expect").begin_object().key("anyOf").begin_array();
    json_.begin_object().field("const", "none").end_object().begin_object().field("type", "array");
    json_.key("minItems").integer(1).key("items").begin_object();
    transition();
    json_.end_object().end_object().end_array().end_object();
    json_.key("by").begin_object();
    reference("offset");
    json_.end_object().end_object().end_object();
  }

  // An event of a test, or defaults of one.
  void event(std::string_view required) {
    json_.field("type", "object").key("additionalProperties").boolean(false);
    if (!required.empty()) json_.key("required").begin_array().string(required).end_array();
    json_.key("properties").begin_object();
    json_.key("at").begin_object();
    reference("offset");
    json_.end_object();
    if (!required.empty()) {  // an event that comes again
      json_.key("every").begin_object().field("type", "string").end_object().key("until").begin_object();
      reference("offset");
      json_.end_object();
    }
    for (const std::string_view name : {"area", "location"}) {
      json_.key(name).begin_object().key("type").begin_array().string("object");
      if (name == "location") json_.string("array");
      json_.end_array().end_object();
    }
    for (const FieldInfo& f : event_fields()) {
      if (f.name.find('.') != std::string_view::npos || f.name == "location") continue;
      json_.key(f.name).begin_object();
      json_.field("description", std::string(f.doc) + " / " + std::string(f.zh)).end_object();
    }
    json_.end_object();
  }

  void transition() {
    constexpr std::array<std::string_view, 4> kColoured = {"opened", "escalated", "deescalated", "reopened"};
    constexpr std::array<std::string_view, 6> kOthers = {"updated",  "acknowledged", "assigned",
                                                         "resolved", "closed",       "amended"};
    json_.field("type", "object").key("additionalProperties").boolean(false).key("minProperties").integer(1);
    json_.key("properties").begin_object().key("at").begin_object();
    reference("offset");
    json_.end_object().key("values").begin_object().field("type", "object").end_object();
    json_.key("key").begin_object().end_object().key("summary").begin_object().field("type", "string").end_object();
    for (const std::string_view type : kColoured) {
      json_.key(type).begin_object().key("enum").begin_array();
      for (const std::string_view severity : severity_names()) json_.string(severity);
      json_.boolean(true).null().end_array().end_object();
    }
    for (const std::string_view type : kOthers) {
      json_.key(type).begin_object().key("type").begin_array();
      json_.string("string").string("boolean").string("null").end_array().end_object();
    }
    json_.end_object();
  }

  void name(std::string_view name, std::string_view type, std::string_view doc, std::string_view zh) {
    json_.begin_object().field("name", name).field("type", type);
    json_.field("description", std::string(doc) + " / " + std::string(zh)).end_object();
  }

  // The names of each scope, for completion; params are the rule's own.
  void scopes() {
    json_.key("x-tocsin-scopes").begin_object().key("event").begin_array();
    for (const FieldInfo& f : event_fields()) name(f.name, type_name(f.type), f.doc, f.zh);
    json_.end_array().key("aggregate").begin_object().key("aggregates").begin_array();
    for (const std::string_view aggregate : AggregateScope::aggregate_names()) json_.string(aggregate);
    json_.end_array().key("values").begin_object();
    for (const detect::RuleKind kind : rule_kinds()) {
      json_.key(detect::name_of(kind)).begin_array();
      for (const detect::KindValue& v : detect::kind_values(kind)) {
        name(v.name, expr::to_string(expr::Type::of(v.type)), v.doc, v.zh);
      }
      json_.end_array();
    }
    json_.end_object().end_object().end_object();
  }

  JsonWriter json_;
  std::string_view key_;  // of the rule, whose value is being described
};

}  // namespace

std::string rule_json_schema() {
  std::string out;
  SchemaWriter(out).file();
  out += "\n";
  return out;
}

}  // namespace tocsin::rule
