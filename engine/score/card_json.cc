#include "score/card_json.h"

#include <algorithm>

#include "base/json_writer.h"
#include "detect/plan.h"
#include "time/format.h"

namespace tocsin::score {
namespace {

constexpr std::array<std::string_view, 5> kTierOfGrade{"", "grid", "village", "town", "city"};

class CardWriter {
 public:
  CardWriter(JsonWriter& w, const Card& card, const NameOf& name_of_area)
      : w_(w), card_(card), name_of_area_(name_of_area) {}

  void row(const Row& r, bool total) {
    w_.begin_object();
    if (!total) {
      w_.field("key", r.key).field("name", card_.tier == Tier::kDuty ? r.key : name_of_area_(r.key));
      w_.key("rank");
      r.rank == 0 ? w_.null() : w_.unsigned_integer(r.rank);
      w_.key("of").unsigned_integer(card_.ranked);
    }
    figures(r.now, !total && card_.tier == Tier::kDuty);
    w_.key("trend").begin_object();
    w_.key("before");
    trend(total ? card_.total.before : r.before);
    w_.key("year_before");
    trend(total ? card_.total.year_before : r.year_before);
    w_.end_object().end_object();
  }

 private:
  void number(std::string_view name, std::optional<double> v) {
    w_.key(name);
    v.has_value() ? w_.number(*v) : w_.null();
  }
  void count(std::string_view name, uint64_t n) { w_.key(name).unsigned_integer(n); }
  void by_name(std::string_view name, const std::vector<uint64_t>& counts, const std::vector<std::string>& names) {
    w_.key(name).begin_object();
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] != 0) count(names[i].empty() ? "other" : names[i], counts[i]);
    }
    w_.end_object();
  }
  void durations(std::string_view name, const Durations& d, bool with_p90 = true) {
    w_.key(name).begin_object();
    count("n", d.n);
    number("median", d.median);
    if (with_p90) number("p90", d.p90);
    w_.end_object();
  }

  void figures(const Figures& f, bool of_post) {
    w_.key("events").begin_object();
    count("total", f.reports);
    by_name("by_channel", f.by_channel, card_.channels);
    by_name("by_category", f.by_category, card_.categories);
    w_.key("by_grade").begin_object();
    for (size_t g = 1; g <= 4; ++g) count(std::to_string(g), f.by_grade[g]);
    count("none", f.by_grade[0]);
    w_.end_object().end_object();
    cases(f);
    durations("first_response_seconds", f.response);
    durations("closing_seconds", f.closing);
    satisfaction(f);
    w_.key("alerts");
    of_post ? static_cast<void>(w_.null()) : alerts(f);
    count("first_reports", f.first_reports);
  }

  void cases(const Figures& f) {
    w_.key("cases").begin_object();
    count("opened", f.opened);
    count("closed", f.closed);
    count("open", f.opened - f.closed);
    count("on_the_spot", f.on_spot);
    w_.key("settled_at").begin_object();
    for (size_t t = 1; t <= 4; ++t) count(kTierOfGrade[t], f.settled_at[t]);
    count("none", f.settled_at[0]);
    w_.end_object();
    w_.key("by_channel").begin_object();
    for (size_t i = 0; i < f.opened_closed.size(); ++i) {
      const auto& [opened, closed] = f.opened_closed[i];
      if (opened == 0) continue;
      w_.key(card_.channels[i].empty() ? "other" : card_.channels[i]).begin_object();
      count("opened", opened);
      count("closed", closed);
      number("disposal_rate", Figures::share(closed, opened));
      w_.end_object();
    }
    w_.end_object();
    number("disposal_rate", f.disposal_rate());
    count("deadlines", f.due_met + f.due_missed);
    number("on_time_rate", f.on_time_rate());
    count("reopened", f.reopened);
    number("reopened_rate", f.reopened_rate());
    count("repeats", f.repeats);
    number("repeat_rate", f.repeat_rate());
    w_.end_object();
  }

  void satisfaction(const Figures& f) {
    w_.key("satisfaction").begin_object();
    count("n", f.satisfaction_n());
    number("mean", f.satisfaction());
    w_.end_object();
  }

  void alerts(const Figures& f) {
    w_.begin_object();
    count("opened", f.alerts_opened());
    w_.key("by_severity").begin_object();
    for (size_t i = 0; i < f.alerts.size(); ++i) count(name_of(static_cast<detect::Severity>(i + 1)), f.alerts[i]);
    w_.end_object();
    count("true", f.alerts_true);
    count("false", f.alerts_false);
    count("duplicate", f.alerts_duplicate);
    durations("lead_seconds", f.lead, false);
    w_.end_object();
  }

  void trend(const std::optional<Figures>& f) {
    if (!f.has_value()) return static_cast<void>(w_.null());
    w_.begin_object();
    count("events", f->reports);
    count("opened", f->opened);
    number("disposal_rate", f->disposal_rate());
    number("on_time_rate", f->on_time_rate());
    number("reopened_rate", f->reopened_rate());
    number("repeat_rate", f->repeat_rate());
    durations("first_response_seconds", f->response);
    durations("closing_seconds", f->closing);
    satisfaction(*f);
    count("alerts", f->alerts_opened());
    count("first_reports", f->first_reports);
    w_.end_object();
  }

  JsonWriter& w_;
  const Card& card_;
  const NameOf& name_of_area_;
};

void day_field(JsonWriter& w, std::string_view name, int64_t day) {
  w.key(name);
  day < 0 ? w.null() : w.string(day_text(day));
}

}  // namespace

std::string card_json(const Card& card, const NameOf& name_of_area, size_t first, size_t limit) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("span").begin_object();
  w.field("from", day_text(card.cut.from)).field("to", day_text(card.cut.to));
  w.key("days").integer(card.cut.to - card.cut.from + 1).end_object();
  w.field("tier", name_of(card.tier)).field("area", card.cut.area);
  w.field("area_name", card.cut.area.empty() ? std::string() : name_of_area(card.cut.area));
  w.field("sort", name_of(card.cut.order));
  if (!card.cut.channel.empty()) w.field("channel", card.cut.channel);
  if (!card.cut.category.empty()) w.field("category", card.cut.category);
  day_field(w, "counted_from", card.counted_from);
  day_field(w, "as_of", card.as_of);
  w.key("too_late").unsigned_integer(card.too_old);
  w.key("sample_floor").unsigned_integer(kSampleFloor);
  const auto span = [&](std::string_view name, const Span& s) {
    w.key(name).begin_object().field("from", day_text(s.from)).field("to", day_text(s.to)).end_object();
  };
  w.key("compared").begin_object();
  span("before", span_before(card.cut));
  span("year_before", span_year_before(card.cut));
  w.end_object();
  CardWriter rows(w, card, name_of_area);
  w.key("rows").begin_array();
  const size_t begin = std::min(first, card.rows.size());
  const size_t end = begin + std::min(limit, card.rows.size() - begin);
  for (size_t i = begin; i < end; ++i) rows.row(card.rows[i], false);
  w.end_array().key("next");
  end < card.rows.size() ? w.string(std::to_string(end)) : w.null();
  w.key("total");
  rows.row(card.total, true);
  w.end_object();
  return out;
}

std::string places_json(const PlaceCut& cut, const PlaceList& list, const NameOf& name_of_area) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("span").begin_object();
  w.field("from", day_text(cut.from)).field("to", day_text(cut.to)).key("days").integer(cut.to - cut.from + 1);
  w.end_object().field("area", cut.area);
  day_field(w, "counted_from", list.counted_from);
  day_field(w, "as_of", list.as_of);
  w.key("found").unsigned_integer(list.found).key("places").begin_array();
  for (const PlaceRow& p : list.places) {
    w.begin_object().field("place", p.place).field("area", p.area).field("area_name", name_of_area(p.area));
    w.key("lon");
    p.has_location ? w.number(p.lon) : w.null();
    w.key("lat");
    p.has_location ? w.number(p.lat) : w.null();
    w.field("category", p.trouble);
    w.key("reports").unsigned_integer(p.reports).key("days").unsigned_integer(p.days);
    w.key("reporters").unsigned_integer(p.reporters);
    w.field("first", format_time(p.first)).field("last", format_time(p.last));
    w.key("on").begin_array();
    for (const auto& [day, n] : p.on) {
      w.begin_object().field("day", day_text(day)).key("reports").unsigned_integer(n).end_object();
    }
    w.end_array().key("alerts").begin_array();
    for (const std::string& id : p.alerts) w.string(id);
    w.end_array().end_object();
  }
  w.end_array().end_object();
  return out;
}

}  // namespace tocsin::score
