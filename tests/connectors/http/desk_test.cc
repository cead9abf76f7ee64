// What the console asks beside lists: areas, the map, the rule desk, status; and what is spared on the wire.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>

#include "connectors/http/gzip.h"
#include "connectors/http/server.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::HasSubstr;
using testing::Not;

class DeskTest : public testing::Test {
 protected:
  void start(const std::function<void(Options&)>& change = {}) {
    Options options;
    options.port = 0;
    options.area_names = R"({"330282":"慈溪市","330282101":"观海卫镇","330282102":"掌起镇","330282101005":"担山村"})";
    if (change) change(options);
    server = std::make_unique<Server>(backend, metrics, options);
    ASSERT_TRUE(server->start());
  }
  TestClient client() { return TestClient(server->port()); }
  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

std::string unzipped(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(DeskTest, AreasBelowOneWithTheirCounts) {
  start();
  backend.put_counts({{"330282101", {0, 1, 2, 0, 3}}, {"", {0, 9, 0, 0, 0}}, {"330282999", {0, 0, 0, 1, 0}}});
  EXPECT_EQ(client().get("/api/v1/areas?under=330282").body,
            R"({"areas":[{"code":"330282101","name":"观海卫镇","level":"town",)"
            R"("alerts":{"red":3,"orange":0,"yellow":2,"blue":1}},)"
            R"({"code":"330282102","name":"掌起镇","level":"town","alerts":{"red":0,"orange":0,"yellow":0,"blue":0}},)"
            R"({"code":"330282999","name":"","level":"town","alerts":{"red":0,"orange":1,"yellow":0,"blue":0}}]})");
  backend.put_counts({{"330282101005007", {0, 0, 0, 0, 1}}});
  EXPECT_THAT(client().get("/api/v1/areas?under=330282101005").body, HasSubstr(R"("level":"grid")"));
  backend.put_counts({});
  EXPECT_THAT(client().get("/api/v1/areas").body, HasSubstr(R"({"code":"330282","name":"慈溪市","level":"city")"));
}

TEST_F(DeskTest, AnAreasAccountBeginsAtItsOwn) {
  start([](Options& o) {
    o.accounts = {{"town", sha256_hex("t"), Role::kViewer, "330282101"}};
    o.session_key = "key";
  });
  backend.put_counts({{"330282101005", {0, 1, 0, 0, 0}}, {"", {0, 0, 0, 2, 0}}});
  const std::vector<std::pair<std::string, std::string>> who = {{"Authorization", "Bearer t"}};
  EXPECT_EQ(client().get("/api/v1/areas", who).body,
            R"({"areas":[{"code":"330282101","name":"观海卫镇","level":"town",)"
            R"("alerts":{"red":0,"orange":2,"yellow":0,"blue":1}}]})");
  EXPECT_EQ(client().get("/api/v1/areas?under=330282101", who).status, 200);
  for (const char* other : {"330282", "330282102", "3302821"}) {
    EXPECT_EQ(client().get(std::string("/api/v1/areas?under=") + other, who).status, 404) << other;
  }
}

TEST_F(DeskTest, TheMapIsGeoJson) {
  start();
  backend.put_alert("a", {R"({"alert_id":"a","rule":"r","severity":"red","status":"open","key":["x"],)"
                          R"("location":{"lon":121.5,"lat":30.25},"evidence":{"total":3,"events":[]}})",
                          {}});
  backend.put_alert("b", {R"({"alert_id":"b","location":{"lon":1,"lat":2,"ring":[[0,0],[0,4],[2,4],[0,0]]}})", {}});
  backend.put_alert("c", {R"({"alert_id":"c","location":null})", {}});
  const TestReply reply = client().get("/api/v1/map?area=330282&severity=red");
  EXPECT_EQ(reply.headers.at("content-type"), "application/geo+json");
  EXPECT_EQ(reply.body,
            R"({"type":"FeatureCollection","features":[)"
            R"({"type":"Feature","geometry":{"type":"Point","coordinates":[121.5,30.25]},"properties":{"alert_id":"a",)"
            R"("rule":"r","severity":"red","status":"open","total":3,"center":[121.5,30.25]}},)"
            R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[0,4],[2,4],[0,0]]]},)"
            R"("properties":{"alert_id":"b","center":[1,2]}},)"
            R"({"type":"Feature","geometry":null,"properties":{"alert_id":"c"}}],"truncated":false,"sequence":0})");
  EXPECT_EQ(backend.last_query().area, "330282");
  EXPECT_EQ(backend.last_query().status.size(), 3u) << "open ones where nothing is said";
  EXPECT_EQ(client().get("/api/v1/map?limit=3").status, 400);
}

// The map is much to make: whoever asks for a list meanwhile does not wait for it.
TEST_F(DeskTest, AListDoesNotWaitForAMap) {
  start();
  backend.put_alert("a", {R"({"alert_id":"a","filler":")" + std::string(5000, 'x') + R"("})", {}});
  backend.hold();
  auto map = client();
  map.send("GET /api/v1/map HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
  backend.wait_for_held(1);
  EXPECT_EQ(client().get("/api/v1/alerts").status, 200);
  backend.release();
  const TestReply reply = map.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "application/geo+json");
  EXPECT_TRUE(reply.headers.contains("etag"));
  EXPECT_EQ(client().get("/api/v1/map", {{"If-None-Match", reply.headers.at("etag")}}).status, 304);
  backend.fail_with(unavailable("not now"));
  EXPECT_EQ(client().get("/api/v1/map").status, 503);
}

// What is out of range is refused, not passed over as if it were not there.
TEST_F(DeskTest, NumbersOutOfRangeAreRefused) {
  start();
  for (const char* query : {"limit=0", "limit=1001", "limit=99999999999999999999", "limit=-1", "limit=5x", "limit=1e2",
                            "since=99999999999999999999", "until=-99999999999999999999", "since=1718000000000x"}) {
    EXPECT_EQ(client().get(std::string("/api/v1/alerts?") + query).status, 400) << query;
  }
  EXPECT_EQ(client().get("/api/v1/alerts?limit=1000&since=1718000000000").status, 200);
  EXPECT_EQ(backend.last_query().limit, 1000u);
  EXPECT_EQ(backend.last_query().since, 1718000000000);
}

TEST_F(DeskTest, BoundariesAsTheyWereGiven) {
  start();
  EXPECT_EQ(client().get("/api/v1/map/boundaries").status, 404);
  start([](Options& o) { o.boundaries = R"({"type":"FeatureCollection","features":[]})"; });
  EXPECT_EQ(client().get("/api/v1/map/boundaries").body, R"({"type":"FeatureCollection","features":[]})");
}

TEST_F(DeskTest, LongBoundariesAreMadeSmallerOnce) {
  const std::string text = R"({"type":"FeatureCollection","features":[)" + std::string(5000, ' ') + "]}";
  start([&](Options& o) { o.boundaries = text; });
  const TestReply plain = client().get("/api/v1/map/boundaries");
  EXPECT_EQ(plain.body, text);
  EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding");
  const TestReply zipped = client().get("/api/v1/map/boundaries", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(zipped.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(unzipped(zipped.body), text);
  EXPECT_EQ(zipped.headers.at("etag"), plain.headers.at("etag"));
  for (const char* coding : {"gzip", "identity"}) {
    const TestReply again = client().get("/api/v1/map/boundaries",
                                         {{"If-None-Match", plain.headers.at("etag")}, {"Accept-Encoding", coding}});
    EXPECT_EQ(again.status, 304) << coding;
    EXPECT_FALSE(again.headers.contains("content-encoding")) << coding;
  }
}

TEST_F(DeskTest, TheRuleDesk) {
  start();
  auto c = client();
  EXPECT_THAT(c.get("/api/v1/rules/r").body, HasSubstr("\"params\":[]"));
  EXPECT_EQ(c.get("/api/v1/rules/other").status, 404);
  EXPECT_EQ(
      c.post("/api/v1/rules/check", R"({"text":"rules: [","file":"f.yaml"})", {{"Accept-Language", "zh-CN,en"}}).body,
      R"({"faults":0,"diagnostics":[]})");
  EXPECT_EQ(backend.checked().text, "rules: [");
  EXPECT_EQ(backend.checked().file, "f.yaml");
  EXPECT_TRUE(backend.checked().chinese);
  EXPECT_EQ(c.post("/api/v1/rules/backtest",
                   R"({"set":"r.n=1,2","rule":"r","from":"2025-07-01T00:00:00+08:00","until":"2025-08-01T00:00:00Z",)"
                   R"("against":true})")
                .status,
            200);
  EXPECT_EQ(backend.tried().set, "r.n=1,2");
  EXPECT_EQ(backend.tried().from, 1751299200000);
  EXPECT_TRUE(backend.tried().against);
  EXPECT_FALSE(backend.tried().chinese);
  for (const char* body : {"{}", "[]", R"({"text":7})", R"({"text":""})", R"({"text":"x","fiel":"y"})", "{", ""}) {
    EXPECT_EQ(client().post("/api/v1/rules/check", body).status, 400) << body;
  }
  for (const char* body : {R"({"against":"yes"})", R"({"from":"yesterday"})", R"({"sets":"x"})", "null"}) {
    EXPECT_EQ(client().post("/api/v1/rules/backtest", body).status, 400) << body;
  }
}

TEST_F(DeskTest, StatusWithWhatTheServerKnows) {
  start();
  backend.checks = {{"commits", true, ""}, {"kafka", false, "no broker"}};
  EXPECT_EQ(client().get("/api/v1/status").body,
            R"({"uptime_seconds":1,"sources":[],"streams":0,"ready":false,"checks":[{"name":"commits","ok":true,)"
            R"("reason":""},{"name":"kafka","ok":false,"reason":"no broker"}]})");
}

// A receiver of alerts that is at fault takes neither the console nor the engine out of service.
TEST_F(DeskTest, WhatIsNotNeededDegradesAlone) {
  backend.checks = {{"state", true, ""}, {"receivers", false, "no such address", Check::For::kSide}};
  start();
  const TestReply degraded = client().get("/-/ready");
  EXPECT_EQ(degraded.status, 200);
  EXPECT_EQ(degraded.body, R"({"checks":[{"name":"state","ok":true,"reason":""},)"
                           R"({"name":"receivers","ok":false,"reason":"no such address"}],"status":"degraded"})");
  EXPECT_THAT(client().get("/api/v1/status").body, HasSubstr(R"("ready":true)"));
  backend.checks[0].ok = false;
  const TestReply unready = client().get("/-/ready");
  EXPECT_EQ(unready.status, 503);
  EXPECT_THAT(unready.body, HasSubstr(R"("detail":"Not ready: state.")"));
  EXPECT_THAT(unready.body, HasSubstr(R"({"name":"receivers","ok":false,"reason":"no such address"})"));
  EXPECT_THAT(client().get("/api/v1/status").body, HasSubstr(R"("ready":false)"));
}

TEST_F(DeskTest, LongAnswersAreZippedWhereThatIsTaken) {
  start();
  backend.put_alert("a", {"{\"alert_id\":\"a\",\"filler\":\"" + std::string(5000, 'x') + "\"}", {}});
  auto c = client();
  const TestReply plain = c.get("/api/v1/alerts");
  EXPECT_FALSE(plain.headers.contains("content-encoding"));
  EXPECT_EQ(plain.headers.at("vary"), "Accept-Encoding");
  const TestReply zipped = c.get("/api/v1/alerts", {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(zipped.headers.at("content-encoding"), "gzip");
  EXPECT_LT(zipped.body.size(), 500u);
  EXPECT_EQ(unzipped(zipped.body), plain.body);
  EXPECT_EQ(zipped.headers.at("etag"), plain.headers.at("etag"));
  EXPECT_FALSE(c.get("/api/v1/alerts", {{"Accept-Encoding", "gzip;q=0"}}).headers.contains("content-encoding"));
  EXPECT_FALSE(c.get("/-/healthy", {{"Accept-Encoding", "gzip"}}).headers.contains("content-encoding")) << "too short";
}

TEST_F(DeskTest, WhatTheClientHasIsNotSentAgain) {
  start();
  auto c = client();
  const TestReply first = c.get("/api/v1/alerts");
  const std::string tag = first.headers.at("etag");
  EXPECT_EQ(first.headers.at("cache-control"), "private, no-cache");
  for (const std::string& given : {tag, "\"other\", " + tag, std::string("*"), tag.substr(2)}) {
    const TestReply again = c.get("/api/v1/alerts", {{"If-None-Match", given}});
    EXPECT_EQ(again.status, 304) << given;
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(again.headers.at("etag"), tag);
  }
  EXPECT_EQ(c.get("/api/v1/alerts", {{"If-None-Match", "\"other\""}}).status, 200);
  backend.put_alert("a", {R"({"alert_id":"a"})", {}});
  EXPECT_EQ(c.get("/api/v1/alerts", {{"If-None-Match", tag}}).status, 200);
  EXPECT_FALSE(c.post("/-/reload", "").headers.contains("etag"));
  EXPECT_EQ(c.post("/-/reload", "").headers.at("cache-control"), "no-store");
}

}  // namespace
}  // namespace tocsin::http
