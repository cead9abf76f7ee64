// tocsin top: the live load of a running service, per source, rule and shard.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "connectors/backtest/table.h"
#include "connectors/cli/alert_line.h"
#include "connectors/cli/command_line.h"
#include "connectors/cli/commands.h"
#include "connectors/cli/exit_code.h"
#include "connectors/cli/files.h"
#include "connectors/cli/json.h"
#include "connectors/cli/remote.h"

namespace tocsin::cli {
namespace {

using simdjson::dom::element;

struct TopOptions {
  Remote remote;
  int interval = 2;  // seconds
  bool once = false;
  size_t rules = 15;
};

volatile std::sig_atomic_t interrupted = 0;

std::string with_unit(double value, const char* format) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

double real_at(element e, const char* pointer, double missing) {
  double v = 0;
  return e.at_pointer(pointer).get(v) == simdjson::SUCCESS ? v : missing;
}

// "3 s", "5 min", "2 h 10 min"; "-" where it is not known.
std::string span(double seconds) {
  if (seconds < 0) return "-";
  const auto s = static_cast<int64_t>(seconds);
  if (s < 120) return std::to_string(s) + " s";
  if (s < 7200) return std::to_string(s / 60) + " min";
  if (s < 172'800) return std::to_string(s / 3600) + " h " + std::to_string(s / 60 % 60) + " min";
  return std::to_string(s / 86'400) + " d " + std::to_string(s / 3600 % 24) + " h";
}

std::string bytes(double n) {
  return n < 1048576      ? with_unit(n / 1024, "%.0f KiB")
         : n < 1073741824 ? with_unit(n / 1048576, "%.1f MiB")
                          : with_unit(n / 1073741824, "%.2f GiB");
}

std::string count(element e, const char* pointer) { return std::to_string(number_at(e, pointer)); }

void print_head(std::ostream& out, element e, const std::string& url) {
  bool ready = false, well = true;
  if (e["ready"].get(ready) != simdjson::SUCCESS) ready = false;
  simdjson::dom::array checks;
  std::string failing;
  if (e["checks"].get(checks) == simdjson::SUCCESS) {
    for (const element check : checks) {
      bool ok = true;
      if (check["ok"].get(ok) != simdjson::SUCCESS || ok) continue;
      well = false;
      failing.append("  ").append(text_at(check, "/name")).append(": ").append(text_at(check, "/reason")) += '\n';
    }
  }
  out << "tocsin " << text_at(e, "/version") << "  " << url << "  " << say("up ", "已运行 ")
      << span(static_cast<double>(number_at(e, "/uptime_seconds"))) << "  "
      << (!ready ? say("NOT READY", "未就绪")
          : well ? say("ready", "就绪")
                 : say("DEGRADED", "降级运行"))
      << '\n'
      << failing;
  out << say("commit p99 ", "提交 p99 ") << with_unit(real_at(e, "/commit/seconds_p99", 0) * 1e3, "%.1f ms") << ", "
      << span(real_at(e, "/commit/age_seconds", -1)) << say(" ago", "前") << "   " << say("outbox ", "待发 ")
      << number_at(e, "/outbox_depth") << "   " << say("state ", "状态 ")
      << bytes(static_cast<double>(number_at(e, "/state_bytes"))) << "   " << say("streams ", "订阅 ")
      << number_at(e, "/streams") << "\n\n";
}

void print_sources(std::ostream& out, element e, size_t width) {
  using backtest::Table;
  simdjson::dom::array sources;
  if (e["sources"].get(sources) != simdjson::SUCCESS) return;
  Table t;
  t.column(say("source", "来源"), Table::Side::kLeft);
  for (const auto& [en, zh] : {std::pair{"events/s", "条/秒"},
                               {"read", "读入"},
                               {"rejected", "拒收"},
                               {"duplicate", "重复"},
                               {"late", "迟到"},
                               {"lag", "积压"},
                               {"waits", "等待"},
                               {"watermark", "水位"}}) {
    t.column(say(en, zh));
  }
  for (const element s : sources) {
    const double lag = real_at(s, "/lag_records", -1);
    t.row({std::string(text_at(s, "/source")), with_unit(real_at(s, "/rate", 0), "%.1f"), count(s, "/read"),
           count(s, "/rejected"), count(s, "/duplicate"), count(s, "/late"), lag < 0 ? "-" : with_unit(lag, "%.0f"),
           span(real_at(s, "/lag_seconds", -1)), span(real_at(s, "/watermark_lag_seconds", -1))});
  }
  out << t.text(width) << '\n';
}

// The rules with the most matches.
void print_rules(std::ostream& out, element e, size_t width, size_t most) {
  using backtest::Table;
  simdjson::dom::array found;
  if (e["rules"].get(found) != simdjson::SUCCESS) return;
  std::vector<element> rules(found.begin(), found.end());
  std::ranges::stable_sort(rules,
                           [](element a, element b) { return number_at(a, "/matches") > number_at(b, "/matches"); });
  Table t;
  t.column(say("rule", "规则"), Table::Side::kLeft);
  for (const auto& [en, zh] : {std::pair{"matches", "匹配"}, {"errors", "出错"}, {"keys", "键"}, {"open", "告警"}}) {
    t.column(say(en, zh));
  }
  for (size_t i = 0; i < rules.size() && i < most; ++i) {
    t.row({std::string(text_at(rules[i], "/id")), count(rules[i], "/matches"), count(rules[i], "/errors"),
           count(rules[i], "/state_keys"), count(rules[i], "/open")});
  }
  out << t.text(width);
  if (rules.size() > most) out << say("and ", "另有 ") << rules.size() - most << say(" more", " 条") << '\n';
  out << '\n';
}

void print_shards(std::ostream& out, element e, size_t width) {
  using backtest::Table;
  simdjson::dom::array shards;
  if (e["shards"].get(shards) != simdjson::SUCCESS) return;
  Table t;
  for (const auto& [en, zh] : {std::pair{"shard", "分片"}, {"keys", "键"}, {"busy", "占用"}}) t.column(say(en, zh));
  for (const element s : shards) {
    t.row({count(s, "/shard"), count(s, "/keys"), with_unit(real_at(s, "/busy", 0) * 100, "%.0f%%")});
  }
  out << t.text(width);
}

// As many rules as a terminal has room for beside the rest: a screen that scrolls loses its head.
size_t rules_in_sight(const std::string& rest, size_t most) {
  constexpr size_t kAround = 4;  // the head of the table, "and … more", the line after it, the cursor's line
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return most;
  const size_t used = static_cast<size_t>(std::ranges::count(rest, '\n')) + kAround;
  return std::min(most, size.ws_row > used + 3 ? size.ws_row - used : size_t{3});
}

int show(const TopOptions& o, bool clear) {
  const auto body = fetch(o.remote, "/api/v1/status");
  if (!body) return fail(body.error());
  if (o.remote.format == "json") {
    std::cout << *body << std::endl;
    return kWell;
  }
  simdjson::dom::parser parser;
  element e;
  if (parser.parse(*body).get(e) != simdjson::SUCCESS)
    return fail(kCannotGoOn, "the service's answer does not parse", "服务的回答无法解析");
  const size_t terminal = terminal_width(STDOUT_FILENO);
  const size_t width = terminal == 0 ? 80 : terminal;
  std::ostringstream above, below;
  print_head(above, e, o.remote.url);
  print_sources(above, e, width);
  print_shards(below, e, width);
  std::ostringstream rules;
  print_rules(rules, e, width, clear ? rules_in_sight(above.str() + below.str(), o.rules) : o.rules);
  if (clear) std::cout << "\033[H\033[J";
  std::cout << above.str() << rules.str() << below.str() << std::flush;
  return kWell;
}

// On a terminal again and again until it is interrupted; else once.
int top(const TopOptions& o) {
  const bool live = !o.once && isatty(STDOUT_FILENO) != 0 && o.remote.format == "text";
  std::signal(SIGINT, [](int) { interrupted = 1; });
  while (true) {
    const int code = show(o, live);
    if (!live || code != kWell) return code;
    for (int tenths = o.interval * 10; tenths > 0 && interrupted == 0; --tenths) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (interrupted != 0) return kWell;
  }
}

}  // namespace

void add_top(Command& app, int& exit_code) {
  auto* command = app.add_subcommand("top", "The live load of a running service: sources, rules, shards",
                                     "运行中服务的实时负载：数据源、规则、分片");
  auto o = std::make_shared<TopOptions>();
  add_remote(*command, o->remote);
  command->add_option("--interval", o->interval, "seconds between two looks")->between(1, 3600)->capture_default_str();
  command->add_option("--rules", o->rules, "at most so many, those with the most matches")->capture_default_str();
  command->add_flag("--once", o->once, "one look, also on a terminal");
  command->callback([o, &exit_code] { exit_code = top(*o); });
}

}  // namespace tocsin::cli
