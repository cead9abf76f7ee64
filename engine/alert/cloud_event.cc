#include "alert/cloud_event.h"

#include <set>

#include "base/json_writer.h"

namespace tocsin::alert {
namespace {

void time_field(JsonWriter& w, std::string_view name, TimeMs t) {
  w.key(name);
  if (t == kNoTime) {
    w.null();
  } else {
    w.string(format_time(t));
  }
}

void text_or_null(JsonWriter& w, std::string_view name, std::string_view text) {
  w.key(name);
  if (text.empty()) {
    w.null();
  } else {
    w.string(text);
  }
}

void write_area(JsonWriter& w, const Record& r) {
  w.key("area").begin_object();
  const std::pair<std::string_view, const std::string*> codes[] = {
      {"city", &r.city}, {"town", &r.town}, {"village", &r.village}, {"grid", &r.grid}};
  for (const auto& [name, code] : codes) {
    if (!code->empty()) w.field(name, *code);
  }
  w.end_object();
}

void write_location(JsonWriter& w, const Telling& t) {
  w.key("location");
  if (!t.record.has_location) {
    w.null();
    return;
  }
  w.begin_object().key("lon").number(t.record.lon).key("lat").number(t.record.lat);
  if (!t.description.ring.empty()) {
    w.key("ring").begin_array();
    for (const auto& [lon, lat] : t.description.ring) w.begin_array().number(lon).number(lat).end_array();
    w.end_array();
  }
  w.end_object();
}

void write_evidence(JsonWriter& w, const Evidence& e) {
  w.begin_object().field("total", static_cast<int64_t>(e.total)).key("events").begin_array();
  for (const EventRef& ref : e.events) {
    w.begin_object().field("source", ref.source).field("id", ref.id);
    time_field(w, "occurred_at", ref.occurred_at);
    w.end_object();
  }
  w.end_array().end_object();
}

std::string texts_json(const rule::Template& zh, const rule::Template& en, const expr::Activation& vars,
                       const TimeZone& zone) {
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  w.field("zh", zh.empty() ? std::string() : zh.render(vars, zone));
  w.field("en", en.empty() ? std::string() : en.render(vars, zone));
  w.end_object();
  return out;
}

// A part of what was said, or its empty form when it is too long to be kept.
std::string kept(std::string text, std::string_view instead) {
  return text.size() <= kMaxSaid ? std::move(text) : std::string(instead);
}

void write_action(JsonWriter& w, const Record& r, const Action* action) {
  if (!r.assigned_to.empty()) w.field("assigned_to", r.assigned_to);
  if (!r.outcome.empty()) w.field("outcome", r.outcome);
  if (action == nullptr) return;
  w.field("by", action->by);
  if (!action->to.empty()) w.field("to", action->to);
  if (!action->note.empty()) w.field("note", action->note);
}

void write_data(JsonWriter& w, const Telling& t) {
  const Record& r = t.record;
  const Standing& s = t.change.after;
  w.begin_object();
  w.field("alert_id", r.id).field("seq", int64_t{r.seq}).field("rule", t.rule.id);
  w.field("rule_version", int64_t{t.rule.version});
  w.key("name").begin_object().field("zh", t.rule.name.zh).field("en", t.rule.name.en).end_object();
  w.key("key").raw(t.key);
  w.field("severity", detect::name_of(s.severity)).field("worst", detect::name_of(s.worst));
  w.field("status", name_of(s.status));
  time_field(w, "opened_at", r.opened_at);
  w.key("opened_by").begin_object().field("source", r.opened_source).field("id", r.opened_id).end_object();
  time_field(w, "updated_at", r.updated_at);
  time_field(w, "last_event_at", s.last);
  w.field("reason", detect::name_of(t.change.reason));
  text_or_null(w, "merged_into", r.merged_into);
  write_area(w, r);
  write_location(w, t);
  w.key("values").raw(r.said.values);
  w.key("params").raw(r.said.params);
  w.key("evidence");
  r.said.evidence.empty() ? write_evidence(w, t.evidence) : static_cast<void>(w.raw(r.said.evidence));
  w.key("summary").raw(r.said.summary);
  w.key("advice").raw(r.said.advice);
  w.field("owner", t.rule.owner);
  write_action(w, r, t.action);
  if (!t.before.empty()) w.key("before").raw(t.before);
  if (!t.after.empty()) w.key("after").raw(t.after);
  w.end_object();
}

}  // namespace

void append_values(std::string& out, const detect::Plan& plan, std::span<const expr::Value> values) {
  std::set<int> read;
  if (plan.fire != nullptr) read.insert(plan.fire->slots().begin(), plan.fire->slots().end());
  for (const detect::Rung& rung : plan.severity) {
    if (rung.when != nullptr) read.insert(rung.when->slots().begin(), rung.when->slots().end());
  }
  JsonWriter w(out);
  w.begin_object();
  const size_t aggregates = plan.aggregates.size();
  for (size_t i = 0; i < aggregates + detect::own_values(plan) && i < values.size(); ++i) {
    const bool own = i >= aggregates;
    if (!own && !read.contains(static_cast<int>(i))) continue;
    std::string value;
    expr::append_json(value, values[i]);
    w.key(own ? detect::own_value_name(plan, i - aggregates) : std::string_view(plan.aggregates[i].text)).raw(value);
  }
  w.end_object();
}

std::string params_json(const detect::Plan& plan, std::span<const expr::Value> values) {
  const size_t first = plan.aggregates.size() + detect::own_values(plan);
  std::string out;
  JsonWriter w(out);
  w.begin_object();
  for (size_t i = 0; i < plan.params.size() && first + i < values.size(); ++i) {
    std::string value;
    expr::append_json(value, values[first + i]);
    w.key(plan.params[i].name).raw(value);
  }
  w.end_object();
  return out;
}

Said said_of(const rule::Rule& rule, const TimeZone& zone, const detect::Description& d) {
  constexpr std::string_view kNoText = R"({"zh":"","en":""})";
  Said said;
  said.values.clear();
  append_values(said.values, rule.plan, d.values);
  said.values = kept(std::move(said.values), "{}");
  said.params = kept(params_json(rule.plan, d.values), "{}");
  const expr::SpanActivation vars(d.values);
  said.summary = kept(texts_json(rule.summary_zh, rule.summary_en, vars, zone), kNoText);
  said.advice = kept(texts_json(rule.advice_zh, rule.advice_en, vars, zone), kNoText);
  return said;
}

std::string evidence_json(const Evidence& evidence) {
  std::string out;
  JsonWriter w(out);
  write_evidence(w, evidence);
  return kept(std::move(out), R"({"total":0,"events":[]})");
}

std::string verdict_json(const detect::Plan& plan, const Standing& s, std::span<const expr::Value> values) {
  std::string text;
  append_values(text, plan, values);
  std::string out;
  JsonWriter w(out);
  w.begin_object().field("severity", detect::name_of(s.severity)).field("status", name_of(s.status));
  w.field("total", int64_t{s.total}).key("values").raw(text).end_object();
  return out;
}

std::string cloud_event(const Telling& t) {
  std::string out;
  out.reserve(1024);
  JsonWriter w(out);
  w.begin_object();
  w.field("specversion", "1.0").field("id", t.record.id + "/" + std::to_string(t.record.seq));
  w.field("source", "/tocsin").field("type", std::string("tocsin.alert.").append(name_of(t.change.type)));
  w.field("subject", t.record.id);
  time_field(w, "time", t.change.time);
  w.field("datacontenttype", "application/json");
  w.key("data");
  write_data(w, t);
  w.end_object();
  return out;
}

Transition transition_of(const Telling& telling) {
  const Record& r = telling.record;
  const Change& change = telling.change;
  const auto& members = telling.description.members;
  Transition t;
  t.json = cloud_event(telling);
  t.type = change.type;
  t.alert_id = r.id;
  t.seq = r.seq;
  t.severity = change.after.severity;
  t.status = change.after.status;
  t.time = change.time;
  t.opened_at = r.opened_at;
  t.shadow = r.shadow;
  t.city = r.city;
  t.town = r.town;
  t.village = r.village;
  t.grid = r.grid;
  t.has_location = r.has_location;
  t.lon = r.lon;
  t.lat = r.lat;
  t.outcome = r.outcome;
  if (!members.empty()) t.last_event = members.back().time;
  if (change.type == TransitionType::kOpened) {
    for (size_t i = 0; i < std::min(members.size(), kMaxListed); ++i) t.members.push_back(members[i].uid);
  }
  return t;
}

}  // namespace tocsin::alert
