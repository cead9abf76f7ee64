#include <simdjson.h>

#include "base/json_writer.h"
#include "runtime/pipeline.h"

namespace tocsin::runtime {
namespace {
constexpr std::string_view kKinds[] = {"acknowledge", "assign", "comment", "close"};

std::string text(const simdjson::dom::object& object, std::string_view key) {
  std::string_view v;
  return object[key].get(v) == simdjson::SUCCESS ? std::string(v) : std::string();
}
}  // namespace

std::string action_record(const alert::Action& a) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("alert", a.alert_id).field("action", kKinds[static_cast<size_t>(a.kind)]);
  w.field("by", a.by).field("to", a.to).field("outcome", a.outcome).field("note", a.note);
  w.key("at").integer(a.at).end_object();
  return out;
}

Result<alert::Action> parse_action_record(std::string_view payload) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(payload.data(), payload.size()).get(object) != simdjson::SUCCESS) {
    return invalid("an action must be a JSON object");
  }
  alert::Action a;
  const std::string kind = text(object, "action");
  const auto* it = std::find(std::begin(kKinds), std::end(kKinds), kind);
  if (it == std::end(kKinds))
    return invalid("unknown action \"" + kind + "\"; known: acknowledge, assign, comment, close");
  a.kind = static_cast<alert::ActionKind>(it - std::begin(kKinds));
  a.alert_id = text(object, "alert");
  a.by = text(object, "by");
  a.to = text(object, "to");
  a.outcome = text(object, "outcome");
  a.note = text(object, "note");
  if (object["at"].get(a.at) != simdjson::SUCCESS) a.at = kNoTime;
  return a;
}

}  // namespace tocsin::runtime
