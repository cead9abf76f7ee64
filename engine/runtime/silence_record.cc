#include "runtime/silence_record.h"

#include <simdjson.h>

#include "base/json_writer.h"

namespace tocsin::runtime {
namespace {

std::string text(const simdjson::dom::object& object, std::string_view key) {
  std::string_view v;
  return object[key].get(v) == simdjson::SUCCESS ? std::string(v) : std::string();
}

void write_matchers(JsonWriter& w, const rule::Silence& s) {
  w.key("rules").begin_array();
  for (const std::string& rule : s.rules) w.string(rule);
  w.end_array().field("area", s.area).field("severity", detect::name_of(s.at_most));
}

}  // namespace

std::string silence_record(const SilenceRecord& r) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("action", r.ends ? "unsilence" : "silence").field("silence", r.silence.id);
  w.field("by", r.silence.by);
  if (!r.ends) {
    w.field("note", r.silence.reason).key("until").integer(r.silence.until);
    write_matchers(w, r.silence);
  }
  w.key("at").integer(r.at).end_object();
  return out;
}

std::optional<Result<SilenceRecord>> parse_silence_record(std::string_view payload) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(payload.data(), payload.size()).get(object) != simdjson::SUCCESS) return std::nullopt;
  const std::string action = text(object, "action");
  if (action != "silence" && action != "unsilence") return std::nullopt;
  SilenceRecord r;
  r.ends = action == "unsilence";
  r.silence.id = text(object, "silence");
  r.silence.by = text(object, "by");
  if (object["at"].get(r.at) != simdjson::SUCCESS) r.at = kNoTime;
  if (r.silence.id.empty()) return Result<SilenceRecord>(invalid("a silence has an id, in `silence`"));
  if (r.ends) return Result<SilenceRecord>(std::move(r));
  r.silence.reason = text(object, "note");
  r.silence.area = text(object, "area");
  if (object["until"].get(r.silence.until) != simdjson::SUCCESS) {
    return Result<SilenceRecord>(invalid("a silence has an end, in `until`"));
  }
  simdjson::dom::array rules;
  if (object["rules"].get(rules) == simdjson::SUCCESS) {
    for (const auto rule : rules) {
      std::string_view id;
      if (rule.get(id) == simdjson::SUCCESS) r.silence.rules.emplace_back(id);
    }
  }
  const std::string severity = text(object, "severity");
  if (!severity.empty() && !detect::parse_severity(severity, r.silence.at_most)) {
    return Result<SilenceRecord>(invalid("unknown severity \"" + severity + "\"; known: blue, yellow, orange, red"));
  }
  return Result<SilenceRecord>(std::move(r));
}

std::string silence_json(const rule::Silence& s) {
  std::string out;
  JsonWriter w(out);
  const auto time = [&](std::string_view name, TimeMs t) {
    w.key(name);
    t == kNoTime || t == kNever ? static_cast<void>(w.null()) : static_cast<void>(w.string(format_time(t)));
  };
  w.begin_object().field("id", s.id).field("by", s.by).field("reason", s.reason);
  time("from", s.from);
  time("until", s.until);
  write_matchers(w, s);
  w.key("in_file").boolean(s.in_file).end_object();
  return out;
}

}  // namespace tocsin::runtime
