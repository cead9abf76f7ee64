// Rules: those in force, and the rule desk.
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/json_writer.h"
#include "connectors/http/api.h"

namespace tocsin::http {
namespace {

// The members of a JSON object by name; a name that is not there, or a value of another kind, is a fault.
struct Member {
  std::string_view name;
  std::string* text = nullptr;  // one of the two
  bool* flag = nullptr;
};

Status read_members(const std::string& body, std::span<const Member> members) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(body).get_object().get(object) != simdjson::SUCCESS)
    return invalid("The body must be a JSON object.");
  for (const auto [name, value] : object) {
    const auto m = std::ranges::find(members, name, &Member::name);
    if (m == members.end()) {
      std::string known;
      for (const Member& other : members) known.append(known.empty() ? "" : ", ").append(other.name);
      return invalid("'" + printable(name) + "' is not known here; there are: " + known + ".");
    }
    std::string_view text;
    if (m->text != nullptr) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return invalid(std::string(name) + " must be a string.");
      *m->text = text;
    } else if (value.get_bool().get(*m->flag) != simdjson::SUCCESS) {
      return invalid(std::string(name) + " must be true or false.");
    }
  }
  return {};
}

// Chinese where the browser asks for it first.
bool wants_chinese(const Request& request) { return request.languages.starts_with("zh"); }

}  // namespace

void rules(Api& api, const Request&, Responder answer) {
  const auto result = api.backend().rules();
  if (!result) return answer.fail(result.error());
  std::string body = "{\"rules\":" + *result;
  const Options& options = api.options();
  if (!options.zone.empty()) {
    body += ",\"zone\":";
    append_json_string(body, options.zone);
  }
  if (!options.area_names.empty()) body += ",\"areas\":" + options.area_names;
  answer.json(body + "}");
}

void one_rule(Api& api, const Request& request, Responder answer) {
  auto result = api.backend().rule(request.captured[0]);
  if (!result) return answer.fail(result.error());
  answer.json(*std::move(result));
}

void check_rules(Api& api, const Request& request, Responder answer) {
  RuleText text;
  const std::array members = {Member{"text", &text.text}, Member{"file", &text.file}};
  if (const Status s = read_members(*request.body, members); !s) return answer.fail(s.error());
  if (text.text.empty()) return answer.problem(400, "text is missing or empty.");
  text.chinese = wants_chinese(request);
  api.backend().check_rules(std::move(text), passing_on(api, answer));
}

void backtest(Api& api, const Request& request, Responder answer) {
  BacktestRequest asked;
  std::string from, until;
  const std::array members = {Member{"text", &asked.text}, Member{"set", &asked.set},
                              Member{"rule", &asked.rule}, Member{"from", &from},
                              Member{"until", &until},     Member{"against", nullptr, &asked.against}};
  if (const Status s = read_members(*request.body, members); !s) return answer.fail(s.error());
  std::string fault = read_instant(from, asked.from);
  if (fault.empty()) fault = read_instant(until, asked.until);
  if (!fault.empty()) return answer.problem(400, fault);
  asked.chinese = wants_chinese(request);
  asked.gone = request.gone;
  api.backend().backtest(std::move(asked), passing_on(api, answer));
}

}  // namespace tocsin::http
