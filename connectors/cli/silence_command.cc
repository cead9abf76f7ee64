// tocsin silence: keeps alerts from disturbing people for a while, on a running service.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "base/json_writer.h"
#include "base/wrap.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/asking.h"
#include "connectors/cli/clocks.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"
#include "rule/yaml_slips.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

struct SilenceOptions : Asking {
  std::string by, reason, until, lasting, area, severity, id;
  std::vector<std::string> rules;
};

// From when --for counts: now, or where the service stands when it lives by its log's time. One that does not say which
// is judged by where it stands: more than a day behind the clock, or before it.
Result<TimeMs> now_of(const SilenceOptions& o) {
  const auto answer = fetch(o.remote, "/api/v1/status");
  if (!answer) return answer.error();
  const TimeMs clock = SystemClock().now();
  TimeMs stands = kNoTime;
  simdjson::dom::parser parser;
  simdjson::dom::element status;
  simdjson::dom::array sources;
  if (parser.parse(*answer).get(status) != simdjson::SUCCESS) return clock;
  if (status["sources"].get(sources) == simdjson::SUCCESS) {
    for (const auto source : sources) {
      if (const auto t = parse_time(text_at(source, "/watermark"), TimeZone::utc())) stands = std::max(stands, *t);
    }
  }
  const std::string_view mode = text_at(status, "/time");
  if (mode == "clock" || (mode == "log" && stands == kNoTime)) return clock;
  if (mode == "log") return stands;
  const bool today = stands == kNoTime || (stands <= clock && clock - stands < kDayMs);
  return today ? clock : stands;
}

int no_duration(const std::string& text) {
  const std::string meant = rule::yaml::meant_duration(text);
  const auto span = parse_span(meant);
  if (span && span->unit != Span::Unit::kPlain) {
    return fail(kUsage, "--for " + text + ": a silence lasts by the clock, not by working time; write e.g. 90m, 2h, 7d",
                "--for " + text + "：静默按自然时间计，不按工作时间；请写如 90m、2h、7d");
  }
  return fail(kUsage,
              "--for " + text + ": that is not a duration; write " + (meant.empty() ? "e.g. 90m, 2h, 7d" : meant),
              "--for " + text + "：不是时长；请写 " + (meant.empty() ? "如 90m、2h、7d" : meant));
}

// When the silence is to end, into `until`; else what was printed of why not, as an exit code. `stands`: the event time
// that --for counted from, where it is not the clock's.
int end_of(const SilenceOptions& o, const Places& places, TimeMs& until, TimeMs& stands) {
  const auto zone = TimeZone::load(places.zone);
  if (!zone) return fail(zone.error());
  if (o.lasting.empty()) {
    const auto t = parse_time(o.until, *zone);
    if (!t) {
      return fail(kUsage,
                  "--until " + o.until + ": that is not a time; write 2026-06-01T18:00, in " + places.zone +
                      ", or with an offset 2026-06-01T18:00:00+08:00",
                  "--until " + o.until + "：不是时间；请写 2026-06-01T18:00（时区 " + places.zone +
                      "），或带时差 2026-06-01T18:00:00+08:00");
    }
    until = *t;
    return kWell;
  }
  const auto lasting = parse_duration(o.lasting);
  if (!lasting) return no_duration(o.lasting);
  const TimeMs before = SystemClock().now();
  const auto from = now_of(o);
  if (!from) return fail(from.error());
  if (*from < before || *from > SystemClock().now()) stands = *from;
  until = *from + *lasting;
  return kWell;
}

std::string body_of(const SilenceOptions& o, const std::string& by, const std::string& area, TimeMs until) {
  std::string body;
  JsonWriter w(body);
  w.begin_object().field("by", by).field("reason", o.reason).field("until", format_time(until));
  if (!area.empty()) w.field("area", area);
  if (!o.severity.empty()) w.field("severity", o.severity);
  if (!o.rules.empty()) {
    w.key("rules").begin_array();
    for (const std::string& rule : o.rules) w.string(rule);
    w.end_array();
  }
  w.end_object();
  return body;
}

int add(const SilenceOptions& o) {
  if (o.until.empty() == o.lasting.empty()) {
    return fail(kUsage, "give one of --until and --for", "--until 与 --for 请给其中一个");
  }
  const auto by = actor(o.remote, o.by);
  if (!by) return fail(by.error());
  const Places places = ask_terms(o).places;
  const auto area = area_code(o.area, places);
  if (!area) return fail(area.error());
  TimeMs until = kNever, stands = kNoTime;
  if (const int code = end_of(o, places, until, stands); code != kWell) return code;
  const auto answer = send(o.remote, "/api/v1/silences", body_of(o, *by, *area, until));
  if (!answer) return fail(answer.error());
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (o.remote.format == "json" || parser.parse(*answer).get(e) != simdjson::SUCCESS) {
    std::cout << *answer << '\n';
    return kWell;
  }
  std::cout << text_at(e, "/silence") << say("  until ", "  至 ") << local_time(format_time(until), places);
  if (stands != kNoTime) {
    const std::string at = local_time(format_time(stands), places);
    std::cout << say("  (event time, which stands at " + at + ")", "（事件时间，目前为 " + at + "）");
  }
  std::cout << '\n';
  return kWell;
}

int end(const SilenceOptions& o) {
  const auto by = actor(o.remote, o.by);
  if (!by) return fail(by.error());
  std::string body;
  JsonWriter(body).begin_object().field("by", *by).end_object();
  const auto answer = send(o.remote, "/api/v1/silences/" + encoded(o.id) + "/expire", body);
  if (!answer) return fail(answer.error());
  std::cout << (o.remote.format == "json" ? *answer : o.id + say(" ended", " 已结束")) << '\n';
  return kWell;
}

// "s-1  until 2026-06-01 18:00:00  area 330282004  rules a, b  up to yellow", then who and why.
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
    return fail(kCannotGoOn, "the service's answer does not parse", "服务的回答无法解析");
  const Places places = ask_terms(o).places;
  const size_t width = terminal_width(STDOUT_FILENO);
  for (const auto s : silences) {
    std::string line(text_at(s, "/id"));
    line.append(say("  until ", "  至 ")).append(local_time(text_at(s, "/until"), places));
    if (const auto area = text_at(s, "/area"); !area.empty()) {
      const auto name = places.names.find(area);
      line.append(say("  area ", "  区域 ")).append(name == places.names.end() ? "" : name->second + " ").append(area);
    }
    simdjson::dom::array rules;
    if (s["rules"].get(rules) == simdjson::SUCCESS && rules.size() > 0) {
      line.append(say("  rules", "  规则"));
      for (const auto rule : rules) line.append(" ").append(std::string_view(rule));
    }
    if (const auto most = text_at(s, "/severity"); !most.empty() && most != "red")
      line.append(say("  up to ", "  最高 ")).append(most);
    std::cout << wrapped(line, width, "    ") << '\n';
    const std::string why = std::string(text_at(s, "/by")) + ": " + std::string(text_at(s, "/reason"));
    std::cout << "    " << wrapped(why, width, "    ", 4) << '\n';
  }
  if (silences.size() == 0) std::cout << say("no silence", "没有静默") << '\n';
  return kWell;
}

}  // namespace

void add_silence(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("silence", "Keep alerts of a running service from disturbing people for a while",
                                     "让运行中服务的告警暂不打扰");
  command->require_subcommand(1);
  auto o = std::make_shared<SilenceOptions>();
  const auto part = [&](const char* name, const char* help, const char* zh, int (*run)(const SilenceOptions&)) {
    auto* sub = command->add_subcommand(name, help, zh);
    add_asking(*sub, *o);
    sub->callback([o, run, &exit_code] { exit_code = run(*o); });
    return sub;
  };
  part("list", "The silences that have not ended", "尚未结束的静默", list);
  auto* adding = part("add", "Silence rules, an area or up to a severity until a time",
                      "静默一些规则、一个区域或某级别以下的告警", add);
  adding->add_option("--reason", o->reason, "why, for those who wonder")->required();
  adding->add_option("--until", o->until,
                     "event time: 2026-06-01T18:00, in the zone of --zone, or 2026-06-01T18:00:00+08:00");
  adding->add_option("--for", o->lasting,
                     "from now (where the service's event time is of another day: from there): 90m, 2h, 7d");
  adding->add_option("--rules", o->rules, "rule ids (default: any)")->delimiter(',');
  adding->add_option("--area", o->area, "an area, a code or a name, with all that lies under it (default: any)");
  adding->add_option("--severity", o->severity, "the gravest that is silenced (default: red)")
      ->among({"blue", "yellow", "orange", "red"});
  auto* ending = part("end", "End one now", "立即结束一条静默", end);
  ending->add_option("SILENCE_ID", o->id, "the silence")->required();
  for (auto* sub : {adding, ending}) add_actor(*sub, o->by);
}

}  // namespace tocsin::cli
