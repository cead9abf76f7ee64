#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/wrap.h"
#include "connectors/backtest/table.h"
#include "connectors/backtest/telling.h"

namespace tocsin::backtest {
namespace {

std::string decimals(double v, int n) {
  if (std::isnan(v)) return "–";
  char buf[32];
  std::snprintf(buf, sizeof buf, "%.*f", n, v);
  return buf;
}
// Three figures that matter.
std::string rate(double v) { return decimals(v, v < 10 ? 2 : v < 100 ? 1 : 0); }
std::string percent(double v) { return std::isnan(v) ? "–" : decimals(v * 100, v < 1 ? 1 : 0) + "%"; }

// Thousands apart.
std::string number(uint64_t n) {
  std::string out = std::to_string(n);
  for (size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, ",");
  return out;
}

// The two greatest units.
std::string span(DurationMs d) {
  const int64_t minutes = (d + 30'000) / 60'000;
  if (d < 90'000) return std::to_string(d / 1000) + "s";
  if (minutes < 60) return std::to_string(minutes) + "m";
  if (minutes < 24 * 60)
    return std::to_string(minutes / 60) + "h" + (minutes % 60 == 0 ? "" : std::to_string(minutes % 60) + "m");
  const int64_t hours = minutes / 60;
  return std::to_string(hours / 24) + "d" + (hours % 24 == 0 ? "" : std::to_string(hours % 24) + "h");
}

class Text {
 public:
  Text(const Telling& t, rule::Language language, size_t width)
      : t_(t), chinese_(language == rule::Language::kChinese), width_(width) {}

  std::string whole() {
    head();
    alerts();
    if (t_.alerts) list();
    if (t_.labels != nullptr) labels();
    towns();
    if (t_.difference != nullptr) difference();
    return std::move(out_);
  }

 private:
  std::string say(std::string_view en, std::string_view zh) const { return std::string(chinese_ ? zh : en); }
  std::string day(TimeMs t) const { return t == kNoTime ? "–" : format_time(t, t_.zone).substr(0, 10); }
  std::string minute(TimeMs t) const {
    if (t == kNoTime) return "–";
    std::string out = format_time(t, t_.zone).substr(0, 16);
    out[10] = ' ';
    return out;
  }
  bool swept() const { return !t_.trial.param.empty(); }
  std::string label_of(const Column& c) const {
    if (swept()) return c.value;
    return c.mode == rule::Mode::kShadow ? c.rule + say(" (shadow)", "（试运行）") : c.rule;
  }
  // A line, broken between words where it is too wide.
  void line(const std::string& text);
  void section(const std::string& title) { out_ += '\n', line(title); }
  void first_column(Table& table) const {
    table.column(swept() ? t_.trial.param.substr(t_.trial.param.find('.') + 1) : say("rule", "规则"),
                 swept() ? Table::Side::kRight : Table::Side::kLeft);
  }
  std::string severity(detect::Severity s) const {
    static constexpr std::string_view kChinese[] = {"–", "蓝", "黄", "橙", "红"};
    return chinese_ ? std::string(kChinese[static_cast<size_t>(s)]) : std::string(detect::name_of(s));
  }
  std::string town(const std::string& code) const {
    if (code.empty()) return say("(no single town)", "（不在同一镇街）");
    const std::string_view name = t_.areas == nullptr ? std::string_view() : t_.areas->name(code);
    return name.empty() ? code : code + " " + std::string(name);
  }
  // What an alert or a label is about, by name where a part of its key is an area that has one: "330282004 浒山街道".
  // An area that the key does not tell stands behind it.
  std::string about(std::string_view key, const std::string& area) const;
  void head();
  void alerts();
  void list();
  void silent(size_t column);
  void labels();
  void labels_elsewhere();
  void missed();
  void towns();
  void difference();
  void change(const Pair& p);

  const Telling& t_;
  const bool chinese_;
  const size_t width_;
  std::string out_;
};

void Text::line(const std::string& text) { out_.append(wrapped(text, width_, "  ")) += '\n'; }

std::string Text::about(std::string_view key, const std::string& area) const {
  std::string out;
  bool told = area.empty();
  while (!key.empty()) {
    const std::string part(key.substr(0, key.find('|')));
    key.remove_prefix(std::min(part.size() + 1, key.size()));
    told = told || part.starts_with(area);
    out.append(out.empty() ? "" : ", ").append(is_level_code(part) ? town(part) : part);
  }
  if (!told) out.append(out.empty() ? "" : ", ").append(town(area));
  return out;
}

// "2025-07-01 13:03  yellow  drains-blocked  330282004001 担山村  3 blocked drains …", in the order of opening.
void Text::list() {
  const auto told = [](const Story& s) { return !s.muted; };
  const auto all = static_cast<size_t>(std::ranges::count_if(t_.ran.stories, told));
  if (all == 0) return;
  section(say("Each alert", "逐条警报"));
  size_t shown = 0;
  for (const Story& s : t_.ran.stories) {
    if (!told(s)) continue;
    if (shown++ == t_.listed) break;
    std::string text = minute(s.opened_at()) + "  " + severity(s.worst) + "  " + label_of(t_.trial.columns[s.column]);
    if (const std::string where = about(s.key, s.area); !where.empty()) text += "  " + where;
    const std::string& summary = (chinese_ ? s.zh : s.en).empty() ? (chinese_ ? s.en : s.zh) : (chinese_ ? s.zh : s.en);
    line(text + (summary.empty() ? "" : "  " + summary));
  }
  if (all > t_.listed) {
    line(say("… and " + number(all - t_.listed) + " more; --list N lists N, --format json all.",
             "……另有 " + number(all - t_.listed) + " 条，--list N 列出 N 条，--format json 全部列出。"));
  }
}

void Text::head() {
  const std::string days = decimals(t_.report.days, t_.report.days < 10 ? 1 : 0);
  line(say("Backtest over " + days + " days, " + day(t_.ran.first) + " to " + day(t_.ran.last) + ": ",
           "回测 " + days + " 天，" + day(t_.ran.first) + " 至 " + day(t_.ran.last) + "：") +
       number(t_.ran.totals.read) + say(" events read, ", " 条事件，") + number(t_.ran.totals.rejected) +
       say(" of them rejected", " 条被拒"));
  if (!swept()) return;
  const Column& c = t_.trial.columns[0];
  const std::string& name = chinese_ ? c.name.zh : c.name.en;
  line(say("Rule ", "规则 ") + c.rule + (name.empty() ? "" : say(" (", "（") + name + say(")", "）")) +
       say(", each value of ", "，逐一取值：") + t_.trial.param.substr(t_.trial.param.find('.') + 1));
  if (!t_.trial.helpers.empty()) {
    std::string names;
    for (const std::string& id : t_.trial.helpers) names += (names.empty() ? "" : ", ") + id;
    line(say("It depends on rules that ran beside it: ", "同时运行了它所依赖的规则：") + names);
  }
  if (!t_.trial.shared) {
    line(
        say("Note: the param says which events belong together or what is kept of them, so each value was run as a "
            "rule of its own; that takes longer.",
            "注：该参数决定哪些事件归在一起或保留什么，每个取值作为单独的规则运行，耗时较长。"));
  }
}

void Text::alerts() {
  section(say("Alerts", "警报"));
  Table table;
  first_column(table);
  for (const auto& [en, zh] : {std::pair{"alerts", "警报"}, {"a day", "每天"}}) table.column(say(en, zh));
  for (const auto s :
       {detect::Severity::kRed, detect::Severity::kOrange, detect::Severity::kYellow, detect::Severity::kBlue})
    table.column(severity(s));
  table.column(say("reopened", "重开"));
  table.column(say("open", "未结"));
  table.column(say("lasts", "持续"));
  for (size_t i = 0; i < t_.trial.columns.size(); ++i) {
    const Figures& f = t_.report.columns[i];
    std::vector<std::string> row = {label_of(t_.trial.columns[i]), number(f.alerts), rate(f.a_day)};
    for (size_t s = f.by_severity.size(); s-- > 1;) row.push_back(number(f.by_severity[s]));
    row.push_back(number(f.reopened));
    row.push_back(number(f.open));
    row.push_back(f.alerts == f.open ? "–" : span(f.median_open));
    table.row(std::move(row));
  }
  out_ += table.text(width_);
  for (size_t i = 0; i < t_.trial.columns.size(); ++i) {
    const uint64_t n = t_.report.columns[i].muted;
    if (n == 0) continue;
    const std::string name = label_of(t_.trial.columns[i]);
    line(say("Note: " + number(n) + " more of `" + name + "` were silenced or inhibited throughout.",
             "注：`" + name + "` 另有 " + number(n) + " 条始终被静默或抑制。"));
  }
  for (size_t i = 0; i < t_.trial.columns.size(); ++i) silent(i);
}

// What held back a rule that raised nothing: its events, or its condition over them.
void Text::silent(size_t column) {
  const Figures& f = t_.report.columns[column];
  if (f.alerts + f.muted > 0) return;
  const std::string name = "`" + label_of(t_.trial.columns[column]) + "`";
  const uint64_t n = matches_of(t_.trial, t_.ran, t_.trial.columns[column]);
  const runtime::Totals& totals = t_.ran.totals;
  if (totals.accepted == 0 && totals.rejected > 0) {
    line(say(name + " raised nothing: none of the " + number(totals.rejected) + " records could be read as an event.",
             name + " 没有报警：" + number(totals.rejected) + " 条记录都无法读成事件。"));
  } else if (n == 0) {
    line(say(name + " raised nothing: no event of its sources is one that it looks at (where, steps, after, key).",
             name + " 没有报警：其数据源中没有它要看的事件（where、steps、after、key）。"));
  } else {
    line(say(name + " raised nothing: it looked at " + number(n) +
                 " events, and its condition over them never held; try lower values with --set RULE.PARAM=A,B,C.",
             name + " 没有报警：它看了 " + number(n) +
                 " 条事件，但报警条件从未成立；可用 --set 规则.参数=值1,值2 试较低的阈值。"));
  }
}

void Text::labels() {
  section(say("Against the labels", "对照标注"));
  Table table;
  first_column(table);
  for (const auto& [en, zh] : {std::pair{"labels", "标注"},
                               {"found", "命中"},
                               {"recall", "召回率"},
                               {"precision", "准确率"},
                               {"false a day", "每天误报"},
                               {"lead", "提前"},
                               {"lead p90", "提前p90"}})
    table.column(say(en, zh));
  for (size_t i = 0; i < t_.trial.columns.size(); ++i) {
    const Accuracy& a = t_.report.columns[i].accuracy;
    table.row({label_of(t_.trial.columns[i]), number(a.labels), number(a.found), percent(a.recall()),
               percent(a.precision()), std::isnan(a.precision()) ? "–" : rate(a.false_a_day),
               a.leads.empty() ? "–" : span(a.lead(0.5)), a.leads.empty() ? "–" : span(a.lead(0.9))});
  }
  out_ += table.text(width_);
  labels_elsewhere();
  missed();
}

// Labels of rules that did not run: a line each, of more than three rules one for all.
void Text::labels_elsewhere() {
  constexpr size_t kLines = 3;
  const auto& elsewhere = t_.report.labels_elsewhere;
  if (elsewhere.size() > kLines) {
    uint64_t all = 0;
    for (const auto& [rule, n] : elsewhere) all += n;
    const std::string rules = number(elsewhere.size());
    return line(say("Note: " + number(all) + " labels are meant for " + rules + " rules that did not run.",
                    "注：" + number(all) + " 条标注属于未运行的 " + rules + " 条规则。"));
  }
  for (const auto& [rule, n] : elsewhere) {
    line(say("Note: " + number(n) + " labels are meant for `" + rule + "`, which did not run.",
             "注：" + number(n) + " 条标注属于未运行的规则 `" + rule + "`。"));
  }
}

// "repeat-place  2025-07-01 13:00 – 2025-07-01 15:00  330282004 浒山街道; nearest alert 2025-07-02 08:10": what the
// label is about, or (one without a key) the first of its events.
void Text::missed() {
  uint64_t all = 0;
  for (const Figures& f : t_.report.columns) all += f.accuracy.missed.size();
  if (all == 0) return;
  section(say("Missed", "漏报"));
  size_t shown = 0;
  for (size_t i = 0; i < t_.trial.columns.size(); ++i) {
    for (const Miss& m : t_.report.columns[i].accuracy.missed) {
      if (shown++ == t_.listed) break;
      const Label& label = t_.labels->all()[m.label];
      const std::string where =
          label.key.empty() ? say("event ", "事件 ") + label.events.front() : about(label.key, {});
      line(label_of(t_.trial.columns[i]) + "  " + minute(label.from) + " – " + minute(label.until) + "  " + where +
           (m.near == kNoTime ? std::string() : say("; nearest alert ", "；最近的警报 ") + minute(m.near)));
    }
    if (shown > t_.listed) break;
  }
  if (all > t_.listed) {
    line(say("… and " + number(all - t_.listed) + " more; --format json names all.",
             "……另有 " + number(all - t_.listed) + " 条，--format json 全部列出。"));
  }
}

void Text::towns() {
  std::set<std::string> codes;
  for (const Figures& f : t_.report.columns)
    for (const auto& [code, n] : f.by_town) codes.insert(code);
  if (codes.empty()) return;
  section(swept() ? say("By town, for each value", "按镇街，各取值") : say("By town", "按镇街"));
  Table table;
  table.column(say("town", "镇街"), Table::Side::kLeft);
  const auto of = [](const Figures& f, const std::string& code) {
    const auto it = f.by_town.find(code);
    return it == f.by_town.end() ? uint64_t{0} : it->second;
  };
  if (swept()) {
    for (const Column& c : t_.trial.columns) table.column(c.value);
  } else {
    for (const auto& [en, zh] : {std::pair{"alerts", "警报"}, {"a day", "每天"}}) table.column(say(en, zh));
    table.column(say("most of them by", "最多的规则"), Table::Side::kLeft);
  }
  for (const std::string& code : codes) {
    std::vector<std::string> row = {town(code)};
    uint64_t all = 0;
    size_t most = 0;
    for (size_t i = 0; i < t_.report.columns.size(); ++i) {
      const uint64_t n = of(t_.report.columns[i], code);
      all += n;
      if (n > of(t_.report.columns[most], code)) most = i;
      if (swept()) row.push_back(number(n));
    }
    if (!swept()) {
      row.push_back(number(all));
      row.push_back(rate(static_cast<double>(all) / t_.report.days));
      row.push_back(t_.trial.columns[most].rule + " (" + number(of(t_.report.columns[most], code)) + ")");
    }
    table.row(std::move(row));
  }
  out_ += table.text(width_);
}

void Text::difference() {
  const Difference& d = *t_.difference;
  section(say("Against ", "对照版本 ") + t_.against);
  Table table;
  table.column(say("rule", "规则"), Table::Side::kLeft);
  for (const auto& [en, zh] : {std::pair{"alerts", "警报"},
                               {"there", "彼版"},
                               {"same", "相同"},
                               {"changed", "有变"},
                               {"only here", "新增"},
                               {"only there", "不再有"}})
    table.column(say(en, zh));
  for (const RuleDifference& r : d.rules) {
    table.row({r.rule, number(r.here), number(r.there), number(r.same), number(r.changed), number(r.only_here),
               number(r.only_there)});
  }
  out_ += table.text(width_);
  if (d.pairs.empty()) return line(say("No alert differs.", "没有不同的警报。"));
  out_ += '\n';
  for (size_t i = 0; i < d.pairs.size() && i < t_.listed; ++i) change(d.pairs[i]);
  if (d.pairs.size() > t_.listed) {
    const std::string more = number(d.pairs.size() - t_.listed);
    line(say("… and " + more + " more; --format json names all.", "……另有 " + more + " 条，--format json 全部列出。"));
  }
}

// "+ 2025-07-01 13:03  yellow  waterlogging-cluster  330282004 …": + only here, - only there, ~ otherwise than there.
void Text::change(const Pair& p) {
  const Story& s = p.here != nullptr ? *p.here : *p.there;
  std::string text = p.here == nullptr ? "- " : p.there == nullptr ? "+ " : "~ ";
  text += minute(s.opened_at()) + "  " + severity(s.worst) + "  " + p.rule;
  if (const std::string where = about(s.key, s.area); !where.empty()) text += "  " + where;
  if (p.opening) text += say("; there opened ", "；彼版开于 ") + minute(p.there->opened_at());
  if (p.severity) text += say("; there ", "；彼版为") + severity(p.there->worst);
  if (p.ending) {
    text += p.there->ended_at == kNoTime ? say("; there still open", "；彼版未结")
                                         : say("; there ended ", "；彼版止于 ") + minute(p.there->ended_at);
  }
  line(text);
}

}  // namespace

std::string to_text(const Telling& t, rule::Language language, size_t width) {
  return Text(t, language, width).whole();
}

}  // namespace tocsin::backtest
