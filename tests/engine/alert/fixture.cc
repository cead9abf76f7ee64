#include "fixture.h"

#include <simdjson.h>

#include "expr/event_env.h"

namespace tocsin::testing {
namespace {

std::shared_ptr<const expr::Program> compile(const std::string& text, const expr::Env& env) {
  if (text.empty()) return nullptr;
  expr::Faults faults;
  auto program = expr::compile(text, env, faults);
  for (const auto& f : faults) ADD_FAILURE() << text << ": " << f.en;
  return program;
}

std::string str(simdjson::dom::element e, std::string_view name) {
  std::string_view s;
  if (e[name].get_string().get(s) != simdjson::SUCCESS) return {};
  return std::string(s);
}

TimeMs when(simdjson::dom::element e, std::string_view name) {
  return parse_time(str(e, name), TimeZone::utc()).value_or(kNoTime);
}

}  // namespace

rule::Rule make_rule(const RuleSpec& spec) {
  rule::Rule r;
  r.id = "test-rule";
  r.version = 2;
  r.name = {"测试", "Test"};
  r.owner = "town";
  r.from = {"grid"};
  detect::Plan& p = r.plan;
  p.kind = spec.kind;
  p.rule_id = r.id;
  p.within = {Span::Unit::kPlain, spec.within};
  p.radius_m = spec.radius;
  p.steps = spec.steps;
  p.lateness = spec.lateness;
  p.cells = spec.cells;
  p.quiet = spec.quiet;
  p.reopen = spec.reopen;
  p.hold = spec.hold;
  p.keep = spec.keep;
  expr::Env env;
  for (const AggregateSpec& a : spec.aggregates) {
    env.variable("a" + std::to_string(p.aggregates.size()), expr::Type::of(expr::Type::Kind::kDyn));
    detect::Aggregate out;
    out.op = a.op;
    out.cell = a.cell;
    out.text = a.text;
    out.n = a.n;
    p.aggregates.push_back(out);
  }
  for (const detect::KindValue& v : detect::kind_values(spec.kind)) {
    env.variable(std::string(v.name), expr::Type::of(v.type));
  }
  p.fire = compile(spec.fire, env);
  for (const auto& [severity, when] : spec.severity) p.severity.push_back({severity, compile(when, env)});
  p.resolve_when = compile(spec.resolve_when, env);
  return r;
}

Event event(uint64_t uid, TimeMs time, std::vector<expr::Value> cells) {
  Event e;
  e.uid = uid;
  e.id = "e" + std::to_string(uid);
  e.time = time;
  e.cells = std::move(cells);
  return e;
}

Driver::Driver(const rule::Rule& rule, DurationMs lateness, std::string key_text)
    : rule_(rule), lateness_(lateness), key_text_(std::move(key_text)) {
  state = alert::make_key_state(rule_, hash128(key_text_), key_text_);
}

alert::Context Driver::context() {
  arena_.reset();
  return {rule_, 0, zone_, watermark, arena_, *this};
}

detect::Row Driver::row(const Event& e, bool known) {
  detect::Row r;
  r.key = hash128(key_text_);
  r.key_text = key_text_;
  r.label = e.label;
  r.uid = e.uid;
  r.time = e.time;
  r.late = !known && e.time < watermark;
  if (e.time > most_) most_ = e.time;
  r.position = ++position_;
  pass(most_ - lateness_);
  r.watermark = watermark;
  r.roles = e.roles;
  r.due_at = e.due_at;
  r.source = "grid";
  r.id = e.id;
  r.city = "330282";
  r.town = "330282004";
  r.lon = e.lon;
  r.lat = e.lat;
  r.cells = e.cells;
  return r;
}

void Driver::pass(TimeMs to) {
  if (to <= watermark) return;
  watermark = to;
  after();
}

void Driver::after() {
  while (state->next_deadline() < watermark) {
    const TimeMs due = state->next_deadline();
    alert::Context c = context();
    state->advance(due, c);
    if (state->next_deadline() == due) {
      ADD_FAILURE() << "a deadline that does not pass: " << due;
      return;
    }
  }
  if (cut_now && cut_now()) cut();
}

void Driver::add(const Event& e) {
  const detect::Row r = row(e, false);
  if (r.late && !rule_.plan.takes_late()) return;
  if (!r.late) times[e.uid] = e.time;
  alert::Context c = context();
  state->add(r, c);
  after();
}

void Driver::withdraw(uint64_t uid, TimeMs time) {
  Event cause = event(uid, time);
  detect::Row r = row(cause, true);
  r.was = times.count(uid) > 0 ? times[uid] : kNoTime;
  times.erase(uid);
  alert::Context c = context();
  state->retract(uid, true, r, c);
  after();
}

void Driver::revise(const Event& e, bool readd) {
  detect::Row r = row(e, true);
  r.was = times.count(e.uid) > 0 ? times[e.uid] : kNoTime;
  {
    alert::Context c = context();
    state->retract(e.uid, false, r, c);
    after();
  }
  r.was = kNoTime;
  times.erase(e.uid);
  if (!readd) return;
  times[e.uid] = e.time;
  alert::Context c = context();
  state->add(r, c);
  after();
}

void Driver::act(const alert::Action& action) {
  alert::Context c = context();
  state->act(action, c);
  after();
}

std::string Driver::bytes() const {
  std::string out;
  Writer w(out);
  state->encode(w);
  return out;
}

void Driver::cut() {
  const std::string before = bytes();
  auto again = alert::decode_key_state(rule_, hash128(key_text_), before);
  ASSERT_TRUE(again) << again.error().message;
  const TimeMs next = state->next_deadline();
  state = std::move(*again);
  ASSERT_EQ(bytes(), before);
  ASSERT_EQ(state->next_deadline(), next);
}

void Driver::emit(alert::Transition t) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(t.json).get(root), simdjson::SUCCESS) << t.json;
  const simdjson::dom::element data = root["data"];
  Told x;
  x.json = t.json;
  x.type = alert::name_of(t.type);
  x.alert = t.alert_id;
  x.reason = str(data, "reason");
  x.status = str(data, "status");
  x.severity = str(data, "severity");
  x.worst = str(data, "worst");
  x.merged_into = str(data, "merged_into");
  x.opened_by = str(data["opened_by"], "id");
  x.key = simdjson::minify(data["key"]);
  x.time = when(root, "time");
  x.opened_at = when(data, "opened_at");
  x.total = data["evidence"]["total"].get_int64().value();
  const simdjson::dom::array events = data["evidence"]["events"].get_array().value();
  for (const simdjson::dom::element ref : events) x.members.push_back(str(ref, "id"));
  EXPECT_EQ(str(root, "id"), t.alert_id + "/" + std::to_string(t.seq));
  told.push_back(std::move(x));
}

std::map<std::string, Fate> Driver::fates() const {
  std::map<std::string, Fate> out;
  for (const Told& t : told) {
    Fate& f = out[t.alert];
    f.members = {t.members.begin(), t.members.end()};
    f.worst = t.worst;
    f.status = t.status;
    f.reason = t.reason;
    f.merged_into = t.merged_into;
    f.opened_by = t.opened_by;
    f.opened_at = t.opened_at;
    f.key = t.key;
    const bool ends = t.type != "amended" || t.reason == "late" || t.reason == "stage" || t.reason == "recovered";
    if (t.status == "resolved" && ends) f.ended = t.time;
    ++f.transitions;
  }
  return out;
}

std::vector<std::string> Driver::story() const {
  std::vector<std::string> out;
  for (const Told& t : told) {
    out.push_back(t.type + "@" + std::to_string((t.time - kStart) / kMinute) + " " + t.severity + " " + t.reason);
  }
  return out;
}

}  // namespace tocsin::testing
