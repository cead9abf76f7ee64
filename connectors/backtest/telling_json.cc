#include <cmath>

#include "base/json_writer.h"
#include "connectors/backtest/telling.h"

namespace tocsin::backtest {
namespace {

class Json {
 public:
  Json(const Telling& t, std::string& out) : t_(t), w_(out) {}

  void whole() {
    w_.begin_object();
    time("from", t_.ran.first);
    time("until", t_.ran.last);
    w_.key("days").number(t_.report.days);
    w_.key("events").unsigned_integer(t_.ran.totals.read);
    w_.key("param");
    t_.trial.param.empty() ? w_.null() : w_.string(t_.trial.param);
    w_.key("one_state").boolean(t_.trial.shared);
    w_.key("results").begin_array();
    for (size_t i = 0; i < t_.trial.columns.size(); ++i) result(i);
    w_.end_array();
    if (t_.labels != nullptr) {
      w_.key("labels_of_other_rules").begin_object();
      for (const auto& [rule, n] : t_.report.labels_elsewhere) w_.key(rule).unsigned_integer(n);
      w_.end_object();
    }
    if (t_.difference != nullptr) difference();
    w_.end_object();
  }

 private:
  void time(std::string_view name, TimeMs t) {
    w_.key(name);
    t == kNoTime ? w_.null() : w_.string(format_time(t, t_.zone));
  }
  void seconds(std::string_view name, DurationMs d) { w_.key(name).integer(d / 1000); }
  void count(std::string_view name, uint64_t n) { w_.key(name).unsigned_integer(n); }

  void result(size_t column) {
    const Column& c = t_.trial.columns[column];
    const Figures& f = t_.report.columns[column];
    w_.begin_object().field("rule", c.rule);
    if (!c.value.empty()) w_.field("value", c.value);
    w_.key("name").begin_object().field("zh", c.name.zh).field("en", c.name.en).end_object();
    w_.key("shadow").boolean(c.mode == rule::Mode::kShadow);
    count("matched", matches_of(t_.trial, t_.ran, c));
    count("alerts", f.alerts);
    w_.key("alerts_a_day").number(f.a_day);
    count("reopened", f.reopened);
    count("open", f.open);
    count("merged", f.merged);
    count("muted", f.muted);
    count("transitions", f.transitions);
    seconds("median_open_seconds", f.median_open);
    w_.key("by_severity").begin_object();
    for (size_t s = f.by_severity.size(); s-- > 1;) {
      count(detect::name_of(static_cast<detect::Severity>(s)), f.by_severity[s]);
    }
    w_.end_object().key("by_area").begin_array();
    for (const auto& [town, n] : f.by_town) {
      w_.begin_object().field("town", town);
      w_.field("name", t_.areas == nullptr || town.empty() ? std::string_view() : t_.areas->name(town));
      count("alerts", n);
      w_.key("alerts_a_day").number(static_cast<double>(n) / t_.report.days).end_object();
    }
    w_.end_array();
    if (t_.alerts) each(column);
    if (t_.labels != nullptr) accuracy(f.accuracy);
    w_.end_object();
  }

  void accuracy(const Accuracy& a) {
    w_.key("accuracy").begin_object();
    count("labels", a.labels);
    count("found", a.found);
    count("hits", a.hits);
    count("denied", a.denied);
    count("false_alerts", a.alerts - a.hits);
    w_.key("false_alerts_a_day").number(a.false_a_day);
    w_.key("precision").number(a.precision()).key("recall").number(a.recall());
    w_.key("lead_seconds").begin_object();
    for (const auto& [name, share] : {std::pair{"least", 0.0}, {"median", 0.5}, {"p90", 0.9}}) {
      w_.key(name);
      a.leads.empty() ? w_.null() : w_.integer(a.lead(share) / 1000);
    }
    w_.end_object().key("missed").begin_array();
    for (const Miss& m : a.missed) {
      const Label& label = t_.labels->all()[m.label];
      w_.begin_object().field("line", static_cast<int64_t>(label.line)).field("key", label.key);
      time("from", label.from);
      time("until", label.until);
      time("nearest_alert", m.near);
      w_.end_object();
    }
    w_.end_array().end_object();
  }

  void story(const Story* s) {
    if (s == nullptr) {
      w_.null();
      return;
    }
    w_.begin_object().field("alert_id", s->alert_id).field("key", s->key);
    w_.field("severity", detect::name_of(s->worst)).field("town", s->town);
    time("opened_at", s->opened_at());
    count("reopened", s->openings.size() - 1);
    time("ended_at", s->ended_at);
    w_.field("reason", s->reason);
    if (!s->zh.empty() || !s->en.empty()) {
      w_.key("summary").begin_object().field("zh", s->zh).field("en", s->en).end_object();
    }
    w_.end_object();
  }

  // A column's alerts, in the order of opening.
  void each(size_t column) {
    w_.key("each").begin_array();
    for (const Story& s : t_.ran.stories) {
      if (s.column == column && !s.muted) story(&s);
    }
    w_.end_array();
  }

  void difference() {
    const Difference& d = *t_.difference;
    w_.key("difference").begin_object().field("against", t_.against).key("rules").begin_array();
    for (const RuleDifference& r : d.rules) {
      w_.begin_object().field("rule", r.rule);
      const std::pair<std::string_view, uint64_t> counts[] = {
          {"alerts", r.here},     {"alerts_against", r.there}, {"same", r.same},
          {"changed", r.changed}, {"only_here", r.only_here},  {"only_against", r.only_there}};
      for (const auto& [name, n] : counts) count(name, n);
      w_.end_object();
    }
    w_.end_array().key("alerts").begin_array();
    for (const Pair& p : d.pairs) {
      w_.begin_object().field("rule", p.rule);
      w_.field("change", p.here == nullptr ? "only_against" : p.there == nullptr ? "only_here" : "changed");
      w_.key("differs").begin_array();
      if (p.opening) w_.string("opened_at");
      if (p.severity) w_.string("severity");
      if (p.ending) w_.string("ended_at");
      w_.end_array();
      w_.key("here");
      story(p.here);
      w_.key("against");
      story(p.there);
      w_.end_object();
    }
    w_.end_array().end_object();
  }

  const Telling& t_;
  JsonWriter w_;
};

}  // namespace

std::string to_json(const Telling& t) {
  std::string out;
  Json(t, out).whole();
  return out;
}

}  // namespace tocsin::backtest
