// The clusters of a real storm (../shared/data): for 3 and for 5 distinct places within 500 m and 60 min exactly those
// of the truth file, each with one alert that is not merged, opened at that minute by that event, and no other alert.
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fixture.h"

namespace tocsin::testing {
namespace {

std::string data_folder() {
  const char* set = std::getenv("TOCSIN_DATA");
  return set != nullptr ? set : std::string(TOCSIN_ROOT) + "/../shared/data";
}

// The unpacked text of a .gz file, by the system's gzip; empty when it cannot be read.
std::string unpacked(const std::string& path) {
  std::string out;
  FILE* pipe = popen(("gzip -dc '" + path + "' 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[65536];
  for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  pclose(pipe);
  return out;
}

// Records of RFC 4180.
std::vector<std::vector<std::string>> csv(const std::string& text) {
  std::vector<std::vector<std::string>> out;
  std::vector<std::string> record(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        record.back().push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        record.back().push_back(text[i++]);
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      record.emplace_back();
    } else if (c == '\n') {
      out.push_back(std::move(record));
      record.assign(1, "");
    } else if (c != '\r') {
      record.back().push_back(c);
    }
  }
  return out;
}

class Storm : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const std::string folder = data_folder();
    const std::string path = folder + "/nyc311_street_flooding_2022-11-11_2023-02-14.csv.gz";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "real data is not at " << folder;
    const auto records = csv(unpacked(path));
    ASSERT_EQ(records.size(), 1001u);
    const auto column = [&](std::string_view name) {
      return static_cast<size_t>(std::find(records[0].begin(), records[0].end(), name) - records[0].begin());
    };
    const size_t key = column("unique_key"), created = column("created"), lat = column("lat"), lon = column("lon");
    for (size_t i = 1; i < records.size(); ++i) {
      const auto& r = records[i];
      Event e;
      e.id = r[key];
      e.uid = hash64(e.id);
      e.time = *parse_time(r[created], TimeZone::utc());
      if (!r[lat].empty()) {
        e.lat = std::stod(r[lat]);
        e.lon = std::stod(r[lon]);
      }
      events.push_back(std::move(e));
    }
    ASSERT_EQ(parser.load(folder + "/nyc311_street_flooding_truth.json").get(truth), simdjson::SUCCESS);
  }

  RuleSpec spec() const {
    RuleSpec s;
    s.kind = detect::RuleKind::kCluster;
    s.within = kHour;
    s.radius = 500;
    s.quiet = s.reopen = 2 * kHour;
    s.cells = 1;
    s.aggregates = {{detect::AggregateOp::kDistinct, 0, "distinct(place)"}};
    s.fire = "a0 >= " + std::to_string(GetParam());
    s.severity = {{detect::Severity::kRed, "places >= 10"}, {detect::Severity::kYellow, "true"}};
    return s;
  }

  std::vector<Event> events;
  simdjson::dom::parser parser;
  simdjson::dom::element truth;
};

TEST_P(Storm, HasExactlyTheClustersOfTheTruthFile) {
  const rule::Rule rule = make_rule(spec());
  Driver d(rule, 0);
  for (Event& e : events) {
    char place[64];
    std::snprintf(place, sizeof place, "%.6f,%.6f", e.lat, e.lon);
    const std::string text = place;
    e.cells = {e.has_place() ? expr::Value::string(text) : expr::Value()};
    d.add(e);
  }
  d.pass(events.back().time + 1000 * kDay);
  std::set<std::tuple<std::string, std::string>> expected, got;
  std::map<std::string, int64_t> members;
  const simdjson::dom::array clusters = truth["clusters"][std::to_string(GetParam())].get_array().value();
  for (const simdjson::dom::element c : clusters) {
    const std::string by(c["opened_by"].get_string().value());
    expected.emplace(std::string(c["opened"].get_string().value()) + "Z", by);
    members[by] = c["events"].get_int64().value();
  }
  for (const auto& [id, f] : d.fates()) {
    if (!f.merged_into.empty()) continue;
    EXPECT_TRUE(got.emplace(format_time(f.opened_at), f.opened_by).second) << "two alerts for one cluster";
    EXPECT_EQ(f.status, "resolved");
    for (auto told = d.told.rbegin(); told != d.told.rend(); ++told) {
      if (told->alert != id) continue;
      EXPECT_EQ(told->total, members[f.opened_by]) << f.opened_by;
      break;
    }
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(expected.size(), GetParam() == 3 ? 18u : 7u);
  EXPECT_TRUE(d.state->empty());
}

INSTANTIATE_TEST_SUITE_P(Places, Storm, ::testing::Values(3, 5));

}  // namespace
}  // namespace tocsin::testing
