#include "rule/template.h"

#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

// The summary of a rule with this text, rendered over one event's worth of aggregates.
std::string render(const std::string& summary, std::vector<expr::Value> values) {
  const auto set = rules_of(window_rule("    summary: '" + summary + "'\n", "true"));
  if (set == nullptr) return "";
  return set->rules().at(0).summary_en.render(expr::SpanActivation(values), *TimeZone::load("Asia/Shanghai"));
}

using expr::Value;

TEST(Template, PutsValuesIntoText) {
  EXPECT_EQ(render("{{count()}} 处，{{last(place)}}！", {Value::integer(5), Value::string("桥头")}), "5 处，桥头！");
  EXPECT_EQ(render("no value", {}), "no value");
  EXPECT_EQ(render("{{count()}}", {Value::integer(5)}), "5");
}

TEST(Template, Formats) {
  EXPECT_EQ(render("{{avg(people):1}}", {Value::number(2.25)}), "2.3");
  const std::tuple<double, const char*, const char*> rounded[] = {{26.5, ":0", "27"},
                                                                  {27.5, ":0", "28"},
                                                                  {26.4999, ":0", "26"},
                                                                  {1.005, ":2", "1.01"},
                                                                  {9.96, ":1", "10.0"},
                                                                  {99.5, ":0", "100"},
                                                                  {-2.5, ":0", "-3"},
                                                                  {-0.4, ":0", "0"},
                                                                  {0.05, ":1", "0.1"},
                                                                  {3, ":2", "3.00"},
                                                                  {1e21, ":0", "1000000000000000000000"},
                                                                  {5e-324, ":3", "0.000"}};
  for (const auto& [value, format, text] : rounded) {
    EXPECT_EQ(render("{{avg(people)" + std::string(format) + "}}", {Value::number(value)}), text) << value;
  }
  EXPECT_EQ(render("{{count():2}}", {Value::integer(3)}), "3.00");
  const Value t = Value::timestamp(TimeMs{1719795600000});  // 2024-07-01T01:00:00Z
  EXPECT_EQ(render("{{last(occurred_at):time}}", {t}), "09:00");
  EXPECT_EQ(render("{{last(occurred_at):date}}", {t}), "2024-07-01");
  EXPECT_EQ(render("{{last(occurred_at):datetime}}", {t}), "2024-07-01 09:00");
  EXPECT_EQ(render("{{last(occurred_at)}}", {t}), "2024-07-01 09:00");
  EXPECT_EQ(render("{{last(occurred_at) - first(occurred_at):duration}}",
                   {t, Value::timestamp(TimeMs{1719795600000 - 5415000})}),
            "1h30m");
}

TEST(Template, DurationsInChineseTextsAreChinese) {
  const auto both = [](const std::string& summary, DurationMs d) {
    const auto set = rules_of(window_rule("    summary: " + summary + "\n", "true"));
    if (set == nullptr) return std::string();
    const std::vector<Value> values = {Value::timestamp(TimeMs{1719795600000 + d}),
                                       Value::timestamp(TimeMs{1719795600000})};
    const TimeZone zone = *TimeZone::load("Asia/Shanghai");
    return set->rules().at(0).summary_zh.render(expr::SpanActivation(values), zone) + "|" +
           set->rules().at(0).summary_en.render(expr::SpanActivation(values), zone);
  };
  const std::string span = "{{last(occurred_at) - first(occurred_at):duration}}";
  const DurationMs week = 7 * 86'400'000LL + 7 * 3'600'000 + 45 * 60'000;
  EXPECT_EQ(both("{zh: '超时 " + span + "', en: '" + span + " late'}", week), "超时 7天7小时45分|7d7h45m late");
  EXPECT_EQ(both("{zh: '" + span + "', en: 'late'}", 24 * 60'000), "24分|late");
  EXPECT_EQ(both("'超时 " + span + "'", -30'000), "超时 -30秒|超时 -30秒") << "one text for both";
  EXPECT_EQ(both("'" + span + " late'", 24 * 60'000), "24m late|24m late");
}

TEST(Template, WhatCannotBeToldIsAQuestionMark) {
  EXPECT_EQ(render("{{last(place)}}", {Value()}), "?");
  EXPECT_EQ(render("{{count() / 0}}", {Value::integer(1)}), "?");
}

TEST(Template, AConditionalMayHaveColons) {
  EXPECT_EQ(render("{{count() > 3 ? \"many\" : \"few\"}}", {Value::integer(5)}), "many");
}

}  // namespace
}  // namespace tocsin::rule
