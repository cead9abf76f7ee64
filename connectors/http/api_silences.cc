// Silences: who keeps which alerts from disturbing people, why and until when. Bodies are read strictly.
#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "connectors/http/api.h"
#include "event/area_table.h"
#include "time/format.h"

namespace tocsin::http {
namespace {

constexpr size_t kMaxText = 200;     // bytes of by, area
constexpr size_t kMaxReason = 2000;  // bytes of reason
constexpr size_t kMaxRules = 100;

Status read_text(std::string_view name, simdjson::dom::element value, size_t most, std::string& out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return invalid(std::string(name) + " must be a string.");
  if (text.size() > most) return invalid(std::string(name) + " is longer than " + std::to_string(most) + " bytes.");
  out = text;
  return {};
}

Status read_until(simdjson::dom::element value, const TimeZone& zone, TimeMs& out) {
  std::string_view text;
  if (value.get_int64().get(out) == simdjson::SUCCESS) return {};
  if (value.get_string().get(text) == simdjson::SUCCESS) {
    if (const auto t = parse_time(text, zone)) {
      out = *t;
      return {};
    }
  }
  return invalid("until must be a time: 2026-06-01T08:00:00+08:00, or epoch milliseconds.");
}

Status read_rules(simdjson::dom::element value, std::vector<std::string>& out) {
  simdjson::dom::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS || list.size() > kMaxRules) {
    return invalid("rules must be a list of at most 100 rule ids.");
  }
  for (const auto item : list) {
    std::string_view id;
    if (item.get_string().get(id) != simdjson::SUCCESS) return invalid("rules must be a list of rule ids.");
    out.emplace_back(id);
  }
  return {};
}

Status read_member(std::string_view name, simdjson::dom::element value, const TimeZone& zone, rule::Silence& out) {
  if (name == "by") return read_text(name, value, kMaxText, out.by);
  if (name == "reason") return read_text(name, value, kMaxReason, out.reason);
  if (name == "area") return read_text(name, value, kMaxText, out.area);
  if (name == "until") return read_until(value, zone, out.until);
  if (name == "rules") return read_rules(value, out.rules);
  if (name != "severity") {
    return invalid("'" + printable(name) + "' is not known here; by, reason, until, rules, area and severity are.");
  }
  std::string severity;
  if (Status s = read_text(name, value, kMaxText, severity); !s) return s;
  if (detect::parse_severity(severity, out.at_most)) return {};
  return invalid("severity is the gravest that is silenced: blue, yellow, orange or red.");
}

// `name`: of the account that acts; empty: there are none, and the body says who. `zone`: of a time without an offset.
Result<rule::Silence> read_silence(const std::string& body, bool ends, const std::string& name, const TimeZone& zone) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body).get_object().get(object) != simdjson::SUCCESS) {
    return invalid(ends ? "The body must be a JSON object with by."
                        : "The body must be a JSON object with by, reason and until, and rules, area or severity.");
  }
  rule::Silence silence;
  for (const auto [member, value] : object) {
    if (ends && member != "by") return invalid("'" + printable(member) + "' is not known here; by is.");
    if (const Status s = read_member(member, value, zone, silence); !s) return s.error();
  }
  if (!name.empty()) silence.by = name;
  if (silence.by.empty()) return invalid("by is missing or empty.");
  if (ends) return silence;
  if (silence.reason.empty()) return invalid("reason is missing or empty.");
  if (silence.until == kNever) return invalid("until is missing.");
  return silence;
}

// The zone in which the service's people mean a time.
TimeZone zone_of(const Api& api) {
  const auto zone = TimeZone::load(api.options().zone);
  return zone ? *zone : TimeZone::utc();
}

// A rule that is not there would be silenced without a word, while the one that was meant goes on ringing.
Status check_rules_there(Api& api, const std::vector<std::string>& rules) {
  if (rules.empty()) return {};
  const auto known = api.backend().rules();
  if (!known) return known.error();
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(*known).get(list) != simdjson::SUCCESS) return internal("the rules in force cannot be read");
  std::vector<std::string_view> ids;
  for (const auto rule : list) {
    if (std::string_view id; rule["id"].get(id) == simdjson::SUCCESS) ids.push_back(id);
  }
  for (const std::string& id : rules) {
    if (std::ranges::find(ids, id) != ids.end()) continue;
    const std::string_view near = nearest_word(id, ids);
    return invalid("There is no rule '" + printable(id) + "' in force; " +
                   (near.empty() ? "GET /api/v1/rules lists them." : "did you mean '" + std::string(near) + "'?"));
  }
  return {};
}

}  // namespace

void silences(Api& api, const Request& request, Responder answer) {
  const auto result = api.backend().silences(request.view());
  if (!result) return answer.fail(result.error());
  answer.json("{\"silences\":" + *result + "}");
}

void silence(Api& api, const Request& request, Responder answer) {
  auto read = read_silence(*request.body, false, request.who.name, zone_of(api));
  if (!read) return answer.fail(read.error());
  const std::string& scope = request.who.area;
  if (!scope.empty() && (read->area.empty() || !lies_under(read->area, scope))) {
    return answer.problem(403, "This token silences alerts of " + scope + ": name that area, or one under it.");
  }
  if (const Status s = check_rules_there(api, read->rules); !s) return answer.fail(s.error());
  api.backend().silence(*std::move(read), api.completion<std::string>([answer](Result<std::string> id) {
    if (!id) return answer.fail(id.error());
    answer.json_about(*id, "{\"accepted\":1,\"silence\":\"" + *id + "\"}", 202);
  }));
}

void expire_silence(Api& api, const Request& request, Responder answer) {
  auto read = read_silence(*request.body, true, request.who.name, zone_of(api));
  if (!read) return answer.fail(read.error());
  api.backend().expire_silence(request.captured[0], read->by, request.view(),
                               api.completion<uint64_t>([answer](Result<uint64_t> offset) {
                                 if (!offset) return answer.fail(offset.error());
                                 answer.json("{\"accepted\":1,\"offset\":" + std::to_string(*offset) + "}", 202);
                               }));
}

}  // namespace tocsin::http
