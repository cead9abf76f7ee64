// JSON Schema of rule files, from the table of keys: for editors and for programs that write rules.
#include "base/json_writer.h"
#include "rule/rule_keys.h"

namespace tocsin::rule {
namespace {

constexpr std::string_view kSpanPattern = R"(^(\d+(ms|s|m|h|d|w))+$|^\d+(wd|wh)$)";
constexpr std::string_view kPlainSpanPattern = R"(^(\d+(ms|s|m|h|d|w))+$)";
constexpr std::string_view kOffsetPattern = R"(^\+?(\d+(ms|s|m|h|d|w))+$)";

class SchemaWriter {
 public:
  explicit SchemaWriter(std::string& out) : json_(out) {}

  void file() {
    json_.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
    json_.field("title", "Tocsin rules").field("type", "object");
    json_.key("required").begin_array().string("rules").end_array();
    json_.key("additionalProperties").boolean(false);
    json_.key("properties").begin_object().key("rules").begin_object().field("type", "array");
    json_.key("items").begin_object().field("$ref", "#/$defs/rule").end_object().end_object().end_object();
    json_.key("$defs").begin_object();
    json_.key("rule");
    rule();
    definitions();
    json_.end_object().end_object();
  }

 private:
  void rule() {
    json_.begin_object().field("type", "object").key("additionalProperties").boolean(false);
    json_.key("required").begin_array();
    for (const RuleKey& key : rule_keys()) {
      if (key.needed_by == kEveryKind) json_.string(key.name);
    }
    json_.end_array().key("properties").begin_object();
    for (const RuleKey& key : rule_keys()) {
      if (!key.available) continue;
      json_.key(key.name).begin_object();
      json_.field("description", std::string(key.doc) + " / " + std::string(key.zh));
      shape(key.shape);
      json_.end_object();
    }
    json_.end_object().key("allOf").begin_array();
    for (const detect::RuleKind kind : available_kinds()) of_kind(kind);
    json_.end_array().end_object();
  }

  // What a kind cannot do without, and what it has no use for.
  void of_kind(detect::RuleKind kind) {
    json_.begin_object().key("if").begin_object().key("properties").begin_object().key("kind").begin_object();
    json_.field("const", detect::name_of(kind)).end_object().end_object().end_object();
    json_.key("then").begin_object().key("required").begin_array();
    for (const RuleKey& key : rule_keys()) {
      if ((key.needed_by & kind_bit(kind)) != 0 && key.available) json_.string(key.name);
    }
    json_.end_array().key("properties").begin_object();
    for (const RuleKey& key : rule_keys()) {
      if ((key.kinds & kind_bit(kind)) == 0 && key.available) json_.key(key.name).boolean(false);
    }
    json_.end_object().end_object().end_object();
  }

  void pattern(std::string_view text) { json_.field("type", "string").field("pattern", text); }
  void reference(std::string_view name) { json_.field("$ref", "#/$defs/" + std::string(name)); }
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
      case Shape::kPause:
        members({{"from", "expression"}, {"to", "expression"}});
        break;
      case Shape::kTests:
        items("test");
        break;
      case Shape::kAny:
        break;
    }
  }

  void kinds() {
    json_.key("enum").begin_array();
    for (const detect::RuleKind kind : available_kinds()) json_.string(detect::name_of(kind));
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
    json_.key("defaults").begin_object().field("type", "object").end_object();
    json_.key("given").begin_object().field("type", "array").key("items").begin_object().field("type", "object");
    json_.key("required").begin_array().string("at").end_array().end_object().end_object();
    json_.key("expect").begin_object().key("anyOf").begin_array();
    json_.begin_object().field("const", "none").end_object().begin_object().field("type", "array");
    json_.key("items").begin_object().field("type", "object").end_object().end_object().end_array().end_object();
    json_.key("by").begin_object();
    reference("offset");
    json_.end_object().end_object().end_object();
  }

  JsonWriter json_;
};

}  // namespace

std::string rule_json_schema() {
  std::string out;
  SchemaWriter(out).file();
  out += "\n";
  return out;
}

}  // namespace tocsin::rule
