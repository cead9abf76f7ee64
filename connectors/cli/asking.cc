#include "connectors/cli/asking.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/nearest.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/json.h"
#include "connectors/http/area_names.h"
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

void add_actor(Command& command, std::string& by) {
  command.add_option("--by", by, "who (default: the token's account, or the user)");
}

Result<std::string> actor(const Remote& remote, const std::string& by) {
  if (!by.empty()) return by;
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return std::string(user);
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> words{};
  const bool known = ::getpwuid_r(::geteuid(), &entry, words.data(), words.size(), &found) == 0 && found != nullptr;
  std::string name(known ? found->pw_name : "");
  if (name.empty() && remote.token.empty()) {
    return invalid(say("say who it is that asks: give --by NAME", "请说明操作人：加上 --by 姓名"));
  }
  return name;
}

std::string near_area(const std::string& area, const Places& places) {
  const bool digits = area.find_first_not_of("0123456789") == std::string::npos;
  std::vector<std::string_view> words;
  for (const auto& [code, name] : places.names) {
    if (!area.empty() && name.starts_with(area)) return code + " " + name;
    if (!digits || code.size() == area.size()) words.push_back(digits ? code : name);
  }
  const std::string_view near = nearest_word(area, words);
  const auto is_it = [&](const auto& n) { return n.first == near || n.second == near; };
  const auto it = near.empty() ? places.names.end() : std::ranges::find_if(places.names, is_it);
  return it == places.names.end() ? std::string() : it->first + " " + it->second;
}

Result<std::string> area_code(const std::string& area, const Places& places) {
  std::string codes;
  size_t found = 0;
  for (const auto& [code, name] : places.names) {
    if (area.empty() || name != area) continue;
    codes.append(found++ == 0 ? "" : ", ").append(code);
  }
  if (found == 1) return codes;
  if (found > 1) {
    return invalid(say("--area " + area + " is the name of several: give the code, one of " + codes,
                       "--area " + area + "：有多个同名区域，请给代码：" + codes));
  }
  if (area.empty() || http::knows_area(places.names, area)) return area;
  const std::string near = near_area(area, places);
  return invalid(
      say("--area " + area + ": there is no area of this code" +
              (near.empty() ? std::string() : "; did you mean " + near + "?"),
          "--area " + area + "：没有这个代码的区域" + (near.empty() ? std::string() : "；是否想写 " + near + "？")));
}

RulesTerms terms_of_rules(std::string_view rules_json) {
  RulesTerms out;
  simdjson::dom::parser parser;
  simdjson::dom::array rules;
  if (parser.parse(rules_json.data(), rules_json.size()).get(rules) != simdjson::SUCCESS) return out;
  for (const auto rule : rules) out.emplace(text_at(rule, "/id"), terms_of(rule));
  return out;
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
    if (simdjson::dom::element rules; e["rules"].get(rules) == simdjson::SUCCESS) {
      terms.rules = terms_of_rules(simdjson::minify(rules));
    }
  }
  if (terms.places.zone.empty()) terms.places.zone = "Asia/Shanghai";
  terms.places.year = this_year(terms.places);
  return terms;
}

std::string this_year(const Places& places) { return local_year(format_time(SystemClock().now()), places); }

}  // namespace tocsin::cli
