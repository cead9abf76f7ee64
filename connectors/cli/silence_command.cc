// tocsin silence: keeps alerts from disturbing people for a while, on a running service.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"
#include "connectors/cli/wrap.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

struct SilenceOptions {
  Remote remote;
  std::string by, reason, until, lasting, area, severity, id;
  std::vector<std::string> rules;
};

// Where the service has tokens it knows who asks; else the account at this machine says so.
std::string actor(const SilenceOptions& o) {
  if (!o.by.empty()) return o.by;
  const char* user = std::getenv("USER");
  return user == nullptr ? "" : user;
}

Result<std::string> end_of(const SilenceOptions& o) {
  if (!o.until.empty()) return o.until;
  const auto lasting = parse_duration(o.lasting);
  if (!lasting) return lasting.error();
  return format_time(SystemClock().now() + *lasting);
}

int add(const SilenceOptions& o) {
  if (o.until.empty() == o.lasting.empty()) return fail(kUsage, "give one of --until and --for");
  const auto until = end_of(o);
  if (!until) return fail(until.error());
  std::string body;
  JsonWriter w(body);
  w.begin_object().field("by", actor(o)).field("reason", o.reason).field("until", *until);
  if (!o.area.empty()) w.field("area", o.area);
  if (!o.severity.empty()) w.field("severity", o.severity);
  if (!o.rules.empty()) {
    w.key("rules").begin_array();
    for (const std::string& rule : o.rules) w.string(rule);
    w.end_array();
  }
  w.end_object();
  const auto answer = send(o.remote, "/api/v1/silences", body);
  if (!answer) return fail(answer.error());
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (o.remote.format == "json" || parser.parse(*answer).get(e) != simdjson::SUCCESS) {
    std::cout << *answer << '\n';
  } else {
    std::cout << text_at(e, "/silence") << "  until " << *until << '\n';
  }
  return kWell;
}

int end(const SilenceOptions& o) {
  std::string body;
  JsonWriter(body).begin_object().field("by", actor(o)).end_object();
  const auto answer = send(o.remote, "/api/v1/silences/" + o.id + "/expire", body);
  if (!answer) return fail(answer.error());
  std::cout << (o.remote.format == "json" ? *answer : o.id + " ended") << '\n';
  return kWell;
}

// "s-1  until 2026-06-01T10:00:00Z  area 330282004  rules a, b  up to yellow", then who and why.
int list(const SilenceOptions& o) {
  const auto answer = fetch(o.remote, "/api/v1/silences");
  if (!answer) return fail(answer.error());
  if (o.remote.format == "json") {
    std::cout << *answer << '\n';
    return kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array silences;
  if (parser.parse(*answer)["silences"].get(silences) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse");
  const size_t width = terminal_width(STDOUT_FILENO);
  for (const auto s : silences) {
    std::string line(text_at(s, "/id"));
    line.append("  until ").append(text_at(s, "/until"));
    if (const auto area = text_at(s, "/area"); !area.empty()) line.append("  area ").append(area);
    simdjson::dom::array rules;
    if (s["rules"].get(rules) == simdjson::SUCCESS && rules.size() > 0) {
      line.append("  rules");
      for (const auto rule : rules) line.append(" ").append(std::string_view(rule));
    }
    if (const auto most = text_at(s, "/severity"); !most.empty() && most != "red") line.append("  up to ").append(most);
    std::cout << wrapped(line, width, "    ") << '\n';
    const std::string why = std::string(text_at(s, "/by")) + ": " + std::string(text_at(s, "/reason"));
    std::cout << "    " << wrapped(why, width, "    ", 4) << '\n';
  }
  if (silences.size() == 0) std::cout << "no silence\n";
  return kWell;
}

}  // namespace

void add_silence(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("silence", "Keep alerts of a running service from disturbing people for a while");
  command->require_subcommand(1);
  auto o = std::make_shared<SilenceOptions>();
  const auto part = [&](const char* name, const char* help, int (*run)(const SilenceOptions&)) {
    auto* sub = command->add_subcommand(name, help);
    add_remote(*sub, o->remote);
    sub->callback([o, run, &exit_code] { exit_code = run(*o); });
    return sub;
  };
  part("list", "The silences that have not ended", list);
  auto* adding = part("add", "Silence rules, an area or up to a severity until a time", add);
  adding->add_option("--reason", o->reason, "why, for those who wonder")->required();
  adding->add_option("--until", o->until, "event time: 2026-06-01T18:00:00+08:00");
  adding->add_option("--for", o->lasting, "from now: 90m, 2h, 7d");
  adding->add_option("--rules", o->rules, "rule ids (default: any)")->delimiter(',');
  adding->add_option("--area", o->area, "an area code, with all that lies under it (default: any)");
  adding->add_option("--severity", o->severity, "the gravest that is silenced (default: red)")
      ->among({"blue", "yellow", "orange", "red"});
  auto* ending = part("end", "End one now", end);
  ending->add_option("SILENCE_ID", o->id, "the silence")->required();
  for (auto* sub : {adding, ending}) {
    sub->add_option("--by", o->by, "who (default: the token's account, or the user)");
  }
}

}  // namespace tocsin::cli
