// Every route, every problem document and every limit, over real sockets.
#include "connectors/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <memory>
#include <random>

#include "connectors/http/console_assets.h"
#include "fake_backend.h"
#include "test_client.h"

namespace tocsin::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kLatest = R"({"alert_id":"r-1","severity":"red","status":"open"})";

class ServerTest : public testing::Test {
 protected:
  void start(const std::function<void(Options&)>& change = {}) {
    Options options;
    options.port = 0;
    if (change) change(options);
    server = std::make_unique<Server>(backend, metrics, options);
    const Status status = server->start();
    ASSERT_TRUE(status) << status.error().message;
  }
  TestClient client() { return TestClient(server->port()); }

  // The problem's members are there, and its status is the response's.
  static void expect_problem(const TestReply& reply, int status, std::string_view detail) {
    EXPECT_EQ(reply.status, status) << reply.body;
    if (reply.status == 0) return;
    EXPECT_EQ(reply.headers.at("content-type"), "application/problem+json");
    simdjson::dom::parser parser;
    simdjson::dom::element json;
    ASSERT_EQ(parser.parse(reply.body).get(json), simdjson::SUCCESS) << reply.body;
    EXPECT_TRUE(std::string_view(json["type"]).starts_with("urn:tocsin:problem:"));
    EXPECT_FALSE(std::string_view(json["title"]).empty());
    EXPECT_EQ(int64_t(json["status"]), status);
    EXPECT_THAT(std::string(std::string_view(json["detail"])), HasSubstr(std::string(detail)));
    EXPECT_TRUE(std::string_view(json["instance"]).starts_with("/"));
  }

  FakeBackend backend;
  FakeMetrics metrics;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, ListsAlerts) {
  start();
  backend.put_alert("r-1", {kLatest, {}});
  backend.commit_numbered();
  auto c = client();
  const TestReply reply = c.get("/api/v1/alerts");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-type"), "application/json");
  EXPECT_EQ(reply.body, std::string(R"({"alerts":[)") + kLatest + R"(],"next":null,"sequence":1})");
}

TEST_F(ServerTest, PassesTheQueryOn) {
  start();
  backend.put_alert("r-1", {kLatest, {}});
  backend.put_alert("r-2", {kLatest, {}});
  auto c = client();
  const TestReply reply = c.get(
      "/api/v1/alerts?status=open,assigned&severity=red&rule=r&area=330282&owner=%E9%95%87&since=2024-07-01T00:00:00Z"
      "&until=1719800000000&shadow=true&limit=1&cursor=abc");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr(R"("next":"more")"));
  const AlertQuery q = backend.last_query();
  EXPECT_THAT(q.status, ElementsAre(alert::AlertStatus::kOpen, alert::AlertStatus::kAssigned));
  EXPECT_THAT(q.severity, ElementsAre(detect::Severity::kRed));
  EXPECT_EQ(q.rule, "r");
  EXPECT_EQ(q.area, "330282");
  EXPECT_EQ(q.owner, "镇");
  EXPECT_EQ(q.since, 1719792000000);
  EXPECT_EQ(q.until, 1719800000000);
  EXPECT_TRUE(q.shadow);
  EXPECT_EQ(q.limit, 1u);
  EXPECT_EQ(q.cursor, "abc");
}

TEST_F(ServerTest, RefusesWrongQueries) {
  start();
  auto c = client();
  expect_problem(c.get("/api/v1/alerts?severtiy=red"), 400, "'severtiy' here; there are: status");
  expect_problem(c.get("/api/v1/alerts?severity=pink"), 400, "'pink' is none of blue, yellow, orange, red");
  expect_problem(c.get("/api/v1/alerts?status=open,gone"), 400, "'gone' is none of open");
  expect_problem(c.get("/api/v1/alerts?since=yesterday"), 400, "'yesterday' is not a time");
  expect_problem(c.get("/api/v1/alerts?limit=0"), 400, "1 to 1000");
  expect_problem(c.get("/api/v1/alerts?limit=5x"), 400, "1 to 1000");
  expect_problem(c.get("/api/v1/alerts?owner=%ff"), 400, "UTF-8");
  expect_problem(c.get("/api/v1/alerts?owner=%zz"), 400, "escapes");
  backend.fail_with(invalid("The cursor is not of this list."));
  expect_problem(c.get("/api/v1/alerts?cursor=forged"), 400, "cursor");
}

TEST_F(ServerTest, OneAlertWithItsHistory) {
  start();
  backend.put_alert("r-1", {kLatest, {R"({"id":"r-1/1"})", R"({"id":"r-1/2"})"}});
  auto c = client();
  const TestReply reply = c.get("/api/v1/alerts/r-1");
  EXPECT_EQ(
      reply.body,
      R"({"history":[{"id":"r-1/1"},{"id":"r-1/2"}],"earlier":0,"alert_id":"r-1","severity":"red","status":"open"})");
  EXPECT_EQ(backend.before(), UINT32_MAX);
  backend.put_alert("r-2", {kLatest, {R"({"id":"r-2/7"})"}, 6});
  EXPECT_THAT(c.get("/api/v1/alerts/r-2?before=8").body, HasSubstr(R"("earlier":6)"));
  EXPECT_EQ(backend.before(), 8u);
  expect_problem(c.get("/api/v1/alerts/r-2?before=0"), 400, "before must be a number from 1");
  EXPECT_EQ(c.get("/api/v1/alerts/r%2d1").status, 200);
  expect_problem(c.get("/api/v1/alerts/r-9"), 404, "no such alert");
  EXPECT_THAT(c.get("/api/v1/alerts/r-1/evidence").body, HasSubstr("\"events\""));
  expect_problem(c.get("/api/v1/alerts/r-9/evidence"), 404, "no such alert");
}

TEST_F(ServerTest, Ingest) {
  start();
  auto c = client();
  EXPECT_EQ(c.post("/api/v1/events", R"( {"id":"1"} )").body, R"({"accepted":1,"rejected":0,"offset":1})");
  EXPECT_EQ(c.post("/api/v1/events", R"([{"id":"2"}, {"id":"3","t":"]}\""}])").status, 202);
  const TestReply lines = c.post("/api/v1/events?feed=grid", "{\"id\":\"4\"}\r\n\nnonsense\n{\"id\":\"5\"}",
                                 {{"Content-Type", "application/x-ndjson; charset=utf-8"}});
  EXPECT_EQ(lines.status, 202);
  EXPECT_EQ(lines.body, R"({"accepted":2,"rejected":1,"offset":5,"faults":[{"index":1,"reason":"malformed",)"
                        R"("message":"not an object"}]})");
  EXPECT_EQ(backend.feed(), "grid");
  EXPECT_THAT(backend.ingested(), ElementsAre(R"({"id":"1"})", R"({"id":"2"})", R"({"id":"3","t":"]}\""})",
                                              R"({"id":"4"})", R"({"id":"5"})"));
}

TEST_F(ServerTest, IngestRefusals) {
  start([](Options& o) { o.max_records = 3; });
  auto c = client();
  const TestReply none = c.post("/api/v1/events", "[1,2]");
  expect_problem(none, 400, "None of the records");
  EXPECT_THAT(none.body, HasSubstr(R"("accepted":0,"rejected":2)"));
  expect_problem(c.post("/api/v1/events", ""), 400, "empty");
  expect_problem(c.post("/api/v1/events", "[{]"), 400, "does not close");
  expect_problem(c.post("/api/v1/events", "[{},{},{},{}]"), 413, "More than 3 records");
  expect_problem(client().post("/api/v1/events", "a,b", {{"Content-Type", "text/csv"}}), 415, "x-ndjson");
  backend.fail_with(exhausted("The log is full."));
  const TestReply full = c.post("/api/v1/events", "{}");
  expect_problem(full, 429, "The log is full");
  EXPECT_EQ(full.headers.at("retry-after"), "1");
  backend.fail_with(unavailable("The broker is away."));
  expect_problem(c.post("/api/v1/events", "{}"), 503, "broker");
  EXPECT_THAT(backend.ingested(), IsEmpty());
}

// Past the bound the answer is 429 before the body is read; a slot that comes free serves again.
TEST_F(ServerTest, BackPressure) {
  start([](Options& o) { o.max_ingests = 2; });
  backend.hold();
  auto a = client(), b = client(), c = client();
  const std::string request =
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}";
  a.send(request);
  b.send(request);
  backend.wait_for_held(2);
  const TestReply refused = c.post("/api/v1/events", "{}");
  expect_problem(refused, 429, "under way");
  EXPECT_EQ(refused.headers.at("retry-after"), "1");
  backend.release();
  EXPECT_EQ(a.read_reply().status, 202);
  EXPECT_EQ(b.read_reply().status, 202);
  auto d = client();
  EXPECT_EQ(d.post("/api/v1/events", "{}").status, 202);
}

TEST_F(ServerTest, CompletionAfterTheConnectionIsGone) {
  start();
  backend.hold();
  {
    auto c = client();
    c.send(
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\n\r\n{}");
    backend.wait_for_held(1);
  }
  backend.release();
  auto c = client();
  EXPECT_EQ(c.get("/-/healthy").status, 200);
}

TEST_F(ServerTest, ABackendThatDoesNotAnswer) {
  start([](Options& o) { o.answer_timeout = 1; });
  backend.hold();
  auto c = client();
  const TestReply reply = c.post("/api/v1/events", "{}");
  expect_problem(reply, 503, "did not answer in time");
  EXPECT_EQ(reply.headers.at("retry-after"), "5");
  backend.release();  // the late answer is not taken for the next request's
  EXPECT_EQ(c.get("/-/healthy").body, R"({"status":"ok"})");
}

TEST_F(ServerTest, ABackendThatThrows) {
  start();
  backend.throws = true;
  auto c = client();
  expect_problem(c.get("/api/v1/alerts"), 500, "could not be handled");
}

TEST_F(ServerTest, Actions) {
  start();
  backend.put_alert("r-1", {kLatest, {}});
  auto c = client();
  EXPECT_EQ(c.post("/api/v1/alerts/r-1/acknowledge", R"({"by":"post-7"})").body, R"({"accepted":1,"offset":1})");
  EXPECT_EQ(c.post("/api/v1/alerts/r-1/assign", R"({"by":"post-7","to":"water"})").status, 202);
  EXPECT_EQ(c.post("/api/v1/alerts/r-1/comment", R"({"by":"post-7","note":"已到现场"})").status, 202);
  EXPECT_EQ(c.post("/api/v1/alerts/r-1/close", R"({"by":"post-7","outcome":"true","note":"x"})").status, 202);
  const auto actions = backend.actions();
  ASSERT_EQ(actions.size(), 4u);
  EXPECT_EQ(actions[0].kind, alert::ActionKind::kAcknowledge);
  EXPECT_EQ(actions[0].by, "post-7");
  EXPECT_EQ(actions[1].to, "water");
  EXPECT_EQ(actions[2].note, "已到现场");
  EXPECT_EQ(actions[3].outcome, "true");
  EXPECT_EQ(actions[3].alert_id, "r-1");
}

TEST_F(ServerTest, WrongActions) {
  start();
  backend.put_alert("r-1", {kLatest, {}});
  auto c = client();
  const auto post = [&](std::string_view kind, std::string_view body) {
    return c.post("/api/v1/alerts/r-1/" + std::string(kind), body);
  };
  expect_problem(post("acknowledge", "{}"), 400, "by is missing");
  expect_problem(post("acknowledge", ""), 400, "JSON object");
  expect_problem(post("acknowledge", "[]"), 400, "JSON object");
  expect_problem(post("acknowledge", R"({"by":7})"), 400, "by must be a string");
  expect_problem(post("acknowledge", R"({"by":"x","why":"y"})"), 400, "'why' is not known");
  expect_problem(post("assign", R"({"by":"x"})"), 400, "to is missing");
  expect_problem(post("comment", R"({"by":"x"})"), 400, "note is missing");
  expect_problem(post("close", R"({"by":"x"})"), 400, "outcome is missing");
  expect_problem(post("close", R"({"by":"x","outcome":"maybe"})"), 400, "true, false or duplicate");
  expect_problem(post("comment", R"({"by":"x","note":")" + std::string(5000, 'n') + "\"}"), 400, "longer than 4000");
  expect_problem(post("comment", std::string(70'000, ' ')), 413, "at most 65536");
  auto d = client();
  expect_problem(d.post("/api/v1/alerts/r-9/acknowledge", R"({"by":"x"})"), 404, "no such alert");
  expect_problem(d.post("/api/v1/alerts/r-1/comment", "x=y", {{"Content-Type", "text/plain"}}), 415, "json");
  EXPECT_THAT(backend.actions(), IsEmpty());
}

TEST_F(ServerTest, Silences) {
  backend.put_rules(R"([{"id":"a"},{"id":"b"}])");
  start();
  auto c = client();
  EXPECT_EQ(c.get("/api/v1/silences").body, R"({"silences":[{"id":"s-1"}]})");
  const std::string body = R"({"by":"post-7","reason":"road works","until":"2026-06-01T08:00:00+08:00",)"
                           R"("rules":["a","b"],"area":"330282004","severity":"orange"})";
  const TestReply made = c.post("/api/v1/silences", body);
  EXPECT_EQ(made.status, 202);
  EXPECT_EQ(made.body, R"({"accepted":1,"silence":"s-1"})");
  ASSERT_EQ(backend.silenced().size(), 1u);
  const rule::Silence s = backend.silenced()[0];
  EXPECT_EQ(s.until, 1780272000000);
  EXPECT_EQ(s.rules, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(s.area, "330282004");
  EXPECT_EQ(s.at_most, detect::Severity::kOrange);
  EXPECT_EQ(c.post("/api/v1/silences/s-1/expire", R"({"by":"post-7"})").body, R"({"accepted":1,"offset":7})");
  expect_problem(c.post("/api/v1/silences/s-2/expire", R"({"by":"post-7"})"), 404, "no such silence");
  expect_problem(c.post("/api/v1/silences/s-1/expire", R"({"by":"x","reason":"y"})"), 400, "'reason' is not known");
  expect_problem(c.post("/api/v1/silences", "[]"), 400, "JSON object");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","until":1})"), 400, "reason is missing");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","reason":"y"})"), 400, "until is missing");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","reason":"y","until":"soon"})"), 400, "until must be a time");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","severity":"pink"})"), 400, "blue, yellow, orange or red");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","rules":[1]})"), 400, "list of rule ids");
  expect_problem(c.post("/api/v1/silences", R"({"by":"x","wherefore":1})"), 400, "'wherefore' is not known");
}

TEST_F(ServerTest, HealthReadinessReloadRules) {
  start();
  auto c = client();
  EXPECT_EQ(c.get("/-/healthy").status, 200);
  EXPECT_EQ(c.get("/-/ready").body, R"({"checks":[{"name":"state","ok":true,"reason":""}],"status":"ready"})");
  EXPECT_EQ(c.post("/-/reload", "").body, R"({"rules":3,"diagnostics":[]})");
  EXPECT_EQ(c.get("/api/v1/rules").body, R"({"rules":[]})");
}

TEST_F(ServerTest, UnhealthyUnreadyAndFaultyRules) {
  backend.is_healthy = false;
  backend.checks = {{"state", true, ""}, {"kafka", false, "no broker answers"}};
  backend.reload_result = {false, 3, R"([{"code":"unknown-key"}])"};
  start();
  auto c = client();
  expect_problem(c.get("/-/healthy"), 503, "not healthy");
  const TestReply ready = c.get("/-/ready");
  expect_problem(ready, 503, "Not ready: kafka.");
  EXPECT_THAT(ready.body, HasSubstr(R"({"name":"kafka","ok":false,"reason":"no broker answers"})"));
  const TestReply reload = c.post("/-/reload", "");
  expect_problem(reload, 422, "still in force");
  EXPECT_THAT(reload.body, HasSubstr(R"("diagnostics":[{"code":"unknown-key"}])"));
}

TEST_F(ServerTest, MetricsCountTheServersOwn) {
  start();
  auto c = client();
  c.get("/nowhere");
  const TestReply reply = c.get("/metrics");
  EXPECT_EQ(reply.headers.at("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(reply.body, HasSubstr("tocsin_http_requests_total{status=\"404\"} 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("tocsin_http_connections 1\n"));
  EXPECT_THAT(reply.body, HasSubstr("tocsin_build_info{version=\"test\""));
}

TEST_F(ServerTest, ThePageLoadsNothingFromElsewhere) {
  start();
  auto c = client();
  for (const char* path : {"/", "/page.js", "/page.css", "/icon.svg"}) {
    const TestReply reply = c.get(path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.body.empty()) << path;
    EXPECT_THAT(reply.headers.at("content-security-policy"), HasSubstr("default-src '"));
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.body.find("https:"), std::string::npos) << path;
  }
}

TEST_F(ServerTest, TheConsolesFilesComeCompressedAndAreKept) {
  start();
  auto c = client();
  EXPECT_THAT(c.get("/").body, HasSubstr(kConsole.empty() ? "/page.js" : "/assets/"));  // without Node: the plain page
  for (const Asset& asset : kConsole) {
    if (asset.name.empty()) continue;
    const std::string path = "/assets/" + std::string(asset.name);
    for (const auto& [accept, coding, body] : {std::tuple{"gzip, deflate, br", "br", asset.brotli},
                                               {"gzip, deflate", "gzip", asset.gzip},
                                               {"br;q=0, gzip;q=0.0", "", asset.plain},
                                               {"", "", asset.plain}}) {
      const TestReply reply = c.get(path, {{"Accept-Encoding", accept}});
      EXPECT_EQ(reply.status, 200) << path;
      EXPECT_EQ(reply.headers.contains("content-encoding") ? reply.headers.at("content-encoding") : "", coding);
      EXPECT_TRUE(reply.body == body) << path << " in " << accept;
      EXPECT_THAT(reply.headers.at("cache-control"), HasSubstr("immutable"));
    }
    EXPECT_LE(asset.brotli.size(), asset.plain.size() + 16) << path;
  }
  EXPECT_EQ(c.get("/assets/none.js").status, 404);
  EXPECT_EQ(c.get("/assets/").status, 404);
}

// Every documented operation answers with what the document says, or with a problem.
TEST_F(ServerTest, OpenApiMatchesTheServer) {
  start([](Options& o) { o.boundaries = "{}"; });
  backend.put_alert("r-1", {kLatest, {}});
  auto c = client();
  const TestReply reply = c.get("/openapi.json");
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(reply.body).get(json), simdjson::SUCCESS) << reply.body;
  size_t operations = 0;
  for (const auto [path, methods] : simdjson::dom::object(json["paths"])) {
    for (const auto [method, operation] : simdjson::dom::object(methods)) {
      ++operations;
      std::string target(path);
      if (const size_t at = target.find("{id}"); at != std::string::npos)
        target.replace(at, 4, path == "/api/v1/rules/{id}" ? "r" : "r-1");
      EXPECT_FALSE(std::string_view(operation["summary"]).empty()) << path;
      if (method == "post") {
        const int status = client().post(target, "{}").status;
        EXPECT_TRUE(operation["responses"][std::to_string(status)].error() == simdjson::SUCCESS || status == 400)
            << path << " " << status;
      } else {
        EXPECT_EQ(client().request("HEAD", target).status, path == "/api/v1/ws" ? 426 : 200) << path;
      }
    }
  }
  EXPECT_GE(operations, 14u);
}

TEST_F(ServerTest, HeadHasNoBody) {
  start();
  auto c = client();
  const TestReply reply = c.request("HEAD", "/-/healthy");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("content-length"), "15");
  EXPECT_EQ(c.get("/-/healthy").body.size(), 15u);  // nothing was left over on the connection
}

TEST_F(ServerTest, UnknownPathsAndMethods) {
  start();
  auto c = client();
  expect_problem(c.get("/api/v2/alerts"), 404, "nothing at this path");
  expect_problem(c.get("/api/v1/alerts/"), 404, "nothing");
  expect_problem(c.get("/api/v1/alerts/a/b/c"), 404, "nothing");
  const TestReply reply = c.request("DELETE", "/api/v1/alerts");
  expect_problem(reply, 405, "takes GET, HEAD");
  EXPECT_EQ(reply.headers.at("allow"), "GET, HEAD");
  EXPECT_EQ(c.get("/-/reload").headers.at("allow"), "POST");
}

TEST_F(ServerTest, Pipelined) {
  start();
  auto c = client();
  const std::string one = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
  c.send(one + one + one);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(c.read_reply().status, 200);
}

TEST_F(ServerTest, Http10ClosesAfterOne) {
  start();
  auto c = client();
  c.send("GET /-/healthy HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(c.read_reply().status, 200);
  EXPECT_TRUE(c.closed());
}

TEST_F(ServerTest, ExpectContinue) {
  start();
  auto c = client();
  c.send(
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(c.until("\r\n\r\n").value_or(""), "HTTP/1.1 100 Continue");
  c.send("{}");
  EXPECT_EQ(c.read_reply().status, 202);
}

TEST_F(ServerTest, ChunkedBodies) {
  start([](Options& o) { o.max_body = 10; });
  const std::string head =
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  auto c = client();
  c.send(head + "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(c.read_reply().status, 202);
  c.send(head + "b\r\n[\"12345678\r\n0\r\n\r\n");
  expect_problem(c.read_reply(), 413, "larger than");
  EXPECT_TRUE(c.closed());
  auto d = client();
  d.send(head + "zz\r\n");
  expect_problem(d.read_reply(), 400, "not as its header announced");
}

// The refusal reaches a client that is still sending.
TEST_F(ServerTest, OversizedBody) {
  start([](Options& o) { o.max_body = 1000; });
  auto c = client();
  expect_problem(c.post("/api/v1/events", std::string(3'000'000, 'x')), 413, "3000000 bytes; at most 1000");
  EXPECT_TRUE(c.closed());
}

TEST_F(ServerTest, OversizedHeader) {
  start();
  auto c = client();
  c.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  expect_problem(c.read_reply(), 431, "16384");
}

TEST_F(ServerTest, SlowHeaderAndSlowBody) {
  start([](Options& o) { o.header_timeout = o.body_timeout = 1; });
  auto c = client();
  c.send("GET / HT");
  expect_problem(c.read_reply(), 408, "header did not arrive");
  EXPECT_TRUE(c.closed());
  auto d = client();
  d.send(
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 5\r\n\r\n{");
  const TestReply reply = d.read_reply();
  if (reply.status == 408) expect_problem(reply, 408, "did not arrive");
  EXPECT_EQ(reply.status, 408);
}

TEST_F(ServerTest, IdleConnectionsAreClosed) {
  start([](Options& o) { o.idle_timeout = 1; });
  auto c = client();
  EXPECT_TRUE(c.closed());
}

TEST_F(ServerTest, MalformedRequests) {
  start();
  for (const char* text : {"nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                           "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                           "GET http HTTP/1.1\r\nHost: localhost\r\n\r\n"}) {
    auto c = client();
    c.send(text);
    expect_problem(c.read_reply(), 400, "");
  }
  auto c = client();
  c.send("GET / HTTP/3.7\r\nHost: localhost\r\n\r\n");
  expect_problem(c.read_reply(), 505, "HTTP/1.1");
}

TEST_F(ServerTest, OtherSitesAreRefused) {
  start([](Options& o) { o.hosts = {"tocsin.example"}; });
  backend.put_alert("r-1", {kLatest, {}});
  const std::string act = "/api/v1/alerts/r-1/acknowledge", body = R"({"by":"x"})";
  auto c = client();
  const auto post = [&](std::vector<std::pair<std::string, std::string>> headers) {
    return client().post(act, body, headers);
  };
  expect_problem(post({{"Origin", "http://evil.example"}}), 403, "http://evil.example");
  expect_problem(post({{"Origin", "null"}}), 403, "null");
  expect_problem(post({{"Sec-Fetch-Site", "cross-site"}}), 403, "another site");
  expect_problem(post({{"Host", "rebound.example"}, {"Origin", "http://rebound.example"}}), 421, "rebound.example");
  expect_problem(c.get("/api/v1/alerts", {{"Host", "rebound.example"}}), 421, "http.hosts");
  expect_problem(client().get("/api/v1/alerts", {{"Host", "a b"}}), 421, "a b");
  const std::string own = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_EQ(post({{"Origin", "http://" + own}, {"Sec-Fetch-Site", "same-origin"}}).status, 202);
  EXPECT_EQ(post({{"Host", "Tocsin.Example"}, {"Origin", "http://tocsin.example"}}).status, 202);
  EXPECT_EQ(post({{"Host", "[::1]:1"}, {"Origin", "http://[::1]:1"}}).status, 202);
  EXPECT_EQ(backend.actions().size(), 3u);
}

TEST_F(ServerTest, TooManyConnections) {
  start([](Options& o) { o.max_connections = 1; });
  auto a = client();
  EXPECT_EQ(a.get("/-/healthy").status, 200);
  auto b = client();
  const TestReply reply = b.read_reply();
  expect_problem(reply, 503, "connections");
  EXPECT_EQ(a.get("/-/healthy").status, 200);
}

TEST_F(ServerTest, PortInUse) {
  start();
  Options options;
  options.port = server->port();
  Server second(backend, metrics, options);
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kConflict);
  EXPECT_THAT(status.error().message, HasSubstr("port " + std::to_string(options.port) + " of 127.0.0.1"));
  EXPECT_THAT(status.error().message, HasSubstr("http.port"));
}

TEST_F(ServerTest, AddressesThatCannotBe) {
  for (const char* address : {"localhost", "203.0.113.7", "1.2.3"}) {
    Options options;
    options.port = 0;
    options.address = address;
    Server other(backend, metrics, options);
    const Status status = other.start();
    ASSERT_FALSE(status) << address;
    EXPECT_EQ(status.error().code, Code::kInvalid);
  }
}

TEST_F(ServerTest, StopsTwiceAndWithOpenConnections) {
  start();
  auto a = client();
  a.get("/-/healthy");
  StreamClient stream(server->port(), "");
  EXPECT_THAT(stream.header, HasSubstr("200 OK"));
  server->stop();
  server->stop();
  EXPECT_TRUE(a.closed());
  while (stream.next()) {
  }
}

// Whatever comes in, the server answers the next one.
TEST_F(ServerTest, RandomBytesAreHarmless) {
  start([](Options& o) { o.header_timeout = o.body_timeout = o.idle_timeout = 20; });
  std::mt19937 random(7);
  const std::vector<std::string> seeds = {
      "GET /api/v1/alerts?limit=5 HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
      "{\"id\":[1]",
      "POST /api/v1/alerts/r-1/close HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"by\"\r\n0\r\n\r\n",
      "GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 3\r\n\r\n"};
  for (int i = 0; i < 300; ++i) {
    std::string bytes = seeds[random() % seeds.size()];
    for (size_t n = random() % 8; n > 0; --n) {
      const size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.insert(at, std::string(random() % 40, static_cast<char>(random())));
      } else {
        bytes[at] = static_cast<char>(random());
      }
    }
    auto c = client();
    c.send(bytes);
    if (random() % 2 == 0) c.reset();
  }
  auto c = client();
  EXPECT_EQ(c.get("/-/healthy").status, 200);
}

}  // namespace
}  // namespace tocsin::http
