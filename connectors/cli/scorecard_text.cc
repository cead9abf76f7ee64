#include "connectors/cli/scorecard_text.h"

#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "base/display_width.h"
#include "connectors/backtest/table.h"
#include "connectors/cli/json.h"
#include "connectors/cli/scorecard_words.h"

namespace tocsin::cli {
namespace {

using backtest::Table;
using simdjson::dom::element;

std::string decimals(double v, int n) {
  char buf[48];
  std::snprintf(buf, sizeof buf, "%.*f", n, v);
  return buf;
}

// Thousands apart.
std::string number(int64_t n) {
  std::string out = std::to_string(n);
  for (size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, ",");
  return out;
}

std::optional<double> real_at(element e, const char* pointer) {
  double v = 0;
  if (e.at_pointer(pointer).get(v) == simdjson::SUCCESS) return v;
  return std::nullopt;
}

// Of a share, with two decimals; what there is nothing to divide by is a dash.
std::string percent(std::optional<double> v, int n = 2) {
  if (!v) return "–";
  const std::string text = decimals(*v * 100, n);
  // All means all: what is short of it is not rounded up to it.
  return (*v < 1 && text.starts_with("100") ? decimals(100 - std::pow(10, -n), n) : text) + "%";
}

// As the console shows it, to the digit (core/format.ts, lasting).
std::string span_text(std::optional<double> seconds, bool chinese) {
  if (!seconds) return "–";
  const double s = *seconds;
  if (s < 99.5) return decimals(std::round(s), 0) + (chinese ? "秒" : "s");
  if (s < 5400) return decimals(std::round(s / 60), 0) + (chinese ? "分" : "m");
  const char* hour = chinese ? "时" : "h";
  if (s < 36'000) return decimals(std::round(s / 360) / 10, 1) + hour;
  if (s < 172'800) return decimals(std::round(s / 3600), 0) + hour;
  return decimals(std::round(s / 8640) / 10, 1) + (chinese ? "天" : "d");
}

class Lines {
 public:
  Lines(rule::Language language, size_t width) : chinese_(language == rule::Language::kChinese), width_(width) {}
  std::string say(std::string_view en, std::string_view zh) const { return std::string(chinese_ ? zh : en); }
  std::string word(Word kind, std::string_view name) const {
    return cli::word(kind, name, chinese_ ? rule::Language::kChinese : rule::Language::kEnglish);
  }
  std::string span(std::optional<double> seconds) const { return span_text(seconds, chinese_); }

  // "name  text", the text broken at its " · " where the line is too wide.
  void item(std::string_view name, const std::vector<std::string>& parts) {
    constexpr size_t kName = 18;
    std::string line(name);
    line.append(kName - std::min(kName - 1, display_width(line)), ' ');
    size_t used = kName;
    for (size_t i = 0; i < parts.size(); ++i) {
      const size_t w = display_width(parts[i]);
      if (i > 0 && used + 3 + w > width_) {
        out_ += line + "\n";
        line.assign(kName, ' ');
        used = kName;
      } else if (i > 0) {
        line += " · ";
        used += 3;
      }
      line += parts[i];
      used += w;
    }
    out_ += line + "\n";
  }
  void line(const std::string& text) { out_ += cut_to_width(text, width_) + "\n"; }
  void blank() { out_ += '\n'; }
  void table(const Table& t) { out_ += t.text(width_); }
  std::string take() { return std::move(out_); }

 private:
  const bool chinese_;
  const size_t width_;
  std::string out_;
};

std::string span_of(const Lines& l, element e) {
  const std::string days = std::to_string(number_at(e, "/span/days"));
  return std::string(text_at(e, "/span/from")) + " – " + std::string(text_at(e, "/span/to")) +
         l.say(" (" + days + " days)", "（" + days + " 天）");
}

std::string area_of(const Lines& l, element e) {
  const std::string code(text_at(e, "/area"));
  if (code.empty()) return l.say("everywhere", "全部");
  const std::string name(text_at(e, "/area_name"));
  return name.empty() ? code : name + " " + code;
}

std::string of_n(const Lines& l, int64_t n) { return l.say(" of ", "，共 ") + number(n); }

class Total {
 public:
  Total(Lines& l, element card, element total) : l_(l), card_(card), e_(total) {}
  void write() {
    counts(l_.say("reports", "上报"), "/events/total", "/events/by_channel", Word::kSource);
    counts(l_.say("  by category", "  按类别"), nullptr, "/events/by_category", Word::kCategory);
    grades();
    matters();
    rates();
    durations(l_.say("first response", "首次响应"), "/first_response_seconds");
    durations(l_.say("closing", "办结用时"), "/closing_seconds");
    const int64_t answers = number_at(e_, "/satisfaction/n");
    const auto mean = real_at(e_, "/satisfaction/mean");
    l_.item(l_.say("satisfaction", "满意度"),
            {mean ? decimals(*mean, 2) + l_.say(" of 5", " / 5") + ", n = " + number(answers) : "–"});
    alerts();
    l_.item(l_.say("first reports", "首报"), {number(number_at(e_, "/first_reports"))});
    trend("before", l_.say("the span before", "上一时段"));
    trend("year_before", l_.say("a year before", "去年同期"));
  }

 private:
  void counts(const std::string& name, const char* total, const char* by, Word kind) {
    std::vector<std::string> parts;
    if (total != nullptr) parts.push_back(number(number_at(e_, total)));
    simdjson::dom::object of;
    if (e_.at_pointer(by).get(of) == simdjson::SUCCESS) {
      for (const auto& [key, value] : of) {
        int64_t n = 0;
        if (value.get(n) == simdjson::SUCCESS) parts.push_back(l_.word(kind, key) + " " + number(n));
      }
    }
    if (!parts.empty()) l_.item(name, parts);
  }
  void grades() {
    const int64_t three = number_at(e_, "/events/by_grade/3"), four = number_at(e_, "/events/by_grade/4");
    l_.item(l_.say("  by grade", "  按等级"),
            {"1 " + number(number_at(e_, "/events/by_grade/1")), "2 " + number(number_at(e_, "/events/by_grade/2")),
             "3 " + number(three), "4 " + number(four), l_.say("3 or above ", "三级及以上 ") + number(three + four)});
  }
  void matters() {
    const int64_t opened = number_at(e_, "/cases/opened");
    l_.item(l_.say("matters", "办理事项"),
            {number(opened),
             l_.say("closed ", "办结 ") + number(number_at(e_, "/cases/closed")) + " " +
                 percent(real_at(e_, "/cases/disposal_rate")),
             l_.say("open ", "在办 ") + number(number_at(e_, "/cases/open")),
             l_.say("on the spot ", "当场办结 ") + number(number_at(e_, "/cases/on_the_spot"))});
    simdjson::dom::object of;
    if (e_.at_pointer("/cases/by_channel").get(of) == simdjson::SUCCESS) {
      for (const auto& [key, value] : of) {
        l_.item("  " + l_.word(Word::kSource, key),
                {number(number_at(value, "/opened")), l_.say("closed ", "办结 ") + number(number_at(value, "/closed")) +
                                                          " " + percent(real_at(value, "/disposal_rate"))});
      }
    }
    l_.item(l_.say("settled at", "办结层级"), {settled("grid"), settled("village"), settled("town"), settled("city")});
  }
  std::string settled(const std::string& tier) const {
    return l_.word(Word::kTier, tier) + " " + number(number_at(e_, ("/cases/settled_at/" + tier).c_str()));
  }
  void rates() {
    l_.item(l_.say("on time", "按期率"),
            {percent(real_at(e_, "/cases/on_time_rate")) + of_n(l_, number_at(e_, "/cases/deadlines")) +
             l_.say(" deadlines", " 个时限")});
    l_.item(l_.say("reopened", "重开率"),
            {percent(real_at(e_, "/cases/reopened_rate")) + ", " + number(number_at(e_, "/cases/reopened"))});
    l_.item(l_.say("repeats", "重复率"),
            {percent(real_at(e_, "/cases/repeat_rate")) + ", " + number(number_at(e_, "/cases/repeats"))});
  }
  void durations(const std::string& name, const std::string& at) {
    l_.item(name, {l_.say("median ", "中位 ") + l_.span(real_at(e_, (at + "/median").c_str())),
                   l_.say("nine in ten within ", "九成不超过 ") + l_.span(real_at(e_, (at + "/p90").c_str())),
                   "n = " + number(number_at(e_, (at + "/n").c_str()))});
  }
  void alerts() {
    element a;
    if (e_.at_key("alerts").get(a) != simdjson::SUCCESS || a.is_null()) return;
    std::vector<std::string> parts{number(number_at(a, "/opened"))};
    constexpr std::pair<const char*, std::pair<const char*, const char*>> kColours[] = {
        {"/by_severity/red", {"red ", "红 "}},
        {"/by_severity/orange", {"orange ", "橙 "}},
        {"/by_severity/yellow", {"yellow ", "黄 "}},
        {"/by_severity/blue", {"blue ", "蓝 "}}};
    for (const auto& [pointer, name] : kColours)
      parts.push_back(l_.say(name.first, name.second) + number(number_at(a, pointer)));
    parts.push_back(l_.say("true ", "属实 ") + number(number_at(a, "/true")));
    parts.push_back(l_.say("false ", "误报 ") + number(number_at(a, "/false")));
    parts.push_back(l_.say("duplicate ", "重复 ") + number(number_at(a, "/duplicate")));
    if (number_at(a, "/lead_seconds/n") > 0) {
      parts.push_back(l_.say("lead ", "提前 ") + l_.span(real_at(a, "/lead_seconds/median")));
    }
    l_.item(l_.say("alerts", "告警"), parts);
  }
  // With its days, so that nobody has to guess what a month is compared with.
  void trend(const std::string& span, const std::string& name) {
    const std::string at = "/compared/" + span;
    const std::string days =
        std::string(text_at(card_, (at + "/from").c_str())) + " – " + std::string(text_at(card_, (at + "/to").c_str()));
    element t;
    if (e_.at_pointer("/trend/" + span).get(t) != simdjson::SUCCESS || t.is_null()) {
      l_.item(name, {days, l_.say("not all of it was counted", "未全部统计")});
      return;
    }
    l_.item(name, {days, l_.say("reports ", "上报 ") + number(number_at(t, "/events")),
                   l_.say("closed ", "办结 ") + percent(real_at(t, "/disposal_rate")),
                   l_.say("on time ", "按期 ") + percent(real_at(t, "/on_time_rate")),
                   l_.say("repeats ", "重复 ") + percent(real_at(t, "/repeat_rate"))});
  }
  Lines& l_;
  element card_;
  element e_;
};

void rows(Lines& l, element card, size_t width) {
  simdjson::dom::array list;
  if (card["rows"].get(list) != simdjson::SUCCESS || list.size() == 0) return;
  const bool wide = width >= 100;
  Table t;
  t.column(l.word(Word::kTier, text_at(card, "/tier")),
           Table::Side::kLeft);  // first: where columns go on below, it is repeated
  t.column("#");
  t.column(l.say("reports", "上报"));
  t.column(l.say("closed", "办结"));
  t.column(l.say("on time", "按期"));
  t.column(l.say("reopen", "重开"));
  t.column(l.say("repeat", "重复"));
  t.column(l.say("resp.", "响应"));
  t.column(l.say("close", "用时"));
  t.column(l.say("sat.", "满意"));
  t.column(l.say("first", "首报"));
  for (const element row : list) {
    int64_t rank = 0;
    const bool ranked =
        row["rank"].get(rank) == simdjson::SUCCESS && number_at(row, "/of") > 1;  // one alone is no order
    const std::string_view name = text_at(row, "/name");
    const auto mean = real_at(row, "/satisfaction/mean");
    t.row({cut_to_width(name.empty() ? text_at(row, "/key") : name, wide ? 36 : 15),
           ranked ? std::to_string(rank) : "–", number(number_at(row, "/events/total")),
           percent(real_at(row, "/cases/disposal_rate"), 1), percent(real_at(row, "/cases/on_time_rate"), 1),
           percent(real_at(row, "/cases/reopened_rate"), 1), percent(real_at(row, "/cases/repeat_rate"), 1),
           l.span(real_at(row, "/first_response_seconds/median")), l.span(real_at(row, "/closing_seconds/median")),
           mean ? decimals(*mean, 1) : "–", number(number_at(row, "/first_reports"))});
  }
  l.blank();
  l.table(t);
}

// What a reader would stumble over: nothing at all was asked for, or rows that are less than the total.
void notes(Lines& l, element card, element total) {
  if (number_at(total, "/events/total") == 0 && number_at(total, "/cases/opened") == 0) {
    l.line(l.say("Nothing of this was counted. Areas are codes (rules/areas), categories dotted paths",
                 "没有统计到任何数据。区域用代码（见 rules/areas），类别用点分路径，"));
    l.line(l.say("such as water.flooding (rules/categories.yaml); without --from all days count.",
                 "如 water.flooding（见 rules/categories.yaml）；不加 --from 即统计全部日期。"));
  }
  const std::string_view tier = text_at(card, "/tier");
  if (tier == "village" || tier == "grid" || tier == "duty") {
    l.line(l.say("What names none of these counts in the total alone.", "未注明该层级的，只计入合计。"));
  }
}

}  // namespace

std::string card_text(element card, rule::Language language, size_t width) {
  Lines l(language, width);
  l.line(area_of(l, card) + "  " + span_of(l, card) + "  " + l.say("as of ", "截至 ") +
         std::string(text_at(card, "/as_of")));
  element total;
  if (card["total"].get(total) == simdjson::SUCCESS) Total(l, card, total).write();
  rows(l, card, width);
  notes(l, card, total);
  if (std::string_view next; card["next"].get(next) == simdjson::SUCCESS) {
    l.line(l.say("more rows: --skip ", "还有更多行：--skip ") + std::string(next));
  }
  l.blank();
  const std::string least = std::to_string(number_at(card, "/sample_floor"));
  const std::string by = l.word(Word::kRanking, text_at(card, "/sort"));
  l.line(l.say("ranked by " + by + "; with fewer than " + least + " to judge by: no rank",
               "按" + by + "排名；样本不足 " + least + " 的不排名"));
  return l.take();
}

std::string places_text(element places, rule::Language language, size_t width) {
  Lines l(language, width);
  l.line(area_of(l, places) + "  " + span_of(l, places));
  l.line(l.say("places again and again: ", "反复发生的地点：") + number(number_at(places, "/found")));
  simdjson::dom::array list;
  if (places["places"].get(list) != simdjson::SUCCESS || list.size() == 0) return l.take();
  Table t;
  t.column(l.say("place", "地点"), Table::Side::kLeft);
  t.column(l.say("what", "类别"), Table::Side::kLeft);
  t.column(l.say("days", "天数"));
  t.column(l.say("reports", "上报"));
  t.column(l.say("people", "人数"));
  t.column(l.say("alerts", "告警"));
  t.column(l.say("last", "最近"));
  for (const element p : list) {
    simdjson::dom::array alerts;
    const size_t n = p["alerts"].get(alerts) == simdjson::SUCCESS ? alerts.size() : 0;
    t.row({cut_to_width(text_at(p, "/place"), width >= 100 ? 40 : 24), l.word(Word::kCategory, text_at(p, "/category")),
           number(number_at(p, "/days")), number(number_at(p, "/reports")), number(number_at(p, "/reporters")),
           number(static_cast<int64_t>(n)), std::string(text_at(p, "/last").substr(0, 10))});
  }
  l.blank();
  l.table(t);
  return l.take();
}

}  // namespace tocsin::cli
