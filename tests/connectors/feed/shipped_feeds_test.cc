// The feeds and the calendar that the project ships: each loads; those for real data read every row of it.
#include <gtest/gtest.h>
#include <iconv.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/csv.h"
#include "connectors/feed/feed.h"
#include "event/area_table.h"
#include "rule/calendar_file.h"
#include "rule/diagnostic.h"

namespace tocsin::feed {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

std::shared_ptr<const Feed> shipped(const std::string& name) {
  const std::string path = std::string(TOCSIN_ROOT) + "/rules/feeds/" + name + ".yaml";
  std::vector<rule::Diagnostic> faults;
  auto feed = load_feed(slurp(path), path, faults);
  for (const auto& d : faults) ADD_FAILURE() << rule::render(d, rule::Language::kEnglish, false);
  return feed;
}

DecoderOptions options() {
  DecoderOptions o;
  o.intake.privacy_key = "secret";
  return o;
}

fs::path data(const std::string& file) {
  const char* dir = std::getenv("TOCSIN_DATA");
  return fs::path(dir != nullptr ? dir : std::string(TOCSIN_ROOT) + "/../shared/data") / file;
}

std::string gunzip(const fs::path& path) {
  std::string out;
  gzFile in = gzopen(path.c_str(), "rb");
  if (in == nullptr) return out;
  char buffer[65536];
  for (int n = 0; (n = gzread(in, buffer, sizeof buffer)) > 0;) out.append(buffer, static_cast<size_t>(n));
  gzclose(in);
  return out;
}

struct Tally {
  size_t rows = 0, accepted = 0, located = 0;
  std::map<std::string, size_t> refused;
};

// Every record of a real file through its feed; f sees each event.
template <typename F>
Tally read_all(const std::string& feed_name, const std::string& text, F f) {
  Tally tally;
  const auto feed = shipped(feed_name);
  if (feed == nullptr) return tally;
  const auto decoder = make_decoder(feed, options());
  std::string_view rest = text;
  Arena arena;
  bool first = true;
  while (!rest.empty()) {
    const size_t end = csv_record_end(rest, true);
    const std::string_view record = rest.substr(0, end);
    rest.remove_prefix(end);
    if (first) {
      EXPECT_TRUE(decoder->set_header(record));
      first = false;
      continue;
    }
    ++tally.rows;
    arena.reset();
    Event e;
    runtime::Rejection why;
    if (decoder->decode(record, arena, e, why)) {
      ++tally.accepted;
      tally.located += e.has_location() ? 1 : 0;
      f(e);
    } else {
      ++tally.refused[std::string(why.reason)];
    }
  }
  return tally;
}

#define NEED(file)             \
  if (!fs::exists(data(file))) \
  GTEST_SKIP() << "the real data is not there: " << data(file) << " (set TOCSIN_DATA to its folder)"

TEST(Shipped, EveryFeedLoads) {
  size_t n = 0;
  for (const auto& entry : fs::directory_iterator(std::string(TOCSIN_ROOT) + "/rules/feeds")) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_NE(shipped(entry.path().stem()), nullptr) << entry.path();
    ++n;
  }
  EXPECT_GE(n, 10u);
}

TEST(Shipped, NycStreetFlooding) {
  NEED("nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz");
  std::set<std::string> ids;
  const Tally t =
      read_all("nyc311", gunzip(data("nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz")), [&](const Event& e) {
        EXPECT_EQ(e.category, "water.flooding.road");
        EXPECT_EQ(e.kind, EventKind::kReport);
        EXPECT_EQ(e.source, "nyc311");
        EXPECT_EQ(e.place.empty(), !e.has_location());
        ids.insert(std::string(e.id));
        if (e.id == "55956422") {
          EXPECT_EQ(format_time(e.occurred_at), "2022-11-11T22:17:00Z");
          EXPECT_EQ(e.place, "40.776320,-73.803692");
        }
      });
  EXPECT_EQ(t.rows, 1000u);
  EXPECT_EQ(t.accepted, 1000u);
  EXPECT_EQ(t.located, 985u);
  EXPECT_EQ(ids.size(), 1000u);
}

TEST(Shipped, NycNoise) {
  NEED("nyc311_noise_2024-06-30_2024-07-06.csv.gz");
  const std::string text = gunzip(data("nyc311_noise_2024-06-30_2024-07-06.csv.gz"));
  std::map<std::string, size_t> addresses;
  const Tally t = read_all("nyc311", text, [&](const Event& e) {
    EXPECT_TRUE(e.category == "noise.social" || e.category == "noise.traffic");
    for (const auto& a : e.attrs) {
      if (a.name == "address") ++addresses[std::string(a.value)];
    }
  });
  EXPECT_EQ(t.rows, 15407u);
  EXPECT_EQ(t.accepted, 15407u);
  EXPECT_EQ(t.located, 15407u - 94);
  size_t three = 0;
  size_t ten = 0;
  for (const auto& [address, n] : addresses) three += n >= 3, ten += n >= 10;
  EXPECT_EQ(three, 1255u);
  EXPECT_EQ(ten, 108u);
}

TEST(Shipped, FloodNet) {
  NEED("floodnet_2020-11_2023-06_GMT.csv.gz");
  double deepest = 0;
  const Tally t = read_all("floodnet", gunzip(data("floodnet_2020-11_2023-06_GMT.csv.gz")), [&](const Event& e) {
    EXPECT_EQ(e.kind, EventKind::kReading);
    EXPECT_LE(e.occurred_at, e.reported_at);
    for (const auto& v : e.values) {
      if (v.name == "depth_cm") deepest = std::max(deepest, v.value);
    }
    if (e.id == "BK-hoyt-st-5th-st-007sk0@2020-11-16T01:41:17") {
      EXPECT_EQ(format_time(e.occurred_at), "2020-11-16T01:41:17Z");
      EXPECT_NEAR(e.values[0].value, 10.4902, 1e-6);
    }
  });
  EXPECT_EQ(t.accepted, 300u);
  EXPECT_EQ(t.located, 300u);
  EXPECT_GT(deepest, 30);
}

TEST(Shipped, Petitions) {
  NEED("zh_petitions_to_2019-08.csv.gz");
  std::set<std::string> reporters;
  const Tally t = read_all("petition", gunzip(data("zh_petitions_to_2019-08.csv.gz")), [&](const Event& e) {
    EXPECT_TRUE(e.reporter.starts_with("p:"));
    EXPECT_NE(e.text.find('\n'), std::string_view::npos);
    reporters.insert(std::string(e.reporter));
  });
  EXPECT_EQ(t.rows, 2917u);
  EXPECT_EQ(t.accepted, 2917u);
  EXPECT_GT(reporters.size(), 100u);
}

// One row through each feed of the county: what it says of the record, and the refusal of a row without a mapped code.
struct Sample {
  const char* feed;
  const char* header;
  const char* row;
  const char* expected;  // id kind category stage town respondent-is-token
};

class County : public ::testing::TestWithParam<Sample> {};

std::string summary(const Event& e) {
  std::string s = std::string(e.id) + " " + std::string(name_of(e.kind)) + " " + std::string(e.category);
  if (e.stage != Stage::kNone) s += " " + std::string(name_of(e.stage));
  if (!e.town.empty()) s += " " + std::string(e.town);
  if (!e.reporter.empty()) s += " reporter";
  if (!e.respondent.empty()) s += e.respondent.starts_with("p:") ? " person" : " " + std::string(e.respondent);
  for (const auto f : e.flags) s += " +" + std::string(f);
  for (const auto& v : e.values) s += " " + std::string(v.name) + "=" + std::to_string(static_cast<int>(v.value));
  return s + " @" + format_time(e.occurred_at);
}

std::string gbk(std::string text) {
  std::string out(text.size(), '\0');
  char* from = text.data();
  char* to = out.data();
  size_t from_left = text.size();
  size_t to_left = out.size();
  const iconv_t converter = iconv_open("GBK", "UTF-8");
  EXPECT_NE(iconv(converter, &from, &from_left, &to, &to_left), static_cast<size_t>(-1));
  iconv_close(converter);
  out.resize(out.size() - to_left);
  return out;
}

TEST_P(County, ReadsASample) {
  const Sample& s = GetParam();
  const auto feed = shipped(s.feed);
  ASSERT_NE(feed, nullptr);
  const auto decoder = make_decoder(feed, options());
  const bool is_gbk =
      slurp(std::string(TOCSIN_ROOT) + "/rules/feeds/" + s.feed + ".yaml").find("encoding: gbk") != std::string::npos;
  if (feed->has_header()) {
    const Status bound = decoder->set_header(is_gbk ? gbk(s.header) : s.header);
    ASSERT_TRUE(bound) << bound.error().message;
  }
  const std::string row = is_gbk ? gbk(s.row) : s.row;
  Arena arena;
  Event e;
  runtime::Rejection why;
  ASSERT_TRUE(decoder->decode(row, arena, e, why)) << why.reason << " " << why.message;
  EXPECT_EQ(summary(e), s.expected);
  EXPECT_EQ(e.source, s.feed);
  if (e.has_location()) {
    EXPECT_NEAR(distance_m({e.lon, e.lat}, {121.2410, 30.1701}), 498, 5);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Feeds, County,
    ::testing::Values(
        Sample{
            "grid",
            "记录编号,版本,记录类型,事件编号,发生时间,上报时间,事件类型,等级,环节,办理期限,县市代码,镇街代码,村社代码,"
            "网格编码,"
            "微网格编码,经度,纬度,地点标识,上报人,涉及人,被反映对象,责任岗位,涉及人数,事件描述,标签,地址,户标识,状态",
            "G1,,上报,C1,2024/7/1 8:30,2024/7/1 "
            "8:31,道路积水,网格,受理,,330282,330282004,330282004201,W1,M1,121.2410,30.1701,,"
            "张三,,某某物业公司,岗位1,2,积水到膝盖,被困,三北大街,H1,",
            "G1 report water.flooding.road accepted 330282004 reporter 某某物业公司 +trapped @2024-07-01T00:30:00Z"},
        Sample{
            "police110",
            "接警编号,记录类型,事项编号,报警时间,接警时间,警情类别代码,警情级别,环节,办理期限,县市代码,镇街代码,"
            "村社代码,经度,纬度,"
            "标准地址编码,报警电话,报警人,当事人,被报警人,处警单位,涉及人数,简要警情,持械,受伤,未成年,被困,事发地址,"
            "状态",
            "J1,接警,,2024-07-01 08:30:00,,200102,,,,,330282004,,121.2410,30.1701,,13812345678,李四,,王五,浒山派出所,,"
            "扬言报复,是,否,,,某路,",
            "J1 report dispute.family.violence 330282004 reporter person +threat +weapon @2024-07-01T00:30:00Z"},
        Sample{"cityops", "", R"({"id":"S1","typeCode":"LD01","foundAt":1719793800000,"lng":121.2410,"lat":30.1701,
                                 "area":{"town":"330282004"},"tags":["smoke"],"stage":"closed","kind":"transition","caseNo":"C"})",
               "S1 transition city.lighting closed 330282004 +smoke @2024-07-01T00:30:00Z"},
        Sample{"hotline12345",
               "工单编号,版本,记录类型,事项编号,来电时间,受理时间,诉求分类,工单类型,环节,办理期限,县市代码,镇街代码,"
               "村社代码,经度,纬度,"
               "来电号码,来电人,被反映对象,承办单位,诉求标题,诉求内容,满意度,地址",
               "H1,2,来电,C1,2024-07-01 "
               "08:30:00,,施工噪音,投诉,,,,330282004,,121.2410,30.1701,13812345678,,某某工地,综合执法局,"
               "\"夜间施工,\n吵\",联系13812345678,满意,某路",
               "H1 report noise.construction 330282004 reporter 某某工地 @2024-07-01T00:30:00Z"},
        Sample{"mediation",
               "卷宗编号,记录类型,受理时间,纠纷类型,县市代码,镇街代码,村社代码,申请人,被申请人,调解组织,涉及人数,"
               "纠纷简况,是否群体,涉及金额,"
               "调解结果",
               "T1,登记,2024年7月1日 8时30分,劳动争议,330282,330282004,,赵六,钱七,调委会,12,扬言堵门,是,35000,",
               "T1 report dispute.wages 330282004 reporter person +threat +group amount=35000 @2024-07-01T00:30:00Z"},
        Sample{"visit",
               "登记编号,记录类型,事项编号,时间,事项类别,环节,办理期限,县市代码,镇街代码,村社代码,网格编码,经度,纬度,"
               "来访人,走访对象,"
               "反映对象,责任岗位,来访人数,内容,是否群体,满意度,户标识",
               "V1,走访,,2024-07-01 08:30,走访关爱,,,330282,330282004,,W1,121.2410,30.1701,,H-17,,岗位1,,平安,,,H-17",
               "V1 visit people.care 330282004 @2024-07-01T00:30:00Z"},
        Sample{"sensor", "",
               R"({"device":"D1","type":"depth","value":35,"ts":1719793800000,"lng":121.2410,"lat":30.1701})",
               "D1@1719793800000 reading water.level depth_cm=35 @2024-07-01T00:30:00Z"}),
    [](const auto& param) { return std::string(param.param.feed); });

TEST(Shipped, CalendarOfChina) {
  const std::string path = std::string(TOCSIN_ROOT) + "/rules/calendars/cn.yaml";
  const auto w = rule::parse_calendar(slurp(path), path);
  ASSERT_TRUE(w) << w.error().message;
  const TimeZone zone = w->spec().zone;
  // Working days of a year, as the announcements add up.
  const auto workdays = [&](int year) {
    int n = 0;
    for (int64_t d = days_from_civil(year, 1, 1); d < days_from_civil(year + 1, 1, 1); ++d) {
      const CivilDay c = civil_from_days(d);
      n += w->is_workday(zone.from_civil(c.year, c.month, c.day, 12, 0, 0, 0)) ? 1 : 0;
    }
    return n;
  };
  EXPECT_EQ(workdays(2024), 251);
  EXPECT_EQ(workdays(2025), 248);
}

TEST(Shipped, AreasOfCixi) {
  const std::string path = std::string(TOCSIN_ROOT) + "/rules/areas/cixi.csv";
  AreaTable t;
  const Status s = t.load_csv(slurp(path), path);
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_TRUE(t.may_exist("330282002"));
  EXPECT_FALSE(t.may_exist("330282999"));
}

}  // namespace
}  // namespace tocsin::feed
