// tocsin ack, assign, comment, close, reload: what people do at a running service, as the console does it.
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/asking.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"

namespace tocsin::cli {
namespace {

struct ActOptions {
  Remote remote;
  std::string id, by, to, note, outcome;
};

// What can be done to an alert: as a command, at the API, and how it is told.
struct Act {
  const char *name, *help, *help_zh, *path;
  std::string_view en, zh;
};
constexpr Act kActs[] = {
    {"ack", "Say that somebody has seen an alert of a running service", "表示已知悉一条告警", "acknowledge",
     "acknowledged", "已知悉"},
    {"assign", "Hand an alert of a running service to somebody", "把一条告警交办给某人", "assign", "assigned to ",
     "已交办给 "},
    {"comment", "Add a note to an alert of a running service", "给一条告警加备注", "comment", "commented", "已加备注"},
    {"close", "Close an alert of a running service, with what it turned out to be", "关闭一条告警，并给出结论", "close",
     "closed as ", "已关闭，结论 "}};

std::string act_body(const ActOptions& o, const std::string& by) {
  std::string body;
  JsonWriter w(body);
  w.begin_object().field("by", by);
  const std::pair<std::string_view, const std::string*> more[] = {
      {"to", &o.to}, {"note", &o.note}, {"outcome", &o.outcome}};
  for (const auto& [name, value] : more) {
    if (!value->empty()) w.field(name, *value);
  }
  w.end_object();
  return body;
}

int act(const ActOptions& o, const Act& what) {
  const auto by = actor(o.remote, o.by);
  if (!by) return fail(by.error());
  const std::string target = "/api/v1/alerts/" + encoded(o.id) + "/" + what.path;
  const auto answer = send(o.remote, target, act_body(o, *by));
  if (!answer) return fail(answer.error());
  if (o.remote.format == "json") {
    std::cout << *answer << '\n';
  } else {
    std::cout << o.id << ' ' << say(what.en, what.zh) << o.to << o.outcome << '\n';
  }
  return kWell;
}

std::string words_at(simdjson::dom::element e, const char* pointer) { return std::string(text_at(e, pointer)); }

// As the service wrote it (rule::append_json). One of no file is of the service itself.
rule::Diagnostic diagnostic_of(simdjson::dom::element e, const std::string& service) {
  rule::Diagnostic d;
  if (text_at(e, "/level") == "warning") d.level = rule::Diagnostic::Level::kWarning;
  d.file = words_at(e, "/file");
  if (d.file.empty()) d.file = service;
  d.line = static_cast<int>(number_at(e, "/line"));
  d.column = static_cast<int>(number_at(e, "/column"));
  d.length = static_cast<int>(number_at(e, "/length"));
  d.code = words_at(e, "/code");
  d.en = words_at(e, "/message/en");
  d.zh = words_at(e, "/message/zh");
  d.hint_en = words_at(e, "/hint/en");
  d.hint_zh = words_at(e, "/hint/zh");
  d.snippet = words_at(e, "/snippet");
  if (d.snippet.empty() && d.line > 0) {  // of a rule as a whole: its place, and no line below
    d.file += ":" + std::to_string(d.line);
    d.line = 0;
  }
  return d;
}

int reload(const Remote& remote) {
  constexpr int kRefused = 422;
  auto answer = post(remote, "/-/reload", {});
  const bool refused = answer && answer->status == kRefused;
  const auto body = refused ? Result<std::string>(answer->body) : taken(std::move(answer));
  if (!body) return fail(body.error());
  if (remote.format == "json") {
    std::cout << *body << '\n';
    return refused ? kFound : kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (parser.parse(*body).get(e) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse", "服务的回答无法解析");
  std::vector<rule::Diagnostic> diagnostics;
  simdjson::dom::array told;
  if (e["diagnostics"].get(told) == simdjson::SUCCESS) {
    for (const auto d : told) diagnostics.push_back(diagnostic_of(d, remote.url));
  }
  print(diagnostics);
  const std::string n = std::to_string(number_at(e, "/rules"));
  if (refused) {
    return fail(kFound, "the rules were not reloaded: the " + n + " that ran before are still in force",
                "规则未重新载入：原有的 " + n + " 条仍然有效");
  }
  std::cout << say("reloaded; rules in force: " + n, "已重新载入，生效的规则：" + n + " 条") << '\n';
  return kWell;
}

void add_act(Command& app, int& exit_code, const Act& what) {
  auto* command = app.add_subcommand(what.name, what.help, what.help_zh);
  auto o = std::make_shared<ActOptions>();
  add_remote(*command, o->remote);
  const std::string_view name = what.name;
  command->add_option("ALERT_ID", o->id, "the alert, as `tocsin alerts` lists it")->required();
  if (name == "assign") command->add_option("--to", o->to, "who is to see to it")->required();
  if (name == "close") {
    command->add_option("--outcome", o->outcome, "what it was: true, false (nothing was there) or duplicate")
        ->among({"true", "false", "duplicate"})
        ->required();
  }
  auto* note = command->add_option("--note", o->note, "what there is to say; identities in it are masked");
  if (name == "comment") note->required();
  add_actor(*command, o->by);
  command->callback([o, &what, &exit_code] { exit_code = act(*o, what); });
}

}  // namespace

void add_acts(Command& app, int& exit_code) {
  for (const Act& what : kActs) add_act(app, exit_code, what);
}

void add_reload(Command& app, int& exit_code) {
  auto* command =
      app.add_subcommand("reload", "Let a running service read its rules again, and say what is wrong with them",
                         "让运行中的服务重新读取规则，并列出规则中的错误");
  auto o = std::make_shared<Remote>();
  add_remote(*command, *o);
  command->callback([o, &exit_code] { exit_code = reload(*o); });
}

}  // namespace tocsin::cli
