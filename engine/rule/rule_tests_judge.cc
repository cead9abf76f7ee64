// Expected against published, transition by transition and field by field.
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "rule/rule_tests.h"

namespace tocsin::rule {
namespace {

namespace dom = simdjson::dom;

struct Got {
  std::string type, severity, reason, key, summary_zh, summary_en;
  DurationMs at = 0;
  std::vector<std::pair<std::string, std::string>> values;  // name → compact JSON
};

std::string text(dom::element object, const char* key) {
  std::string_view out;
  if (object[key].get(out) != simdjson::SUCCESS) return {};
  return std::string(out);
}

std::string since(DurationMs d) { return (d < 0 ? "-" : "+") + format_duration(d < 0 ? -d : d); }

// One CloudEvent; false when it is of another rule or cannot be read.
bool parse(dom::parser& parser, const std::string& line, const RuleTest& test, Got& out) {
  dom::element event, data, part;
  if (parser.parse(line).get(event) != simdjson::SUCCESS || event["data"].get(data) != simdjson::SUCCESS) return false;
  if (text(data, "rule") != test.rule) return false;
  out.type = text(event, "type");
  constexpr std::string_view kPrefix = "tocsin.alert.";
  if (out.type.starts_with(kPrefix)) out.type.erase(0, kPrefix.size());
  out.at = parse_time(text(event, "time"), TimeZone::utc()).value_or(test.start) - test.start;
  out.severity = text(data, "severity");
  out.reason = text(data, "reason");
  if (data["key"].get(part) == simdjson::SUCCESS) {
    out.key = part.is_string() ? std::string(std::string_view(part)) : simdjson::minify(part);
  }
  if (data["summary"].get(part) == simdjson::SUCCESS) {
    out.summary_zh = text(part, "zh");
    out.summary_en = text(part, "en");
  }
  dom::object values;
  if (data["values"].get(values) == simdjson::SUCCESS) {
    for (const auto field : values) out.values.push_back({std::string(field.key), simdjson::minify(field.value)});
  }
  return true;
}

bool same_value(const std::string& expected, const std::string& got) {
  if (expected == got) return true;
  try {
    size_t a = 0, b = 0;
    const double x = std::stod(expected, &a), y = std::stod(got, &b);
    return a == expected.size() && b == got.size() && std::abs(x - y) <= 1e-9 * std::max(1.0, std::abs(x));
  } catch (const std::exception&) {  // not both numbers
    return false;
  }
}

// What the report says around the words of the test.
struct Words {
  std::string_view at, expected, got, nothing, colon, nothing_like, unexpected, nearest;
};
constexpr Words kEnglish = {
    " at ",     "expected ", ", got ", "nothing", ": ", ", got nothing like it", ", which the test does not expect",
    "nearest: "};
constexpr Words kChinese = {" 在 ",    "预期 ", "，实际 ", "没有", "：", "，实际没有类似的变化", "，测试没有预期它",
                            "最接近："};
const Words& words(Language language) { return language == Language::kChinese ? kChinese : kEnglish; }

std::string name_of(const ExpectedTransition& e, const Words& w) {
  return e.type + (e.severity.empty() ? "" : " " + e.severity) + (e.at ? std::string(w.at) + since(*e.at) : "");
}
std::string name_of(const Got& g, const Words& w) {
  return g.type + (g.severity.empty() ? "" : " " + g.severity) + std::string(w.at) + since(g.at) +
         (g.reason.empty() ? "" : " (" + g.reason + ")") + (g.key.empty() || g.key == "[]" ? "" : " " + g.key);
}

std::string differences(const ExpectedTransition& e, const Got& g, const Words& w) {
  std::string out;
  const auto differ = [&](const std::string& field, const std::string& expected, const std::string& got) {
    out += "    " + field;
    out.append(w.colon).append(w.expected).append(expected).append(w.got);
    out.append(got.empty() ? w.nothing : std::string_view(got)).append("\n");
  };
  if (e.at && *e.at != g.at) differ("at", since(*e.at), since(g.at));
  if (!e.severity.empty() && e.severity != g.severity) differ("severity", e.severity, g.severity);
  if (!e.reason.empty() && e.reason != g.reason) differ("reason", e.reason, g.reason);
  if (!e.key.empty() && e.key != g.key) differ("key", e.key, g.key);
  const bool said =
      g.summary_zh.find(e.summary) != std::string::npos || g.summary_en.find(e.summary) != std::string::npos;
  if (!e.summary.empty() && !said) differ("summary", "…" + e.summary + "…", g.summary_zh + " / " + g.summary_en);
  for (const ExpectedTransition::Value& value : e.values) {
    const auto found =
        std::find_if(g.values.begin(), g.values.end(), [&](const auto& v) { return v.first == value.name; });
    const std::string got = found == g.values.end() ? std::string() : found->second;
    if (!same_value(value.json, got)) differ("values." + value.name, value.json, got);
  }
  return out;
}

// Pairs of both lists in order that agree in type, as many as can be; among those, as like as can be.
std::vector<std::pair<size_t, size_t>> align(const std::vector<ExpectedTransition>& e, const std::vector<Got>& g) {
  const auto worth = [&](size_t i, size_t j) {
    if (e[i].type != g[j].type) return 0;
    return 10 + (e[i].at && *e[i].at == g[j].at ? 2 : 0) + (e[i].severity == g[j].severity ? 1 : 0);
  };
  std::vector<std::vector<int>> best(e.size() + 1, std::vector<int>(g.size() + 1, 0));
  for (size_t i = e.size(); i-- > 0;) {
    for (size_t j = g.size(); j-- > 0;) {
      const int w = worth(i, j);
      best[i][j] = std::max({best[i + 1][j], best[i][j + 1], w > 0 ? w + best[i + 1][j + 1] : 0});
    }
  }
  std::vector<std::pair<size_t, size_t>> out;
  for (size_t i = 0, j = 0; i < e.size() && j < g.size();) {
    const int w = worth(i, j);
    if (w > 0 && best[i][j] == w + best[i + 1][j + 1])
      out.push_back({i++, j++});
    else if (best[i][j] == best[i + 1][j])
      ++i;
    else
      ++j;
  }
  return out;
}

constexpr size_t kMaxCompared = 2000;  // transitions of one test; past it the test fails without alignment

}  // namespace

TestOutcome judge(const RuleTest& test, std::span<const std::string> published, std::string_view near,
                  Language language) {
  const Words& w = words(language);
  std::vector<Got> got;
  dom::parser parser;
  for (const std::string& line : published) {
    Got g;
    if (parse(parser, line, test, g) && g.at <= test.by) got.push_back(std::move(g));
  }
  TestOutcome outcome;
  const auto say = [&](std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts) outcome.text.append(part);
    outcome.text += '\n';
  };
  if (got.size() > kMaxCompared || test.expect.size() > kMaxCompared) {
    say({"  ", w.expected, std::to_string(test.expect.size()), w.got, std::to_string(got.size())});
    return outcome;
  }
  std::vector<bool> used(got.size(), false);
  const auto pairs = align(test.expect, got);
  size_t next = 0;
  for (size_t i = 0; i < test.expect.size(); ++i) {
    const ExpectedTransition& e = test.expect[i];
    if (next < pairs.size() && pairs[next].first == i) {
      const size_t j = pairs[next++].second;
      used[j] = true;
      const std::string differ = differences(e, got[j], w);
      if (!differ.empty())
        outcome.text += "  " + name_of(e, w) + (language == Language::kChinese ? "：" : ":") + "\n" + differ;
    } else {
      say({"  ", w.expected, name_of(e, w), w.nothing_like});
    }
  }
  for (size_t j = 0; j < got.size(); ++j) {
    if (!used[j]) say({"  ", language == Language::kChinese ? "实际 " : "got ", name_of(got[j], w), w.unexpected});
  }
  outcome.passed = outcome.text.empty();
  if (!outcome.passed && !near.empty()) say({"  ", w.nearest, near});
  return outcome;
}

}  // namespace tocsin::rule
