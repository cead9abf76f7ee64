#include "connectors/cli/alert_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/display_width.h"
#include "base/wrap.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "runtime/router.h"
#include "time/format.h"

namespace tocsin::cli {
namespace {

struct Shade {
  std::string_view severity, word, escape;
};
constexpr Shade kShades[] = {{"red", "RED 红", "\033[1;31m"},
                             {"orange", "ORANGE 橙", "\033[38;5;208m"},
                             {"yellow", "YELLOW 黄", "\033[33m"},
                             {"blue", "BLUE 蓝", "\033[34m"}};

// States, changes and reasons as the console words them; in English they are the contract's own names.
struct Said {
  std::string_view en, zh;
};
constexpr Said kSaid[] = {{"open", "待处理"},
                          {"acknowledged", "已知悉"},
                          {"assigned", "已交办"},
                          {"resolved", "已解除"},
                          {"closed", "已关闭"},
                          {"opened", "开始"},
                          {"updated", "更新"},
                          {"escalated", "升级"},
                          {"deescalated", "降级"},
                          {"reopened", "重新开始"},
                          {"amended", "更正"},
                          {"matched", "符合条件"},
                          {"quiet", "已平息"},
                          {"recovered", "已恢复"},
                          {"withdrawn", "上报已撤回"},
                          {"revised", "上报已更正"},
                          {"late", "迟到的上报"},
                          {"merged", "并入另一告警"},
                          {"split", "由另一告警分出"},
                          {"stage", "应办环节已完成"},
                          {"deadline", "已过期限"},
                          {"person", "人工操作"},
                          {"comment", "备注"},
                          {"rule", "规则已改"},
                          {"unsilenced", "静默已结束"},
                          {"uninhibited", "压制已解除"},
                          {"true", "属实"},
                          {"false", "误报"},
                          {"duplicate", "重复"}};

std::string pad(std::string s, size_t width) {
  const size_t columns = display_width(s);
  if (columns < width) s.append(width - columns, ' ');
  return s;
}

// Why an alert that is over is over: its summary alone does not say that it is now part of another.
std::string ending(simdjson::dom::element e, bool chinese) {
  const std::string_view into = text_at(e, "/merged_into"), reason = text_at(e, "/reason");
  if (!into.empty())
    return std::string(chinese ? "  （并入 " : "  (merged into ").append(into).append(chinese ? "）" : ")");
  if (text_at(e, "/status") != "resolved" || reason.empty()) return {};
  return std::string("  (").append(in_words(reason, chinese)).append(")");
}

}  // namespace

std::string say(std::string_view en, std::string_view zh) {
  return std::string(language() == rule::Language::kChinese ? zh : en);
}

std::string counted(int64_t n, std::string_view noun) {
  return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string unjudged(const std::string& rule, uint64_t events, const std::string& why) {
  const std::string n = std::to_string(events);
  std::string why_zh = why;
  if (why.starts_with(runtime::kNoKey)) {
    const std::string part = why.substr(std::min(why.size(), runtime::kNoKey.size() + 2));
    why_zh = "键缺一部分" + (part.empty() ? part : "：" + part);
  }
  return say("note: rule " + rule + " could not judge " + counted(static_cast<int64_t>(events), "event") + ": " + why,
             "注：规则 " + rule + " 有 " + n + " 条事件无法判断：" + why_zh);
}

std::string in_words(std::string_view name, bool chinese) {
  const auto said = std::ranges::find(kSaid, name, &Said::en);
  return std::string(chinese && said != std::end(kSaid) ? said->zh : name);
}

std::string area_text(std::string_view area_json, const Places& places) {
  simdjson::dom::parser parser;
  simdjson::dom::element area;
  if (parser.parse(area_json.data(), area_json.size()).get(area) != simdjson::SUCCESS) return {};
  std::string_view code, name;
  for (const char* level : {"/microgrid", "/grid", "/village", "/town", "/city"}) {
    const std::string_view value = text_at(area, level);
    if (value.empty()) continue;
    if (code.empty()) code = value;
    const auto known = places.names.find(value);
    if (name.empty() && known != places.names.end()) name = known->second;
  }
  return std::string(name) + (name.empty() || code.empty() ? "" : " ") + std::string(code);
}

std::string local_time(std::string_view text, const Places& places) {
  const auto zone = TimeZone::load(places.zone);
  const auto t = parse_time(text, TimeZone::utc());
  if (!zone || !t) return std::string(text);
  std::string out = format_time(*t, *zone).substr(0, 19);
  if (out.size() > 10) out[10] = ' ';
  return out;
}

std::string local_year(std::string_view text, const Places& places) {
  const std::string local = local_time(text, places);
  const size_t dash = local.find('-');
  return parse_time(text, TimeZone::utc()) && dash != std::string::npos ? local.substr(0, dash) : std::string();
}

std::string alert_line(std::string_view data, std::string_view type, bool colour, const Places& places, size_t width) {
  simdjson::dom::parser parser;
  simdjson::dom::element e;
  if (parser.parse(data.data(), data.size()).get(e) != simdjson::SUCCESS) return {};
  // A list is in the order of opening, and shows that; what changes shows when.
  const std::string_view at = text_at(e, type.empty() ? "/opened_at" : "/updated_at");
  std::string when = local_time(at, places);
  if (const std::string year = local_year(at, places); !year.empty() && year == places.year) {
    when.erase(0, year.size() + 1);
  }
  const std::string_view severity = text_at(e, "/severity");
  std::string word(severity), on, off;
  for (const Shade& s : kShades) {
    if (s.severity != severity) continue;
    word = s.word;
    if (colour) on = s.escape, off = "\033[0m";
  }
  const bool chinese = language() == rule::Language::kChinese;
  std::string_view summary = text_at(e, chinese ? "/summary/zh" : "/summary/en");
  if (summary.empty()) summary = text_at(e, chinese ? "/summary/en" : "/summary/zh");
  std::string why = ending(e, chinese);
  simdjson::dom::element area;
  if (!places.names.empty() && e["area"].get(area) == simdjson::SUCCESS) {
    if (const std::string where = area_text(simdjson::minify(area), places); !where.empty()) why += "  [" + where + "]";
  }
  const std::string tail =
      pad(in_words(type.empty() ? text_at(e, "/status") : type, chinese), 12) + " " + std::string(text_at(e, "/rule"));
  const size_t head = display_width(when) + 2 + display_width(pad(word, 10)) + 1 + display_width(tail);
  std::string out = when + "  " + on + pad(word, 10) + off + " " + tail;
  const std::string said = std::string(summary) + why;
  if (width == 0 || head + 2 + display_width(said) <= width) return out.append("  ").append(said);
  constexpr std::string_view kIndent = "    ";
  return out.append("\n").append(kIndent).append(wrapped(said, width, kIndent, kIndent.size()));
}

size_t terminal_width(int fd) {
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr) {
    if (const size_t width = std::strtoul(columns, nullptr, 10); width >= 40 && width <= 1000) return width;
  }
  winsize size{};
  return isatty(fd) != 0 && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace tocsin::cli
