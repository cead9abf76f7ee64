// tocsin explain: why an alert fired, of a running service or of a file of alerts.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "base/wrap.h"
#include "connectors/cli/asking.h"
#include "connectors/cli/backend.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/decoders.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/http/area_names.h"
#include "rule/template.h"

namespace tocsin::cli {
namespace {

struct ExplainOptions : Asking {
  std::string id, alerts;
  std::vector<std::string> rules, areas;
};

// What stands before a line, padded to one width, and the words within lines.
struct Labels {
  std::string_view rule, version, mode, fires, opened, by, area, advice, times, values, params, evidence, events,
      history, into, outcome, shadow, in_force;
};
constexpr Labels kEnglish = {"rule      ",
                             " version ",
                             "mode      ",
                             "fires     ",
                             "opened    ",
                             " by ",
                             "area      ",
                             "advice    ",
                             "times     ",
                             "values",
                             "parameters when told",
                             "evidence (",
                             ")",
                             "history",
                             " into ",
                             ", outcome ",
                             "shadow: judged and recorded, told to nobody",
                             "; in force now, and the conditions below are of, version "};
constexpr Labels kChinese = {"规则      ",
                             " 第 ",
                             "状态      ",
                             "条件      ",
                             "开始      ",
                             "，由 ",
                             "区域      ",
                             "建议      ",
                             "时区      ",
                             "实测值",
                             "告警时参数",
                             "依据（",
                             " 条）",
                             "经过",
                             "，并入 ",
                             "，结果：",
                             "试运行：只判断和记录，不通知任何人",
                             "；现行的、下列条件所属的是第 "};
constexpr size_t kLabelWidth = 10;

// What an explanation is made of.
struct Told {
  std::string answer;    // the alert's `data`, with `history` (CloudEvents, oldest first) and `earlier` beside
  std::string evidence;  // what is kept of its events, as the API has it; empty: the alert's own references alone
  Terms terms;
};

class Explanation {
 public:
  Explanation(const Told& told, simdjson::dom::element data)
      : told_(told),
        data_(data),
        terms_(told.terms),
        chinese_(language() == rule::Language::kChinese),
        l_(chinese_ ? kChinese : kEnglish) {}

  void print(simdjson::dom::element answer) const {
    std::cout << alert_line(simdjson::minify(data_), "", colour(STDOUT_FILENO), terms_.places,
                            terminal_width(STDOUT_FILENO))
              << "\n\n";
    rule();
    origin();
    std::cout << "\n" << l_.values << '\n';
    pairs("values");
    std::cout << l_.params << '\n';
    pairs("params");
    evidence();
    simdjson::dom::array history;
    if (answer["history"].get(history) != simdjson::SUCCESS) return;
    std::cout << l_.history << '\n';
    if (const int64_t earlier = number_at(answer, "/earlier"); earlier > 0) {
      line(chinese_ ? "  更早的 " + std::to_string(earlier) + " 次变化未列出"
                    : "  (" + std::to_string(earlier) + " earlier ones are not listed)",
           "      ");
    }
    for (const auto event : history) transition(event);
  }

 private:
  // A line, within the terminal.
  static void line(std::string_view text, std::string_view indent) {
    std::cout << wrapped(text, terminal_width(STDOUT_FILENO), indent) << '\n';
  }
  void labelled(std::string_view label, std::string_view text) const {
    line(std::string(label).append(text), std::string(kLabelWidth, ' '));
  }
  std::string text(const char* pointer) const {
    const std::string_view v = text_at(data_, pointer);
    return v.empty() ? "-" : std::string(v);
  }

  // The rule, what it asks, and what the alert's colour asks.
  void rule() const {
    const auto known = terms_.rules.find(text_at(data_, "/rule"));
    const int64_t version = number_at(data_, "/rule_version");
    std::string head = text("/rule") + std::string(l_.version) + std::to_string(version) + (chinese_ ? " 版" : "");
    if (known != terms_.rules.end() && known->second.version != version) {
      head.append(l_.in_force).append(std::to_string(known->second.version)).append(chinese_ ? " 版" : "");
    }
    labelled(l_.rule, head);
    if (known == terms_.rules.end()) return;
    const RuleTerms& terms = known->second;
    if (terms.mode == "shadow") labelled(l_.mode, l_.shadow);
    if (!terms.fire.empty()) labelled(l_.fires, terms.fire);
    const std::string_view severity = text_at(data_, "/severity");
    const auto rung = std::ranges::find(terms.severity, severity, [](const auto& r) { return r.first; });
    if (rung == terms.severity.end() || rung->second == "true") return;
    std::string label(severity);
    label.resize(std::max(kLabelWidth, label.size() + 1), ' ');
    labelled(label, rung->second);
  }

  void origin() const {
    std::cout << l_.opened << local_time(text("/opened_at"), terms_.places) << l_.by << text("/opened_by/source") << " "
              << text("/opened_by/id") << '\n';
    if (simdjson::dom::element area; data_["area"].get(area) == simdjson::SUCCESS) {
      std::cout << l_.area << area_text(simdjson::minify(area), terms_.places) << '\n';
    }
    labelled(l_.advice, text(chinese_ ? "/advice/zh" : "/advice/en"));
    std::cout << l_.times << terms_.places.zone << '\n';
  }

  // A value for people: durations in their units, times in the service's zone, four figures of what is no whole number,
  // areas with their names.
  std::string said(simdjson::dom::element value) const {
    if (double number = 0; value.is_double() && value.get(number) == simdjson::SUCCESS) {
      char text[32];
      std::snprintf(text, sizeof text, "%.4g", number);
      return text;
    }
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return simdjson::minify(value);
    double seconds = 0;
    const char* const end = text.data() + text.size();
    if (const auto read = std::from_chars(text.data(), end, seconds);
        read.ec == std::errc() && read.ptr + 1 == end && *read.ptr == 's') {
      std::string out;
      rule::append_duration(out, static_cast<DurationMs>(seconds * 1000), chinese_);
      return out;
    }
    if (std::string local = local_time(text, terms_.places); local != text) return local;
    if (const auto area = terms_.places.names.find(text); area != terms_.places.names.end()) {
      return area->first + " " + area->second;
    }
    return simdjson::minify(value);
  }

  void pairs(const char* member) const {
    simdjson::dom::object object;
    if (data_[member].get(object) != simdjson::SUCCESS) return;
    for (const auto& [key, value] : object) line("  " + std::string(key) + " = " + said(value), "    ");
  }

  // "assigned  (person by li → wang: note)", "closed  (person, outcome false by li)": who did it, for whom, with what
  // word. An alert that was closed keeps its outcome; it is said of the closing alone.
  void transition(simdjson::dom::element event) const {
    const std::string_view type = text_at(event, "/type");
    const std::string_view change = type.substr(type.rfind('.') + 1);
    std::string out = "  " + local_time(text_at(event, "/time"), terms_.places) + "  ";
    out.append(in_words(change, chinese_)).append("  (");
    out.append(in_words(text_at(event, "/data/reason"), chinese_));
    if (const auto into = text_at(event, "/data/merged_into"); !into.empty()) out.append(l_.into).append(into);
    if (const auto outcome = text_at(event, "/data/outcome"); change == "closed" && !outcome.empty()) {
      out.append(l_.outcome).append(in_words(outcome, chinese_));
    }
    if (const auto by = text_at(event, "/data/by"); !by.empty()) out.append(l_.by).append(by);
    if (const auto to = text_at(event, "/data/to"); !to.empty()) out.append(" → ").append(to);
    if (const auto note = text_at(event, "/data/note"); !note.empty()) out.append(": ").append(note);
    line(out.append(")"), "      ");
  }

  // "  depth = 26.5": what was measured.
  void readings(simdjson::dom::element event, std::string& out) const {
    simdjson::dom::object values;
    if (event["values"].get(values) != simdjson::SUCCESS) return;
    for (const auto& [name, value] : values) out.append("  ").append(name).append(" = ").append(said(value));
  }

  // The events with their place, words and values, as far as the service still has them.
  void evidence() const {
    const int64_t total = number_at(data_, "/evidence/total");
    std::cout << l_.evidence << (chinese_ ? std::to_string(total) : counted(total, "event")) << l_.events << '\n';
    simdjson::dom::parser parser;
    simdjson::dom::element kept;
    simdjson::dom::array events;
    const bool told = !told_.evidence.empty() && parser.parse(told_.evidence).get(kept) == simdjson::SUCCESS &&
                      kept["events"].get(events) == simdjson::SUCCESS;
    if (!told && data_["evidence"]["events"].get(events) != simdjson::SUCCESS) return;
    for (const auto event : events) {
      std::string out = "  " + local_time(text_at(event, "/occurred_at"), terms_.places) + "  ";
      out.append(text_at(event, "/source")).append("  ").append(text_at(event, "/id"));
      for (const char* member : {"/place", "/text"}) {
        if (const auto words = text_at(event, member); !words.empty()) out.append("  ").append(words);
      }
      readings(event, out);
      line(out, "      ");
    }
  }

  const Told& told_;
  const simdjson::dom::element data_;
  const Terms& terms_;
  const bool chinese_;
  const Labels& l_;
};

Result<Told> of_the_service(const ExplainOptions& o) {
  const std::string target = "/api/v1/alerts/" + encoded(o.id);
  auto body = fetch(o.remote, target,
                    say("the service knows no such alert: " + o.id +
                            "; `tocsin alerts --status open,acknowledged,assigned,resolved,closed` lists them, with "
                            "--shadow also those of rules in shadow mode",
                        "服务中没有这条告警：" + o.id +
                            "；用 `tocsin alerts --status open,acknowledged,assigned,resolved,closed` 列出告警，加 "
                            "--shadow 也列出试运行规则的告警"));
  if (!body) return body.error();
  Told told{*std::move(body), {}, {}};
  if (o.remote.format == "json") return told;
  if (auto kept = fetch(o.remote, target + "/evidence")) told.evidence = *std::move(kept);
  told.terms = ask_terms(o);
  return told;
}

// The lines of a file of CloudEvents that are of the alert, the newest kMostHistory of them; how many were before.
Result<std::deque<std::string>> lines_of(const ExplainOptions& o, uint64_t& earlier) {
  std::ifstream file;
  if (o.alerts != "-") file.open(o.alerts, std::ios::binary);
  std::istream& in = o.alerts == "-" ? std::cin : file;
  if (!in) return not_found(o.alerts + ": " + std::string(std::strerror(errno)));
  std::deque<std::string> out;
  simdjson::dom::parser parser;
  simdjson::dom::element event;
  uint64_t number = 0;
  bool known = false;
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.resize(line.find_last_not_of(" \t\r") + 1);
    // The first tells whether the file holds alerts at all.
    if (line.empty() || (known && line.find(o.id) == std::string::npos)) continue;
    if (parser.parse(line).get(event) != simdjson::SUCCESS || text_at(event, "/data/alert_id").empty()) {
      const std::string place = o.alerts + ":" + std::to_string(number);
      return invalid(say(place + ": this is no alert as `tocsin replay --alerts` writes them, a CloudEvent a line",
                         place + "：不是 `tocsin replay --alerts` 写出的告警（每行一个 CloudEvent）"));
    }
    known = true;
    if (text_at(event, "/data/alert_id") != o.id) continue;
    out.push_back(std::move(line));
    if (out.size() <= http::AlertDetail::kMostHistory) continue;
    out.pop_front();
    ++earlier;
  }
  if (in.bad()) return unavailable(o.alerts + ": could not be read");
  if (!out.empty()) return out;
  return not_found(say(o.alerts + " has no alert " + o.id + "; each of its lines names one as `subject`",
                       o.alerts + " 中没有告警 " + o.id + "；每行的 `subject` 是告警编号"));
}

// As a service would tell it, as far as the file goes.
Result<Told> of_the_file(const ExplainOptions& o) {
  uint64_t earlier = 0;
  auto lines = lines_of(o, earlier);
  if (!lines) return lines.error();
  Told told;
  JsonWriter w(told.answer);
  w.begin_object().key("history").begin_array();
  for (const std::string& line : *lines) w.raw(line);
  w.end_array().key("earlier").unsigned_integer(earlier);
  told.answer.append(",").append(cloud_event_data(lines->back()).substr(1));  // its members beside, as the API has them
  if (o.remote.format == "json") return told;
  Places& places = told.terms.places;
  places.zone = o.zone.empty() ? "Asia/Shanghai" : o.zone;
  places.year = this_year(places);
  if (o.rules.empty()) return told;
  RuleInputs inputs;
  inputs.paths = o.rules;
  inputs.zone = places.zone;
  const auto rules = load_rules(inputs);
  if (!rules) return rules.error();
  told.terms.rules = terms_of_rules(rules_json(**rules));
  return told;
}

int explain(const ExplainOptions& o) {
  if (o.alerts.empty() && !(o.rules.empty() && o.areas.empty())) {
    return fail(kUsage, "--rules and --areas go with --alerts: a service has its own",
                "--rules 和 --areas 须与 --alerts 同用：服务自有规则和区划");
  }
  auto told = o.alerts.empty() ? of_the_service(o) : of_the_file(o);
  if (!told) return fail(told.error());
  if (o.remote.format == "json") {
    std::cout << told->answer << '\n';
    return kWell;
  }
  auto& names = told->terms.places.names;
  if (names.empty()) names = http::read_area_names(area_names_json(area_tables(o.areas)));
  simdjson::dom::parser parser;
  simdjson::dom::element answer, data;
  if (parser.parse(told->answer).get(answer) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse", "服务的回答无法解析");
  if (answer["alert"].get(data) != simdjson::SUCCESS) data = answer;
  Explanation(*told, data).print(answer);
  return kWell;
}

}  // namespace

void add_explain(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("explain", "Say why an alert of a running service, or of a file, fired",
                                     "说明一条告警为何发出（来自运行中的服务或文件）");
  auto o = std::make_shared<ExplainOptions>();
  add_asking(*command, *o);
  command->add_option("ALERT_ID", o->id, "the alert")->required();
  command->add_option(
      "--alerts", o->alerts,
      "an alert of this file, as `replay --alerts` and the service's `file` write it, not of a service; "
      "- is standard input");
  command->add_option("--rules", o->rules, "with --alerts: rule files and folders, to tell the rule's conditions");
  command->add_option("--areas", o->areas, "with --alerts: CSV files of area codes and names (default: those shipped)");
  command->callback([o, &exit_code] { exit_code = explain(*o); });
}

}  // namespace tocsin::cli
