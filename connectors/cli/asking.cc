#include "connectors/cli/asking.h"

#include "connectors/cli/clocks.h"
#include "connectors/cli/json.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

RuleTerms terms_of(simdjson::dom::element rule) {
  RuleTerms out{
      number_at(rule, "/version"), std::string(text_at(rule, "/mode")), std::string(text_at(rule, "/fire")), {}};
  simdjson::dom::object severity;
  if (rule["severity"].get(severity) != simdjson::SUCCESS) return out;
  for (const auto& [colour, condition] : severity) {
    if (std::string_view text; condition.get(text) == simdjson::SUCCESS) out.severity.emplace_back(colour, text);
  }
  return out;
}

}  // namespace

void add_asking(Command& command, Asking& o) {
  add_remote(command, o.remote);
  command.add_option("--zone", o.zone, "civil time zone of what is shown (default: the service's)");
}

void add_shadow(Command& command, Asking& o) {
  command.add_flag("--shadow", o.shadow, "also alerts of rules in shadow mode, which nobody is told of (for planners)");
}

Terms ask_terms(const Asking& o) {
  Terms terms{{o.zone, {}, {}}, {}};
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  const auto body = fetch(o.remote, "/api/v1/rules");
  if (body && parser.parse(*body).get(e) == simdjson::SUCCESS) {
    if (terms.places.zone.empty()) terms.places.zone = text_at(e, "/zone");
    simdjson::dom::object areas;
    if (e["areas"].get(areas) == simdjson::SUCCESS) {
      for (const auto& [code, name] : areas) {
        if (std::string_view text; name.get(text) == simdjson::SUCCESS) terms.places.names.emplace(code, text);
      }
    }
    simdjson::dom::array rules;
    if (e["rules"].get(rules) == simdjson::SUCCESS) {
      for (const auto rule : rules) terms.rules.emplace(text_at(rule, "/id"), terms_of(rule));
    }
  }
  if (terms.places.zone.empty()) terms.places.zone = "Asia/Shanghai";
  terms.places.year = local_year(format_time(SystemClock().now()), terms.places);
  return terms;
}

}  // namespace tocsin::cli
