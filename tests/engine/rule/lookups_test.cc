// Reference tables and the calendar in expressions: values, guards, what a rule set keeps of them.
#include "rule/lookups.h"

#include "expr/event_env.h"
#include "rule_fixture.h"

namespace tocsin::rule {
namespace {

constexpr char kTable[] =
    "table:\n  name: posts\n  version: 2\n  file: posts.csv\n  key: post\n  columns: {post: string, care: {type: "
    "string, "
    "values: [red, green]}, people: int, town: area, since: date, place: point, near: double, on: bool}\n";
constexpr char kRows[] =
    "\xEF\xBB\xBFpost,care,people,town,since,place,near,on\r\n"
    "p1,red,3,330282004,2024-01-02,121.25 30.17,2,true\r\n"
    "\"p,\"\"2\",green,,,,,,\r\n";

std::vector<SourceFile> files(const std::string& rules, const std::string& rows = kRows) {
  return {{"rules.yaml", rules},
          {"posts.csv", rows, SourceFile::Kind::kRows, "posts.yaml"},
          {"posts.yaml", kTable, SourceFile::Kind::kTable}};
}

std::shared_ptr<const RuleSet> load(const std::vector<SourceFile>& all) {
  std::vector<Diagnostic> faults;
  auto set = RuleSet::load(all, test_options(), faults);
  EXPECT_NE(set, nullptr) << render_all(faults);
  return set;
}

std::string with_where(const std::string& where) {
  return "rules:\n  - id: r\n    kind: window\n    from: [grid]\n    tables: [posts]\n    where: '" + where +
         "'\n    within: 1h\n    fire: count() >= 1\n";
}

bool holds(const std::string& where, const char* duty) {
  const auto set = load(files(with_where(where)));
  if (set == nullptr) return false;
  Event event;
  event.source = "grid";
  event.category = "city.other";
  event.duty = duty;
  event.occurred_at = 1'719'795'600'000;  // Monday 2024-07-01, 09:00
  Arena arena(1024);
  const expr::EventActivation vars(event, arena);
  return set->rules()[0].roles[0].when->evaluate(vars, arena).is_true();
}

TEST(Lookups, ReadTheColumnsOfTheRow) {
  EXPECT_TRUE(holds(R"(lookup("posts", duty).care == "red")", "p1"));
  EXPECT_FALSE(holds(R"(lookup("posts", duty).care == "red")", "p,\"2"));
  EXPECT_TRUE(holds(R"(lookup("posts", duty).care == "green")", "p,\"2"));
  EXPECT_TRUE(holds(R"(has(lookup("posts", duty).people) && lookup("posts", duty).people == 3)", "p1"));
  EXPECT_TRUE(holds(R"(orElse(lookup("posts", duty).near, 0.0) > 1.5)", "p1"));
  EXPECT_TRUE(holds(R"(lookup("posts", duty).on == true && lookup("posts", duty).town == "330282004")", "p1"));
  EXPECT_TRUE(holds(
      R"(has(lookup("posts", duty).since) && lookup("posts", duty).since == timestamp("2024-01-01T16:00:00Z"))", "p1"));
  EXPECT_TRUE(
      holds(R"(has(lookup("posts", duty).place) && distance(lookup("posts", duty).place, point(121.25, 30.17)) < 1.0)",
            "p1"));
}

TEST(Lookups, AreNullWhereThereIsNothing) {
  for (const char* duty : {"nobody", ""}) {
    EXPECT_FALSE(holds(R"(lookup("posts", duty) != null)", duty)) << duty;
    EXPECT_TRUE(holds(R"(lookup("posts", duty) == null)", duty)) << duty;
    EXPECT_TRUE(holds(R"(lookup("posts", duty).care == null)", duty)) << duty;
    EXPECT_FALSE(holds(R"(has(lookup("posts", duty).people))", duty)) << duty;
  }
  EXPECT_TRUE(holds(R"(lookup("posts", duty) != null)", "p1"));
  EXPECT_FALSE(holds(R"(has(lookup("posts", duty).people))", "p,\"2")) << "the cell is empty";
}

TEST(Lookups, TheCalendarAnswersInLocalTime) {
  const std::string calendar =
      "calendar:\n  time_zone: Asia/Shanghai\n  holidays: [2024-07-01]\n  seasons:\n    flood: 04-15..10-15\n"
      "    winter: 11-01..02-28\n    feast: {days: 30, before: [2024-07-02]}\n    told: [2024-06-30..2024-07-01]\n";
  const auto is = [&](const std::string& where) {
    auto all = files(with_where(where));
    all.push_back({"cn.yaml", calendar, SourceFile::Kind::kCalendar, "cn"});
    const auto set = load(all);
    if (set == nullptr) return false;
    Event event;
    event.source = "grid";
    event.category = "city.other";
    event.occurred_at = 1'719'795'600'000;  // Monday 2024-07-01, 09:00
    Arena arena(1024);
    const expr::EventActivation vars(event, arena);
    return set->rules()[0].roles[0].when->evaluate(vars, arena).is_true();
  };
  EXPECT_TRUE(is(R"(season("flood"))"));
  EXPECT_TRUE(is(R"(season("feast"))")) << "the day before";
  EXPECT_FALSE(is(R"(season("feast", occurred_at + duration("24h")))")) << "the day itself is not in it";
  EXPECT_TRUE(is(R"(season("told"))"));
  EXPECT_FALSE(is(R"(season("winter"))"));
  EXPECT_TRUE(is(R"(season("winter", timestamp("2024-12-31T16:00:00Z")))"));
  EXPECT_TRUE(is(R"(season("flood", occurred_at + duration("2558h59m")))"));
  EXPECT_FALSE(is(R"(season("flood", occurred_at + duration("2559h")))"));
  EXPECT_FALSE(is("isWorkday(occurred_at)"));
  EXPECT_TRUE(is(R"(isWorkday(occurred_at + duration("24h")))"));
  EXPECT_TRUE(is(R"(workingTime(occurred_at, occurred_at + duration("48h")) == duration("8h"))")) << "hours of Tuesday"
                                                                                                  << " and Wednesday";
}

// What a set was compiled from is what it keeps: it can be compiled again from that alone, and anything else makes
// another set.
TEST(RuleSets, KeepTheCalendarAndTheTablesThatTheyUse) {
  const std::string rules = with_where(R"(lookup("posts", duty).care == "red" && isWorkday(occurred_at))");
  auto all = files(rules);
  all.push_back({"cn.yaml", "calendar:\n  time_zone: Asia/Shanghai\n", SourceFile::Kind::kCalendar, "cn"});
  all.push_back({"us.yaml", "calendar:\n  time_zone: America/New_York\n", SourceFile::Kind::kCalendar, "us"});
  all.push_back({"x.yaml", "table:\n  name: unused\n", SourceFile::Kind::kTable});
  const auto set = load(all);
  ASSERT_NE(set, nullptr);
  std::vector<std::string> kept;
  for (const SourceFile& f : set->files()) kept.push_back(f.path);
  EXPECT_EQ(kept, (std::vector<std::string>{"rules.yaml", "posts.csv", "posts.yaml", "cn.yaml"}));
  EXPECT_EQ(load(set->files())->fingerprint(), set->fingerprint());
  const auto changed = [&](std::string path, std::string text) {
    auto other = all;
    for (SourceFile& f : other) {
      if (f.path == path) f.text = text;
    }
    return load(other)->fingerprint() != set->fingerprint();
  };
  EXPECT_TRUE(changed("posts.csv", std::string(kRows) + "p3,green,,,,,,\n"));
  EXPECT_TRUE(changed("cn.yaml", "calendar:\n  time_zone: Asia/Shanghai\n  holidays: [2024-07-01]\n"));
  EXPECT_FALSE(changed("us.yaml", "calendar:\n  time_zone: America/Chicago\n"));
  EXPECT_FALSE(changed("rules.yaml", rules));
}

TEST(RuleSets, ARuleMayHaveACalendarOfItsOwn) {
  const std::string rules =
      "rules:\n  - id: r\n    kind: absence\n    from: [grid]\n    calendar: us\n    key: [case]\n    after: stage == "
      "\"accepted\"\n    expect: stage == \"closed\"\n    within: 1wd\n";
  std::vector<SourceFile> all = {{"rules.yaml", rules}};
  all.push_back({"cn.yaml", "calendar:\n  time_zone: Asia/Shanghai\n", SourceFile::Kind::kCalendar, "cn"});
  all.push_back({"us.yaml", "calendar:\n  time_zone: America/New_York\n", SourceFile::Kind::kCalendar, "us"});
  const auto set = load(all);
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->rules()[0].plan.calendar->spec().zone.name(), "America/New_York");
  EXPECT_EQ(set->files().size(), 3U);
}

// What is wrong with a table or a calendar is told once, and no rule is blamed for it.
TEST(RuleSets, AFaultyTableOrCalendarIsTheOnlyFault) {
  const auto faults_of = [](const std::vector<SourceFile>& all) {
    std::vector<Diagnostic> faults;
    EXPECT_EQ(RuleSet::load(all, test_options(), faults), nullptr);
    std::string out;
    for (const Diagnostic& d : faults) out += d.file + " " + d.code + "\n";
    return out;
  };
  const std::string where = with_where(R"(lookup("posts", duty).care == "red")");
  EXPECT_EQ(faults_of(files(where, "post,care,people,town,since,place,near,on\np1,blue,,,,,,\n")),
            "posts.csv unknown-value\n");
  auto broken = files(where);
  broken[2].text = "table:\n  name: posts\n  columns: {post: string\n";
  EXPECT_EQ(faults_of(broken), "posts.yaml yaml-syntax\n");
  std::string seasonal = with_where(R"(season("flood"))");
  seasonal.replace(seasonal.find("tables: [posts]"), 15, "calendar: mine");
  for (const char* text : {"calendar:\n  time_zone: Mars\n", "calendar:\n  time_zone: [\n"}) {
    const std::string got =
        faults_of({{"rules.yaml", seasonal}, {"mine.yaml", text, SourceFile::Kind::kCalendar, "mine"}});
    EXPECT_TRUE(got == "mine.yaml bad-time-zone\n" || got == "mine.yaml yaml-syntax\n") << got;
  }
}

TEST(Tables, AreBounded) {
  std::string rows = "post,care,people,town,since,place,near,on\n";
  for (size_t i = 0; i <= kMaxTableRows; ++i) rows += "q" + std::to_string(i) + ",red,,,,,,\n";
  std::vector<Diagnostic> faults;
  const SourceFile table{"posts.yaml", kTable, SourceFile::Kind::kTable};
  const SourceFile file{"posts.csv", rows, SourceFile::Kind::kRows, "posts.yaml"};
  EXPECT_EQ(parse_table(table, &file, TimeZone::utc(), faults), nullptr);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].code, "too-many-rows");
  EXPECT_EQ(faults[0].line, 200'002);
  const SourceFile fits{"posts.csv", rows.substr(0, rows.rfind("\n", rows.size() - 2) + 1)};
  faults.clear();
  const auto good = parse_table(table, &fits, TimeZone::utc(), faults);
  ASSERT_NE(good, nullptr);
  EXPECT_EQ(good->rows(), kMaxTableRows);
  EXPECT_EQ(good->find(expr::Value::string("q199999")), 199'999);
}

}  // namespace
}  // namespace tocsin::rule
