// The year of rules/profiles/cixi.yaml against the county's own figures (the table in rules/profiles/README.md).
#include <set>

#include "feed_reading.h"

namespace tocsin::simulate {
namespace {

class FiguresTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    year_ = new Year;
    Collector c;
    simdjson::dom::parser parser;
    c.on_line = [&](TimeMs, std::string_view text) {
      year_->take(read_line(parser, text), text);
      return Status::ok();
    };
    const Result<Summary> s = simulate({}, shipped("cixi"), c, c);
    ASSERT_TRUE(s) << s.error().message;
    year_->lines = s->lines;
    year_->labels = c.labels;
  }
  static void TearDownTestSuite() {
    delete year_;
    year_ = nullptr;
  }

  struct Year {
    void take(const Line& l, std::string_view text) {
      if (l.kind == "transition" && l.stage == "closed") closed[l.source].insert(l.id.substr(0, l.id.find('-')));
      if (l.kind != "report" || l.revision > 0) return;
      ++reports[l.source];
      if (l.source != "grid") return;
      grade3 += l.grade >= 3;
      rewarded += l.rewarded;
      settled_by_grid += l.settled_by == "grid" && l.stage == "closed" && l.category.starts_with("dispute.");
      road += l.category == "water.flooding.road";
      const size_t at = text.find("\"grid\":\"");
      grids.insert(std::string(text.substr(at + 8, 15)));
      microgrids.insert(std::string(text.substr(text.find("\"microgrid\":\"") + 13, 17)));
      towns.insert(std::string(text.substr(text.find("\"town\":\"") + 8, 9)));
      villages.insert(std::string(text.substr(text.find("\"village\":\"") + 11, 12)));
    }
    int64_t lines = 0, grade3 = 0, rewarded = 0, settled_by_grid = 0, road = 0;
    std::map<std::string, int64_t> reports;
    std::map<std::string, std::set<std::string>> closed;
    std::set<std::string> grids, microgrids, towns, villages;
    std::vector<std::string> labels;
  };
  static Year* year_;
};
FiguresTest::Year* FiguresTest::year_ = nullptr;

TEST_F(FiguresTest, GridReports) {
  EXPECT_EQ(year_->reports["grid"], 540700);
  EXPECT_EQ(year_->grade3, 105000);
  EXPECT_EQ(year_->rewarded, 1235);
  EXPECT_EQ(year_->road, 214);
}

TEST_F(FiguresTest, AreasAreTheCountys) {
  EXPECT_EQ(year_->grids.size(), 1724U);
  EXPECT_EQ(year_->microgrids.size(), 10450U);
  EXPECT_EQ(year_->towns.size(), 24U);
  EXPECT_EQ(year_->villages.size(), 406U);
}

TEST_F(FiguresTest, MattersOfPolice110) {
  EXPECT_EQ(year_->reports["police110"], 25000);
  EXPECT_EQ(year_->closed["police110"].size(), 24848U);  // 99.39 %
}

TEST_F(FiguresTest, VisitsToTheCentre) {
  EXPECT_EQ(year_->reports["visit"], 11048);
  EXPECT_EQ(year_->closed["visit"].size(), 10893U);  // 98.60 %
}

TEST_F(FiguresTest, DisputesSettled) {
  EXPECT_EQ(year_->settled_by_grid, 3663);
  EXPECT_EQ(year_->reports["mediation"], 9774);
  EXPECT_EQ(year_->closed["mediation"].size(), 9774U);
}

TEST_F(FiguresTest, ADisputeOfNinetyOneOwners) {
  simdjson::dom::parser parser;
  size_t largest = 0;
  for (const std::string& text : year_->labels) {
    const simdjson::dom::element l = parser.parse(simdjson::padded_string(text)).value();
    if (text_of(l, "risk") == "group-dispute") largest = std::max(largest, l["events"].get_array().value().size());
  }
  EXPECT_EQ(largest, 91U);
}

TEST_F(FiguresTest, TheFeedIsNotTooLarge) { EXPECT_LT(year_->lines, 1500000); }

}  // namespace
}  // namespace tocsin::simulate
