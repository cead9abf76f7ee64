// tocsin alerts, tail and explain: a running service, from the terminal.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <thread>

#include "connectors/cli/alert_line.h"
#include "connectors/cli/backend.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"
#include "connectors/cli/wrap.h"

namespace tocsin::cli {
namespace {

struct Options {
  Remote remote;
  std::string zone, id, status = "open,acknowledged,assigned", area, rule, severity;
  bool from_start = false;
  size_t limit = 100;
};

void add_common(CLI::App& command, Options& o) {
  add_remote(command, o.remote);
  command.add_option("--zone", o.zone, "civil time zone of what is shown (default: the service's)");
}

// The service's own zone, unless another is asked for, and its names of areas. A service that does not tell is no
// fault.
Places places_of(const Options& o) {
  Places places{o.zone, {}};
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  const auto body = fetch(o.remote, "/api/v1/rules");
  if (body && parser.parse(*body).get(e) == simdjson::SUCCESS) {
    if (places.zone.empty()) places.zone = text_at(e, "/zone");
    simdjson::dom::object areas;
    if (e["areas"].get(areas) == simdjson::SUCCESS) {
      for (const auto& [code, name] : areas) {
        if (std::string_view text; name.get(text) == simdjson::SUCCESS) places.names.emplace(code, text);
      }
    }
  }
  if (places.zone.empty()) places.zone = "Asia/Shanghai";
  return places;
}

int alerts(const Options& o) {
  auto body = fetch(o.remote, "/api/v1/alerts?limit=" + std::to_string(o.limit) + "&status=" + o.status +
                                  "&area=" + o.area + "&rule=" + o.rule + "&severity=" + o.severity);
  if (!body) return fail(body.error());
  if (o.remote.format == "json") {
    std::cout << *body << '\n';
    return kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(*body)["alerts"].get(list) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse");
  const Places places = places_of(o);
  for (const auto alert : list) {
    std::cout << alert_line(simdjson::minify(alert), "", colour(STDOUT_FILENO), places, terminal_width(STDOUT_FILENO))
              << '\n';
    std::cout << "    " << text_at(alert, "/alert_id") << '\n';
  }
  if (list.size() == 0) std::cout << "no open alert\n";
  return kWell;
}

// Type of a CloudEvent without its prefix: "opened".
std::string_view type_of(std::string_view json) {
  constexpr std::string_view kKey = "\"type\":\"tocsin.alert.";
  const size_t at = json.find(kKey);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = json.substr(at + kKey.size());
  return rest.substr(0, rest.find('"'));
}

int tail(const Options& o) {
  constexpr int kRetries = 5;
  std::string last = o.from_start ? "0" : "";
  const Places places = o.remote.format == "json" ? Places() : places_of(o);
  Error error = unavailable("the stream ended");
  for (int failures = 0; failures < kRetries; ++failures) {
    auto client = open_client(o.remote);
    if (!client) return fail(client.error());
    const Status s = client->stream("/api/v1/stream", last, [&](std::string_view id, std::string_view data) {
      failures = 0;
      last = id;
      if (o.remote.format == "json") {
        std::cout << data << std::endl;
        return std::cout.good();
      }
      const std::string_view type = type_of(data);
      if (!type.empty())
        std::cout << alert_line(cloud_event_data(data), type, colour(STDOUT_FILENO), places,
                                terminal_width(STDOUT_FILENO))
                  << std::endl;
      return std::cout.good();
    });
    if (s) return kWell;
    error = s.error();
    if (error.code == Code::kInvalid) return fail(error);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  return fail(kCannotGoOn, error.message);
}

// A line of `explain`, within the terminal.
void print_line(std::string_view text, std::string_view indent) {
  std::cout << wrapped(text, terminal_width(STDOUT_FILENO), indent) << '\n';
}

void print_pairs(simdjson::dom::element object) {
  simdjson::dom::object pairs;
  if (object.get(pairs) != simdjson::SUCCESS) return;
  for (const auto& [key, value] : pairs) {
    print_line("  " + std::string(key) + " = " + std::string(simdjson::minify(value)), "    ");
  }
}

// The labels of `explain`, padded to one width.
struct Labels {
  std::string_view rule, version, opened, by, area, advice, times, values, params, evidence, events, history, into;
};
constexpr Labels kEnglish = {"rule      ", " version ", "opened    ",          " by ",       "area      ", "advice    ",
                             "times     ", "values",    "parameters in force", "evidence (", " events)",   "history",
                             " into "};
constexpr Labels kChinese = {"规则      ", " 第 ",     "开始      ", "，由 ", "区域      ", "建议      ", "时区      ",
                             "实测值",     "生效参数", "依据（",     " 条）", "经过",       "，并入 "};

// "acknowledged  (person, by li, to wang: note)": who did it, for whom, and with what word.
void print_transition(simdjson::dom::element event, const Labels& l, const Places& places) {
  const std::string_view type = text_at(event, "/type");
  std::string out = "  " + local_time(text_at(event, "/time"), places) + "  ";
  out.append(type.substr(type.rfind('.') + 1)).append("  (").append(text_at(event, "/data/reason"));
  if (const auto into = text_at(event, "/data/merged_into"); !into.empty()) out.append(l.into).append(into);
  if (const auto by = text_at(event, "/data/by"); !by.empty()) out.append(l.by).append(by);
  if (const auto to = text_at(event, "/data/to"); !to.empty()) out.append(" → ").append(to);
  if (const auto note = text_at(event, "/data/note"); !note.empty()) out.append(": ").append(note);
  print_line(out.append(")"), "      ");
}

// The events with their place and words, as far as the service still has them.
void print_evidence(const Options& o, simdjson::dom::element data, const Labels& l, const Places& places) {
  std::cout << l.evidence << number_at(data, "/evidence/total") << l.events << '\n';
  simdjson::dom::parser parser;
  simdjson::dom::element kept;
  simdjson::dom::array events;
  const auto body = fetch(o.remote, "/api/v1/alerts/" + o.id + "/evidence");
  const bool told =
      body && parser.parse(*body).get(kept) == simdjson::SUCCESS && kept["events"].get(events) == simdjson::SUCCESS;
  if (!told && data["evidence"]["events"].get(events) != simdjson::SUCCESS) return;
  for (const auto event : events) {
    std::string out = "  " + local_time(text_at(event, "/occurred_at"), places) + "  ";
    out.append(text_at(event, "/source")).append("  ").append(text_at(event, "/id"));
    for (const char* member : {"/place", "/text"}) {
      if (const auto text = text_at(event, member); !text.empty()) out.append("  ").append(text);
    }
    print_line(out, "      ");
  }
}

int explain(const Options& o) {
  auto body = fetch(o.remote, "/api/v1/alerts/" + o.id,
                    "the service knows no such alert: " + o.id +
                        "; `tocsin alerts --status open,acknowledged,assigned,resolved,closed` lists them");
  if (!body) return fail(body.error());
  if (o.remote.format == "json") {
    std::cout << *body << '\n';
    return kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::element e, data, part;
  if (parser.parse(*body).get(e) != simdjson::SUCCESS) return fail(kCannotGoOn, "the service's answer does not parse");
  if (e["alert"].get(data) != simdjson::SUCCESS) data = e;
  const bool chinese = language() == rule::Language::kChinese;
  const Labels& l = chinese ? kChinese : kEnglish;
  const Places places = places_of(o);
  const auto text = [&](const char* pointer) {
    const std::string_view v = text_at(data, pointer);
    return v.empty() ? std::string_view("-") : v;
  };
  std::cout << alert_line(simdjson::minify(data), "", colour(STDOUT_FILENO), places, terminal_width(STDOUT_FILENO))
            << "\n\n";
  std::cout << l.rule << text("/rule") << l.version << number_at(data, "/rule_version") << (chinese ? " 版" : "")
            << '\n'
            << l.opened << local_time(text("/opened_at"), places) << l.by << text("/opened_by/source") << " "
            << text("/opened_by/id") << '\n';
  if (data["area"].get(part) == simdjson::SUCCESS)
    std::cout << l.area << area_text(simdjson::minify(part), places) << '\n';
  print_line(std::string(l.advice) + std::string(text(chinese ? "/advice/zh" : "/advice/en")), "          ");
  std::cout << l.times << places.zone << "\n\n" << l.values << '\n';
  if (data["values"].get(part) == simdjson::SUCCESS) print_pairs(part);
  std::cout << l.params << '\n';
  if (data["params"].get(part) == simdjson::SUCCESS) print_pairs(part);
  print_evidence(o, data, l, places);
  simdjson::dom::array history;
  if (e["history"].get(history) != simdjson::SUCCESS) return kWell;
  std::cout << l.history << '\n';
  for (const auto event : history) print_transition(event, l, places);
  return kWell;
}

}  // namespace

void add_alerts(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("alerts", "List the alerts of a running service");
  auto o = std::make_shared<Options>();
  add_common(*command, *o);
  command->add_option("--status", o->status, "any of open,acknowledged,assigned,resolved,closed")
      ->capture_default_str();
  command->add_option("--area", o->area, "of this area code and of all that lies under it");
  command->add_option("--rule", o->rule, "of this rule");
  command->add_option("--severity", o->severity, "any of blue,yellow,orange,red");
  command->add_option("--limit", o->limit, "at most so many, those opened last first")->capture_default_str();
  command->callback([o, &exit_code] { exit_code = alerts(*o); });
}

void add_tail(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("tail", "Follow the alerts of a running service as they change");
  auto o = std::make_shared<Options>();
  add_common(*command, *o);
  command->add_flag("--from-start", o->from_start, "from the oldest transition that is kept");
  command->callback([o, &exit_code] { exit_code = tail(*o); });
}

void add_explain(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("explain", "Say why an alert of a running service fired");
  auto o = std::make_shared<Options>();
  add_common(*command, *o);
  command->add_option("ALERT_ID", o->id, "the alert")->required();
  command->callback([o, &exit_code] { exit_code = explain(*o); });
}

}  // namespace tocsin::cli
