#include "event/event_writer.h"

#include <charconv>

#include "base/json_writer.h"
#include "time/format.h"

namespace tocsin {
namespace {

// Keys are the contract's, so they need no escaping, and the first field (id) is always there: commas are plain.
void text(std::string& out, std::string_view key, std::string_view v) {
  if (v.empty()) return;
  out.append(key);
  append_json_string(out, v);
}

void integer(std::string& out, std::string_view key, int64_t v) {
  char buf[24];
  out.append(key).append(buf, std::to_chars(buf, buf + sizeof buf, v).ptr);
}

void time(std::string& out, std::string_view key, TimeMs t) {
  if (t == kNoTime) return;
  out.append(key).push_back('"');
  append_time(out, t);
  out.push_back('"');
}

void area(std::string& out, const Event& e) {
  if (e.city.empty() && e.town.empty() && e.village.empty() && e.grid.empty() && e.microgrid.empty()) return;
  out.append(R"(,"area":)");
  const size_t brace = out.size();
  text(out, R"(,"city":)", e.city);
  text(out, R"(,"town":)", e.town);
  text(out, R"(,"village":)", e.village);
  text(out, R"(,"grid":)", e.grid);
  text(out, R"(,"microgrid":)", e.microgrid);
  out[brace] = '{';
  out.push_back('}');
}

void location(std::string& out, const Event& e) {
  if (!e.has_location()) return;
  out.append(R"(,"location":{"lon":)");
  append_json_number(out, e.lon);
  out.append(R"(,"lat":)");
  append_json_number(out, e.lat);
  out.append(R"(,"crs":"wgs84")");
  if (!std::isnan(e.accuracy_m)) {
    out.append(R"(,"accuracy_m":)");
    append_json_number(out, e.accuracy_m);
  }
  out.push_back('}');
}

void lists(std::string& out, const Event& e) {
  if (!e.flags.empty()) {
    out.append(R"(,"flags":)");
    const size_t bracket = out.size();
    for (const std::string_view f : e.flags) {
      out.push_back(',');
      append_json_string(out, f);
    }
    out[bracket] = '[';
    out.push_back(']');
  }
  if (e.satisfaction != 0) integer(out, R"(,"satisfaction":)", e.satisfaction);
  if (!e.values.empty()) {
    out.append(R"(,"values":)");
    const size_t brace = out.size();
    for (const NamedNumber& v : e.values) {
      out.push_back(',');
      append_json_string(out, v.name);
      out.push_back(':');
      append_json_number(out, v.value);
    }
    out[brace] = '{';
    out.push_back('}');
  }
  if (!e.attrs.empty()) {
    out.append(R"(,"attrs":)");
    const size_t brace = out.size();
    for (const NamedText& a : e.attrs) {
      out.push_back(',');
      append_json_string(out, a.name);
      out.push_back(':');
      append_json_string(out, a.value);
    }
    out[brace] = '{';
    out.push_back('}');
  }
}

}  // namespace

void append_event(std::string& out, const Event& e) {
  out.append(R"({"id":)");
  append_json_string(out, e.id);
  if (e.revision != 0) integer(out, R"(,"revision":)", e.revision);
  text(out, R"(,"source":)", e.source);
  text(out, R"(,"kind":)", name_of(e.kind));
  text(out, R"(,"case":)", e.case_id);
  time(out, R"(,"occurred_at":)", e.occurred_at);
  time(out, R"(,"reported_at":)", e.reported_at);
  text(out, R"(,"category":)", e.category);
  text(out, R"(,"source_category":)", e.source_category);
  if (e.grade != 0) integer(out, R"(,"grade":)", e.grade);
  text(out, R"(,"stage":)", name_of(e.stage));
  time(out, R"(,"due_at":)", e.due_at);
  area(out, e);
  location(out, e);
  text(out, R"(,"place":)", e.place);
  text(out, R"(,"reporter":)", e.reporter);
  text(out, R"(,"subject":)", e.subject);
  text(out, R"(,"respondent":)", e.respondent);
  text(out, R"(,"duty":)", e.duty);
  if (e.people >= 0) integer(out, R"(,"people":)", e.people);
  text(out, R"(,"text":)", e.text);
  lists(out, e);
  out.push_back('}');
}

}  // namespace tocsin
