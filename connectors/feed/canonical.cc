// Canonical events, and the JSON Schema of feed files.
#include "base/json_writer.h"
#include "connectors/feed/feed.h"
#include "connectors/feed/feed_keys.h"
#include "event/event_reader.h"
#include "event/mask.h"

namespace tocsin::feed {
namespace {

class CanonicalDecoder final : public runtime::Decoder {
 public:
  explicit CanonicalDecoder(DecoderOptions options)
      : reader_(std::move(options.intake)), lateness_(options.lateness), name_(std::move(options.name)) {}

  bool decode(std::string_view payload, Arena& arena, Event& out, runtime::Rejection& why) override {
    if (reader_.read(payload, arena, out, refusal_)) return true;
    const bool blank = payload.find_first_not_of(" \t\r\n") == std::string_view::npos;
    why.reason = name_of(blank ? Reason::kSkipped : refusal_.reason);
    why.message = blank ? std::string() : std::move(refusal_.message);
    return false;
  }
  std::string masked(std::string_view payload) const override { return mask_payload(payload); }
  DurationMs lateness() const override { return lateness_; }
  std::string_view source_name() const override { return name_; }

 private:
  EventReader reader_;
  DurationMs lateness_;
  std::string name_;
  Refusal refusal_;
};

void names(JsonWriter& w, std::span<const std::string_view> values) {
  w.key("enum").begin_array();
  for (const std::string_view v : values) w.string(v);
  w.end_array();
}

void entries(JsonWriter& w) { w.key("additionalProperties").begin_object().field("type", "string").end_object(); }

void mapped_fields(JsonWriter& w) {
  w.field("type", "object").key("properties").begin_object();
  for (const FieldInfo& f : event_fields()) {
    if (!is_mapped(f.field)) continue;
    w.key(f.name).begin_object().field("description", f.doc);
    const bool list = f.field == Field::kValues || f.field == Field::kAttrs || f.field == Field::kFlags;
    if (list) {
      w.key("type").begin_array().string("string").string("object").end_array();
      entries(w);
    } else {
      w.field("type", "string");
    }
    w.end_object();
  }
  for (const std::string_view group : {"area", "location"}) {
    w.key(group).begin_object().field("type", "object");
    entries(w);
    w.end_object();
  }
  w.end_object().key("required").begin_array();
  for (const FieldInfo& f : event_fields()) {
    if (f.required && is_mapped(f.field)) w.string(f.name);
  }
  w.end_array().key("additionalProperties").boolean(false);
}

void shape(JsonWriter& w, std::string_view s) {
  if (s == "format") return names(w, kFormats);
  if (s == "encoding") return names(w, kEncodings);
  if (s == "crs") return names(w, kCrsNames);
  if (s == "fields") return mapped_fields(w);
  if (s == "text" || s == "expression") {
    w.field("type", "string");
  } else if (s == "names") {
    w.field("type", "array").key("items").begin_object().field("type", "string").end_object();
  } else if (s == "identities") {
    w.field("type", "object").key("properties").begin_object().key("respondent").begin_object();
    names(w, kRespondents);
    w.end_object().end_object().key("additionalProperties").boolean(false);
  } else if (s == "tables") {
    w.field("type", "object").key("additionalProperties").begin_object().field("type", "object");
    entries(w);
    w.end_object();
  } else {
    w.field("type", "object");
    entries(w);
  }
}

}  // namespace

Result<std::unique_ptr<runtime::Decoder>> make_canonical_decoder(DecoderOptions options) {
  if (options.lateness < 0) return invalid("the lateness of canonical events must not be negative");
  return std::unique_ptr<runtime::Decoder>(std::make_unique<CanonicalDecoder>(std::move(options)));
}

std::string feed_json_schema() {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema").field("title", "Tocsin feed");
  w.field("type", "object").key("properties").begin_object().key("feed").begin_object().field("type", "object");
  w.key("properties").begin_object();
  for (const FeedKey& k : feed_keys()) {
    w.key(k.name).begin_object().field("description", k.doc);
    shape(w, k.shape);
    w.end_object();
  }
  w.end_object().key("required").begin_array().string("format").string("fields").end_array();
  w.key("additionalProperties").boolean(false).end_object().end_object();
  w.key("required").begin_array().string("feed").end_array().key("additionalProperties").boolean(false).end_object();
  return out;
}

}  // namespace tocsin::feed
