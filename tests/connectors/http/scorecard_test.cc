// The scorecard's routes: what is asked for becomes the backend's question, within the asker's area.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "connectors/http/server.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;

class ScorecardTest : public testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.port = 0;
    options.session_key = "a key for tests";
    options.accounts = {{"town", sha256_hex("t"), Role::kViewer, "330282101"},
                        {"all", sha256_hex("a"), Role::kViewer, ""}};
    server = std::make_unique<Server>(backend, metrics, options);
    ASSERT_TRUE(server->start());
  }
  auto get(const std::string& target, const std::string& token = "a") {
    return TestClient(server->port()).get("/api/v1/scorecard" + target, {{"Authorization", "Bearer " + token}});
  }
  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

TEST_F(ScorecardTest, TheQuestionIsPassedOnWhole) {
  ASSERT_EQ(get("?area=330282101&tier=duty&from=2025-06-01&to=2025-06-30&channel=grid&category=water.flooding&"
                "sort=on_time_rate&limit=7&cursor=14")
                .status,
            200);
  const score::CardQuestion q = backend.carded();
  EXPECT_EQ(q.cut.area, "330282101");
  EXPECT_EQ(q.cut.tier, score::Tier::kDuty);
  EXPECT_EQ(q.from, score::parse_day("2025-06-01"));
  EXPECT_EQ(q.to, score::parse_day("2025-06-30"));
  EXPECT_EQ(q.cut.channel, "grid");
  EXPECT_EQ(q.cut.category, "water.flooding");
  EXPECT_EQ(q.cut.order, score::Order::kOnTime);
  EXPECT_EQ(q.limit, 7U);
  EXPECT_EQ(q.first, 14U);
}

TEST_F(ScorecardTest, WithoutAnythingItIsTheUsualOne) {
  ASSERT_EQ(get("").status, 200);
  const score::CardQuestion q = backend.carded();
  EXPECT_TRUE(q.cut.area.empty());
  EXPECT_FALSE(q.cut.tier || q.from || q.to);
  EXPECT_EQ(q.usual_days, 30);
}

TEST_F(ScorecardTest, AnAccountOfAnAreaSeesItsOwnAlone) {
  ASSERT_EQ(get("", "t").status, 200);
  EXPECT_EQ(backend.carded().cut.area, "330282101");
  ASSERT_EQ(get("?area=330282101005", "t").status, 200);
  EXPECT_EQ(backend.carded().cut.area, "330282101005");
  ASSERT_EQ(get("/places", "t").status, 200);
  EXPECT_EQ(backend.placed().cut.area, "330282101");
  for (const char* other : {"330282", "330282102", "3302821"}) {
    EXPECT_EQ(get(std::string("?area=") + other, "t").status, 404) << other;
    EXPECT_EQ(get(std::string("/places?area=") + other, "t").status, 404) << other;
  }
  EXPECT_EQ(get("", "nobody").status, 401);
}

TEST_F(ScorecardTest, WrongQuestionsGetAProblem) {
  for (const char* wrong :
       {"?from=yesterday", "?to=2025-02-30", "?tier=person", "?sort=name", "?limit=0", "?limit=9999", "?cursor=-1",
        "?reporter=x", "/places?days=0", "/places?limit=x", "/places?from=1"}) {
    const auto answer = get(wrong);
    EXPECT_EQ(answer.status, 400) << wrong;
    EXPECT_THAT(answer.body, HasSubstr("\"detail\"")) << wrong;
  }
}

TEST_F(ScorecardTest, PlacesTakeACategoryAndDays) {
  ASSERT_EQ(get("/places?category=water&days=3&limit=5&from=2025-06-01&to=2025-08-31").status, 200);
  const score::PlacesQuestion q = backend.placed();
  EXPECT_EQ(q.cut.category, "water");
  EXPECT_EQ(q.cut.least_days, 3U);
  EXPECT_EQ(q.cut.limit, 5U);
  EXPECT_EQ(q.to, score::parse_day("2025-08-31"));
}

}  // namespace
}  // namespace tocsin::http
