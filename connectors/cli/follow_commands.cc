// tocsin alerts and tail: a running service, from the terminal.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <thread>

#include "alert/lifecycle.h"
#include "base/nearest.h"
#include "base/wrap.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/asking.h"
#include "connectors/cli/backend.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"
#include "detect/plan.h"

namespace tocsin::cli {
namespace {

constexpr char kOpen[] = "open,acknowledged,assigned";

struct FollowOptions : Asking {
  std::string status = kOpen, area, rule, severity;
  bool from_start = false;
  size_t limit = 100;
};

// There is none: because what was asked for is not there, or well and good.
int nothing(const FollowOptions& o, const Terms& terms) {
  if (!o.rule.empty() && !terms.rules.empty() && !terms.rules.contains(o.rule)) {
    std::vector<std::string_view> known;
    for (const auto& [id, rule] : terms.rules) known.push_back(id);
    const std::string near(nearest_word(o.rule, known));
    return fail(kUsage,
                "no alert of " + o.rule + ", and no such rule is in force" +
                    (near.empty() ? "" : "; did you mean " + near + "?"),
                "没有 " + o.rule + " 的告警，也没有这条规则在运行" + (near.empty() ? "" : "；是否想写 " + near + "？"));
  }
  // A grid may be called anything and is in no table, but hardly like a town, and not in Chinese.
  const bool digits = o.area.find_first_not_of("0123456789") == std::string::npos;
  const bool ascii = std::ranges::all_of(o.area, [](char c) { return (c & 0x80) == 0; });
  const std::string near = digits ? std::string() : near_area(o.area, terms.places);
  if (!terms.places.names.empty() && (!near.empty() || !ascii) && !terms.places.names.contains(o.area)) {
    return fail(kUsage,
                "no alert of " + o.area + ", which is neither a code nor a name in the service's tables" +
                    (near.empty() ? "" : "; did you mean " + near + "?"),
                "没有 " + o.area + " 的告警；服务的区划表中没有这个代码或名称" +
                    (near.empty() ? "" : "；是否想写 " + near + "？"));
  }
  std::cout << (o.status == kOpen ? say("no open alert", "没有未结的告警") : say("no such alert", "没有这样的告警"))
            << '\n';
  return kWell;
}

// The first word of a list "open,closd" that names nothing, as a fault of the option.
template <typename Name>
Status known_words(const std::string& option, std::string_view list, Name first, Name last) {
  std::vector<std::string_view> known;
  std::string all;
  for (auto i = static_cast<int>(first); i <= static_cast<int>(last); ++i) {
    known.push_back(name_of(static_cast<Name>(i)));
    all.append(all.empty() ? "" : ", ").append(known.back());
  }
  while (!list.empty()) {
    const std::string word(list.substr(0, list.find(',')));
    list.remove_prefix(std::min(word.size() + 1, list.size()));
    if (std::ranges::find(known, word) != known.end()) continue;
    const std::string near(nearest_word(word, known));
    return invalid(
        say(option + ": \"" + word + "\" is none of " + all + (near.empty() ? "" : "; did you mean " + near + "?"),
            option + "：“" + word + "”不是 " + all + " 之一" + (near.empty() ? "" : "；是否想写 " + near + "？")));
  }
  return {};
}

// The words of the list's options, as the service knows them; an area may be named by its name.
Status settle_words(FollowOptions& o, const Places& places) {
  using alert::AlertStatus;
  using detect::Severity;
  if (auto s = known_words("--status", o.status, AlertStatus::kOpen, AlertStatus::kClosed); !s) return s;
  if (auto s = known_words("--severity", o.severity, Severity::kBlue, Severity::kRed); !s) return s;
  auto code = area_code(o.area, places);
  if (!code) return code.error();
  o.area = *std::move(code);
  return {};
}

int alerts(FollowOptions o) {
  Terms terms = ask_terms(o);
  if (const Status s = settle_words(o, terms.places); !s) return fail(s.error());
  auto body = fetch(o.remote, "/api/v1/alerts?limit=" + std::to_string(o.limit) + "&status=" + encoded(o.status) +
                                  "&area=" + encoded(o.area) + "&rule=" + encoded(o.rule) +
                                  "&severity=" + encoded(o.severity) + (o.shadow ? "&shadow=true" : ""));
  if (!body) return fail(body.error());
  if (o.remote.format == "json") {
    std::cout << *body << '\n';
    return kWell;
  }
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(*body)["alerts"].get(list) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse", "服务的回答无法解析");
  Places& places = terms.places;
  // One list shows all its times alike: with the year as soon as one is of another than this.
  if (!std::ranges::all_of(list, [&](auto a) { return local_year(text_at(a, "/opened_at"), places) == places.year; })) {
    places.year.clear();
  }
  for (const auto alert : list) {
    std::cout << alert_line(simdjson::minify(alert), "", colour(STDOUT_FILENO), places, terminal_width(STDOUT_FILENO))
              << '\n';
    std::cout << "    " << text_at(alert, "/alert_id") << '\n';
  }
  return list.size() == 0 ? nothing(o, terms) : kWell;
}

// Type of a CloudEvent without its prefix: "opened".
std::string_view type_of(std::string_view json) {
  constexpr std::string_view kKey = "\"type\":\"tocsin.alert.";
  const size_t at = json.find(kKey);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = json.substr(at + kKey.size());
  return rest.substr(0, rest.find('"'));
}

int tail(const FollowOptions& o) {
  constexpr int kRetries = 5;
  std::string last = o.from_start ? "0" : "";
  const Places places = o.remote.format == "json" ? Places() : ask_terms(o).places;
  Error error = unavailable("the stream ended");
  for (int failures = 0; failures < kRetries; ++failures) {
    auto client = open_client(o.remote);
    if (!client) return fail(client.error());
    const Status s = client->stream(o.shadow ? "/api/v1/stream?shadow=true" : "/api/v1/stream", last,
                                    [&](std::string_view id, std::string_view data) {
                                      failures = 0;
                                      last = id;
                                      if (o.remote.format == "json") {
                                        std::cout << data << std::endl;
                                        return std::cout.good();
                                      }
                                      const std::string_view type = type_of(data);
                                      if (!type.empty())
                                        std::cout << alert_line(cloud_event_data(data), type, colour(STDOUT_FILENO),
                                                                places, terminal_width(STDOUT_FILENO))
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

}  // namespace

void add_alerts(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("alerts", "List the alerts of a running service", "列出运行中服务的告警");
  auto o = std::make_shared<FollowOptions>();
  add_asking(*command, *o);
  add_shadow(*command, *o);
  command->add_option("--status", o->status, "any of open,acknowledged,assigned,resolved,closed")
      ->capture_default_str();
  command->add_option("--area", o->area, "of this area, a code or a name, and of all that lies under it");
  command->add_option("--rule", o->rule, "of this rule");
  command->add_option("--severity", o->severity, "any of blue,yellow,orange,red");
  command->add_option("--limit", o->limit, "at most so many, those opened last first")->capture_default_str();
  command->callback([o, &exit_code] { exit_code = alerts(*o); });
}

void add_tail(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("tail", "Follow the alerts of a running service as they change",
                                     "持续显示运行中服务的告警变化");
  auto o = std::make_shared<FollowOptions>();
  add_asking(*command, *o);
  add_shadow(*command, *o);
  command->add_flag("--from-start", o->from_start, "from the oldest transition that is kept");
  command->callback([o, &exit_code] { exit_code = tail(*o); });
}

}  // namespace tocsin::cli
