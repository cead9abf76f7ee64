#include "runtime/alert_stage.h"

#include <simdjson.h>

#include <algorithm>

namespace tocsin::runtime {
namespace {

using alert::Transition;

// One operation on a rule over alerts that an event of its other sources has caused, with its place in the order.
struct Placed {
  TimeMs watermark;
  uint64_t position;
  std::string_view bytes;  // the operation as it stands in the delta
};

Placed place_of(const DeltaOp& op, Arena& arena) {
  arena.reset();
  if (op.op == Op::kRetract) {
    const Retraction r = decode_retraction(op.body, arena);
    return {r.cause.watermark, r.cause.position, {}};
  }
  if (op.op == Op::kAction) {
    const PlacedAction a = decode_action(op.body);
    return {a.watermark, a.position, {}};
  }
  Reader in(op.body);
  const detect::Row row = detect::decode_row(in, arena);
  return {row.watermark, row.position, {}};
}

std::vector<Placed> placed_operations(std::string_view fresh, const std::vector<rule::Rule>& rules, Arena& arena) {
  std::vector<Placed> out;
  DeltaReader in(fresh);
  DeltaOp op;
  for (size_t begin = 0; in.next(op); begin = fresh.size() - in.remaining()) {
    const bool keyed = op.op == Op::kRow || op.op == Op::kLateRow || op.op == Op::kRetract || op.op == Op::kAction;
    if (!keyed || op.rule >= rules.size() || !rules[op.rule].reads_alerts) continue;
    Placed placed = place_of(op, arena);
    placed.bytes = fresh.substr(begin, fresh.size() - in.remaining() - begin);
    out.push_back(placed);
  }
  return out;
}

// Members of the alert that its transition carries only in JSON.
struct Told {
  std::string_view reason, summary;
  std::vector<NamedNumber> values;
};

Told told_of(const Transition& t, simdjson::dom::parser& parser, Arena& arena) {
  Told out;
  simdjson::dom::element data;
  if (parser.parse(t.json)["data"].get(data) != simdjson::SUCCESS) return out;
  std::string_view text;
  if (data["reason"].get(text) == simdjson::SUCCESS) out.reason = arena.copy(text);
  for (const char* language : {"zh", "en"}) {
    if (out.summary.empty() && data["summary"][language].get(text) == simdjson::SUCCESS) {
      out.summary = arena.copy(text);
    }
  }
  simdjson::dom::object values;
  if (data["values"].get(values) != simdjson::SUCCESS) return out;
  for (const auto& [name, value] : values) {
    double number = 0;
    if (value.get(number) == simdjson::SUCCESS) out.values.push_back({arena.copy(name), number});
  }
  return out;
}

template <typename T>
std::span<const T> put(Arena& arena, const std::vector<T>& items) {
  T* out = arena.array<T>(items.size());
  std::copy(items.begin(), items.end(), out);
  return {out, items.size()};
}

}  // namespace

Event event_of(const Transition& t, const rule::Rule& rule, Arena& arena) {
  simdjson::dom::parser parser;
  Told told = told_of(t, parser, arena);
  Event e;
  e.id = arena.copy(t.alert_id + "/" + std::to_string(t.seq));
  e.source = "alerts";
  const bool opens = t.type == alert::TransitionType::kOpened || t.type == alert::TransitionType::kReopened;
  e.kind = opens ? EventKind::kReport : EventKind::kTransition;
  e.category = arena.copy("alert." + rule.id);
  e.occurred_at = std::max(t.time, t.tag.time);
  e.reported_at = t.time;
  e.case_id = t.alert_id;
  e.place = arena.copy(t.alert_id);
  e.city = t.city;
  e.town = t.town;
  e.village = t.village;
  e.grid = t.grid;
  if (t.has_location) {
    e.lon = t.lon;
    e.lat = t.lat;
  }
  e.text = told.summary;
  told.values.push_back({"severity", static_cast<double>(t.severity)});
  e.values = put(arena, told.values);
  e.attrs = put(arena, std::vector<NamedText>{{"alert", t.alert_id},
                                              {"owner", rule.owner},
                                              {"reason", told.reason},
                                              {"rule", rule.id},
                                              {"severity", detect::name_of(t.severity)},
                                              {"status", alert::name_of(t.status)},
                                              {"type", alert::name_of(t.type)}});
  return e;
}

std::string AlertStage::build(std::string_view fresh, std::span<const Transition> stream, TimeMs watermark,
                              Router& router, std::string& delta) {
  const auto& rules = rules_->rules();
  std::string inner;
  const std::vector<Placed> operations = placed_operations(fresh, rules, arena_);
  auto next = operations.begin();
  for (const Transition& t : stream) {
    // An event before what it has caused; timers of an instant after the events that brought time there.
    const auto before = [&](const Placed& p) {
      return p.watermark != t.tag.time ? p.watermark < t.tag.time : t.tag.phase > 0 || p.position <= t.tag.position;
    };
    for (; next != operations.end() && before(*next); ++next) inner.append(next->bytes);
    if (t.shadow || rules[t.rule].reads_alerts) continue;
    arena_.reset();
    router.route_alert(event_of(t, rules[t.rule], arena_), t.tag.position, t.tag.time, inner);
  }
  for (; next != operations.end(); ++next) inner.append(next->bytes);
  if (watermark != told_) DeltaWriter(inner).time(watermark);
  told_ = watermark;
  if (!inner.empty()) DeltaWriter(delta).alerts(inner);
  return inner;
}

}  // namespace tocsin::runtime
